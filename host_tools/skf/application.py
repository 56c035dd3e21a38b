"""An application of a token: its PINs, files and containers (GM/T 0016-2012, 7.2 to 7.5).

Another program on the same token may close an application under our hands, or reset the card. The identifiers are
then asked for anew, once; what was proved and what session keys there were is lost, and the token says so.
"""

from __future__ import annotations

from collections.abc import Callable

from host_tools.skf.container import Container
from host_tools.skf.door import LARGEST_RESPONSE, PROTECTED, Ask, Door, name_bytes, names_of, sized
from host_tools.skf.protection import answer, pin_key, sealed, wrapped
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.values import FileInfo, PinInfo, check_new_pin, check_pin
from simcard.wire.gmt0017 import (
    CHALLENGE,
    MAX_APPLICATION_NAME,
    MAX_CONTAINER_NAME,
    MAX_FILE_NAME,
    GmtIns,
    GmtSW,
    PinType,
)
from simcard.wire.secret import Secret
from simcard.wire.status import SW

OPENED = 10
ID = 2
FILE_FIELD = 32
FILE_INFO = 12
LAST_OFFSET = 0xFFFF
PLACE = 8
"""Bytes of AppID, offset, and the lengths of name and data in WriteFile."""


class Application:
    """An open application. `close` tells the token; what was proved stays proved (GM/T 0016-2012, 7.3.6)."""

    def __init__(self, door: Door, name: str) -> None:
        self.door = door
        self.name = name
        self._raw = name_bytes(name, MAX_APPLICATION_NAME, Sar.APPLICATION_NAME_INVALID)
        self._closed = False
        self.ident = b""
        self.reopen()

    def reopen(self) -> None:
        """Ask for the AppID."""
        doing = f"opening application {self.name}"
        opened = self.door.ask(Ask(GmtIns.OPEN_APPLICATION, doing, self._raw, ne=OPENED))
        self.ident = sized(opened, OPENED)[-ID:]

    def ask(self, build: Callable[[bytes], Ask]) -> bytes:
        """A command built around the AppID; once more with a new one if the application was closed meanwhile."""
        if self._closed:
            raise SkfError(Sar.INVALIDHANDLEERR, f"application {self.name} is closed")
        try:
            return self.door.ask(build(self.ident))
        except SkfError as refused:
            if refused.sw != GmtSW.APPLICATION_NOT_OPEN:
                raise
        self.reopen()
        return self.door.ask(build(self.ident))

    def close(self) -> None:
        """Close it, and with it the session keys of its containers."""
        self.ask(lambda ident: Ask(GmtIns.CLOSE_APPLICATION, f"closing application {self.name}", ident))
        self._closed = True

    # -- PINs

    def pin_info(self, kind: PinType) -> PinInfo:
        """Tries of a PIN; costs none."""
        doing = "asking for a PIN's state"
        raw = self.ask(lambda ident: Ask(GmtIns.GET_PIN_INFO, doing, ident, p2=kind, ne=3))
        sized(raw, 3)
        return PinInfo(raw[0], raw[1], bool(raw[2]))

    def verify_pin(self, kind: PinType, pin: Secret) -> None:
        """Prove a PIN; an `SkfPinError` with the tries left when it is wrong."""
        check_pin(pin)
        key, form = self._key(pin), self.door.dialect.pin_block
        doing = f"verifying the {kind.name.lower()} PIN"

        def build(ident: bytes) -> Ask:
            proof = answer(key, self._challenge(), form)
            return Ask(GmtIns.VERIFY_PIN, doing, ident + proof, p2=kind)

        with self.door.together():
            self.ask(build)

    def change_pin(self, kind: PinType, old: Secret, new: Secret) -> None:
        """Set a new PIN; the MAC under the old one's key is the proof, so no login is needed."""
        check_pin(old)
        check_new_pin(new)
        self._protected(GmtIns.CHANGE_PIN, kind, old, new, f"changing the {kind.name.lower()} PIN")

    def unblock_pin(self, admin: Secret, new: Secret) -> None:
        """Give the user PIN its tries and a new value; a wrong administrator PIN costs one of its tries."""
        check_pin(admin)
        check_new_pin(new)
        self._protected(GmtIns.UNBLOCK_PIN, 0, admin, new, "unblocking the user PIN")

    def _protected(self, ins: GmtIns, p2: int, proof: Secret, new: Secret, doing: str) -> None:
        key = self._key(proof)
        head = Ask(ins, doing, p2=p2, cla=PROTECTED).header

        def build(ident: bytes) -> Ask:
            data = ident + wrapped(key, new)
            body = sealed(key, self._challenge(), head, data, self.door.dialect.mac_header)
            return Ask(ins, doing, body, p2=p2, cla=PROTECTED)

        with self.door.together():
            self.ask(build)

    def _key(self, pin: Secret) -> Secret:
        return pin_key(pin, self.door.dialect.pin_key_pad)

    def _challenge(self) -> bytes:
        return self.door.ask(Ask(GmtIns.GEN_RANDOM, "asking for a challenge", ne=CHALLENGE))

    def clear(self) -> None:
        """End the logins of this application."""
        self.ask(lambda ident: Ask(GmtIns.CLEAR_SECURE_STATE, "ending logins", ident))

    # -- files

    def files(self) -> list[str]:
        """Names of all files."""
        return names_of(self._on_files(GmtIns.ENUM_FILES, "listing files", b"", LARGEST_RESPONSE, long=True))

    def create_file(self, name: str, size: int, reading: int, writing: int) -> None:
        """Make a file of `size` bytes; `reading` and `writing` are account masks."""
        raw = name_bytes(name, MAX_FILE_NAME).ljust(FILE_FIELD, b"\0")
        u4 = self.door.u4
        self._on_files(GmtIns.CREATE_FILE, f"creating file {name}", raw + u4(size) + u4(reading) + u4(writing))

    def delete_file(self, name: str) -> None:
        """Delete a file."""
        self._on_files(GmtIns.DELETE_FILE, f"deleting file {name}", name_bytes(name, MAX_FILE_NAME))

    def file_info(self, name: str) -> FileInfo:
        """Size and rights of a file."""
        raw = name_bytes(name, MAX_FILE_NAME)
        found = self._on_files(GmtIns.GET_FILE_INFO, f"asking for file {name}", raw, FILE_INFO)
        sized(found, FILE_INFO)
        numbers = [self.door.number(found[at : at + 4]) for at in range(0, FILE_INFO, 4)]
        return FileInfo(name, *numbers)

    def _on_files(self, ins: GmtIns, doing: str, data: bytes, ne: int = 0, long: bool = False) -> bytes:
        # File commands carry the AppID in P1-P2.
        return self.ask(lambda ident: Ask(ins, doing, data, ident[0], ident[1], ne, long=long))

    def read_file(self, name: str, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`; fewer at the end of the file."""
        raw = name_bytes(name, MAX_FILE_NAME)
        made = b""
        while len(made) < size:
            wanted = min(size - len(made), self.door.room)
            piece = self._read(name, raw, offset + len(made), wanted)
            made += piece
            if len(piece) < wanted:
                break
        return made

    def _read(self, name: str, raw: bytes, offset: int, wanted: int) -> bytes:
        place = self._offset(offset) + self.door.u2(len(raw)) + raw
        doing = f"reading file {name}"
        return self.ask(lambda ident: Ask(GmtIns.READ_FILE, doing, ident + place, ne=wanted, long=True))

    def write_file(self, name: str, offset: int, data: bytes) -> None:
        """Write to `offset`; all of it must lie inside the file. Longer data go in several commands."""
        raw = name_bytes(name, MAX_FILE_NAME)
        room = self.door.room - PLACE - len(raw)
        for at in range(0, max(len(data), 1), room):
            piece = data[at : at + room]
            place = self._offset(offset + at) + self.door.u2(len(raw)) + raw
            body = place + self.door.u2(len(piece)) + piece
            self.ask(lambda ident, body=body: Ask(GmtIns.WRITE_FILE, f"writing file {name}", ident + body))  # type: ignore[misc]

    def _offset(self, offset: int) -> bytes:
        if not 0 <= offset <= LAST_OFFSET:
            raise SkfError(Sar.INVALIDPARAMERR, f"offset {offset} does not fit into two bytes")
        return self.door.u2(offset)

    # -- containers

    def containers(self) -> list[str]:
        """Names of all containers."""
        doing = "listing containers"
        return names_of(
            self.ask(lambda ident: Ask(GmtIns.ENUM_CONTAINER, doing, ident, ne=LARGEST_RESPONSE, long=True))
        )

    def create_container(self, name: str) -> Container:
        """Make an empty container and open it."""
        raw = name_bytes(name, MAX_CONTAINER_NAME)
        better: dict[int, Sar] = {SW.NO_SPACE: Sar.REACH_MAX_CONTAINER_COUNT}
        doing = f"creating container {name}"
        ident = self.ask(lambda ident: Ask(GmtIns.CREATE_CONTAINER, doing, ident + raw, ne=ID, better=better))
        return Container(self, name, sized(ident, ID))

    def open_container(self, name: str) -> Container:
        """Open a container by name."""
        return Container(self, name)

    def delete_container(self, name: str) -> None:
        """Destroy a container with its keys and certificates."""
        raw = name_bytes(name, MAX_CONTAINER_NAME)
        self.ask(lambda ident: Ask(GmtIns.DELETE_CONTAINER, f"deleting container {name}", ident + raw))
