"""SM3, HMAC-SM3, SM4 modes, SM4-GCM and SM4 MACs."""

from __future__ import annotations

from scripts.vectors.shape import ENGINE, File, Group, Test, entropy, file, flipped, group, made, published
from scripts.vectors.shape import test as case
from simcard.hal.engine import Cipher, Hash, Mode
from simcard.wire.secret import Secret

K1 = bytes.fromhex("0123456789abcdeffedcba9876543210")
K2 = bytes.fromhex("fedcba98765432100123456789abcdef")
IV = bytes(range(16))
OPENSSL = "OpenSSL 3.0.19"
NOTES = {
    "Normal": "An ordinary case.",
    "Boundary": "The length is at a block boundary or one off it.",
    "ModifiedTag": "The tag is changed or cut; no plaintext may leave.",
    "ModifiedInput": "Ciphertext, additional data or initial value are changed.",
    "ModifiedDigest": "The digest belongs to something else; whoever compares digests must refuse it.",
    "WrongLength": "Data, key or initial value have a length the mode does not take.",
}
SM3_EXAMPLES = (
    ("empty", b"", "1AB21D8355CFA17F8E61194831E81A8F22BEC8C728FEFB747ED035EB5082AA2B"),
    ("example 1", b"abc", "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"),
    ("example 2", b"abcd" * 16, "DEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732"),
)
HMAC_EXAMPLES = (
    (
        "1e225cafb90339bba1b24076d4206c3e79c355805d851682bc818baa4f5a7779",
        "",
        "f9938b1b2515117f25dcd636c9a6a0e7f00bccaf5347e0e0df435cfca736cfc1",
    ),
    (
        "8159fd15133cd964c9a6964c94f0ea269a806fd9f43f0da58b6cd1b33d189b2a",
        "77",
        "51aaf64843b6d2fc7a244ab9cda9b7b57164ce6a865f9808c01931b46195411d",
    ),
)
DRAFT = "draft-ribose-cfrg-sm4-10, appendix A"
DRAFT_EXAMPLES = (
    (Mode.ECB, K1, "5ec8143de509cff7b5179f8f474b86192f1d305a7fb17df985f81c8482192304"),
    (Mode.ECB, K2, "c5876897e4a59bbba72a10c83872245b12dd90bc2d200692b529a4155ac9e600"),
    (Mode.CBC, K1, "78ebb11cc40b0a48312aaeb2040244cb4cb7016951909226979b0d15dc6a8f6d"),
    (Mode.CBC, K2, "0d3a6ddc2d21c698857215587b7bb59a91f2c147911a4144665e1fa1d40bae38"),
    (Mode.OFB, K1, "ac3236cb861dd316e6413b4e3c7524b71d01aca2487ca582cbf5463e6698539b"),
    (Mode.OFB, K2, "5dcccd25a84ba16560d7f2658870684933fa16bd5cd9c856cacaa1e101897a97"),
    (Mode.CFB, K1, "ac3236cb861dd316e6413b4e3c7524b769d4c54ed433b9a0346009beb37b2b3f"),
    (Mode.CFB, K2, "5dcccd25a84ba16560d7f265887068490d9b86ff20c3bfe115ffa02ca6192cc5"),
)
CTR_EXAMPLES = (
    (
        K1,
        (
            "ac3236cb970cc20791364c395a1342d1a3cbc1878c6f30cd074cce385cdd70c7"
            "f234bc0e24c11980fd1286310ce37b926e02fcd0faa0baf38b2933851d824514"
        ),
    ),
    (
        K2,
        (
            "5dcccd25b95ab07417a08512ee160e2f8f661521cbbab44cc87138445bc29e5c"
            "0ae0297205d62704173b21239b887f6c8cb5b800917a2488284bde9e16ea2906"
        ),
    ),
)
GCM_EXAMPLE = (
    "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
    "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    "83de3541e4c2b58177e065a9bf7b62ec"
)


def runs(letters: str, length: int) -> bytes:
    """Each letter's byte (a as AA) `length` times."""
    return b"".join(bytes([int(letter * 2, 16)]) * length for letter in letters)


def wrong_digests() -> list[Test]:
    """Digests that belong to something else than the message."""
    text = b"abc"
    good = ENGINE.digest(Hash.SM3, text)
    words = b"".join(good[at : at + 4][::-1] for at in range(0, len(good), 4))
    bad = [
        ("last bit changed", flipped(good)),
        ("first bit changed", flipped(good, 0, 7)),
        ("SHA-256", ENGINE.digest(Hash.SHA256, text)),
        ("words in little-endian order", words),
        ("message with its padding", ENGINE.digest(Hash.SM3, text + b"\x80" + bytes(52) + b"\0" * 7 + b"\x18")),
        ("last byte missing", good[:-1]),
        ("a byte behind", good + b"\0"),
        ("all zeros", bytes(32)),
    ]
    return [case(why, "invalid", "ModifiedDigest", msg=text, digest=digest) for why, digest in bad]


def sm3() -> File:
    """sm3.json."""
    examples = [case(name, "valid", "Normal", msg=m, digest=bytes.fromhex(d)) for name, m, d in SM3_EXAMPLES]
    source = entropy("sm3")
    lengths = (1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000)
    texts = [source.read(length) for length in lengths]
    more = [case(f"{len(m)} bytes", "valid", "Boundary", msg=m, digest=ENGINE.digest(Hash.SM3, m)) for m in texts]
    groups = [
        group("DigestTest", published("GM/T 0004-2012 (GB/T 32905-2016), annex A; empty: common knowledge"), examples),
        group("DigestTest", made(f"gmssl 3.2.2 and {OPENSSL}"), more),
        group("DigestTest", made("refused by construction"), wrong_digests()),
    ]
    return file("SM3", "digest_schema", ["SM3, GM/T 0004-2012."], NOTES, groups)


def hmac_sm3() -> File:
    """hmac_sm3.json."""
    examples = [
        case(f"test {number}", "valid", "Normal", **{n: bytes.fromhex(v) for n, v in zip(("key", "msg", "tag"), row)})
        for number, row in enumerate(HMAC_EXAMPLES, 1)
    ]
    source = entropy("hmac")
    more = []
    for key_length, length in ((1, 16), (16, 0), (32, 64), (63, 65), (64, 1), (65, 100), (200, 300)):
        key, text = source.read(key_length), source.read(length)
        tag = ENGINE.hmac(Hash.SM3, Secret(key), text)
        more.append(case(f"key {key_length}, data {length}", "valid", "Boundary", key=key, msg=text, tag=tag))
    groups = [
        group("MacTest", published("Wycheproof testvectors_v1/hmac_sm3_test.json, tests 1 and 2"), examples),
        group("MacTest", made(OPENSSL), more),
    ]
    return file("HMACSM3", "mac_schema", ["HMAC with SM3, full length."], NOTES, groups)


def published_modes() -> list[Group]:
    """The draft's examples, one group per mode and key."""
    text = runs("abcdefab", 4)
    groups = []
    for mode, key, ct in DRAFT_EXAMPLES:
        iv = b"" if mode is Mode.ECB else IV
        one = case(f"{mode} example", "valid", "Normal", key=key, iv=iv, msg=text, ct=bytes.fromhex(ct))
        groups.append(group("CipherTest", published(DRAFT), [one], mode=mode.value))
    for key, ct in CTR_EXAMPLES:
        one = case("ctr example", "valid", "Normal", key=key, iv=IV, msg=runs("abcdefab", 8), ct=bytes.fromhex(ct))
        groups.append(group("CipherTest", published(DRAFT), [one], mode=Mode.CTR.value))
    return groups


def made_modes(mode: Mode) -> Group:
    """More lengths of one mode, and the lengths it does not take."""
    source = entropy(f"sm4 {mode}")
    blocks = mode in (Mode.ECB, Mode.CBC)
    tests = []
    for length in (0, 16, 32, 160) if blocks else (0, 1, 15, 16, 17, 100):
        key, iv, text = source.read(16), b"" if mode is Mode.ECB else source.read(16), source.read(length)
        ct = ENGINE.cipher(Cipher.SM4, mode, Secret(key), iv, text, encrypt=True)
        tests.append(case(f"{length} bytes", "valid", "Boundary", key=key, iv=iv, msg=text, ct=ct))
    iv = b"" if mode is Mode.ECB else IV
    wrong = [("key of 15 bytes", K1[:15], iv, bytes(16)), ("key of 17 bytes", K1 + b"\0", iv, bytes(16))]
    wrong += [("initial value one byte more", K1, iv + b"\0", bytes(16))]
    wrong += [("data of 17 bytes", K1, iv, bytes(17))] if blocks else [("no initial value", K1, b"", bytes(16))]
    for why, key, bad_iv, text in wrong:
        tests.append(case(why, "invalid", "WrongLength", key=key, iv=bad_iv, msg=text, ct=bytes(len(text))))
    return group("CipherTest", made(f"{OPENSSL}; SM4 blocks: gmssl 3.2.2"), tests, mode=mode.value)


def sm4() -> File:
    """sm4_modes.json."""
    block = case("annex A.1", "valid", "Normal", key=K1, iv=b"", msg=K1, ct=block_example())
    groups = [group("CipherTest", published("GM/T 0002-2012 (GB/T 32907-2016), annex A"), [block], mode="ecb")]
    groups += published_modes() + [made_modes(mode) for mode in Mode if mode is not Mode.GCM]
    header = ["SM4 without padding; CFB and OFB feed back whole blocks, CTR counts over the whole block."]
    return file("SM4", "cipher_schema", header, NOTES, groups)


def block_example() -> bytes:
    """The block of GM/T 0002-2012, annex A.1."""
    return bytes.fromhex("681EDF34D206965E86B3E94F536E4246")


def seal(key: bytes, iv: bytes, aad: bytes, text: bytes) -> bytes:
    """SM4-GCM with a full tag."""
    return ENGINE.cipher(Cipher.SM4, Mode.GCM, Secret(key), iv, text, encrypt=True, aad=aad)


def spoiled_gcm() -> list[Test]:
    """One of each way to spoil a sealed text."""
    iv, aad, text = IV[:12], b"header", runs("abc", 11)
    ct = seal(K2, iv, aad, text)
    good = {"key": K2, "iv": iv, "aad": aad, "ct": ct}
    bad = [
        ("first bit of the tag", "ModifiedTag", {"ct": flipped(ct, -16, 7)}),
        ("last bit of the tag", "ModifiedTag", {"ct": flipped(ct)}),
        ("tag zero", "ModifiedTag", {"ct": ct[:-16] + bytes(16)}),
        ("tag cut", "ModifiedTag", {"ct": ct[:-1]}),
        ("tag only, of another text", "ModifiedTag", {"ct": ct[-16:]}),
        ("shorter than a tag", "WrongLength", {"ct": ct[:15]}),
        ("ciphertext changed", "ModifiedInput", {"ct": flipped(ct, 0)}),
        ("additional data changed", "ModifiedInput", {"aad": b"headeR"}),
        ("additional data missing", "ModifiedInput", {"aad": b""}),
        ("initial value changed", "ModifiedInput", {"iv": flipped(iv)}),
        ("initial value empty", "WrongLength", {"iv": b""}),
        ("key of 15 bytes", "WrongLength", {"key": K2[:15]}),
    ]
    return [case(why, "invalid", flag, **{**good, **change}) for why, flag, change in bad]


def gcm() -> File:
    """sm4_gcm.json."""
    iv = bytes.fromhex("00001234567800000000ABCD")
    aad = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    ct = bytes.fromhex(GCM_EXAMPLE)
    example = case("A.1", "valid", "Normal", key=K1, iv=iv, aad=aad, msg=runs("abcdefea", 8), ct=ct)
    source = entropy("gcm")
    more = []
    for iv_length, aad_length, length in (
        (12, 0, 0),
        (12, 20, 0),
        (12, 0, 1),
        (12, 1, 16),
        (8, 16, 17),
        (16, 5, 64),
        (60, 40, 100),
    ):
        key, nonce, extra, text = (source.read(size) for size in (16, iv_length, aad_length, length))
        name = f"iv {iv_length}, aad {aad_length}, data {length}"
        sealed = seal(key, nonce, extra, text)
        more.append(case(name, "valid", "Boundary", key=key, iv=nonce, aad=extra, msg=text, ct=sealed))
    groups = [
        group("AeadTest", published("RFC 8998, appendix A.1"), [example], tagSize=128),
        group("AeadTest", made("GHASH of NIST SP 800-38D over SM4 blocks of gmssl 3.2.2"), more, tagSize=128),
        group("AeadTest", made("refused by construction"), spoiled_gcm(), tagSize=128),
    ]
    return file("SM4-GCM", "aead_schema", ["SM4-GCM; ct is ciphertext || tag."], NOTES, groups)


def mac() -> File:
    """sm4_mac.json."""
    text = runs("abcdefab", 4)
    tag = bytes.fromhex("4cb7016951909226979b0d15dc6a8f6d")
    example = case("last block of the CBC example", "valid", "Normal", key=K1, iv=IV, msg=text, tag=tag)
    source = entropy("mac")
    cbc, cmac = [], []
    for blocks in (1, 2, 7):
        key, iv, data = source.read(16), source.read(16), source.read(16 * blocks)
        result = ENGINE.cbc_mac(Cipher.SM4, Secret(key), iv, data)
        cbc.append(case(f"{blocks} blocks", "valid", "Boundary", key=key, iv=iv, msg=data, tag=result))
    for why, data in (("no data", b""), ("17 bytes", bytes(17))):
        cbc.append(case(why, "invalid", "WrongLength", key=K1, iv=IV, msg=data, tag=bytes(16)))
    for length in (0, 1, 15, 16, 17, 32, 100):
        key, data = source.read(16), source.read(length)
        result = ENGINE.cmac(Cipher.SM4, Secret(key), data)
        cmac.append(case(f"{length} bytes", "valid", "Boundary", key=key, msg=data, tag=result))
    groups = [
        group("CbcMacTest", published(DRAFT), [example]),
        group("CbcMacTest", made(OPENSSL), cbc),
        group("CmacTest", made(OPENSSL), cmac),
    ]
    return file("SM4-MAC", "mac_schema", ["CBC-MAC (no padding, IV given) and CMAC with SM4."], NOTES, groups)
