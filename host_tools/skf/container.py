"""A container: two key pairs, two certificates, and what its keys can do (GM/T 0016-2012, 7.5 and 7.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from host_tools.skf.algorithms import mode_of
from host_tools.skf.door import LARGEST_RESPONSE, Ask, Door, name_bytes, sized
from host_tools.skf.external import C1C3, counted_cryptogram, cryptogram_of
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.session import SessionKey
from host_tools.skf.values import (
    EXPONENT,
    SIGNATURE,
    SM2_SIZE,
    ContainerInfo,
    Envelope,
    RsaPublic,
    point,
)
from simcard.wire.gmt0017 import EXCHANGE_KEY, MAX_CONTAINER_NAME, SIGN_KEY, SM2_BITS, ContainerType, GmtIns, GmtSW
from simcard.wire.secret import Secret

ID = 2
HANDLE = 4
SESSION_KEY = 16
INFO = 11
MESSAGE, DIGEST = 0x01, 0x02
DIGEST_SIZE = 32
PUBLIC_SM2 = 4 + 2 * SM2_SIZE
VERSION = 1
WRAPPED_SM2 = 4 + C1C3 + 4 + SESSION_KEY + ID


class Owner(Protocol):
    """The application a container is in."""

    door: Door
    ident: bytes

    def ask(self, build: Callable[[bytes], Ask]) -> bytes:
        """A command built around the AppID."""


class Container:
    """An open container."""

    def __init__(self, owner: Owner, name: str, ident: bytes = b"") -> None:
        self.owner = owner
        self.door = owner.door
        self.name = name
        self._raw = name_bytes(name, MAX_CONTAINER_NAME)
        self._closed = False
        self.ident = ident
        if not ident:
            self.reopen()

    def reopen(self) -> None:
        """Ask for the ContainerID."""
        doing = f"opening container {self.name}"
        opened = self.owner.ask(lambda ident: Ask(GmtIns.OPEN_CONTAINER, doing, ident + self._raw, ne=ID))
        self.ident = sized(opened, ID)

    def ask(self, build: Callable[[bytes], Ask]) -> bytes:
        """A command built around AppID and ContainerID; once more with new ones if it was closed meanwhile."""
        if self._closed:
            raise SkfError(Sar.INVALIDHANDLEERR, f"container {self.name} is closed")
        try:
            return self.owner.ask(lambda ident: build(ident + self.ident))
        except SkfError as refused:
            if refused.sw != GmtSW.CONTAINER_ID_NOT_FOUND:
                raise
        self.reopen()
        return self.owner.ask(lambda ident: build(ident + self.ident))

    def _do(self, ins: GmtIns, doing: str, data: bytes = b"", p1: int = 0, ne: int = 0, long: bool = False) -> bytes:
        return self.ask(lambda where: Ask(ins, doing, where + data, p1, 0, ne, long=long))

    def close(self) -> None:
        """Close it; its session keys live on."""
        self._do(GmtIns.CLOSE_CONTAINER, f"closing container {self.name}")
        self._closed = True

    # -- what is in it

    def info(self) -> ContainerInfo:
        """Kind, key lengths, and which certificates there are."""
        doing = f"asking for container {self.name}"
        raw = self.owner.ask(lambda ident: Ask(GmtIns.GET_CONTAINER_INFO, doing, ident + self._raw, ne=INFO))
        if len(raw) != INFO or raw[0] not in set(ContainerType):
            raise SkfError(Sar.UNKNOWNERR, f"{doing}: the token's answer has {len(raw)} bytes")
        number = self.door.number
        return ContainerInfo(ContainerType(raw[0]), number(raw[1:5]), number(raw[5:9]), bool(raw[9]), bool(raw[10]))

    def import_certificate(self, sign: bool, certificate: bytes) -> None:
        """Put a certificate (DER) beside the signing or the exchange pair."""
        which = bytes((SIGN_KEY if sign else EXCHANGE_KEY,))
        data = which + self.door.counted(certificate)
        self._do(GmtIns.IMPORT_CERTIFICATE, "importing a certificate", data)

    def certificate(self, sign: bool) -> bytes:
        """The certificate of a pair; SAR_CERTNOTFOUNTERR when there is none."""
        doing = "exporting a certificate"
        raw = self._do(GmtIns.EXPORT_CERTIFICATE, doing, p1=_which(sign), ne=LARGEST_RESPONSE, long=True)
        return raw[4 : 4 + self.door.number(raw[:4])]

    def public_key(self, sign: bool) -> bytes | RsaPublic:
        """The public half of a pair: the point 04 x y of SM2, or an RSA key."""
        doing = "exporting a public key"
        raw = self._do(GmtIns.EXPORT_PUBLIC_KEY, doing, p1=_which(sign), ne=LARGEST_RESPONSE)
        if len(raw) == PUBLIC_SM2 and self.door.number(raw[:4]) == SM2_BITS:
            return b"\x04" + raw[4:]
        return RsaPublic(raw[2 + EXPONENT :], raw[2 : 2 + EXPONENT])

    # -- pairs

    def generate_sm2(self) -> bytes:
        """Make the signing pair on board; its point. With it goes the pair that was there."""
        raw = self._do(GmtIns.GEN_ECC_KEY_PAIR, "generating an SM2 pair", self.door.u4(SM2_BITS), ne=PUBLIC_SM2)
        return b"\x04" + sized(raw, 2 * SM2_SIZE, PUBLIC_SM2)[-2 * SM2_SIZE :]

    def generate_rsa(self, bits: int) -> RsaPublic:
        """The same with RSA."""
        doing = "generating an RSA pair"
        raw = self._do(GmtIns.GEN_RSA_KEY_PAIR, doing, self.door.u2(bits), ne=LARGEST_RESPONSE)
        return RsaPublic(raw[:-EXPONENT], raw[-EXPONENT:])

    def import_sm2(self, envelope: Envelope) -> None:
        """Import the exchange pair in an envelope made for the signing key."""
        u4, counted = self.door.u4, self.door.counted
        head = u4(VERSION) + u4(envelope.algorithm) + u4(SM2_BITS)
        public, wrapped = point(envelope.public), counted_cryptogram(self.door, envelope.wrapped)
        if self.door.dialect.import_ecc_order == "std":
            data = head + counted(envelope.encrypted) + public + u4(SM2_BITS) + wrapped
        else:
            data = head + wrapped + u4(SM2_BITS) + public + counted(envelope.encrypted)
        self._do(GmtIns.IMPORT_ECC_KEY_PAIR, "importing an SM2 pair", data)

    def import_rsa(self, algorithm: int, wrapped: bytes, encrypted: bytes) -> None:
        """Import the exchange pair: a symmetric key under the signing key, RSAPrivateKey under that in ECB."""
        u4, counted = self.door.u4, self.door.counted
        bits = self.info().sign_bits
        data = u4(algorithm) + counted(wrapped) + u4(bits) + counted(encrypted)
        self._do(GmtIns.IMPORT_RSA_KEY_PAIR, "importing an RSA pair", data)

    # -- signatures and decryption

    def sign_digest(self, digest: bytes) -> bytes:
        """r || s by the SM2 signing key over a digest of 32 bytes, Z_A already in it."""
        if len(digest) != DIGEST_SIZE:
            raise SkfError(Sar.INDATALENERR, f"a digest has {DIGEST_SIZE} bytes, not {len(digest)}")
        return self._signed(DIGEST, digest)

    def sign_message(self, message: bytes, ident: bytes) -> bytes:
        """r || s over a message that the token digests with the signer's identity."""
        return self._signed(MESSAGE, self.door.identity(ident) + message)

    def _signed(self, p1: int, data: bytes) -> bytes:
        raw = self._do(GmtIns.ECC_SIGN_DATA, "signing", data, p1, 4 + SIGNATURE)
        return sized(raw, 4 + SIGNATURE, SIGNATURE)[-SIGNATURE:]

    def sign_rsa(self, data: bytes) -> bytes:
        """A PKCS#1 v1.5 signature over the data as they are (mostly a DigestInfo)."""
        return self._do(GmtIns.RSA_SIGN_DATA, "signing", data, DIGEST, LARGEST_RESPONSE)

    def decrypt(self, raw: bytes) -> Secret:
        """Decrypt C1 || C3 || C2 with the exchange key (ECCDecrypt of the drafts).

        GM/T 0017 has no command for it; this is our card's own. SAR_NOTSUPPORTYETERR for other tokens.
        """
        data = self.door.u4(SM2_BITS) + counted_cryptogram(self.door, raw)
        return Secret(self._do(GmtIns.ECC_DECRYPT, "decrypting", data, ne=LARGEST_RESPONSE, long=True)[4:])

    # -- session keys

    def _session(self, handle: bytes, algorithm: int) -> SessionKey:
        # Agreements name the key in four bytes, everything else in two.
        return SessionKey(self, self.door.number(sized(handle, ID, HANDLE)), algorithm)

    def export_session_key(self, public: bytes, algorithm: int) -> tuple[SessionKey, bytes]:
        """A new session key, and it as a cryptogram for a public key (point)."""
        check_session(algorithm)
        u4 = self.door.u4
        data = u4(SM2_BITS) + point(public) + u4(algorithm)
        raw = self._do(GmtIns.ECC_EXPORT_SESSION_KEY, "exporting a session key", data, ne=WRAPPED_SM2)
        made = cryptogram_of(self.door, raw[:-ID], SESSION_KEY)
        return self._session(raw[-ID:], algorithm), made

    def export_session_key_rsa(self, public: RsaPublic, algorithm: int) -> tuple[SessionKey, bytes]:
        """A new session key, and it in a PKCS#1 v1.5 block for an RSA key."""
        check_session(algorithm)
        u4 = self.door.u4
        data = u4(algorithm) + u4(public.bits) + public.n + public.e.rjust(EXPONENT, b"\0")
        raw = self._do(GmtIns.RSA_EXPORT_SESSION_KEY, "exporting a session key", data, ne=LARGEST_RESPONSE)
        return self._session(raw[:ID], algorithm), raw[ID:]

    def import_session_key(self, algorithm: int, wrapped: bytes) -> SessionKey:
        """A session key under the exchange key: a cryptogram for SM2, a PKCS#1 v1.5 block for RSA."""
        check_session(algorithm)
        if self.info().kind is ContainerType.SM2:
            wrapped = self.door.u4(SM2_BITS) + counted_cryptogram(self.door, wrapped)
        data = self.door.u4(algorithm) + self.door.counted(wrapped)
        raw = self._do(GmtIns.IMPORT_SESSION_KEY, "importing a session key", data, ne=ID)
        return self._session(raw, algorithm)

    def set_session_key(self, algorithm: int, key: Secret) -> SessionKey:
        """A session key in clear (SetSymmKey of the drafts)."""
        check_session(algorithm)
        data = self.door.u4(algorithm) + self.door.u2(len(key)) + key.reveal()
        return self._session(self._do(GmtIns.SET_SYMM_KEY, "setting a session key", data, ne=ID), algorithm)

    # -- key agreement (GM/T 0003.3)

    def offer(self, algorithm: int, ident: bytes) -> Agreement:
        """Begin an agreement: a temporary key, and a half that waits for the other side's."""
        check_session(algorithm)
        data = self.door.u4(algorithm) + self.door.identity(ident)
        raw = self._do(GmtIns.GENERATE_AGREEMENT_DATA, "offering an agreement", data, ne=PUBLIC_SM2 + HANDLE)
        sized(raw, PUBLIC_SM2 + HANDLE)
        return Agreement(self, self.door.number(raw[-HANDLE:]), algorithm, b"\x04" + raw[4:PUBLIC_SM2])

    def accept(
        self, algorithm: int, sponsor: bytes, sponsor_temporary: bytes, sponsor_id: bytes, ident: bytes
    ) -> tuple[SessionKey, bytes]:
        """Answer an offer: the key agreed on, and our temporary key for the other side."""
        check_session(algorithm)
        door = self.door
        data = door.u4(algorithm) + _peer(door, sponsor, sponsor_temporary, sponsor_id) + door.identity(ident)
        doing = "accepting an agreement"
        raw = self._do(GmtIns.GENERATE_AGREEMENT_DATA_AND_KEY, doing, data, ne=PUBLIC_SM2 + HANDLE)
        sized(raw, PUBLIC_SM2 + HANDLE)
        return self._session(raw[-HANDLE:], algorithm), b"\x04" + raw[4:PUBLIC_SM2]

    def complete(self, offer: int, algorithm: int, peer: bytes, temporary: bytes, ident: bytes) -> SessionKey:
        """Complete an offer with what the other side sent."""
        data = self.door.u4(offer) + _peer(self.door, peer, temporary, ident)
        raw = self._do(GmtIns.GENERATE_KEY, "completing an agreement", data, ne=HANDLE)
        return self._session(raw, algorithm)


class Agreement:
    """An offer of ours; `temporary` is the point that goes to the other side. It serves once."""

    def __init__(self, container: Container, handle: int, algorithm: int, temporary: bytes) -> None:
        self.container = container
        self.temporary = temporary
        self._handle = handle
        self._algorithm = algorithm

    def complete(self, peer: bytes, temporary: bytes, ident: bytes) -> SessionKey:
        """The key agreed on: the other side's key, temporary key and identity."""
        return self.container.complete(self._handle, self._algorithm, peer, temporary, ident)


def _which(sign: bool) -> int:
    return SIGN_KEY if sign else EXCHANGE_KEY


def _peer(door: Door, public: bytes, temporary: bytes, ident: bytes) -> bytes:
    bits = door.u4(SM2_BITS)
    return bits + point(public) + bits + point(temporary) + door.identity(ident)


def check_session(algorithm: int) -> None:
    """A session key's algorithm names a cipher and a mode."""
    if mode_of(algorithm) is None:
        raise SkfError(Sar.NOTSUPPORTYETERR, f"session algorithm {algorithm:08X} is unknown")
