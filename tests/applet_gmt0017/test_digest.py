"""Digests, against hashlib and gmssl."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.applet_gmt0017.support import BITS, gm_pair, token, u4

SM3: Any = import_module("gmssl.sm3")
NAMES = {2: "sha1", 3: "sha256", 4: "sha384", 5: "sha512"}


def expected(hash_: int, data: bytes) -> bytes:
    if hash_ == 1:
        return bytes.fromhex(SM3.sm3_hash(list(data)))
    return hashlib.new(NAMES[hash_], data).digest()


@pytest.mark.parametrize("hash_", [1, *NAMES])
@pytest.mark.parametrize("data", [b"", b"abc", bytes(200)])
def test_a_digest_at_once(hash_: int, data: bytes) -> None:
    made = token()
    made.ok(0xB4, p1p2=hash_)
    assert expected(hash_, data) == made.ok(0xB6, data, ne=0)


@settings(max_examples=20, deadline=None)
@given(pieces=st.lists(st.binary(max_size=100), max_size=4), hash_=st.sampled_from([1, 2, 3]))
def test_slices_do_not_matter(pieces: list[bytes], hash_: int) -> None:
    made = token()
    made.ok(0xB4, p1p2=hash_)
    for piece in pieces:
        made.ok(0xB8, piece)
    assert expected(hash_, b"".join(pieces)) == made.ok(0xBA, ne=0)


def test_a_signers_key_and_id_come_first() -> None:
    made, ident = token(), b"1234567812345678"
    _, public = gm_pair(4)
    a = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    b = "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    g = "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    h = "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
    za = expected(1, b"\x00\x80" + ident + bytes.fromhex(a + b + g + h) + public)
    made.ok(0xB4, BITS + public + u4(16) + ident, 1)
    assert expected(1, za + b"message") == made.ok(0xB6, b"message", ne=0)


def test_only_sm3_has_a_signer() -> None:
    _, public = gm_pair(4)
    assert token().sw(0xB4, BITS + public + u4(1) + b"x", 3) == "6A80"


def test_the_length_comes_first_by_switch() -> None:
    made = token(digest_len_prefix=True)
    made.ok(0xB4, p1p2=3)
    assert u4(32) + hashlib.sha256(b"x").digest() == made.ok(0xB6, b"x", ne=0)


@pytest.mark.parametrize(("p1p2", "sw"), [(0, "6A9D"), (6, "6A9D"), (0x0101, "6A86")])
def test_hashes_there_are_not(p1p2: int, sw: str) -> None:
    assert token().sw(0xB4, p1p2=p1p2) == sw


@pytest.mark.parametrize("ins", [0xB6, 0xB8, 0xBA])
def test_a_digest_needs_a_beginning(ins: int) -> None:
    assert token().sw(ins, b"x") == "6985"


def test_a_digest_ends() -> None:
    made = token()
    made.ok(0xB4, p1p2=1)
    made.ok(0xB6, b"x", ne=0)
    assert made.sw(0xBA, ne=0) == "6985"
