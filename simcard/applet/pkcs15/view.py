"""The PKCS#15 files of a card whose keys and certificates live elsewhere: made when asked for, never kept.

The files form a real tree over a store in RAM, so the commands of the ISO door read them as they read any file.
The tree is made anew whenever the memory of the card has changed. A file's number is its identifier, so that the
current file of a session stays the same file in the next tree. Certificates are links to their slots, like the
certificate files of the ISO door.
"""

from __future__ import annotations

from simcard.applet.base import Context
from simcard.applet.pkcs15 import contents, directory
from simcard.applet.pkcs15.directory import Path
from simcard.applet.view import LINK_TAG
from simcard.fs.descriptor import MF_FID, Descriptor, Kind
from simcard.fs.files import Files
from simcard.fs.tree import MF
from simcard.hal.engine import KeyKind
from simcard.nvm.store import Store
from simcard.wire import tlv
from simcard.wire.access import ALWAYS, NEVER, Condition, Right, encode_expanded

PKCS15_AID = bytes.fromhex("A000000063504B43532D3135")

DIR, APPLICATION, ODF, TOKEN_INFO = 0x2F00, 0x5015, 0x5031, 0x5032
AODF, PRKDF, PUKDF, CDF, DODF = 0x4401, 0x4402, 0x4403, 0x4404, 0x4405
DATA, PUBLIC_KEYS, CERTIFICATES, PRIVATE_KEYS = 0x3200, 0x3300, 0x3400, 0x3500
"""Where the files of data objects, keys and certificates begin; the key reference is added."""

DIRECTORIES = {0: PRKDF, 1: PUKDF, 4: CDF, 7: DODF, 8: AODF}
"""Tags of EF.OD and the directories they lead to (ISO/IEC 7816-15:2016, 8.2)."""

HOME: Path = (MF_FID, APPLICATION)
"""Where the application stands. Paths inside it are identifiers alone, good from the MF and from the AID."""


class Scratch(Store):
    """A store of values in RAM, without memory under it and without transactions."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self._kept.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self._kept[key] = value

    def delete(self, key: bytes) -> None:
        self._kept.pop(key, None)

    def keys(self, prefix: bytes = b"") -> list[bytes]:
        return sorted(key for key in self._kept if key.startswith(prefix))


class View:
    """The tree while it is being made."""

    def __init__(self) -> None:
        self._store = Scratch()
        self.files = Files(self._store)

    def df(self, fid: int, parent: int, name: bytes = b"") -> None:
        rules = encode_expanded({Right.CREATE_EF: NEVER})
        self._create(parent, Descriptor(0, 0, Kind.DF, fid, name=name, expanded=rules))

    def ef(self, fid: int, body: bytes, parent: int = APPLICATION, readable: Condition = ALWAYS) -> None:
        """A transparent file with this body."""
        rules = encode_expanded({Right.READ: readable})
        made = self._create(parent, Descriptor(0, 0, Kind.TRANSPARENT, fid, size=len(body), expanded=rules))
        self.files.binary.update(made, 0, body)

    def directory(self, fid: int, entries: bytes) -> None:
        """An object directory; an empty one holds padding, for an EF without a body answers every READ with 6B00."""
        self.ef(fid, entries or b"\0\0")

    def link(self, fid: int, slot: bytes) -> None:
        """A transparent file that shows the certificate of a slot."""
        rules = encode_expanded({Right.READ: ALWAYS})
        extra = tlv.tlv(LINK_TAG, slot)
        self._create(APPLICATION, Descriptor(0, 0, Kind.TRANSPARENT, fid, expanded=rules, extra=extra))

    def _create(self, parent: int, wanted: Descriptor) -> Descriptor:
        if wanted.fid != MF_FID:
            self._store.put(b"f#", (wanted.fid - 1).to_bytes(2, "big"))
        return self.files.create(parent, wanted)


def build(ctx: Context) -> Files:
    """The whole PKCS#15 application of the card as it is now."""
    view, rooms = View(), ctx.rooms
    label = contents.option(rooms, "label", rooms.sheet.title)
    view.df(MF_FID, MF)
    view.ef(DIR, directory.application(PKCS15_AID, label, HOME), MF)
    view.df(APPLICATION, MF, PKCS15_AID)
    view.ef(ODF, directory.index({tag: (fid,) for tag, fid in DIRECTORIES.items()}))
    view.ef(TOKEN_INFO, directory.token(contents.token(ctx)))
    view.directory(AODF, b"".join(map(directory.pin, contents.pins(rooms))))
    _keys(ctx, view)
    _documents(ctx, view)
    return view.files


def _keys(ctx: Context, view: View) -> None:
    """Directories of keys and certificates, and the files they lead to."""
    keys = contents.keys(ctx.rooms)
    private, public, certificates = b"", b"", b""
    for key in keys:
        reference = key.slot.reference
        private += directory.private_key(key.private((PRIVATE_KEYS + reference,)))
        view.ef(PRIVATE_KEYS + reference, b"", readable=NEVER)
        public += directory.public_key(key.public((PUBLIC_KEYS + reference,)))
        view.ef(PUBLIC_KEYS + reference, key.encoded)
        if ctx.rooms.containers.certificate(key.slot) is not None:
            path = (CERTIFICATES + reference,)
            certificates += directory.certificate(directory.Certificate(key.identifier, key.label, path))
            view.link(CERTIFICATES + reference, key.slot.tail)
    view.directory(PRKDF, private)
    view.directory(PUKDF, public)
    view.directory(CDF, certificates)


def _documents(ctx: Context, view: View) -> None:
    """The directory of data objects, and a file for each.

    A certificate for an SM2 key is listed here too: OpenSC lists it among the certificates but cannot read it there.
    """
    entries = b""
    for number, document in enumerate(contents.documents(ctx), DATA + 1):
        pin = contents.asked_for(document.readable)
        entries += directory.data(directory.Data(document.label, document.application, (number,), pin))
        view.ef(number, document.body, readable=document.readable)
    for key in contents.keys(ctx.rooms):
        if key.kind is KeyKind.SM2 and ctx.rooms.containers.certificate(key.slot) is not None:
            path = (CERTIFICATES + key.slot.reference,)
            entries += directory.data(directory.Data(f"{key.label} certificate", contents.application(ctx.rooms), path))
    view.directory(DODF, entries)
