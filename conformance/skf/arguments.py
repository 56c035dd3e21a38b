"""Arguments of C functions as a suite writes them.

    12, 0x401           a number of 32 bits
    'JUDGE'             a text, ended by NUL
    null                NULL
    = 01 02 {name}      a pointer to these bytes (the language of `conformance.template`)
    value = 00 {iv}     a structure of these bytes, by value
    @app                a handle that was got before
    > @app              where a handle is put
    > #tries            where a number is put; its value is four bytes, most significant first
    > sig 128           where so many bytes are put
    >> out 64           two arguments: a buffer of so many bytes, and a number that says its length and then what came
    >> out null         the same with NULL for the buffer: only the length is asked for, and kept

A buffer given out has a guard behind it; a library that writes into it is caught.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from conformance.template import Value, Values, parse

GUARD = b"\xa5" * 32
OUT = re.compile(r"> (?:(?P<kind>[@#])(?P<single>\w+)|(?P<name>\w+) (?P<size>\d+))")
SIZED = re.compile(r">> (?P<name>\w+) (?P<size>\d+|null)")
TEXT = re.compile(r"'(?P<text>[^']*)'")
NUMBER = re.compile(r"0[xX][0-9A-Fa-f]+|\d+")


class ArgumentError(ValueError):
    """An argument a suite writes that means nothing."""


class Overrun(ValueError):
    """The library wrote behind the end of a buffer."""


@dataclass(slots=True)
class Handles:
    """Handles got so far, by name."""

    values: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Prepared:
    """Arguments for one call, and what is to be read when it has returned."""

    arguments: list[Any] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    readers: list[Callable[[], tuple[str, bytes]]] = field(default_factory=list)
    handles: list[tuple[str, Any]] = field(default_factory=list)

    def read(self) -> dict[str, Value]:
        """What the library put into its places; `Overrun` if it wrote behind one."""
        return {name: Value(data) for name, data in (reader() for reader in self.readers)}


def prepare(texts: list[str], values: Values, handles: Handles) -> Prepared:
    """The arguments of one call."""
    made = Prepared()
    for text in texts:
        _prepare(made, text.strip(), values, handles)
    return made


def _prepare(made: Prepared, text: str, values: Values, handles: Handles) -> None:
    shown, argument = text, cast(Any, None)
    if found := TEXT.fullmatch(text):
        argument = ctypes.create_string_buffer(found["text"].encode())
    elif NUMBER.fullmatch(text):
        argument = ctypes.c_uint32(int(text, 0))
    elif text.startswith("@"):
        if text[1:] not in handles.values:
            raise ArgumentError(f"{text}: no call has put this handle")
        argument = ctypes.c_void_p(handles.values[text[1:]])
    elif text.startswith("= "):
        template = parse(text[2:])
        shown, data = f"= {template.shown(values)}", template.value(values).data
        argument = ctypes.create_string_buffer(data, len(data))
    elif text.startswith("value = "):
        data = parse(text[8:]).value(values).data
        argument = _structure(len(data)).from_buffer_copy(data)
    elif found := OUT.fullmatch(text):
        _place(made, found)
        return
    elif found := SIZED.fullmatch(text):
        _buffer_and_length(made, found["name"], found["size"])
        return
    elif text != "null":
        raise ArgumentError(f"{text}: this is no argument; see conformance/skf/arguments.py")
    made.arguments.append(argument)
    made.shown.append(shown)


def _structure(size: int) -> Any:
    return type("Bytes", (ctypes.Structure,), {"_fields_": [("bytes", ctypes.c_ubyte * size)]})


def _place(made: Prepared, found: re.Match[str]) -> None:
    """One argument: where a handle, a number or bytes are put."""
    if found["kind"] == "@":
        handle = ctypes.c_void_p()
        made.arguments.append(ctypes.byref(handle))
        made.handles.append((found["single"], handle))
    elif found["kind"] == "#":
        number = ctypes.c_uint32()
        made.arguments.append(ctypes.byref(number))
        made.readers.append(lambda: (found["single"], number.value.to_bytes(4, "big")))
    else:
        size = int(found["size"])
        buffer = ctypes.create_string_buffer(bytes(size) + GUARD, size + len(GUARD))
        made.arguments.append(buffer)
        made.readers.append(lambda: (found["name"], _guarded(buffer, size, size)))
    made.shown.append(found[0])


def _buffer_and_length(made: Prepared, name: str, size: str) -> None:
    """Two arguments: a buffer, or NULL, and its length."""
    made.shown.append(f">> {name} {size}")
    if size == "null":
        length = ctypes.c_uint32()
        made.arguments += [None, ctypes.byref(length)]
        made.readers.append(lambda: (name, length.value.to_bytes(4, "big")))
        return
    room = int(size)
    length, buffer = ctypes.c_uint32(room), ctypes.create_string_buffer(bytes(room) + GUARD, room + len(GUARD))
    made.arguments += [buffer, ctypes.byref(length)]
    made.readers.append(lambda: (name, _guarded(buffer, room, length.value)))


def _guarded(buffer: Any, room: int, length: int) -> bytes:
    if buffer.raw[room:] != GUARD:
        raise Overrun(f"the library wrote behind a buffer of {room} bytes")
    return bytes(buffer.raw[: min(room, length)])
