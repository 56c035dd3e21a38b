"""The two laws of the card, and cuts of the power, over the commands of this door."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.campaign.minimise import shortest
from conformance.laws import Grammar, judge, stream
from conformance.tear import POWER_ON, Explorer, Plan, Script
from host_tools.cli.rig import CardRig
from reader_bridge.slot import Slot
from simcard.applet.pkcs15.keys import CURVES
from simcard.hal.engine import KeyKind
from simcard.nvm.store import Store
from simcard.wire import tlv
from tests.applet_pkcs15.kit import ISO_APPLET, PKCS15, PUK, RSA_1024, blank, select, select_path, view
from tests.kit import COUNTERS, Bench, clean, command, logical

PIN = b"123456".ljust(16, b"\0")
CURVE = tlv.build(CURVES[KeyKind.P256].items())
ENTER = [select(ISO_APPLET, 0)]
OWNED = [*ENTER, command(0x24, 1, 2, PUK.encode()), command(0x24, 1, 1, PIN), command(0x20, 0, 1, PIN)]
NAME_KEY = command(0x22, 0x41, 0, bytes.fromhex("8001EC 840100"))
GENERATE = command(0x46, 0, 0, CURVE, 256)
IMPORT = command(0xDB, 0x3F, 0xFF, tlv.tlv(0xE0, CURVE, tlv.tlv(0x88, bytes(31) + b"\x05")))


def fcp(fid: str, security: str = "FF 90 90 90 90 90 90 00", kind: str = "01") -> bytes:
    return bytes.fromhex(f"6F 15 8102 0020 8201 {kind} 8302 {fid} 8608 {security}")


WRITING = Grammar(
    commands=(
        *OWNED,
        select(PKCS15),
        command(0x24, 0, 1, PIN + PIN),
        command(0x2C, 0, 1, PUK.encode() + PIN),
        command(0xE0, 0, 0, fcp("5015", "FF 00 00 00 00 00 00 90", "38")),
        command(0xE0, 0, 0, fcp("2F00")),
        command(0xE0, 0, 0, fcp("3401")),
        select_path(0x2F00),
        select_path(0x5015),
        command(0xD6, 0, 4, b"data"),
        command(0xB0, ne=256),
        command(0x0E),
        command(0xE4, 0, 0, bytes.fromhex("2F00")),
        command(0xE4),
        NAME_KEY,
        GENERATE,
        IMPORT,
        command(0x22, 0x41, 0xB6, bytes.fromhex("800121 840100")),
        command(0x2A, 0x9E, 0x9A, b"message", 256),
        command(0x84, ne=8),
    ),
    values=(b"", PIN, CURVE[:60], fcp("3401"), bytes.fromhex("8001EC 840100"), bytes.fromhex("2F00")),
    instructions=(0x0E, 0x20, 0x22, 0x24, 0x2A, 0x2C, 0x46, 0x84, 0xA4, 0xB0, 0xB1, 0xD6, 0xD7, 0xDB, 0xE0, 0xE4),
)

READING = Grammar(
    commands=(
        *ENTER,
        select(PKCS15),
        command(0x20, 0, 1, b"88888888"),
        command(0x24, 0, 1, b"8888888888888888"),
        command(0x2C, 0, 1, b"6666666688888888"),
        *(select_path(*fids) for fids in ((0x2F00,), (0x5015, 0x5031), (0x5015, 0x4402), (0x5015, 0x3301))),
        command(0xB0, ne=256),
        command(0xB0, 0, 16, ne=8),
        command(0xB1, 0, 0, bytes.fromhex("540100"), 256),
        command(0x22, 0x41, 0xB6, bytes.fromhex("800111 840101")),
        command(0x22, 0x41, 0xB6, bytes.fromhex("840101")),
        command(0x22, 0x41, 0xB8, bytes.fromhex("840102")),
        command(0x2A, 0x9E, 0x9A, b"message", 256),
        command(0x2A, 0x80, 0x86, bytes(129), 256),
        command(0xDA, 0x7F, 0x21, b"0\x01c"),
        select(bytes.fromhex("F04348494E414550 4F5254")),
    ),
    values=(b"", b"88888888", bytes.fromhex("840101"), bytes.fromhex("50154402"), PKCS15),
    instructions=(0x20, 0x22, 0x24, 0x2A, 0x2C, 0x84, 0xA4, 0xB0, 0xB1, 0xD6, 0xE0),
)


class Watched:
    """A card as the laws see it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._slot = Slot("law", bench.card)
        self._slot.power_on()

    @property
    def memory(self) -> Store:
        store = self.bench.card._store
        assert store is not None
        return store

    def transmit(self, raw: bytes) -> bytes | None:
        return self._slot.transmit(raw)

    def content(self) -> bytes:
        digest = sha256()
        for key, value in self.memory.items():
            if not key.startswith(COUNTERS):
                digest.update(b"%d %d " % (len(key), len(value)) + key + value)
        return digest.digest()


def hold(make: Callable[[], Bench], commands: list[bytes]) -> None:
    """Both laws hold, and flash and RAM agree at the end."""
    watched = Watched(make())
    found = judge(watched, commands)
    if found is not None:
        kept = shortest(commands, lambda kept: judge(Watched(make()), kept) is not None)
        shown = " ".join(raw.hex().upper() or "(empty)" for raw in kept)
        pytest.fail(f"law {found.law}: {found.what}; seed 1, commands {shown}")
    assert logical(watched.memory) == watched.bench.content()


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_the_laws_hold_on_a_writable_card(seed: int) -> None:
    hold(blank, [*(OWNED if seed % 4 else ENTER), *stream(seed, WRITING)])


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_the_laws_hold_on_a_view(seed: int) -> None:
    hold(lambda: view(RSA_1024), [*ENTER, *stream(seed, READING)])


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_the_laws_hold_over_many_streams(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        hold(blank, [*(OWNED if seed % 4 else ENTER), *stream(seed, WRITING)])
        hold(lambda: view(RSA_1024), [*ENTER, *stream(seed, READING)])


LIFE = [
    ("power", POWER_ON),
    ("name", ENTER[0]),
    ("unblock key", OWNED[1]),
    ("pin", OWNED[2]),
    ("verify", OWNED[3]),
    ("directory", command(0xE0, 0, 0, fcp("5015", "FF 00 00 00 00 00 00 90", "38"))),
    ("file", command(0xE0, 0, 0, fcp("3401"))),
    ("update", command(0xD6, 0, 4, b"data")),
    ("name key", NAME_KEY),
    ("generate", GENERATE),
    ("import", IMPORT),
    ("delete", command(0xE4)),
]


def explored(plan: Plan) -> int:
    """Cut the power at every flash operation of a card's life; the number of cuts."""
    labels, commands = zip(*LIFE)
    return clean(Explorer(CardRig(), blank().flash.image(), Script(tuple(commands), tuple(labels)), plan)).cuts


def test_nothing_is_half_done_after_a_cut() -> None:
    assert explored(Plan(second=11, again=5)) >= 100


@pytest.mark.slow
def test_nothing_is_half_done_after_any_two_cuts() -> None:
    assert explored(Plan(second=1, again=1)) >= 100


def test_every_step_of_that_life_succeeds() -> None:
    card = blank()
    assert [0x9000] * (len(LIFE) - 1) == [card.whole(raw)[1] for _, raw in LIFE[1:]]
