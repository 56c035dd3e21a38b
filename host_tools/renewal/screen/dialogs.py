"""What stands before the main window for a while: the password, a notice, a renewal in progress."""

from __future__ import annotations

from asyncio import Event
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, ProgressBar

from host_tools.eport_client.wording import Lang, Text
from host_tools.office.staging import TEXTS, Step
from host_tools.renewal.screen import texts
from host_tools.renewal.screen.parts import Line, Push
from host_tools.renewal.visit import left_before, left_during
from simcard.wire.secret import Secret

LONGEST_PIN = 32
ORDER = list(TEXTS)
DONE, DOING, WAITING = "✓", "▶", "·"


class Password(ModalScreen[Secret | None]):
    """Asks for the card's password; None if the user would rather not.

    It may be typed before the card is known to need it (`ready` is False): it is given once `wait_no_more` is called.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "")]

    def __init__(self, said: Text, ready: bool = True) -> None:
        super().__init__()
        self._said = said
        self._ready = ready
        self._entered = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Line(texts.PASSWORD)
            yield Input(password=True, max_length=LONGEST_PIN, id="password")
            yield Line(self._said, ident="said")
            with Horizontal(classes="buttons"):
                yield Push(texts.LOG_IN, "ok", "primary")
                yield Push(texts.CANCEL, "cancel")

    def on_input_submitted(self) -> None:
        """Enter in the field."""
        self._give()

    def on_button_pressed(self, pressed: Button.Pressed) -> None:
        """Either button."""
        pressed.stop()
        if pressed.button.id == "ok":
            self._give()
        else:
            self.dismiss(None)

    def action_cancel(self) -> None:
        """Escape."""
        self.dismiss(None)

    def take_keys(self) -> None:
        """Have the keys that were pressed already; focus of itself comes to the field later than they do."""
        self.set_focus(self.query_one(Input))

    def wait_no_more(self, said: Text) -> None:
        """The card needs its password; one that was entered meanwhile is given now."""
        self._ready = True
        self.query_one("#said", Line).tell(said)
        if self._entered:
            self._give()

    def _give(self) -> None:
        field = self.query_one(Input)
        # VERIFY without a password is another question: it must not be asked by an empty field.
        if not field.value:
            return
        if self._ready:
            self.dismiss(Secret(field.value.encode()))
        else:
            # What is typed after it belongs to no password.
            self._entered = field.disabled = True


class Notice(ModalScreen[None]):
    """Says something until the user has seen it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "seen", "")]

    def __init__(self, *lines: Text) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            for each in self._lines:
                yield Line(each, classes="notice")
            with Horizontal(classes="buttons"):
                yield Push(texts.OK, "ok", "primary")

    def on_button_pressed(self, pressed: Button.Pressed) -> None:
        """Its only button."""
        pressed.stop()
        self.dismiss(None)

    def action_seen(self) -> None:
        """Escape."""
        self.dismiss(None)


class Progress(ModalScreen[None]):
    """A renewal that runs. `leaving` is set once the user insists on quitting after the step that is done now.

    While the question stands there no further step is begun: whoever follows the steps waits for `answered`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "app.quit", "")]

    def __init__(self) -> None:
        super().__init__()
        self.step: Step | None = None
        self.leaving = False
        self._answered = Event()
        self._answered.set()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Line(texts.RENEWING, ident="doing")
            yield Line(texts.SIGNING, ident="steps")
            yield ProgressBar(total=len(ORDER), show_eta=False, id="bar")
            with Vertical(id="question"):
                yield Line(texts.LEAVE_NOW)
                yield Line(texts.LEFT[left_during(None)], ident="left")
                yield Line(texts.AGAIN)
                with Horizontal(classes="buttons"):
                    yield Push(texts.STAY, "stay", "primary")
                    yield Push(texts.LEAVE, "leave")

    def on_mount(self) -> None:
        """The question stands there only when it is asked, which may have been before there was a place for it."""
        self._show_question()

    def tell(self, step: Step) -> None:
        """A step is done now."""
        self.step = step
        self.query_one(ProgressBar).update(progress=ORDER.index(step))
        self.query_one("#steps", Line).tell(list_of_steps(step))
        left = left_during(step) if self._answered.is_set() else left_before(step)
        self.query_one("#left", Line).tell(texts.LEFT[left])

    def ask(self) -> None:
        """Say what quitting now would leave, and let the user decide."""
        self._answered.clear()
        self._show_question()

    async def answered(self) -> None:
        """Wait until no question stands there."""
        await self._answered.wait()

    def on_button_pressed(self, pressed: Button.Pressed) -> None:
        """Go on, or quit after this step."""
        pressed.stop()
        self.leaving = pressed.button.id == "leave"
        self._answered.set()
        self._show_question()
        self.query_one("#doing", Line).tell(texts.LEAVING if self.leaving else texts.RENEWING)

    def _show_question(self) -> None:
        asked = not self._answered.is_set()
        for each in self.query("#question"):
            each.display = asked
        for each in self.query("#stay") if asked else ():
            each.focus()


def list_of_steps(now: Step) -> Text:
    """All steps, a line each: done, being done, to be done."""
    return Text(*("\n".join(f"{_mark(each, now)} {TEXTS[each].say(lang)}" for each in ORDER) for lang in Lang))


def _mark(step: Step, now: Step) -> str:
    place = ORDER.index(step) - ORDER.index(now)
    return DOING if place == 0 else DONE if place < 0 else WAITING
