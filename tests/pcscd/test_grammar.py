"""The client protocol as bytes: any slices in, the same requests out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_bridge.pcscd import grammar as g
from reader_bridge.pcscd import messages as m
from reader_bridge.pcscd.codes import Command, Rv
from tests.pcscd.samples import NAME, REQUESTS

each_request = pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{type(r).__name__}-{len(g.encode(r))}")


@each_request
def test_whole(request_: g.Request) -> None:
    """One message in one slice."""
    assert [request_] == g.Decoder().feed(g.encode(request_))


@each_request
def test_byte_by_byte(request_: g.Request) -> None:
    """The request appears with the last byte and not before."""
    decoder = g.Decoder()
    raw = g.encode(request_)[-400:] if len(g.encode(request_)) > 1000 else g.encode(request_)
    if len(raw) < len(g.encode(request_)):
        decoder.feed(g.encode(request_)[:-400])
    seen = [decoder.feed(bytes((byte,))) for byte in raw]
    assert [request_] == seen[-1]
    assert not any(seen[:-1])


@each_request
def test_with_a_tail(request_: g.Request) -> None:
    """What follows is kept for the next slice."""
    decoder, other = g.Decoder(), g.encode(g.Status(9))
    assert [request_] == decoder.feed(g.encode(request_) + other[:5])
    assert [g.Status(9)] == decoder.feed(other[5:])


@given(st.lists(st.sampled_from(REQUESTS), max_size=6), st.lists(st.integers(1, 200), min_size=1, max_size=30))
def test_any_requests_in_any_slices(requests: list[g.Request], lengths: list[int]) -> None:
    """Slices mean nothing."""
    raw = b"".join(g.encode(request) for request in requests)
    decoder, seen, at, turn = g.Decoder(), list[g.Request](), 0, 0
    while at < len(raw):
        step = lengths[turn % len(lengths)] * (400 if len(raw) > 5000 else 1)
        seen += decoder.feed(raw[at : at + step])
        at, turn = at + step, turn + 1
    assert requests == seen
    assert not decoder.incomplete


@pytest.mark.parametrize("command", [0, 3, 0x0C, 0x0E, 0x16, 0x17, 0xFFFFFFFF])
def test_unknown_commands_are_refused(command: int) -> None:
    """Also those with a number and no use."""
    with pytest.raises(g.BadMessage):
        g.Decoder().feed(m.FAST_HEADER.pack(0, command))


@pytest.mark.parametrize("command", list(Command))
def test_wrong_sizes_are_refused_with_the_header(command: Command) -> None:
    """A size that does not fit is known before the body comes."""
    with pytest.raises(g.BadMessage):
        g.Decoder().feed(m.FAST_HEADER.pack(0xFFFFFFF0, command))


def test_too_many_bytes_for_the_card_are_refused() -> None:
    """65548 is the most."""
    too_long = g.Transmit(5, 2, 16, 65549, 3, 16, 258, b"")
    with pytest.raises(g.BadMessage):
        g.Decoder().feed(g.encode(too_long))


def test_too_many_bytes_for_the_reader_are_refused() -> None:
    """The same limit for SCardControl."""
    with pytest.raises(g.BadMessage):
        g.Decoder().feed(g.encode(g.Control(5, 1, 65549, 3, 0, b"")))


def test_too_long_an_attribute_is_refused() -> None:
    """264 is the room that a message has."""
    with pytest.raises(g.BadMessage):
        g.Decoder().feed(g.encode(g.GetAttribute(5, 1, bytes(264), 265)))


def test_the_name_ends_at_the_first_zero() -> None:
    """The rest of the field is whatever was in memory."""
    assert g.Connect(1, b"ab\0cd".ljust(128, b"x"), 2, 3, 0, 0).name == b"ab"


def test_a_name_without_zero_is_cut() -> None:
    """The last byte counts as zero."""
    assert g.Connect(1, b"x" * 128, 2, 3, 0, 0).name == b"x" * 127


def test_a_reply_repeats_the_request() -> None:
    """With results and the code filled in."""
    parsed = m.CONNECT.parse(g.reply(g.Connect(77, NAME, 2, 3, 0, 0), Rv.SUCCESS, card=5, active_protocol=2))
    assert (77, NAME, 2, 3, 5, 2, 0) == tuple(value for key, value in parsed.items() if key != "_io")


def test_a_successful_transmit_carries_the_response() -> None:
    """After the body, which tells its length."""
    ask = g.Transmit(5, 2, 16, 5, 3, 16, 258, bytes(5))
    answer = g.transmit_reply(ask, Rv.SUCCESS, b"\x90\x00")
    assert m.FAST_TRANSMIT.pack(5, 2, 16, 5, 1, 16, 2, 0) + b"\x90\x00" == answer


def test_a_refused_transmit_tells_the_length_only() -> None:
    """The client learns how much room it needs."""
    ask = g.Transmit(5, 2, 16, 5, 3, 16, 1, bytes(5))
    answer = g.transmit_reply(ask, Rv.INSUFFICIENT_BUFFER, b"\x90\x00")
    assert m.FAST_TRANSMIT.pack(5, 2, 16, 5, 3, 16, 2, Rv.INSUFFICIENT_BUFFER) == answer


def test_no_command_bytes_in_representations() -> None:
    """They may hold a PIN."""
    assert "1234" not in repr(g.Transmit(5, 2, 16, 4, 3, 16, 258, b"1234"))
    assert "1234" not in repr(g.Control(5, 0, 4, 0, 0, b"1234"))
