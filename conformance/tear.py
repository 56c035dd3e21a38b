"""The tear explorer: cut the power at every flash operation of a script, in every way, and look at what is left.

A run powers a card on and sends it the commands of a script. First a run without a cut is watched: the state of
memory between any two flash operations is its history, and `flaws` says what no history may show (content in
between, a counter that rises unpaid, a guess that costs nothing). Then every operation is cut in every tear mode:
what is left must mount, and must be the state just before or just after that one operation. After a cut the whole
script is run again from what is left, and cut a second time.

This module knows no board. A `Rig` runs and reads memory images; `host_tools.cli.rig` wires one. Acts are bytes:
the first act of every run is `POWER_ON`, all others are commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from simcard.wire.apdu import ApduError, CommandApdu

TEARS = ("absent", "prefix", "garbage", "unacknowledged")
POWER_ON = b""
"""The act that powers the card on; an empty command cannot be sent to a card anyway."""

MEANS_DONE = (0x90, 0x61, 0x62)
"""First status bytes of a command that did what it was asked to."""


WRONG_GUESS = frozenset(bytes((0x63, 0xC0 | left)) for left in range(16))


class Unreadable(Exception):
    """The memory does not mount; the text says why."""


NOTHING = b""
"""The content of a memory that holds no card."""


@dataclass(frozen=True, slots=True)
class State:
    """What memory says: a digest of the content without counters, and the uses left by counter."""

    content: bytes
    counters: Mapping[bytes, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """Flash operation number `after` of a run (0 is the first) is torn; `seed` picks prefix and garbage."""

    after: int
    tear: str
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.after}:{self.tear}:{self.seed}"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run left: the image, the answers of the acts that ended, and the operation each act began with."""

    image: bytes
    answers: tuple[bytes, ...]
    begins: tuple[int, ...]
    operations: int


Watch = Callable[[bytes], None]


class Rig(Protocol):
    """A bench that can run acts on a copy of an image, with at most one cut, and read what an image says."""

    def run(self, image: bytes, acts: Sequence[bytes], cut: Cut | None = None, watch: Watch | None = None) -> Run:
        """Do the acts until they end or the power goes. `watch` sees the image before every flash operation."""

    def read(self, image: bytes) -> State:
        """What a copy of the image says; raises `Unreadable`."""


@dataclass(frozen=True, slots=True)
class Script:
    """Acts to run in order. Only operations of acts that have a label are cut."""

    acts: tuple[bytes, ...]
    labels: tuple[str, ...]
    """One per act; empty for an act with steady power."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must not be, and the cuts that bring it about."""

    label: str
    act: bytes
    what: str
    cuts: tuple[Cut, ...] = ()


@dataclass(slots=True)
class Report:
    """What was tried and what was found."""

    operations: int = 0
    cuts: int = 0
    second_cuts: int = 0
    by_label: dict[str, int] = field(default_factory=dict)
    statuses: list[tuple[str, str]] = field(default_factory=list)
    """Label and status word of every command of the run without a cut, in order."""
    violations: list[Violation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to try: every `stride`-th operation; after every `second`-th cut, every `again`-th one (0: none)."""

    stride: int = 1
    second: int = 5
    again: int = 3
    seeds: int = 1
    """How many different tears of each mode."""


# -- history ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class History:
    """A run without a cut, and the state of memory after 0, 1, 2 ... operations."""

    run: Run
    states: tuple[State, ...]

    def of_act(self, number: int) -> tuple[State, ...]:
        """The states from the beginning to the end of one act."""
        begins = (*self.run.begins, self.run.operations)
        return self.states[begins[number] : begins[number + 1] + 1]

    def act_of(self, operation: int) -> int:
        """The act an operation belongs to."""
        return max(number for number, begin in enumerate(self.run.begins) if begin <= operation)


def watch(rig: Rig, image: bytes, acts: Sequence[bytes]) -> History:
    """Run without a cut and read memory between all operations."""
    images: list[bytes] = []
    run = rig.run(image, acts, None, images.append)
    known: dict[bytes, State] = {}
    for each in (*images, run.image):
        if each not in known:
            known[each] = rig.read(each)
    return History(run, tuple(known[each] for each in (*images, run.image)))


def flaws(act: bytes, answer: bytes, states: Sequence[State], paid: bool = False) -> Iterator[str]:
    """What the history of one act shows that it must not; `paid`: an earlier act of the run has paid a counter."""
    written = [state.content for state in states if state.content != NOTHING]
    changes = sum(one != other for one, other in pairwise(written))
    if changes > 1:
        yield f"the content changes in {changes} steps"
    done = act == POWER_ON or answer[-2] in MEANS_DONE
    # A command may be refused for another reason after the right value has given back what was paid for it.
    right = answer[-2:] not in WRONG_GUESS
    fallen: set[bytes] = set()
    for one, other in pairwise(states):
        fallen.update(_moved(one, other, falling=True))
        for counter in _moved(one, other, falling=False):
            alone = one.content == other.content
            if not done and not (right and counter in fallen):
                yield f"a refused command raises counter {counter.hex()}"
            elif alone and not (paid or fallen):
                yield f"counter {counter.hex()} rises before anything was paid"
            elif alone and changes and counter not in fallen:
                yield f"counter {counter.hex()} rises apart from the content"
    if _is_guess(act) and answer[-2:] in WRONG_GUESS and states[0].counters == states[-1].counters:
        yield "a wrong guess costs nothing"


def _moved(one: State, other: State, *, falling: bool) -> list[bytes]:
    """The counters that are lower, or higher, in the other state."""
    both = sorted(one.counters.keys() & other.counters.keys())
    return [key for key in both if (other.counters[key] - one.counters[key]) * (-1 if falling else 1) > 0]


def pays(states: Sequence[State]) -> bool:
    """Does some counter fall in this history?"""
    return any(_moved(one, other, falling=True) for one, other in pairwise(states))


def _is_guess(act: bytes) -> bool:
    """A command with data: without data the same commands only ask how many tries are left."""
    try:
        return bool(CommandApdu.parse(act).data)
    except ApduError:
        return False


# -- exploring -------------------------------------------------------------------------------------------------


class Explorer:
    """One script on one image, explored by a plan. `step` does one first cut; `explore` does them all."""

    def __init__(self, rig: Rig, image: bytes, script: Script, plan: Plan) -> None:
        self._rig = rig
        self._image = image
        self._script = script
        self._plan = plan
        self.report = Report()
        self.history = watch(rig, image, script.acts)
        answers = zip(script.labels, self.history.run.answers)
        self.report.statuses = [(label or "steady", answer[-2:].hex().upper()) for label, answer in answers]

    def cuts(self) -> list[Cut]:
        """The first cuts of the plan, in order."""
        chosen = [k for k in range(self.history.run.operations) if self._script.labels[self.history.act_of(k)]]
        return [
            Cut(after, tear, seed)
            for after in chosen[:: self._plan.stride]
            for tear in TEARS
            for seed in range(self._plan.seeds)
        ]

    def explore(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Report:
        """Watch, then cut everywhere; the report."""
        self.report.operations = self.history.run.operations
        self._look_at(self.history, ())
        cuts = self.cuts()
        for number, cut in enumerate(cuts):
            self.once(cut, bool(self._plan.again) and number % self._plan.second == 0)
            progress(number + 1, len(cuts))
        return self.report

    def once(self, cut: Cut, second: bool) -> None:
        """One cut, and if asked for the cuts after it."""
        label = self._script.labels[self.history.act_of(cut.after)]
        self.report.cuts += 1
        self.report.by_label[label] = self.report.by_label.get(label, 0) + 1
        left = self._torn(self.history, self._image, (cut,))
        if second and left is not None:
            self._twice(left, cut)

    def replay(self, cuts: Sequence[Cut]) -> Report:
        """Only these cuts, at most two, each in the run that the one before it leaves; none: the run by itself."""
        self.report.operations = self.history.run.operations
        if not cuts:
            self._look_at(self.history, ())
            return self.report
        left = self._torn(self.history, self._image, tuple(cuts[:1]))
        if len(cuts) > 1 and left is not None:
            history = self._recovered(left, tuple(cuts[:1]))
            if history is not None:
                self._torn(history, left, tuple(cuts[:2]))
        return self.report

    def _twice(self, image: bytes, first: Cut) -> None:
        history = self._recovered(image, (first,))
        if history is None:
            return
        tears = TEARS[first.after % 2 :: 2]
        offset = first.after % self._plan.again
        for after in range(offset, history.run.operations, self._plan.again):
            for tear in tears:
                self.report.second_cuts += 1
                self._torn(history, image, (first, Cut(after, tear, first.seed + 1)))

    def _recovered(self, image: bytes, cuts: tuple[Cut, ...]) -> History | None:
        """The script again, on what a cut left; without a flaw, whatever its commands answer now."""
        try:
            history = watch(self._rig, image, self._script.acts)
        except Unreadable as why:
            self._blame(0, f"after recovery: {why}", cuts)
            return None
        self._look_at(history, cuts)
        return history

    def _look_at(self, history: History, cuts: tuple[Cut, ...]) -> None:
        paid = False
        for number, (act, answer) in enumerate(zip(self._script.acts, history.run.answers)):
            states = history.of_act(number)
            for what in flaws(act, answer, states, paid):
                self._blame(number, what, cuts)
            paid = paid or pays(states)

    def _torn(self, history: History, image: bytes, cuts: tuple[Cut, ...]) -> bytes | None:
        """The image the last cut leaves; None when it cannot be read."""
        at = cuts[-1].after
        left = self._rig.run(image, self._script.acts, cuts[-1]).image
        number = history.act_of(at)
        try:
            found = self._rig.read(left)
        except Unreadable as why:
            self._blame(number, f"the memory does not mount: {why}", cuts)
            return None
        if found not in history.states[at : at + 2]:
            self._blame(number, self._difference(found, history.states[at], history.states[at + 1]), cuts)
        return left

    @staticmethod
    def _difference(found: State, before: State, after: State) -> str:
        if found.content not in (before.content, after.content):
            return "the content is neither that before nor that after the operation"
        for key, value in found.counters.items():
            if value not in (before.counters.get(key), after.counters.get(key)):
                return f"counter {key.hex()} is {value}, neither as before nor as after the operation"
        return "content and counters do not belong to one moment"

    def _blame(self, act: int, what: str, cuts: tuple[Cut, ...]) -> None:
        label = self._script.labels[act] or "steady"
        self.report.violations.append(Violation(label, self._script.acts[act], what, cuts))


def free_guess(rig: Rig, image: bytes, before: Sequence[bytes], right: bytes, wrong: bytes) -> bool:
    """Can somebody who watches memory and cuts the power tell a right guess from a wrong one before it is paid?

    Up to and with the payment both must do the same to memory; a card that looks first does not.
    """
    told = [_until_paid(rig, image, (POWER_ON, *before, guess)) for guess in (right, wrong)]
    return not told[0] or told[0] != told[1]


def _until_paid(rig: Rig, image: bytes, acts: Sequence[bytes]) -> list[bytes]:
    """The images of the last act up to the first where a counter has fallen; none if none falls."""
    images: list[bytes] = []
    run = rig.run(image, acts, None, images.append)
    images.append(run.image)
    seen = images[run.begins[-1] :]
    start = rig.read(seen[0])
    for number, each in enumerate(seen):
        if each != seen[0] and _moved(start, rig.read(each), falling=True):
            return seen[: number + 1]
    return []
