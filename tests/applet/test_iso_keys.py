"""GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8:2021, 5.1) and import: RSA, P-256, P-384, SM2, and who may."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simcard.crypto.engines import make
from simcard.hal.engine import KeyKind
from simcard.wire.tlv import fields, tlv
from tests.dialogue import talk
from tests.kit import Bench, bench, command

USER = "00200001 ['12345678'] = 9000;"
MECHANISMS = {"rsa": b"\1", "p256": b"\2", "p384": b"\3", "sm2": b"\4"}
POINTS = {"p256": 65, "p384": 97, "sm2": 65}


def generate(reference: int, kind: str, bits: int = 0, p1: int = 0x80) -> bytes:
    role = 0xB6 if reference % 2 else 0xB8
    asked = tlv(0x80, MECHANISMS[kind]) + (tlv(0x81, bits.to_bytes(2, "big")) if bits else b"")
    return command(0x46, p1, 0, tlv(role, tlv(0x84, bytes((reference,)))) + tlv(0xAC, asked), ne=65536)


def import_of(reference: int, kind: str, private: bytes) -> bytes:
    role = 0xB6 if reference % 2 else 0xB8
    inside = tlv(0x84, bytes((reference,))) + tlv(0x80, MECHANISMS[kind]) + tlv(0x7F48, private)
    return command(0xDB, 0x3F, 0xFF, tlv(role, inside))


def public(card: Bench, reference: int) -> dict[int, bytes]:
    role = 0xB6 if reference % 2 else 0xB8
    answer = card.ok(command(0x46, 0x81, 0, tlv(role, tlv(0x84, bytes((reference,)))), ne=65536))
    return fields(fields(answer)[0x7F49])


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("reference", [1, 2, 126])
def test_a_curve_pair_is_generated_and_told(card: Bench, kind: str, reference: int) -> None:
    talk(card, USER)
    made = fields(fields(card.ok(generate(reference, kind)))[0x7F49])
    assert made == public(card, reference)
    assert POINTS[kind] == len(made[0x86])
    make("soft").check_public(KeyKind(kind), made[0x86])


@pytest.mark.parametrize("bits", [1024, 1088, 2048])
def test_an_rsa_pair_is_generated(card: Bench, bits: int) -> None:
    talk(card, USER)
    made = fields(fields(card.ok(generate(1, "rsa", bits)))[0x7F49])
    modulus = int.from_bytes(made[0x81], "big")
    assert bits == modulus.bit_length()
    assert bytes.fromhex("010001") == made[0x82]
    rsa.RSAPublicNumbers(65537, modulus).public_key()


def test_p1_82_answers_nothing(card: Bench) -> None:
    talk(card, USER)
    assert b"" == card.ok(generate(1, "p256", p1=0x82))


def test_a_second_generation_makes_another_key_of_the_same_kind(card: Bench) -> None:
    talk(card, USER)
    first = card.ok(generate(1, "sm2"))
    again = card.ok("0046800005 B603840101")
    assert first != again
    assert len(first) == len(again)


def test_two_cards_of_different_seeds_make_different_keys() -> None:
    one, other = bench(seed=1), bench(seed=2)
    talk(one, USER)
    talk(other, USER)
    assert one.ok(generate(1, "sm2")) != other.ok(generate(1, "sm2"))


def test_a_reset_does_not_repeat_the_noise(card: Bench) -> None:
    talk(card, USER)
    first = card.ok(generate(1, "sm2"))
    card.card.reset()
    talk(card, USER)
    assert first != card.ok(generate(1, "sm2"))


@pytest.mark.parametrize(("kind", "curve"), [("p256", ec.SECP256R1()), ("p384", ec.SECP384R1())])
def test_a_curve_key_is_imported(card: Bench, kind: str, curve: ec.EllipticCurve) -> None:
    talk(card, USER)
    size = (curve.key_size + 7) // 8
    key = ec.derive_private_key(0x1234567, curve)
    card.ok(import_of(1, kind, tlv(0x92, (0x1234567).to_bytes(size, "big"))))
    numbers = key.public_key().public_numbers()
    assert b"\4" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big") == public(card, 1)[0x86]


PRIVATE_SM2 = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC_SM2 = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)


def test_the_key_of_the_standard_is_imported(card: Bench) -> None:
    """GB/T 32918.5-2017, A.2: private and public key."""
    talk(card, USER)
    card.ok(import_of(2, "sm2", tlv(0x92, PRIVATE_SM2)))
    assert PUBLIC_SM2 == public(card, 2)[0x86]


@pytest.mark.parametrize("bits", [1024, 2048])
def test_an_rsa_key_is_imported(card: Bench, bits: int) -> None:
    talk(card, USER)
    numbers = rsa.generate_private_key(65537, bits).private_numbers()
    private = tlv(0x91, b"\1\0\1") + tlv(0x92, numbers.p.to_bytes(bits // 16, "big"))
    card.ok(import_of(1, "rsa", private + tlv(0x93, numbers.q.to_bytes(bits // 16, "big"))))
    assert numbers.public_numbers.n == int.from_bytes(public(card, 1)[0x81], "big")


SECRET = "{7F48 {92 " + "01" * 32 + "}}"

WRONG = {
    "generate without the right": "00440000 = 9000; 00468000 [{B6 {84 01}}{AC {80 02}}] 00 = .. 9000;"
    "00468000 [{B6 {84 01}}] 00 = 6982",
    "generate over a key without the right": USER + "00468200 [{B6 {84 01}}{AC {80 02}}] = 9000; 0020FF01 = 9000;"
    "00468200 [{B6 {84 01}}] = 6982",
    "read a public key there is not": "00468100 [{B6 {84 01}}] 00 = 6A88",
    "no reference": USER + "00468000 [{AC {80 02}}] 00 = 6A88",
    "reference 00": USER + "00468000 [{B8 {84 00}}{AC {80 02}}] 00 = 6A88",
    "reference 127": USER + "00468000 [{B6 {84 7F}}{AC {80 02}}] 00 = 6A88",
    "a reference of two bytes": USER + "00468000 [{B6 {84 0101}}{AC {80 02}}] 00 = 6A80",
    "a signing reference in a template for exchange": USER + "00468000 [{B8 {84 01}}{AC {80 02}}] 00 = 6A80",
    "no mechanism for a new key": USER + "00468000 [{B6 {84 01}}] 00 = 6A80",
    "an unknown mechanism": USER + "00468000 [{B6 {84 01}}{AC {80 05}}] 00 = 6A80",
    "a size a curve has not": USER + "00468000 [{B6 {84 01}}{AC {80 02}{81 0180}}] 00 = 6A80",
    "a size RSA has not": USER + "00468000 [{B6 {84 01}}{AC {80 01}{81 0401}}] 00 = 6A80",
    "RSA too short": USER + "00468000 [{B6 {84 01}}{AC {80 01}{81 0200}}] 00 = 6A80",
    "RSA too long": USER + "00468000 [{B6 {84 01}}{AC {80 01}{81 2000}}] 00 = 6A80",
    "another size for an old key": USER + "00468200 [{B6 {84 01}}{AC {80 04}}] = 9000;"
    "00468000 [{B6 {84 01}}{AC {81 1000}}] 00 = 6A80",
    "a wrong P1": USER + "00468300 [{B6 {84 01}}] 00 = 6A86",
    "a wrong P2": USER + "00468001 [{B6 {84 01}}] 00 = 6A86",
    "no data objects": USER + "00468000 [B605] 00 = 6A80",
    "odd INS without a template": USER + "00478000 00 = 6A80",
    "import without the right": "00440000 = 9000; 00468200 [{B6 {84 01}}{AC {80 02}}] = 9000;"
    "00DB3FFF [{B6 {84 01}{80 02}" + SECRET + "}] = 6982",
    "import without a mechanism": USER + "00DB3FFF [{B6 {84 01}" + SECRET + "}] = 6A80",
    "import of an unknown mechanism": USER + "00DB3FFF [{B6 {84 01}{80 09}" + SECRET + "}] = 6A80",
    "import without a key": USER + "00DB3FFF [{B6 {84 01}{80 02}}] = 6A80",
    "import without a reference": USER + "00DB3FFF [{B6 {80 02}" + SECRET + "}] = 6A88",
    "import of zero": USER + "00DB3FFF [{B6 {84 01}{80 02}{7F48 {92 " + "00" * 32 + "}}}] = 6A80",
    "import of more than the order": USER + "00DB3FFF [{B6 {84 01}{80 02}{7F48 {92 " + "FF" * 32 + "}}}] = 6A80",
    "import of a short key": USER + "00DB3FFF [{B6 {84 01}{80 02}{7F48 {92 01}}}] = 6A80",
    "import of RSA without primes": USER + "00DB3FFF [{B6 {84 01}{80 01}{7F48 {91 010001}}}] = 6A80",
    "import of RSA with primes that are none": USER + "00DB3FFF [{B6 {84 01}{80 01}{7F48 {91 010001}{92 "
    + "FF" * 64 + "}{93 " + "FE" * 64 + "}}}] = 6A80",
    "import of RSA of zeros": USER + "00DB3FFF [{B6 {84 01}{80 01}{7F48 {91 010001}{92 00}{93 00}}}] = 6A80",
    "import of RSA with an empty exponent": USER + "00DB3FFF [{B6 {84 01}{80 01}{7F48 {91}{92 03}{93 05}}}] = 6A80",
    "import of two keys": USER + "00DB3FFF [{B6 {84 01}{80 02}" + SECRET + "}{B8 {84 02}}] = 6A80",
}  # fmt: skip


@pytest.mark.parametrize("dialogue", WRONG.values(), ids=WRONG)
def test_a_wrong_use_is_refused(card: Bench, dialogue: str) -> None:
    talk(card, dialogue)


def test_the_environment_names_the_key(card: Bench) -> None:
    talk(card, USER + "002241B6 [{84 03}] = 9000; 00468200 [{AC {80 02}}] = 9000; 00468100 [{B6 {84 03}}] 00 = .. 9000")


def test_the_environment_of_one_role_does_not_name_a_key_of_the_other(card: Bench) -> None:
    talk(
        card, USER + "002241B8 [{84 04}] = 9000; 00468200 [{B6}{AC {80 02}}] = 6A88;00468200 [{B8}{AC {80 02}}] = 9000"
    )


def test_a_generated_key_survives_power(card: Bench) -> None:
    talk(card, USER)
    made = card.ok(generate(1, "sm2"))
    card.card.power_off()
    card.card.power_on()
    assert fields(fields(made)[0x7F49]) == public(card, 1)
