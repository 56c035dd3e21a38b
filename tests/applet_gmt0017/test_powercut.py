"""Power goes away in the middle of every state-changing command: memory is as before or as after."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import pytest

from simcard.hal.flash import RamFlash
from simcard.hal.power import PowerLost, Tear
from simcard.nvm.store import Store
from tests.applet_gmt0017.support import (
    ADMIN,
    ANYONE,
    APP,
    CONTAINER,
    DEVICE_KEY,
    USER,
    Token,
    application_data,
    envelope,
    gm_pair,
    mac,
    pin_key,
    ready,
    sm4,
    u2,
    u4,
)
from tests.kit import logical, on_bench

BITS = u4(256)


@cache
def start() -> tuple[bytes, bytes]:
    """The memory every run begins with, and an envelope for its signing key."""
    made = ready()
    signing = made.generate()
    made.ok(0x30, b"file".ljust(32, b"\0") + u4(64) + u4(ANYONE) + u4(ANYONE), 0x1000)
    return made.bench.flash.image(), envelope(signing, *gm_pair(1))


def prepared() -> Token:
    """A powered token over that memory, everything proved and open."""
    made = Token(on_bench(start()[0], "gmt0017-token"))
    assert made.authenticate() == "9000"
    made.open()
    made.login()
    made.container = made.ok(0x42, made.ident + CONTAINER, ne=2)
    return made


def protected(made: Token, ins: int, kind: int, key: bytes, new: bytes, ident: bytes) -> bytes:
    challenge = made.challenge()
    data = ident + sm4(key, new.ljust(16, b"\0"))
    message = bytes((0x84, ins)) + u2(kind) + u2(len(data) + 4) + data
    return made.raw(ins, kind, data + mac(key, challenge, message), cla=0x84)


CERTIFICATE = bytes(700)
COMMANDS: dict[str, Callable[[Token], bytes]] = {
    "SetLabel": lambda t: t.raw(0x02, 0, b"label"),
    "ChangeDevAuthKey": lambda t: protected(t, 0x12, 2, DEVICE_KEY, bytes(range(16)), b""),
    "ChangePIN": lambda t: protected(t, 0x16, 1, pin_key(USER), b"654321", t.ident),
    "UnblockPIN": lambda t: protected(t, 0x1A, 0, pin_key(ADMIN), b"654321", t.ident),
    "CreateApplication": lambda t: t.raw(0x20, 0, application_data(b"other")),
    "DeleteApplication": lambda t: t.raw(0x24, 0, APP),
    "CreateFile": lambda t: t.raw(0x30, 0x1000, b"new".ljust(32, b"\0") + u4(600) + u4(ANYONE) + u4(ANYONE)),
    "DeleteFile": lambda t: t.raw(0x32, 0x1000, b"file"),
    "WriteFile": lambda t: t.raw(0x3A, 0, t.ident + u2(0) + u2(4) + b"file" + u2(64) + bytes(range(64))),
    "CreateContainer": lambda t: t.raw(0x40, 0, t.ident + b"new", 2),
    "DeleteContainer": lambda t: t.raw(0x48, 0, t.ident + CONTAINER),
    "ImportCertificate": lambda t: t.raw(0x4C, 0, t.where + b"\1" + u4(len(CERTIFICATE)) + CERTIFICATE),
    "GenECCKeyPair": lambda t: t.raw(0x70, 0, t.where + BITS, 0),
    "ImportECCKeyPair": lambda t: t.raw(0x72, 0, t.where + start()[1]),
}


def content(made: Token) -> dict[bytes, bytes]:
    return logical(Store.mount(RamFlash.of_image(made.bench.flash.image())))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_cut_anywhere_leaves_memory_as_before_or_as_after(name: str) -> None:
    made = prepared()
    command, before = COMMANDS[name](made), content(made)
    begun = made.bench.board.power.operations
    assert made.bench.send(command)[1] == 0x9000
    count, after = made.bench.board.power.operations - begun, content(made)
    assert before != after
    for at, tear in product(range(count), Tear):
        again = prepared()
        command = COMMANDS[name](again)
        again.bench.board.power.cut(at, tear, seed=at)
        with pytest.raises(PowerLost):
            again.bench.send(command)
        assert content(again) in (before, after), f"{name}, cut at {at}, {tear}"


def test_a_cut_never_gives_a_free_guess() -> None:
    made = prepared()
    made.challenge()
    begun = made.bench.board.power.operations
    assert made.verify(b"000000") == "63C5"
    count = made.bench.board.power.operations - begun
    for at in range(count):
        again = prepared()
        challenge = again.challenge()
        assert len(challenge) == 8
        again.bench.board.power.cut(at, Tear.ABSENT)
        guessed = True
        try:
            again.bench.send(again.raw(0x18, 1, again.ident + bytes(16)))
        except PowerLost:
            guessed = False
        again.bench.board.power.restore()
        again.bench.card.power_on()
        again.open()
        left = again.ok(0x14, again.ident, 1, ne=3)[1]
        assert left == 5 or not guessed
