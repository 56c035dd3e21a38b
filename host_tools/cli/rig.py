"""The bench of the tear explorer: cards on RAM boards whose power is cut and whose memory is read from outside.

This is a wiring cupboard: it joins the card, its board and `conformance.tear`, which may not know each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from hashlib import sha256

from conformance.tear import NOTHING, POWER_ON, Cut, Run, State, Unreadable, Watch
from host_tools.errors import ProfileProblem
from simcard.card import Card
from simcard.crypto.engines import make
from simcard.hal.board import Board
from simcard.hal.clock import VirtualClock
from simcard.hal.entropy import SeededEntropy
from simcard.hal.flash import RamFlash
from simcard.hal.power import PowerLost, PowerSupply, Tear
from simcard.nvm.store import CorruptMemory, NotFormatted, Store
from simcard.personalise import personalise
from simcard.profile import Profile, ProfileError
from simcard.wire.status import Refused

COUNTERS = (b"q", b"w")
NOT_CONTENT = (*COUNTERS, b"B")
"""Retry counters are judged apart; the count of resets belongs to no command."""
FIRST_DAY = date(2026, 1, 1)


class Meter(PowerSupply):
    """A supply that shows the memory before every operation it allows."""

    __slots__ = ("look",)

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], None] | None = None

    def request(self) -> Tear | None:
        if self.look is not None and self.on:
            self.look()
        return super().request()


def board_of(image: bytes, power: PowerSupply) -> Board:
    """A board whose flash is a copy of the image."""
    flash = RamFlash.of_image(image, power=power)
    return Board(flash, power, VirtualClock(), SeededEntropy(0), make("soft"))


class CardRig:
    """Runs whole cards. `mend` lets a test put its own, guilty store or room into the card after power-on."""

    def __init__(self, mend: Callable[[Card], None] = lambda card: None) -> None:
        self._mend = mend

    def run(self, image: bytes, acts: Sequence[bytes], cut: Cut | None = None, watch: Watch | None = None) -> Run:
        """Power a card on and send it commands, until they end or the power goes."""
        power = Meter()
        board = board_of(image, power)
        card = Card(board)
        flash = board.flash
        assert isinstance(flash, RamFlash)
        if cut is not None:
            power.cut(cut.after, Tear(cut.tear), cut.seed)
        if watch is not None:
            power.look = lambda: watch(flash.image())
        answers: list[bytes] = []
        begins: list[int] = []
        try:
            for act in acts:
                begins.append(power.operations)
                answers.append(self._act(card, act))
        except PowerLost:
            pass
        return Run(flash.image(), tuple(answers), tuple(begins), power.operations)

    def _act(self, card: Card, act: bytes) -> bytes:
        if act != POWER_ON:
            return card.transmit(act)
        # The supply is on already; `power_on` must not forget the cut that was ordered.
        atr = card.power_on()
        self._mend(card)
        return atr

    def read(self, image: bytes) -> State:
        """Mount a copy of the image."""
        try:
            return state_of(Store.mount(RamFlash.of_image(image)))
        except (CorruptMemory, NotFormatted) as error:
            raise Unreadable(str(error)) from None


def state_of(store: Store) -> State:
    """Content and counters of a mounted memory."""
    digest = sha256()
    counters: dict[bytes, int] = {}
    for key, value in store.items():
        if key[:1] in COUNTERS:
            counters[key] = int.from_bytes(value[3:5], "big")
        if key[:1] not in NOT_CONTENT:
            digest.update(b"%d %d " % (len(key), len(value)) + key + value)
    return State(digest.digest(), counters)


class FactoryRig:
    """Runs personalisation: every act makes the card anew. Memory that holds no card yet counts as empty."""

    def __init__(self, profile: Profile, seed: int) -> None:
        self._profile = profile
        self._seed = seed

    def run(self, image: bytes, acts: Sequence[bytes], cut: Cut | None = None, watch: Watch | None = None) -> Run:
        """Personalise once per act."""
        power = Meter()
        board = board_of(image, power)
        flash = board.flash
        assert isinstance(flash, RamFlash)
        if cut is not None:
            power.cut(cut.after, Tear(cut.tear), cut.seed)
        if watch is not None:
            power.look = lambda: watch(flash.image())
        done: list[bytes] = []
        begins: list[int] = []
        try:
            for _ in acts:
                begins.append(power.operations)
                personalise(board, self._profile, self._seed)
                done.append(b"\x90\x00")
        except PowerLost:
            pass
        return Run(flash.image(), tuple(done), tuple(begins), power.operations)

    def read(self, image: bytes) -> State:
        """The card in the image, or an empty state while there is none."""
        try:
            store = Store.mount(RamFlash.of_image(image))
        except (CorruptMemory, NotFormatted):
            return State(NOTHING, {})
        return state_of(store) if next(store.items(), None) is not None else State(NOTHING, {})


def personalised(profile: Profile, seed: int | None) -> bytes:
    """The image of a card just made; `ProfileProblem` when no card can be made of the profile."""
    board = board_of(b"\xff" * profile.memory, PowerSupply())
    try:
        personalise(board, profile, seed)
    except ProfileError as error:
        raise ProfileProblem(str(error)) from None
    except Refused as refused:
        raise ProfileProblem(f"the card does not take this profile: {refused}") from None
    assert isinstance(board.flash, RamFlash)
    return board.flash.image()


def certified(profile: Profile, seed: int) -> bytes:
    """The same with the certificates that its keys sign, as `simcard new` makes it."""
    from host_tools.cli.cards import EngineChoice
    from host_tools.cli.new import Wish, certify

    made = personalised(profile, seed)
    if not profile.container:
        return made
    card = Card(board_of(made, PowerSupply()))
    certify(card, Wish(profile, seed, FIRST_DAY, EngineChoice()), lambda _: None)
    assert isinstance(card.board.flash, RamFlash)
    return card.board.flash.image()


def prepared(image: bytes, commands: Sequence[bytes]) -> bytes:
    """The image after a run of commands with steady power."""
    return CardRig().run(image, (POWER_ON, *commands)).image
