"""ECDSA and ECDH vectors on P-256 and P-384."""

from __future__ import annotations

from scripts.vectors.shape import ENGINE, File, Group, Test, entropy, file, flipped, group, made, published
from scripts.vectors.shape import test as case
from simcard.crypto.ec import CURVES
from simcard.hal.engine import Hash, KeyKind

VERIFIER = "pycryptodome 4.4"
NOTES = {
    "Normal": "An ordinary case; the nonce is that of RFC 6979.",
    "Rfc6979": "A signature the deterministic nonce must give exactly.",
    "ModifiedMessage": "The signature belongs to another digest.",
    "ModifiedSignature": "One bit of the signature is changed.",
    "RangeCheck": "r or s is not in 1 to n - 1.",
    "WrongLength": "Bytes are missing or left over.",
    "InvalidPoint": "The point is not on the curve, or has a coordinate that is not below p.",
    "PointFormat": "The point is not 04 || X || Y.",
}
RFC6979 = {
    KeyKind.P256: (
        "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
        (
            (
                Hash.SHA1,
                b"sample",
                (
                    "61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32"
                    "6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB"
                ),
            ),
            (
                Hash.SHA256,
                b"sample",
                (
                    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
                ),
            ),
            (
                Hash.SHA256,
                b"test",
                (
                    "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
                    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"
                ),
            ),
        ),
    ),
    KeyKind.P384: (
        ("6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5"),
        (
            (
                Hash.SHA384,
                b"sample",
                (
                    "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
                    "81A648152E44ACF96E36DD1E80FABE46"
                    "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
                    "A329C145786E679E7B82C71A38628AC8"
                ),
            ),
        ),
    ),
}
P = {
    KeyKind.P256: 2**256 - 2**224 + 2**192 + 2**96 - 1,
    KeyKind.P384: 2**384 - 2**128 - 2**96 + 2**32 - 1,
}


def rfc6979(kind: KeyKind) -> Group:
    """The examples of RFC 6979, appendix A.2.5 and A.2.6."""
    from simcard.wire.secret import Secret

    key, rows = RFC6979[kind]
    private = bytes.fromhex(key)
    public = ENGINE.public_of(kind, Secret(private))
    tests = [
        case(
            f"{hash_} {text.decode()}",
            "valid",
            "Rfc6979",
            digest=ENGINE.digest(hash_, text),
            sig=bytes.fromhex(sig),
        )
        for hash_, text, sig in rows
    ]
    source = published(f"RFC 6979, appendix A.2.{5 if kind is KeyKind.P256 else 6}")
    return group("EcdsaVerifyDigest", source, tests, private=private, public=public)


def spoiled(kind: KeyKind, digest: bytes, sig: bytes) -> list[Test]:
    """One of each way to spoil a signature."""
    size, n = CURVES[kind].size, CURVES[kind].order
    r, s = sig[:size], sig[size:]

    def wide(value: int) -> bytes:
        return value.to_bytes(size, "big")

    bad = [
        ("another digest", "ModifiedMessage", flipped(digest), sig),
        ("r changed", "ModifiedSignature", digest, flipped(sig, size - 1)),
        ("s changed", "ModifiedSignature", digest, flipped(sig)),
        ("r and s exchanged", "ModifiedSignature", digest, s + r),
        ("r = 0", "RangeCheck", digest, wide(0) + s),
        ("s = 0", "RangeCheck", digest, r + wide(0)),
        ("r = n", "RangeCheck", digest, wide(n) + s),
        ("s = n", "RangeCheck", digest, r + wide(n)),
        ("r = s = 0", "RangeCheck", digest, bytes(2 * size)),
        ("r = s = n", "RangeCheck", digest, wide(n) * 2),
        ("all ones", "RangeCheck", digest, b"\xff" * 2 * size),
        ("last byte missing", "WrongLength", digest, sig[:-1]),
        ("a byte behind", "WrongLength", digest, sig + b"\0"),
        ("empty", "WrongLength", digest, b""),
    ]
    return [case(why, "invalid", flag, digest=e, sig=value) for why, flag, e, value in bad]


def bad_points(kind: KeyKind, good: bytes) -> list[tuple[str, str, bytes]]:
    """(comment, flag, encoding) of points to refuse."""
    size = CURVES[kind].size
    return [
        ("off the curve", "InvalidPoint", flipped(good)),
        ("X and Y zero", "InvalidPoint", b"\4" + bytes(2 * size)),
        ("X = p", "InvalidPoint", b"\4" + P[kind].to_bytes(size, "big") + good[1 + size :]),
        ("infinity as 00", "PointFormat", b"\0"),
        ("compressed", "PointFormat", bytes([2 + (good[-1] & 1)]) + good[1 : 1 + size]),
        ("without 04", "PointFormat", good[1:]),
        ("a byte behind", "PointFormat", good + b"\0"),
    ]


def ecdsa(kind: KeyKind) -> File:
    """ecdsa_p256.json, ecdsa_p384.json."""
    source = entropy(f"ecdsa {kind}")
    private, public = ENGINE.generate(kind, CURVES[kind].size * 8, source)
    tests = []
    for hash_ in (Hash.SHA1, Hash.SHA224, Hash.SHA256, Hash.SHA384, Hash.SHA512, Hash.SM3):
        digest = source.read(hash_.size)
        sig = ENGINE.ecdsa_sign(kind, private, digest, source)
        tests.append(case(f"digest as long as {hash_}", "valid", "Normal", digest=digest, sig=sig))
    bad = spoiled(kind, digest, sig)
    shared = {"public": public}
    groups = [
        rfc6979(kind),
        group("EcdsaVerifyDigest", made(VERIFIER), tests, private=private.reveal(), **shared),
        group("EcdsaVerifyDigest", made(VERIFIER), bad, **shared),
    ]
    for why, flag, point in bad_points(kind, public):
        one = case(f"public key {why}", "invalid", flag, digest=digest, sig=sig)
        groups.append(group("EcdsaVerifyDigest", made("refused by construction"), [one], public=point))
    header = ["ECDSA over a digest, r || s in the width of the field."]
    return file(f"ECDSA-{kind.name}", "ecdsa_digest_schema", header, NOTES, groups)


def ecdh() -> File:
    """ecdh.json."""
    groups = []
    for kind in (KeyKind.P256, KeyKind.P384, KeyKind.SM2):
        source = entropy(f"ecdh {kind}")
        bits = 384 if kind is KeyKind.P384 else 256
        tests = []
        for number in range(4):
            (own, _), (_, peer) = ENGINE.generate(kind, bits, source), ENGINE.generate(kind, bits, source)
            shared = ENGINE.ecdh(kind, own, peer).reveal()
            tests.append(case(f"pair {number}", "valid", "Normal", private=own.reveal(), public=peer, shared=shared))
        if kind is not KeyKind.SM2:
            for why, flag, point in bad_points(kind, peer):
                values = {"private": own.reveal(), "public": point, "shared": bytes(bits // 8)}
                tests.append(case(why, "invalid", flag, **values))
        verifier = "pure Python point arithmetic" if kind is KeyKind.SM2 else VERIFIER
        groups.append(group("EcdhTest", made(verifier), tests, curve=kind.value))
    return file("ECDH", "ecdh_schema", ["The x coordinate of d * P."], NOTES, groups)
