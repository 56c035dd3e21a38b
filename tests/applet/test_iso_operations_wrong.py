"""PERFORM SECURITY OPERATION and MANAGE SECURITY ENVIRONMENT: wrong uses, and what belongs to the environment."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from simcard.wire.tlv import tlv
from tests.applet.test_iso_keys import generate
from tests.dialogue import talk
from tests.kit import Bench, command

USER = "00200001 ['12345678'] = 9000;"
KEYS = (
    USER
    + "00468200 [{B6 {84 01}}{AC {80 04}}] = 9000; 00468200 [{B8 {84 02}}{AC {80 04}}] = 9000;"
    + "00468200 [{B6 {84 03}}{AC {80 01}{81 0400}}] = 9000; 00468200 [{B8 {84 04}}{AC {80 01}{81 0400}}] = 9000;"
)
DIGEST, BLOCK = "00" * 32, "00" * 16
SIGN = "002A9E9A"


def with_sign(reference: int, algorithm: str = "") -> str:
    named = f"{{80 {algorithm}}}" if algorithm else ""
    return f"002241B6 [{{84 {reference:02X}}}{named}] = 9000;"


def with_cipher(reference: int, algorithm: str = "", tag: str = "84") -> str:
    named = f"{{80 {algorithm}}}" if algorithm else ""
    return f"002241B8 [{{{tag} {reference:02X}}}{named}] = 9000;"


WRONG = {
    "an operation there is not": "002A9E9B [00] = 6A86; 002A0000 [00] = 6A86; 002A8080 [00] = 6A86",
    "sign without an environment": f"{SIGN} [{DIGEST}] 00 = 6A88",
    "sign with a key there is not": with_sign(0x21) + f"{SIGN} [{DIGEST}] 00 = 6A88",
    "sign with a reference there cannot be": with_sign(0x7F) + f"{SIGN} [{DIGEST}] 00 = 6A88",
    "sign with an exchange key": with_sign(2) + f"{SIGN} [{DIGEST}] 00 = 6985",
    "sign without the right": "0020FF01 = 9000;" + with_sign(1) + f"{SIGN} [{DIGEST}] 00 = 6982",
    "sign nothing": with_sign(1) + f"{SIGN} 00 = 6985",
    "sign a short digest with SM2": with_sign(1) + f"{SIGN} [00] 00 = 6A80",
    "sign with an algorithm of another key": with_sign(1, "12") + f"{SIGN} [{DIGEST}] 00 = 6A80",
    "sign with an algorithm there is not": with_sign(3, "72") + f"{SIGN} [{DIGEST}] 00 = 6A80;"
    + with_sign(3, "17") + f"{SIGN} [{DIGEST}] 00 = 6A80",
    "sign a digest of another length": with_sign(3, "11") + f"{SIGN} [{DIGEST}] 00 = 6A80",
    "sign with PSS and no hash": with_sign(3, "20") + f"{SIGN} [{DIGEST}] 00 = 6A80",
    "sign with OAEP": with_sign(3, "32") + f"{SIGN} [{DIGEST}] 00 = 6A80",
    "sign too much with PKCS#1": with_sign(3) + f"{SIGN} [{'00' * 118}] 00 = 6A80",
    "sign a block that is short": with_sign(3, "50") + f"{SIGN} [{'00' * 127}] 00 = 6A80",
    "sign a block over the modulus": with_sign(3, "50") + f"{SIGN} [{'FF' * 128}] 00 = 6A80",
    "an algorithm of two bytes": with_sign(3, "1212") + f"{SIGN} [{DIGEST}] 00 = 6A80",
    "a hash is used once": with_sign(1) + "0022C1AA [{80 05}] = 9000; 002A9080 ['abc'] = 9000;"
    + f"{SIGN} 00 = .. 9000; {SIGN} 00 = 6985",
    "another hash environment forgets the hash": with_sign(1) + "002A9080 ['abc'] = 9000; 0022C1AA [{80 05}] = 9000;"
    + f"{SIGN} 00 = 6985",
    "a hash there is not": "0022C1AA [{80 0F}] = 9000; 002A9080 ['abc'] 00 = 6985",
    "a hash with ZA and no key": "0022C1AA [{80 65}] = 9000; 002A9080 ['abc'] 00 = 6A88",
    "a hash with ZA of an RSA key": with_sign(3) + "0022C1AA [{80 65}] = 9000; 002A9080 ['abc'] 00 = 6985",
    "a hash made outside of another length": "0022C1AA [{80 05}] = 9000; 002A90A0 [{90 00}] = 6A80",
    "hash templates with both": "002A90A0 [{90 00}{80 00}] = 6A80",
    "hash templates with none": "002A90A0 [{91 00}] = 6A80; 002A90A0 [80] = 6A80",
    "verify without a key": "002A00A8 [{9A " + DIGEST + "}{9E 00}] = 6A88",
    "verify without a signature": "002281B6 [{83 01}] = 9000; 002A00A8 [{9A " + DIGEST
    + "}] = 6A80; 002A00A8 [9A] = 6A80",
    "verify without what was signed": "002281B6 [{83 01}] = 9000; 002A00A8 [{9E " + DIGEST + "}] = 6985",
    "verify a signature of a wrong length": "002281B6 [{83 01}] = 9000; 002A00A8 [{9A " + DIGEST + "}{9E 00}] = 6300",
    "verify with a key there is not": "002281B6 [{83 21}] = 9000; 002A00A8 [{9A " + DIGEST + "}{9E 00}] = 6A88",
    "verify with an unknown holder's key": "002281B6 [{83 'host' 01}] = 9000; 002A00A8 [{9A " + DIGEST
    + "}{9E 00}] = 6A88",
    "decipher without an environment": "002A8086 [00 " + BLOCK + "] 00 = 6A88",
    "decipher with a signing key": with_cipher(1) + "002A8086 [00 " + BLOCK + "] 00 = 6985",
    "decipher without the right": "0020FF01 = 9000;" + with_cipher(2) + "002A8086 [00 " + BLOCK + "] 00 = 6982",
    "decipher one byte": with_cipher(2) + "002A8086 [00] 00 = 6700",
    "decipher what is no cryptogram": with_cipher(2) + "002A8086 [00 04" + "11" * 100 + "] 00 = 6A80",
    "decipher a point off the curve": with_cipher(2) + "002A8086 [00 04" + "11" * 64 + "] 00 = 6A80",
    "decipher an RSA block of another length": with_cipher(4) + "002A8086 [00 " + "11" * 126 + "] 00 = 6700",
    "decipher a wrong RSA padding": with_cipher(4) + "002A8086 [00 " + "11" * 128 + "] 00 = 6A80",
    "decipher RSA with PSS": with_cipher(4, "22") + "002A8086 [00 " + "11" * 128 + "] 00 = 6A80",
    "encipher without a key": "002A8680 ['abc'] 00 = 6A88",
    "encipher nothing": "002A8680 00 = 6700",
    "encipher too much for RSA": "0022C1B8 [{83 04}] = 9000; 002A8680 [" + "00" * 118 + "] 00 = 6A80",
    "encipher with a curve that only signs": "00468200 [{B8 {84 06}}{AC {80 02}}] = 9000; 0022C1B8 [{83 06}] = 9000;"
    "002A8680 ['abc'] 00 = 6985",
    "a checksum without a key": "002A8E80 ['abc'] 00 = 6A88; 002A00A2 [{80 00}{8E " + BLOCK + "}] = 6A88",
    "a checksum with a key for something else": "002241B4 [{83 01}] = 9000; 002A8E80 ['abc'] 00 = 6984",
    "verify a checksum without one": "002241B4 [{83 01}] = 9000; 002A00A2 [{80 00}] = 6A80",
    "verify a certificate without a key": "002A00BE [{7F4E}{5F37 00}] = 6A88",
    "verify what is no certificate": "002281B6 [{83 01}] = 9000; 002A00BE [{7F4E}] = 6A80; 002A00BE [7F] = 6A80",
    "verify a short certificate without tags": "002281B6 [{83 01}] = 9000; 002A00AE [" + DIGEST + "] = 6700",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", WRONG.values(), ids=WRONG)
def test_a_wrong_use_is_refused(card: Bench, dialogue: str) -> None:
    talk(card, KEYS)
    before = card.content()
    talk(card, dialogue)
    assert before == card.content() or "0046" in dialogue


ENVIRONMENT = {
    "set and use": with_sign(1) + f"{SIGN} [{DIGEST}] 00 = .. 9000",
    "set replaces the template": with_sign(1, "65") + with_sign(3) + f"{SIGN} [00] 00 = .. 9000",
    "templates stand side by side": with_sign(1) + with_cipher(2) + f"{SIGN} [{DIGEST}] 00 = .. 9000",
    "store and restore": with_sign(1) + "0022F205 = 9000;" + with_sign(0x21) + f"{SIGN} [{DIGEST}] 00 = 6A88;"
    + f"0022F305 = 9000; {SIGN} [{DIGEST}] 00 = .. 9000",
    "restore takes all away": "0022F205 = 9000;" + with_sign(1) + f"0022F305 = 9000; {SIGN} [{DIGEST}] 00 = 6A88",
    "erase": "0022F205 = 9000; 0022F405 = 9000; 0022F305 = 6A88; 0022F405 = 6A88",
    "restore what was not stored": "0022F305 = 6A88",
    "store under a number there is not": "0022F200 = 6A86; 0022F2EF = 6A86",
    "store with data": "0022F205 [00] = 6700",
    "store without the right": "00440000 = 9000; 00E00000 [{62 {82 3821}{83 DF01}{8C 02 FF}}] = 9000; 0022F205 = 6982;"
    "0022F405 = 6A88",
    "a wrong P1": "002201B6 [{84 01}] = 6A86; 002242B6 [{84 01}] = 6A86",
    "a wrong P2": "002241B7 [{84 01}] = 6A86",
    "an unknown tag": "002241B6 [{82 01}] = 6A80",
    "an empty value": "002241B6 [{84}] = 6A80",
    "no data objects": "002241B6 [84] = 6A80",
    "too much": "002241B6 [{84 " + "01" * 300 + "}] = 6700",
    "no data empties the template": with_sign(1) + f"002241B6 = 9000; {SIGN} [{DIGEST}] 00 = 6A88",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", ENVIRONMENT.values(), ids=ENVIRONMENT)
def test_the_environment(card: Bench, dialogue: str) -> None:
    talk(card, KEYS)
    talk(card, dialogue)


def test_a_stored_environment_survives_and_a_current_one_does_not(card: Bench) -> None:
    talk(card, KEYS + with_sign(1) + "0022F205 = 9000")
    card.card.reset()
    talk(card, USER + f"{SIGN} [{DIGEST}] 00 = 6A88; 0022F305 = 9000; {SIGN} [{DIGEST}] 00 = .. 9000")


# -- card-verifiable certificates

AUTHORITY = ec.derive_private_key(0xABCDEF, ec.SECP256R1())
HOST = ec.derive_private_key(0x123456, ec.SECP256R1())


def raw(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return b"\4" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def body(holder: bytes = b"host-1", public: bytes = b"") -> bytes:
    return tlv(0x5F20, holder) + tlv(0x7F49, tlv(0x86, public or point(HOST)))


@pytest.fixture
def trusting(card: Bench) -> Bench:
    """A card with the authority's key in slot 1."""
    talk(card, USER)
    private = tlv(0x84, b"\1") + tlv(0x80, b"\2") + tlv(0x7F48, tlv(0x92, (0xABCDEF).to_bytes(32, "big")))
    card.ok(command(0xDB, 0x3F, 0xFF, tlv(0xB6, private)))
    card.ok("00 2281B6 03 830101".replace(" ", ""))
    return card


@pytest.mark.parametrize("form", ["described", "in a template", "without tags"])
def test_a_verified_certificate_makes_its_key_usable(trusting: Bench, form: str) -> None:
    inside = body()
    signature = raw(AUTHORITY, tlv(0x7F4E, inside))
    described = tlv(0x7F4E, inside) + tlv(0x5F37, signature)
    data = {"described": described, "in a template": tlv(0x7F21, described), "without tags": inside + signature}[form]
    trusting.ok(command(0x2A, 0x00, 0xAE if form == "without tags" else 0xBE, data))
    trusting.ok(command(0x22, 0x81, 0xB6, tlv(0x83, b"host-1")))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"message")
    signed = tlv(0x9A, digest.finalize()) + tlv(0x9E, raw(HOST, b"message"))
    trusting.ok(command(0x2A, 0x00, 0xA8, signed))


def certificate(inside: bytes, key: ec.EllipticCurvePrivateKey = AUTHORITY) -> bytes:
    return command(0x2A, 0x00, 0xBE, tlv(0x7F4E, inside) + tlv(0x5F37, raw(key, tlv(0x7F4E, inside))))


def test_a_certificate_of_somebody_else_is_refused(trusting: Bench) -> None:
    trusting.refused(certificate(body(), HOST), 0x6300)
    trusting.ok(command(0x22, 0x81, 0xB6, tlv(0x83, b"host-1")))
    trusting.refused(command(0x2A, 0x00, 0xA8, tlv(0x9A, bytes(32)) + tlv(0x9E, bytes(64))), 0x6A88)


@pytest.mark.parametrize(
    "inside",
    [
        body(public=b"\4" + bytes(64)),
        body(public=bytes(10)),
        body(holder=b"\1"),
        body(holder=b""),
        tlv(0x7F49, tlv(0x86, point(HOST))),
        tlv(0x5F20, b"host-1"),
        tlv(0x5F20, b"host-1") + tlv(0x7F49, tlv(0x81, b"\0") + tlv(0x82, b"\3")),
        b"\x5f",
    ],
    ids=[
        "off the curve",
        "no point",
        "a container's name",
        "no name",
        "no holder",
        "no key",
        "no modulus",
        "no data",
    ],
)
def test_a_good_signature_over_a_bad_body_is_refused(trusting: Bench, inside: bytes) -> None:
    trusting.refused(certificate(inside), 0x6A80)


def test_a_certified_key_is_forgotten_at_reset(trusting: Bench) -> None:
    trusting.ok(certificate(body()))
    trusting.card.reset()
    trusting.ok(command(0x22, 0x81, 0xB6, tlv(0x83, b"host-1")))
    trusting.refused(command(0x2A, 0x00, 0xA8, tlv(0x9A, bytes(32)) + tlv(0x9E, bytes(64))), 0x6A88)


def test_a_trace_shows_no_plain_text(card: Bench) -> None:
    """The rest of a deciphered text is as secret when GET RESPONSE brings it."""
    from simcard.trace import Event

    talk(card, USER)
    card.ok(generate(2, "sm2"))
    talk(card, "0022C1B8 [{83 02}] = 9000")
    cryptogram = card.ok(command(0x2A, 0x86, 0x80, b"deep secret", ne=256))
    talk(card, with_cipher(2))
    told: list[Event] = []
    card.card.sink = told.append
    assert b"deep secret" == card.ok(command(0x2A, 0x80, 0x86, cryptogram))
    assert ["Decipher", "GetResponse"] == [event.name for event in told]
    assert "[11 bytes]" == told[1].response
