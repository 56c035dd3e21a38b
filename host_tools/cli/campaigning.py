"""Wiring: cards for campaigns. `work` is what an executor is given; it runs in whatever process it is sent to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import cache, cached_property, lru_cache
from tempfile import TemporaryDirectory
from typing import cast

from msgspec import json, structs

from conformance import run
from conformance.campaign.job import Fuzz, Job
from conformance.campaign.life import Life
from conformance.campaign.link import Told
from conformance.campaign.outcome import Outcome
from conformance.campaign.work import OtherSuites, carry_out
from conformance.format import Target, load_target, target_names, target_path
from conformance.judge import Judge
from host_tools.cli import profiles, rig
from host_tools.cli.judging import RamRig
from host_tools.errors import ProfileProblem
from host_tools.link.base import CardLink
from reader_bridge import faults
from reader_bridge.slot import CardLike, Slot, State
from simcard.card import Card
from simcard.hal.board import Board
from simcard.hal.clock import VirtualClock
from simcard.hal.entropy import Entropy, SeededEntropy
from simcard.hal.flash import RamFlash
from simcard.hal.power import PowerSupply, Tear
from simcard.nvm.store import Store

Mend = Callable[[Card], None]
REACHED = re.compile(r"cov: (\d+)")
"""How libFuzzer tells the edges reached so far."""
STARTS = 2
"""A fault that is still to come may fall on a start; the next one is steady."""


def as_made(card: Card) -> None:
    """The card is left as it is."""


@cache
def image_of(profile: str, seed: int | None, sheet: str = "") -> bytes:
    """The memory of a card just made, of the profile's text where it is no built-in one; without a seed its noise will
    be the board's. `ProfileProblem` when no card can be made of it."""
    return rig.personalised(profiles.made_of(sheet or None, profile), seed)


def target_of(profile: str, sheet: str = "") -> Target | None:
    """The shipped target that describes cards of a profile, or of the one it extends, if there is one."""
    targets = [load_target(target_path(name)) for name in target_names()]
    found = [each for name in _names(profile, sheet) for each in targets if each.target.profile == name]
    return found[0] if found else None


def _names(profile: str, sheet: str) -> tuple[str, ...]:
    """What a card of this profile is called, and after which built-in one it was made."""
    if not sheet:
        return (profile,)
    return profiles.made_of(sheet, profile).card.name, str(tomllib.loads(sheet).get("extends", ""))


def lives_of(profile: str, seed: int, sheet: str = "") -> tuple[Life, ...]:
    """What every case that can be tried on this card sends to it; recorded once in a process."""
    return _lives(profile, seed, sheet)


@cache
def _lives(profile: str, seed: int, sheet: str) -> tuple[Life, ...]:
    """The lives, recorded twice.

    A seeded card answers the same for ever, but some cases send what is new each time (what another implementation
    enciphers): they are left out, or no worker would have the lives of another.
    """
    target = target_of(profile, sheet)
    if target is None:
        return ()
    once, again = (_recorded(target, image_of(profile, seed, sheet)) for _ in range(2))
    return tuple(life for life, other in zip(once, again) if life == other and life.commands)


def _recorded(target: Target, image: bytes) -> list[Life]:
    recorder = _Recorder(image)
    judge = Judge(target, recorder)
    found: list[Life] = []
    for suite, case in run.cases(run.suites()):
        if not judge.why_not(suite, case):
            recorder.sent.clear()
            # What is done many times over would be most of every stream, and longer than all other lives together.
            judge.run(suite, structs.replace(case, rounds=1))
            found.append(Life(f"{suite.id}:{case.id}", tuple(recorder.sent)))
    return found


class _Recorder(RamRig):
    """A place that notes what is sent to its cards."""

    def __init__(self, image: bytes) -> None:
        super().__init__(image)
        self.sent: list[bytes] = []

    def insert(self) -> CardLink:
        return _Noted(super().insert(), self.sent)


class _Noted:
    """A link that notes what is sent."""

    def __init__(self, link: CardLink, sent: list[bytes]) -> None:
        self._link, self._sent = link, sent

    @property
    def atr(self) -> bytes:
        return self._link.atr

    def transmit(self, command: bytes) -> bytes:
        self._sent.append(command)
        return self._link.transmit(command)

    def reset(self) -> bytes:
        return self._link.reset()

    def close(self) -> None:
        self._link.close()


def content_of(card: Card) -> bytes:
    """A digest of the content that the powered card sees: all but counters and the count of resets."""
    store = cast(Store, card._store)
    return rig.state_of(store).content


class Subject:
    """A card as the laws see it."""

    def __init__(self, image: bytes, mend: Mend = as_made) -> None:
        self.card = Card(rig.board_of(image, PowerSupply()))
        self._slot = Slot("law", self.card, lambda _name, _card, _bug: None)
        self._slot.power_on()
        mend(self.card)

    def transmit(self, command: bytes) -> bytes | None:
        """The response, None from a card that broke down."""
        return self._slot.transmit(command)

    def content(self) -> bytes:
        """What the card has in memory."""
        return content_of(self.card)


class _Tap:
    """The card itself, at the near end of its link: keeps its answers, and its memory when it had worked."""

    def __init__(self, card: Card, mend: Mend) -> None:
        self.card = card
        self._mend = mend
        self.answer: bytes | None = None
        self.started = False
        self.content = b""
        self.kept_rights = False

    @property
    def atr(self) -> bytes:
        return self.card.atr

    def power_on(self) -> bytes:
        return self._start(self.card.power_on)

    def reset(self) -> bytes:
        return self._start(self.card.reset)

    def power_off(self) -> None:
        self.card.power_off()

    def transmit(self, command: bytes) -> bytes:
        self.answer = None
        try:
            self.answer = self.card.transmit(command)
        finally:
            self.content = memory_of(self.card)
        return self.answer

    def _start(self, how: Callable[[], bytes]) -> bytes:
        self.started = True
        atr = how()
        self._mend(self.card)
        self.kept_rights |= has_rights(self.card)
        return atr


def has_rights(card: Card) -> bool:
    """Whether anything is proved in any channel of a powered card."""
    router = card._router
    return router is not None and any(
        ctx.channel.security.pins or ctx.channel.security.keys for ctx in router.channels.values()
    )


def memory_of(card: Card) -> bytes:
    """What the memory holds, mounted apart from the card."""
    assert isinstance(card.board.flash, RamFlash)
    return _content_of_image(card.board.flash.image())


@lru_cache(maxsize=2)
def _content_of_image(image: bytes) -> bytes:
    """What a memory holds; asked again and again while nothing is written."""
    return rig.state_of(Store.mount(RamFlash.of_image(image))).content


class Line:
    """A card behind a link with faults, for `conformance.campaign.link`. Its noise is the board's, which may fail."""

    def __init__(self, image: bytes, script: Sequence[str], mend: Mend = as_made) -> None:
        power = PowerSupply()
        flash = RamFlash.of_image(image, power=power)
        self._slot = Slot("line", None, lambda _name, _card, _bug: None)
        noise = faults.FaultyNoise(SeededEntropy(0))
        board = Board(flash, power, VirtualClock(), cast(Entropy, noise), rig.board_of(image, power).crypto)
        self._tap = _Tap(Card(board), mend)
        levers = faults.Levers(
            remove=self._slot.power_off,
            reset=self._slot.reset,
            memory=flash.fail,
            noise=noise.fail,
            cut=lambda after, tear: power.cut(after, Tear(tear)),
            wait=lambda _seconds: None,
        )
        faulty = faults.FaultyCard(cast(CardLike, self._tap), faults.parse("\n".join(script)), levers)
        self._slot.insert(faulty)
        self._slot.power_on()
        self._tap.content = memory_of(self._tap.card)

    def transmit(self, command: bytes) -> Told:
        """Send, and start the card again if it is gone or off."""
        tap = self._tap
        tap.answer, tap.started, tap.content = None, False, memory_of(tap.card)
        self._slot.transmit(command)
        for _ in range(STARTS):
            if self._slot.state is not State.ON:
                self._slot.power_on()
        return Told(tap.answer, tap.started)

    def content(self) -> bytes:
        """What the memory holds."""
        return memory_of(self._tap.card)

    def after_work(self) -> bytes:
        """What it held when the card had worked."""
        return self._tap.content

    def kept_rights(self) -> bool:
        """Whether anything was proved right after a start."""
        return self._tap.kept_rights


class Bench:
    """Cards of one profile and seed; `mend` may put broken parts into them. `sheet` is the text of a profile that is
    not built in."""

    fuzz_process = "host_tools.cli.fuzz_process"

    def __init__(self, profile: str, seed: int, mend: Mend = as_made, sheet: str = "") -> None:
        self._profile, self._seed, self._mend, self._sheet = profile, seed, mend, sheet

    @cached_property
    def _image(self) -> bytes:
        return image_of(self._profile, self._seed, self._sheet)

    def lives(self) -> Sequence[Life]:
        """What the suites send to a whole card."""
        return lives_of(self._profile, self._seed, self._sheet)

    def subject(self) -> Subject:
        """A card just powered."""
        return Subject(self._image, self._mend)

    def line(self, script: Sequence[str]) -> Line:
        """A card behind a link with faults."""
        return Line(image_of(self._profile, None, self._sheet), script, self._mend)

    def rig(self) -> rig.CardRig:
        """Where cards are run with cuts."""
        return rig.CardRig(self._mend)

    def image(self) -> bytes:
        """The memory as made."""
        return self._image

    def fuzz(self, job: Job, task: Fuzz) -> Outcome:
        """Run Atheris in a process of its own: it instruments the card's program, and ends its process."""
        with TemporaryDirectory(prefix="simcard-fuzz-") as folder:
            command = [sys.executable, "-m", self.fuzz_process, json.encode(job).decode(), folder]
            done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONHASHSEED": "0"})
        # Atheris tells an exception that nobody caught on the same stream.
        lines = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
        said = done.stderr.decode(errors="replace")
        if not lines:
            told = done.stdout.decode(errors="replace")
            raise FuzzerFailed(f"the fuzzer gave no result; it said: {(told or said)[-300:]}")
        reached = REACHED.findall(said)
        found = json.decode(lines[-1], type=Outcome)
        return structs.replace(found, reached=int(reached[-1]) if reached else 0)


class FuzzerFailed(Exception):
    """The fuzzer ended without a result; the text is the end of what it said."""


def work(job: Job) -> Outcome:
    """Carry out a job on whole cards. A worker that cannot make the card has another version of this program."""
    try:
        return carry_out(job, Bench(job.profile, job.seed, sheet=job.sheet))
    except ProfileProblem as error:
        raise OtherSuites(f"this worker cannot make the card ({error}); install the same version") from None
