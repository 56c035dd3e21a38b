"""Cards in and out of a running server: hot plug, removal in mid command, resets by hand."""

from __future__ import annotations

import asyncio

import pytest

from reader_bridge import vpcd
from reader_bridge.echo import EchoCard
from reader_bridge.endpoint import Listen
from reader_bridge.server import CardServer, ResetKind
from tests.reader_bridge.support import (
    CHALLENGE,
    WAIT,
    BadCard,
    FakeVpcd,
    dialled,
    run,
)

ANSWER = bytes.fromhex("0102030405060708 9000")


def test_removal_hangs_up_and_gives_the_card() -> None:
    async def scene() -> None:
        there = await FakeVpcd().open()
        card = BadCard()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, card)
            reader = await (await there.card()).on()
            assert card is await server.remove("0")
            assert await reader.hung_up()
            assert "power off" == card.diary[-1]

    run(scene)


def test_a_removed_card_can_be_inserted_again() -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, EchoCard())
            await there.card()
            server.insert(await server.remove("0"), "0")
            return await (await (await there.card()).on()).transmit(CHALLENGE)

    assert ANSWER == run(scene)


def test_a_card_leaves_and_enters_a_listening_reader() -> None:
    async def scene() -> bytes:
        async with CardServer() as server:
            reader = server.add_reader("0", Listen(port=0), EchoCard())
            assert isinstance(reader.endpoint, Listen)
            port = reader.endpoint.port
            first = await (await dialled(port)).on()
            card = await server.remove("0")
            assert await first.hung_up()
            assert await (await dialled(port)).hung_up()
            server.insert(card)
            return await (await (await dialled(port)).on()).transmit(CHALLENGE)

    assert ANSWER == run(scene)


def test_removal_during_a_command_tells_the_reader_at_once_and_waits_for_the_card() -> None:
    async def scene() -> None:
        there = await FakeVpcd().open()
        card = BadCard()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, card)
            reader = await (await there.card()).on()
            reader.tell(vpcd.Apdu(WAIT))
            await asyncio.to_thread(card.working.wait)
            removing = asyncio.create_task(server.remove("0"))
            assert await reader.hung_up()
            assert not removing.done()
            card.go_on.set()
            assert card is await removing

    run(scene)


def test_a_card_at_work_holds_up_no_other_card() -> None:
    async def scene() -> bytes:
        there = await FakeVpcd().open()
        card = BadCard()
        async with CardServer() as server:
            server.add_reader("busy", there.endpoint, card)
            busy = await (await there.card()).on()
            busy.tell(vpcd.Apdu(WAIT))
            await asyncio.to_thread(card.working.wait)
            server.add_reader("other", there.endpoint, EchoCard())
            answer = await (await (await there.card()).on()).transmit(CHALLENGE)
            card.go_on.set()
            return answer

    assert ANSWER == run(scene)


@pytest.mark.parametrize(
    ("kind", "done"),
    [(ResetKind.WARM, ["power on", "reset"]), (ResetKind.COLD, ["power on", "power off", "power on"])],
)
def test_a_card_is_reset_by_hand(kind: ResetKind, done: list[str]) -> None:
    async def scene() -> list[str]:
        there = await FakeVpcd().open()
        card = BadCard()
        async with CardServer() as server:
            server.add_reader("0", there.endpoint, card)
            await (await there.card()).on()
            await server.reset("0", kind)
            return [*card.diary]

    assert done == run(scene)


@pytest.mark.parametrize("kind", ResetKind)
def test_a_reset_gives_no_power_to_a_card_without(kind: ResetKind) -> None:
    async def scene() -> list[str]:
        card = BadCard()
        async with CardServer() as server:
            server.add_reader("0", Listen(port=0), card)
            await server.reset("0", kind)
            return card.diary

    assert [] == run(scene)
