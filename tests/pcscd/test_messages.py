"""Layouts of the messages: sizes as the C compiler makes them, and twins that agree."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from construct import Construct

from reader_bridge.pcscd import messages as m

STRUCTURES = {
    "int32_t major, minor; uint32_t rv;": m.VERSION,
    "uint32_t scope, context, rv;": m.ESTABLISH,
    "uint32_t context, rv;": m.RELEASE,
    "uint32_t context; char reader[MAX_READERNAME]; uint32_t share, protocols; int32_t card;"
    " uint32_t active, rv;": m.CONNECT,
    "int32_t card; uint32_t share, protocols, initialization, active, rv;": m.RECONNECT,
    "int32_t card; uint32_t disposition, rv;": m.DISCONNECT,
    "int32_t card; uint32_t rv;": m.BEGIN,
    "int32_t card; uint32_t sp, sl, cb, rp, rl, rb, rv;": m.TRANSMIT,
    "int32_t card; uint32_t code, cb, rb, returned, rv;": m.CONTROL,
    "int32_t card; uint32_t id; uint8_t value[MAX_BUFFER_SIZE]; uint32_t length, rv;": m.ATTRIBUTE,
    "uint32_t timeout, rv;": m.WAIT,
    "char name[MAX_READERNAME]; uint32_t events, state; int32_t sharing; unsigned char atr[MAX_ATR_SIZE];"
    " uint32_t length, protocol;": m.READER_STATE,
}


def test_sizes_are_those_of_the_c_compiler(tmp_path: Path) -> None:
    """Built against the headers of libpcsclite-dev."""
    sizes = "".join(f'printf("%zu\\n", sizeof(struct {{ {fields} }}));' for fields in STRUCTURES)
    source = f"#include <stdint.h>\n#include <stdio.h>\n#include <pcsclite.h>\nint main(void) {{ {sizes} return 0; }}"
    (tmp_path / "sizes.c").write_text(source)
    command = ["gcc", "-I/usr/include/PCSC", "-o", str(tmp_path / "sizes"), str(tmp_path / "sizes.c")]
    subprocess.run(command, check=True)
    printed = subprocess.run([tmp_path / "sizes"], capture_output=True, text=True, check=True).stdout
    assert [int(line) for line in printed.split()] == [layout.sizeof() for layout in STRUCTURES.values()]


@pytest.mark.parametrize(
    ("size", "layout"),
    [
        (8, m.HEADER),
        (12, m.VERSION),
        (152, m.CONNECT),
        (24, m.RECONNECT),
        (32, m.TRANSMIT),
        (24, m.CONTROL),
        (280, m.ATTRIBUTE),
        (184, m.READER_STATE),
        (8, m.READER_EVENTS),
    ],
)
def test_sizes_on_the_wire(size: int, layout: Construct[object, object]) -> None:
    """The same everywhere, because every width is fixed."""
    assert size == layout.sizeof()


def test_fast_transmit_is_the_transmit_of_construct() -> None:
    """Two definitions of one layout."""
    fields = {"card": -2, "send_protocol": 1, "send_pci_length": 2, "send_length": 3}
    fields |= {"receive_protocol": 4, "receive_pci_length": 5, "receive_length": 6, "rv": 0x80100016}
    assert m.TRANSMIT.build(fields) == m.FAST_TRANSMIT.pack(-2, 1, 2, 3, 4, 5, 6, 0x80100016)


def test_fast_header_is_the_header_of_construct() -> None:
    """Size first, then the command."""
    assert m.HEADER.build({"size": 32, "command": 9}) == m.FAST_HEADER.pack(32, 9)


def test_fast_reader_state_is_the_one_of_construct() -> None:
    """With the three bytes that C puts after the ATR."""
    row = {
        "name": b"r".ljust(128, b"\0"),
        "event_counter": 1,
        "state": 0x34,
        "sharing": -1,
        "atr": b"\x3b".ljust(33, b"\0"),
        "atr_length": 1,
        "protocol": 2,
    }
    assert m.READER_STATE.build(row) == m.FAST_READER_STATE.pack(b"r", 1, 0x34, -1, b"\x3b", 1, 2)


def test_fast_wait_is_the_wait_of_construct() -> None:
    """Time first, then the code."""
    assert m.WAIT.build({"timeout": 0, "rv": 0x80100002}) == m.FAST_WAIT.pack(0, 0x80100002)
