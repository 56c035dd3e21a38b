"""Work of the office on a card, cut short at a chosen point: by a pulled card, a lost answer, a death, the power.

`Scene` is an office and a card before the work; `copy` gives a fresh one for every cut. After a cut `whole` says what
stands on the card, and refuses anything that is neither the old nor the new.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from host_tools.client.iso import IsoCard
from host_tools.errors import BadSignature, CardRemoved, PinError
from host_tools.link.inprocess import InProcessLink
from host_tools.office.plastic import Plastic
from host_tools.pki.certificate import Use
from host_tools.pki.keys import SCHEMES, USUAL_HASH
from host_tools.pki.verify import verify
from host_tools.pki.view import Certificate
from host_tools.registry.audit import audit
from host_tools.skf.sar import SkfRemoved
from simcard.hal.power import PowerLost, Tear
from simcard.wire.secret import Secret
from tests.issuing.judge import lame, strays
from tests.issuing.support import PIN, Town
from tests.pki.support import SM2

OWN = Secret(b"13572468")
"""What the holder made of eight 8s."""


class Killed(BaseException):
    """The process died; nothing in it may catch this."""


class Cut(StrEnum):
    """How the link fails at a command."""

    PULLED = "the card is pulled before the command"
    LOST = "the card has done the command, and its answer is lost"
    DEAD = "the process dies before the command"


class CutLink(InProcessLink):
    """A link that fails once, at the command of a number."""

    def __init__(self, card: object, at: int, how: Cut) -> None:
        super().__init__(card, PowerLost)  # type: ignore[arg-type]
        self.sent = 0
        self._at, self._how = at, how

    def fail_at(self, at: int) -> None:
        """Fail at another command."""
        self._at = at

    def transmit(self, command: bytes) -> bytes:
        self.sent += 1
        if self.sent - 1 == self._at:
            if self._how is Cut.DEAD:
                raise Killed
            if self._how is Cut.LOST:
                super().transmit(command)
            raise CardRemoved("the card was pulled")
        return super().transmit(command)


@dataclass
class Scene:
    """An office's folder, a card's image, its number, and the work that is done on it."""

    folder: Path
    town: Town
    number: str
    work: Callable[[Town, Plastic], None]

    def copy(self, to: Path) -> Scene:
        shutil.copytree(self.folder, to)
        town = Town(to, dict(self.town.images), self.town.legal, self.town.clerk)
        town.clock.moment = self.town.clock.moment
        return Scene(to, town, self.number, self.work)

    def close(self) -> None:
        self.town.office.close()
        shutil.rmtree(self.folder)

    # -- doing

    def count(self) -> tuple[int, int]:
        """Commands and flash operations of the whole work."""
        bench = self.town.bench(self.number)
        begun = bench.board.power.operations
        link = CutLink(bench.card, -1, Cut.DEAD)
        self.work(self.town, Plastic(link))
        return link.sent, bench.board.power.operations - begun

    def fails_at_command(self, at: int, how: Cut) -> bool:
        """Do the work until the link fails at a command; whether it did."""
        try:
            self.work(self.town, Plastic(CutLink(self.town.bench(self.number).card, at, how)))
        except (CardRemoved, SkfRemoved, Killed, PowerLost):
            return True
        return False

    def fails_at_operation(self, at: int, tear: Tear) -> bool:
        """The same with the power cut at a flash operation."""
        power = self.town.bench(self.number).board.power
        power.cut(at, tear, seed=at)
        failed = self.fails_at_command(-1, Cut.DEAD)
        power.restore()
        self.town.images[self.number] = self.town.bench(self.number).flash.image()
        del self.town.benches[self.number]
        return failed

    # -- looking

    def certificate(self) -> Certificate:
        """The certificate on the card, whose key the card has: it signs, and the signature is good."""
        card = self.town.card(self.number)
        key = next(each for each in card.containers()[0].keys if each.certificate)
        body = Certificate.parse(card.read_certificate(key.reference))
        self._login(card)
        made = card.sign(key.reference, b"still whole")
        hash_, scheme = USUAL_HASH[body.key.kind], SCHEMES[body.key.kind][0]
        verify(body.key, hash_, scheme, b"still whole", made, SM2.verify)
        return body

    def _login(self, card: IsoCard) -> None:
        for pin in (OWN, PIN):
            try:
                card.verify_pin(1, pin)
            except PinError:
                continue
            return
        raise BadSignature("neither the old nor the first PIN opens the card")

    def registered(self) -> str:
        """The number of the certificate that the registry says the card has."""
        with self.town.office.registry.reading() as work:
            return work.current(work.card(self.number), Use.SIGN).number

    def finish(self) -> str:
        """Do the work again, which must go through; the number of the certificate on the card, as registered."""
        self.work(self.town, self.town.plastic(self.number))
        on_card = self.certificate().number
        assert on_card == self.registered()
        assert ([], []) == (strays(self.town.office), lame(self.town.office))
        with self.town.office.registry.reading() as work:
            assert () == audit(work).findings
        return on_card


Outcome = Callable[[Scene], str]
"""Says what a cut left, and does the work again, which must go through."""


def copies(before: Scene, folder: Path) -> Iterator[Scene]:
    """Fresh copies of a scene, each gone when the next is asked for."""
    number = 0
    while True:
        made = before.copy(folder / f"copy{number}")
        yield made
        made.close()
        number += 1


def sweep_commands(before: Scene, folder: Path, outcome: Outcome, step: int) -> Counter[str]:
    """Outcomes of cuts at every `step`th command: in every way for step 1, in turns otherwise."""
    fresh, found = copies(before, folder), Counter[str]()
    commands, _ = next(fresh).count()
    for at in range(0, commands, step):
        for how in Cut if step == 1 else [list(Cut)[at // step % len(Cut)]]:
            cut = next(fresh)
            assert cut.fails_at_command(at, how), f"command {at} of {commands}, {how}"
            found[outcome(cut)] += 1
    return found


def sweep_operations(before: Scene, folder: Path, outcome: Outcome, step: int) -> Counter[str]:
    """The same for the power at every `step`th flash operation, and the ways of tearing it."""
    fresh, found = copies(before, folder), Counter[str]()
    _, operations = next(fresh).count()
    for at in range(0, operations, step):
        for tear in Tear if step == 1 else [list(Tear)[at // step % len(Tear)]]:
            cut = next(fresh)
            assert cut.fails_at_operation(at, tear), f"operation {at} of {operations}, {tear}"
            found[outcome(cut)] += 1
    return found
