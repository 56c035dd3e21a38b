"""The main window of the renewal client (电子口岸IC卡证书自主延期客户端).

All work with card and office is done by one other thread, a piece at a time, so that the window always answers.
A problem of any kind ends the session with the card: it is told, the card is let go, and the user may log in again.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ClassVar, ParamSpec, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import HostError, OfficeRefused, PinWrong
from host_tools.office.folder import Office
from host_tools.office.login import wrong_password
from host_tools.office.staging import TEXTS, Step
from host_tools.renewal.renewal import View
from host_tools.renewal.rules import MAY_RENEW
from host_tools.renewal.screen import texts
from host_tools.renewal.screen.dialogs import Notice, Password, Progress
from host_tools.renewal.screen.parts import Bilingual, Datum, Group, Line, Push
from host_tools.renewal.visit import Arrived, Shown, Visit, WayToCard, left_before, left_during
from simcard.wire.secret import Secret

P = ParamSpec("P")
T = TypeVar("T")
GLANCE = 2.0
"""Seconds between two looks whether the card is still there."""


class RenewalClient(Bilingual):
    """The client of one office and one way to a card. Its result is a text where a renewal was left unfinished.

    Keys with priority are looked at before the next one is, and before every dialog as well.
    """

    CSS_PATH = "client.tcss"
    TITLE = texts.TITLE.zh
    ENABLE_COMMAND_PALETTE = False
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012 - Textual declares it as it is
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "language", "", priority=True),
        Binding("f3", "log_in", "", priority=True),
        Binding("f4", "network_test", "", priority=True),
        Binding("f5", "renew", "", priority=True),
        Binding("f10,ctrl+q,ctrl+c", "quit", "", priority=True),
        ("left,up", "app.focus_previous", ""),
        ("right,down", "app.focus_next", ""),
    ]

    def __init__(self, office: Office, way: WayToCard, lang: Lang = Lang.ZH, glance: float | None = GLANCE) -> None:
        super().__init__()
        self.set_reactive(RenewalClient.lang, lang)
        self._office = office
        self._visit = Visit(office, way)
        self._desk = ThreadPoolExecutor(1, "desk")
        self._glance = glance
        self._busy = False
        self._shown: Shown | None = None
        self._progress: Progress | None = None

    # -- the window

    def compose(self) -> ComposeResult:
        with Vertical(id="window"):
            with Horizontal(id="title"):
                yield Line(texts.TITLE, ident="name")
                yield Push(texts.OTHER_LANGUAGE, "language")
            with Horizontal(classes="buttons"):
                yield Push(texts.LOG_IN, "log-in", "primary")
                yield Push(texts.NETWORK_TEST, "network-test")
            with Group(texts.HOLDER):
                for zh, en in View.TITLES:
                    yield Datum(Text(zh, en))
            yield Line(texts.LOGGED_OUT, ident="state")
            yield Line(texts.HINT, ident="hint")
            with Horizontal(classes="buttons"):
                yield Push(texts.RENEW, "renew", "primary")
                yield Push(texts.QUIT, "quit")
            yield Line(texts.KEYS, ident="keys")

    def on_mount(self) -> None:
        """Show that nobody is logged in, and begin to look after the card."""
        self.theme = "textual-light"
        self._refresh()
        if self._glance is not None:
            self.set_interval(self._glance, self.glance)

    async def on_unmount(self) -> None:
        """Let the card go, once what is being done is done."""
        await self._ask(self._visit.leave)
        self._desk.shutdown()

    def _refresh(self) -> None:
        shown, window = self._shown, self.screen_stack[0]
        self._show(texts.WAIT if self._busy else _state(shown))
        for name in ("#log-in", "#network-test"):
            window.query_one(name).disabled = self._busy
        may_renew = not self._busy and shown is not None and shown.may_renew
        window.query_one("#renew").disabled = not may_renew
        if not self._busy:
            window.query_one("#renew" if may_renew else "#log-in" if shown is None else "#quit").focus()

    def _show(self, state: Text) -> None:
        """The holder's data, and below them how things stand."""
        shown, window = self._shown, self.screen_stack[0]
        rows = ("",) * len(View.TITLES) if shown is None else tuple(text for _, _, text in shown.view.rows)
        for datum, text in zip(window.query(Datum), rows):
            datum.update(text)
        window.query_one("#state", Line).tell(state)

    # -- what the user does

    async def on_button_pressed(self, pressed: Button.Pressed) -> None:
        """A button of the main window is its action."""
        await self.run_action(str(pressed.button.id).replace("-", "_"))

    def action_language(self) -> None:
        """The other language."""
        self.lang = Lang.EN if self.lang is Lang.ZH else Lang.ZH

    async def action_log_in(self) -> None:
        """Log in with the card that is there; the password can be typed at once."""
        if self._is_free:
            self._busy = True
            dialog = Password(texts.READING, ready=False)
            given = await self._open(dialog)
            self._begin(partial(self._log_in, dialog, given))

    def action_network_test(self) -> None:
        """Try everything that a renewal needs."""
        if self._is_free:
            self._begin(self._test)

    def action_renew(self) -> None:
        """Renew the card, or say why it may not be renewed now."""
        if not self._is_free:
            return
        if self._shown is not None and self._shown.may_renew:
            self._progress = progress = Progress()
            self._begin(partial(self._renew, progress))
        else:
            self._begin(self._say_why_not)

    async def action_quit(self) -> None:
        """Quit; in the middle of a renewal say first what that would mean."""
        if self._progress is not None:
            self._progress.ask()
        else:
            self.exit()

    # -- work, one at a time

    async def _ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function says that may wait for the card or the registry."""
        call = lambda: function(*args, **kwargs)  # noqa: E731 - a name for what the thread does
        return await asyncio.get_running_loop().run_in_executor(self._desk, call)

    def _tell(self, *lines: Text) -> Awaitable[None]:
        self._show(_state(self._shown))
        return self.push_screen_wait(Notice(*lines))

    async def _open(self, dialog: Password) -> Future[Secret | None]:
        """Ask for the password; what will be given."""
        given: Future[Secret | None] = asyncio.get_running_loop().create_future()
        await self.push_screen(dialog, given.set_result)
        dialog.take_keys()
        return given

    @property
    def _is_free(self) -> bool:
        """Whether something may be begun. Dialogs are modal, so what is begun twice is a key pressed twice."""
        return not self._busy and self.screen is self.screen_stack[0]

    def _begin(self, job: Callable[[], Awaitable[None]]) -> None:
        self._busy = True
        self._refresh()
        self._do(job)

    @work
    async def _do(self, job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except HostError as error:
            await self._end(error)
        self._busy = False
        self._refresh()

    async def _end(self, error: HostError, *more: Text) -> None:
        """The session is over: tell why."""
        await self._leave()
        problem = Text(*(texts.say_problem(error, lang) for lang in Lang))
        await self._tell(problem, *more)

    async def _leave(self) -> None:
        self._shown = None
        await self._ask(self._visit.leave)

    async def _log_in(self, dialog: Password, given: Future[Secret | None]) -> None:
        self._shown = None
        try:
            arrived = await self._ask(self._visit.arrive)
        except HostError:
            self._close(dialog)
            raise
        if self.screen is not dialog:  # the user would rather not
            await self._leave()
        elif arrived.needs_pin and arrived.tries:
            dialog.wait_no_more(texts.tries_left(arrived.tries))
            await self._admit(given)
        else:
            self._close(dialog)
            await self._admit_without_password(arrived)

    def _close(self, dialog: Password) -> None:
        if self.screen is dialog:
            dialog.dismiss(None)

    async def _admit(self, given: Future[Secret | None]) -> None:
        """Log in, as soon as a password is right."""
        while True:
            self._show(_state(None))
            pin = await given
            if pin is None:
                await self._leave()
                return
            self._show(texts.WAIT)
            try:
                await self._ask(self._visit.log_in, pin, self.lang)
            except PinWrong as wrong:
                if not wrong.tries_left:
                    raise
                given = await self._open(Password(wrong_password(wrong.tries_left)))
            else:
                self._shown = await self._ask(self._visit.look)
                return

    async def _admit_without_password(self, arrived: Arrived) -> None:
        if arrived.needs_pin:
            await self._leave()
            await self._tell(texts.LOCKED)
        else:
            self._shown = await self._ask(self._visit.look)

    async def _renew(self, progress: Progress) -> None:
        await self.push_screen(progress)
        failed = left = None
        try:
            left = await self._follow(progress)
        except HostError as error:
            failed = error
        self._progress = None
        progress.dismiss(None)
        if failed is not None:
            await self._cut_short(failed, progress.step)
        elif left is not None:
            self.exit(_unfinished(left))
        else:
            await self._renewed()

    async def _follow(self, progress: Progress) -> Step | None:
        """Do every step; the one that was left undone where the user insisted on quitting."""
        steps = self._visit.renew(self.lang)
        while (step := await self._ask(_next, steps)) is not None:
            progress.tell(step)
            await progress.answered()
            if progress.leaving:
                return step
        return None

    async def _cut_short(self, error: HostError, step: Step | None) -> None:
        refused = step is None and isinstance(error, OfficeRefused)
        await self._end(error, *(() if refused else (texts.LEFT[left_during(step)], texts.AGAIN)))

    async def _renewed(self) -> None:
        self._shown = await self._ask(self._visit.look)
        end = self._shown.view.end
        text = Text(*(texts.RENEWED.say(lang).format(end=f"{end:{texts.DATE.say(lang)}}") for lang in Lang))
        await self._tell(text, texts.NEW_PASSWORD)

    async def _say_why_not(self) -> None:
        against = None if self._shown is None else self._shown.against
        await self._tell(against or texts.LOG_IN_FIRST)

    async def _test(self) -> None:
        rows = [await self._try(texts.PARTS[part], probe) for part, probe in self._visit.probes()]
        await self._tell(texts.NETWORK_TEST, *rows)

    async def _try(self, name: Text, probe: Callable[[], None]) -> Text:
        try:
            await self._ask(probe)
        except HostError as error:
            return Text(*(f"✗ {name.say(lang)}: {texts.say_problem(error, lang)}" for lang in Lang))
        return Text(f"✓ {name.zh}: 正常", f"✓ {name.en}: good")

    # -- the card that stays in the reader

    @work
    async def glance(self) -> None:
        """See whether the card of the session is still there; a card taken out ends the session."""
        if self._shown is None or self._busy:
            return
        try:
            await self._ask(self._visit.insist_on_card)
        except HostError as error:
            if not self._busy:
                await self._end(error)
                self._refresh()


def _next(steps: Iterator[Step]) -> Step | None:
    return next(steps, None)


def _state(shown: Shown | None) -> Text:
    """The line below the holder's data: what can be done now, or what stands against it."""
    if shown is None:
        return texts.LOGGED_OUT
    if shown.against is not None:
        return shown.against
    if shown.waits_for is not None:
        step = TEXTS[shown.waits_for]
        return Text(texts.CUT_SHORT.zh.format(step=step.zh), texts.CUT_SHORT.en.format(step=step.en))
    return MAY_RENEW


def _unfinished(step: Step) -> Text:
    """What is said after the program, where the user quit before a step."""
    lines = (texts.UNFINISHED, texts.LEFT[left_before(step)], texts.AGAIN)
    return Text(*("\n".join(each.say(lang) for each in lines) for lang in Lang))
