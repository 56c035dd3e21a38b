"""Applications and what belongs to them: DFs of the card, EFs under names, containers under an owner.

An application is a DF of the file system with two PINs; its files are EFs of that DF. What ISO/IEC 7816-4 has no
word for is kept here, under these keys of the store:

    ga slot            an application: its DF, its PINs, its limits, its name
    gf df name         number of the EF a file name stands for
    gc container       number of the DF of the application a container belongs to, and the container's name
    gl                 the label SetLabel gave the token
    gs                 how many office scripts the card has carried out

A record whose DF, EF or container another door has removed counts as gone. A container that never had an owner
belongs to the first application the card was made with; one whose application is gone belongs to nobody, because
numbers of DFs are not used again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from simcard.fs.descriptor import Descriptor
from simcard.fs.tree import Tree
from simcard.key.containers import Containers, Slot
from simcard.key.pair import Role
from simcard.nvm.store import Store
from simcard.pin.reference import PinId
from simcard.wire.gmt0017 import SCRIPT_COUNTER

FORMAT = 1
_HEAD = struct.Struct(">BHHBHBBBHB")
FIRST_ID = 0x1000
LABEL = b"gl"
SCRIPTS = b"gs"


@dataclass(frozen=True, slots=True)
class Application:
    """One application. `df` is the number of its DF; `made` tells one of the profile from a created one."""

    slot: int
    df: int
    user: PinId
    admin: PinId
    max_containers: int
    max_certificates: int
    max_files: int
    made: bool
    name: bytes

    @property
    def ident(self) -> int:
        """The AppID hosts name it by while it is open."""
        return FIRST_ID + self.slot

    def encode(self) -> bytes:
        user, admin = self.user, self.admin
        limits = (self.max_containers, self.max_certificates, self.max_files)
        pins = (user.scope, user.number, admin.scope, admin.number)
        return _HEAD.pack(FORMAT, self.df, *pins, *limits, self.made) + self.name

    @classmethod
    def decode(cls, slot: int, record: bytes) -> Application:
        version, df, s1, n1, s2, n2, containers, certificates, files, made = _HEAD.unpack_from(record)
        if version != FORMAT:
            raise ValueError(f"application record of unknown version {version}")
        name = record[_HEAD.size :]
        return cls(slot, df, PinId(s1, n1), PinId(s2, n2), containers, certificates, files, bool(made), name)


class Applications:
    """All applications of the card. Holds nothing itself."""

    __slots__ = ("_containers", "_store", "_tree")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tree = Tree(store)
        self._containers = Containers(store)

    # -- applications ---------------------------------------------------------------------------------------

    def all(self) -> list[Application]:
        found = [Application.decode(key[2], self._store.get(key) or b"") for key in self._store.keys(b"ga")]
        return [application for application in found if self._tree.exists(application.df)]

    def by_name(self, name: bytes) -> Application | None:
        return next((application for application in self.all() if application.name == name), None)

    def by_id(self, ident: int) -> Application | None:
        slot = ident - FIRST_ID
        record = self._store.get(b"ga" + bytes((slot,))) if 0 <= slot <= 0xFF else None
        application = None if record is None else Application.decode(slot, record)
        return application if application and self._tree.exists(application.df) else None

    def free_slot(self) -> int:
        """The lowest slot no living application has."""
        taken = {application.slot for application in self.all()}
        return next(slot for slot in range(256) if slot not in taken)

    def put(self, application: Application) -> None:
        self._store.put(b"ga" + bytes((application.slot,)), application.encode())

    def delete(self, application: Application) -> list[int]:
        """Forget an application, its file names and its containers with all keys; the containers' numbers."""
        gone = self.containers(application)
        for number in gone:
            self.delete_container(number)
        for key in self._store.keys(_file_key(application.df, b"")):
            self._store.delete(key)
        self._store.delete(b"ga" + bytes((application.slot,)))
        return gone

    # -- files ----------------------------------------------------------------------------------------------

    def files(self, application: Application) -> list[bytes]:
        """Names of the application's files, sorted."""
        prefix = _file_key(application.df, b"")
        names = [key[len(prefix) :] for key in self._store.keys(prefix)]
        return [name for name in names if self.file(application, name) is not None]

    def file(self, application: Application, name: bytes) -> Descriptor | None:
        number = int.from_bytes(self._store.get(_file_key(application.df, name)) or b"", "big")
        return self._tree.file(number) if number and self._tree.exists(number) else None

    def name_file(self, df: int, name: bytes, file: int) -> None:
        self._store.put(_file_key(df, name), file.to_bytes(2, "big"))

    def forget_file(self, application: Application, name: bytes) -> None:
        self._store.delete(_file_key(application.df, name))

    # -- containers -----------------------------------------------------------------------------------------

    def containers(self, application: Application) -> list[int]:
        """Numbers of the containers that belong to the application."""
        heir = next((a.df for a in self.all() if a.made), None)
        return [n for n in self._containers.numbers() if self._owner(n, heir) == application.df]

    def _owner(self, container: int, heir: int | None) -> int | None:
        record = self._store.get(b"gc" + bytes((container,)))
        # A number is used again; a record with another name speaks of a container that is gone.
        if record is None or record[2:] != self._containers.name(container):
            return heir
        return int.from_bytes(record[:2], "big")

    def own(self, container: int, application: Application) -> None:
        """The container belongs to this application."""
        record = application.df.to_bytes(2, "big") + self._containers.name(container)
        self._store.put(b"gc" + bytes((container,)), record)

    def delete_container(self, container: int) -> None:
        """Destroy a container with its keys and certificates."""
        self._containers.delete(container)
        self._store.delete(b"gc" + bytes((container,)))

    def replace_container(self, old: int, staged: int) -> None:
        """Keys and certificates of one container take the place of those of another, whose rules stay; it is gone."""
        for role in Role:
            source, target = Slot(staged, role), Slot(old, role)
            new, kept = self._containers.pair(source), self._containers.pair(target)
            if new is not None:
                rules = new.expanded if kept is None else kept.expanded
                self._containers.put_pair(target, replace(new, expanded=rules))
                self._containers.put_certificate(target, self._containers.certificate(source) or b"")
        self.delete_container(staged)

    # -- the token ------------------------------------------------------------------------------------------

    def label(self) -> bytes | None:
        """The label SetLabel gave, None before the first one."""
        return self._store.get(LABEL)

    def set_label(self, label: bytes) -> None:
        self._store.put(LABEL, label)

    def scripts(self) -> int:
        """How many office scripts the card has carried out."""
        return int.from_bytes(self._store.get(SCRIPTS) or b"", "big")

    def count_script(self, number: int) -> None:
        self._store.put(SCRIPTS, number.to_bytes(SCRIPT_COUNTER, "big"))


def _file_key(df: int, name: bytes) -> bytes:
    return b"gf" + df.to_bytes(2, "big") + name
