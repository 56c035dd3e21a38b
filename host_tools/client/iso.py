"""The ISO door for host programs: files, PINs, keys and certificates by human verbs.

Nothing is remembered between two verbs: each sets the security environment it needs, so several users of one
link do not trip over each other. A PIN stays verified in the card until reset. Errors are those of
`host_tools.errors`.
"""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.client import info as described
from host_tools.client.algorithms import (
    MECHANISMS,
    PADDING_CODES,
    Padding,
    Template,
    hash_algorithm,
    signature_algorithm,
    template_of,
)
from host_tools.client.exchange import LARGEST_NE, Exchange, read_fields
from host_tools.client.info import ContainerInfo, Contents, KeyInfo, PinInfo
from host_tools.errors import BadResponse, NotFound, WrongData, WrongState, refusal
from host_tools.link.base import CardLink
from host_tools.pki.keys import SCHEMES, USUAL_HASH, Hash, Kind, PublicKey, Scheme, signed_digest
from simcard.wire import tlv
from simcard.wire.apdu import EXTENDED_NE, SHORT_NE, CommandApdu, Ins
from simcard.wire.secret import Secret
from simcard.wire.status import SW

MF = "3F00"
AID = bytes.fromhex("F053494D43415244")
"""The name of the door, F0 "SIMCARD", by which it is selected when another door is open."""

CARD, PINS, CONTAINERS, TREE, CERTIFICATE = 0x0100, 0x0101, 0x0102, 0x0103, 0x7F21
NEW_PIN_RULES = "it is too short or too long (often 6 to 16 characters are right), or has characters it may not have"
LAST_EVEN_OFFSET = 0x7FFF
LARGEST_MESSAGE = 60000
"""Longer messages are hashed by the host: the card gathers at most 65535 bytes of command data."""


@dataclass(frozen=True, slots=True)
class PinStatus:
    """What VERIFY without data says: verified (or not asked for), and the tries left, -1 when it does not say."""

    verified: bool
    left: int


class IsoCard:
    """A card behind `link`, spoken to through the ISO door."""

    def __init__(self, link: CardLink, extended: bool | None = None) -> None:
        self._exchange = Exchange(link, extended)

    # -- the door and its files

    def enter(self) -> None:
        """Select this door and stand in the MF, whatever door was open before."""
        named = self._exchange.send(CommandApdu(0, Ins.SELECT, 0x04, 0x0C, AID))
        if named.sw != SW.OK:
            self.select(MF)

    def select(self, path: str = MF) -> bytes:
        """Make a file current: its path from the MF, such as "3F00/DF01/EF05". The value of its FCP template."""
        fids = bytes.fromhex(path.replace("/", ""))
        if fids in (b"", b"\x3f\x00"):
            answer = self._exchange.ask(Ins.SELECT, 0x00, 0x04, b"\x3f\x00", SHORT_NE, "selecting the MF")
        else:
            below = fids[2:] if fids[:2] == b"\x3f\x00" else fids
            answer = self._exchange.ask(Ins.SELECT, 0x08, 0x04, below, SHORT_NE, f"selecting {path}")
        return read_fields(answer, "file description").get(0x62, b"")

    def read_file(self, path: str) -> bytes:
        """The whole body of a transparent file of any size."""
        fcp = read_fields(self.select(path), "file description")
        size = int.from_bytes(fcp.get(0x80, b""), "big")
        body = b""
        while len(body) < size:
            piece = self._read(path, len(body), size - len(body))
            if not piece:
                break
            body += piece
        return body

    def _read(self, path: str, offset: int, wanted: int) -> bytes:
        limit = LARGEST_NE // 2 if self._exchange.extended else SHORT_NE
        doing = f"reading {path}"
        if offset <= LAST_EVEN_OFFSET:
            ne = min(wanted, limit)
            return self._exchange.ask(Ins.READ_BINARY, offset >> 8, offset & 0xFF, b"", ne, doing)
        # Offsets of more than 15 bits need the odd instruction, whose answer is a data object (7816-4, 11.2.3).
        where = tlv.tlv(0x54, offset.to_bytes(4, "big").lstrip(b"\0"))
        ne = min(wanted + 5, limit)
        answer = self._exchange.ask(Ins.READ_BINARY_ODD, 0, 0, where, ne, doing)
        return read_fields(answer, "file body").get(0x53, b"")

    def get_data(self, tag: int, doing: str = "") -> bytes:
        """The value of a data object."""
        doing = doing or f"reading data object {tag:04X}"
        return self._exchange.ask(Ins.GET_DATA, tag >> 8, tag & 0xFF, b"", EXTENDED_NE, doing)

    def info(self) -> Contents:
        """What the card says of itself; needs no PIN."""
        return Contents(
            described.card(self.get_data(CARD, "asking the card what it is")),
            self.pins(),
            self.containers(),
            described.files(self.get_data(TREE, "asking for the file tree")),
        )

    def pins(self) -> tuple[PinInfo, ...]:
        """All references and their state."""
        return described.pins(self.get_data(PINS, "asking for the PINs"))

    def containers(self) -> tuple[ContainerInfo, ...]:
        """All containers and their keys."""
        return described.containers(self.get_data(CONTAINERS, "asking for the key containers"))

    def challenge(self, size: int = 8) -> bytes:
        """Random bytes of the card, which it expects back in an authentication."""
        return self._exchange.ask(Ins.GET_CHALLENGE, 0, 0, b"", size, "asking for a challenge")

    # -- PINs

    def verify_pin(self, reference: int, pin: Secret) -> None:
        """Present a PIN: `PinWrong` with the tries left, or `PinLocked`."""
        self._exchange.ask(Ins.VERIFY, 0, reference, pin.reveal(), doing=f"verifying PIN {reference:02X}")

    def pin_status(self, reference: int) -> PinStatus:
        """The state of a reference, without spending a try."""
        response = self._exchange.send(CommandApdu(0, Ins.VERIFY, 0, reference))
        if response.sw == SW.OK:
            return PinStatus(True, -1)
        if response.sw & 0xFFF0 == 0x63C0:
            return PinStatus(False, response.sw & 0x0F)
        if response.sw == SW.BLOCKED:
            return PinStatus(False, 0)
        raise refusal(response.sw, f"asking for PIN {reference:02X}")

    def change_pin(self, reference: int, old: Secret, new: Secret) -> None:
        """Set a new value; the old one must be right.

        The old value is verified first and alone: in a concatenation the card could not see where it ends. Only
        a PIN that must be changed before it opens anything is sent together with the new one.
        """
        doing = f"changing PIN {reference:02X}"
        try:
            self.verify_pin(reference, old)
        except WrongState:
            both = old.reveal() + new.reveal()
            self._set_pin(Ins.CHANGE_REFERENCE_DATA, 0x00, reference, both, doing)
            return
        self._set_pin(Ins.CHANGE_REFERENCE_DATA, 0x01, reference, new.reveal(), doing)

    def unblock_pin(self, reference: int, key: Secret, new: Secret) -> None:
        """Give a locked PIN its tries back and a new value; `key` is its unblock key."""
        data = key.reveal() + new.reveal()
        self._set_pin(Ins.RESET_RETRY_COUNTER, 0x00, reference, data, f"unblocking PIN {reference:02X}")

    def _set_pin(self, ins: Ins, p1: int, reference: int, data: bytes, doing: str) -> None:
        """Give a PIN a new value; `WrongData` says what is mostly wrong with one that the card does not take."""
        try:
            self._exchange.ask(ins, p1, reference, data, doing=doing)
        except WrongData as refused:
            if refused.sw != SW.WRONG_DATA:
                raise
            text = f"{doing}: the card does not take the new PIN; {NEW_PIN_RULES} ({refused.sw:04X})"
            raise WrongData(text, refused.sw) from None

    # -- keys

    def key(self, reference: int) -> KeyInfo:
        """What the card says of one key; `NotFound` when there is none."""
        for container in self.containers():
            for key in container.keys:
                if key.reference == reference:
                    return key
        raise NotFound(f"the card has no key {reference:02X}; see simcard info", SW.REFERENCE_NOT_FOUND)

    def public_key(self, reference: int) -> PublicKey:
        """The public half of a key."""
        kind = self.key(reference).kind
        return self._pair(0x81, reference, kind, b"", f"reading public key {reference:02X}")

    def generate(self, reference: int, kind: Kind, bits: int = 0) -> PublicKey:
        """Make a new pair in the card, in place of what was there; the certificate of the old one goes with it."""
        asked = tlv.tlv(0x80, bytes((MECHANISMS[kind],)))
        asked += tlv.tlv(0x81, bits.to_bytes(2, "big")) if bits else b""
        return self._pair(0x80, reference, kind, tlv.tlv(0xAC, asked), f"generating key {reference:02X}")

    def _pair(self, p1: int, reference: int, kind: Kind, more: bytes, doing: str) -> PublicKey:
        named = tlv.tlv(template_of(reference), tlv.tlv(0x84, bytes((reference,))))
        answer = self._exchange.ask(Ins.GENERATE_KEY_PAIR, p1, 0, named + more, EXTENDED_NE, doing)
        found = read_fields(read_fields(answer, "public key").get(0x7F49, b""), "public key")
        if kind is Kind.RSA and 0x81 in found and 0x82 in found:
            return PublicKey(kind, n=int.from_bytes(found[0x81], "big"), e=int.from_bytes(found[0x82], "big"))
        if 0x86 in found:
            return PublicKey(kind, point=found[0x86])
        raise BadResponse("the card's public key has none of the expected parts")

    def _environment(self, template: Template, algorithm: bytes, reference: int | None) -> None:
        values = tlv.tlv(0x80, algorithm) if algorithm else b""
        values += tlv.tlv(0x84, bytes((reference,))) if reference is not None else b""
        doing = "naming the algorithm" if reference is None else f"naming key {reference:02X}"
        self._exchange.ask(Ins.MANAGE_SECURITY_ENVIRONMENT, 0x41, template, values, doing=doing)

    def sign(
        self,
        reference: int,
        message: bytes,
        hash_: Hash | None = None,
        scheme: Scheme | None = None,
        hash_on_card: bool = False,
    ) -> bytes:
        """A signature over a message: r || s for curves, the block for RSA.

        The host makes the digest (for SM2 over ZA and the message) unless the card shall, by PSO HASH.
        """
        kind = self.key(reference).kind
        hash_, scheme = hash_ or USUAL_HASH[kind], scheme or SCHEMES[kind][0]
        if not hash_on_card or len(message) > LARGEST_MESSAGE:
            key = self.public_key(reference) if kind is Kind.SM2 else PublicKey(kind)
            return self.sign_digest(reference, signed_digest(key, hash_, message), hash_, scheme)
        self._environment(Template.SIGNATURE, signature_algorithm(scheme, hash_), reference)
        self._environment(Template.HASH, hash_algorithm(kind, hash_), None)
        self._exchange.ask(Ins.PERFORM_SECURITY_OPERATION, 0x90, 0x80, message, doing="hashing on the card")
        return self._compute(b"", reference)

    def sign_digest(self, reference: int, digest: bytes, hash_: Hash, scheme: Scheme) -> bytes:
        """A signature over a digest made elsewhere."""
        self._environment(Template.SIGNATURE, signature_algorithm(scheme, hash_), reference)
        return self._compute(digest, reference)

    def _compute(self, data: bytes, reference: int) -> bytes:
        doing = f"signing with key {reference:02X}"
        return self._exchange.ask(Ins.PERFORM_SECURITY_OPERATION, 0x9E, 0x9A, data, self._ne, doing)

    @property
    def _ne(self) -> int:
        """For answers of a key's size: whatever there is, in one answer where the card can."""
        return LARGEST_NE if self._exchange.extended else SHORT_NE

    def decrypt(self, reference: int, cryptogram: bytes, padding: Padding = Padding.PKCS1) -> Secret:
        """What was encrypted for an exchange key. SM2 cryptograms are C1 || C3 || C2; `padding` is for RSA."""
        algorithm = b""
        if self.key(reference).kind is Kind.RSA:
            algorithm = bytes((PADDING_CODES[padding],))
        self._environment(Template.CONFIDENTIALITY, algorithm, reference)
        doing = f"decrypting with key {reference:02X}"
        data = b"\0" + cryptogram
        return Secret(self._exchange.ask(Ins.PERFORM_SECURITY_OPERATION, 0x80, 0x86, data, self._ne, doing))

    # -- certificates

    def read_certificate(self, reference: int) -> bytes:
        """The certificate of a key, DER; `NotFound` when it has none."""
        self._environment(Template.SIGNATURE, b"", reference)
        return self.get_data(CERTIFICATE, f"reading the certificate of key {reference:02X}")

    def put_certificate(self, reference: int, der: bytes) -> None:
        """Set the certificate of a key; empty bytes remove it."""
        self._environment(Template.SIGNATURE, b"", reference)
        doing = f"writing the certificate of key {reference:02X}"
        self._exchange.ask(Ins.PUT_DATA, CERTIFICATE >> 8, CERTIFICATE & 0xFF, der, doing=doing)
