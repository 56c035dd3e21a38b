"""A test authority in a folder: keys, certificates, book and settings, readable by its owner alone.

    ca.json                 addresses and hashes
    book.sqlite             numbers, certificates, revocations, kept exchange keys
    sm2/ rsa/               one folder a generation: root, issuing and recovery keys (.key), certificates (.pem)

The folder is made beside its place and moved there whole, so that no half-made authority exists.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import AuthorityProblem, BadEncoding
from host_tools.pki import der, smallfile, softkey
from host_tools.pki.authority import Authority, Chain, Clock, found
from host_tools.pki.generation import Addresses, Generation
from host_tools.pki.keys import Hash
from host_tools.pki.ledger import Ledger
from host_tools.pki.sm2 import Sm2
from host_tools.pki.softkey import ROUNDS, generate
from host_tools.pki.view import Certificate
from simcard.wire.secret import Secret

SETTINGS, BOOK = "ca.json", "book.sqlite"
VERSION = 1
OWNER_ONLY = 0o700
ROOT, ISSUING, RECOVERY = "root", "issuing", "recovery"


@dataclass(frozen=True, slots=True)
class Wish:
    """What authority is asked for. RSA keys of 1024 bits and SHA-1 are what the old generation had."""

    generations: Sequence[Generation] = tuple(Generation)
    addresses: Addresses = Addresses()  # noqa: RUF009 - it is frozen
    rsa_bits: int = 1024
    rsa_hash: Hash = Hash.SHA1
    rounds: int = ROUNDS
    """Of the passphrase; tests take few."""


def create(folder: Path, wish: Wish, passphrase: Secret | None, clock: Clock, sm2: Sm2) -> None:
    """Make an authority; `AuthorityProblem` where something stands already, or the folder cannot be made."""
    if folder.exists():
        raise AuthorityProblem(f"{folder}: is there already; an authority is never overwritten")
    part = folder.with_name(f".{folder.name}.part{os.getpid()}")
    try:
        part.mkdir(mode=OWNER_ONLY)
        _fill(part, wish, passphrase, clock, sm2)
        part.replace(folder)
    except OSError as error:
        raise AuthorityProblem(f"{folder}: cannot be made ({error.strerror})") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(folder: Path, wish: Wish, passphrase: Secret | None, clock: Clock, sm2: Sm2) -> None:
    ledger = Ledger.create(folder / BOOK)
    for generation in wish.generations:
        place = folder / generation.value
        place.mkdir(mode=OWNER_ONLY)
        keys = {name: generate(generation.kind, sm2, wish.rsa_bits) for name in (ROOT, ISSUING, RECOVERY)}
        hash_ = wish.rsa_hash if generation is Generation.RSA else None
        chain = found(generation, keys[ROOT], keys[ISSUING], ledger, clock, wish.addresses, hash_)
        for name, key in keys.items():
            softkey.save(place / f"{name}.key", key, passphrase, wish.rounds)
        for name, certificate in ((ROOT, chain.root), (ISSUING, chain.issuing)):
            (place / f"{name}.pem").write_text(der.pem("CERTIFICATE", certificate.encoded), encoding="ascii")
    ledger.close()
    settings = {"version": VERSION, "base": wish.addresses.base, "rsa_hash": wish.rsa_hash.value}
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", encoding="ascii")


class Folder:
    """An authority's folder, opened. `authority` needs the passphrase, `chain` does not."""

    def __init__(self, path: Path, clock: Clock, sm2: Sm2, remedy: str = "make one with simcard ca init") -> None:
        """Open a folder; `AuthorityProblem`, with the remedy, for one that holds no authority."""
        self.path = path
        self._clock = clock
        self._sm2 = sm2
        try:
            settings = json.loads(smallfile.read(path / SETTINGS))
            version, base, self._rsa_hash = settings["version"], settings["base"], Hash(settings["rsa_hash"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise AuthorityProblem(f"{path}: holds no authority; {remedy}") from None
        if version != VERSION:
            raise AuthorityProblem(f"{path}: was made by another version of this program ({version})")
        self._addresses = Addresses(base)
        self.ledger = Ledger(path / BOOK)

    @property
    def generations(self) -> tuple[Generation, ...]:
        """Those the authority has."""
        return tuple(each for each in Generation if (self.path / each.value).is_dir())

    def chain(self, generation: Generation) -> Chain:
        """The certificates of a generation; `AuthorityProblem` for one the authority has not."""
        if generation not in self.generations:
            raise AuthorityProblem(f"{self.path}: has no {generation.value} generation")
        place = self.path / generation.value
        try:
            bodies = [smallfile.read(place / f"{name}.pem") for name in (ROOT, ISSUING)]
        except OSError as error:
            raise AuthorityProblem(f"{error.filename}: cannot be read ({error.strerror})") from None
        try:
            return Chain(*map(Certificate.parse, bodies))
        except BadEncoding as error:
            raise AuthorityProblem(f"{place}: {error}; restore the certificates from a backup") from None

    def authority(self, generation: Generation, passphrase: Secret | None) -> Authority:
        """The authority of a generation, its keys loaded."""
        chain = self.chain(generation)
        place = self.path / generation.value
        keys = [softkey.load(place / f"{name}.key", passphrase, self._sm2) for name in (ISSUING, RECOVERY)]
        if keys[0].key != chain.issuing.key:
            raise AuthorityProblem(
                f"{place / f'{ISSUING}.key'}: is the key of another authority; restore it from a backup"
            )
        hash_ = self._rsa_hash if generation is Generation.RSA else None
        return Authority(chain, keys[0], keys[1], self.ledger, self._clock, self._addresses, hash_)

    def close(self) -> None:
        """Close the book."""
        self.ledger.close()
