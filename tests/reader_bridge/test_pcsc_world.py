"""The private PC/SC world: isolated, and gone without a trace."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from reader_bridge import pcsc_world, vpcd
from reader_bridge.echo import EchoCard
from reader_bridge.pcsc_world import Isolation, PcscWorld, WorldError, isolation
from tests.reader_bridge.support import DEADLINE

CLIENT = (sys.executable, "-m", "tests.reader_bridge.pcsc_client")


@pytest.mark.parametrize("readers", [0, 17])
def test_impossible_numbers_of_readers_are_refused(readers: int) -> None:
    with pytest.raises(WorldError, match="1 to 16"):
        PcscWorld(readers)


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcsc_world, "DRIVER", tmp_path / "libifdvpcd.so")
    monkeypatch.setattr(pcsc_world, "SYSTEM_CONFIGURATION", tmp_path / "vpcd")
    with pytest.raises(WorldError, match=r"libifdvpcd\.so is missing"):
        pcsc_world.driver_path()


def test_the_driver_is_the_one_of_the_systems_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.so").touch()
    (tmp_path / "vpcd").write_text(f'FRIENDLYNAME "Virtual PCD"\nLIBPATH   {tmp_path}/other.so\n')
    monkeypatch.setattr(pcsc_world, "SYSTEM_CONFIGURATION", tmp_path / "vpcd")
    assert tmp_path / "other.so" == pcsc_world.driver_path()


def test_each_pair_of_readers_has_a_driver_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "driver").write_bytes(b"driver")
    pcsc_world.write_configuration(tmp_path, [100, 102], tmp_path / "driver")
    entries = (tmp_path / "conf" / "vpcd").read_text()
    assert ["DEVICENAME /dev/null:0X64", "DEVICENAME /dev/null:0X66"] == [
        line for line in entries.splitlines() if line.startswith("DEVICENAME")
    ]
    assert b"driver" == (tmp_path / "libifdvpcd1.so").read_bytes()


def test_free_ports_come_in_pairs() -> None:
    ports = pcsc_world.free_ports(3)
    assert 6 == len({*ports, *(port + 1 for port in ports)})


@pytest.mark.parametrize(("root", "there"), [(True, True), (False, False)])
def test_without_namespaces_a_running_pcscd_is_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: bool, there: bool
) -> None:
    """Root would take over its process id file; others need the folder that pcscd insists on."""
    file = tmp_path / "pcscd" / "pcscd.pid"
    if there:
        file.parent.mkdir()
        file.touch()
    monkeypatch.setattr(pcsc_world, "SYSTEM_PROCESS_ID", file)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    with pytest.raises(WorldError, match="namespaces are not allowed"):
        pcsc_world.refuse_a_shared_pcscd()


@pytest.mark.pcsc
def test_a_world_leaves_nothing_behind() -> None:
    with PcscWorld() as world:
        folder, path = world.folder, world.socket_path
        assert path.is_socket()
    assert not folder.exists()
    with pytest.raises(ConnectionError, match="ended"):
        world.connect(0)


@pytest.mark.pcsc
def test_two_worlds_know_nothing_of_each_other() -> None:
    with PcscWorld(2) as one, PcscWorld(4) as two:
        counts = [len(printed(world, *CLIENT, "readers")) for world in (one, two)]
    assert [2, 4] == counts


@pytest.mark.pcsc
def test_sixteen_readers_are_listed() -> None:
    with PcscWorld(16) as world:
        assert 16 == len(set(printed(world, *CLIENT, "readers")))


@pytest.mark.pcsc
def test_a_reader_outside_the_world_does_not_exist() -> None:
    with PcscWorld(1) as world, pytest.raises(ConnectionError, match="refused"):
        world._ports[0] = 1
        world.connect(0)


@pytest.mark.pcsc
def test_programs_run_inside_too() -> None:
    """`inside` is how a server that connects to vpcd by its port gets into the world."""
    program = f"import socket; socket.create_connection(('127.0.0.1', {vpcd.PORT})).close(); print('met')"
    with PcscWorld(1, require_namespaces()) as world:
        met = subprocess.run(world.inside([sys.executable, "-c", program]), capture_output=True, text=True, check=True)
    assert "met\n" == met.stdout


@pytest.mark.pcsc
def test_the_command_line_gives_the_exit_code_of_the_command() -> None:
    assert 7 == pcsc_world.main(["1", "sh", "-c", "exit 7"])


@pytest.mark.pcsc
def test_a_command_runs_beside_the_cards_it_is_given(capfd: pytest.CaptureFixture[str]) -> None:
    assert 0 == pcsc_world.run_world(1, [*CLIENT, "present", "0"], [EchoCard()])
    assert f"atr {EchoCard().atr.hex()}\n" == capfd.readouterr().out


@pytest.mark.pcsc
def test_a_killed_owner_leaves_nothing_behind() -> None:
    program = (
        "from reader_bridge.pcsc_world import PcscWorld\n"
        "with PcscWorld() as world:\n"
        "    print(world._helper.pid, world.folder, flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as owner:
        assert owner.stdout is not None
        helper, folder = owner.stdout.readline().split()
        ended = os.pidfd_open(int(helper))
        owner.kill()
    assert [ended] == select.select([ended], [], [], DEADLINE)[0]
    os.close(ended)
    assert not Path(folder).exists()


@pytest.mark.pcsc
def test_a_world_without_namespaces_has_a_socket_and_ports_of_its_own(tmp_path: Path) -> None:
    """pcscd is passed its socket; tried in a namespace, where the /run it insists on is nobody else's."""
    assert ["Virtual PCD 0 00 00", "Virtual PCD 0 00 01", "met"] == nested(tmp_path, "plain")


@pytest.mark.pcsc
def test_a_vpcd_that_dials_out_finds_the_listening_card(tmp_path: Path) -> None:
    assert [f"atr {EchoCard().atr.hex()}", "00000000 01029000"] == nested(tmp_path, "dial-out")


def nested(folder: Path, scene: str) -> list[str]:
    """What a scene of `nested_scenes` prints in namespaces of its own."""
    (folder / "run").mkdir()
    command = [sys.executable, "-m", "tests.reader_bridge.nested_scenes", str(folder), scene]
    ended = subprocess.run([*require_namespaces().prefix(), *command], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def require_namespaces() -> Isolation:
    kind = isolation()
    assert kind is not Isolation.NONE, "this machine allows no namespaces"
    return kind


def printed(world: PcscWorld, *command: str) -> list[str]:
    ended = subprocess.run(command, env=world.environment(), capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()
