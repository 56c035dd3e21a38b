"""Session keys, ciphering and MACs, against the SM4 of the `cryptography` package."""

from __future__ import annotations

import pytest
from cryptography.hazmat.decrepit.ciphers import modes as old
from cryptography.hazmat.primitives.ciphers import modes
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.applet_gmt0017.support import (
    SM4_CBC,
    SM4_CFB,
    SM4_ECB,
    SM4_MAC,
    SM4_OFB,
    Token,
    ready,
    sm4,
    u2,
    u4,
)

KEY, IV = bytes(range(16)), bytes(range(100, 116))
ENCRYPT, DECRYPT, MAC = (0xA4, 0xA6, 0xA8, 0xAA), (0xAC, 0xAE, 0xB0, 0xB2), (0xBC, 0xBE, 0xC0, 0xC2)
"""Init, at once, update, final."""
MODES = {SM4_ECB: None, SM4_CBC: modes.CBC(IV), SM4_CFB: old.CFB(IV), SM4_OFB: old.OFB(IV)}


def init(made: Token, handle: bytes, ins: int, algorithm: int, padding: int = 0, iv: bytes = IV, bits: int = 0) -> str:
    iv = b"" if algorithm == SM4_ECB else iv
    return made.sw(ins, made.where + handle + u4(algorithm) + u2(len(iv)) + iv + u4(padding) + u4(bits))


def run(made: Token, handle: bytes, codes: tuple[int, ...], pieces: list[bytes]) -> bytes:
    """Updates with all pieces, then Final without data."""
    done = b"".join(made.ok(codes[2], made.where + handle + piece, ne=0) for piece in pieces)
    return done + made.ok(codes[3], made.where + handle, ne=0)


@pytest.mark.parametrize("algorithm", MODES)
def test_every_mode_both_ways(algorithm: int) -> None:
    made, data = ready(), bytes(range(64))
    handle = made.session_key(KEY)
    expected = sm4(KEY, data, MODES[algorithm])
    assert init(made, handle, 0xA4, algorithm) == "9000"
    assert expected == made.ok(0xA6, made.where + handle + data, ne=0)
    assert init(made, handle, 0xAC, algorithm) == "9000"
    assert data == made.ok(0xAE, made.where + handle + expected, ne=0)


@pytest.mark.parametrize("algorithm", [SM4_CFB, SM4_OFB])
@pytest.mark.parametrize("length", [1, 15, 17, 33])
def test_stream_modes_take_any_length(algorithm: int, length: int) -> None:
    made, data = ready(), bytes(range(length))
    handle = made.session_key(KEY)
    assert init(made, handle, 0xA4, algorithm, bits=128) == "9000"
    assert sm4(KEY, data, MODES[algorithm]) == made.ok(0xA6, made.where + handle + data, ne=0)


def pkcs5(data: bytes) -> bytes:
    count = 16 - len(data) % 16
    return data + bytes((count,)) * count


@pytest.mark.parametrize("algorithm", [SM4_ECB, SM4_CBC])
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 32])
def test_padding(algorithm: int, length: int) -> None:
    made, data = ready(), bytes(range(length))
    handle = made.session_key(KEY)
    expected = sm4(KEY, pkcs5(data), MODES[algorithm])
    init(made, handle, 0xA4, algorithm, 1)
    assert expected == made.ok(0xA6, made.where + handle + data, ne=0)
    init(made, handle, 0xAC, algorithm, 1)
    assert data == made.ok(0xAE, made.where + handle + expected, ne=0)


SLICES = st.lists(st.binary(max_size=40), max_size=5)


@settings(max_examples=25, deadline=None)
@given(pieces=SLICES, algorithm=st.sampled_from([SM4_ECB, SM4_CBC]))
def test_slices_do_not_matter_with_padding(pieces: list[bytes], algorithm: int) -> None:
    made = SHARED.token()
    handle = made.session_key(KEY)
    whole = b"".join(pieces)
    expected = sm4(KEY, pkcs5(whole), MODES[algorithm])
    init(made, handle, 0xA4, algorithm, 1)
    assert expected == run(made, handle, ENCRYPT, pieces)
    init(made, handle, 0xAC, algorithm, 1)
    cut = [expected[at : at + 7] for at in range(0, len(expected), 7)]
    assert whole == run(made, handle, DECRYPT, cut)
    made.ok(0xC4, made.where + handle)


@settings(max_examples=15, deadline=None)
@given(pieces=SLICES, algorithm=st.sampled_from([SM4_CFB, SM4_OFB]))
def test_slices_do_not_matter_in_stream_modes(pieces: list[bytes], algorithm: int) -> None:
    made = SHARED.token()
    handle = made.session_key(KEY)
    init(made, handle, 0xA4, algorithm)
    assert sm4(KEY, b"".join(pieces), MODES[algorithm]) == run(made, handle, ENCRYPT, pieces)
    made.ok(0xC4, made.where + handle)


class Shared:
    """One token for many examples, made when first asked for."""

    made: Token | None = None

    def token(self) -> Token:
        self.made = self.made or ready()
        return self.made


SHARED = Shared()


@pytest.mark.parametrize("codes", [ENCRYPT, DECRYPT])
@pytest.mark.parametrize("algorithm", [SM4_ECB, SM4_CBC])
def test_without_padding_only_whole_blocks(codes: tuple[int, ...], algorithm: int) -> None:
    made = ready()
    handle = made.session_key(KEY)
    init(made, handle, codes[0], algorithm)
    assert made.sw(codes[1], made.where + handle + bytes(17), ne=0) == "6700"
    assert made.sw(codes[1], made.where + handle + bytes(16), ne=0) == "6985"


def test_wrong_padding_is_noticed() -> None:
    made = ready()
    handle = made.session_key(KEY)
    init(made, handle, 0xAC, SM4_ECB, 1)
    assert made.sw(0xAE, made.where + handle + sm4(KEY, bytes(16)), ne=0) == "6A80"


@pytest.mark.parametrize("algorithm", [SM4_MAC, SM4_CBC])
def test_the_mac_is_the_last_cbc_block(algorithm: int) -> None:
    made, data = ready(), bytes(range(96))
    handle = made.session_key(KEY)
    expected = sm4(KEY, data, modes.CBC(IV))[-16:]
    init(made, handle, 0xBC, algorithm)
    assert expected == made.ok(0xBE, made.where + handle + data, ne=16)
    init(made, handle, 0xBC, algorithm)
    assert b"" == made.ok(0xC0, made.where + handle + data[:32])
    assert b"" == made.ok(0xC0, made.where + handle + data[32:80])
    assert expected == made.ok(0xC2, made.where + handle + data[80:], ne=16)


def test_a_mac_without_an_iv_begins_with_zeros() -> None:
    made = ready()
    handle = made.session_key(KEY)
    assert init(made, handle, 0xBC, SM4_MAC, iv=b"") == "9000"
    assert sm4(KEY, bytes(16)) == made.ok(0xBE, made.where + handle + bytes(16), ne=16)


@pytest.mark.parametrize("data", [b"", bytes(15)])
def test_a_mac_is_over_whole_blocks(data: bytes) -> None:
    made = ready()
    handle = made.session_key(KEY)
    init(made, handle, 0xBC, SM4_MAC)
    assert made.sw(0xBE, made.where + handle + data, ne=16) == "6700"


@pytest.mark.parametrize(
    ("ins", "algorithm", "sw"),
    [(0xA4, 0x101, "6A99"), (0xA4, 0x403, "6A99"), (0xA4, SM4_MAC, "6A99"), (0xBC, SM4_ECB, "6A99"), (0xA4, 0, "6A99")],
)
def test_algorithms_there_are_not(ins: int, algorithm: int, sw: str) -> None:
    made = ready()
    assert init(made, made.session_key(KEY), ins, algorithm) == sw


@pytest.mark.parametrize(
    ("iv", "padding", "bits", "sw"), [(IV[:8], 0, 0, "6A80"), (IV, 2, 0, "6A80"), (b"", 0, 0, "6A80")]
)
def test_parameters_that_cannot_be(iv: bytes, padding: int, bits: int, sw: str) -> None:
    made = ready()
    assert init(made, made.session_key(KEY), 0xA4, SM4_CBC, padding, iv, bits) == sw


@pytest.mark.parametrize("bits", [1, 12, 129, 136, 0x80000000])
@pytest.mark.parametrize("algorithm", [SM4_CFB, SM4_OFB])
def test_whole_bytes_of_a_block_are_fed_back(algorithm: int, bits: int) -> None:
    made = ready()
    assert init(made, made.session_key(KEY), 0xA4, algorithm, bits=bits) == "6A99"


def in_steps(algorithm: int, step: int, data: bytes) -> bytes:
    """CFB and OFB by their definition, encrypting (ISO/IEC 10116:2017, 8 and 9)."""
    register, done = IV, b""
    for at in range(0, len(data), step):
        result = sm4(KEY, register)
        text = bytes(a ^ b for a, b in zip(data[at : at + step], result))
        register = register[len(text) :] + text if algorithm == SM4_CFB else result
        done += text
    return done


@pytest.mark.parametrize("step", [1, 2, 5, 8, 15, 16])
@pytest.mark.parametrize("algorithm", [SM4_CFB, SM4_OFB])
def test_fewer_bits_are_fed_back_both_ways(algorithm: int, step: int) -> None:
    made, data = ready(), bytes(range(37))
    handle = made.session_key(KEY)
    expected = in_steps(algorithm, step, data)
    assert init(made, handle, 0xA4, algorithm, bits=8 * step) == "9000"
    assert expected == run(made, handle, ENCRYPT, [data[:3], data[3:20], data[20:]])
    assert init(made, handle, 0xAC, algorithm, bits=8 * step) == "9000"
    assert data == run(made, handle, DECRYPT, [expected[:18], expected[18:]])


@pytest.mark.parametrize("codes", [ENCRYPT, DECRYPT, MAC])
def test_steps_need_a_beginning(codes: tuple[int, ...]) -> None:
    made = ready()
    handle = made.session_key(KEY)
    for ins in codes[1:]:
        assert made.sw(ins, made.where + handle + bytes(16), ne=0) == "6985"


def test_a_step_of_another_operation_ends_the_one_that_runs() -> None:
    made = ready()
    handle = made.session_key(KEY)
    init(made, handle, 0xA4, SM4_ECB)
    assert made.sw(0xAE, made.where + handle + bytes(16), ne=0) == "6985"
    assert made.sw(0xA6, made.where + handle + bytes(16), ne=0) == "6985"


@pytest.mark.parametrize("ins", [0xA4, 0xA6, 0xBE, 0xC4])
def test_a_key_that_is_not_there(ins: int) -> None:
    made = ready()
    tail = u4(SM4_ECB) + u2(0) + u4(0) + u4(0) if ins == 0xA4 else b""
    assert made.sw(ins, made.where + b"\x00\x07" + tail) == "6A8C"


def test_a_key_belongs_to_its_container() -> None:
    made = ready()
    handle, first = made.session_key(KEY), made.container
    made.create_container(b"another")
    assert made.sw(0xC4, made.where + handle) == "6A8C"
    made.container = first
    made.ok(0xC4, made.where + handle)
    assert made.sw(0xC4, made.where + handle) == "6A8C"


def test_the_number_of_keys_is_limited() -> None:
    made = ready(session_keys=2)
    first = made.session_key(KEY)
    made.session_key(KEY)
    data = made.where + u4(SM4_ECB) + u2(16) + KEY
    assert made.sw(0xA2, data, ne=2) == "6A84"
    made.ok(0xC4, made.where + first)
    assert first != made.ok(0xA2, data, ne=2)


@pytest.mark.parametrize("length", [0, 8, 15, 17, 32])
def test_an_sm4_key_has_16_bytes(length: int) -> None:
    made = ready()
    assert made.sw(0xA2, made.where + u4(SM4_ECB) + u2(length) + bytes(length), ne=2) == "6A80"


def test_keys_do_not_survive_a_reset_and_are_never_in_memory() -> None:
    made = ready()
    before = made.bench.content()
    handle = made.session_key(KEY)
    assert before == made.bench.content()
    made.bench.card.reset()
    made.open()
    made.ok(0x42, made.ident + b"personalCert00", ne=2)
    assert made.sw(0xC4, made.where + handle) == "6A8C"


def test_deleting_a_container_forgets_its_keys() -> None:
    made = ready()
    handle = made.session_key(KEY)
    made.ok(0x48, made.ident + b"personalCert00")
    made.create_container()
    assert made.sw(0xC4, made.where + handle) == "6A8C"
