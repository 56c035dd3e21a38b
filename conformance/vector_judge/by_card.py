"""A card behind any link, asked with the commands of GM/T 0017-2012, clause 9, spelt out here byte by byte.

SM2, SM3 and RSA verification need nothing on the card. SM4 needs an application with a container to hang a session
key on; where the card has none of the given names, those vectors are unsupported. A field of fixed width cannot carry
a value of another: such a vector is unsupported too, since the card never gets to see it.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.vector_judge.judge import Operation, Refusal, Stumble, Unsupported
from conformance.vector_judge.vector import Vector
from host_tools.link.base import CardLink

DEFAULT_ID = b"1234567812345678"
OK, NO_SUCH_INSTRUCTION = 0x9000, 0x6D00
POINT, ID_ROOM = 65, 32
SM2_BITS = (256).to_bytes(4, "big")
HASHES = {"sm3": 1, "sha1": 2, "sha256": 3, "sha384": 4, "sha512": 5}
MODES = {"ecb": 0x401, "cbc": 0x402, "cfb": 0x404, "ofb": 0x408}
SM4_MAC = 0x410


def u2(value: int) -> bytes:
    """Two bytes, most significant first."""
    return value.to_bytes(2, "big")


def u4(value: int) -> bytes:
    """Four bytes, most significant first."""
    return value.to_bytes(4, "big")


def counted(data: bytes) -> bytes:
    """A length of four bytes, and the data."""
    return u4(len(data)) + data


class Card:
    """A card at the end of a link, with the names of an application and a container on it."""

    name = "card"

    def __init__(self, link: CardLink, application: str, container: str) -> None:
        self._link = link
        self._names = application.encode(), container.encode()
        self._place: bytes | None = None
        self.version = f"ATR {link.atr.hex().upper()}"

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {
            "Sm2Verify": self._verify,
            "Sm2VerifyDigest": self._verify_digest,
            "Sm2Decrypt": self._decrypt,
            "DigestTest": self._digest,
            "CipherTest": self._cipher,
            "CbcPaddingTest": self._cbc,
            "CbcMacTest": self._mac,
            "RsassaPkcs1Verify": self._rsa,
        }

    def _ask(self, ins: int, data: bytes = b"", p1: int = 0, p2: int = 0) -> bytes:
        """The response data; a `Refusal` names the status word."""
        header = bytes((0x80, ins, p1, p2))
        response = self._link.transmit(header + (b"\0" + u2(len(data)) + data + b"\0\0" if data else b"\0\0\0"))
        sw = int.from_bytes(response[-2:], "big")
        if sw == NO_SUCH_INSTRUCTION:
            raise Unsupported(f"the card has no instruction {ins:02X}")
        if sw == 0x6F00:
            raise Stumble("6F00")
        if sw != OK:
            raise Refusal(f"{sw:04X}")
        return response[:-2]

    # -- SM2, SM3, RSA -------------------------------------------------------------------------------------------

    def _public(self, vector: Vector) -> bytes:
        public = vector["public"]
        if len(public) != POINT or public[0] != 4:
            raise Unsupported("a key of this length or form has no place in the command")
        return SM2_BITS + public[1:]

    def _verify(self, vector: Vector) -> None:
        key, ident, message = self._public(vector), vector["ident"], vector["msg"]
        if ident == DEFAULT_ID:
            self._ask(0x76, key + counted(message) + vector["sig"], p1=1)
            return
        if len(ident) > ID_ROOM:
            raise Unsupported("the identifier is too long for the command")
        self._ask(0xB4, key + counted(ident), p2=HASHES["sm3"])
        digest = self._ask(0xB6, message)
        self._ask(0x76, key + counted(digest) + vector["sig"], p1=2)

    def _verify_digest(self, vector: Vector) -> None:
        self._ask(0x76, self._public(vector) + counted(vector["digest"]) + vector["sig"], p1=2)

    def _decrypt(self, vector: Vector) -> bytes:
        sealed = vector["ct"]
        if sealed[:1] != b"\4":
            raise Unsupported("a point of another form has no place in the command")
        body = sealed[1:97] + (counted(sealed[97:]) if len(sealed) >= 97 else b"")
        opened = self._ask(0x7C, SM2_BITS + vector["private"] + body)
        return opened[4:]

    def _digest(self, vector: Vector) -> bytes:
        self._ask(0xB4, p2=HASHES["sm3"])
        return self._ask(0xB6, vector["msg"])

    def _rsa(self, vector: Vector) -> None:
        modulus, exponent = _numbers(vector["public"])
        code = HASHES.get(vector.text("sha"))
        if code is None:
            raise Unsupported("the command has no code for the hash")
        key = u4(8 * len(modulus)) + modulus + exponent.rjust(4, b"\0")
        self._ask(0x5E, key + counted(vector["msg"]) + vector["sig"], p1=1, p2=code)

    # -- SM4 -----------------------------------------------------------------------------------------------------

    def _container(self) -> bytes:
        """AppID and ContainerID, asked for once."""
        if self._place is None:
            application, container = self._names
            try:
                ident = self._ask(0x26, application)[-2:]
                self._place = ident + self._ask(0x42, ident + container)[-2:]
            except Refusal as refusal:
                raise Unsupported(f"no container for session keys: {refusal}") from None
        return self._place

    def _run(self, vector: Vector, commands: tuple[int, int], algorithm: int, data: bytes, padding: int = 0) -> bytes:
        """Set a key, begin, do it all in one piece, forget the key."""
        place, key, iv = self._container(), vector["key"], vector["iv"]
        handle = self._ask(0xA2, place + u4(algorithm) + u2(len(key)) + key)[:2]
        on_key = place + handle
        begin, whole = commands
        try:
            self._ask(begin, on_key + u4(algorithm) + u2(len(iv)) + iv + u4(padding) + u4(0))
            return self._ask(whole, on_key + data)
        finally:
            self._ask(0xC4, on_key)

    def _cipher(self, vector: Vector) -> bytes:
        mode = vector.text("mode")
        if mode not in MODES or (mode == "ecb" and vector["iv"]):
            raise Unsupported("the command has no code for the mode, or the mode no initial value")
        return self._run(vector, (0xA4, 0xA6), MODES[mode], vector["msg"])

    def _cbc(self, vector: Vector) -> bytes:
        return self._run(vector, (0xAC, 0xAE), MODES["cbc"], vector["ct"], padding=1)

    def _mac(self, vector: Vector) -> bytes:
        return self._run(vector, (0xBC, 0xBE), SM4_MAC, vector["msg"])


def _numbers(public: bytes) -> tuple[bytes, bytes]:
    """n and e of an RSAPublicKey, without zeros in front."""
    found = []
    at = _content(public, 0)[0]
    for _ in range(2):
        start, end = _content(public, at)
        found.append(public[start:end].lstrip(b"\0"))
        at = end
    return found[0], found[1]


def _content(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at `at` begins and ends."""
    first = data[at + 1]
    more = first & 0x7F if first & 0x80 else 0
    size = int.from_bytes(data[at + 2 : at + 2 + more], "big") if more else first
    return at + 2 + more, at + 2 + more + size
