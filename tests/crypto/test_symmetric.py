"""AES, TDES and the MACs against published examples, and what is refused."""

from __future__ import annotations

import pytest

from simcard.hal.engine import Cipher, CryptoEngine, CryptoFault, Hash, Mode
from simcard.wire.secret import Secret

AES_KEY = "2b7e151628aed2a6abf7158809cf4f3c"
AES_TEXT = "6bc1bee22e409f96e93d7e117393172a"
IV = "000102030405060708090a0b0c0d0e0f"
DES = "0123456789abcdef"
DES_TEXT = "4e6f772069732074"

CFB8 = "3b79424c9c0dd436bace9e0ed4586a4f32b9"

EXAMPLES = {
    "SP 800-38A F.1.1": (Cipher.AES, Mode.ECB, AES_KEY, "", AES_TEXT, "3ad77bb40d7a3660a89ecaf32466ef97"),
    "SP 800-38A F.2.1": (Cipher.AES, Mode.CBC, AES_KEY, IV, AES_TEXT, "7649abac8119b246cee98e9b12e9197d"),
    "SP 800-38A F.3.13": (Cipher.AES, Mode.CFB, AES_KEY, IV, AES_TEXT, "3b3fd92eb72dad20333449f8e83cfb4a"),
    "SP 800-38A F.4.1": (Cipher.AES, Mode.OFB, AES_KEY, IV, AES_TEXT, "3b3fd92eb72dad20333449f8e83cfb4a"),
    "FIPS 197 C.3": (
        Cipher.AES,
        Mode.ECB,
        IV + "101112131415161718191a1b1c1d1e1f",
        "",
        "00112233445566778899aabbccddeeff",
        "8ea2b7ca516745bfeafc49904b496089",
    ),
    "FIPS 81 ECB, one key": (Cipher.TDES, Mode.ECB, DES, "", DES_TEXT, "3fa40e8a984d4815"),
    "FIPS 81 ECB, two equal keys": (Cipher.TDES, Mode.ECB, DES * 2, "", DES_TEXT, "3fa40e8a984d4815"),
    "FIPS 81 ECB, three equal keys": (Cipher.TDES, Mode.ECB, DES * 3, "", DES_TEXT, "3fa40e8a984d4815"),
    "SP 800-67 B.1": (
        Cipher.TDES,
        Mode.ECB,
        "0123456789abcdef23456789abcdef01456789abcdef0123",
        "",
        "5468652071756663",
        "a826fd8ce53b855f",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_example_encrypts(engine: CryptoEngine, name: str) -> None:
    cipher, mode, *values = EXAMPLES[name]
    key, iv, text, expected = map(bytes.fromhex, values)
    assert expected == engine.cipher(cipher, mode, Secret(key), iv, text, encrypt=True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_example_decrypts(engine: CryptoEngine, name: str) -> None:
    cipher, mode, *values = EXAMPLES[name]
    key, iv, expected, text = map(bytes.fromhex, values)
    assert expected == engine.cipher(cipher, mode, Secret(key), iv, text, encrypt=False)


STEPS = {
    "SP 800-38A F.3.7": (Cipher.AES, Mode.CFB, 1, AES_KEY, IV, "6bc1bee22e409f96e93d7e117393172aae2d", CFB8),
    "whole blocks": (Cipher.AES, Mode.OFB, 16, AES_KEY, IV, AES_TEXT, "3b3fd92eb72dad20333449f8e83cfb4a"),
    "FIPS 81 CFB-8": (Cipher.TDES, Mode.CFB, 1, DES, "1234567890abcdef", DES_TEXT, "f31fda07011462ee"),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("encrypt", [True, False], ids=["encrypts", "decrypts"])
def test_feedback_in_steps(engine: CryptoEngine, name: str, encrypt: bool) -> None:
    cipher, mode, step, *values = STEPS[name]
    key, iv, text, cryptogram = map(bytes.fromhex, values)
    given, expected = (text, cryptogram) if encrypt else (cryptogram, text)
    stream = engine.cipher_stream(cipher, mode, Secret(key), iv, encrypt=encrypt, step=step)
    assert expected == stream.update(given[:3]) + stream.update(given[3:]) + stream.finalize()


@pytest.mark.parametrize(
    ("mode", "step", "iv"), [(Mode.CBC, 1, 16), (Mode.CFB, 17, 16), (Mode.OFB, -1, 16), (Mode.CFB, 1, 8)]
)
def test_steps_that_cannot_be(engine: CryptoEngine, mode: Mode, step: int, iv: int) -> None:
    with pytest.raises(CryptoFault):
        engine.cipher_stream(Cipher.AES, mode, Secret(bytes(16)), bytes(iv), encrypt=True, step=step)


def test_two_key_tdes_is_three_key_with_the_first_again(engine: CryptoEngine) -> None:
    k1, k2 = bytes.fromhex(DES), bytes.fromhex("23456789abcdef01")
    two, three = Secret(k1 + k2), Secret(k1 + k2 + k1)
    results = [engine.cipher(Cipher.TDES, Mode.CBC, key, bytes(8), bytes(24), encrypt=True) for key in (two, three)]
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("", "bb1d6929e95937287fa37d129b756746"),
        (AES_TEXT, "070a16b46b4d4144f79bdd9dd04a287c"),
        (
            AES_TEXT + "ae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
            "dfa66747de9ae63030ca32611497c827",
        ),
    ],
)
def test_cmac_of_rfc_4493(engine: CryptoEngine, text: str, tag: str) -> None:
    assert bytes.fromhex(tag) == engine.cmac(Cipher.AES, Secret(bytes.fromhex(AES_KEY)), bytes.fromhex(text))


def test_retail_mac_of_icao_9303(engine: CryptoEngine) -> None:
    """ICAO Doc 9303 part 11, appendix D.3; the data is padded by method 2 of ISO/IEC 9797-1."""
    key = Secret(bytes.fromhex("7962D9ECE03D1ACD4C76089DCE131543"))
    data = bytes.fromhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
    assert bytes.fromhex("5F1448EEA8AD90A7") == engine.retail_mac(key, bytes(8), data + b"\x80" + bytes(7))


@pytest.mark.parametrize(("length", "data"), [(15, 8), (17, 8), (8, 8), (16, 7), (16, 0)])
def test_retail_mac_of_wrong_lengths_is_refused(engine: CryptoEngine, length: int, data: int) -> None:
    with pytest.raises(CryptoFault):
        engine.retail_mac(Secret(bytes(length)), bytes(8), bytes(data))


@pytest.mark.parametrize(
    ("cipher", "length"), [(Cipher.AES, 20), (Cipher.TDES, 7), (Cipher.TDES, 25), (Cipher.SM4, 24)]
)
def test_key_of_a_wrong_length_is_refused(engine: CryptoEngine, cipher: Cipher, length: int) -> None:
    block = bytes(cipher.block)
    with pytest.raises(CryptoFault):
        engine.cipher(cipher, Mode.ECB, Secret(bytes(length)), b"", block, encrypt=True)
    with pytest.raises(CryptoFault):
        engine.cmac(cipher, Secret(bytes(length)), block)


@pytest.mark.parametrize(("mode", "length"), [(Mode.CTR, 8), (Mode.GCM, 12)])
def test_tdes_has_neither_ctr_nor_gcm(engine: CryptoEngine, mode: Mode, length: int) -> None:
    key, iv = Secret(bytes(16)), bytes(length)
    with pytest.raises(CryptoFault):
        engine.cipher(Cipher.TDES, mode, key, iv, b"", encrypt=True)
    with pytest.raises(CryptoFault):
        engine.cipher_stream(Cipher.TDES, mode, key, iv, encrypt=True)


def test_cmac_with_tdes_has_one_block(engine: CryptoEngine) -> None:
    """NIST SP 800-38B, D.4, example 13: two equal outer keys, no data."""
    key = Secret(bytes.fromhex("8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5"))
    assert bytes.fromhex("b7a688e122ffaf95") == engine.cmac(Cipher.TDES, key, b"")


def test_additional_data_outside_gcm_is_refused(engine: CryptoEngine) -> None:
    with pytest.raises(CryptoFault):
        engine.cipher(Cipher.AES, Mode.CTR, Secret(bytes(16)), bytes(16), b"", encrypt=True, aad=b"x")
    with pytest.raises(CryptoFault):
        engine.cipher_stream(Cipher.AES, Mode.CTR, Secret(bytes(16)), bytes(16), encrypt=True, aad=b"x")


@pytest.mark.parametrize("length", [12, 13, 14, 15, 16])
def test_short_gcm_tag_opens(engine: CryptoEngine, length: int) -> None:
    key, iv = Secret(bytes(16)), bytes(12)
    sealed = engine.cipher(Cipher.SM4, Mode.GCM, key, iv, b"text", encrypt=True, tag_length=length)
    assert 4 + length == len(sealed)
    assert engine.cipher(Cipher.SM4, Mode.GCM, key, iv, sealed, encrypt=False, tag_length=length) == b"text"


@pytest.mark.parametrize("length", [0, 4, 11, 17])
def test_gcm_tag_of_another_length_is_refused(engine: CryptoEngine, length: int) -> None:
    for encrypt in (True, False):
        with pytest.raises(CryptoFault):
            engine.cipher(
                Cipher.SM4, Mode.GCM, Secret(bytes(16)), bytes(12), bytes(40), encrypt=encrypt, tag_length=length
            )


def test_stream_tag_cut_is_refused(engine: CryptoEngine) -> None:
    key, iv = Secret(bytes(16)), bytes(12)
    sealed = engine.cipher(Cipher.SM4, Mode.GCM, key, iv, b"text", encrypt=True)
    stream = engine.cipher_stream(Cipher.SM4, Mode.GCM, key, iv, encrypt=False)
    stream.update(sealed[:4])
    with pytest.raises(CryptoFault):
        stream.finalize(sealed[4:-1])


@pytest.mark.parametrize("hash_", list(Hash))
def test_digest_has_its_size(engine: CryptoEngine, hash_: Hash) -> None:
    assert hash_.size == len(engine.digest(hash_, b"abc"))


@pytest.mark.parametrize(
    ("hash_", "digest"),
    [
        (Hash.SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (Hash.SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        (Hash.SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Hash.SHA384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash.SHA512,
            (
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ),
    ],
)
def test_digest_of_abc(engine: CryptoEngine, hash_: Hash, digest: str) -> None:
    """FIPS 180-4 examples."""
    assert bytes.fromhex(digest) == engine.digest(hash_, b"abc")


@pytest.mark.parametrize(("hash_", "block"), [(Hash.SHA1, 64), (Hash.SM3, 64), (Hash.SHA384, 128), (Hash.SHA512, 128)])
def test_hmac_of_a_key_longer_than_the_block_hashes_it(engine: CryptoEngine, hash_: Hash, block: int) -> None:
    key = bytes(block + 1)
    hashed = Secret(engine.digest(hash_, key))
    assert engine.hmac(hash_, hashed, b"text") == engine.hmac(hash_, Secret(key), b"text")
