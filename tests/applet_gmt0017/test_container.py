"""Containers, certificates and public keys."""

from __future__ import annotations

import pytest

from simcard.key.containers import Containers
from tests.applet_gmt0017.support import (
    BITS,
    CONTAINER,
    Token,
    eport,
    equipped,
    ready,
    u4,
    with_application,
)

CERTIFICATE = b"\x30\x82\x01\x00" + bytes(range(256))


def put(made: Token, certificate: bytes = CERTIFICATE, kind: int = 1) -> str:
    return made.sw(0x4C, made.where + bytes((kind,)) + u4(len(certificate)) + certificate)


def test_creating_needs_the_users_login_and_not_the_administrators() -> None:
    made = with_application()
    assert made.sw(0x40, made.ident + CONTAINER) == "6982"
    made.login(b"87654321", 0)
    assert made.sw(0x40, made.ident + CONTAINER) == "6982"
    made.login()
    assert bytes.fromhex("3001") == made.create_container()


def test_a_new_container_is_empty() -> None:
    made = ready()
    assert bytes(11) == made.ok(0x4A, made.ident + CONTAINER, ne=11)


@pytest.mark.parametrize("sw", ["6E02", "6A89"])
def test_a_name_is_taken_once(sw: str) -> None:
    made = ready(container_exists_sw=sw)
    assert made.sw(0x40, made.ident + CONTAINER) == sw


def test_two_applications_may_use_one_name() -> None:
    made = ready()
    assert made.create_application(b"another") == "9000"
    made.open(b"another")
    assert b"\0\0" == made.ok(0x46, made.ident, ne=0)
    made.login()
    assert bytes.fromhex("3002") == made.create_container()


def test_a_container_is_reached_through_its_own_application_only() -> None:
    made = ready()
    assert made.create_application(b"another") == "9000"
    made.open(b"another")
    made.login()
    assert made.sw(0x42, made.ident + CONTAINER, ne=2) == "6A91"
    assert made.sw(0x70, made.where + BITS, ne=0) == "6A94"


def test_the_number_of_containers_is_limited() -> None:
    made = ready()
    assert ["9000"] * 3 + ["6A84"] == [f"{made.send(0x40, made.ident + b'c%d' % n)[1]:04X}" for n in range(4)]


@pytest.mark.parametrize("name", [b"x" * 65, b"\xff", b"a\0b"])
def test_names_are_texts_of_1_to_64_bytes(name: bytes) -> None:
    made = ready()
    assert made.sw(0x40, made.ident + name) == "6A80"


@pytest.mark.parametrize("ins", [0x42, 0x48, 0x4A])
def test_an_unknown_name(ins: int) -> None:
    made = ready()
    assert made.sw(ins, made.ident + b"nothing", ne=11) == "6A91"


@pytest.mark.parametrize("ident", [b"\x30\x02", b"\x00\x00", b"\x2f\xff", b"\xff\xff"])
def test_an_unknown_id(ident: bytes) -> None:
    made = ready()
    assert made.sw(0x44, made.ident + ident) == "6A94"


def test_closing_and_opening() -> None:
    made = ready()
    made.ok(0x44, made.where)
    assert made.sw(0x70, made.where + BITS, ne=0) == "6A94"
    assert made.container == made.ok(0x42, made.ident + CONTAINER, ne=2)
    made.generate()


def test_deleting_needs_the_users_login() -> None:
    made = ready()
    made.ok(0x1C, made.ident)
    assert made.sw(0x48, made.ident + CONTAINER) == "6982"


def test_deleting_destroys_keys_and_certificates() -> None:
    made = ready()
    made.generate()
    assert put(made) == "9000"
    made.ok(0x48, made.ident + CONTAINER)
    content = made.bench.content()
    assert [] == [key for key in content if key[:1] in (b"k", b"y", b"z") or key.startswith(b"gc")]
    assert made.sw(0x88, made.where, 0x100, ne=0) == "6A94"


def test_a_certificate_comes_back() -> None:
    made = ready()
    assert put(made) == "9000"
    assert u4(len(CERTIFICATE)) + CERTIFICATE == made.ok(0x4E, made.where, 0x100, ne=0)
    assert made.sw(0x4E, made.where, 0x000, ne=0) == "6A96"
    assert bytes.fromhex("0100") == made.ok(0x4A, made.ident + CONTAINER, ne=11)[-2:]


def test_a_certificate_needs_the_users_login() -> None:
    made = ready()
    made.ok(0x1C, made.ident)
    assert put(made) == "6982"
    assert made.sw(0x4E, made.where, 0x100, ne=0) == "6A96"


def test_a_long_certificate_is_read_in_pieces() -> None:
    made, certificate = ready(), bytes(range(256)) * 12
    assert put(made, certificate) == "9000"
    expected, found = u4(len(certificate)) + certificate, b""
    sw = 0x6A9E
    while sw == 0x6A9E:
        piece, sw = made.send(0x4E, made.where, 0x100, ne=1000)
        found += piece
    assert (expected, 0x9000) == (found, sw)


@pytest.mark.parametrize(
    ("data", "sw"),
    [(b"\x02" + u4(1) + b"x", "6A80"), (b"\x01" + u4(0), "6700"), (b"\x01" + u4(2) + b"x", "6700"),
     (b"\x01" + u4(1) + b"xy", "6700"), (b"\x01" + u4(0x4001) + bytes(0x4001), "6700")],
)  # fmt: skip
def test_certificates_that_are_none(data: bytes, sw: str) -> None:
    made = ready()
    assert made.sw(0x4C, made.where + data) == sw


@pytest.mark.parametrize("p1p2", [0x200, 0x101, 0x001])
@pytest.mark.parametrize("ins", [0x4E, 0x88])
def test_p1_names_one_of_two_keys(ins: int, p1p2: int) -> None:
    made = ready()
    assert made.sw(ins, made.where, p1p2, ne=0) == "6A86"


def test_public_keys_are_exported_to_anybody() -> None:
    made, signing, _, public = equipped()
    made.ok(0x1C, made.ident)
    assert BITS + signing == made.ok(0x88, made.where, 0x100, ne=0)
    assert BITS + public == made.ok(0x88, made.where, 0x000, ne=0)


def test_a_public_key_that_is_not_there() -> None:
    made = ready()
    assert made.sw(0x88, made.where, 0x100, ne=0) == "6A95"


def test_a_new_signing_key_drops_the_certificate_of_the_old_one() -> None:
    made = ready()
    made.generate()
    put(made)
    made.generate()
    assert made.sw(0x4E, made.where, 0x100, ne=0) == "6A96"


def test_the_cards_containers_are_those_of_the_other_doors() -> None:
    made = eport()
    made.container = made.ok(0x42, made.ident + b"EportSM2", ne=2)
    assert put(made) == "6982"
    made.login(b"88888888")
    assert put(made) == "9000"
    made.bench.ok("00A4000C02DF01")
    made.bench.ok("00A4020C020021")
    assert CERTIFICATE[:16] == made.bench.ok("00B0000010")


def test_the_administrator_renews_at_this_door_where_the_card_lets_him() -> None:
    made = eport()
    made.container = made.ok(0x42, made.ident + b"EportSM2", ne=2)
    made.login(b"66666666", 0)
    assert put(made, kind=0) == "9000"
    made.generate()


def test_a_key_made_here_serves_no_one_at_the_iso_door_without_the_pin() -> None:
    made = ready()
    made.generate()
    pair = Containers(made.bench.store()).slots()[0]
    made.bench.ok("00A40000023F00")
    made.bench.ok(f"002241B6038401{pair.reference:02X}")
    made.bench.refused("002A9E9A20" + "11" * 32 + "00", 0x6982)
