"""Flash in a file of the host: one file per card, mode 600, locked against a second opener.

The file is a head of 4096 bytes, the flash, and the table of wear (`nvm/FORMAT.md` has the bytes). The head
holds two records: the identity, written once, and the closing record, which says whether the file was closed
in order and what the CRC of the contents then was. The first change after opening takes the closing record
back, so a CRC that does not match means damage and never an interrupted run.

`sync` is fdatasync. Nothing of the image is held in RAM. An error of the host while the card runs is a
memory failure (6581); one of opening or creating is an `ImageError`, whose text says what to do.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from construct import (
    Checksum,
    ChecksumError,
    Const,
    ConstructError,
    Int8ub,
    Int32ub,
    PaddedString,
    RawCopy,
    Struct,
    this,
)

from simcard.hal.flash import ENDURANCE, FlashDevice, MemoryFailure
from simcard.hal.power import PowerSupply

MAGIC = b"SIMCARD\x1a"
VERSION = 1
HEAD_SIZE = 4096
CLOSING_OFFSET = 512
WEAR_ENTRY = 4
MAX_PROFILE = 64
_BLOCK = 65536


def _checked(fields: Struct) -> Struct:
    """`fields` and the CRC-32 over their bytes."""
    return Struct("fields" / RawCopy(fields), "crc" / Checksum(Int32ub, crc32, this.fields.data))


IDENTITY = _checked(
    Struct(
        "magic" / Const(MAGIC),
        "version" / Int8ub,
        "reserved" / Const(b"\0\0\0"),
        "size" / Int32ub,
        "page_size" / Int32ub,
        "profile" / PaddedString(MAX_PROFILE, "utf8"),
    )
)
CLOSING = _checked(Struct("clean" / Int8ub, "reserved" / Const(b"\0\0\0"), "contents" / Int32ub))


class ImageError(Exception):
    """A card image that cannot be used; the text names the file, what is wrong and what to do."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path = path


class ImageMissing(ImageError):
    """There is no such file."""


class ImageExists(ImageError):
    """A file of this name is there already."""


class ImageInUse(ImageError):
    """Another program holds the image."""


class ImageUnreadable(ImageError):
    """The host does not let us open or create the file."""


class DiskFull(ImageError):
    """There is no room for a new image."""


class ForeignImage(ImageError):
    """The file is something else."""


class UnsupportedImage(ImageError):
    """The image is of a version that this program does not know."""


class TruncatedImage(ImageError):
    """The file is shorter than it must be."""


class DamagedImage(ImageError):
    """The file is not what was written."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What an image says of itself: bytes of flash, bytes per page, name of the profile."""

    size: int
    page_size: int
    profile: str

    @property
    def file_size(self) -> int:
        """Bytes of the whole file."""
        return HEAD_SIZE + self.size + self.size // self.page_size * WEAR_ENTRY

    def encode(self) -> bytes:
        """The identity record."""
        fields = {
            "version": VERSION,
            "size": self.size,
            "page_size": self.page_size,
            "profile": self.profile,
        }
        return bytes(IDENTITY.build({"fields": {"value": fields}}))


class FileFlash(FlashDevice):
    """Flash that lives in a file. Make it with `create` or `open`."""

    __slots__ = ("_dirty", "_fd", "path", "profile")

    def __init__(self, path: Path, fd: int, identity: Identity, power: PowerSupply | None, endurance: int) -> None:
        super().__init__(identity.size, identity.page_size, power, endurance)
        self.path = path
        self.profile = identity.profile
        self._fd = fd
        self._dirty = False

    @classmethod
    def create(
        cls,
        path: Path | str,
        size: int,
        page_size: int = 512,
        profile: str = "",
        power: PowerSupply | None = None,
        endurance: int = ENDURANCE,
    ) -> FileFlash:
        """A blank image in a new file, open and locked. Leaves no file behind if it cannot be made."""
        path = Path(path)
        identity = Identity(size, page_size, profile)
        head = identity.encode()
        fd = _open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            device = cls(path, fd, identity, power, endurance)
            _lock(path, fd)
            _fill(path, fd, identity, head)
        except BaseException:
            os.close(fd)
            path.unlink(missing_ok=True)
            raise
        return device

    @classmethod
    def open(cls, path: Path | str, power: PowerSupply | None = None, endurance: int = ENDURANCE) -> FileFlash:
        """The image in the file, checked and locked. Raises the `ImageError` that says what is wrong."""
        path = Path(path)
        fd = _open(path, os.O_RDWR)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise ForeignImage(path, "is not a file; give the name of a card image")
            _lock(path, fd)
            return cls(path, fd, _examine(path, fd), power, endurance)
        except BaseException:
            os.close(fd)
            raise

    def close(self) -> None:
        """Write the closing record if anything changed, and unlock. A second close does nothing."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        try:
            if self._dirty:
                os.fdatasync(fd)
                _write(fd, CLOSING_OFFSET, _closing(1, _contents_crc(fd)))
                os.fdatasync(fd)
        except OSError as error:
            raise MemoryFailure from error
        finally:
            os.close(fd)

    def _load(self, address: int, length: int) -> bytes:
        return self._pread(HEAD_SIZE + address, length)

    def _keep(self, address: int, data: bytes) -> None:
        self._pwrite(HEAD_SIZE + address, data)

    def _wipe(self, page: int) -> None:
        count = self._erasures(page) + 1
        self._pwrite(self._wear_place(page), count.to_bytes(WEAR_ENTRY, "big"))
        self._pwrite(HEAD_SIZE + page * self._page_size, b"\xff" * self._page_size)

    def _erasures(self, page: int) -> int:
        return int.from_bytes(self._pread(self._wear_place(page), WEAR_ENTRY), "big")

    def _settle(self) -> None:
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            raise MemoryFailure from error

    def _wear_place(self, page: int) -> int:
        return HEAD_SIZE + self._size + page * WEAR_ENTRY

    def _pread(self, place: int, length: int) -> bytes:
        try:
            data = os.pread(self._fd, length, place)
        except OSError as error:
            raise MemoryFailure from error
        if len(data) != length:
            raise MemoryFailure  # somebody cut the file short while it was open
        return data

    def _pwrite(self, place: int, data: bytes) -> None:
        try:
            if not self._dirty:
                # Durable before the first change: otherwise a crash of the host could leave changed
                # contents beside a record that still vouches for the old ones.
                _write(self._fd, CLOSING_OFFSET, _closing(0, 0))
                os.fdatasync(self._fd)
                self._dirty = True
            _write(self._fd, place, data)
        except OSError as error:
            raise MemoryFailure from error


def _closing(clean: int, contents: int) -> bytes:
    return bytes(CLOSING.build({"fields": {"value": {"clean": clean, "contents": contents}}}))


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError as error:
        if flags & os.O_CREAT:
            raise ImageUnreadable(path, "its folder does not exist; make the folder first") from error
        raise ImageMissing(path, "does not exist; make a card image first") from error
    except FileExistsError as error:
        raise ImageExists(path, "exists already; choose another name or remove it first") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(path, "the disk is full; make room and try again") from error
        reason = error.strerror or "unknown reason"
        raise ImageUnreadable(path, f"cannot be opened for writing ({reason.lower()})") from error


def _lock(path: Path, fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        text = "is in use by another program; stop the service that has this card inserted"
        raise ImageInUse(path, text) from error
    except OSError as error:
        raise ImageUnreadable(path, "cannot be locked; put the image on a local disk") from error


def _write(fd: int, place: int, data: bytes) -> None:
    """All of `data`: the host may take less at a time."""
    while data:
        done = os.pwrite(fd, data, place)
        place, data = place + done, data[done:]


def _fill(path: Path, fd: int, identity: Identity, head: bytes) -> None:
    """Blank contents first and the identity last, so that a file whose making was cut short shows it."""
    try:
        os.posix_fallocate(fd, 0, identity.file_size)
        for place in range(0, identity.size, _BLOCK):
            _write(fd, HEAD_SIZE + place, b"\xff" * min(_BLOCK, identity.size - place))
        _write(fd, CLOSING_OFFSET, _closing(0, 0))
        os.fsync(fd)
        _write(fd, 0, head)
        os.fsync(fd)
        _sync_folder(path.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            text = f"no room for {identity.file_size} bytes; make room on the disk and try again"
            raise DiskFull(path, text) from error
        raise ImageUnreadable(path, f"cannot be written ({(error.strerror or '').lower()})") from error


def _sync_folder(folder: Path) -> None:
    """A new name is durable only when its folder is."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _examine(path: Path, fd: int) -> Identity:
    try:
        head = os.pread(fd, HEAD_SIZE, 0)
        identity = _identity(path, head)
        length = os.fstat(fd).st_size
        if length < identity.file_size:
            missing = identity.file_size - length
            raise TruncatedImage(path, f"{missing} bytes are missing at the end; restore a copy")
        if length > identity.file_size:
            raise DamagedImage(path, f"is {length - identity.file_size} bytes too long; restore a copy")
        closing = _closing_of(head)
        if closing is not None and closing != _contents_crc(fd):
            raise DamagedImage(path, "was changed after it was closed; restore a copy")
    except OSError as error:
        raise ImageUnreadable(path, f"cannot be read ({(error.strerror or '').lower()})") from error
    return identity


def _identity(path: Path, head: bytes) -> Identity:
    size = IDENTITY.sizeof()
    if len(head) >= size and not any(head[:size]):
        raise TruncatedImage(path, "the making of this image was cut short; remove it and make it again")
    if not head.startswith(MAGIC):
        raise ForeignImage(path, "is not a card image")
    if len(head) < size:
        raise TruncatedImage(path, "ends within its head; restore a copy")
    try:
        fields = IDENTITY.parse(head).fields.value
    except ChecksumError as error:
        raise DamagedImage(path, "its head is damaged; restore a copy") from error
    except ConstructError as error:
        raise UnsupportedImage(path, "has a head that this program cannot read") from error
    if fields.version != VERSION:
        text = f"is of image format {fields.version}; this program reads format {VERSION}, use a newer one"
        raise UnsupportedImage(path, text)
    if not fields.page_size or not fields.size or fields.size % fields.page_size:
        raise DamagedImage(path, "states a size that no card has; restore a copy")
    return Identity(fields.size, fields.page_size, fields.profile)


def _closing_of(head: bytes) -> int | None:
    """The CRC of the contents at the last orderly close, None if there was none since the last change."""
    try:
        fields = CLOSING.parse(head[CLOSING_OFFSET:]).fields.value
    except ConstructError:
        return None  # a torn closing record vouches for nothing; the journal still checks its own CRCs
    return int(fields.contents) if fields.clean else None


def _contents_crc(fd: int) -> int:
    """CRC-32 of everything behind the head."""
    crc, place = 0, HEAD_SIZE
    while block := os.pread(fd, _BLOCK, place):
        crc, place = crc32(block, crc), place + len(block)
    return crc
