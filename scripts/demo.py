"""The demonstration (`make demo`): unmodified programs, two Electronic Port cards, and a reader for each.

    python -m scripts.demo [private | pcscd]

The readers are the rootless service's, or with `make demo READER=pcscd` those of the real pcscd with vpcd. Either way
everything happens in a private PC/SC world and a temporary folder; nothing of the machine is touched. Each claim is
shown by a program that knows nothing of this project, and ends as a row of the table. Exit code 0 only if all held.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shlex
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from host_tools.cli.cards import EngineChoice, close_card, open_card
from host_tools.errors import HostError
from reader_bridge.pcsc_world import WorldError
from scripts.stages import STAGES, Stage
from simcard.card import Card
from simcard.hal.power import Tear

PIN, OTHER, UNBLOCK = "88888888", "13572468", "66666666"
PROFILES = {"sm2": "eport-operator", "rsa": "eport-operator-rsa"}
READERS = {"sm2": "0", "rsa": "1"}
CLIENT = (sys.executable, str(Path(__file__).with_name("demo_client.py")))
SIMCARD = (sys.executable, "-m", "host_tools.cli")
APPLICATION = "00A4040C09F053494D4341524400"
"""SELECT of the card's own application: the doors that opensc-tool tries first have other commands."""

MESSAGE = "报关单 No. 99990020260001\n"
SHOWN_LINES = 4
WIDTH = None if sys.stdout.isatty() else 140
console = Console(highlight=False, width=WIDTH)


@dataclass(frozen=True, slots=True)
class Row:
    """One claim, who showed it, what was seen, and whether it held."""

    claim: str
    witness: str
    seen: str
    held: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended, and what it said."""

    code: int
    text: str


def hexed(pin: str) -> str:
    return pin.encode().hex()


def colons(apdu: str) -> str:
    """An APDU as opensc-tool wants it."""
    return ":".join(re.findall("..", apdu))


class Demo:
    """What is played on a stage: a folder, two cards, and the rows so far."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.folder = stage, folder
        self.rows: list[Row] = []
        self.cards: dict[str, Card] = {}
        self.pin = PIN

    async def run(self, *command: str, quiet: bool = False, **variables: str) -> Result:
        """Run a program in the world and show what it says."""
        environment: Mapping[str, str] = {**self.stage.environment(), **variables}
        program = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=STDOUT, env=environment
        )
        said, _ = await program.communicate()
        text = said.decode(errors="replace")
        if not quiet:
            self.show(command, text)
        assert program.returncode is not None
        return Result(program.returncode, text)

    def show(self, command: tuple[str, ...], text: str) -> None:
        console.print(Text(f"$ {self.shortened(shlex.join(command))}", style="bold"))
        lines = [line for line in self.shortened(text).splitlines() if line.strip()]
        for shown in lines[:SHOWN_LINES]:
            console.print(Text(f"  {shown[:150]}"))
        if len(lines) > SHOWN_LINES:
            console.print(Text(f"  .. {len(lines) - SHOWN_LINES} more lines", style="dim"))

    def shortened(self, text: str) -> str:
        names = {
            shlex.join(SIMCARD): "simcard",
            sys.executable: "python",
            str(self.folder): ".",
            str(Path(__file__).parent): "scripts",
        }
        for long, short in names.items():
            text = text.replace(long, short)
        return text

    def row(self, claim: str, witness: str, seen: str, held: bool) -> None:
        self.rows.append(Row(claim, witness, seen, held))

    def expect(self, refusal: str) -> None:
        """Say before a refusal that it is wanted."""
        console.print(Text(f"# expected: {refusal}", style="cyan"))

    async def apdus(self, kind: str, *commands: str) -> list[str]:
        """Status words that opensc-tool got for commands sent in one session."""
        sent = [word for command in (APPLICATION, *commands) for word in ("--send-apdu", colons(command))]
        done = await self.run("opensc-tool", "--reader", READERS[kind], *sent)
        found = re.findall(r"SW1=0x(..), SW2=0x(..)", done.text)
        return [sw1 + sw2 for sw1, sw2 in found[1:]]

    # -- scenes

    async def make_cards(self) -> None:
        for kind, profile in PROFILES.items():
            image = self.folder / f"{kind}.simcard"
            made = await self.run(*SIMCARD, "new", str(image), "--profile", profile)
            seen = f"file of mode {image.stat().st_mode & 0o777:o}" if made.code == 0 else made.text.strip()
            self.row(f"a card image from profile {profile}", "simcard new", seen, made.code == 0)
            self.cards[kind] = open_card(image, EngineChoice())
            self.stage.add(kind, self.cards[kind])
            await self.run(*CLIENT, "wait", READERS[kind], quiet=True)

    async def show_readers(self) -> None:
        scan = await self.run("pcsc_scan", "-n", "-t", "1")
        for kind, card in self.cards.items():
            atr = card.atr.hex(" ").upper()
            seen = scan.text.upper().count(atr)
            self.row(f"the reader of the {kind.upper()} card shows its ATR", "pcsc_scan", f"{atr[:23]} ..", seen >= 2)
            tool = await self.run("opensc-tool", "--reader", READERS[kind], "--atr")
            same = card.atr.hex(":") in tool.text.lower()
            self.row(f"the same ATR of the {kind.upper()} card", "opensc-tool --atr", "equal" if same else "", same)

    async def send_apdus(self) -> None:
        self.expect("6A82 for a file that is not there and 6D00 for an unknown command")
        words = await self.apdus("sm2", "00A4000C023F00", "0084000008", "00B0820010", "00A4000C02DEAD", "00FF0000")
        wanted = ["9000", "9000", "9000", "6A82", "6D00"]
        self.row(
            "SELECT, GET CHALLENGE, READ BINARY, two wrong ones", "opensc-tool -s", " ".join(words), words == wanted
        )

    async def sign(self) -> None:
        (self.folder / "message").write_text(MESSAGE, encoding="utf-8")
        (self.folder / "forged").write_text(MESSAGE.replace("1", "2"), encoding="utf-8")
        for kind in PROFILES:
            (self.folder / kind).mkdir(exist_ok=True)
            done = await self.sign_with(kind)
            self.row(f"PIN verified, signed with {kind.upper()}", "pyscard", "signature" if done else "none", done)
            await self.check_signature(kind)

    async def sign_with(self, kind: str) -> bool:
        files = (str(self.folder / "message"), str(self.folder / kind))
        return (await self.run(*CLIENT, "sign", READERS[kind], kind, *files, SIMCARD_PIN=PIN)).code == 0

    async def check_signature(self, kind: str) -> None:
        at = self.folder / kind
        certificate, key = str(at / "cert.der"), at / "key.pem"
        read = await self.run("openssl", "x509", "-inform", "DER", "-in", certificate, "-noout", "-pubkey", quiet=True)
        key.write_text(read.text)
        sm2 = ["-sm3", "-sigopt", "distid:1234567812345678"] if kind == "sm2" else ["-sha256"]
        check = ["openssl", "dgst", *sm2, "-verify", str(key), "-signature", str(at / "sig.der")]
        good = await self.run(*check, str(self.folder / "message"))
        bad = await self.run(*check, str(self.folder / "forged"), quiet=True)
        held = good.code == 0 and "Verified OK" in good.text and bad.code != 0
        self.row(f"the {kind.upper()} signature is good, a forged text is not", "openssl dgst", good.text.strip(), held)
        await self.check_certificate(kind, certificate)

    async def check_certificate(self, kind: str, certificate: str) -> None:
        """Given as trusted, openssl would not look at its signature at all; so it is not, and error 18 is expected."""
        good = await self.certificate_errors(kind, Path(certificate).read_bytes(), "error 18, for it is self-signed")
        forged = bytearray(Path(certificate).read_bytes())
        forged[-1] ^= 0x01
        bad = await self.certificate_errors(kind, bytes(forged), "error 7 for a forged one")
        seen = f"self-signed ({', '.join(good)}); forged: error {', '.join(bad)}"
        claim = f"the {kind.upper()} certificate is signed by its own key"
        self.row(claim, "openssl verify", seen, good == ["18"] and "7" in bad)

    async def certificate_errors(self, kind: str, der: bytes, told: str) -> list[str]:
        """Numbers of the errors that openssl finds in a self-signed certificate; `told` says which are wanted."""
        raw, pem = self.folder / kind / "checked.der", self.folder / kind / "checked.pem"
        raw.write_bytes(der)
        await self.run("openssl", "x509", "-inform", "DER", "-in", str(raw), "-out", str(pem), quiet=True)
        identity = ("-vfyopt", "distid:1234567812345678") if kind == "sm2" else ()
        self.expect(told)
        done = await self.run("openssl", "verify", "-check_ss_sig", *identity, str(pem))
        return re.findall(r"^error (\d+) at", done.text, re.MULTILINE)

    async def lock_and_unblock(self) -> None:
        wrong, right = f"0020000108{hexed('00000000')}", f"0020000108{hexed(PIN)}"
        self.expect("63C2, 63C1, 63C0 for wrong PINs and 6983 for the right one, which comes too late")
        words = await self.apdus("sm2", wrong, wrong, wrong, right)
        held = words == ["63C2", "63C1", "63C0", "6983"]
        self.row("three wrong PINs lock the card, the right one too late", "opensc-tool -s", " ".join(words), held)
        self.expect("a refusal, for the card is locked")
        refused = not await self.sign_with("sm2")
        self.row("a locked card does not sign", "pyscard", "refused" if refused else "signed", refused)
        words = await self.apdus("sm2", f"002C000110{hexed(UNBLOCK)}{hexed(PIN)}", right)
        self.row("unblocked, the PIN is right again", "opensc-tool -s", " ".join(words), words == ["9000", "9000"])

    async def state(self, current: str, other: str) -> dict[str, str | int]:
        secrets = {"SIMCARD_PIN": current, "SIMCARD_OTHER_PIN": other}
        done = await self.run(*CLIENT, "state", READERS["sm2"], quiet=True, **secrets)
        found: dict[str, str | int] = json.loads(done.text) if done.code == 0 else {"failed": done.text}
        return found

    async def cut_power(self) -> None:
        """Cut at every flash operation of a PIN change, the tearing modes in turn, until a change goes through."""
        power, modes = self.cards["sm2"].board.power, cycle(Tear)
        before = await self.state(PIN, OTHER)
        current, other, cuts, faults = PIN, OTHER, 0, []
        outcomes = {"old": 0, "new": 0}
        self.expect("no answer, for the power is cut each time until the last")
        while True:
            mode = next(modes)
            power.cut(cuts, mode, seed=cuts)
            words = await self.apdus("sm2", f"0024000110{hexed(current)}{hexed(other)}")
            if power.on:
                power.restore()  # the change needed fewer operations: the ordered cut did not come
                break
            cuts += 1
            found = await self.state(current, other)
            new = found.get("right") == "SIMCARD_OTHER_PIN"
            outcomes["new" if new else "old"] += 1
            whole = (
                found.get("right") and found["certificate"] == before["certificate"] and 2 <= int(found["tries"]) <= 3
            )
            if not whole or words == ["9000"]:
                faults.append(f"{mode.value} at {cuts}: {found}")
            current, other = (other, current) if new else (current, other)
        seen = f"{cuts} cuts: {outcomes['old']} old PIN, {outcomes['new']} new PIN" if not faults else "; ".join(faults)
        self.row(
            "power cut at every step of a PIN change: old or new PIN",
            "opensc-tool, pyscard",
            seen,
            not faults and cuts > 0,
        )
        self.pin = other

    async def remove_and_insert(self) -> None:
        card = await self.stage.remove("sm2")
        gone = await self.run(*CLIENT, "gone", READERS["sm2"], quiet=True)
        self.stage.insert("sm2", card)
        back = await self.run(*CLIENT, "wait", READERS["sm2"], quiet=True)
        held = gone.code == back.code == 0
        self.row("removal and insertion are seen", "pyscard", "gone, back" if held else gone.text + back.text, held)
        restored = f"0024000110{hexed(self.pin)}{hexed(PIN)}"
        words = await self.apdus("sm2", restored)
        signed = await self.sign_with("sm2")
        self.row(
            "after all this the PIN changes back and the card signs", "opensc-tool, pyscard", " ".join(words), signed
        )
        await self.check_signature("sm2")

    async def close(self) -> None:
        await self.stage.stop()
        for kind, card in self.cards.items():
            close_card(card)
            image = self.folder / f"{kind}.simcard"
            done = await self.run(*SIMCARD, "info", str(image))
            self.row(
                f"the image of the {kind.upper()} card is whole",
                "simcard info",
                "whole" if not done.code else done.text.strip(),
                done.code == 0,
            )


async def play(world: str, folder: Path) -> list[Row]:
    """All scenes; the rows."""
    async with STAGES[world](len(PROFILES)) as stage:
        demo = Demo(stage, folder)
        console.print(f"private PC/SC world: {stage.title}", style="dim")
        for scene in (
            demo.make_cards,
            demo.show_readers,
            demo.send_apdus,
            demo.sign,
            demo.lock_and_unblock,
            demo.cut_power,
            demo.remove_and_insert,
            demo.close,
        ):
            console.rule(scene.__name__.replace("_", " "))
            await scene()
    return demo.rows


def table(rows: list[Row]) -> Table:
    made = Table(title="What the demonstration saw")
    for column in ("", "claim", "shown by", "seen"):
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row("[green]held[/]" if row.held else "[red]FAILED[/]", row.claim, row.witness, Text(row.seen))
    return made


def main() -> int:
    """Play, show the table; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description="Show the cards to other programs.")
    parser.add_argument("readers", nargs="?", choices=STAGES, default="private", help="whose readers")
    asked = parser.parse_args()
    os.umask(0o077)
    try:
        with tempfile.TemporaryDirectory(prefix="simcard-demo-") as folder:
            rows = asyncio.run(play(asked.readers, Path(folder)))
    except (WorldError, HostError, OSError) as error:
        console.print(f"demo: {error}", style="red")
        return 1
    console.print(table(rows))
    held = sum(row.held for row in rows)
    console.print(f"{held} of {len(rows)} claims held", style="bold green" if held == len(rows) else "bold red")
    return 0 if held == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
