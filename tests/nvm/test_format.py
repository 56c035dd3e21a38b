"""FORMAT.md says what the bytes are, and memory of every released format opens."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

import simcard.nvm
from simcard.hal.fileflash import FileFlash
from simcard.hal.flash import RamFlash
from simcard.nvm.store import Store
from tests.nvm.bench import PAGE, SIZE, content_of

FORMAT = Path(simcard.nvm.__file__).with_name("FORMAT.md").read_text(encoding="utf-8")
IMAGES = Path(__file__).with_name("images")

EXAMPLE = {b"pin": b"\x01\x00\x03\x00\x03", b"name": "卡".encode()}


def documented(name: str) -> bytes:
    """The flash that a hex block of FORMAT.md shows."""
    found = re.search(rf"```hex {name}\n(.*?)```", FORMAT, re.DOTALL)
    assert found is not None
    image = bytearray(b"\xff" * SIZE)
    for line in found[1].splitlines():
        address, _, octets = line.partition("  ")
        image[int(address, 16) : int(address, 16) + 16] = bytes.fromhex(octets)
    return bytes(image)


def example() -> tuple[RamFlash, Store]:
    """The commands that FORMAT.md tells, carried out."""
    flash = RamFlash(SIZE, PAGE)
    store = Store.format(flash)
    store.write_through(b"pin", EXAMPLE[b"pin"])
    store.begin()
    store.put(b"name", EXAMPLE[b"name"])
    store.put(b"old", b"x")
    store.commit()
    store.begin()
    store.delete(b"old")
    store.commit()
    return flash, store


def test_the_worked_example_is_what_the_code_writes() -> None:
    assert documented("example") == example()[0].image()


def test_the_compacted_example_is_what_the_code_writes() -> None:
    flash, store = example()
    store.compact()
    assert documented("compacted") == flash.image()


@pytest.mark.parametrize("name", ["example", "compacted"])
def test_the_code_reads_the_worked_example(name: str) -> None:
    assert EXAMPLE == content_of(RamFlash.of_image(documented(name), PAGE))


def released() -> dict[bytes, bytes]:
    """The content of the kept images."""
    return {b"counter": b"\x01\x00\x03\x00\x02", b"empty": b"", "键".encode(): bytes(range(256)), b"k" * 63: b"long"}


def test_flash_of_format_1_mounts() -> None:
    """Both banks in use: the old one marked superseded and not erased, as a cut may leave it, and a torn tail."""
    flash = RamFlash.of_image((IMAGES / "v1.flash").read_bytes(), 128)
    assert released() == content_of(flash)


def test_a_file_of_format_1_opens(tmp_path: Path) -> None:
    path = shutil.copy(IMAGES / "v1.image", tmp_path)
    with closing(FileFlash.open(path)) as flash:
        assert (released(), "eport-operator") == (dict(Store.mount(flash).items()), flash.profile)


@pytest.mark.parametrize("name", ["v1.flash", "v1.image"])
def test_memory_of_format_1_can_be_worked_on(tmp_path: Path, name: str) -> None:
    path = Path(shutil.copy(IMAGES / name, tmp_path))
    flash = RamFlash.of_image(path.read_bytes(), 128) if name == "v1.flash" else FileFlash.open(path)
    with closing(flash):
        for number in range(200):
            Store.mount(flash).write_through(b"n", b"%d" % number)
        assert {**released(), b"n": b"199"} == dict(Store.mount(flash).items())
