"""The caller's memory: texts, bytes, lengths and packed structures in and out.

NULL where something must be is SAR_INVALIDPARAMERR. Values of 32 bytes stand at the end of fields of 64; a program
that put one at the front instead is understood.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from host_tools.skf.algorithms import SGD_RSA
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.session import Run
from host_tools.skf.values import EXPONENT, SIGNATURE, SM2_SIZE, Envelope, RsaPrivate, RsaPublic, cryptogram, point
from simcard.wire.gmt0017 import SM2_BITS, DevInfo
from simcard.wire.secret import Secret

COORDINATE = 64
MODULUS = 256
LONGEST_IV = 32
HEAD = 2 * COORDINATE + SM2_SIZE + 4
"""Bytes of ECCCIPHERBLOB before the cipher text."""


class Memory:
    """Reads and writes through `ffi`."""

    def __init__(self, ffi: Any) -> None:
        self.ffi = ffi

    # -- plain values

    def need(self, *pointers: Any) -> None:
        """None of these may be NULL."""
        if self.ffi.NULL in pointers:
            raise SkfError(Sar.INVALIDPARAMERR, "a pointer is NULL")

    def number(self, handle: Any) -> int:
        """A handle as a number."""
        return int(self.ffi.cast("uintptr_t", handle))

    def set_handle(self, where: Any, handle: int) -> None:
        where[0] = self.ffi.cast("void *", handle)

    def text(self, pointer: Any) -> str:
        """A text ended by NUL."""
        self.need(pointer)
        try:
            return bytes(self.ffi.string(pointer)).decode()
        except UnicodeDecodeError:
            raise SkfError(Sar.INVALIDPARAMERR, "a text is not UTF-8") from None

    def secret(self, pointer: Any) -> Secret:
        """A PIN ended by NUL."""
        self.need(pointer)
        return Secret(self.ffi.string(pointer))

    def data(self, pointer: Any, size: int) -> bytes:
        """`size` bytes; NULL is allowed for none."""
        if not size:
            return b""
        self.need(pointer)
        return bytes(self.ffi.buffer(pointer, size))

    def names(self, out: Any, length: Any, names: list[str]) -> None:
        """A list of names, each ended by NUL, and one NUL more; two for an empty list."""
        self.give(out, length, b"".join(name.encode() + b"\0" for name in names) + (b"\0" if names else b"\0\0"))

    # -- lengths and buffers

    def give(self, out: Any, length: Any, made: bytes) -> None:
        """Bytes that are known already, or only their length when there is no buffer."""
        if self.room(out, length, len(made)):
            self.ffi.memmove(out, made, len(made))
            length[0] = len(made)

    def room(self, out: Any, length: Any, size: int, least: int | None = None) -> bool:
        """Whether there is a buffer; sets the length when there is none, SAR_BUFFER_TOO_SMALL when it is too small."""
        self.need(length)
        if out == self.ffi.NULL:
            length[0] = size
            return False
        if length[0] < (size if least is None else least):
            length[0] = size
            raise SkfError(Sar.BUFFER_TOO_SMALL, f"{size} bytes are needed")
        return True

    def step(self, out: Any, length: Any, sizes: tuple[int, int], run: Run, act: Callable[[], bytes]) -> None:
        """A step of an operation whose result has `sizes` (least, most) bytes.

        Where only the result tells the size, and the buffer turns out too small, the result is kept for the next
        call: the token has moved on already.
        """
        if run.kept is None:
            if not self.room(out, length, sizes[1], sizes[0]):
                return
            run.kept = act()
        self.give(out, length, run.kept)
        if out != self.ffi.NULL:
            run.kept = None

    # -- structures

    def _put(self, field: Any, value: bytes) -> None:
        """A value at the end of its field, zeros before it."""
        view = self.ffi.buffer(field)
        view[:] = value.rjust(len(view), b"\0")

    def _text(self, field: Any, value: bytes) -> None:
        view = self.ffi.buffer(field)
        view[:] = value[: len(view)].ljust(len(view), b"\0")

    def _take(self, field: Any, size: int) -> bytes:
        """The value of `size` bytes in a field, at its end or at its front."""
        raw = bytes(self.ffi.buffer(field))
        if any(raw[:-size]) and not any(raw[size:]):
            return raw[:size]
        if any(raw[:-size]):
            raise SkfError(Sar.INDATAERR, f"a value has more than {size} bytes")
        return raw[-size:]

    def _bits(self, blob: Any) -> None:
        if blob.BitLen != SM2_BITS:
            raise SkfError(Sar.INDATAERR, f"a key of {blob.BitLen} bits is no SM2 key")

    def ecc_public(self, blob: Any) -> bytes:
        """ECCPUBLICKEYBLOB as a point."""
        self.need(blob)
        self._bits(blob)
        return b"\x04" + self._take(blob.XCoordinate, SM2_SIZE) + self._take(blob.YCoordinate, SM2_SIZE)

    def set_ecc_public(self, blob: Any, public: bytes) -> None:
        self.need(blob)
        xy = point(public)
        blob.BitLen = SM2_BITS
        self._put(blob.XCoordinate, xy[:SM2_SIZE])
        self._put(blob.YCoordinate, xy[SM2_SIZE:])

    def ecc_private(self, blob: Any) -> Secret:
        """ECCPRIVATEKEYBLOB."""
        self.need(blob)
        self._bits(blob)
        return Secret(self._take(blob.PrivateKey, SM2_SIZE))

    def signature(self, blob: Any) -> bytes:
        """ECCSIGNATUREBLOB as r || s."""
        self.need(blob)
        return self._take(blob.r, SM2_SIZE) + self._take(blob.s, SM2_SIZE)

    def set_signature(self, blob: Any, signature: bytes) -> None:
        if len(signature) != SIGNATURE:
            raise SkfError(Sar.UNKNOWNERR, f"the token's signature has {len(signature)} bytes")
        self._put(blob.r, signature[:SM2_SIZE])
        self._put(blob.s, signature[SM2_SIZE:])

    def ecc_cipher(self, blob: Any) -> bytes:
        """ECCCIPHERBLOB as C1 || C3 || C2."""
        self.need(blob)
        body = self.data(self.ffi.cast("BYTE *", blob.Cipher), blob.CipherLen)
        x, y = self._take(blob.XCoordinate, SM2_SIZE), self._take(blob.YCoordinate, SM2_SIZE)
        return b"\x04" + x + y + bytes(self.ffi.buffer(blob.HASH)) + body

    def set_ecc_cipher(self, blob: Any, raw: bytes) -> None:
        self.need(blob)
        head, body = cryptogram(raw)
        self._put(blob.XCoordinate, head[:SM2_SIZE])
        self._put(blob.YCoordinate, head[SM2_SIZE : 2 * SM2_SIZE])
        self._put(blob.HASH, head[2 * SM2_SIZE :])
        blob.CipherLen = len(body)
        self.ffi.memmove(self.ffi.cast("BYTE *", blob.Cipher), body, len(body))

    def cipher_from(self, raw: bytes) -> bytes:
        """The same from the bytes of an ECCCIPHERBLOB; SAR_INDATALENERR when its length is not what it says."""
        if len(raw) < HEAD:
            raise SkfError(Sar.INDATALENERR, f"{len(raw)} bytes are no ECCCIPHERBLOB")
        blob = self.ffi.new("char[]", raw)
        cipher = self.ffi.cast("ECCCIPHERBLOB *", blob)
        if cipher.CipherLen > len(raw) - HEAD:
            raise SkfError(Sar.INDATALENERR, "an ECCCIPHERBLOB is longer than its bytes")
        return self.ecc_cipher(cipher)

    def envelope(self, blob: Any) -> Envelope:
        """ENVELOPEDKEYBLOB. A key of 32 bytes stands at either end of its field, or fills it with zeros inside."""
        self.need(blob)
        if blob.Version != 1 or blob.ulBits != SM2_BITS:
            raise SkfError(Sar.INDATAERR, "the envelope is not of version 1, or not for an SM2 key")
        whole = bytes(self.ffi.buffer(blob.cbEncryptedPriKey))
        front, back = whole[:SM2_SIZE], whole[SM2_SIZE:]
        encrypted = back if not any(front) else front if not any(back) else whole
        public = self.ecc_public(self.ffi.addressof(blob, "PubKey"))
        wrapped = self.ecc_cipher(self.ffi.addressof(blob, "ECCCipherBlob"))
        return Envelope(blob.ulSymmAlgID, encrypted, public, wrapped)

    def rsa_public(self, blob: Any) -> RsaPublic:
        """RSAPUBLICKEYBLOB, or the public part of RSAPRIVATEKEYBLOB."""
        self.need(blob)
        size = self._modulus_size(blob.BitLen)
        return RsaPublic(self._take(blob.Modulus, size), bytes(self.ffi.buffer(blob.PublicExponent)))

    def _modulus_size(self, bits: int) -> int:
        if bits % 16 or not 512 <= bits <= 8 * MODULUS:
            raise SkfError(Sar.RSAMODULUSLENERR, f"an RSA key of {bits} bits does not fit here")
        return bits // 8

    def set_rsa_public(self, blob: Any, key: RsaPublic) -> None:
        self.need(blob)
        self._modulus_size(key.bits)
        blob.AlgID, blob.BitLen = SGD_RSA, key.bits
        self._put(blob.Modulus, key.n)
        self._put(blob.PublicExponent, key.e[-EXPONENT:])

    def rsa_private(self, blob: Any) -> RsaPrivate:
        """RSAPRIVATEKEYBLOB."""
        public = self.rsa_public(blob)
        size = len(public.n)
        halves = (blob.Prime1, blob.Prime2, blob.Prime1Exponent, blob.Prime2Exponent, blob.Coefficient)
        d = Secret(self._take(blob.PrivateExponent, size))
        return RsaPrivate(public, d, *(Secret(self._take(half, size // 2)) for half in halves))

    def set_rsa_private(self, blob: Any, key: RsaPrivate) -> None:
        self.set_rsa_public(blob, key.public)
        halves = (blob.Prime1, blob.Prime2, blob.Prime1Exponent, blob.Prime2Exponent, blob.Coefficient)
        fields = (blob.PrivateExponent, *halves)
        for field, part in zip(fields, key.parts):
            self._put(field, part.reveal())

    def set_devinfo(self, blob: Any, info: DevInfo) -> None:
        """DEVINFO of 294 bytes."""
        self.need(blob)
        self.ffi.memmove(blob, bytes(self.ffi.sizeof("DEVINFO")), self.ffi.sizeof("DEVINFO"))
        blob.Version.major = 1
        for field, text in zip(
            (blob.Manufacturer, blob.Issuer, blob.Label, blob.SerialNumber),
            (info.manufacturer, info.issuer, info.label, info.serial),
        ):
            self._text(field, text)
        blob.HWVersion.major, blob.HWVersion.minor = info.hardware
        blob.FirmwareVersion.major, blob.FirmwareVersion.minor = info.firmware
        blob.AlgSymCap, blob.AlgAsymCap, blob.AlgHashCap = info.alg_sym, info.alg_asym, info.alg_hash
        blob.DevAuthAlgId, blob.TotalSpace, blob.FreeSpace = info.alg_dev_auth, info.total, info.free
        blob.MaxECCBufferSize = blob.MaxBufferSize = info.max_apdu
