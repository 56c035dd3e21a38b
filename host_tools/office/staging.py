"""Bringing keys and certificates onto a card so that a cut at any point leaves the old or the new: a state table.

Without I/O. New keys are made in a staged container beside the one in use; only the office's script puts them in its
place, in one transaction of the card. What to do next follows from what is on the card and what is on paper, never
from what was done before, so whoever comes after an interruption simply goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from host_tools.eport_client.wording import Text
from host_tools.pki import envelope
from host_tools.pki.authority import Pair
from host_tools.pki.certificate import Use
from host_tools.pki.envelope import EnvelopedKey
from host_tools.pki.keys import PublicKey
from host_tools.pki.view import Certificate


class Step(StrEnum):
    """What is to be done next."""

    STAGE = "stage"
    GENERATE = "generate"
    CERTIFY = "certify"
    IMPORT_KEY = "import-key"
    IMPORT_SIGNING = "import-signing"
    IMPORT_EXCHANGE = "import-exchange"
    SCRIPT = "script"
    RECORD = "record"


TEXTS: dict[Step, Text] = {
    Step.STAGE: Text("正在准备", "making room for new keys"),
    Step.GENERATE: Text("正在生成密钥", "making the signing key on the card"),
    Step.CERTIFY: Text("正在做签名，请勿进行其他操作", "the card signs its request, the authority its certificates"),
    Step.IMPORT_KEY: Text("正在写入加密密钥", "bringing the exchange key onto the card"),
    Step.IMPORT_SIGNING: Text("正在写入签名证书", "writing the signing certificate"),
    Step.IMPORT_EXCHANGE: Text("正在写入加密证书", "writing the exchange certificate"),
    Step.SCRIPT: Text("正在启用新证书", "putting the new in the place of the old"),
    Step.RECORD: Text("正在登记", "writing it down"),
}
"""What a step says of itself while it is done."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is on the card: scripts carried out, the signing key in use, and what is staged."""

    scripts: int
    active: PublicKey | None
    staged: bool = False
    keys: dict[Use, PublicKey] = field(default_factory=dict)
    certificates: dict[Use, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Issued:
    """What the authority issued for the staged signing key: kept on paper until it is recorded."""

    signing: Certificate
    exchange: Certificate
    envelope: EnvelopedKey

    @classmethod
    def of(cls, pair: Pair) -> Issued:
        """What the authority gives at once."""
        return cls(pair.signing, pair.exchange, pair.envelope)

    @property
    def bodies(self) -> dict[Use, bytes]:
        """The certificates (DER) by use."""
        return {Use.SIGN: self.signing.encoded, Use.EXCHANGE: self.exchange.encoded}

    def encode(self) -> dict[str, str]:
        """As a page of a procedure in the registry. The envelope opens on the card only."""
        bodies = (self.signing.encoded, self.exchange.encoded, self.envelope.encode())
        return dict(zip(("signing", "exchange", "envelope"), (each.hex() for each in bodies)))

    @classmethod
    def decode(cls, page: dict[str, str]) -> Issued:
        """From such a page."""
        signing, exchange, sealed = (bytes.fromhex(page[name]) for name in ("signing", "exchange", "envelope"))
        parsed = Certificate.parse(signing)
        return cls(parsed, Certificate.parse(exchange), envelope.parse(parsed.key.kind, sealed))


def next_step(seen: Seen, issued: Issued | None) -> Step:
    """The one thing to do now."""
    if issued is not None and seen.active == issued.signing.key:
        return Step.RECORD
    if not seen.staged:
        return Step.STAGE
    if Use.SIGN not in seen.keys:
        return Step.GENERATE
    if issued is None or seen.keys[Use.SIGN] != issued.signing.key:
        return Step.CERTIFY
    if seen.keys.get(Use.EXCHANGE) != issued.exchange.key:
        return Step.IMPORT_KEY
    if seen.certificates.get(Use.SIGN) != issued.signing.encoded:
        return Step.IMPORT_SIGNING
    if seen.certificates.get(Use.EXCHANGE) != issued.exchange.encoded:
        return Step.IMPORT_EXCHANGE
    return Step.SCRIPT
