"""`simcard run` and the commands to it: cards in and out, addresses that are taken, clean ends, no secrets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host_tools.cli import run as running
from host_tools.cli.cards import EngineChoice
from host_tools.errors import CannotServe, ImageProblem
from reader_bridge import vpcd
from reader_bridge.endpoint import Connect, Endpoint, Listen
from reader_bridge.pcsc_world import PcscWorld
from tests.cli.conftest import PIN, Done, Image, Simcard

PROGRAM = (sys.executable, "-m", "host_tools.cli")


def plan(*images: Path, control: Path, endpoints: tuple[Endpoint, ...] = (), trace: bool = False) -> running.Plan:
    where = endpoints or tuple(Listen(port=0) for _ in range(max(1, len(images))))
    return running.Plan(images, where, control, EngineChoice(), trace, as_json=True)


def while_serving(wish: running.Plan, act: Callable[[], None]) -> None:
    """Serve until `act`, which runs in a thread, is done."""

    async def until(_: asyncio.Event) -> None:
        await asyncio.to_thread(act)

    asyncio.run(running.serve(wish, until))


class Service:
    """The commands to a service that `while_serving` runs."""

    def __init__(self, simcard: Simcard, control: Path) -> None:
        self._simcard, self._control = simcard, control

    def __call__(self, *arguments: str | Path) -> Done:
        return self._simcard(*arguments, "--control", self._control)


@pytest.fixture
def control(tmp_path: Path) -> Path:
    return tmp_path / "control"


@pytest.fixture
def service(simcard: Simcard, control: Path) -> Service:
    return Service(simcard, control)


def last_json(done: Done) -> object:
    return json.loads(done.out.splitlines()[-1])


def test_readers_are_listed(service: Service, image: Image, control: Path) -> None:
    def act() -> None:
        (reader,) = json.loads(service("list", "--json").out.splitlines()[-1])
        assert ("0", "off", "3B878131FE4580739421C081058E") == (reader["name"], reader["state"], reader["atr"])

    while_serving(plan(image(), control=control), act)


def test_a_card_is_removed_and_another_inserted(service: Service, image: Image, control: Path) -> None:
    first, second = image(), image("eport-legal")

    def act() -> None:
        assert 0 == service("remove", "0").code
        assert {"done": True, "reader": "0"} == last_json(service("insert", second, "--json"))

    while_serving(plan(first, control=control), act)


def test_a_removed_image_is_free_again_and_an_inserted_one_is_not(
    simcard: Simcard, service: Service, image: Image, control: Path
) -> None:
    first, second = image(), image("eport-legal")
    codes: list[int] = []

    def act() -> None:
        codes.append(simcard("info", first).code)
        service("remove", "0")
        codes.append(simcard("info", first).code)
        service("insert", second)
        codes.append(simcard("info", second).code)

    while_serving(plan(first, control=control), act)
    codes.append(simcard("info", second).code)
    assert [4, 0, 4, 0] == codes


@pytest.mark.parametrize("options", [(), ("--cold",)])
def test_a_card_is_reset(service: Service, image: Image, control: Path, options: tuple[str, ...]) -> None:
    def act() -> None:
        assert 0 == service("reset", "0", *options).code

    while_serving(plan(image(), control=control), act)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("remove", "7"), 3, "no reader 7"),
        (("reset", "7"), 3, "no reader 7"),
        (("insert", "/nowhere/card"), 4, "does not exist"),
        (("insert", "/dev/null", "--into", "7"), 4, "/dev/null"),
    ],
)
def test_what_the_service_cannot_do_is_told(
    service: Service, image: Image, control: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    def act() -> None:
        done = service(*arguments)
        assert (code, True) == (done.code, words in done.err)

    while_serving(plan(image(), control=control), act)


def test_an_occupied_reader_takes_no_second_card(service: Service, image: Image, control: Path) -> None:
    second = image("eport-legal")

    def act() -> None:
        assert 3 == service("insert", second).code

    while_serving(plan(image(), control=control), act)


@pytest.mark.parametrize("verb", [["list"], ["remove", "0"], ["reset", "0"], ["stop"], ["insert", "x"]])
def test_without_a_service_one_is_told_to_start_it(service: Service, verb: list[str]) -> None:
    done = service(*verb)
    assert (3, True) == (done.code, "simcard run or simcard serve" in done.err)
    assert "Errno" not in done.err


def test_stop_ends_the_service(service: Service, image: Image, control: Path) -> None:
    async def scene() -> None:
        async def until(stopped: asyncio.Event) -> None:
            assert 0 == (await asyncio.to_thread(service, "stop")).code
            await stopped.wait()

        await running.serve(plan(image(), control=control), until)

    asyncio.run(scene())
    assert not control.exists()


def test_the_control_socket_is_for_its_owner_only(image: Image, control: Path) -> None:
    while_serving(plan(image(), control=control), lambda: mode_is_600(control))


def mode_is_600(path: Path) -> None:
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_second_service_at_the_same_socket_is_refused(image: Image, control: Path) -> None:
    second = image("eport-legal")

    def act() -> None:
        with pytest.raises(CannotServe, match="answers at"):
            while_serving(plan(second, control=control), lambda: None)

    while_serving(plan(image(), control=control), act)


def test_a_port_in_use_is_refused_and_the_image_closed(simcard: Simcard, image: Image, control: Path) -> None:
    path = image()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = simcard("run", path, "--listen", where, "--control", control)
    assert 3 == done.code
    assert where in done.err and "--listen" in done.err
    assert 0 == simcard("info", path).code
    assert not control.exists()


def test_one_bad_image_of_several_ends_all(image: Image, tmp_path: Path, control: Path) -> None:
    with pytest.raises(ImageProblem):
        while_serving(plan(image(), tmp_path / "none", control=control), lambda: None)


def test_the_same_image_cannot_be_in_two_readers(simcard: Simcard, image: Image, control: Path) -> None:
    path = image()
    done = simcard("run", path, path, "--listen", "127.0.0.1:0", "--control", control)
    assert (4, True) == (done.code, "in use" in done.err)


@pytest.mark.parametrize(
    "arguments",
    [
        ["IMAGE", "--vpcd", "127.0.0.1:1", "--listen", "127.0.0.1:2"],
        ["IMAGE", "--vpcd", "somewhere.example:35963"],
        ["IMAGE", "--listen", "0.0.0.0:35963"],
        ["IMAGE", "--vpcd", "127.0.0.1:port"],
        ["IMAGE", "--vpcd", "127.0.0.1:65535", "--readers", "2"],
        ["IMAGE", "IMAGE", "--readers", "1"],
        [],
    ],
)
def test_wrong_addresses_and_numbers_are_refused(simcard: Simcard, image: Image, arguments: list[str]) -> None:
    words = [str(image()) if word == "IMAGE" else word for word in arguments]
    assert 2 == simcard("run", *words).code


@contextmanager
def started(*arguments: str | Path, prefix: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """The program in a process of its own."""
    words = [*prefix, *PROGRAM, *map(str, arguments)]
    program = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def until_event(program: subprocess.Popen[str], event: str) -> dict[str, str]:
    assert program.stdout is not None
    for line in program.stdout:
        found: dict[str, str] = json.loads(line)
        if found["event"] == event:
            return found
    raise AssertionError(program.stderr.read() if program.stderr else "")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(simcard: Simcard, image: Image, control: Path, sign: signal.Signals) -> None:
    path = image()
    with started("run", path, "--listen", "127.0.0.1:0", "--json", "--control", control) as program:
        until_event(program, "serving")
        program.send_signal(sign)
        assert program.stdout is not None
        rest = [json.loads(line)["event"] for line in program.stdout]
        assert ("ended", 0) == (rest[-1], program.wait())
    assert 0 == simcard("info", path).code


def test_a_killed_service_leaves_a_card_that_is_whole(simcard: Simcard, image: Image, control: Path) -> None:
    path = image()
    with started("run", path, "--listen", "127.0.0.1:0", "--json", "--control", control) as program:
        until_event(program, "serving")
        program.kill()
        program.wait()
    assert 0 == simcard("info", path).code


def test_without_vpcd_it_waits_and_says_for_whom(image: Image, control: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    with started("run", image(), "--vpcd", f"127.0.0.1:{free}", "--json", "--control", control) as program:
        assert f"127.0.0.1:{free}" == until_event(program, "waiting")["endpoint"]
        with socket.create_server(("127.0.0.1", free)) as late:
            late.accept()[0].close()
            assert "0" == until_event(program, "connected")["reader"]


def exchange(port: int, *commands: str) -> None:
    """Be a vpcd that dials out: power on, send commands, read the replies."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        decoder = vpcd.ReplyDecoder()
        sock.sendall(vpcd.encode_request(vpcd.PowerOn()))
        for command in commands:
            sock.sendall(vpcd.encode_request(vpcd.Apdu(bytes.fromhex(command))))
            while not decoder.feed(sock.recv(65537)):
                pass


def test_a_trace_has_every_exchange_and_no_secret(
    image: Image, control: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    verify = f"0020000108{PIN.encode().hex()}"

    def act() -> None:
        exchange(free, "0084000008", verify)

    while_serving(plan(image(), control=control, endpoints=(Listen(port=free),), trace=True), act)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert ["reset", "GetChallenge", "Verify"] == [line["name"] for line in lines]
    assert PIN.encode().hex() not in json.dumps(lines)


@pytest.mark.parametrize(
    ("vpcd_text", "listen", "count", "found"),
    [
        (None, None, 2, [Connect(port=35963), Connect(port=35964)]),
        ("127.0.0.1:100", None, 1, [Connect(port=100)]),
        (None, "127.0.0.1:0x10", 2, [Listen(port=16), Listen(port=17)]),
        (None, "127.0.0.1:0", 2, [Listen(port=0), Listen(port=0)]),
    ],
)
def test_readers_are_one_port_after_another(
    vpcd_text: str | None, listen: str | None, count: int, found: list[Endpoint]
) -> None:
    assert tuple(found) == running._endpoints(vpcd_text, listen, count, remote=False)


# -- through the real pcscd


@pytest.mark.pcsc
def test_the_program_works_with_a_card_in_a_reader(image: Image, control: Path, tmp_path: Path) -> None:
    """M28: run, then info, sign and a wrong PIN through PC/SC; the same program on both sides."""
    (tmp_path / "text").write_text("declaration")
    with PcscWorld(1) as world:
        where = ("--vpcd", f"127.0.0.1:{world.port(0)}")
        prefix = tuple(world.inside([]))
        with started("run", image(), *where, "--json", "--control", control, prefix=prefix) as program:
            until_event(program, "connected")
            environment = {**world.environment(), "SIMCARD_PIN": PIN}
            client = Path(__file__).parents[2] / "scripts" / "demo_client.py"
            subprocess.run([sys.executable, str(client), "wait", "0"], env=environment, check=True)

            def said(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
                words = [*PROGRAM, *map(str, arguments), "--reader", "00 00"]
                return subprocess.run(words, env={**environment, **more}, capture_output=True, text=True, check=False)

            assert "EportSM2" in said("info").stdout
            assert 0 == said("sign", tmp_path / "text", "-o", tmp_path / "sig").returncode
            assert 0 == said("verify", tmp_path / "text", "-s", tmp_path / "sig").returncode
            assert 5 == said("pin", "verify", SIMCARD_PIN="00000000").returncode
            nobody = subprocess.run([*PROGRAM, "info", "--reader", "nobody"], env=environment, check=False)
            assert 3 == nobody.returncode
            assert 3 == subprocess.run([*PROGRAM, "info", "-r", "00 01"], env=environment, check=False).returncode


@pytest.mark.pcsc
def test_without_a_pcscd_a_reader_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "PCSCLITE_CSOCK_NAME": str(tmp_path / "nothing")}
    words = [*PROGRAM, "info", "--reader", "any"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (3, True) == (done.returncode, "start pcscd" in done.stderr)
    assert "Traceback" not in done.stderr
