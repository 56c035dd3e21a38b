"""Attacks on `simcard`: profiles of every wrong kind, a full disk, and secrets that are no text."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from simcard.profile import ProfileError, builtin_text, parse

GOOD = builtin_text("iso-blank")
WITH_PKCS15 = GOOD.replace('applets = ["iso"]', 'applets = ["iso", "pkcs15"]')
WITH_TOKEN = GOOD.replace('applets = ["iso"]', 'applets = ["iso", "gmt0017"]')


def options(text: str, door: str, line: str) -> str:
    return text.replace("[environments]", f"[card.options.{door}]\n{line}\n[environments]", 1)


WRONG = {
    "change is text": 'extends = "iso-blank"\nchange = "x"\n',
    "changes are numbers": 'extends = "iso-blank"\nchange = [1]\n',
    "path of a change is a list": 'extends = "iso-blank"\n[[change]]\npath = [3]\n',
    "files are numbers": 'extends = "iso-blank"\nfile = [1, 2]\n',
    "path of a file is a list": 'extends = "iso-blank"\nfile = [{path = [1]}]\n',
    "path of a file is a table": 'extends = "iso-blank"\nfile = [{path = {}}]\n',
    "one table for files": 'extends = "iso-blank"\n[file]\npath = "3F00"\n',
    "arrays too deep": "a = " + "[" * 5000 + "]" * 5000,
    "tables too deep": "a = " + "{a = " * 3000 + "1" + "}" * 3000,
    "a giant number": "memory = " + "9" * 5000 + "\n" + GOOD,
    "a long name": GOOD.replace('name = "iso-blank"', f'name = "{"a" * 65}"', 1),
    "a long title": GOOD.replace('title = "', 'title = "' + "z" * 70000, 1),
    "a path that is none": options(WITH_PKCS15, "pkcs15", '"3F00/zz" = "x"'),
    "a serial that is no path": options(WITH_PKCS15, "pkcs15", 'serial = "3F00/xyz"'),
    "a label that fits nowhere": options(WITH_PKCS15, "pkcs15", f'label = "{"x" * 70000}"'),
    "tries in words": options(WITH_PKCS15, "pkcs15", 'pin_tries = "many"'),
    "tries beyond counting": options(WITH_PKCS15, "pkcs15", "pin_tries = 70000"),
    "applications without end": GOOD
    + "".join(f'\n[[application]]\nname = "x{n}"\ndf = "3F00"\nadmin = "admin"\n' for n in range(256)),
    "digits of another script": GOOD.replace('1 = "user"', '"٣" = "user"', 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_profile_is_refused(name: str) -> None:
    assert WRONG[name] != GOOD
    with pytest.raises(ProfileError, match=r"^profile:"):
        parse(WRONG[name])


def simcard(*arguments: str, **given: object) -> subprocess.CompletedProcess[bytes]:
    """The program in a process of its own; without a traceback, whatever comes of it."""
    made: subprocess.CompletedProcess[bytes] = subprocess.run(
        [sys.executable, "-m", "host_tools.cli", *arguments], capture_output=True, timeout=60, check=False, **given
    )  # type: ignore[call-overload]
    assert b"Traceback" not in made.stderr
    return made


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded card, which writes at every start."""
    made = tmp_path_factory.mktemp("attack") / "card.img"
    assert 0 == simcard("new", str(made), "-p", "iso-blank", "--seed", "1", "-q").returncode
    return made


def test_a_card_that_cannot_write_at_its_start_is_an_image_problem(image: Path) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    before = image.read_bytes()[4096:]
    made = simcard("info", str(image), "--json", preexec_fn=small)
    assert 4 == made.returncode
    assert b'{"error": {"code": "memory-fault"' in made.stdout
    assert before == image.read_bytes()[4096:]
    assert 0 == simcard("info", str(image)).returncode


@pytest.mark.parametrize("where", ["environment", "stdin"])
def test_a_pin_that_is_no_text_is_compared_as_it_is(image: Path, where: str) -> None:
    pin = b"\xff\xfe1234"
    env = {**os.environ, "PYTHONUTF8": "1"}
    if where == "environment":
        made = simcard("pin", "verify", str(image), "-n", "3", env={**env, "SIMCARD_PIN": os.fsdecode(pin)})
    else:
        made = simcard("pin", "verify", str(image), "-n", "3", "--pin-stdin", env=env, input=pin + b"\n")
    assert 5 == made.returncode
    assert b"1234" not in made.stderr + made.stdout


@pytest.mark.parametrize(("holder", "told"), [("certificate_number", "zz"), ("name", "n" * 80), ("name", "")])
def test_a_holder_no_certificate_can_name_leaves_no_image(tmp_path: Path, holder: str, told: str) -> None:
    sheet, image = tmp_path / "sheet.toml", tmp_path / "card.img"
    sheet.write_text(GOOD + f'\n[holder]\n{holder} = "{told}"\n[[container]]\nname = "c"\nsign = {{ kind = "p256" }}\n')
    made = simcard("new", str(image), "-p", str(sheet), "-q")
    expected = 0 if told == "" else 2
    assert expected == made.returncode
    assert image.exists() == (expected == 0)


def test_an_interrupt_while_the_program_is_still_loading_is_no_traceback() -> None:
    # The import of click is where a quick Ctrl-C falls; here it raises what the signal would.
    script = (
        "import sys, host_tools.cli.__main__ as program\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "program.main()\n"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert (130, b"simcard: interrupted\n") == (made.returncode, made.stderr)


def test_wrong_use_told_by_a_command_itself_is_one_line_and_a_code(image: Path) -> None:
    made = simcard("cert", "export", str(image), "--json")
    assert 2 == made.returncode
    assert made.stdout.startswith(b'{"error": {"code": "usage"')
