"""Laws over any bytes: nothing that passes breaks a recorder, a decoder or a packet, and nothing hidden leaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reader_bridge.record import gsmtap, present, text
from reader_bridge.record.decode import Decoder
from reader_bridge.record.mask import Mask
from reader_bridge.record.model import Exchange, Kind, Shown
from simcard.wire.apdu import CommandApdu

anything = st.binary(max_size=40)
answers = st.binary(min_size=2, max_size=600)
commands = st.builds(
    CommandApdu,
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=600),
    st.integers(0, 65536),
).map(CommandApdu.encode)
shown = st.builds(Shown, anything, st.integers(1, 300), anything) | st.builds(Shown, anything)


@given(anything | commands, answers)
def test_masking_keeps_lengths_and_fits_what_was_masked(command: bytes, response: bytes) -> None:
    mask = Mask()
    asked, answered = mask.command(command), mask.response(response)
    assert (len(command), len(response)) == (len(asked), len(answered))
    assert asked.fits(command)
    assert response[-2:] == answered.padded()[-2:]


@given(st.lists(st.tuples(shown.filter(len), shown.filter(len) | st.none())))
def test_any_recording_is_read_as_it_was_written(pairs: list[tuple[Shown, Shown | None]]) -> None:
    exchanges = [Exchange(Kind.APDU, command, response) for command, response in pairs]
    assert [str(e) for e in exchanges] == [str(e) for e in text.parse(text.written(exchanges))]


@given(anything | commands, answers | st.none())
def test_any_exchange_can_be_shown(command: bytes, response: bytes | None) -> None:
    exchange = Exchange(Kind.APDU, Shown(command), None if response is None else Shown(response))
    decoded = Decoder().decode(exchange)
    assert present.text(decoded)
    assert present.json_object(decoded)


@given(commands, answers)
def test_units_lose_nothing_of_an_answer(command: bytes, response: bytes) -> None:
    units = gsmtap.units(command, response)
    assert response[-2:] == units[-1][-2:]
    data = CommandApdu.parse(command).data
    first = 1 if 0 < len(data) <= 255 else sum(unit[1] == 0xC2 for unit in units) if data else 0
    assert response[:-2] == b"".join(unit[5:-2] for unit in units[first:])


@given(anything)
def test_any_datagram_can_be_heard(packet: bytes) -> None:
    gsmtap.heard(packet)
    gsmtap.heard(bytes.fromhex("02040400000000000000000000000000") + packet)
