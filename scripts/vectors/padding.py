"""Vectors against lenient readers of padding: SM4-CBC with PKCS#7, and RSA signatures forged for a small exponent."""

from __future__ import annotations

from scripts.vectors.rsa import TEXT
from scripts.vectors.shape import ENGINE, File, entropy, file, flipped, group, made
from scripts.vectors.shape import test as case
from scripts.vectors.symmetric import IV, K1
from simcard.crypto.rsa_keys import encode_public, generate
from simcard.crypto.rsa_padding import digest_info, pad_type_1
from simcard.hal.engine import Cipher, Hash, Mode
from simcard.wire.secret import Secret

BLOCK = 16
CBC_NOTES = {
    "Boundary": "The length is at a block boundary or one off it.",
    "ModifiedPadding": "The last bytes are not n bytes of value n, 1 <= n <= 16.",
    "WrongLength": "The ciphertext is empty or not whole blocks.",
}
RSA_NOTES = {
    "Normal": "A signature by the key with exponent 3.",
    "SmallExponent": "A forgery without the private key: a cube whose first bytes look like a padded DigestInfo.",
    "ModifiedPadding": "Made with the key, over a block that a lenient parser takes for a good one.",
}


def sealed(padded: bytes) -> bytes:
    """SM4-CBC of whole blocks."""
    return ENGINE.cipher(Cipher.SM4, Mode.CBC, Secret(K1), IV, padded, encrypt=True)


def cbc() -> File:
    """sm4_padding.json."""
    source = entropy("cbc padding")
    good = []
    for length in (0, 1, 15, 16, 17, 31, 32, 100):
        text, fill = source.read(length), BLOCK - length % BLOCK
        ct = sealed(text + bytes((fill,)) * fill)
        good.append(case(f"{length} bytes", "valid", "Boundary", key=K1, iv=IV, msg=text, ct=ct))
    text = source.read(BLOCK)
    bad = [
        ("last byte 00", "ModifiedPadding", sealed(text + text[:-1] + b"\0")),
        ("all bytes 00", "ModifiedPadding", sealed(text + bytes(BLOCK))),
        ("last byte 11, one more than a block", "ModifiedPadding", sealed(text + b"\x11" * BLOCK)),
        ("last byte FF", "ModifiedPadding", sealed(text + b"\xff" * BLOCK)),
        ("last byte 20, two blocks of it", "ModifiedPadding", sealed(b"\x20" * 2 * BLOCK)),
        ("02 but 03 before", "ModifiedPadding", sealed(text + text[:14] + b"\3\2")),
        ("10 but one byte differs", "ModifiedPadding", sealed(text + b"\x0f" + b"\x10" * 15)),
        ("80 00 ... as ISO/IEC 7816-4 pads", "ModifiedPadding", sealed(text + b"\x80" + bytes(15))),
        ("zeros and the count, as ANSI X9.23 pads", "ModifiedPadding", sealed(text + text[:11] + b"\0\0\0\0\5")),
        ("last block cut", "WrongLength", sealed(text + b"\x10" * BLOCK)[:-1]),
        ("a byte behind", "WrongLength", sealed(text + b"\x10" * BLOCK) + b"\0"),
        ("empty", "WrongLength", b""),
    ]
    tests = [case(why, "invalid", flag, key=K1, iv=IV, ct=ct) for why, flag, ct in bad]
    groups = [
        group("CbcPaddingTest", made("OpenSSL 3.0.19"), good, mode="cbc", padding="pkcs7"),
        group("CbcPaddingTest", made("OpenSSL 3.0.19"), tests, mode="cbc", padding="pkcs7"),
    ]
    header = ["SM4-CBC with the padding of PKCS#7 (RFC 5652, 6.3)."]
    return file("SM4-CBC-PKCS7", "cbc_padding_schema", header, CBC_NOTES, groups)


def cube_root(value: int) -> int:
    """The least number whose cube is not below `value`."""
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < value else (low, middle)
    return low


def small_exponent() -> File:
    """rsa_small_exponent.json."""
    bits = 2048
    size, key = bits // 8, generate(bits, 3, entropy("rsa with e = 3").read)
    info = digest_info(Hash.SHA256, ENGINE.digest(Hash.SHA256, TEXT))
    good = pad_type_1(info, size)

    def sign(block: bytes) -> bytes:
        return pow(int.from_bytes(block, "big"), key.d, key.n).to_bytes(size, "big")

    def forge(head: bytes) -> bytes:
        return cube_root(int.from_bytes(head.ljust(size, b"\0"), "big")).to_bytes(size, "big")

    bad = [
        ("DigestInfo behind eight bytes of padding", "SmallExponent", forge(b"\0\1" + b"\xff" * 8 + b"\0" + info)),
        ("DigestInfo behind one byte of padding", "SmallExponent", forge(b"\0\1\xff\0" + info)),
        ("DigestInfo without padding", "SmallExponent", forge(b"\0\1\0" + info)),
        ("the hash alone", "SmallExponent", forge(b"\0\1\xff\0" + info[19:])),
        ("the number 1", "SmallExponent", (1).to_bytes(size, "big")),
        ("garbage in the parameters of DigestInfo", "ModifiedPadding", sign(_garbage(info, size))),
        ("indefinite length of DigestInfo", "ModifiedPadding", sign(_indefinite(info, size))),
        ("another hash of the same length", "ModifiedPadding", sign(flipped(good))),
    ]
    tests = [case("signature", "valid", "Normal", msg=TEXT, sig=sign(good))]
    tests += [case(why, "invalid", flag, msg=TEXT, sig=sig) for why, flag, sig in bad]
    public = encode_public(key.public)
    source = made("pycryptodome 4.4")
    groups = [group("RsassaPkcs1Verify", source, tests, sha=Hash.SHA256.value, public=public)]
    header = ["RSASSA-PKCS1-v1_5 with e = 3, where a verifier that does not compare the whole block can be fooled."]
    return file("RSASSA-PKCS1-v1_5", "rsassa_pkcs1_verify_schema", header, RSA_NOTES, groups)


def _garbage(info: bytes, size: int) -> bytes:
    # AlgorithmIdentifier whose parameters are an OCTET STRING: DigestInfo grows until the padding has eight bytes.
    oid, digest = info[4:15], info[17:]
    room = size - 11 - 3 - 3 - 2 - len(oid) - len(digest) - 1
    parameters = b"\x04\x81" + bytes((room - 2,)) + bytes(room - 2)
    algorithm = oid + parameters
    inside = b"\x30\x81" + bytes((len(algorithm),)) + algorithm + digest
    return pad_type_1(b"\x30\x81" + bytes((len(inside),)) + inside, size)


def _indefinite(info: bytes, size: int) -> bytes:
    return pad_type_1(b"\x30\x80" + info[2:] + b"\0\0", size)
