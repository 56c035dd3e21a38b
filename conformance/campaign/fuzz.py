"""Guided fuzzing: how streams are changed, whoever drives, and the driver that needs nothing but a seed.

That driver keeps the streams which the card answered as it had answered none before, and changes those. It looks at
answers only, so what it does depends on the job and the card alone, and the same job finds the same everywhere.
Atheris looks at the card's program instead, and promises no such thing (`host_tools.cli.fuzzing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from conformance import laws
from conformance.campaign.job import Fuzz, Job
from conformance.campaign.life import Life, grammar_of, stream_of
from conformance.campaign.story import Judge, Story

Commands = Sequence[bytes]
Change = Callable[[bytes, Random], bytes]
"""Makes another command of one."""
MOST_COMMANDS = 120
"""Of one stream: the longest lives are half as long, and what grows without end only gets slower."""
STEPS = (1, 2, 4, 8)
"""How many changes make one stream of another."""
FRESH = 4
"""One stream in so many is made as a campaign of streams makes them, so that nothing is out of reach of the others."""


def beginning(job: Job, task: Fuzz, lives: Sequence[Life]) -> list[Commands]:
    """The streams to begin with: half of what the runs allow, so that half is left for new ones."""
    most = min(len(lives), task.runs // 2)
    return [life.commands for life in Random(f"{job.seed} {task.island}").sample(lives, most)]


class Changer:
    """Changes streams as streams of commands, not as bytes."""

    def __init__(self, lives: Sequence[Life], change: Change) -> None:
        self._lives, self._change = lives, change
        self._grammar = grammar_of(lives)

    def another(self, commands: Commands, random: Random) -> list[bytes]:
        """A stream like this one: commands dropped, put in, a life put in, or one changed."""
        made = list(commands)
        for _ in range(random.choice(STEPS)):
            at = random.randint(0, len(made))
            match random.randrange(4):
                case 0:
                    del made[at : at + random.randint(1, 2)]
                case 1:
                    made[at:at] = laws.stream(random.getrandbits(32), self._grammar, 2)
                case 2:
                    made[at:at] = random.choice(self._lives).commands
                case _:
                    if at < len(made):
                        made[at] = self._change(made[at], random)
        return made[:MOST_COMMANDS]

    def fresh(self, random: Random) -> list[bytes]:
        """A stream of no other."""
        return stream_of(random.getrandbits(16), random.getrandbits(32), self._lives, self._grammar)


def mutated(raw: bytes, random: Random) -> bytes:
    """Another command: bits turned, bytes replaced, cut, longer."""
    changed = bytearray(raw)
    for _ in range(random.randint(1, 3)):
        random.choice(laws.MUTATIONS)(random, changed)
    return bytes(changed)


# -- the driver


Kind = tuple[object, ...]


class Listener:
    """A card, and what kinds of exchanges were heard: instruction, status word, size, and the status word before."""

    def __init__(self, subject: laws.Subject) -> None:
        self._subject = subject
        self.heard: set[Kind] = set()
        self._before = b""

    def transmit(self, command: bytes) -> bytes | None:
        """The card's answer."""
        answer = self._subject.transmit(command)
        word = answer[-2:] if answer else b""
        self.heard.add((self._before, command[:2], word, len(answer or b"").bit_length()))
        self._before = word
        return answer

    def content(self) -> bytes:
        """What the card has in memory."""
        return self._subject.content()


@dataclass(slots=True)
class Found:
    """What one run of the driver did: streams and commands tried, a story for each thing broken, kinds heard."""

    streams: int = 0
    commands: int = 0
    stories: dict[tuple[int, str], Story] = field(default_factory=dict)
    heard: set[Kind] = field(default_factory=set)


def seeded(job: Job, task: Fuzz, lives: Sequence[Life], subject: Callable[[], laws.Subject]) -> Found:
    """Carry out the runs of one job; depends on the job and the cards alone."""
    random = Random(f"fuzz {job.seed} {task.island}")
    changer, found = Changer(lives, mutated), Found()
    waiting = beginning(job, task, lives)
    kept: list[Commands] = [()]
    while found.streams < task.runs:
        if waiting:
            commands = waiting.pop()
        elif random.randrange(FRESH):
            commands = changer.another(random.choice(kept), random)
        else:
            commands = changer.fresh(random)
        card = Listener(subject())
        broken = laws.judge(card, commands)
        if broken is not None:
            story = job.story(Judge.LAWS, tuple(commands))
            found.stories.setdefault((broken.law, broken.what), story)
        if not card.heard <= found.heard:
            kept.append(commands)
            found.heard |= card.heard
        found.streams += 1
        found.commands += len(commands)
    return found
