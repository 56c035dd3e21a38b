"""Unmodified programs through `simcard exec`, without pcscd and without rights: one test for each."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from host_tools import opensc
from tests.plugin.simcard import SECONDS
from tests.worlds.support import Nobody, as_nobody, python

BLANK = ("--profile", "iso-blank")
ATR = "3b:87:81:31:fe:45:80:73:94:21:c0:81:05:8e"
MODULE = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
TESTS = Path(__file__).parents[1]
OPENPGP = "> 00A4040006D27600012401"
"""gpg selects the OpenPGP application of whatever card there is."""

ECHO = f"""\
> power-on
< 3B89800145434E4F20434152443D
> 0084000008
< 0102030405060708 9000
> 00EC000000EA60{60000 * "5A"}
< {60000 * "5A"} 9000
"""
"""A recording that answers what the C program asks of an echo card; its ATR has fourteen bytes."""

CONNECT = """
from smartcard.System import readers
connection = readers()[0].createConnection()
connection.connect()
print(connection.transmit([0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00]))
"""


def test_nobody_has_no_rights() -> None:
    """What the other tests rely on."""
    ended = subprocess.run([*as_nobody(), "id", "-u"], capture_output=True, text=True, check=True)
    assert "0" != ended.stdout.strip()


def test_pcsc_scan(nobody: Nobody) -> None:
    ended = nobody.simcard("exec", *BLANK, "--readers", "2", "--", "pcsc_scan", "-r")
    assert "0: simcard 00 00\n1: simcard 01 00\n" == ended.stdout, ended.stderr


def test_opensc_tool(nobody: Nobody) -> None:
    ended = nobody.simcard("exec", *BLANK, "--", "opensc-tool", "--atr", "--send-apdu", "00A4000C023F00")
    assert (ATR, True) == (ended.stdout.splitlines()[0], "SW1=0x90, SW2=0x00" in ended.stdout), ended.stderr


def test_scriptor(nobody: Nobody) -> None:
    ended = nobody.simcard("exec", *BLANK, "--", "scriptor", "-r", "simcard 00 00", text="00A4000C023F00\n")
    assert "< 90 00 : Normal processing." in ended.stdout, ended.stderr


def test_pkcs11_tool_through_the_piv_door(nobody: Nobody) -> None:
    command = ("pkcs11-tool", "--module", MODULE, "--list-slots", "--login", "--pin", "123456", "--list-objects")
    ended = nobody.simcard("exec", "--profile", "piv", "--", *command)
    assert (0, True) == (ended.returncode, "Card Holder Unique Identifier" in ended.stdout), ended.stderr


def test_pkcs11_tool_signs_through_the_pkcs15_door(nobody: Nobody) -> None:
    (nobody.folder("out") / "message").write_bytes(b"message")
    command = ("pkcs11-tool", "--module", MODULE, "--login", "--pin", "88888888", "--sign", "--id", "01")
    files = ("--mechanism", "SHA256-RSA-PKCS", "--input-file", "out/message", "--output-file", "out/signature")
    settings = opensc.environment("iso")
    ended = nobody.simcard("exec", "--profile", "eport-operator-rsa", "--", *command, *files, extra=settings)
    assert 0 == ended.returncode, ended.stderr
    assert 128 == len((nobody.home / "out" / "signature").read_bytes())


def test_pkcs15_init_writes_a_blank_card(nobody: Nobody) -> None:
    secrets = ("--so-pin", "123456", "--so-puk", "0123456789abcdef")
    command = ("pkcs15-init", "--create-pkcs15", *secrets, "--label", "No more blank")
    shell = ("sh", "-ec", '"$@"; pkcs11-tool --list-slots', "sh", *command)
    ended = nobody.simcard("exec", "--profile", "pkcs15", "--", *shell)
    assert (0, True) == (ended.returncode, "No more blank" in ended.stdout), ended.stderr


def test_pyscard(nobody: Nobody) -> None:
    ended = nobody.simcard("exec", *BLANK, "--", python(), "-c", CONNECT)
    assert "([], 144, 0)\n" == ended.stdout, ended.stderr


def test_pyscards_card_monitor(nobody: Nobody) -> None:
    """It runs in a thread of its own and waits for status changes; it ends with its input."""
    monitor = (python(), str(TESTS / "pcscd" / "monitor.py"), "cards")
    with nobody.start("exec", *BLANK, "--", *monitor) as running:
        assert running.stdout is not None and running.stdin is not None
        assert "simcard 00 00 +\n" == running.stdout.readline()
        running.stdin.close()
        assert 0 == running.wait(SECONDS)


@pytest.fixture
def c_program(nobody: Nobody) -> Path:
    """The C program of the conformance tests, compiled against winscard.h."""
    program, source = nobody.home / "client", TESTS / "pcscd" / "winscard_client.c"
    subprocess.run(["gcc", "-I/usr/include/PCSC", "-o", str(program), str(source), "-lpcsclite"], check=True)
    return program


def test_a_c_program(nobody: Nobody, c_program: Path) -> None:
    """Twenty steps with the C API; the card is a recording."""
    recording = nobody.file("echo.rec", ECHO)
    ended = nobody.simcard("exec", "--replay", str(recording), "--", str(c_program))
    assert (0, 20) == (ended.returncode, ended.stdout.count("ok ")), ended.stdout + ended.stderr


def test_gpg_reaches_the_card(nobody: Nobody) -> None:
    """Through scdaemon, which must not look for USB readers itself. gpg may not know the card, but it asked."""
    home = nobody.folder("gnupg")
    (home / "scdaemon.conf").write_text("disable-ccid\n")
    (home / "scdaemon.conf").chmod(0o644)
    asked = ("sh", "-c", "gpg --card-status; gpgconf --kill all")
    told = ("--record", "asked.rec", "--profile", "eport-operator-rsa")
    ended = nobody.simcard("exec", *told, "--", *asked, extra={"GNUPGHOME": str(home), "XDG_RUNTIME_DIR": str(home)})
    recorded = subprocess.run(["cat", nobody.home / "asked.rec"], capture_output=True, text=True, check=True).stdout
    assert OPENPGP in recorded, ended.stderr
    assert "simcard 00 00" in ended.stdout, ended.stderr


def test_the_world_is_gone_with_its_command(nobody: Nobody) -> None:
    """Socket and temporary card are removed."""
    scratch = nobody.folder("tmp")
    ended = nobody.simcard("exec", *BLANK, "--", "true", extra={"TMPDIR": str(scratch)})
    assert (0, []) == (ended.returncode, [*scratch.iterdir()]), ended.stderr


def test_a_card_without_keys_starts_light(nobody: Nobody) -> None:
    """What makes `exec` slow is what it imports; how slow it is, the bench says."""
    program = "import sys; from host_tools.cli.__main__ import run; run(sys.argv[1:]); print(*sys.modules)"
    command = [python(), "-c", program, "exec", *BLANK, "--", "true"]
    ended = subprocess.run(command, env=nobody.environment(), capture_output=True, text=True, check=True)
    heavy = ("cryptography", "rich", "smartcard", "asyncio", "Crypto", "reader_bridge.faults")
    assert [] == [name for name in ended.stdout.split() if name.startswith(heavy)]
