"""An office in a folder: its authority, its registry, its master key, and the card of its operator.

    office.json             the office's credit code; the URL of a registry elsewhere, with its password (mode 600)
    ca/                     the test authority (`host_tools.pki.folder`)
    registry.sqlite         the registry, unless a URL names another
    master.key              the master key of the cards' management keys, hexadecimal (mode 600)
    operator.card           the card by which the office's operator signs

The folder is made beside its place and moved there whole, so that no half-made office exists.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import OfficeProblem
from host_tools.pki import folder as authorities
from host_tools.pki.authority import Authority, Clock
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation, Subject
from host_tools.pki.sm2 import Sm2
from host_tools.pki.view import Certificate
from host_tools.registry import database
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.models import Card
from host_tools.registry.states import Action, CardKind, CardState
from simcard.wire.secret import Secret

SETTINGS, AUTHORITY, REGISTRY = "office.json", "ca", "registry.sqlite"
MASTER_KEY, OPERATOR = "master.key", "operator.card"
VERSION = 1
OWNER_ONLY, MODE = 0o700, 0o600
KEY_SIZE = 16


@dataclass(frozen=True, slots=True)
class Operator:
    """The office itself, and the operator whose card signs for it. All made up."""

    office: str = "测试制卡中心"
    credit_code: str = "91990000MA00F00098"
    name: str = "测试制卡员"
    document_number: str = "999999198503030039"
    card_number: str = "ZZ9F000000001"
    generation: Generation = Generation.SM2

    @property
    def subject(self) -> Subject:
        """Whom the operator's certificates name."""
        code = self.credit_code[8:17]
        return Subject(self.name, self.office, "01", self.document_number, self.card_number, code)


@dataclass(frozen=True, slots=True)
class Wish:
    """What office is asked for; `registry` is a URL, empty for a file in the folder."""

    authority: authorities.Wish = authorities.Wish()  # noqa: RUF009 - it is frozen
    registry: str = ""
    operator: Operator = Operator()


MakeCard = Callable[[Path, Operator, Authority], Mapping[Use, bytes]]
"""Makes the operator's card in a file, and gives the certificates (DER) that the authority issued for its keys."""


def create(folder: Path, wish: Wish, passphrase: Secret | None, clock: Clock, sm2: Sm2, make_card: MakeCard) -> None:
    """Make an office; `OfficeProblem` where something stands already, or the folder cannot be made."""
    if folder.exists():
        raise OfficeProblem(f"{folder}: is there already; an office is never overwritten")
    part = folder.with_name(f".{folder.name}.part{os.getpid()}")
    try:
        part.mkdir(mode=OWNER_ONLY)
        _fill(part, wish, passphrase, clock, sm2, make_card)
        part.replace(folder)
    except OSError as error:
        raise OfficeProblem(f"{folder}: cannot be made ({error.strerror})") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(part: Path, wish: Wish, passphrase: Secret | None, clock: Clock, sm2: Sm2, make_card: MakeCard) -> None:
    authorities.create(part / AUTHORITY, wish.authority, passphrase, clock, sm2)
    _write(part / MASTER_KEY, secrets.token_hex(KEY_SIZE) + "\n")
    settings = {"version": VERSION, "credit_code": wish.operator.credit_code, "registry": wish.registry}
    _write(part / SETTINGS, json.dumps(settings, indent=1) + "\n")
    Registry.create(wish.registry or database.sqlite_url(part / REGISTRY), clock).close()
    office = Office(part, clock, sm2, passphrase)
    try:
        _enrol(office, wish.operator, make_card)
    finally:
        office.close()


def _enrol(office: Office, operator: Operator, make_card: MakeCard) -> None:
    """The office's operator and card: the record first, then the card, then the record of what is on it."""
    with office.registry.writing() as work:
        enterprise = work.add_enterprise(operator.office, operator.credit_code)
        holder = work.add_holder(enterprise, operator.name, operator.document_number)
        card = work.add_card(operator.card_number, CardKind.OPERATOR, holder, operator.generation)
    bodies = make_card(office.operator_card, operator, office.authority(operator.generation))
    with office.registry.writing() as work:
        card = work.card(operator.card_number)
        work.certify(card, bodies, Entry(Action.CERTIFY))
        work.move(card, CardState.NORMAL, Entry(Action.ISSUE))


def _write(path: Path, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    with os.fdopen(fd, "w", encoding="utf-8") as stream:
        stream.write(text)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an office's folder says of it; `registry` is a URL, maybe with a password."""

    credit_code: str
    registry: str


def read_settings(path: Path) -> Settings:
    """The settings of an office's folder; `OfficeProblem` for a folder that holds none."""
    try:
        found = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        version, credit_code, url = found["version"], str(found["credit_code"]), str(found["registry"])
    except (OSError, ValueError, KeyError, TypeError):
        raise OfficeProblem(f"{path}: holds no office; make one with simcard office new") from None
    if version != VERSION:
        raise OfficeProblem(f"{path}: was made by another version of this program ({version})")
    return Settings(credit_code, url or database.sqlite_url(path / REGISTRY))


class Office:
    """An office's folder, opened. `clock` is the time of everything done in it."""

    def __init__(self, path: Path, clock: Clock, sm2: Sm2, passphrase: Secret | None = None) -> None:
        self.path = path
        self.clock = clock
        self.sm2 = sm2
        self._passphrase = passphrase
        settings = read_settings(path)
        self.credit_code = settings.credit_code
        self.registry = Registry.open(settings.registry, clock)
        self.authorities = authorities.Folder(path / AUTHORITY, clock, sm2)
        self._loaded: dict[Generation, Authority] = {}

    @property
    def operator_card(self) -> Path:
        """The image of the card by which the office's operator signs."""
        return self.path / OPERATOR

    def authority(self, generation: Generation) -> Authority:
        """The authority of a generation, its keys loaded once."""
        if generation not in self._loaded:
            self._loaded[generation] = self.authorities.authority(generation, self._passphrase)
        return self._loaded[generation]

    @property
    def roots(self) -> tuple[Certificate, ...]:
        """The roots the office trusts: its own."""
        return tuple(self.authorities.chain(each).root for each in self.authorities.generations)

    @property
    def between(self) -> tuple[Certificate, ...]:
        """The certificates that stand between holders and roots."""
        return tuple(self.authorities.chain(each).issuing for each in self.authorities.generations)

    def is_own(self, card: Card) -> bool:
        """Whether a card is one of the office's, not of an enterprise it serves."""
        return card.enterprise.credit_code == self.credit_code

    def master_key(self) -> Secret:
        """The key from which the management keys of all cards are derived."""
        try:
            key = bytes.fromhex((self.path / MASTER_KEY).read_text(encoding="ascii"))
        except (OSError, ValueError):
            raise OfficeProblem(f"{self.path / MASTER_KEY}: the office's master key cannot be read") from None
        return Secret(key)

    def close(self) -> None:
        """Close registry and authority."""
        self.registry.close()
        self.authorities.close()

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
