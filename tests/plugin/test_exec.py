"""`simcard exec` and `simcard serve`: real programs in private PC/SC worlds."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reader_bridge.record import gsmtap, text
from reader_bridge.record.model import Exchange, Kind
from tests.plugin import simcard

BLANK = ("--profile", "iso-blank")
ATR = "3b:87:81:31:fe:45:80:73:94:21:c0:81:05:8e"
CLIENT = """
import sys
from smartcard.System import readers
connection = readers()[0].createConnection()
connection.connect()
for command in sys.argv[1:]:
    data, sw1, sw2 = connection.transmit(list(bytes.fromhex(command)))
    print(bytes(data).hex().upper() + f"{sw1:02X}{sw2:02X}")
"""
TELL = (sys.executable, "-c", CLIENT)
WAITING = "import signal, sys; signal.signal({}, lambda *_: sys.exit(9)); print('ready', flush=True); signal.pause()"


def test_readers_have_the_names_they_are_given() -> None:
    ended = simcard.run("exec", "--readers", "3", "--reader-name", "ACME Token 00 00", "pcsc_scan", "-r")
    listed = [line.partition(": ")[2] for line in ended.stdout.splitlines() if line[:1].isdigit()]
    assert ["ACME Token 00 00", "simcard 00 00", "simcard 01 00"] == listed


def test_a_profile_is_a_card_for_real_programs() -> None:
    ended = simcard.run("exec", *BLANK, "--", "opensc-tool", "--atr")
    assert (0, ATR) == (ended.returncode, ended.stdout.strip())


def test_nobody_needs_rights() -> None:
    with tempfile.TemporaryDirectory(prefix="simcard-") as folder:
        Path(folder).chmod(0o777)
        ended = simcard.unprivileged("exec", *BLANK, "--", "opensc-tool", "--atr", home=Path(folder))
    assert (0, ATR) == (ended.returncode, ended.stdout.strip()), ended.stderr


def test_scriptor_speaks_to_the_card() -> None:
    ended = simcard.run("exec", *BLANK, "--", "scriptor", "-r", "simcard 00 00", text="00A4000C023F00\n")
    assert "< 90 00 : Normal processing." in ended.stdout


def test_sixteen_readers_are_listed_and_not_more() -> None:
    ended = simcard.run("exec", "--readers", "16", "pcsc_scan", "-r")
    assert 16 == sum(line[:1].isdigit() for line in ended.stdout.splitlines())
    assert 2 == simcard.run("exec", "--readers", "17", "true").returncode


def test_one_name_cannot_be_taken_twice() -> None:
    ended = simcard.run("exec", "--reader-name", "A", "--reader-name", "A", "true")
    assert 3 == ended.returncode
    assert "there is a reader 'A' already" in ended.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [(("sh", "-c", "exit 7"), 7), (("sh", "-c", "kill -KILL $$"), 137), (("/nowhere/program",), 127), (("/tmp",), 126)],
)
def test_the_exit_code_is_the_commands(command: tuple[str, ...], code: int) -> None:
    assert code == simcard.run("exec", "--readers", "1", "--", *command).returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_passed_on(number: signal.Signals) -> None:
    with simcard.start("exec", "--readers", "1", "--", sys.executable, "-c", WAITING.format(int(number))) as running:
        assert running.stdout is not None
        assert "ready\n" == running.stdout.readline()
        running.send_signal(number)
        assert 9 == running.wait(simcard.SECONDS)


def test_the_command_has_the_signal_mask_of_before() -> None:
    program = "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))"
    assert "[]\n" == simcard.run("exec", "--readers", "1", "--", sys.executable, "-c", program).stdout


def test_faults_happen_by_script() -> None:
    ended = simcard.run("exec", *BLANK, "--fault", "at 2 flip 1", "--", *TELL, "0020000100", "00200001", "00200001")
    good, flipped, again = ended.stdout.split()[-3:]
    assert good != flipped
    assert "63C3" == again


def test_a_fault_that_cannot_be_is_refused() -> None:
    assert 2 == simcard.run("exec", *BLANK, "--fault", "at 0 explode", "true").returncode


def test_what_passes_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "a.rec"
    simcard.run("record", "-o", str(file), *BLANK, "--", *TELL, "00A4000C023F00", "00200001083030303030303030")
    assert ["00A4000C023F00", "0020000108 [8 bytes]"] == [str(e.command) for e in apdus(file)]
    assert [0x9000, 0x63C2] == [e.sw for e in apdus(file)]


@pytest.mark.parametrize("words", [("record", "-o"), ("exec", "--record")])
def test_a_recording_is_overwritten_only_by_force(tmp_path: Path, words: tuple[str, str]) -> None:
    file = tmp_path / "a.rec"
    file.write_text("precious")
    ended = simcard.run(*words, str(file), *BLANK, "true")
    assert (2, True) == (ended.returncode, "--force" in ended.stderr)
    assert "precious" == file.read_text()
    assert 0 == simcard.run(*words, str(file), "--force", *BLANK, "true").returncode
    assert [] == apdus(file)


def apdus(file: Path) -> list[Exchange]:
    return [e for e in text.parse(file.read_text()) if e.kind is Kind.APDU]


def test_a_card_of_the_surrounding_service_is_recorded_and_played_to_another(tmp_path: Path) -> None:
    """A world in a world stands for a real reader."""
    file = tmp_path / "a.rec"
    inner = [*simcard.PROGRAM, "record", "--secrets", "-o", str(file), "--reader", "outer", "--"]
    sent = ("00A4000C023F00", "00200001083030303030303030")
    ended = simcard.run("exec", *BLANK, "--reader-name", "outer reader", "--", *inner, *TELL, *sent)
    assert ["9000", "63C2"] == ended.stdout.split(), ended.stderr
    replayed = simcard.run("replay", "--to", "profile:iso-blank", str(file))
    assert (0, True) == (replayed.returncode, "0 deviations" in replayed.stdout), replayed.stdout


def test_a_recording_stands_in_for_the_card(tmp_path: Path) -> None:
    file = tmp_path / "a.rec"
    file.write_text("> power-on\n< 3B00\n> 00A4000C023F00\n< 6A82\n")
    ended = simcard.run("replay", str(file), "--", *TELL, "00A4000C023F00", "0084000008")
    assert ["6A82", "6F00"] == ended.stdout.split()
    assert "no answer recorded to 00840000" in ended.stderr


def test_two_cards_are_compared(tmp_path: Path) -> None:
    file, card = tmp_path / "script.apdu", tmp_path / "a.rec"
    file.write_text("00A4000C023F00\n0084000008\n")
    card.write_text("> power-on\n< 3B00\n> 00A4000C023F00\n< 6A82\n> 0084000008\n< 0000000000000000 9000\n")
    ended = simcard.run("twin", str(file), "profile:iso-blank", f"recording:{card}", "--json")
    found = json.loads(ended.stdout)["deviations"]
    assert (1, [("status", "9000", "6A82")]) == (ended.returncode, [(d["what"], d["left"], d["right"]) for d in found])


def test_exchanges_are_sent_live() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(simcard.SECONDS)
        port = listening.getsockname()[1]
        simcard.run("exec", *BLANK, "--gsmtap", f"127.0.0.1:{port}", "--", *TELL, "00A4000C023F00")
        found = [gsmtap.heard(listening.recv(65535)) for _ in range(2)]
    assert [Kind.RESET, Kind.APDU] == [each.exchange.kind for each in found if each]


def test_live_packets_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.rec"
    file.write_text("> power-on\n< 3B00\n> 00A4000C023F00\n< 9000\n")
    with simcard.start("trace", "--live", "--listen", "127.0.0.1:0") as listening:
        assert listening.stdout is not None
        assert listening.stderr is not None
        where = listening.stderr.readline().split()[-1]
        simcard.run("trace", str(file), "--gsmtap", where)
        shown = [listening.stdout.readline() for _ in range(2)]
        listening.send_signal(signal.SIGINT)
        assert 130 == listening.wait(simcard.SECONDS)
    assert ["- reset 3B00", "- SELECT (by file identifier): 9000 normal processing"] == [s.rstrip() for s in shown]


@pytest.fixture
def served() -> Iterator[tuple[dict[str, str], Path]]:
    """A lasting world with a card and an empty reader: its environment and control socket."""
    with tempfile.TemporaryDirectory(prefix="simcard-") as folder:
        control = Path(folder) / "control"
        arguments = ("serve", "--readers", "2", *BLANK, "--control", str(control), "--json")
        with simcard.start(*arguments) as running:
            assert running.stdout is not None
            said = json.loads(running.stdout.readline())
            yield {**simcard.environment(), **said["environment"]}, control
            running.send_signal(signal.SIGTERM)
            assert 0 == running.wait(simcard.SECONDS)


def test_a_lasting_world_is_controlled(served: tuple[dict[str, str], Path], tmp_path: Path) -> None:
    env, control = served
    there, image = ("--control", str(control)), str(tmp_path / "a.simcard")
    simcard.run("new", image, *BLANK, "--quiet")
    assert 0 == simcard.run("insert", image, *there).returncode
    assert 4 == simcard.run("insert", image, *there).returncode
    assert [ATR, ATR] == [atr_of(env, number) for number in range(2)]
    assert 0 == simcard.run("reset", "simcard 00 00", *there).returncode
    assert 0 == simcard.run("remove", "simcard 01 00", *there).returncode
    assert "" == atr_of(env, 1)
    assert 0 == simcard.run("info", image).returncode


def atr_of(env: dict[str, str], reader: int) -> str:
    command = ["opensc-tool", "--reader", str(reader), "--atr"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False).stdout.strip()


def test_a_lasting_world_says_what_a_shell_must_set(tmp_path: Path) -> None:
    control = str(tmp_path / "control")
    with simcard.start("serve", "--readers", "1", "--control", control) as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("export PCSCLITE_CSOCK_NAME=/")
        running.terminate()
        assert 0 == running.wait(simcard.SECONDS)
