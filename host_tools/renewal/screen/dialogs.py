"""What stands before the main window for a while: the password, a notice, a renewal in progress."""

from __future__ import annotations

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
from host_tools.renewal.visit import left_during
from simcard.wire.secret import Secret

LONGEST_PIN = 32
ORDER = list(TEXTS)
DONE, DOING, WAITING = "✓", "▶", "·"


class Password(ModalScreen[Secret | None]):
    """Asks for the card's password; None if the user would rather not."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "")]

    def __init__(self, said: Text) -> None:
        super().__init__()
        self._said = said

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

    def _give(self) -> None:
        field = self.query_one(Input)
        # VERIFY without a password is another question: it must not be asked by an empty field.
        if field.value:
            self.dismiss(Secret(field.value.encode()))


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
    """A renewal that runs. `leaving` is set once the user insists on quitting after the step that is done now."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "app.quit", "")]

    def __init__(self) -> None:
        super().__init__()
        self.step: Step | None = None
        self.leaving = False

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
        """The question stands there only when it is asked."""
        self.query_one("#question").display = False

    def tell(self, step: Step) -> None:
        """A step is done now."""
        self.step = step
        self.query_one(ProgressBar).update(progress=ORDER.index(step))
        self.query_one("#steps", Line).tell(list_of_steps(step))
        self.query_one("#left", Line).tell(texts.LEFT[left_during(step)])

    def action_ask(self) -> None:
        """Say what quitting now would leave, and let the user decide."""
        self.query_one("#question").display = True
        self.query_one("#stay").focus()

    def on_button_pressed(self, pressed: Button.Pressed) -> None:
        """Go on, or quit after this step."""
        pressed.stop()
        self.query_one("#question").display = False
        self.leaving = pressed.button.id == "leave"
        self.query_one("#doing", Line).tell(texts.LEAVING if self.leaving else texts.RENEWING)


def list_of_steps(now: Step) -> Text:
    """All steps, a line each: done, being done, to be done."""
    return Text(*("\n".join(f"{_mark(each, now)} {TEXTS[each].say(lang)}" for each in ORDER) for lang in Lang))


def _mark(step: Step, now: Step) -> str:
    place = ORDER.index(step) - ORDER.index(now)
    return DOING if place == 0 else DONE if place < 0 else WAITING
