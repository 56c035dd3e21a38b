"""A card on a bench: made fast from a profile and a seed, spoken to in hexadecimal.

`bench("iso-blank", seed=1)` gives a powered card whose memory is a fresh copy of an image personalised once per
process. `Bench.send` returns (data, status word); `Bench.ok` insists on 9000; `Bench.refused` insists on a status
word and gives nothing back. A failing run is repeated from (profile, seed, commands, cut point), which
`Bench.story` prints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from conformance.tear import Explorer, Report
from simcard import profile as sheets
from simcard.card import Card
from simcard.crypto.engines import make
from simcard.fs.files import Files
from simcard.hal.board import Board
from simcard.hal.clock import VirtualClock
from simcard.hal.entropy import Entropy, SeededEntropy
from simcard.hal.flash import RamFlash
from simcard.hal.power import PowerSupply
from simcard.nvm.store import Store
from simcard.personalise import personalise
from simcard.profile import Profile
from simcard.wire.apdu import CommandApdu

COUNTERS = (b"q", b"w", b"B")
"""Store keys outside the second law: PIN and key counters, and the count of resets."""

SEED = 1


def board_of(flash: RamFlash, entropy: Entropy | None = None) -> Board:
    """A board around a RAM flash, with the soft engine."""
    return Board(flash, flash.power, VirtualClock(), entropy or SeededEntropy(0), make("soft"))


@cache
def builtin(name: str) -> Profile:
    return sheets.builtin(name)


@cache
def image_of(name: str, seed: int | None) -> bytes:
    """The flash of a card of a built-in profile, just personalised."""
    return personalised(builtin(name), seed)


@cache
def image_of_text(text: str, seed: int | None) -> bytes:
    """The flash of a card of a profile given as text, just personalised."""
    return personalised(sheets.parse(text), seed)


def personalised(profile: Profile, seed: int | None) -> bytes:
    flash = RamFlash(profile.memory)
    personalise(board_of(flash), profile, seed)
    return flash.image()


def data_of(apdu: str | bytes) -> bytes:
    return bytes.fromhex(apdu) if isinstance(apdu, str) else apdu


def command(ins: int, p1: int = 0, p2: int = 0, data: bytes = b"", ne: int = 0, cla: int = 0) -> bytes:
    """A command in its shortest form; data of more than 255 bytes or Ne of more than 256 make it extended."""
    return CommandApdu(cla, ins, p1, p2, data, ne).encode()


@dataclass(slots=True)
class Bench:
    """A powered card, and all that was sent to it."""

    card: Card
    profile: str
    seed: int | None
    sent: list[bytes] = field(default_factory=list)

    @property
    def board(self) -> Board:
        return self.card.board

    @property
    def flash(self) -> RamFlash:
        assert isinstance(self.board.flash, RamFlash)
        return self.board.flash

    def send(self, apdu: str | bytes) -> tuple[bytes, int]:
        """Response data and status word."""
        raw = data_of(apdu)
        self.sent.append(raw)
        response = self.card.transmit(raw)
        assert len(response) >= 2, self.story()
        return response[:-2], int.from_bytes(response[-2:], "big")

    def whole(self, apdu: str | bytes) -> tuple[bytes, int]:
        """Like `send`, with what 61xx announces fetched."""
        raw = data_of(apdu)
        data, sw = self.send(raw)
        while sw >> 8 == 0x61:
            more, sw = self.send(bytes((raw[0], 0xC0, 0, 0, sw & 0xFF)))
            data += more
        return data, sw

    def ok(self, apdu: str | bytes) -> bytes:
        """The response data of a command that must succeed."""
        data, sw = self.whole(apdu)
        assert f"{0x9000:04X}" == f"{sw:04X}", self.story()
        return data

    def refused(self, apdu: str | bytes, sw: int) -> None:
        """The command must be answered with this status word and no data."""
        expected = f"{sw:04X}"
        data, found = self.whole(apdu)
        assert expected == f"{found:04X}", self.story()
        assert b"" == data, self.story()

    def verify(self, reference: int, value: bytes) -> None:
        self.ok(command(0x20, 0, reference, value))

    def store(self) -> Store:
        """What is in the flash, mounted apart from the card."""
        return Store.mount(RamFlash.of_image(self.flash.image()))

    def content(self) -> dict[bytes, bytes]:
        """The logical content of the memory: without counters and without the count of resets."""
        return logical(self.store())

    def files(self) -> Files:
        return Files(self.store())

    def story(self) -> str:
        """What repeats this run."""
        shown = " ".join(raw.hex().upper() or "(empty)" for raw in self.sent)
        return f"profile {self.profile}, seed {self.seed}, commands {shown}"


def tell(what: str) -> None:
    """Say what a sweep counted, for `pytest -rP`."""
    print(what)  # noqa: T201


def clean(explorer: Explorer) -> Report:
    """The report of an exploration that finds nothing."""
    report = explorer.explore()
    tell(f"{report.operations} operations, {report.cuts} cuts, {report.second_cuts} second cuts")
    assert [] == report.violations
    return report


def logical(store: Store) -> dict[bytes, bytes]:
    return {key: value for key, value in store.items() if not key.startswith(COUNTERS)}


def counters(store: Store) -> dict[bytes, int]:
    """Tries left, by key."""
    kept = {key: value for key, value in store.items() if key[:1] in (b"q", b"w")}
    return {key: int.from_bytes(value[3:5], "big") for key, value in kept.items()}


def bench(
    name: str = "iso-blank", seed: int | None = SEED, entropy: Entropy | None = None, power: PowerSupply | None = None
) -> Bench:
    """A powered card of a built-in profile. Without a seed its noise comes from `entropy`."""
    return on_bench(image_of(name, seed), name, seed, entropy, power)


def bench_of_text(text: str, seed: int | None = SEED, entropy: Entropy | None = None) -> Bench:
    """A powered card of a profile given as text."""
    return on_bench(image_of_text(text, seed), "given as text", seed, entropy)


def on_bench(
    image: bytes,
    name: str = "image",
    seed: int | None = None,
    entropy: Entropy | None = None,
    power: PowerSupply | None = None,
) -> Bench:
    """A powered card with this flash image."""
    card = Card(board_of(RamFlash.of_image(image, power=power), entropy))
    card.power_on()
    return Bench(card, name, seed)
