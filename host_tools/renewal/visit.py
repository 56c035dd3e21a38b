"""A holder's visit with a card: what the renewal client does with card and office, without a screen.

    visit = Visit(office, way)
    arrived = visit.arrive()            # the card is in the reader
    visit.log_in(pin, lang)             # where it needs its password
    for step in visit.renew(lang): ...
    visit.leave()

Any of it may wait for the card or the registry, and raises `HostError`s. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum

from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import CardRemoved, HostError, NoCard
from host_tools.link.base import CardLink
from host_tools.office.folder import Office
from host_tools.office.login import Gate, answer
from host_tools.office.plastic import Plastic
from host_tools.office.rules import Signer
from host_tools.office.staging import Step
from host_tools.registry.states import CardKind
from host_tools.renewal import rules
from host_tools.renewal.renewal import Renewal, View
from simcard.wire.secret import Secret

WayToCard = Callable[[], AbstractContextManager[CardLink]]
"""Opens a link to the card: in a reader, or in an image."""

NOT_LEGAL = Text(
    "本程序只用于法人卡的延期；操作员卡、报关员卡由本企业法人卡办理",
    "this program renews legal-person cards only; other cards are renewed by their legal-person card",
)
WITHOUT_PIN = (Step.SCRIPT, Step.RECORD)
"""What is still to be done of a renewal that needs no password any more."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A card in the reader; `tries` of its password are left, and `needs_pin` before anything can be done."""

    tries: int
    needs_pin: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What the client shows of a card: its data, what stands against a renewal, where an earlier one was cut."""

    view: View
    against: Text | None
    waits_for: Step | None

    @property
    def may_renew(self) -> bool:
        """Whether a renewal may be begun or gone on with now."""
        return self.against is None


class Part(StrEnum):
    """What a renewal needs, as the network test tries it."""

    OFFICE = "office"
    AUTHORITY = "authority"
    CARD = "card"


class Left(StrEnum):
    """What a renewal that is cut leaves on the card; always whole."""

    OLD = "old"
    EITHER = "either"
    NEW = "new"


def left_before(step: Step | None) -> Left:
    """What is on the card when a step was told and not begun; None is before the first."""
    return Left.NEW if step is Step.RECORD else Left.OLD


def left_during(step: Step | None) -> Left:
    """The same when it is not known whether the card has done the step."""
    return Left.EITHER if step is Step.SCRIPT else left_before(step)


class Visit:
    """One card at a time, from `arrive` to `leave`."""

    def __init__(self, office: Office, way: WayToCard) -> None:
        self._office = office
        self._way = way
        self._stack = ExitStack()
        self._plastic: Plastic | None = None
        self._pin: Secret | None = None

    def arrive(self) -> Arrived:
        """Open the way to the card, anew if one is open, and see what it needs."""
        self.leave()
        self._plastic = Plastic(self._stack.enter_context(self._way()))
        waits_for = self._renewal().waits_for()
        return Arrived(self._plastic.tries_left(), waits_for not in WITHOUT_PIN)

    def log_in(self, pin: Secret, lang: Lang) -> None:
        """The password to the card and its signature to the office; `PinWrong`, `PinLocked`, `LoginRefused`.

        The certificate of a renewal that was cut short may not be registered yet, so there the password is enough.
        """
        gate = Gate(self._office, lang)
        signed = answer(self._card.iso, pin, gate.challenge().text, lang)
        if not self._renewal().is_open:
            gate.log_in(signed)
        self._pin = pin

    def look(self) -> Shown:
        """The card as it is now."""
        renewal = self._renewal()
        view, waits_for = renewal.view(), renewal.waits_for()
        return Shown(view, _against(renewal, view), waits_for)

    def insist_on_card(self) -> None:
        """`HostError` if the card does not answer any more."""
        self._card.tries_left()

    def renew(self, lang: Lang) -> Iterator[Step]:
        """Every step of the renewal, told before it is done. The password is forgotten, for it is a new one then."""
        renewal = self._renewal(lang)
        if not renewal.is_open:
            renewal.begin(self._card.iso, renewal.number, self._known_pin())
        yield from renewal.run(self._known_pin)
        self._pin = None

    def leave(self) -> None:
        """Let the card go and forget its password; twice does no harm."""
        stack, self._stack = self._stack, ExitStack()
        self._plastic = self._pin = None
        # Where the card or the disk of its image went first, whoever comes next to the card is told.
        with suppress(HostError):
            stack.close()

    # -- trying

    def probes(self) -> tuple[tuple[Part, Callable[[], None]], ...]:
        """For every part something that raises a `HostError` if it cannot be used now."""
        probes = (self._try_office, self._try_authority, self._try_card)
        return tuple(zip(Part, probes))

    def _try_office(self) -> None:
        with self._office.registry.reading() as work:
            work.enterprise(self._office.credit_code)

    def _try_authority(self) -> None:
        for generation in self._office.authorities.generations:
            self._office.authority(generation)

    def _try_card(self) -> None:
        if self._plastic is not None:
            self.insist_on_card()
            return
        with self._way() as link:
            Plastic(link).number()

    # -- parts

    @property
    def _card(self) -> Plastic:
        if self._plastic is None:
            raise NoCard("no card is in use; log in first")
        return self._plastic

    def _renewal(self, lang: Lang = Lang.EN) -> Renewal:
        return Renewal(self._office, self._card, lang)

    def _known_pin(self) -> Secret:
        if self._pin is None:
            raise CardRemoved("nobody is logged in to this card; log in first")
        return self._pin


def _against(renewal: Renewal, view: View) -> Text | None:
    standing = renewal.standing()
    if view.kind != CardKind.LEGAL.value and not standing.begun:
        return NOT_LEGAL
    found = rules.against(standing, Signer.SELF)
    if found is None:
        return None
    return Text(*(rules.say(found, standing, lang) for lang in (Lang.ZH, Lang.EN)))
