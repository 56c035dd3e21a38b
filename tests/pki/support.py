"""Authorities made fast (their keys once a process), cards that ask them, and other programs as judges.

Judges of SM2 are openssl (`pkeyutl`, with the usual signer identifier) and gmssl; neither shares code with ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from gmssl import sm2 as gmssl_sm2  # type: ignore[import-untyped]  # the package has no types

from host_tools.cli.sm2 import EngineSm2
from host_tools.client.iso import IsoCard
from host_tools.pki import der, request
from host_tools.pki.authority import Authority, Pair, found
from host_tools.pki.certificate import Issuer
from host_tools.pki.generation import Addresses, Generation, Subject, subject_name
from host_tools.pki.keys import Hash, Kind, PublicKey, sm2_digest
from host_tools.pki.ledger import Ledger
from host_tools.pki.softkey import SoftKey, generate
from host_tools.pki.view import Certificate
from simcard.crypto.engines import make
from simcard.wire.secret import Secret
from tests.crypto import openssl as judge
from tests.host.support import iso_card, openssl

SM2 = EngineSm2(make("soft"))
NOW = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
SUBJECT = Subject("张三", "某进出口公司", "01", "110101199001011234", "AB1C123456789", "123456789")
AT = ("-attime", str(int(NOW.timestamp())))
"""The moment of these tests, for openssl's checks of dates."""
DISTID = ("-vfyopt", "distid:1234567812345678")


@dataclass
class SetClock:
    """A clock that stands until a test moves it."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Case:
    """A generation, with the size of RSA keys and the hash."""

    generation: Generation
    bits: int
    hash: Hash
    card: str

    @property
    def options(self) -> tuple[str, ...]:
        """What openssl needs to check a certificate or request of this case."""
        return DISTID if self.generation is Generation.SM2 else ()


RSA_2048 = """
extends = "eport-operator-rsa"
[[container]]
name = "EportRSA"
sign = { kind = "rsa", bits = 2048 }
exchange = { kind = "rsa", bits = 2048 }
"""
CASES = {
    "sm2": Case(Generation.SM2, 256, Hash.SM3, "eport-operator"),
    "rsa": Case(Generation.RSA, 1024, Hash.SHA1, "eport-operator-rsa"),
    "rsa-2048": Case(Generation.RSA, 2048, Hash.SHA256, RSA_2048),
}
BOTH = ("sm2", "rsa")


@cache
def soft_key(case: str, name: str) -> SoftKey:
    """A pair, made once for each name."""
    return generate(CASES[case].generation.kind, SM2, CASES[case].bits)


def authority(case: str, clock: SetClock | None = None, ledger: Ledger | None = None) -> Authority:
    """A fresh authority; its keys are those of every other one of the case."""
    chosen, book, now = CASES[case], ledger or Ledger(), clock or SetClock()
    keys = [soft_key(case, name) for name in ("root", "issuing", "recovery")]
    chain = found(chosen.generation, keys[0], keys[1], book, now, Addresses(), chosen.hash)
    return Authority(chain, keys[1], keys[2], book, now, Addresses(), chosen.hash)


def holder(case: str, name: str = "holder") -> SoftKey:
    return soft_key(case, name)


def asked(case: str, name: str = "holder", subject: Subject = SUBJECT) -> bytes:
    """A request of a holder whose key is in software."""
    return request.make(subject_name(CASES[case].generation, subject), holder(case, name).issuer(CASES[case].hash))


@cache
def pair_of(case: str) -> tuple[Authority, Pair]:
    """An authority nobody may change, and a pair it issued."""
    made = authority(case)
    return made, made.issue_pair(asked(case), SUBJECT)


def card_signer(card: IsoCard, reference: int, hash_: Hash) -> Issuer:
    """A key of a card as a signer."""
    return Issuer(card.public_key(reference), hash_, lambda message: card.sign(reference, message, hash_))


@dataclass(frozen=True)
class CardHolder:
    """A card whose two keys have certificates of an authority."""

    case: str
    card: IsoCard
    authority: Authority
    signing: Certificate
    exchange: Certificate

    @property
    def signer(self) -> Issuer:
        return card_signer(self.card, 1, CASES[self.case].hash)

    def decrypt(self, cryptogram: bytes) -> Secret:
        return self.card.decrypt(2, cryptogram)


def card_holder(case: str) -> CardHolder:
    """A fresh card, certified for both of its keys."""
    from host_tools.pki.certificate import Use

    chosen, card, at = CASES[case], iso_card(CASES[case].card), authority(case)
    signer = card_signer(card, 1, chosen.hash)
    signing = at.issue(request.make(subject_name(chosen.generation, SUBJECT), signer), SUBJECT)
    exchange = at.issue_key(card.public_key(2), SUBJECT, Use.EXCHANGE)
    return CardHolder(case, card, at, signing, exchange)


# -- judges


def write_pem(folder: Path, **certificates: Certificate) -> dict[str, Path]:
    """Each certificate in a PEM file of its name."""
    made = {name: folder / f"{name}.pem" for name in certificates}
    for name, path in made.items():
        path.write_text(der.pem("CERTIFICATE", certificates[name].encoded))
    return made


def openssl_takes(certificate: Path, trusted: Path, case: str) -> bool:
    """Whether openssl takes the signature of a certificate by one that it is told to trust."""
    return (
        0 == openssl("verify", *CASES[case].options, *AT, "-partial_chain", "-CAfile", trusted, certificate).returncode
    )


def gmssl_takes(point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether gmssl takes SEQUENCE { r, s } over a message, the usual identifier in ZA."""
    checker = gmssl_sm2.CryptSM2(private_key="", public_key="")
    checker.public_key = point[1:].hex()
    return bool(checker.verify(der.raw_ec_signature(signature, 32).hex(), sm2_digest(point, message)))


def openssl_takes_sm2(folder: Path, point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether openssl takes SEQUENCE { r, s } over a message, the usual identifier in ZA."""
    raw = der.raw_ec_signature(signature, 32)
    return judge.sm2_verifies(folder, point, b"1234567812345678", message, raw)


def openssl_signer(folder: Path, key: SoftKey) -> Issuer:
    """An SM2 key whose signatures openssl makes, not we."""
    files = ("-keyform", "DER", "-inkey", judge.private_key(folder, key.private.reveal(), key.key.point))

    def sign(message: bytes) -> bytes:
        (folder / "to-sign").write_bytes(message)
        options = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", folder / "to-sign")
        return der.raw_ec_signature(judge.output("pkeyutl", "-sign", *files, *options), 32)

    return Issuer(PublicKey(Kind.SM2, point=key.key.point), Hash.SM3, sign)
