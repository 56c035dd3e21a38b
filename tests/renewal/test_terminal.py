"""The renewal client as a program: on a terminal of its own, with a card image and an office's folder."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from host_tools.cli import renewal_client
from host_tools.eport_client.wording import Text
from host_tools.office.staging import TEXTS, Step
from host_tools.pki.certificate import Use
from host_tools.registry.states import ProcedureKind
from host_tools.renewal.screen.client import RenewalClient
from simcard.hal.fileflash import FileFlash
from tests.cli.conftest import Simcard, simcard
from tests.issuing.support import Town

__all__ = ["simcard"]

DAY = "2036-08-14"
LOG_IN, RENEW, QUIT, ENTER = b"\x1bOR", b"\x1b[15~", b"\x11", b"\r"
PATIENCE = 120
"""Seconds without a byte after which the program counts as stuck."""


@pytest.fixture
def image(town: Town, tmp_path: Path) -> Path:
    """The legal-person card in a file."""
    path, content = tmp_path / "legal.simcard", town.images[town.legal]
    flash = FileFlash.create(path, len(content))
    flash.program(0, content)
    flash.sync()
    flash.close()
    return path


class Terminal:
    """The program on a pseudo terminal."""

    def __init__(self, arguments: list[str]) -> None:
        self._own, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "34"}
        command = [sys.executable, "-m", "host_tools.cli", *arguments]
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)

    def reads(self, text: str) -> None:
        """Read until a text was drawn."""
        seen = b""
        while text.encode() not in seen:
            assert select.select([self._own], [], [], PATIENCE)[0], f"{text} does not come"
            seen += os.read(self._own, 65536)

    def types(self, keys: bytes) -> None:
        os.write(self._own, keys)

    def end(self) -> int:
        """Read what is left; the exit code."""
        try:
            while select.select([self._own], [], [], PATIENCE)[0] and os.read(self._own, 65536):
                pass
        except OSError:  # how Linux says that the other side is closed
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._own)


@contextmanager
def terminal(*arguments: str | Path) -> Iterator[Terminal]:
    made = Terminal([str(each) for each in arguments])
    try:
        yield made
    finally:
        made.close()


def test_a_card_is_renewed_on_a_terminal(town: Town, image: Path) -> None:
    with terminal("renewal-client", image, "--office", town.folder, "--date", DAY) as window:
        window.reads("请插好法人卡")
        window.types(LOG_IN)
        window.reads("请输入IC卡密码")
        window.types(b"88888888" + ENTER)
        window.reads("该卡可以延期")
        window.types(RENEW)
        window.reads("2046年08月14日")
        window.types(ENTER)
        window.reads("无需延期")
        window.types(QUIT)
        assert 0 == window.end()
    with town.office.registry.reading() as work:
        assert "2046-08-14" == f"{work.current(work.card(town.legal), Use.SIGN).not_after:%Y-%m-%d}"


QUITTING = {"F10": b"\x1b[21~", "Ctrl-Q": QUIT, "Ctrl-C": b"\x03"}


@pytest.mark.parametrize("key", list(QUITTING))
def test_the_keys_that_quit_do_so_before_the_password(town: Town, image: Path, key: str) -> None:
    with terminal("renewal-client", image, "--office", town.folder, "--date", DAY) as window:
        window.reads("请插好法人卡")
        window.types(LOG_IN)
        window.reads("请输入IC卡密码")
        window.types(QUITTING[key])
        assert 0 == window.end()


@pytest.mark.parametrize("key", list(QUITTING))
def test_the_keys_that_quit_ask_first_in_a_renewal_and_are_not_too_late(town: Town, image: Path, key: str) -> None:
    with terminal("renewal-client", image, "--office", town.folder, "--date", DAY) as window:
        window.reads("请插好法人卡")
        window.types(LOG_IN + b"88888888" + ENTER)  # all at once: nothing typed is lost
        window.reads("该卡可以延期")
        window.types(RENEW + QUITTING[key])
        window.reads("现在退出会怎样")
        window.types(b"\t" + ENTER)
        window.reads("延期没有办完")
        assert 1 == window.end()
    with town.office.registry.reading() as work:
        assert work.open_procedure(ProcedureKind.RENEW, work.card(town.legal)) is not None


def in_a_reader(image: Path, office: Path, fault: str = "at 1000000 remove") -> AbstractContextManager[Terminal]:
    """The client with the card in a PC/SC reader in which something goes wrong."""
    client = (sys.executable, "-m", "host_tools.cli", "renewal-client", "--reader", "simcard")
    world = ("exec", "--card", image, "--fault", fault, "--")
    return terminal(*world, *client, "--office", office, "--date", DAY)


@pytest.mark.pcsc
@pytest.mark.parametrize(("after", "found"), [("before", Step.SCRIPT), ("after", Step.RECORD)])
def test_a_card_pulled_from_its_reader_is_told_and_the_next_run_goes_on(
    town: Town, image: Path, after: str, found: Step
) -> None:
    with in_a_reader(image, town.folder, f"on 80F8 remove {after}") as window:
        window.reads("请插好法人卡")
        window.types(LOG_IN)
        window.reads("请输入IC卡密码")
        window.types(b"88888888" + ENTER)
        window.reads("该卡可以延期")
        window.types(RENEW)
        window.reads("已拔出")
        window.reads("接着办理")
        window.types(ENTER)
        window.reads("请插好法人卡")
        window.types(QUIT)
        assert 0 == window.end()
    with in_a_reader(image, town.folder) as window:
        window.reads("请插好法人卡")
        window.types(LOG_IN)
        window.reads(TEXTS[found].zh)
        window.types(RENEW)
        window.reads("2046年08月14日")
        window.types(ENTER + QUIT)
        assert 0 == window.end()


def test_without_a_terminal_it_says_what_to_use_instead(simcard: Simcard, town: Town, image: Path) -> None:
    done = simcard("renewal-client", image, "--office", town.folder)
    assert 2 == done.code
    assert "needs a terminal; use simcard renew in scripts" in done.err


def test_a_renewal_left_unfinished_is_told_after_the_window_is_gone(
    simcard: Simcard, town: Town, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_client, "on_terminal", lambda: True)
    monkeypatch.setattr(RenewalClient, "run", lambda _: Text("没有办完", "not finished"))
    done = simcard("renewal-client", image, "--office", town.folder, "--lang", "en")
    assert (1, "not finished\n") == (done.code, done.err)
