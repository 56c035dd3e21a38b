"""The same programs through the real pcscd and its real driver for virtual readers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reader_bridge.pcsc_world import PcscWorld
from reader_bridge.server import CardServer
from scripts.measuring.worlds import CLIENT, wait_for_card
from tests.skf.desk import blank, converse, equipped_card, running

pytestmark = [pytest.mark.pcsc, pytest.mark.xdist_group("skf library")]
Program = Callable[[str], Path]


def wait_until_gone(env: dict[str, str], reader: int) -> None:
    subprocess.run([sys.executable, str(CLIENT), "gone", str(reader)], env=env, check=True)


def life(program: Path, env: dict[str, str]) -> bytes:
    wait_for_card(env, 0)
    return converse(program, env)["done"]


def told(program: Path, env: dict[str, str], *scene: str) -> str:
    wait_for_card(env, 0)
    with running(program, *scene, env=env) as talk:
        return talk.hear()


def test_the_whole_life_of_a_token(program: Program) -> None:
    async def served(world: PcscWorld) -> bytes:
        async with CardServer() as server:
            server.add_reader("0", world.endpoint(0), blank().card)
            return await asyncio.to_thread(life, program("life.c"), dict(world.environment()))

    with PcscWorld(1) as world:
        assert b"" == asyncio.run(served(world))


def test_threads(program: Program) -> None:
    async def served(world: PcscWorld) -> str:
        async with CardServer() as server:
            server.add_reader("0", world.endpoint(0), equipped_card().card)
            scene = "threads", "4", "3"
            return await asyncio.to_thread(told, program("scenes.c"), dict(world.environment()), *scene)

    with PcscWorld(1) as world:
        assert "done" == asyncio.run(served(world))


def test_removal_in_the_midst_of_calls(program: Program) -> None:
    async def served(world: PcscWorld) -> list[str]:
        async with CardServer() as server:
            server.add_reader("0", world.endpoint(0), equipped_card().card)
            env = dict(world.environment())
            await asyncio.to_thread(wait_for_card, env, 0)
            with running(program("scenes.c"), "removal", env=env) as talk:
                heard = [await asyncio.to_thread(talk.hear)]
                await server.remove("0")
                heard.append(await asyncio.to_thread(talk.hear))
                # pcscd notices the empty reader a little later than the program that was talking to the card.
                await asyncio.to_thread(wait_until_gone, env, 0)
                server.insert(blank().card, "0")
                await asyncio.to_thread(wait_for_card, env, 0)
                talk.say()
                return [*heard, await asyncio.to_thread(talk.hear)]

    with PcscWorld(1) as world:
        assert ["signing", "removed", "done"] == asyncio.run(served(world))
