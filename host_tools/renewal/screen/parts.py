"""The parts screens are made of. Each keeps its text in both languages and follows the language of the client."""

from __future__ import annotations

from typing import Literal

from textual.app import App
from textual.containers import Grid
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Static

from host_tools.eport_client.wording import Lang, Text

NOTHING = Text("", "")


class Bilingual(App[Text]):
    """An application in two languages; its result is what is to be said after it."""

    lang: reactive[Lang] = reactive(Lang.ZH)


def lang_of(widget: Widget) -> Lang:
    """The language a widget speaks now."""
    app = widget.app
    assert isinstance(app, Bilingual)
    return app.lang


class Line(Static):
    """A text. It may hold anything a registry or a card says, so nothing in it is markup."""

    def __init__(self, text: Text = NOTHING, ident: str | None = None, classes: str | None = None) -> None:
        super().__init__("", id=ident, classes=classes, markup=False)
        self._words = text

    def on_mount(self) -> None:
        """Follow the language."""
        self.watch(self.app, "lang", self._say)

    def tell(self, text: Text) -> None:
        """Another text."""
        self._words = text
        self._say()

    def _say(self) -> None:
        self.update(self._words.say(lang_of(self)))


class Push(Button):
    """A button."""

    def __init__(self, text: Text, ident: str, variant: Literal["default", "primary"] = "default") -> None:
        super().__init__("", id=ident, variant=variant)
        self._words = text

    def on_mount(self) -> None:
        """Follow the language."""
        self.watch(self.app, "lang", self._say)

    def _say(self) -> None:
        self.label = self._words.say(lang_of(self))


class Group(Grid):
    """Data that belong together, with their name in the frame."""

    def __init__(self, name: Text) -> None:
        super().__init__()
        self._words = name

    def on_mount(self) -> None:
        """Follow the language."""
        self.watch(self.app, "lang", self._say)

    def _say(self) -> None:
        self.border_title = self._words.say(lang_of(self))


class Datum(Static):
    """One datum of the holder, filled by the system: grey, with its name in the frame."""

    def __init__(self, name: Text) -> None:
        super().__init__("", markup=False)
        self._words = name

    def on_mount(self) -> None:
        """Follow the language."""
        self.watch(self.app, "lang", self._say)

    def _say(self) -> None:
        self.border_title = self._words.say(lang_of(self))
