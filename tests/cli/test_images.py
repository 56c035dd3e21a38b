"""Images that are missing, foreign, damaged or in use: exit code 4, one line that says what to do, nothing lost."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simcard.hal.fileflash import FileFlash
from tests.cli.conftest import PIN, Image, Simcard

Spoil = Callable[[Path], None]


def missing(path: Path) -> None:
    path.unlink()


def foreign(path: Path) -> None:
    path.write_text("a thesis")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def truncated_head(path: Path) -> None:
    os.truncate(path, 100)


def too_long(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def flipped(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[4096 + 600] ^= 0x10
    path.write_bytes(body)


def flipped_head(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[9] ^= 0x01
    path.write_bytes(body)


def blank(path: Path) -> None:
    """An image whose making was cut short before the card was in it."""
    path.unlink()
    FileFlash.create(path, 131072).close()


SPOILS: dict[Spoil, str] = {
    missing: "does not exist",
    foreign: "is not a card image",
    empty: "",
    folder: "",
    truncated: "bytes are missing",
    truncated_head: "",
    too_long: "too long",
    flipped: "restore a copy",
    flipped_head: "",
    blank: "make it again",
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "info": ("info", "IMAGE"),
    "apdu": ("apdu", "IMAGE", "0084000008"),
    "sign": ("sign", "IMAGE", "/dev/null"),
    "pin status": ("pin", "status", "IMAGE"),
    "pin change": ("pin", "change", "IMAGE"),
    "cert export": ("cert", "export", "IMAGE"),
    "run": ("run", "IMAGE", "--listen", "127.0.0.1:0"),
}


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_bad_image_is_refused(simcard: Simcard, image: Image, spoil: Spoil, command: tuple[str, ...]) -> None:
    path = image()
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    words = [str(path) if word == "IMAGE" else word for word in command]
    done = simcard(*words, SIMCARD_PIN=PIN, SIMCARD_NEW_PIN="12345678")
    assert 4 == done.code
    assert str(path) in done.err and SPOILS[spoil] in done.err
    assert 1 == len(done.err.splitlines())
    assert before == (path.read_bytes() if path.is_file() else b"")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_an_image_in_use_is_refused(simcard: Simcard, image: Image, command: tuple[str, ...]) -> None:
    path = image()
    before = path.read_bytes()
    with path.open("rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        words = [str(path) if word == "IMAGE" else word for word in command]
        done = simcard(*words, SIMCARD_PIN=PIN, SIMCARD_NEW_PIN="12345678")
    assert (4, before) == (done.code, path.read_bytes())
    assert "is in use by another program" in done.err


def test_an_error_is_an_object_where_json_was_asked_for(simcard: Simcard, tmp_path: Path) -> None:
    done = simcard("info", tmp_path / "none", "--json")
    assert (4, "image") == (done.code, done.json["error"]["code"])


@pytest.mark.parametrize("seed", range(40))
def test_any_flipped_bit_is_noticed_or_harms_nothing(simcard: Simcard, image: Image, seed: int) -> None:
    """What a flipped bit can do at most is to make the image unusable, with one line that says so."""
    path = image()
    whole = simcard("info", path).out
    body = bytearray(path.read_bytes())
    place = seed * 104729 % (4096 + 4000)
    body[place] ^= 1 << seed % 8
    path.write_bytes(body)
    done = simcard("info", path)
    assert (0, whole) == (done.code, done.out) or (4, "") == (done.code, done.out)


@pytest.mark.parametrize("verb", [("info",), ("info", "--json"), ("cert", "export"), ("apdu", "0084000008")])
def test_a_full_disk_behind_standard_output_is_told(image: Image, verb: tuple[str, ...]) -> None:
    first, *rest = verb
    words = [sys.executable, "-m", "host_tools.cli", first, *(rest[:1] if first == "cert" else []), str(image())]
    words += rest[1:] if first == "cert" else rest
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert 2 == done.returncode
    assert "No space left" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["info", "--help"])
def test_output_that_nobody_reads_ends_the_program_quietly(image: Image, verb: str) -> None:
    words = [sys.executable, "-m", "host_tools.cli", verb, *([str(image())] if verb == "info" else [])]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as unread:
        done = subprocess.run(words, stdout=unread, stderr=subprocess.PIPE, text=True, check=False)
    assert (141, "") == (done.returncode, done.stderr)


def test_a_terminal_that_cannot_write_chinese_gets_escapes(image: Image) -> None:
    words = [sys.executable, "-m", "host_tools.cli", "info", str(image())]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert "\\u64cd" in done.stdout
