"""An office in a folder: its authority, its registry, its master key, and the card of its operator.

    office.json             the office's credit code; the URL of a registry elsewhere, with its password (mode 600)
    ca/                     the test authority (`host_tools.pki.folder`)
    registry.sqlite         the registry, unless a URL names another
    master.key              the master key of the cards' management keys, hexadecimal (mode 600)
    operator.card           the card by which the office's operator signs
    operator-next.card      while it is being replaced: the card that takes its place

The folder is made beside its place and moved there whole, so that no half-made office exists.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import OfficeProblem
from host_tools.pki import folder as authorities
from host_tools.pki import smallfile
from host_tools.pki.authority import Authority, Clock
from host_tools.pki.generation import Generation
from host_tools.pki.sm2 import Sm2
from host_tools.pki.view import Certificate
from host_tools.registry import database
from host_tools.registry.codes import is_credit_code
from host_tools.registry.facade import Registry
from host_tools.registry.models import Card
from host_tools.registry.states import CardKind
from host_tools.registry.work import Work
from simcard.wire.secret import Secret

SETTINGS, AUTHORITY, REGISTRY = "office.json", "ca", "registry.sqlite"
MASTER_KEY, OPERATOR, OPERATOR_NEXT = "master.key", "operator.card", "operator-next.card"
VERSION = 1
OWNER_ONLY, MODE = 0o700, 0o600
REMEDY = "the office's own is gone; restore it from a backup, for another one would not know the cards"
KEY_SIZE = 16


@dataclass(frozen=True, slots=True)
class Operator:
    """The office itself, and the operator whose card signs for it. All made up."""

    office: str = "测试制卡中心"
    credit_code: str = "91990000MA00F00098"
    name: str = "测试制卡员"
    document_number: str = "999999198503030039"
    generation: Generation = Generation.SM2


@dataclass(frozen=True, slots=True)
class Wish:
    """What office is asked for; `registry` is a URL, empty for a file in the folder."""

    authority: authorities.Wish = authorities.Wish()  # noqa: RUF009 - it is frozen
    registry: str = ""
    operator: Operator = Operator()


Enrol = Callable[["Office", Operator], str]
"""Writes the operator into the registry and makes their card in `Office.operator_card`; gives its number."""


def create(folder: Path, wish: Wish, passphrase: Secret | None, clock: Clock, sm2: Sm2, enrol: Enrol) -> str:
    """Make an office; the number of its operator's card.

    `OfficeProblem` where something stands already, or the folder cannot be made.
    """
    if folder.exists():
        raise OfficeProblem(f"{folder}: is there already; an office is never overwritten")
    part = folder.with_name(f".{folder.name}.part{os.getpid()}")
    try:
        part.mkdir(mode=OWNER_ONLY)
        number = _fill(part, wish, passphrase, clock, sm2, enrol)
        part.replace(folder)
        return number
    except OSError as error:
        raise OfficeProblem(f"{folder}: cannot be made ({error.strerror})") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(part: Path, wish: Wish, passphrase: Secret | None, clock: Clock, sm2: Sm2, enrol: Enrol) -> str:
    authorities.create(part / AUTHORITY, wish.authority, passphrase, clock, sm2)
    _write(part / MASTER_KEY, secrets.token_hex(KEY_SIZE) + "\n")
    url = database.lasting(wish.registry) if wish.registry else ""
    settings = {"version": VERSION, "credit_code": wish.operator.credit_code, "registry": url}
    _write(part / SETTINGS, json.dumps(settings, indent=1) + "\n")
    Registry.create(url or database.sqlite_url(part / REGISTRY), clock).close()
    with Office(part, clock, sm2, passphrase) as office:
        with office.registry.writing() as work:
            work.add_enterprise(wish.operator.office, wish.operator.credit_code)
        return enrol(office, wish.operator)


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
    """The settings of an office's folder; `OfficeProblem` for a folder that holds none, or damaged ones."""
    try:
        text = smallfile.read(path / SETTINGS)
    except OSError:
        raise OfficeProblem(f"{path.absolute()}: holds no office; make one with simcard office new") from None
    try:
        found = json.loads(text)
        version, credit_code, url = found["version"], str(found["credit_code"]), str(found["registry"])
        if not is_credit_code(credit_code):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise OfficeProblem(f"{(path / SETTINGS).absolute()}: is damaged; restore it from a backup") from None
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
        self.authorities = authorities.Folder(path / AUTHORITY, clock, sm2, REMEDY)
        self._loaded: dict[Generation, Authority] = {}

    @property
    def operator_card(self) -> Path:
        """The image of the card by which the office's operator signs."""
        return self.path / OPERATOR

    @property
    def next_operator_card(self) -> Path:
        """The image of the card that takes its place, while it is made."""
        return self.path / OPERATOR_NEXT

    def authority(self, generation: Generation) -> Authority:
        """The authority of a generation, its keys loaded once."""
        if generation not in self._loaded:
            self._loaded[generation] = self.authorities.authority(generation, self._passphrase)
        return self._loaded[generation]

    def insist_on_life(self, generation: Generation) -> None:
        """`AuthorityProblem` where the authority ends before a certificate that it would issue today."""
        self.authorities.chain(generation).insist_on_life(self.clock().date())

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

    def operators(self, work: Work) -> tuple[Card, ...]:
        """The cards of its own operator by number, the newest last; that may be in the making."""
        cards = tuple(work.cards(work.enterprise(self.credit_code)))
        if not cards or any(card.kind is not CardKind.OPERATOR for card in cards):
            raise OfficeProblem(f"{self.path / SETTINGS}: {self.credit_code} is no office; restore it from a backup")
        return cards

    def master_key(self) -> Secret:
        """The key from which the management keys of all cards are derived."""
        try:
            key = bytes.fromhex(smallfile.read(self.path / MASTER_KEY).decode("ascii"))
        except (OSError, ValueError):
            key = b""
        if len(key) != KEY_SIZE:
            text = f"the office's master key has {2 * KEY_SIZE} hexadecimal digits, and these are none"
            raise OfficeProblem(f"{self.path / MASTER_KEY}: {text}; restore it from a backup")
        return Secret(key)

    def close(self) -> None:
        """Close registry and authority."""
        self.registry.close()
        self.authorities.close()

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
