"""DER vectors: SM2 and ECDSA signatures as SEQUENCE { r, s }, SM2Cipher, and every way to encode them wrongly."""

from __future__ import annotations

from collections.abc import Callable

from scripts.vectors.shape import DEFAULT_ID, ENGINE, File, entropy, file, flipped, group, made
from scripts.vectors.shape import test as case
from scripts.vectors.sm2 import D, K, b32, bad_points, digest, encrypt
from simcard.crypto.curve import N
from simcard.crypto.ec import CURVES
from simcard.hal.engine import KeyKind
from simcard.hal.entropy import Entropy, ScriptedEntropy
from simcard.wire.secret import Secret

SEQUENCE, SET, INTEGER, OCTETS, NULL = 0x30, 0x31, 0x02, 0x04, b"\x05\x00"
NOTES = {
    "Normal": "An ordinary case in DER.",
    "LeadingZero": "A number whose highest bit is set, so DER puts a zero byte before it.",
    "BerEncoding": "BER, but not DER: a length longer than it must be, or of indefinite form (X.690, 10.1).",
    "NonMinimalInteger": "An INTEGER with more bytes than it needs (X.690, 8.3.2).",
    "NegativeInteger": "An INTEGER below zero; a reader of unsigned numbers takes it for a good one.",
    "TruncatedDer": "The encoding ends too soon.",
    "TrailingData": "Bytes behind, or inside, the structure.",
    "WrongTag": "An element has another tag.",
    "WrongLength": "A field does not have its length.",
    "RangeCheck": "A number is not in 1 to n - 1.",
    "ModifiedSignature": "The encoding is right, the signature is not.",
    "ModifiedCiphertext": "The encoding is right, C3 does not belong to what C2 decrypts to.",
    "InvalidPoint": "C1 is not on the curve.",
    "CoordinateRange": "A coordinate is not below p.",
    "OldOrder": "The fields are in the order C1, C2, C3.",
    "RawEncoding": "The bare bytes instead of their DER.",
}
Spoiled = list[tuple[str, str, bytes]]


def element(tag: int, content: bytes) -> bytes:
    """One DER element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int) -> bytes:
    """INTEGER of any sign in its shortest form."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return element(INTEGER, value.to_bytes(size, "big", signed=True))


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of encoded parts."""
    return element(SEQUENCE, b"".join(parts))


def wrong_shells(parts: list[bytes], raw: bytes) -> Spoiled:
    """What can be wrong with any SEQUENCE of these parts, whatever they mean; `raw` is the bare form."""
    good, body = sequence(*parts), b"".join(parts)
    size, first = len(body), parts[0]
    long_form = bytes((0x81, size)) if size < 0x80 else b"\x82\0" + bytes((size,))
    long_first = bytes((INTEGER, 0x81)) + first[1:]
    return [
        ("empty", "TruncatedDer", b""),
        ("the tag alone", "TruncatedDer", good[:1]),
        ("an empty SEQUENCE", "TruncatedDer", sequence()),
        ("last byte missing", "TruncatedDer", good[:-1]),
        ("last element missing", "TruncatedDer", sequence(*parts[:-1])),
        ("last element missing, length kept", "TruncatedDer", good[: -len(parts[-1])]),
        ("a zero byte behind", "TrailingData", good + b"\0"),
        ("NULL behind", "TrailingData", good + NULL),
        ("NULL inside", "TrailingData", sequence(*parts, NULL)),
        ("another INTEGER inside", "TrailingData", sequence(*parts, integer(1))),
        ("the same again behind", "TrailingData", good + good),
        ("long form of the length", "BerEncoding", bytes((SEQUENCE,)) + long_form + body),
        ("length in four bytes", "BerEncoding", b"\x30\x84" + size.to_bytes(4, "big") + body),
        ("indefinite length", "BerEncoding", b"\x30\x80" + body + b"\0\0"),
        ("long form of the first INTEGER's length", "BerEncoding", sequence(long_first, *parts[1:])),
        ("length one too great", "TruncatedDer", good[:1] + bytes((size + 1,)) + body),
        ("length one too small", "TrailingData", good[:1] + bytes((size - 1,)) + body),
        ("length of 2^32 - 1", "TruncatedDer", b"\x30\x84\xff\xff\xff\xff" + body),
        ("length of 2^64 - 1", "TruncatedDer", b"\x30\x88" + b"\xff" * 8 + body),
        ("SET", "WrongTag", element(SET, body)),
        ("OCTET STRING inside instead of INTEGER", "WrongTag", sequence(bytes((OCTETS,)) + first[1:], *parts[1:])),
        ("a zero byte before the first number", "NonMinimalInteger", sequence(_padded(first), *parts[1:])),
        ("first INTEGER without content", "WrongLength", sequence(element(INTEGER, b""), *parts[1:])),
        ("no DER at all", "RawEncoding", raw),
    ]


def _padded(number: bytes) -> bytes:
    return element(INTEGER, b"\0" + number[2:])


def wrong_signatures(r: int, s: int, n: int) -> Spoiled:
    """What can be wrong with SEQUENCE { r, s }; the highest bits of r and s are set."""
    size = (n.bit_length() + 7) // 8
    raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    numbers = [
        ("r - 2^bits, which has the same bytes", "NegativeInteger", r - (1 << 8 * size), s),
        ("s - 2^bits, which has the same bytes", "NegativeInteger", r, s - (1 << 8 * size)),
        ("r negated", "NegativeInteger", -r, s),
        ("r - n", "NegativeInteger", r - n, s),
        ("s - n", "NegativeInteger", r, s - n),
        ("r = 0", "RangeCheck", 0, s),
        ("s = 0", "RangeCheck", r, 0),
        ("r = n", "RangeCheck", n, s),
        ("s = n", "RangeCheck", r, n),
        ("r = n + 1", "RangeCheck", n + 1, s),
        ("s = n + 1", "RangeCheck", r, n + 1),
        ("r + n", "RangeCheck", r + n, s),
        ("s + n", "RangeCheck", r, s + n),
        ("r = -1", "NegativeInteger", -1, s),
        ("r of 2^(8 * 1000)", "RangeCheck", 1 << 8000, s),
        ("s changed", "ModifiedSignature", r, s ^ 2),
        ("r and s exchanged", "ModifiedSignature", s, r),
    ]
    spoiled = [(why, flag, sequence(integer(one), integer(two))) for why, flag, one, two in numbers]
    return spoiled + wrong_shells([integer(r), integer(s)], raw)


def halves(raw: bytes) -> tuple[int, int]:
    """r and s."""
    half = len(raw) // 2
    return int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")


def full_signature(sign: Callable[[bytes], bytes], source: Entropy) -> bytes:
    """The first signature of which r and s both have their highest bit set."""
    while True:
        raw = sign(source.read(32))
        if raw[0] & 0x80 and raw[len(raw) // 2] & 0x80:
            return raw


def signature() -> File:
    """sm2_signature_der.json."""
    private, public = Secret(D), ENGINE.public_of(KeyKind.SM2, Secret(D))
    e = digest(public, DEFAULT_ID, b"declaration")
    source = entropy("sm2 der")
    shared = {"ident": DEFAULT_ID, "msg": b"declaration"}
    good = []
    for number in range(8):
        r, s = halves(ENGINE.sm2_sign(private, e, source))
        good.append(case(f"signature {number}", "valid", "Normal", **shared, sig=sequence(integer(r), integer(s))))
    nonce_to_signature = lambda nonce: ENGINE.sm2_sign(private, e, ScriptedEntropy(nonce))  # noqa: E731 one use
    r, s = halves(full_signature(nonce_to_signature, source))
    whole = sequence(integer(r), integer(s))
    good.append(case("r and s of 33 bytes", "valid", "LeadingZero", **shared, sig=whole))
    bad = [case(why, "invalid", flag, **shared, sig=value) for why, flag, value in wrong_signatures(r, s, N)]
    groups = [
        group("Sm2VerifyDer", made("OpenSSL 3.0.19"), good, private=D, public=public),
        group("Sm2VerifyDer", made("OpenSSL 3.0.19"), bad, private=D, public=public),
    ]
    header = ["SM2 signatures as SM2Signature, GM/T 0009-2012, 7.3: SEQUENCE { r INTEGER, s INTEGER } in DER."]
    return file("SM2", "sm2_verify_der_schema", header, NOTES, groups)


def ecdsa() -> File:
    """ecdsa_p256_der.json."""
    kind = KeyKind.P256
    source = entropy("ecdsa der")
    private, public = ENGINE.generate(kind, 256, source)
    good = []
    for number in range(8):
        e = source.read(32)
        r, s = halves(ENGINE.ecdsa_sign(kind, private, e, source))
        good.append(case(f"signature {number}", "valid", "Normal", digest=e, sig=sequence(integer(r), integer(s))))
    while True:
        e = source.read(32)
        raw = ENGINE.ecdsa_sign(kind, private, e, source)
        if raw[0] & 0x80 and raw[32] & 0x80:
            break
    r, s = halves(raw)
    whole = sequence(integer(r), integer(s))
    good.append(case("r and s of 33 bytes", "valid", "LeadingZero", digest=e, sig=whole))
    spoiled = wrong_signatures(r, s, CURVES[kind].order)
    bad = [case(why, "invalid", flag, digest=e, sig=value) for why, flag, value in spoiled]
    verifier = "pycryptodome 4.4 and OpenSSL 3.0.19"
    shared = {"private": private.reveal(), "public": public}
    groups = [
        group("EcdsaVerifyDigestDer", made(verifier), good, **shared),
        group("EcdsaVerifyDigestDer", made(verifier), bad, **shared),
    ]
    header = ["ECDSA over a digest, Ecdsa-Sig-Value of RFC 3279, 2.2.3, in DER."]
    return file("ECDSA-P256", "ecdsa_digest_der_schema", header, NOTES, groups)


def cipher(raw: bytes) -> list[bytes]:
    """The four elements of the SM2Cipher of C1 || C3 || C2."""
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:65], "big")
    return [integer(x), integer(y), element(OCTETS, raw[65:97]), element(OCTETS, raw[97:])]


def wrong_ciphers(public: bytes) -> Spoiled:
    """What can be wrong with an SM2Cipher."""
    raw = encrypt(public, b"encryption standard", K)
    x, y, c3, c2 = cipher(raw)
    x_number = int.from_bytes(raw[1:33], "big")
    points = [
        (f"C1 {why}", flag, sequence(*cipher(point)[:2], c3, c2))
        for why, flag, point in bad_points(raw[:65])
        if len(point) == 65 and point[0] == 4 and flag in NOTES
    ]
    own = [
        ("x changed in sign only", "NegativeInteger", sequence(integer(x_number - (1 << 256)), y, c3, c2)),
        ("x = -1", "NegativeInteger", sequence(integer(-1), y, c3, c2)),
        ("x of 2^256", "WrongLength", sequence(integer(1 << 256), y, c3, c2)),
        ("C3 of 31 bytes", "WrongLength", sequence(x, y, element(OCTETS, raw[65:96]), c2)),
        ("C3 of 33 bytes", "WrongLength", sequence(x, y, element(OCTETS, raw[65:97] + b"\0"), c2)),
        ("no C3", "WrongLength", sequence(x, y, element(OCTETS, b""), c2)),
        ("C3 with a bit changed", "ModifiedCiphertext", sequence(*cipher(flipped(raw, 96)))),
        ("C2 with a bit changed", "ModifiedCiphertext", sequence(*cipher(flipped(raw)))),
        ("C2 one byte shorter", "ModifiedCiphertext", sequence(*cipher(raw[:-1]))),
        ("C2 before C3", "OldOrder", sequence(x, y, c2, c3)),
        ("C2 as an INTEGER", "WrongTag", sequence(x, y, c3, bytes((INTEGER,)) + c2[1:])),
    ]
    return own + points + wrong_shells([x, y, c3, c2], raw)


def encryption() -> File:
    """sm2_encryption_der.json."""
    public = ENGINE.public_of(KeyKind.SM2, Secret(D))
    source = entropy("sm2 cipher der")
    good = []
    for length in (1, 16, 19, 32, 100, 300):
        text, nonce = source.read(length), b32(int.from_bytes(source.read(31), "big"))
        ct = sequence(*cipher(encrypt(public, text, nonce)))
        good.append(case(f"{length} bytes", "valid", "Normal", msg=text, ct=ct))
    bad = [case(why, "invalid", flag, ct=value) for why, flag, value in wrong_ciphers(public)]
    groups = [
        group("Sm2DecryptDer", made("OpenSSL 3.0.19"), good, private=D, public=public),
        group("Sm2DecryptDer", made("refused by construction"), bad, private=D, public=public),
    ]
    header = ["SM2Cipher, GM/T 0009-2012, 7.2: SEQUENCE { x, y, hash OCTET STRING, ciphertext OCTET STRING } in DER."]
    return file("SM2", "sm2_decrypt_der_schema", header, NOTES, groups)
