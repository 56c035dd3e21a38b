"""SM2 vectors: signature, encryption, key exchange."""

from __future__ import annotations

from collections.abc import Callable

from scripts.vectors.shape import DEFAULT_ID, ENGINE, File, Group, Test, entropy, file, flipped, group, made, published
from scripts.vectors.shape import test as case
from simcard.crypto.curve import A, B, N, P, decode_point, encode_point
from simcard.crypto.points_python import PythonPoints
from simcard.crypto.sm2 import kdf
from simcard.hal.engine import Hash, KeyKind
from simcard.hal.entropy import ScriptedEntropy
from simcard.wire.secret import Secret

STANDARD = "GB/T 32918.5-2017 (GM/T 0003.5-2012)"
VERIFIER = "gmssl 3.2.2 and OpenSSL 3.0.19"
POINTS = PythonPoints()
D = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
K = bytes.fromhex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21")

NOTES = {
    "Normal": "An ordinary case.",
    "LeadingZero": "A value with a leading zero byte: fixed-width fields must keep it.",
    "Prefix04": "X begins with the byte 04, which an implementation may take for the point's prefix.",
    "EdgeKey": "The private key is 1 or n - 2, the ends of its range.",
    "Identifier": "The identifier is not the default one.",
    "ModifiedMessage": "The signature belongs to another message or identifier.",
    "ModifiedSignature": "One bit of the signature is changed.",
    "RangeCheck": "r or s is not in 1 to n - 1; without the check the equation may hold.",
    "ZeroT": "r + s = n, so t = 0 and the public key plays no part.",
    "Infinity": "The sum s * G + t * P, or a point of the input, is the point at infinity.",
    "WrongLength": "Bytes are missing or left over.",
    "InvalidPoint": "A point is not on the curve; multiplying it tells about the private key.",
    "CoordinateRange": "A coordinate is not below p.",
    "PointFormat": "The point is not 04 || X || Y.",
    "ModifiedCiphertext": "C3 does not belong to what C2 decrypts to; no plaintext may leave.",
    "OldOrder": "The ciphertext is C1 || C2 || C3, the order of the draft before the standard.",
    "ZeroKeyStream": "The derived key stream is all zeros, which step B4 refuses.",
    "EmptyMessage": "The message is empty.",
}


def b32(value: int) -> bytes:
    """A number in 32 bytes."""
    return value.to_bytes(32, "big")


def pair_where(label: str, wanted: Callable[[bytes, bytes], bool]) -> tuple[Secret, bytes]:
    """The first pair of a stream that has the wanted form."""
    source = entropy(label)
    while True:
        private, public = ENGINE.generate(KeyKind.SM2, 256, source)
        if wanted(private.reveal(), public):
            return private, public


def keys() -> list[tuple[str, str, Secret, bytes]]:
    """(comment, flag, private, public) of the keys the signature and encryption files use."""
    edge = [(f"d = {name}", "EdgeKey", Secret(b32(d))) for name, d in (("1", 1), ("n - 2", N - 2))]
    shaped = {
        "random key": ("Normal", lambda _d, _p: True),
        "d begins with 00": ("LeadingZero", lambda d, _p: d[0] == 0),
        "X begins with 00": ("LeadingZero", lambda _d, p: p[1] == 0),
        "Y begins with 00": ("LeadingZero", lambda _d, p: p[33] == 0),
        "X begins with 04": ("Prefix04", lambda _d, p: p[1] == 4),
    }
    found = [(name, flag, *pair_where(name, test)) for name, (flag, test) in shaped.items()]
    return found + [(name, flag, d, ENGINE.public_of(KeyKind.SM2, d)) for name, flag, d in edge]


def digest(public: bytes, ident: bytes, message: bytes) -> bytes:
    """e of a message."""
    return ENGINE.digest(Hash.SM3, ENGINE.sm2_za(public, ident) + message)


def sign(private: Secret, public: bytes, ident: bytes, message: bytes, nonce: bytes) -> bytes:
    """A signature with this nonce."""
    return ENGINE.sm2_sign(private, digest(public, ident, message), ScriptedEntropy(nonce))


def nonce_where(private: Secret, public: bytes, message: bytes, index: int) -> bytes:
    """A nonce whose signature has a zero byte at `index`."""
    source = entropy(f"nonce {index}")
    while True:
        nonce = source.read(32)
        if 0 < int.from_bytes(nonce, "big") < N and sign(private, public, DEFAULT_ID, message, nonce)[index] == 0:
            return nonce


def signature_cases(name: str, flag: str, private: Secret, public: bytes) -> list[Test]:
    """Good signatures of one key, then one of each way to spoil them."""
    source = entropy(f"signatures {name}")
    tests = []
    for text, ident in ((b"", DEFAULT_ID), (b"a", b""), (b"electronic port" * 5, b"ALICE123@YAHOO.COM")):
        nonce = source.read(32)
        sig = sign(private, public, ident, text, nonce)
        flags = (flag,) if ident == DEFAULT_ID else (flag, "Identifier")
        tests.append(case(name, "valid", *flags, ident=ident, msg=text, nonce=nonce, sig=sig))
    text, nonce = b"declaration", source.read(32)
    sig = sign(private, public, DEFAULT_ID, text, nonce)
    r, s = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big")
    bad = [
        ("another message", "ModifiedMessage", {"msg": b"declaratioN"}),
        ("another identifier", "ModifiedMessage", {"ident": b"1234567812345679"}),
        ("r with a bit changed", "ModifiedSignature", {"sig": flipped(sig, 31)}),
        ("s with a bit changed", "ModifiedSignature", {"sig": flipped(sig, 63)}),
        ("r and s exchanged", "ModifiedSignature", {"sig": sig[32:] + sig[:32]}),
        ("s negated", "ModifiedSignature", {"sig": sig[:32] + b32(N - s)}),
        ("r = 0", "RangeCheck", {"sig": bytes(32) + sig[32:]}),
        ("s = 0", "RangeCheck", {"sig": sig[:32] + bytes(32)}),
        ("r = n", "RangeCheck", {"sig": b32(N) + sig[32:]}),
        ("s = n", "RangeCheck", {"sig": sig[:32] + b32(N)}),
        ("r = n + 1", "RangeCheck", {"sig": b32(N + 1) + sig[32:]}),
        ("s = n + 1", "RangeCheck", {"sig": sig[:32] + b32(N + 1)}),
        ("r and s all ones", "RangeCheck", {"sig": b"\xff" * 64}),
        ("r and s zero", "RangeCheck", {"sig": bytes(64)}),
        ("t = 0", "ZeroT", {"sig": b32(r) + b32(N - r)}),
        ("last byte missing", "WrongLength", {"sig": sig[:-1]}),
        ("a byte behind", "WrongLength", {"sig": sig + b"\0"}),
        ("a zero byte before each number", "WrongLength", {"sig": b"\0" + sig[:32] + b"\0" + sig[32:]}),
        ("empty", "WrongLength", {"sig": b""}),
    ]
    good = {"ident": DEFAULT_ID, "msg": text, "sig": sig}
    return tests + [case(f"{name}: {why}", "invalid", why_flag, **{**good, **change}) for why, why_flag, change in bad]


def leading_zero_signatures() -> list[Test]:
    """Signatures whose r or s begins with 00."""
    private, public = Secret(D), ENGINE.public_of(KeyKind.SM2, Secret(D))
    tests = []
    for name, index in (("r", 0), ("s", 32)):
        nonce = nonce_where(private, public, b"short", index)
        sig = sign(private, public, DEFAULT_ID, b"short", nonce)
        values = {"ident": DEFAULT_ID, "msg": b"short", "nonce": nonce, "sig": sig}
        tests.append(case(f"{name} begins with 00", "valid", "LeadingZero", **values))
    return tests


def forged_digests(public: bytes) -> list[Test]:
    """Digests made to fit a chosen (s, t): e = t - s - x(s * G + t * P). Only the digest can be chosen so."""
    point = decode_point(public)
    tests = []
    for comment, s, t in (("s = 5", 5, K), ("s of 224 bits", (1 << 223) + 9, K)):
        total = POINTS.mul_add(s, int.from_bytes(t, "big"), point)
        assert total is not None
        r = (int.from_bytes(t, "big") - s) % N
        e = b32((r - total[0]) % N)
        tests.append(case(comment, "valid", "LeadingZero", digest=e, sig=b32(r) + b32(s)))
        tests.append(case(f"{comment}, given as s + n", "invalid", "RangeCheck", digest=e, sig=b32(r) + b32(s + N)))
    small_r, t_number = 7, int.from_bytes(K, "big")
    total = POINTS.mul_add(t_number - small_r, t_number, point)
    assert total is not None
    e = b32((small_r - total[0]) % N)
    tail = b32(t_number - small_r)
    tests.append(case("r = 7", "valid", "LeadingZero", digest=e, sig=b32(small_r) + tail))
    tests.append(case("r = 7, given as r + n", "invalid", "RangeCheck", digest=e, sig=b32(small_r + N) + tail))
    return [*tests, infinity_signature()]


def infinity_signature() -> Test:
    """s = -t * d, so the sum is infinity; r = t - s and e = r would fit a coordinate taken as 0."""
    t = int.from_bytes(K, "big")
    s = -t * int.from_bytes(D, "big") % N
    r = (t - s) % N
    return case("s * G + t * P is infinity", "invalid", "Infinity", digest=b32(r), sig=b32(r) + b32(s))


def unreduced_point() -> tuple[int, int]:
    """A point whose X is so small that X + p still fits 32 bytes."""
    for x in range(1, 1000):
        square = (x**3 + A * x + B) % P
        y = pow(square, (P + 1) // 4, P)  # p is 3 modulo 4
        if y * y % P == square:
            return x, y
    raise AssertionError("no point with a small X")


def bad_points(good: bytes) -> list[tuple[str, str, bytes]]:
    """(comment, flag, encoding) of points to refuse."""
    x, y = unreduced_point()
    return [
        ("off the curve, Y changed", "InvalidPoint", flipped(good)),
        ("off the curve, X changed", "InvalidPoint", flipped(good, 32)),
        ("on the curve with another b", "InvalidPoint", b"\4" + b32(3) + b32(4)),
        ("X and Y zero", "InvalidPoint", b"\4" + bytes(64)),
        ("infinity as 00", "Infinity", b"\0"),
        ("X + p", "CoordinateRange", b"\4" + b32(x + P) + b32(y)),
        ("X = p", "CoordinateRange", b"\4" + b32(P) + good[33:]),
        ("compressed", "PointFormat", bytes([2 + (good[-1] & 1)]) + good[1:33]),
        ("hybrid", "PointFormat", bytes([6 + (good[-1] & 1)]) + good[1:]),
        ("without 04", "PointFormat", good[1:]),
        ("last byte missing", "WrongLength", good[:-1]),
        ("a byte behind", "WrongLength", good + b"\0"),
    ]


def signature() -> File:
    """sm2_signature.json."""
    public = ENGINE.public_of(KeyKind.SM2, Secret(D))
    text = b"message digest"
    sig = bytes.fromhex(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    example = case("annex A.2", "valid", "Normal", ident=DEFAULT_ID, msg=text, nonce=K, sig=sig)
    sign_group = "Sm2Verify"
    groups: list[Group] = [group(sign_group, published(f"{STANDARD}, annex A"), [example], private=D, public=public)]
    for name, flag, private, point in keys():
        tests = signature_cases(name, flag, private, point)
        groups.append(group(sign_group, made(VERIFIER), tests, private=private.reveal(), public=point))
    zeros = leading_zero_signatures()
    groups.append(group(sign_group, made(VERIFIER), zeros, private=D, public=public))
    groups.append(group("Sm2VerifyDigest", made("gmssl 3.2.2"), forged_digests(public), public=public))
    for comment, flag, point in bad_points(public):
        bad = case(f"public key {comment}", "invalid", flag, ident=DEFAULT_ID, msg=text, sig=sig)
        groups.append(group(sign_group, made("refused by construction"), [bad], public=point))
    header = ["SM2 signatures r || s of 64 bytes over SM3(ZA || msg), GM/T 0003.2.", "nonce: the k it was made with."]
    return file("SM2", "sm2_verify_schema", header, NOTES, groups)


def encrypt(public: bytes, text: bytes, nonce: bytes) -> bytes:
    """C1 || C3 || C2 with this nonce."""
    return ENGINE.sm2_encrypt(public, text, ScriptedEntropy(nonce))


def spoiled_ciphertexts(public: bytes) -> list[Test]:
    """One of each way to spoil a ciphertext."""
    text = b"encryption standard"
    ct = encrypt(public, text, K)
    c1, c3, c2 = ct[:65], ct[65:97], ct[97:]
    bad = [
        ("C3 with a bit changed", "ModifiedCiphertext", c1 + flipped(c3) + c2),
        ("C3 zero", "ModifiedCiphertext", c1 + bytes(32) + c2),
        ("C2 with a bit changed", "ModifiedCiphertext", ct[:-1] + flipped(ct[-1:])),
        ("C1 negated", "ModifiedCiphertext", c1[:33] + b32(P - int.from_bytes(c1[33:], "big")) + c3 + c2),
        ("C1 is another point", "ModifiedCiphertext", public + c3 + c2),
        ("C2 missing", "WrongLength", c1 + c3),
        ("C2 one byte shorter", "WrongLength", ct[:-1]),
        ("a byte behind", "WrongLength", ct + b"\0"),
        ("C3 cut", "WrongLength", ct[:96]),
        ("C1 only", "WrongLength", c1),
        ("empty", "WrongLength", b""),
        ("C1 || C2 || C3", "OldOrder", c1 + c2 + c3),
    ]
    bad += [(f"C1 {comment}", flag, point + c3 + c2) for comment, flag, point in bad_points(c1)]
    return [case(comment, "invalid", flag, ct=value) for comment, flag, value in bad]


def zero_key_stream(public: bytes) -> Test:
    """A ciphertext of one byte whose key stream is that one zero byte; also C3 is right for it."""
    source = entropy("zero key stream")
    while True:
        nonce = source.read(32)
        shared = POINTS.mul(int.from_bytes(nonce, "big"), decode_point(public))
        both = encode_point(shared)[1:]
        if kdf(both, 1) == b"\0":
            c1 = encode_point(POINTS.mul_g(int.from_bytes(nonce, "big")))
            c3 = ENGINE.digest(Hash.SM3, both[:32] + b"m" + both[32:])
            return case("key stream is zero", "invalid", "ZeroKeyStream", nonce=nonce, ct=c1 + c3 + b"m")


def encryption() -> File:
    """sm2_encryption.json."""
    public = ENGINE.public_of(KeyKind.SM2, Secret(D))
    ct = bytes.fromhex(
        "0404EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
        "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
        "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
        "21886CA989CA9C7D58087307CA93092D651EFA"
    )
    example = case("annex C.2", "valid", "Normal", msg=b"encryption standard", nonce=K, ct=ct)
    groups = [group("Sm2Decrypt", published(f"{STANDARD}, annex C"), [example], private=D, public=public)]
    for name, flag, private, point in keys():
        source = entropy(f"ciphertexts {name}")
        tests = []
        for length in (1, 16, 31, 32, 33, 97, 255, 1000):
            text, nonce = source.read(length), source.read(32)
            values = {"msg": text, "nonce": nonce, "ct": encrypt(point, text, nonce)}
            tests.append(case(f"{name}, {length} bytes", "valid", flag, **values))
        groups.append(group("Sm2Decrypt", made(VERIFIER), tests, private=private.reveal(), public=point))
    empty = case("no plaintext", "valid", "EmptyMessage", msg=b"", nonce=K, ct=encrypt(public, b"", K))
    zeros = case("leading zeros", "valid", "LeadingZero", msg=bytes(20), nonce=K, ct=encrypt(public, bytes(20), K))
    groups.append(group("Sm2Decrypt", made("gmssl 3.2.2"), [empty, zeros], private=D, public=public))
    spoiled = [*spoiled_ciphertexts(public), zero_key_stream(public)]
    groups.append(group("Sm2Decrypt", made("refused by construction"), spoiled, private=D, public=public))
    header = ["SM2 ciphertexts C1 || C3 || C2, GM/T 0003.4.", "nonce: the k it was made with."]
    return file("SM2", "sm2_decrypt_schema", header, NOTES, groups)
