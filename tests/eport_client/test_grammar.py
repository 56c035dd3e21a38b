"""Frames and envelopes, without sockets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.eport_client import envelope, frames
from host_tools.eport_client.envelope import BadRequest
from host_tools.eport_client.frames import Assembler, Frame, FrameError

GUID = "0a1b2c3d-0000-4000-8000-00000000abcd"
LONG = "中文abc" * 60000


def through(message: str, assembler: Assembler | None = None) -> str | None:
    """Send a message block by block, as a receiver asks for them."""
    pieces, receiver = frames.frames_of(message, GUID), assembler or Assembler()
    index, whole = 0, None
    while whole is None:
        asked, whole = receiver.feed(pieces[index].encode())
        index = asked.following
    return whole


def test_the_published_check_code() -> None:
    assert "374B" == frames.check_code("123456789")


def test_a_check_code_counts_the_low_byte_of_utf_16_units() -> None:
    assert frames.check_code("\x2d\x3d\x00") == frames.check_code("中\u033d\u0400")


def test_a_header_is_128_characters() -> None:
    made = frames.frames_of("{}", GUID)[0].encode()
    assert f"BLOCKTXT{frames.check_code('{}') * 2}{2:016}{2:08}{1:04}{GUID}{0:04}{'0' * 44}{{}}" == made
    assert 130 == len(made)


@given(st.text(max_size=300))
def test_any_message_comes_through(message: str) -> None:
    assert message == through(message)


def test_a_long_message_is_cut_below_the_limit_and_comes_through() -> None:
    pieces = frames.cut(LONG)
    assert [True] * len(pieces) == [len(piece.encode()) <= 120 * 1024 for piece in pieces]
    assert 5 == len(pieces)
    assert LONG == through(LONG)


def test_a_damaged_piece_is_asked_for_again() -> None:
    pieces, receiver = frames.frames_of(LONG, GUID), Assembler()
    receiver.feed(pieces[0].encode())
    asked, _ = receiver.feed(pieces[1].encode()[:-1] + "!")
    assert (False, 1) == (asked.good, asked.following)
    assert (True, 2) == (receiver.feed(pieces[1].encode())[0].good, 2)


def test_the_last_piece_is_answered_by_finish() -> None:
    asked, whole = Assembler().feed(frames.frames_of("x", GUID)[0].encode())
    assert (True, True, "x") == (asked.good, asked.finish, whole)
    assert {"guid": GUID, "next": 1, "finish": True} == asked.data()


def test_a_piece_that_stays_bad_is_given_up() -> None:
    piece, receiver = frames.frames_of("abc", GUID)[0].encode()[:-1] + "!", Assembler()
    for _ in range(3):
        assert receiver.feed(piece)[0].good is False
    with pytest.raises(FrameError):
        receiver.feed(piece)


def test_good_pieces_of_another_message_are_found_out() -> None:
    frame = frames.frames_of("abc", GUID)[0]
    lying = Frame("0000", frame.piece_code, 3, 3, 1, GUID, 0, "abc")
    with pytest.raises(FrameError):
        Assembler().feed(lying.encode())


def test_messages_that_never_end_push_each_other_out() -> None:
    receiver, first = Assembler(), frames.frames_of(LONG, GUID)[0]
    for number in range(20):
        receiver.feed(replace(first, guid=f"{number:036}").encode())
    assert LONG == through(LONG, receiver)


@pytest.mark.parametrize(
    ("at", "text"),
    [(0, "BLOCKTXX"), (16, "-" * 16), (16, "9" * 16), (40, "0000"), (40, "9999"), (80, "0001"), (16, "٣" * 16)],
    ids=["mark", "no number", "too long", "no pieces", "too many pieces", "index beyond count", "other digits"],
)
def test_a_senseless_header_is_refused(at: int, text: str) -> None:
    made = frames.frames_of("abc", GUID)[0].encode()
    with pytest.raises(FrameError):
        Frame.parse(made[:at] + text + made[at + len(text) :])


@given(st.text(max_size=400))
def test_any_text_after_the_mark_is_a_frame_or_refused(text: str) -> None:
    receiver = Assembler()
    try:
        receiver.feed("BLOCKTXT" + text)
    except FrameError:
        return


# -- envelopes


@pytest.mark.parametrize("ident", [0, 7, "1", "abc", 1.5, None, 10**30])
def test_the_id_comes_back_in_its_type(ident: envelope.Id) -> None:
    request = envelope.parse(json.dumps({"_method": "m", "_id": ident, "args": {}}))
    assert [ident, type(ident)] == [found := json.loads(envelope.reply(request, []))["_id"], type(found)]


def test_a_reply_has_the_members_in_the_known_order() -> None:
    request = envelope.parse('{"_method":"m","_id":1}')
    expected = '{"_id":1,"_method":"m","_status":"00","_args":{"Result":true,"Data":["证书"],"Error":[]}}'
    assert expected == envelope.reply(request, ["证书"])


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "7",
        '"text"',
        "{}",
        '{"_method":7}',
        '{"_method":""}',
        '{"_method":"m","_id":[1]}',
        '{"_method":"m","args":[1]}',
        '{"_method":"m","args":"["}',
        '{"_method":"m","_id":NaN}',
        '{"_method":"m\\ud800"}',
        "[" * 100_000,
        '{"_id":' + "9" * 10_000 + "}",
    ],
)
def test_what_is_no_request_is_refused(message: str) -> None:
    with pytest.raises(BadRequest):
        envelope.parse(message)


@given(st.text(max_size=200))
def test_any_text_is_a_request_or_refused(text: str) -> None:
    try:
        envelope.parse(text)
    except BadRequest:
        return


def test_a_refusal_answers_the_id_and_method_it_could_read() -> None:
    with pytest.raises(BadRequest) as caught:
        envelope.parse('{"_method":"m","_id":"9","args":3}')
    assert ("9", "m") == (caught.value.ident, caught.value.method)
