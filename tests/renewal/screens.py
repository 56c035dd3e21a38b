"""A user before the renewal client: presses keys, clicks buttons, reads what stands there.

The client, the card and the office are real; only the terminal is Textual's own for tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from threading import Event

from textual.pilot import Pilot

from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import NoCard
from host_tools.link.base import CardLink
from host_tools.office.staging import Step
from host_tools.renewal.screen.client import RenewalClient
from host_tools.renewal.screen.dialogs import Notice, Password, Progress
from host_tools.renewal.screen.parts import Datum, Line
from tests.issuing.support import Town
from tests.renewal.interrupted import Cut, CutLink

PATIENCE = 120
"""Seconds after which a screen that never comes fails the test."""
SIZE = (100, 34)


class HeldLink(CutLink):
    """A link that stops before a command while the reader holds the card, until it is let go."""

    def __init__(self, card: object, reader: Reader) -> None:
        super().__init__(card, -1, Cut.PULLED)
        self._reader = reader
        self.let_go = Event()

    def transmit(self, command: bytes) -> bytes:
        if self._reader.holds():
            assert self.let_go.wait(PATIENCE)
        return super().transmit(command)


@dataclass
class Reader:
    """A reader with a card of the town in it, or none."""

    town: Town
    number: str
    link: HeldLink | None = None
    holds: Callable[[], bool] = lambda: False

    @contextmanager
    def way(self) -> Iterator[CardLink]:
        if not self.number:
            raise NoCard("the reader is empty; insert a card")
        self.link = HeldLink(self.town.bench(self.number).card, self)
        yield self.link
        self.link.close()

    def pull(self) -> None:
        """The card is gone when it is next spoken to."""
        assert self.link is not None
        self.link.fail_at(self.link.sent)
        self.link.let_go.set()

    def let_go(self) -> None:
        """Go on where the card is held."""
        assert self.link is not None
        self.holds = lambda: False
        self.link.let_go.set()


class User:
    """Looks at the client and uses it."""

    def __init__(self, pilot: Pilot[Text]) -> None:
        self.pilot = pilot
        assert isinstance(pilot.app, RenewalClient)
        self.app = pilot.app

    async def sees(self, what: Callable[[], object]) -> None:
        """Wait for something to be there."""
        async with asyncio.timeout(PATIENCE):
            while not what():
                await self.pilot.pause()

    async def reads(self, text: str) -> None:
        """Wait for a text."""
        await self.sees(lambda: text in self.text)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def click(self, button: str) -> None:
        await self.pilot.click(f"#{button}")

    # -- what stands there

    @property
    def text(self) -> str:
        """All lines of the screen in front."""
        return "\n".join(str(line.visual) for line in self.app.screen.query(Line) if line.display)

    @property
    def state(self) -> str:
        """What the main window says of how things stand, whatever is before it."""
        return str(self.app.screen_stack[0].query_one("#state", Line).visual)

    @property
    def data(self) -> dict[str, str]:
        """The holder's data by their titles."""
        return {str(each.border_title): str(each.visual) for each in self.app.query(Datum)}

    def enabled(self, button: str) -> bool:
        return not self.app.screen_stack[0].query_one(f"#{button}").disabled

    async def idle(self) -> None:
        """Wait until the client has nothing to do."""
        await self.sees(lambda: len(self.app.screen_stack) == 1 and self.enabled("log-in"))

    async def nothing_more(self) -> None:
        """See the one who works with the card come to the end of what there is to do."""
        await self.pilot.pause()
        await self.app._ask(lambda: None)
        await self.pilot.pause()

    async def notice(self) -> str:
        """Wait for a notice; what it says."""
        await self.sees(lambda: isinstance(self.app.screen, Notice) and self.text)
        return self.text

    async def dismiss(self) -> None:
        await self.press("enter")
        await self.idle()

    # -- habits

    async def log_in(self, pin: str = "88888888") -> None:
        """Press log in and give a password."""
        await self.press("f3")
        await self.give(pin)

    async def give(self, pin: str) -> None:
        await self.sees(lambda: isinstance(self.app.screen, Password) and self.app.screen.query("#password"))
        await self.press(*pin, "enter")

    async def logged_in(self, pin: str = "88888888") -> None:
        await self.log_in(pin)
        await self.idle()

    async def renewing(self, reader: Reader, step: Step) -> None:
        """Press renew, and see the card held in the midst of a step."""
        reader.holds = lambda: self.step is step
        await self.press("f5")
        await self.sees(lambda: self.step is step)

    async def signing(self, reader: Reader) -> None:
        """Press renew, and see the card held before it signs the order."""
        reader.holds = lambda: True
        await self.press("f5")
        await self.sees(lambda: isinstance(self.app.screen, Progress) and self.app.screen.query("#question"))

    @property
    def step(self) -> Step | None:
        """The step that the progress shows."""
        return self.app.screen.step if isinstance(self.app.screen, Progress) else None


@asynccontextmanager
async def user_of(reader: Reader, lang: Lang = Lang.ZH, glance: float | None = None) -> AsyncIterator[User]:
    """A user before a client that was just started."""
    app = RenewalClient(reader.town.office, reader.way, lang, glance)
    async with app.run_test(size=SIZE) as pilot:
        yield User(pilot)


def play(scene: Coroutine[None, None, None]) -> None:
    """Run a scene to its end."""
    asyncio.run(scene)
