"""Real pcscd, real vpcd, unmodified PC/SC programs: what they see of our cards."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator

import pytest

from reader_bridge.echo import EchoCard
from reader_bridge.pcsc_world import PcscWorld
from reader_bridge.server import CardServer, ResetKind
from tests.reader_bridge.support import BadCard, run

pytestmark = pytest.mark.pcsc
CLIENT = (sys.executable, "-m", "tests.reader_bridge.pcsc_client")
ATR = EchoCard().atr.hex()


@pytest.fixture
def world() -> Iterator[PcscWorld]:
    """A world per test: pcscd notices a removed card late, and the next test would meet it still."""
    with PcscWorld(readers=3) as made:
        yield made


async def started(world: PcscWorld, *command: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=PIPE, stderr=subprocess.STDOUT, env=world.environment()
    )


async def output(world: PcscWorld, *command: str) -> list[str]:
    """What the program prints, by lines, once it ended."""
    said, _ = await (await started(world, *command)).communicate()
    return said.decode().splitlines()


def seen(world: PcscWorld, card: EchoCard, *command: str, reader: int = 0) -> list[str]:
    """What a program prints with `card` in a reader, once pcscd has noticed it."""

    async def scene() -> list[str]:
        async with CardServer() as server:
            server.add_reader("0", world.endpoint(reader), card)
            await output(world, *CLIENT, "present", str(reader))
            return await output(world, *command)

    return run(scene)


def test_the_readers_have_names_of_their_own(world: PcscWorld) -> None:
    async def scene() -> list[str]:
        return await output(world, *CLIENT, "readers")

    names = run(scene)
    assert len(set(names)) == 4, "the driver has two slots, so one more than asked for"


def test_pyscard_sees_the_atr(world: PcscWorld) -> None:
    assert [f"atr {ATR}"] == seen(world, EchoCard(), *CLIENT, "present", "0")


def test_apdus_go_and_answers_come(world: PcscWorld) -> None:
    printed = seen(world, EchoCard(), *CLIENT, "present", "0", "0084000008", "00A4000C023F00")
    assert ["00000000 01020304050607089000", "00000000 9000"] == printed[1:]


@pytest.mark.parametrize("length", [256, 4096, 65_000])
def test_extended_apdus_pass_both_ways(world: PcscWorld, length: int) -> None:
    data = bytes(range(256)) * (length // 256) + bytes(length % 256)
    command = bytes.fromhex("00EC000000") + length.to_bytes(2, "big") + data
    assert f"00000000 {data.hex()}9000" == seen(world, EchoCard(), *CLIENT, "present", "0", command.hex())[1]


def test_another_atr_is_seen_as_it_is(world: PcscWorld) -> None:
    watchdata = "3b6e00005744361969869302211815502027"
    assert [f"atr {watchdata}"] == seen(world, EchoCard(bytes.fromhex(watchdata)), *CLIENT, "present", "0")


def test_opensc_tool_reads_the_atr(world: PcscWorld) -> None:
    spaced = ":".join(ATR[place : place + 2] for place in range(0, len(ATR), 2))
    assert spaced in seen(world, EchoCard(), "opensc-tool", "--reader", "0", "--atr")


def test_opensc_tool_sends_an_apdu(world: PcscWorld) -> None:
    printed = seen(world, EchoCard(), "opensc-tool", "--reader", "0", "--send-apdu", "0084000004")
    assert "Received (SW1=0x90, SW2=0x00):" in printed


def test_a_mute_card_answers_half_a_status_word_until_reset(world: PcscWorld) -> None:
    printed = seen(world, BadCard(), *CLIENT, "reset", "0", "00FF000000", "0084000002")
    assert ["00000000 6f", "00000000 01029000"] == printed[1:]


def test_a_warm_reset_reaches_the_card(world: PcscWorld) -> None:
    card = BadCard()
    seen(world, card, *CLIENT, "reset", "0", "0084000002", "0084000002")
    assert "reset" in card.diary


def test_removal_and_insertion_are_seen(world: PcscWorld) -> None:
    async def scene() -> list[str]:
        async with CardServer() as server:
            server.add_reader("0", world.endpoint(0))
            program = await started(world, *CLIENT, "watch", "0", "4")
            assert program.stdout is not None
            lines = [await program.stdout.readline()]
            server.insert(EchoCard())
            lines.append(await program.stdout.readline())
            card = await server.remove("0")
            lines.append(await program.stdout.readline())
            server.insert(card)
            lines.append(await program.stdout.readline())
            await program.wait()
            return [line.decode().strip() for line in lines]

    assert ["absent", "present", "absent", "present"] == run(scene)


def test_a_reset_by_hand_disturbs_no_program(world: PcscWorld) -> None:
    async def scene() -> list[str]:
        async with CardServer() as server:
            server.add_reader("0", world.endpoint(0), EchoCard())
            await output(world, *CLIENT, "present", "0")
            await server.reset("0", ResetKind.COLD)
            return await output(world, *CLIENT, "present", "0", "0084000002")

    assert "00000000 01029000" == run(scene)[1]


def test_cards_in_several_readers_answer_for_themselves(world: PcscWorld) -> None:
    atrs = [bytes.fromhex(f"3B02000{number}") for number in range(world.readers)]

    async def scene() -> list[list[str]]:
        async with CardServer() as server:
            for number, atr in enumerate(atrs):
                server.add_reader(str(number), world.endpoint(number), EchoCard(atr))
            programs = (output(world, *CLIENT, "present", str(number)) for number in range(world.readers))
            return list(await asyncio.gather(*programs))

    assert [[f"atr {atr.hex()}"] for atr in atrs] == run(scene)
