"""RSA vectors: PKCS#1 v1.5 and PSS signatures, PKCS#1 v1.5 and OAEP decryption."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from scripts.vectors.shape import ENGINE, File, Group, Test, entropy, file, flipped, group, made
from scripts.vectors.shape import test as case
from simcard.crypto.rsa_keys import decode_public
from simcard.crypto.rsa_padding import DIGEST_INFO, digest_info, pad_type_1, pss_encode
from simcard.hal.engine import Hash, KeyKind, RsaEncryption, RsaSignature
from simcard.hal.entropy import ScriptedEntropy
from simcard.wire.secret import Secret

VERIFIER = "pycryptodome 4.4"
TEXT = b"customs declaration"
NOTES = {
    "Normal": "An ordinary case.",
    "ModifiedMessage": "The signature belongs to another message.",
    "ModifiedSignature": "The signature is changed.",
    "RangeCheck": "The number is not below the modulus.",
    "WrongLength": "The value is not as long as the modulus.",
    "ModifiedPadding": "A block that a lenient parser takes for a good one.",
    "WrongHash": "DigestInfo names another hash.",
    "MissingNull": "DigestInfo leaves the NULL parameters out; this card insists on them.",
    "SaltLength": "The salt is not as long as agreed.",
    "WrongLabel": "The ciphertext was made with another label.",
}


@cache
def key(bits: int) -> tuple[Secret, bytes]:
    """The key pair of a size."""
    return ENGINE.generate(KeyKind.RSA, bits, entropy(f"rsa {bits}"))


def raw_sign(bits: int, block: bytes) -> bytes:
    """block^d mod n."""
    return ENGINE.rsa_sign(key(bits)[0], RsaSignature.RAW, None, block, ScriptedEntropy())


def raw_encrypt(bits: int, block: bytes) -> bytes:
    """block^e mod n."""
    return ENGINE.rsa_encrypt(key(bits)[1], RsaEncryption.RAW, block, ScriptedEntropy())


def shared(bits: int) -> dict[str, bytes]:
    """What the tests of one key share."""
    private, public = key(bits)
    return {"private": private.reveal(), "public": public}


def wrong_numbers(bits: int, sig: bytes) -> list[tuple[str, str, bytes]]:
    """Signatures or ciphertexts that are no number of the right length below n."""
    n, size = decode_public(key(bits)[1]).n, bits // 8
    return [
        ("zero", "RangeCheck", bytes(size)),
        ("n", "RangeCheck", n.to_bytes(size, "big")),
        ("all ones", "RangeCheck", b"\xff" * size),
        ("n added", "WrongLength", (int.from_bytes(sig, "big") + n).to_bytes(size + 1, "big")),
        ("a zero byte in front", "WrongLength", b"\0" + sig),
        ("a byte behind", "WrongLength", sig + b"\0"),
        ("last byte missing", "WrongLength", sig[:-1]),
        ("empty", "WrongLength", b""),
    ]


def wrong_blocks(size: int) -> list[tuple[str, str, bytes]]:
    """Blocks that look like type 01 padding of the SHA-256 DigestInfo and are not."""
    digest = ENGINE.digest(Hash.SHA256, TEXT)
    info = digest_info(Hash.SHA256, digest)
    good = pad_type_1(info, size)
    no_null = bytes.fromhex("302f300b0609608648016503040201") + info[17:]
    other = DIGEST_INFO[Hash.SM3] + digest
    behind = size - 3 - len(info)
    return [
        ("block type 00", "ModifiedPadding", b"\0\0" + good[2:]),
        ("block type 02", "ModifiedPadding", b"\0\2" + good[2:]),
        ("one byte of the padding not FF", "ModifiedPadding", flipped(good, 9)),
        ("no zero before DigestInfo", "ModifiedPadding", good.replace(b"\xff\0" + info, b"\xff\xff" + info)),
        ("bytes behind, padding of 8", "ModifiedPadding", b"\0\1" + b"\xff" * 8 + b"\0" + info + bytes(behind - 8)),
        ("bytes behind, no padding", "ModifiedPadding", b"\0\1\0" + info + bytes(behind)),
        ("bytes behind in DigestInfo", "ModifiedPadding", pad_type_1(b"\x30\x33" + info[2:] + b"\5\0", size)),
        ("digest alone", "ModifiedPadding", pad_type_1(digest, size)),
        ("digest one byte shorter", "ModifiedPadding", pad_type_1(info[:-1], size)),
        ("DigestInfo of SM3", "WrongHash", pad_type_1(other, size)),
        ("long form of a length", "ModifiedPadding", pad_type_1(b"\x30\x81\x31" + info[2:], size)),
        ("no NULL", "MissingNull", pad_type_1(no_null, size)),
    ]


def pkcs1_signature() -> File:
    """rsa_pkcs1_signature.json."""
    groups: list[Group] = []
    for bits in (1024, 2048, 3072):
        private, _ = key(bits)
        for hash_ in (Hash.SHA1, Hash.SHA224, Hash.SHA256, Hash.SHA384, Hash.SHA512, Hash.SM3):
            digest = ENGINE.digest(hash_, TEXT)
            sig = ENGINE.rsa_sign(private, RsaSignature.PKCS1, hash_, digest, ScriptedEntropy())
            one = case(f"{bits} bits, {hash_}", "valid", "Normal", msg=TEXT, sig=sig)
            groups.append(group("RsassaPkcs1Verify", made(VERIFIER), [one], sha=hash_.value, **shared(bits)))
    digest = ENGINE.digest(Hash.SHA256, TEXT)
    sig = ENGINE.rsa_sign(key(2048)[0], RsaSignature.PKCS1, Hash.SHA256, digest, ScriptedEntropy())
    bad = [
        ("another message", "ModifiedMessage", b"other", sig),
        ("a bit changed", "ModifiedSignature", TEXT, flipped(sig)),
    ]
    bad += [(why, flag, TEXT, value) for why, flag, value in wrong_numbers(2048, sig)]
    bad += [(why, flag, TEXT, raw_sign(2048, block)) for why, flag, block in wrong_blocks(256)]
    tests = [case(why, "invalid", flag, msg=m, sig=value) for why, flag, m, value in bad]
    groups.append(group("RsassaPkcs1Verify", made(VERIFIER), tests, sha=Hash.SHA256.value, **shared(2048)))
    header = ["RSASSA-PKCS1-v1_5 (RFC 8017, 8.2); keys are PKCS#1 DER."]
    return file("RSASSA-PKCS1-v1_5", "rsassa_pkcs1_verify_schema", header, NOTES, groups)


def pss_cases(bits: int, hash_: Hash, salt_length: int) -> list[Test]:
    """A good signature, and every way to spoil it."""
    digest = ENGINE.digest(hash_, TEXT)
    salt = entropy(f"pss {bits} {hash_} {salt_length}").read(salt_length)
    sig = ENGINE.rsa_sign(key(bits)[0], RsaSignature.PSS, hash_, digest, ScriptedEntropy(salt), salt_length)
    block = pss_encode(hash_, digest, bits, salt)
    longer = pss_encode(hash_, digest, bits, salt + b"\0")
    no_salt = pss_encode(hash_, digest, bits, b"")
    blocks = [
        ("trailer BD", "ModifiedPadding", block[:-1] + b"\xbd"),
        ("top bit set", "ModifiedPadding", bytes([block[0] | 0x40]) + block[1:]),
        ("a bit of H changed", "ModifiedPadding", flipped(block, -2)),
        ("a bit of maskedDB changed", "ModifiedPadding", flipped(block, 5)),
        ("salt one byte longer", "SaltLength", longer),
    ]
    blocks += [("no salt", "SaltLength", no_salt)] if salt_length else []
    n = decode_public(key(bits)[1]).n
    usable = [(why, flag, one) for why, flag, one in blocks if int.from_bytes(one, "big") < n and one != block]
    bad = [("another message", "ModifiedMessage", b"other", sig)]
    bad += [(why, flag, TEXT, value) for why, flag, value in wrong_numbers(bits, sig)]
    bad += [(why, flag, TEXT, raw_sign(bits, one)) for why, flag, one in usable]
    good = case("good", "valid", "Normal", msg=TEXT, salt=salt, sig=sig)
    return [good] + [case(why, "invalid", flag, msg=m, sig=value) for why, flag, m, value in bad]


def pss() -> File:
    """rsa_pss.json."""
    groups = []
    settings = ((1024, Hash.SHA1, 20), (2048, Hash.SHA256, 32), (2048, Hash.SHA256, 0), (2048, Hash.SHA512, 64))
    for bits, hash_, salt_length in (*settings, (3072, Hash.SHA384, 48)):
        more = {"sha": hash_.value, "mgfSha": hash_.value, "sLen": salt_length, **shared(bits)}
        groups.append(group("RsassaPssVerify", made(VERIFIER), pss_cases(bits, hash_, salt_length), **more))
    header = ["RSASSA-PSS with MGF1 of the same hash (RFC 8017, 8.1); salt: the one it was made with."]
    return file("RSASSA-PSS", "rsassa_pss_verify_schema", header, NOTES, groups)


def ciphertext_cases(
    bits: int, room: int, make: Callable[[bytes], bytes], blocks: list[tuple[str, str, bytes]]
) -> list[Test]:
    """Good ciphertexts of several lengths, then blocks and numbers to refuse."""
    source = entropy(f"plaintexts {bits} {room}")
    texts = [source.read(length) for length in (0, 1, 16, room)]
    tests = [case(f"{len(text)} bytes", "valid", "Normal", msg=text, ct=make(text)) for text in texts]
    ct = make(texts[2])
    tests += [case(why, "invalid", flag, ct=value) for why, flag, value in wrong_numbers(bits, ct)]
    return tests + [case(why, "invalid", flag, ct=raw_encrypt(bits, block)) for why, flag, block in blocks]


def pkcs1_decryption() -> File:
    """rsa_pkcs1_decryption.json."""
    groups = []
    for bits in (1024, 2048):
        size = bits // 8
        source = entropy(f"pkcs1 {bits}")
        filler = b"\x55" * (size - 3)

        def make(text: bytes, bits: int = bits, source: object = source) -> bytes:
            return ENGINE.rsa_encrypt(key(bits)[1], RsaEncryption.PKCS1, text, entropy(f"pkcs1 {bits} {len(text)}"))

        blocks = [
            ("no zero behind the padding", "ModifiedPadding", b"\0\2" + filler + b"\x55"),
            ("padding of seven bytes", "ModifiedPadding", b"\0\2" + filler[:7] + b"\0" + filler[7:]),
            ("no padding", "ModifiedPadding", b"\0\2\0" + filler),
            ("block type 01", "ModifiedPadding", b"\0\1" + b"\xff" * (size - 10) + b"\0message"),
            ("block type 00", "ModifiedPadding", b"\0\0" + filler[:-7] + b"\0message"[:8]),
            ("first byte 01", "ModifiedPadding", b"\1\2" + filler[:-7] + b"\0message"[:8]),
        ]
        tests = ciphertext_cases(bits, size - 11, make, blocks)
        groups.append(group("RsaesPkcs1Decrypt", made(VERIFIER), tests, **shared(bits)))
    header = ["RSAES-PKCS1-v1_5 (RFC 8017, 7.2); a wrong padding is an error."]
    return file("RSAES-PKCS1-v1_5", "rsaes_pkcs1_decrypt_schema", header, NOTES, groups)


def oaep_group(bits: int, hash_: Hash, label: bytes) -> Group:
    """One setting of OAEP."""
    public = key(bits)[1]

    def make(text: bytes, label: bytes = label) -> bytes:
        source = entropy(f"oaep {bits} {hash_} {len(text)}")
        return ENGINE.rsa_encrypt(public, RsaEncryption.OAEP, text, source, hash_, label)

    def block_of(ct: bytes) -> bytes:
        return ENGINE.rsa_decrypt(key(bits)[0], RsaEncryption.RAW, ct).reveal()

    good = block_of(make(b"message"))
    blocks = [
        ("first byte 01", "ModifiedPadding", b"\1" + good[1:]),
        ("seed changed", "ModifiedPadding", flipped(good, 1)),
        ("masked block changed", "ModifiedPadding", flipped(good, 1 + hash_.size)),
        ("byte 01 missing", "ModifiedPadding", flipped(good, -8)),
    ]
    tests = ciphertext_cases(bits, bits // 8 - 2 * hash_.size - 2, make, blocks)
    tests.append(case("another label", "invalid", "WrongLabel", ct=make(b"message", label + b"x")))
    more = {"sha": hash_.value, "mgfSha": hash_.value, "label": label, **shared(bits)}
    return group("RsaesOaepDecrypt", made(VERIFIER), tests, **more)


def oaep() -> File:
    """rsa_oaep.json."""
    settings = ((1024, Hash.SHA1, b""), (2048, Hash.SHA1, b"label"), (2048, Hash.SHA256, b""), (3072, Hash.SHA384, b""))
    groups = [oaep_group(*setting) for setting in settings]
    header = ["RSAES-OAEP with MGF1 of the same hash (RFC 8017, 7.1)."]
    return file("RSAES-OAEP", "rsaes_oaep_decrypt_schema", header, NOTES, groups)
