"""Any bytes in any data field: an answer of two bytes or more, and a refusal changes nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simcard.wire.gmt0017 import GmtIns
from simcard.wire.status import changes_nothing
from tests.applet_gmt0017.support import BITS, EPORT, SM4_ECB, Token, application_data, envelope, equipped, u2, u4
from tests.kit import bench_of_text

SLOW = frozenset((GmtIns.GEN_EXT_RSA_KEY, GmtIns.GEN_RSA_KEY_PAIR))
"""Making RSA keys is left out here for its time."""


class Shared:
    """One token for many examples, made anew when its session is lost."""

    made: Token | None = None

    def token(self) -> Token:
        if self.made is None:
            made, _, _, self.public = equipped()
            made.session_key(bytes(16))
            made.ok(0x30, b"file".ljust(32, b"\0") + u4(32) + u4(0xFF) + u4(0xFF), 0x1000)
            self.made = made
        return self.made

    public = b""


SHARED = Shared()


def sensible(ins: int, made: Token) -> bytes:
    """Data that would do for most commands."""
    where = made.where
    point = BITS + SHARED.public
    known = {
        0x20: application_data(b"other"),
        0x30: b"new".ljust(32, b"\0") + u4(16) + u4(0xFF) + u4(0xFF),
        0x38: made.ident + u2(0) + u2(4) + b"file",
        0x3A: made.ident + u2(0) + u2(4) + b"file" + u2(4) + b"data",
        0x4C: where + b"\1" + u4(4) + b"cert",
        0x72: where + SAMPLE,
        0x76: point + u4(32) + bytes(96),
        0x78: where + point + u4(SM4_ECB),
        0x7A: point + u4(4) + b"data",
        0x84: where + u4(SM4_ECB) + point + point + u4(1) + b"a" + u4(1) + b"b",
        0xA2: where + u4(SM4_ECB) + u2(16) + bytes(16),
        0xA4: where + u2(1) + u4(SM4_ECB) + u2(0) + u4(0) + u4(0),
    }
    return known.get(ins, where + b"\0\1" + bytes(16))


def mutated(draw: st.DataObject, data: bytes) -> bytes:
    """The data with some bytes changed, cut, or lengthened."""
    raw = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 3))):
        if raw:
            raw[draw.draw(st.integers(0, len(raw) - 1))] = draw.draw(st.integers(0, 255))
    raw = raw[: draw.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))]
    return bytes(raw) + draw.draw(st.one_of(st.just(b""), st.binary(max_size=20)))


SAMPLE = envelope(bytes.fromhex("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
                                "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"), bytes(31) + b"\1",
                  bytes(64))  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    draw=st.data(),
    ins=st.sampled_from(sorted(set(GmtIns) - SLOW)),
    p1p2=st.sampled_from([0, 0, 0, 1, 2, 0x100, 0x200, 0x1000, 0xFFFF]),
    ne=st.sampled_from([None, 0, 1, 8, 288]),
)
def test_any_data_get_an_answer_and_a_refusal_changes_nothing(
    draw: st.DataObject, ins: int, p1p2: int, ne: int | None
) -> None:
    made = SHARED.token()
    data = mutated(draw, sensible(ins, made))
    before = made.bench.content()
    made.bench.sent.clear()
    _, sw = made.send(ins, data, p1p2, ne, 0x84 if ins in (0x12, 0x16, 0x1A) else 0x80)
    if changes_nothing(sw):
        assert before == made.bench.content(), made.bench.story()


@settings(max_examples=100, deadline=None)
@given(apdus=st.lists(st.binary(min_size=0, max_size=60).map(lambda tail: b"\x80" + tail), max_size=6))
def test_any_bytes_of_this_class_get_an_answer(apdus: list[bytes]) -> None:
    card = bench_of_text(EPORT)
    for apdu in apdus:
        assert 0x6000 <= card.send(apdu)[1] <= 0x9FFF
