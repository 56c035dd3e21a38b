"""Ways in which a signature is made over the wrong bytes, or over the right bytes in the wrong way.

Given the bytes that should have been signed and some that may have been, `trace` tries them all and says what fits.
With RSA the signature itself tells the digest it was made over, so even unknown bytes are told from a wrong key.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import md5, sha1, sha256

from host_tools.customs.compare import first_difference
from host_tools.customs.findings import Finding, good, wrong
from host_tools.eport_client import signatures
from host_tools.eport_client.signatures import NationalCrypto
from host_tools.eport_client.wording import Text
from host_tools.errors import BadResponse, BadSignature
from host_tools.pki import der
from host_tools.pki.keys import Hash, Kind, PublicKey, digest, sm2_digest

HALF = 32
DIGEST_INFO = {
    "SHA-1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "SHA-256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "MD5": bytes.fromhex("3020300c06082a864886f70d020505000410"),
}
"""What stands before the digest in an RSA signature (RFC 8017, 9.2, note 1)."""
RSA_HASHES: dict[str, Callable[[bytes], bytes]] = {
    "SHA-1": lambda data: sha1(data, usedforsecurity=False).digest(),
    "SHA-256": lambda data: sha256(data).digest(),
    "MD5": lambda data: md5(data, usedforsecurity=False).digest(),
}


@dataclass(frozen=True, slots=True)
class Suspect:
    """Bytes that may have been signed by mistake, and the mistake."""

    signed: bytes
    mistake: Text


@dataclass(frozen=True, slots=True)
class Case:
    """A signature to look into."""

    place: str
    key: PublicKey
    expected: bytes
    suspects: tuple[Suspect, ...]


def decoded(place: str, text: str) -> tuple[bytes, list[Finding]]:
    """The bytes of a signature or digest in base64, and what is wrong with how it is written."""
    body = "".join(text.split())
    found: list[Finding] = []
    if body != text:
        found.append(
            wrong(place, "Base64中有空白或换行，应为一行", "the base64 holds blanks or line breaks; use one line")
        )
    try:
        return b64decode(body, validate=True), found
    except ValueError:
        pass
    try:
        raw = bytes.fromhex(body)
    except ValueError:
        return b"", [wrong(place, "不是Base64", "it is not base64")]
    return raw, [*found, wrong(place, "是十六进制，应为Base64", "it is hexadecimal and must be base64")]


def trace(case: Case, signature: bytes, sm2: NationalCrypto) -> list[Finding]:
    """Whether the signature is good and, if not, which mistake explains it."""
    if _good(case.key, case.expected, signature, sm2):
        return [good(case.place, "签名正确", "the signature is good")]
    rsa = case.key.kind is Kind.RSA
    return _trace_rsa(case, signature) if rsa else _trace_sm2(case, signature, sm2)


def _good(key: PublicKey, message: bytes, signature: bytes, sm2: NationalCrypto) -> bool:
    try:
        signatures.check(key, message, signature, sm2)
    except BadSignature:
        return False
    return True


def _candidates(case: Case) -> Iterator[Suspect]:
    yield Suspect(case.expected, Text("", ""))
    yield from case.suspects


def _explained(case: Case, suspect: Suspect, how: Text) -> list[Finding]:
    """The findings once it is known what was signed, and how."""
    found = []
    if suspect.mistake.zh:
        found.append(wrong(case.place, suspect.mistake.zh, suspect.mistake.en))
    if how.zh:
        found.append(wrong(case.place, how.zh, how.en))
    difference = first_difference(case.expected, suspect.signed)
    if difference is not None:
        found.append(wrong(case.place, difference.zh, difference.en))
    return found


# -- RSA: the digest comes out of the signature


def _trace_rsa(case: Case, signature: bytes) -> list[Finding]:
    size = (case.key.bits + 7) // 8
    if len(signature) != size:
        zh, en = f"长度{len(signature)}字节，应为{size}字节", f"it has {len(signature)} bytes and must have {size}"
        return [wrong(case.place, zh, en)]
    block = pow(int.from_bytes(signature, "big"), case.key.e, case.key.n).to_bytes(size, "big")
    padding, _, rest = block[2:].partition(b"\0")
    if block[:2] != b"\0\x01" or padding.strip(b"\xff"):
        zh, en = "不是这张证书的密钥做的签名", "it was not made with the key of this certificate"
        return [wrong(case.place, zh, en)]
    return _trace_rsa_digest(case, rest)


def _trace_rsa_digest(case: Case, info: bytes) -> list[Finding]:
    for name, prefix in DIGEST_INFO.items():
        if not info.startswith(prefix):
            continue
        how = Text("", "") if name == "SHA-1" else Text(f"用了{name}，应为SHA-1", f"it uses {name} and must use SHA-1")
        for suspect in _candidates(case):
            if RSA_HASHES[name](suspect.signed) == info[len(prefix) :]:
                return _explained(case, suspect, how)
        shown, right = info[len(prefix) :].hex(), RSA_HASHES["SHA-1"](case.expected).hex()
        zh = f"密钥正确，但签的是别的内容：其{name}为{shown}，应为{right}"
        en = f"the key is right, but other bytes were signed: their {name} is {shown}, the right one is {right}"
        return [wrong(case.place, zh, en)]
    zh, en = (
        "密钥正确，但签名中没有摘要标识（直接签了原始数据）",
        "the key is right, but no digest was signed (raw data)",
    )
    return [wrong(case.place, zh, en)]


# -- SM2: every way is tried


def _trace_sm2(case: Case, signature: bytes, sm2: NationalCrypto) -> list[Finding]:
    for raw, form in _forms(signature):
        for suspect in _candidates(case):
            for made_over, how in _sm2_digests(case.key.point, suspect.signed):
                if _good_digest(case.key, made_over, raw, sm2):
                    return _explained(case, suspect, Text(form.zh + how.zh, form.en + how.en))
    if len(signature) != signatures.SM2_SIGNATURE:
        zh = f"长度{len(signature)}字节，应为64字节的r和s"
        return [wrong(case.place, zh, f"it has {len(signature)} bytes and must be r and s in 64 bytes")]
    zh = "签的是别的内容，或不是这张证书的密钥（SM2签名分不出是哪一种）"
    en = "other bytes were signed, or another key was used (an SM2 signature does not tell which)"
    return [wrong(case.place, zh, en)]


def _good_digest(key: PublicKey, made_over: bytes, raw: bytes, sm2: NationalCrypto) -> bool:
    try:
        signatures.check_digest(key, made_over, raw, sm2)
    except BadSignature:
        return False
    return True


def _forms(signature: bytes) -> Iterator[tuple[bytes, Text]]:
    """r and s, read in the ways in which they are miswritten."""
    if len(signature) == 2 * HALF:
        yield signature, Text("", "")
        yield signature[HALF:] + signature[:HALF], Text("s在r之前，应为r在前；", "s stands before r; ")
        swapped = signature[:HALF][::-1] + signature[HALF:][::-1]
        yield swapped, Text("r和s字节序颠倒；", "r and s are in reversed byte order; ")
    try:
        yield der.raw_ec_signature(signature, HALF), Text("是DER编码，应为64字节的r和s；", "it is DER, not r and s; ")
    except BadResponse:
        return


def _sm2_digests(point: bytes, message: bytes) -> Iterator[tuple[bytes, Text]]:
    yield sm2_digest(point, message), Text("", "")
    plain = digest(Hash.SM3, message)
    yield plain, Text("摘要没有先加ZA（直接SM3）", "the digest is SM3 of the message without ZA")
    yield (
        sm2_digest(point, message, b""),
        Text("用户标识为空，应为默认标识", "the identifier is empty, not the default"),
    )
    yield sm2_digest(point, plain), Text("对SM3摘要又签了一次（二次摘要）", "the SM3 digest was hashed again")
    hashed = sha1(message, usedforsecurity=False).digest()
    yield sm2_digest(point, hashed), Text("对SHA-1摘要又做了SM3", "the SHA-1 digest was hashed with SM3")
    yield sha256(message).digest(), Text("用了SHA-256", "SHA-256 was used")
