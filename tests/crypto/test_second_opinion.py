"""Vectors made here are judged again by code that is not ours: openssl, gmssl, pycryptodome.

The reference engine over gmssl runs all SM2, SM3 and SM4 block vectors in the other modules; here is the rest.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import PKCS1_OAEP, PKCS1_v1_5
from Crypto.Hash import SHA1, SHA224, SHA256, SHA384, SHA512
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import DSS, pkcs1_15, pss

from simcard.crypto.curve import N
from simcard.crypto.engines import make
from simcard.crypto.points_python import PythonPoints
from simcard.crypto.sm2 import xor
from simcard.hal.engine import Cipher, CryptoEngine, Hash, Mode
from simcard.wire.secret import Secret
from tests.crypto import openssl
from tests.crypto.vectors import FILES, Case, cases, document

GM: Any = import_module("gmssl.sm2")
MODULES: dict[str, Any] = {"sha1": SHA1, "sha224": SHA224, "sha256": SHA256, "sha384": SHA384, "sha512": SHA512}


def made(name: str, *kinds: str, flag: str = "") -> list[Case]:
    """The valid cases of a file that were made here."""
    found = [case for case in cases(name, *kinds) if case.made_here and case.valid]
    return [case for case in found if not flag or flag in case.values["flags"]]


@pytest.mark.parametrize("name", FILES)
def test_every_made_group_names_who_agreed(name: str) -> None:
    sources = [group["source"] for group in document(name)["testGroups"]]
    assert all("verifiedBy" in source for source in sources if source["origin"] == "generated")


@pytest.mark.parametrize("case", made("sm2_signature.json", "Sm2Verify"), ids=str)
def test_openssl_takes_our_signature(tmp_path: Path, case: Case) -> None:
    assert openssl.sm2_verifies(tmp_path, case["public"], case["ident"], case["msg"], case["sig"])


REFUSED = [
    case
    for case in cases("sm2_signature.json", "Sm2Verify")
    if not case.valid and "private" in case and len(case["sig"]) == 64
]


@pytest.mark.parametrize("case", REFUSED[:14], ids=str)
def test_openssl_refuses_what_we_refuse(tmp_path: Path, case: Case) -> None:
    assert not openssl.sm2_verifies(tmp_path, case["public"], case["ident"], case["msg"], case["sig"])


@pytest.mark.parametrize("case", [c for c in made("sm2_encryption.json") if len(c["msg"]) in (1, 33, 1000)], ids=str)
def test_openssl_decrypts_ours(tmp_path: Path, case: Case) -> None:
    assert case["msg"] == openssl.sm2_decrypts(tmp_path, case["private"], case["public"], case["ct"])


@pytest.mark.parametrize("case", made("sm3.json"), ids=str)
def test_openssl_sm3(case: Case) -> None:
    assert case["digest"] == openssl.output("dgst", "-sm3", "-binary", feed=case["msg"])


@pytest.mark.parametrize("case", made("hmac_sm3.json"), ids=str)
def test_openssl_hmac(case: Case) -> None:
    key = ("-mac", "HMAC", "-macopt", f"hexkey:{case.text('key')}")
    assert case["tag"] == openssl.output("dgst", "-sm3", *key, "-binary", feed=case["msg"])


@pytest.mark.parametrize("case", made("sm4_modes.json"), ids=str)
def test_openssl_sm4(case: Case) -> None:
    iv = ("-iv", case.text("iv")) if case["iv"] else ()
    name = f"-sm4-{case.text('mode')}"
    assert case["ct"] == openssl.output("enc", name, "-nopad", "-K", case.text("key"), *iv, feed=case["msg"])


@pytest.mark.parametrize("case", made("sm4_mac.json", "CbcMacTest"), ids=str)
def test_openssl_cbc_mac(case: Case) -> None:
    key = ("-K", case.text("key"), "-iv", case.text("iv"))
    assert case["tag"] == openssl.output("enc", "-sm4-cbc", "-nopad", *key, feed=case["msg"])[-16:]


@pytest.mark.parametrize("case", made("sm4_mac.json", "CmacTest"), ids=str)
def test_openssl_cmac(tmp_path: Path, case: Case) -> None:
    (tmp_path / "msg").write_bytes(case["msg"])
    key = ("-cipher", "SM4-CBC", "-macopt", f"hexkey:{case.text('key')}", "-binary")
    assert case["tag"] == openssl.output("mac", *key, "-in", tmp_path / "msg", "CMAC")


def gf_multiply(x: int, y: int) -> int:
    """The product in GF(2^128) of NIST SP 800-38D, 6.3."""
    product = 0
    for bit in range(127, -1, -1):
        product ^= y if x >> bit & 1 else 0
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def ghash(key: int, *parts: bytes) -> int:
    """GHASH over parts, each filled to whole blocks."""
    total = 0
    for part in parts:
        for start in range(0, len(part), 16):
            total = gf_multiply(total ^ int.from_bytes(part[start : start + 16].ljust(16, b"\0"), "big"), key)
    return total


def seal(key: Secret, iv: bytes, aad: bytes, message: bytes) -> bytes:
    """GCM by the book over gmssl's SM4."""
    blocks = make("gmssl")

    def block(value: int) -> bytes:
        data = value.to_bytes(16, "big")
        return blocks.cipher(Cipher.SM4, Mode.ECB, key, b"", data, encrypt=True)

    h = int.from_bytes(block(0), "big")
    length_of_iv = (8 * len(iv)).to_bytes(16, "big")
    first = int.from_bytes(iv + b"\0\0\0\1", "big") if len(iv) == 12 else ghash(h, iv, length_of_iv)
    counters = range(1, (len(message) + 15) // 16 + 1)
    stream = b"".join(block(first >> 32 << 32 | (first + counter) % 2**32) for counter in counters)
    ct = xor(message, stream[: len(message)])
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ct)).to_bytes(8, "big")
    return ct + xor(block(first), ghash(h, aad, ct, lengths).to_bytes(16, "big"))


@pytest.mark.parametrize("case", [case for case in cases("sm4_gcm.json") if case.valid], ids=str)
def test_gcm_by_the_book(case: Case) -> None:
    assert case["ct"] == seal(Secret(case["key"]), case["iv"], case["aad"], case["msg"])


@pytest.mark.parametrize("case", [case for case in cases("sm2_key_exchange.json") if case.valid], ids=str)
def test_agreement_by_the_book_over_gmssl(case: Case) -> None:
    """GM/T 0003.3, 6.1, steps B4 to B6, on gmssl's points and its SM3."""
    sums, reference = GM.CryptSM2("", ""), make("gmssl")
    x_a, x_b = ((1 << 127) + int.from_bytes(case[name][1:33], "big") % (1 << 127) for name in ("pointA", "pointB"))
    t_b = (int.from_bytes(case["privateB"], "big") + x_b * int.from_bytes(case["ephemeralB"], "big")) % N
    term = sums._kg(x_a, case["pointA"][1:].hex())
    total = sums._convert_jacb_to_nor(sums._add_point(term + "1", case["publicA"][1:].hex() + "1"))
    z = reference.sm2_za(case["publicA"], case["identA"]) + reference.sm2_za(case["publicB"], case["identB"])
    seed = sums._kg(t_b, total) + z.hex()
    assert case["key"].hex() == GM.sm3.sm3_kdf(seed.encode(), len(case["key"]))


@pytest.mark.parametrize("name", ["ecdsa_p256.json", "ecdsa_p384.json"])
def test_pycryptodome_takes_our_ecdsa(name: str) -> None:
    curve = "P-256" if "256" in name else "P-384"
    for case in made(name):
        if len(case["digest"]) == 32:
            half = len(case["public"]) // 2
            x, y = (int.from_bytes(part, "big") for part in (case["public"][1 : 1 + half], case["public"][1 + half :]))
            key = ECC.construct(curve=curve, point_x=x, point_y=y)
            DSS.new(key, "fips-186-3").verify(_Digest(case["digest"]), case["sig"])


class _Digest:
    """A finished digest of 32 bytes in pycryptodome's shape."""

    digest_size = 32
    block_size = 64

    def __init__(self, value: bytes, oid: str = "2.16.840.1.101.3.4.2.1") -> None:
        self._value = value
        self.oid = oid

    def digest(self) -> bytes:
        return self._value


PKCS1_CASES = [case for case in made("rsa_pkcs1_signature.json") if case.text("sha") in MODULES]


@pytest.mark.parametrize("case", PKCS1_CASES, ids=str)
def test_pycryptodome_takes_our_pkcs1_signature(case: Case) -> None:
    digest = MODULES[case.text("sha")].new(case["msg"])
    pkcs1_15.new(RSA.import_key(case["public"])).verify(digest, case["sig"])


@pytest.mark.parametrize("case", [c for c in made("rsa_pkcs1_signature.json") if c.text("sha") == "sm3"], ids=str)
def test_pycryptodome_takes_our_sm3_signature(case: Case) -> None:
    """OpenSSL is no judge here: 3.0 has no RSA with SM3, later ones name another OID in DigestInfo."""
    digest = _Digest(make("gmssl").digest(Hash.SM3, case["msg"]), "1.2.156.10197.1.401")
    pkcs1_15.new(RSA.import_key(case["public"])).verify(digest, case["sig"])


@pytest.mark.parametrize("case", made("rsa_pss.json"), ids=str)
def test_pycryptodome_takes_our_pss_signature(case: Case) -> None:
    digest = MODULES[case.text("sha")].new(case["msg"])
    pss.new(RSA.import_key(case["public"]), salt_bytes=len(case["salt"])).verify(digest, case["sig"])


@pytest.mark.parametrize("case", made("rsa_pkcs1_decryption.json"), ids=str)
def test_pycryptodome_decrypts_our_pkcs1(case: Case) -> None:
    opener = PKCS1_v1_5.new(RSA.import_key(case["private"]))
    assert case["msg"] == opener.decrypt(case["ct"], sentinel=b"refused", expected_pt_len=len(case["msg"]))


@pytest.mark.parametrize("case", made("rsa_oaep.json"), ids=str)
def test_pycryptodome_decrypts_our_oaep(case: Case) -> None:
    key = RSA.import_key(case["private"])
    opener = PKCS1_OAEP.new(key, hashAlgo=MODULES[case.text("sha")], label=case["label"])
    assert case["msg"] == opener.decrypt(case["ct"])


def test_ecdh_of_sm2_by_pure_arithmetic() -> None:
    for case in made("ecdh.json"):
        if case.text("curve") == "sm2":
            x, y = (int.from_bytes(part, "big") for part in (case["public"][1:33], case["public"][33:]))
            product = PythonPoints().mul(int.from_bytes(case["private"], "big"), (x, y))
            assert product is not None
            assert int.from_bytes(case["shared"], "big") == product[0]


@pytest.mark.parametrize("case", [c for c in made("ecdh.json") if c.text("curve") != "sm2"], ids=str)
def test_ecdh_by_pycryptodome(case: Case) -> None:
    curve = "P-256" if case.text("curve") == "p256" else "P-384"
    half = len(case["public"]) // 2
    x, y = (int.from_bytes(part, "big") for part in (case["public"][1 : 1 + half], case["public"][1 + half :]))
    product = ECC.construct(curve=curve, point_x=x, point_y=y).pointQ * int.from_bytes(case["private"], "big")
    assert int.from_bytes(case["shared"], "big") == int(product.x)


def test_reference_engine_names_itself(engine: CryptoEngine) -> None:
    assert [make("gmssl").name, engine.name] == ["gmssl", "soft"]
    assert engine.digest(Hash.SM3, b"abc") == make("gmssl").digest(Hash.SM3, b"abc")
