"""Services of a token with keys that come with the call: verification, encryption, and what drafts had besides.

GM/T 0016-2012, 7.6; the functions with external private keys are only in drafts, and every vendor has them.
"""

from __future__ import annotations

from host_tools.skf.door import LARGEST_RESPONSE, Ask, Door
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.values import EXPONENT, SIGNATURE, SM2_SIZE, RsaPrivate, RsaPublic, cryptogram, point
from simcard.wire.gmt0017 import SM2_BITS, GmtIns
from simcard.wire.secret import Secret

DIGEST = 0x02
DIGEST_SIZE = 32
C1C3 = 3 * SM2_SIZE
PUBLIC, PRIVATE = 0x01, 0x00
ENCRYPTION_KEY = 0x01


def cryptogram_of(door: Door, raw: bytes, plain_size: int) -> bytes:
    """C1 || C3 || C2 out of a token's answer, with or without the bit length before it."""
    extra = len(raw) - (C1C3 + 4 + plain_size)
    if extra not in (0, 4):
        raise SkfError(Sar.UNKNOWNERR, f"the token's cryptogram has {len(raw)} bytes")
    body = raw[extra:]
    return b"\x04" + body[:C1C3] + body[C1C3 + 4 :]


def counted_cryptogram(door: Door, raw: bytes) -> bytes:
    """A cryptogram as it goes to the token: X, Y, hash, length, cipher text."""
    head, body = cryptogram(raw)
    return head + door.counted(body)


class External:
    """What a token does with foreign keys."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def _point(self, raw: bytes) -> bytes:
        return self._door.u4(SM2_BITS) + point(raw)

    # -- SM2

    def ecc_verify(self, public: bytes, digest: bytes, signature: bytes, ins: GmtIns = GmtIns.ECC_VERIFY) -> None:
        """SAR_HASHNOTEQUALERR unless r || s is good for the digest (32 bytes)."""
        if len(signature) != SIGNATURE or len(digest) != DIGEST_SIZE:
            raise SkfError(Sar.INDATALENERR, "a digest has 32 bytes and a signature 64")
        data = self._point(public) + self._door.counted(digest) + signature
        self._door.ask(Ask(ins, "verifying a signature", data, p1=DIGEST))

    def ext_ecc_verify(self, public: bytes, digest: bytes, signature: bytes) -> None:
        """ExtECCVerify; the same service under another instruction code."""
        odd = self._door.dialect.ext_ecc_verify == "7F"
        self.ecc_verify(public, digest, signature, GmtIns.EXT_ECC_VERIFY_ODD if odd else GmtIns.EXT_ECC_VERIFY)

    def ecc_encrypt(self, public: bytes, plain: bytes) -> bytes:
        """ExtECCEncrypt: C1 || C3 || C2."""
        data = self._point(public) + self._door.counted(plain)
        doing = "encrypting for a public key"
        raw = self._door.ask(Ask(GmtIns.EXT_ECC_ENCRYPT, doing, data, ne=LARGEST_RESPONSE, long=True))
        return cryptogram_of(self._door, raw, len(plain))

    def ecc_decrypt(self, private: Secret, raw: bytes) -> bytes:
        """ExtECCDecrypt with a private key in clear."""
        data = self._door.u4(SM2_BITS) + private.reveal() + counted_cryptogram(self._door, raw)
        doing = "decrypting with an external key"
        return self._door.ask(Ask(GmtIns.EXT_ECC_DECRYPT, doing, data, ne=LARGEST_RESPONSE, long=True))[4:]

    def ecc_sign(self, private: Secret, digest: bytes) -> bytes:
        """ExtECCSign with a private key in clear: r || s."""
        data = self._door.u4(SM2_BITS) + private.reveal() + self._door.counted(digest)
        return self._door.ask(Ask(GmtIns.EXT_ECC_SIGN, "signing with an external key", data, ne=SIGNATURE))

    # -- RSA

    def _rsa_public(self, key: RsaPublic) -> bytes:
        return self._door.u4(key.bits) + key.n + key.e.rjust(EXPONENT, b"\0")

    def rsa_verify(self, key: RsaPublic, data: bytes, signature: bytes) -> None:
        """SAR_HASHNOTEQUALERR unless the PKCS#1 v1.5 block in the signature holds just these data."""
        if len(signature) != len(key.n):
            raise SkfError(Sar.INDATALENERR, f"a signature by this key has {len(key.n)} bytes")
        body = self._rsa_public(key) + self._door.counted(data) + signature
        self._door.ask(Ask(GmtIns.RSA_VERIFY, "verifying an RSA signature", body, p1=DIGEST))

    def generate_rsa(self, bits: int) -> RsaPrivate:
        """GenExtRSAKey: a pair for use outside the token."""
        ask = Ask(GmtIns.GEN_EXT_RSA_KEY, "generating an external RSA key", self._door.u2(bits), ne=LARGEST_RESPONSE)
        raw = self._door.ask(ask)
        size, half = bits // 8, bits // 16
        if len(raw) != 2 * size + EXPONENT + 5 * half:
            raise SkfError(Sar.UNKNOWNERR, f"the token's RSA key has {len(raw)} bytes")
        public = RsaPublic(raw[:size], raw[size : size + EXPONENT])
        at = size + EXPONENT
        halves = [Secret(raw[at + size + i * half : at + size + (i + 1) * half]) for i in range(5)]
        return RsaPrivate(public, Secret(raw[at : at + size]), *halves)

    def rsa_public(self, key: RsaPublic, block: bytes) -> bytes:
        """ExtRSAPubKeyOperation: the bare operation on a block of the modulus's length."""
        return self._operation(PUBLIC, self._rsa_public(key) + self._block(key, block))

    def rsa_private(self, key: RsaPrivate, block: bytes) -> bytes:
        """ExtRSAPriKeyOperation: the same with a private key in clear."""
        parts = b"".join(part.reveal() for part in key.parts)
        return self._operation(PRIVATE, self._rsa_public(key.public) + parts + self._block(key.public, block))

    def _block(self, key: RsaPublic, block: bytes) -> bytes:
        if len(block) != len(key.n):
            raise SkfError(Sar.INDATALENERR, f"a block for this key has {len(key.n)} bytes, not {len(block)}")
        return block

    def _operation(self, which: int, data: bytes) -> bytes:
        doing = "operating with an external RSA key"
        ask = Ask(GmtIns.EXT_RSA_KEY_OPERATION, doing, data, ENCRYPTION_KEY, which, ne=LARGEST_RESPONSE)
        return self._door.ask(ask)
