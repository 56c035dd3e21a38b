"""The wire grammar: every stream decodes, however it is sliced, and nothing unsayable is said."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_bridge import vpcd

ORDERS = [vpcd.PowerOff(), vpcd.PowerOn(), vpcd.Reset(), vpcd.GetAtr()]
APDUS = st.binary(max_size=300).filter(lambda command: command not in vpcd.ORDERS).map(vpcd.Apdu)
REQUESTS = st.lists(st.sampled_from(ORDERS) | APDUS, max_size=12)


def slices(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        ("0001 00", vpcd.PowerOff()),
        ("0001 01", vpcd.PowerOn()),
        ("0001 02", vpcd.Reset()),
        ("0001 04", vpcd.GetAtr()),
        ("0005 0084000008", vpcd.Apdu(bytes.fromhex("0084000008"))),
        ("0001 03", vpcd.Apdu(b"\x03")),
        ("0000", vpcd.Apdu(b"")),
    ],
)
def test_each_message_means_one_request(message: str, request_: vpcd.Request) -> None:
    assert [request_] == vpcd.RequestDecoder().feed(bytes.fromhex(message))


@given(REQUESTS)
def test_a_whole_stream_decodes_to_what_was_encoded(requests: list[vpcd.Request]) -> None:
    stream = b"".join(map(vpcd.encode_request, requests))
    assert requests == vpcd.RequestDecoder().feed(stream)


@given(REQUESTS)
def test_a_stream_byte_by_byte_decodes_the_same(requests: list[vpcd.Request]) -> None:
    stream = b"".join(map(vpcd.encode_request, requests))
    decoder = vpcd.RequestDecoder()
    assert requests == [found for byte in stream for found in decoder.feed(bytes([byte]))]


@given(REQUESTS, st.lists(st.integers(0, 5000), max_size=8))
def test_any_slices_decode_the_same(requests: list[vpcd.Request], cuts: list[int]) -> None:
    stream = b"".join(map(vpcd.encode_request, requests))
    decoder = vpcd.RequestDecoder()
    assert requests == [found for piece in slices(stream, cuts) for found in decoder.feed(piece)]


@given(REQUESTS, st.binary(min_size=1, max_size=20))
def test_a_tail_waits_for_its_rest(requests: list[vpcd.Request], start: bytes) -> None:
    tail = (len(start) + 1).to_bytes(2, "big") + start
    decoder = vpcd.RequestDecoder()
    stream = b"".join(map(vpcd.encode_request, requests))
    assert requests == decoder.feed(stream + tail)
    assert len(tail) == decoder.pending
    assert [vpcd.Apdu(start + b"!")] == decoder.feed(b"!")


@given(st.binary(max_size=2000))
def test_no_stream_breaks_the_decoder(stream: bytes) -> None:
    decoder = vpcd.RequestDecoder()
    decoder.feed(stream)
    assert decoder.pending < 2 + vpcd.LONGEST


def test_the_longest_apdu_passes() -> None:
    apdu = vpcd.Apdu(bytes(range(256)) * 255 + bytes(255))
    assert vpcd.LONGEST == len(apdu.command)
    assert [apdu] == vpcd.RequestDecoder().feed(vpcd.encode_request(apdu))


@pytest.mark.parametrize("encode", [vpcd.encode_reply, lambda message: vpcd.encode_request(vpcd.Apdu(message))])
def test_a_message_longer_than_its_length_field_is_refused(encode: object) -> None:
    assert callable(encode)
    with pytest.raises(vpcd.FrameError, match="65535"):
        encode(bytes(65_536))


def test_an_empty_reply_is_never_sent() -> None:
    with pytest.raises(vpcd.FrameError):
        vpcd.encode_reply(b"")


def test_an_apdu_that_reads_as_an_order_is_not_sent() -> None:
    with pytest.raises(vpcd.FrameError):
        vpcd.encode_request(vpcd.Apdu(b"\x00"))


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8), st.lists(st.integers(0, 3000), max_size=8))
def test_replies_decode_from_any_slices(replies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(vpcd.encode_reply, replies))
    decoder = vpcd.ReplyDecoder()
    assert replies == [found for piece in slices(stream, cuts) for found in decoder.feed(piece)]


def test_the_reader_refuses_an_empty_reply() -> None:
    with pytest.raises(vpcd.FrameError):
        vpcd.ReplyDecoder().feed(b"\x00\x00")
