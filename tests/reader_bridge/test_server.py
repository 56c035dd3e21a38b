"""The server against a made-up vpcd: serving, reconnecting, and a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest

from reader_bridge import vpcd
from reader_bridge.echo import EchoCard
from reader_bridge.endpoint import Connect, Listen
from reader_bridge.line import Line
from reader_bridge.server import LONGEST_DELAY, CardServer, ResetKind, ServerError, delays, dial, until_told_to_end
from reader_bridge.slot import State
from tests.reader_bridge.support import (
    CHALLENGE,
    CRASH,
    GIANT,
    BadCard,
    FakeVpcd,
    dialled,
    failing_dial,
    run,
)

ANSWER = bytes.fromhex("0102030405060708 9000")


def test_a_card_is_served_where_vpcd_listens() -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, EchoCard())
            return await (await (await there.card()).on()).transmit(CHALLENGE)

    assert ANSWER == run(scene)


def test_the_atr_is_told_before_power() -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, EchoCard())
            return await (await there.card()).ask(vpcd.GetAtr())

    assert EchoCard().atr == run(scene)


def test_a_card_is_served_where_vpcd_dials_out() -> None:
    async def scene() -> bytes:
        async with CardServer() as server:
            reader = server.add_reader("0", Listen(port=0), EchoCard())
            assert isinstance(reader.endpoint, Listen)
            return await (await (await dialled(reader.endpoint.port)).on()).transmit(CHALLENGE)

    assert ANSWER == run(scene)


def test_an_empty_listening_reader_hangs_up() -> None:
    async def scene() -> bool:
        async with CardServer() as server:
            reader = server.add_reader("0", Listen(port=0))
            assert isinstance(reader.endpoint, Listen)
            return await (await dialled(reader.endpoint.port)).hung_up()

    assert run(scene)


def test_a_second_vpcd_does_not_get_the_card() -> None:
    async def scene() -> tuple[bool, bytes]:
        async with CardServer() as server:
            reader = server.add_reader("0", Listen(port=0), EchoCard())
            assert isinstance(reader.endpoint, Listen)
            first = await (await dialled(reader.endpoint.port)).on()
            return await (await dialled(reader.endpoint.port)).hung_up(), await first.transmit(CHALLENGE)

    assert (True, ANSWER) == run(scene)


def test_the_card_comes_back_when_vpcd_does() -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, EchoCard())
            (await (await there.card()).on()).close()
            return await (await (await there.card()).on()).transmit(CHALLENGE)

    assert ANSWER == run(scene)


def test_vpcd_may_start_after_the_card() -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        endpoint, attempts = failing_dial(3, there.endpoint)
        async with CardServer() as server:
            server.add_reader("0", endpoint, EchoCard())
            answer = await (await (await there.card()).on()).transmit(CHALLENGE)
        assert [0, 1, 2, 3] == attempts
        return answer

    assert ANSWER == run(scene)


def test_an_absent_vpcd_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        there = await FakeVpcd().open()
        endpoint, _ = failing_dial(3, there.endpoint)
        async with CardServer() as server:
            server.add_reader("0", endpoint, EchoCard())
            await there.card()

    run(scene)
    assert ["0: no reader at private reader yet (nobody there); still trying"] == caplog.messages


def test_a_host_that_is_none_is_an_absent_reader() -> None:
    async def scene() -> None:
        with pytest.raises(OSError, match="not a host name"):
            await dial(Connect("a..b", 1))

    run(scene)


def test_attempts_become_rare_but_not_rarer_than_the_limit() -> None:
    waits = delays()
    seen = [next(waits) for _ in range(12)]
    assert seen[:3] == [seen[0], 2 * seen[0], 4 * seen[0]]
    assert LONGEST_DELAY == max(seen)


def test_a_reader_that_leaves_takes_the_power() -> None:
    async def scene() -> State:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            reader = server.add_reader("0", there.endpoint, EchoCard())
            (await (await there.card()).on()).close()
            await there.card()
            return reader.slot.state

    assert State.OFF is run(scene)


@pytest.mark.parametrize("command", [CRASH, GIANT])
def test_a_card_without_a_sendable_answer_gives_half_a_status_word(command: bytes) -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, BadCard())
            return await (await (await there.card()).on()).transmit(command)

    assert vpcd.NO_ANSWER == run(scene)


def test_the_reader_resets_a_mute_card_on_the_same_connection() -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, BadCard())
            reader = await (await there.card()).on()
            await reader.transmit(CRASH)
            reader.tell(vpcd.Reset())
            return await reader.transmit(CHALLENGE)

    assert ANSWER == run(scene)


def test_a_card_without_atr_is_no_card_to_the_reader() -> None:
    class Blank(EchoCard):
        @property
        def atr(self) -> bytes:
            return b""

    async def scene() -> bytes:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, Blank())
            return await (await there.card()).ask(vpcd.GetAtr())

    assert run(scene) == b""


def test_the_tap_hears_requests_and_replies_in_order() -> None:
    heard: list[tuple[str, vpcd.Request, bytes | None]] = []

    async def scene() -> None:
        there = await FakeVpcd().open()
        async with CardServer(tap=lambda *exchange: heard.append(exchange)) as server:
            server.add_reader("0", there.endpoint, EchoCard())
            await (await (await there.card()).on()).transmit(CHALLENGE)

    run(scene)
    atr = EchoCard().atr
    spoken = [("0", vpcd.PowerOn(), atr), ("0", vpcd.GetAtr(), atr), ("0", vpcd.Apdu(CHALLENGE), ANSWER)]
    assert spoken == heard


def test_insert_takes_the_first_empty_reader() -> None:
    async def scene() -> str:
        async with CardServer() as server:
            server.add_reader("a", Listen(port=0), EchoCard())
            server.add_reader("b", Listen(port=0))
            server.add_reader("c", Listen(port=0))
            return server.insert(EchoCard())

    assert run(scene) == "b"


def test_status_tells_of_every_reader() -> None:
    async def scene() -> list[tuple[str, bool, State, bytes]]:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("a", there.endpoint, EchoCard())
            server.add_reader("b", Listen(port=0))
            await (await there.card()).on()
            return [(one.name, one.connected, one.state, one.atr) for one in server.status()]

    assert [("a", True, State.ON, EchoCard().atr), ("b", False, State.EMPTY, b"")] == run(scene)


def test_a_port_in_use_is_refused_by_name() -> None:
    async def scene() -> None:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            with pytest.raises(ServerError, match=f"127.0.0.1:{there.port}: Address already in use"):
                server.add_reader("0", Listen(port=there.port))
            assert [] == server.status()

    run(scene)


def test_what_cannot_be_done_is_refused_by_name() -> None:
    async def scene() -> None:
        async with CardServer() as server:
            with pytest.raises(ServerError, match="there is no reader"):
                server.insert(EchoCard())
            server.add_reader("0", Listen(port=0))
            with pytest.raises(ServerError, match="there is no reader 7"):
                await server.remove("7")
            with pytest.raises(ServerError, match="0 holds no card"):
                await server.remove("0")
            with pytest.raises(ServerError, match="0 holds no card"):
                await server.reset("0", ResetKind.WARM)
            with pytest.raises(ServerError, match="a reader 0 already"):
                server.add_reader("0", Listen(port=0))
            server.insert(EchoCard())
            with pytest.raises(ServerError, match="every reader holds a card"):
                server.insert(EchoCard())
            with pytest.raises(ServerError, match="0 already holds a card"):
                server.insert(EchoCard(), "0")

    run(scene)


def test_stop_hangs_up_and_gives_all_cards_back() -> None:
    async def scene() -> None:
        there = await FakeVpcd().open()
        cards = [BadCard(), BadCard()]
        server = CardServer()
        server.add_reader("0", there.endpoint, cards[0])
        server.add_reader("1", Listen(port=0), cards[1])
        reader = await (await there.card()).on()
        assert cards == await server.stop()
        assert await reader.hung_up()
        assert [["power on", "power off"], []] == [card.diary for card in cards]
        assert [] == server.status()

    run(scene)


def test_a_card_whose_vpcd_never_came_stops_too() -> None:
    async def scene() -> int:
        endpoint, _ = failing_dial(1_000_000, Connect())
        server = CardServer()
        server.add_reader("0", endpoint, EchoCard())
        return len(await server.stop())

    assert run(scene) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_service(number: signal.Signals) -> None:
    async def scene() -> bool:
        stop = asyncio.Event()
        waiting = asyncio.create_task(until_told_to_end(stop))
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        await waiting
        return stop.is_set()

    assert run(scene)


def test_the_line_is_set_for_small_messages_at_once() -> None:
    """M1: without these options every APDU waits 40 ms for a delayed acknowledgement."""
    options: list[tuple[int, int]] = []

    class Spy(socket.socket):
        def setsockopt(self, level: int, name: int, value: int) -> None:  # type: ignore[override]
            options.append((name, value))
            super().setsockopt(level, name, value)

    with socket.create_server(("127.0.0.1", 0)) as listener, Spy(socket.AF_INET) as ours:
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
        with theirs:
            theirs.sendall(vpcd.encode_request(vpcd.PowerOn()))
            theirs.shutdown(socket.SHUT_WR)
            reader = CardServer().add_reader("0", Connect("127.0.0.1", 1))
            Line(ours, reader.slot, reader._lock).serve()
    nodelay, quick = (socket.TCP_NODELAY, 1), (socket.TCP_QUICKACK, 1)
    assert nodelay == options[0]
    assert options[1:].count(quick) == len(options) - 1 >= 2


def test_the_service_ends_cleanly_as_a_process() -> None:
    program = (
        "import asyncio\n"
        "from reader_bridge.echo import EchoCard\n"
        "from reader_bridge.endpoint import Listen\n"
        "from reader_bridge.server import CardServer, until_told_to_end\n"
        "async def main():\n"
        "    async with CardServer() as server:\n"
        "        server.add_reader('0', Listen(port=0), EchoCard())\n"
        "        asyncio.get_running_loop().call_soon(lambda: print('up', flush=True))\n"
        "        await until_told_to_end(asyncio.Event())\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.terminate()
        assert ("", "") == process.communicate()
    assert process.returncode == 0
