"""Scenes that must play as root of their own namespaces; started by `unshare`, FOLDER SCENE.

plain      a private world that is told to do without namespaces
dial-out   a pcscd whose vpcd dials out to a listening card
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from reader_bridge import pcsc_helper
from reader_bridge.echo import EchoCard
from reader_bridge.endpoint import Listen
from reader_bridge.pcsc_world import Isolation, PcscWorld, driver_path
from reader_bridge.server import CardServer

CLIENT = (sys.executable, "-m", "tests.reader_bridge.pcsc_client")


def plain() -> None:
    """Print the readers and whether vpcd lets a card in."""
    Path("/run/pcscd/pcscd.pid").unlink(missing_ok=True)
    with PcscWorld(2, Isolation.NONE) as world:
        subprocess.run([*CLIENT, "readers"], env=world.environment(), check=True)
        world.connect(0).close()
        sys.stdout.write("met\n")


async def dial_out(folder: Path) -> None:
    """Print what a PC/SC program sees of the card that vpcd called. Both slots need a card (see `endpoint`)."""
    async with CardServer() as server:
        readers = [server.add_reader(str(port), Listen(port=port), EchoCard()) for port in (0x9000, 0x9001)]
        (folder / "conf").mkdir()
        (folder / "conf" / "vpcd").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME localhost:0x9000\nLIBPATH {driver_path()}\nCHANNELID 0x9000\n'
        )
        pcscd = pcsc_helper.start_pcscd(folder, None)
        for reader in readers:
            await reader.connected.wait()
        while not Path("/run/pcscd/pcscd.comm").is_socket():
            await asyncio.sleep(0.01)
        program = await asyncio.create_subprocess_exec(*CLIENT, "present", "0", "0084000002")
        await program.wait()
        await asyncio.to_thread(pcsc_helper.end, pcscd)


def main(folder: Path, scene: str) -> None:
    pcsc_helper.raise_loopback()
    pcsc_helper.own_run(folder)
    if scene == "plain":
        plain()
    else:
        asyncio.run(dial_out(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
