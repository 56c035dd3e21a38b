"""Whatever a door of our own cards calls a secret, a recording masks."""

from __future__ import annotations

import pytest

from reader_bridge.record.mask import secret_data, secret_reply
from simcard.applet.base import Applet, Command, Shelf
from simcard.applet.registry import APPLETS, door


def cases(door: type[Applet]) -> list[tuple[str, bytes, type[Command]]]:
    """Every command class of a door with a header that leads to it."""
    cla = 0x80 if door.proprietary else 0x00
    found = []
    for ins, command in door.commands.items():
        if issubclass(command, Shelf):
            for parameters, choice in command.choices.items():
                header = bytes((cla, ins, *parameters.to_bytes(2, "big")))
                found.append((f"{door.name} {choice.__name__}", header, choice))
        else:
            found.append((f"{door.name} {command.__name__}", bytes((cla, ins, 0x3F, 0xFF)), command))
    return found


ALL = [case for name in APPLETS for case in cases(door(name))]


@pytest.mark.parametrize(("name", "header", "command"), ALL, ids=[name for name, _, _ in ALL])
def test_secret_data_are_masked(name: str, header: bytes, command: type[Command]) -> None:
    del name
    assert secret_data(header + b"\x02\x00\x00") or not command.secret_data


@pytest.mark.parametrize(("name", "header", "command"), ALL, ids=[name for name, _, _ in ALL])
def test_secret_answers_are_masked(name: str, header: bytes, command: type[Command]) -> None:
    del name
    assert secret_reply(header + b"\x02\x00\x00") or not command.secret_reply
