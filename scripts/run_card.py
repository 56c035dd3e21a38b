"""A card in a reader, from nothing (`make run`): makes var/PROFILE.simcard if it is not there, and stays.

With a system pcscd and its vpcd running, the card goes into that reader. Otherwise a private world is made, and the
line to type in another terminal, so that programs there see it, is printed once the card is in its reader. An image
that is in use is refused before anything is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from host_tools.cli import profiles, run
from host_tools.cli.cards import EngineChoice
from host_tools.cli.new import Wish, make_image
from host_tools.errors import HostError
from reader_bridge import vpcd
from reader_bridge.endpoint import LOOPBACK, Connect, Endpoint
from reader_bridge.pcsc_world import PcscWorld, WorldError

FOLDER = Path("var")
SYSTEM_SOCKET = Path("/run/pcscd/pcscd.comm")
DEFAULT_PROFILE = "eport-operator"
PROBE_SECONDS = 1.0
SYSTEM_READER, PRIVATE_READER = "Virtual PCD 00 00", "Virtual PCD 0 00 00"
"""What pcscd makes of the first slot of vpcd's driver, as Debian and as a private world name it."""


def card_image(profile: str) -> Path:
    """The image in var/, made now if it is not there."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    image = FOLDER / f"{profile}.simcard"
    if not image.exists():
        today = datetime.now(UTC).date()
        make_image(image, Wish(profiles.load(profile), None, today, EngineChoice()), lambda _: None)
        say(f"made {image}")
    return image


def system_reader() -> bool:
    """Whether the machine's own pcscd runs and its vpcd listens."""
    if not SYSTEM_SOCKET.exists():
        return False
    try:
        socket.create_connection((LOOPBACK, vpcd.PORT), PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def serve(image: Path, endpoint: Endpoint, trace: bool, hint: Sequence[str]) -> None:
    """Serve until told to end; the hint comes when the reader has its card, for before that nobody could use it."""
    plan = run.Plan((image,), (endpoint,), None, EngineChoice(), trace, as_json=False)

    def connected() -> None:
        for line in hint:
            say(line)

    asyncio.run(run.serve(plan, run.until_told_to_end, connected))


def hint_for(socket_path: Path | None) -> list[str]:
    """What to type elsewhere; `socket_path` is that of a private pcscd."""
    private = socket_path is not None
    whose = "a private pcscd" if private else "the pcscd of this machine"
    return [
        f"the card is in a reader of {whose}; in another terminal type",
        *([f"    export PCSCLITE_CSOCK_NAME={socket_path}"] if private else []),
        "    opensc-tool --list-readers",
        f'PC/SC programs see the card in the reader "{PRIVATE_READER if private else SYSTEM_READER}"; Ctrl-C ends this',
    ]


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--profile", default=DEFAULT_PROFILE, help=f"built-in profile (default {DEFAULT_PROFILE})")
    parser.add_argument("--trace", action="store_true", help="show every command and response, without secrets")
    parser.add_argument("--private", action="store_true", help="a private world even if a system pcscd runs")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="simcard: %(message)s")
    try:
        image = card_image(asked.profile)
        if system_reader() and not asked.private:
            serve(image, Connect(), asked.trace, hint_for(None))
            return 0
        with PcscWorld(1) as world:
            serve(image, world.endpoint(0), asked.trace, hint_for(world.socket_path))
    except (HostError, WorldError) as error:
        sys.stderr.write(f"scripts/run: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
