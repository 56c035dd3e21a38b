"""The two laws over random streams of PIV commands, and the power cut in the midst of them."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.campaign.minimise import shortest
from conformance.laws import Grammar, judge, stream
from conformance.tear import POWER_ON, Explorer, Plan, Script
from host_tools.cli.rig import CardRig
from simcard.applet.piv.applet import PivApplet
from simcard.nvm.store import Store
from simcard.wire.tlv import tlv
from tests.applet_piv.support import (
    AID,
    MANAGEMENT,
    PIN,
    PUK,
    SELECT,
    TDES,
    Piv,
    authenticate,
    certificate,
    ecb,
    get_data,
    padded,
    put_data,
)
from tests.kit import COUNTERS, bench, clean, command, image_of, logical

DER = tlv(0x30, b"a certificate")
POINT = bytes.fromhex(
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
)
GENERATE = command(0x47, 0, 0x9A, tlv(0xAC, tlv(0x80, b"\x11")), ne=256)
COMMANDS = (
    SELECT,
    *(get_data(tag) for tag in (0x5FC102, 0x5FC105, 0x5FC109, 0x7E, 0x7F61, 0x5FFF01, 0x5FC10C)),
    *(put_data(tag, certificate(DER)) for tag in (0x5FC102, 0x5FC105, 0x5FC101)),
    put_data(0x5FC105, b""),
    command(0x20, 0, 0x80, padded(PIN)),
    command(0x20, 0, 0x00, padded(b"000000")),
    command(0x20, 0, 0x80, padded(b"999999")),
    command(0x20, 0, 0x80),
    command(0x24, 0, 0x80, padded(PIN) + padded(b"654321")),
    command(0x24, 0, 0x81, padded(PUK) + padded(PUK)),
    command(0x2C, 0, 0x80, padded(PUK) + padded(PIN)),
    command(0x2C, 0, 0x80, padded(b"00000000") + padded(PIN)),
    GENERATE,
    command(0x47, 0, 0x9E, tlv(0xAC, tlv(0x80, b"\x14"), tlv(0xAA, b"\3")), ne=256),
    authenticate(0x11, 0x9A, tlv(0x82), tlv(0x81, bytes(32))),
    authenticate(0x14, 0x9E, tlv(0x82), tlv(0x81, bytes(48))),
    authenticate(0x11, 0x9D, tlv(0x82), tlv(0x85, POINT)),
    authenticate(TDES, 0x9B, tlv(0x81)),
    authenticate(TDES, 0x9B, tlv(0x80)),
    authenticate(TDES, 0x9B, tlv(0x82, bytes(8))),
    authenticate(TDES, 0x9B, tlv(0x80, bytes(8)), tlv(0x81, bytes(8))),
    command(0xFE, 0x11, 0x9D, tlv(0x06, bytes(range(32)))),
    command(0xFF, 0xFF, 0xFF, b"\x03\x9b\x18" + MANAGEMENT),
    command(0xFA, 3, 3),
    command(0xFB),
    command(0xF9, 0x9A, 0, ne=256),
    *(command(0xF7, 0, reference, ne=256) for reference in (0x80, 0x81, 0x9A, 0x9B, 0xF9)),
    command(0xF8, ne=256),
    command(0xFD, ne=256),
)
VALUES = (AID, padded(PIN), padded(PUK), tlv(0x5C, b"\x5f\xc1\x05"), tlv(0x53, DER), tlv(0x7C, tlv(0x81)), POINT)
GRAMMAR = Grammar(COMMANDS, VALUES, tuple(PivApplet.commands))


def proof() -> list[bytes]:
    """What proves the management key on a seeded card just powered on: its first challenge is known."""
    first = Piv(bench("piv"))
    first.bench.ok(SELECT)
    ask = authenticate(TDES, 0x9B, tlv(0x81))
    answer = ecb(TDES, MANAGEMENT, first.dynamic(ask)[0x81])
    return [SELECT, ask, authenticate(TDES, 0x9B, tlv(0x82, answer))]


class Watched:
    """A PIV card as the laws see it."""

    def __init__(self) -> None:
        self.bench = bench("piv")

    @property
    def memory(self) -> Store:
        store = self.bench.card._store
        assert store is not None
        return store

    def transmit(self, raw: bytes) -> bytes | None:
        return self.bench.card.transmit(raw)

    def content(self) -> bytes:
        digest = sha256()
        for key, value in self.memory.items():
            if not key.startswith(COUNTERS):
                digest.update(b"%d %d " % (len(key), len(value)) + key + value)
        return digest.digest()


def hold(seed: int) -> None:
    """Both laws hold for the stream of this seed, half of them with the management key proved."""
    commands = [*(proof() if seed % 2 else [SELECT]), *stream(seed, GRAMMAR)]
    watched = Watched()
    found = judge(watched, commands)
    if found is not None:
        kept = shortest(commands, lambda kept: judge(Watched(), kept) is not None)
        shown = " ".join(raw.hex().upper() or "(empty)" for raw in kept)
        raise AssertionError(f"law {found.law}: {found.what}; profile piv, seed 1, stream {seed}, commands {shown}")
    assert logical(watched.memory) == watched.bench.content(), f"stream {seed}: flash and RAM differ"


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_the_laws_hold_over_random_streams(seed: int) -> None:
    hold(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_the_laws_hold_over_two_thousand_streams(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        hold(seed)


def test_the_grammar_knows_every_instruction() -> None:
    assert set(PivApplet.commands) == {raw[1] for raw in COMMANDS}


def test_the_proof_opens_the_card() -> None:
    opened = bench("piv")
    for raw in proof():
        opened.ok(raw)
    opened.ok(GENERATE)


def lives() -> list[tuple[str, bytes]]:
    """Commands that write, each with a label; the ones before them prove what they need."""
    wrong = command(0x20, 0, 0x80, padded(b"999999"))
    wrong_puk = command(0x2C, 0, 0x80, padded(b"99999999") + padded(PIN))
    return [
        ("", proof()[0]),
        ("", proof()[1]),
        ("management", proof()[2]),
        ("generate", GENERATE),
        ("certificate", put_data(0x5FC105, certificate(DER))),
        ("object", put_data(0x5FC102, b"mine")),
        ("import", command(0xFE, 0x11, 0x9D, tlv(0x06, bytes(range(32))) + tlv(0xAA, b"\3"))),
        ("management key", command(0xFF, 0xFF, 0xFF, b"\x0c\x9b\x20" + bytes(range(32)))),
        ("verify", command(0x20, 0, 0x80, padded(PIN))),
        ("tries", command(0xFA, 2, 2)),
        ("change", command(0x24, 0, 0x80, padded(PIN) + padded(b"654321"))),
        ("wrong PIN", wrong),
        ("block", wrong),
        ("unblock, wrong", wrong_puk),
        ("unblock", command(0x2C, 0, 0x80, padded(PUK) + padded(PIN))),
        ("", wrong),
        ("", wrong),
        ("", wrong_puk),
        ("", wrong_puk),
        ("reset", command(0xFB)),
    ]


def explorer(plan: Plan) -> Explorer:
    acts = lives()
    script = Script((POWER_ON, *(raw for _, raw in acts)), ("power on", *(label for label, _ in acts)))
    return Explorer(CardRig(), image_of("piv", 1), script, plan)


def test_every_command_of_the_life_succeeds_while_power_lasts() -> None:
    refused = {"wrong PIN": "63C1", "block": "63C0", "unblock, wrong": "63C1"}
    found = explorer(Plan()).report.statuses[1:]
    assert [(label, refused.get(label, "9000")) for label, _ in found if label != "steady"] == [
        pair for pair in found if pair[0] != "steady"
    ]


def test_a_power_cut_anywhere_leaves_a_whole_card() -> None:
    clean(explorer(Plan(stride=3, second=40, again=25)))


@pytest.mark.slow
def test_a_power_cut_everywhere_and_again_leaves_a_whole_card() -> None:
    clean(explorer(Plan(seeds=2)))
