"""The card image on disk: what it survives, and what it says when it cannot be used."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from simcard.hal.fileflash import (
    CLOSING_OFFSET,
    HEAD_SIZE,
    IDENTITY,
    DamagedImage,
    DiskFull,
    FileFlash,
    ForeignImage,
    ImageError,
    ImageExists,
    ImageInUse,
    ImageMissing,
    ImageUnreadable,
    TruncatedImage,
    UnsupportedImage,
)
from simcard.hal.flash import MemoryFailure

SIZE = 4096


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A closed image with some content."""
    path = tmp_path / "card"
    flash = FileFlash.create(path, SIZE, profile="blank 卡")
    flash.program(100, b"content")
    flash.erase(3)
    flash.close()
    return path


def patch(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def flip(path: Path, offset: int) -> None:
    patch(path, offset, bytes((path.read_bytes()[offset] ^ 0x10,)))


def test_only_the_owner_may_look(image: Path) -> None:
    assert 0o600 == stat.S_IMODE(image.stat().st_mode)


def test_what_was_written_is_there_after_opening_again(image: Path) -> None:
    flash = FileFlash.open(image)
    assert b"content" == flash.read(100, 7)
    flash.close()


def test_wear_is_there_after_opening_again(image: Path) -> None:
    flash = FileFlash.open(image)
    assert (0, 0, 0, 1, 0, 0, 0, 0) == flash.wear()
    flash.close()


def test_the_image_knows_its_profile_and_sizes(image: Path) -> None:
    flash = FileFlash.open(image)
    assert ("blank 卡", SIZE, 512) == (flash.profile, flash.size, flash.page_size)
    flash.close()


def test_opening_reading_and_closing_leaves_every_byte(image: Path) -> None:
    before = image.read_bytes()
    flash = FileFlash.open(image)
    flash.read(0, SIZE)
    flash.close()
    assert before == image.read_bytes()


def test_closing_twice_is_harmless(image: Path) -> None:
    flash = FileFlash.open(image)
    flash.close()
    flash.close()


def test_a_second_opener_is_refused(image: Path) -> None:
    flash = FileFlash.open(image)
    with pytest.raises(ImageInUse, match="in use by another program"):
        FileFlash.open(image)
    flash.close()


def test_a_new_image_is_locked_too(tmp_path: Path) -> None:
    flash = FileFlash.create(tmp_path / "card", SIZE)
    with pytest.raises(ImageInUse):
        FileFlash.open(tmp_path / "card")
    flash.close()


def test_another_process_is_refused(image: Path) -> None:
    flash = FileFlash.open(image)
    program = "import sys; from simcard.hal.fileflash import FileFlash; FileFlash.open(sys.argv[1])"
    result = subprocess.run([sys.executable, "-c", program, image], capture_output=True, check=False)
    flash.close()
    assert b"ImageInUse" in result.stderr


def test_the_lock_goes_with_the_process(image: Path) -> None:
    program = (
        "import os, sys; from simcard.hal.fileflash import FileFlash; "
        "f = FileFlash.open(sys.argv[1]); f.program(0, b'killed'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, image], check=False)
    flash = FileFlash.open(image)
    assert b"killed" == flash.read(0, 6)
    flash.close()


def test_a_closed_image_can_be_opened(image: Path) -> None:
    FileFlash.open(image).close()
    FileFlash.open(image).close()


def test_an_existing_file_is_not_overwritten(image: Path) -> None:
    before = image.read_bytes()
    with pytest.raises(ImageExists, match="exists already"):
        FileFlash.create(image, SIZE)
    assert before == image.read_bytes()


def test_a_missing_image(tmp_path: Path) -> None:
    with pytest.raises(ImageMissing, match="make a card image first"):
        FileFlash.open(tmp_path / "none")


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadable, match="make the folder first"):
        FileFlash.create(tmp_path / "none" / "card", SIZE)


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadable, match="directory"):
        FileFlash.open(tmp_path)


def test_a_device_is_no_image() -> None:
    with pytest.raises(ForeignImage):
        FileFlash.open("/dev/null")


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"text\n" * 2000])
def test_a_foreign_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ForeignImage, match="is not a card image"):
        FileFlash.open(tmp_path / "other")


@pytest.mark.parametrize("length", [8, 20, 200, HEAD_SIZE, HEAD_SIZE + SIZE, HEAD_SIZE + SIZE + 31])
def test_a_truncated_image(image: Path, length: int) -> None:
    os.truncate(image, length)
    with pytest.raises(TruncatedImage, match="restore a copy"):
        FileFlash.open(image)


def test_a_lengthened_image(image: Path) -> None:
    with image.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(DamagedImage, match="1 bytes too long"):
        FileFlash.open(image)


def test_an_image_whose_making_was_cut_short(tmp_path: Path) -> None:
    (tmp_path / "card").write_bytes(bytes(HEAD_SIZE) + b"\xff" * SIZE)
    with pytest.raises(TruncatedImage, match="make it again"):
        FileFlash.open(tmp_path / "card")


@pytest.mark.parametrize("offset", range(8, IDENTITY.sizeof()))
def test_a_bit_flipped_in_the_identity(image: Path, offset: int) -> None:
    flip(image, offset)
    with pytest.raises((DamagedImage, UnsupportedImage)):
        FileFlash.open(image)


@pytest.mark.parametrize("offset", [0, 100, SIZE - 1, SIZE, SIZE + 31])
def test_a_bit_flipped_in_the_contents_of_a_closed_image(image: Path, offset: int) -> None:
    flip(image, HEAD_SIZE + offset)
    with pytest.raises(DamagedImage, match="changed after it was closed"):
        FileFlash.open(image)


@pytest.mark.parametrize("offset", range(12))
def test_a_bit_flipped_in_the_closing_record_does_no_harm(image: Path, offset: int) -> None:
    flip(image, CLOSING_OFFSET + offset)
    flash = FileFlash.open(image)
    assert b"content" == flash.read(100, 7)
    flash.close()


def reseal(path: Path, offset: int, data: bytes) -> None:
    """Change the identity and make its CRC right again."""
    size = IDENTITY.sizeof() - 4
    patch(path, offset, data)
    patch(path, size, crc32(path.read_bytes()[:size]).to_bytes(4, "big"))


def test_an_image_of_a_later_version(image: Path) -> None:
    reseal(image, 8, b"\x02")
    with pytest.raises(UnsupportedImage, match="image format 2"):
        FileFlash.open(image)


@pytest.mark.parametrize("offset", [12, 16])
def test_an_image_that_states_an_impossible_size(image: Path, offset: int) -> None:
    reseal(image, offset, bytes(4))
    with pytest.raises(DamagedImage, match="no card has"):
        FileFlash.open(image)


def test_every_image_error_names_the_file(image: Path) -> None:
    with pytest.raises(ImageError, match=str(image)):
        FileFlash.create(image, SIZE)


def raising(number: int) -> Callable[..., int]:
    def call(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("name", ["posix_fallocate", "pwrite", "fsync"])
def test_a_full_disk_leaves_no_half_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(os, name, raising(errno.ENOSPC))
    with pytest.raises(DiskFull, match="make room"):
        FileFlash.create(tmp_path / "card", SIZE)
    assert [] == list(tmp_path.iterdir())


def test_a_broken_disk_leaves_no_half_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", raising(errno.EIO))
    with pytest.raises(ImageUnreadable, match="cannot be written"):
        FileFlash.create(tmp_path / "card", SIZE)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "number"), [("pwrite", errno.ENOSPC), ("pwrite", errno.EIO)])
def test_a_disk_that_fails_during_a_program_is_a_memory_failure(
    image: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    flash = FileFlash.open(image)
    with monkeypatch.context() as patched:
        patched.setattr(os, name, raising(number))
        with pytest.raises(MemoryFailure):
            flash.program(0, b"\0")
    assert b"\xff" == flash.read(0, 1)
    flash.close()


def test_a_disk_that_fails_during_a_sync_is_a_memory_failure(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flash = FileFlash.open(image)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", raising(errno.EIO))
        with pytest.raises(MemoryFailure):
            flash.sync()
    flash.close()


def test_a_file_cut_short_while_open_is_a_memory_failure(image: Path) -> None:
    flash = FileFlash.open(image)
    os.truncate(image, HEAD_SIZE)
    with pytest.raises(MemoryFailure):
        flash.read(0, 1)
    flash.close()


def test_a_host_that_writes_less_at_a_time(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, place: whole(fd, data[:5], place))
    flash = FileFlash.open(image)
    flash.program(0, b"more than five bytes")
    assert b"more than five bytes" == flash.read(0, 20)
    flash.close()


def test_an_interrupted_run_is_no_damage(image: Path) -> None:
    """The first change withdraws the CRC, durably and before it, so a kill is never taken for a flipped bit."""
    flash = FileFlash.open(image)
    flash.program(0, b"\0")
    copy = image.with_name("copy")
    copy.write_bytes(image.read_bytes())
    flash.close()
    FileFlash.open(copy).close()


def test_the_closing_record_is_withdrawn_durably_before_the_first_change(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    write, sync = os.pwrite, os.fdatasync

    def noted_write(fd: int, data: bytes, at: int) -> int:
        calls.append(at)
        return write(fd, data, at)

    def noted_sync(fd: int) -> None:
        calls.append("sync")
        sync(fd)

    monkeypatch.setattr(os, "pwrite", noted_write)
    monkeypatch.setattr(os, "fdatasync", noted_sync)
    flash = FileFlash.open(image)
    flash.program(0, b"\0")
    flash.program(1, b"\0")
    assert [CLOSING_OFFSET, "sync", HEAD_SIZE, HEAD_SIZE + 1] == calls
    flash.close()
