"""The control socket: every operation, every refusal, and who may reach it."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from reader_bridge import control
from reader_bridge.control import CannotInsert, ControlError, ControlService, ask, default_path
from reader_bridge.echo import EchoCard
from reader_bridge.endpoint import Listen
from reader_bridge.server import CardServer, ResetKind
from reader_bridge.slot import CardLike
from tests.reader_bridge.support import BadCard, run


class Wiring:
    """Makes cards of image paths, and remembers those it got back."""

    def __init__(self) -> None:
        self.back: list[CardLike] = []
        self.made: list[BadCard] = []

    def make(self, image: Path) -> CardLike:
        if image.name == "torn":
            raise CannotInsert("torn: not a card image")
        if image.name == "absent":
            raise FileNotFoundError(2, "No such file or directory", "absent")
        self.made.append(BadCard())
        return self.made[-1]


Scene = Callable[[Path, ControlService, Wiring], Awaitable[Any]]


def served(folder: Path, play: Scene) -> Any:
    """Play a scene with a service of two empty readers, a and b."""

    async def scene() -> Any:
        wiring = Wiring()
        path = folder / "control"
        async with CardServer() as server:
            server.add_reader("a", Listen(port=0))
            server.add_reader("b", Listen(port=0))
            async with ControlService(server, wiring.make, wiring.back.append, path) as service:
                return await play(path, service, wiring)

    return run(scene)


async def asked(path: Path, *requests: control.Request) -> list[control.Answer]:
    return [await asyncio.to_thread(ask, request, path) for request in requests]


async def said(path: Path, *lines: bytes) -> list[Any]:
    """Answers to raw lines on one connection."""
    reader, writer = await asyncio.open_unix_connection(path)
    answers = []
    for line in lines:
        writer.write(line + b"\n")
        answers.append(json.loads(await reader.readline()))
    writer.close()
    return answers


def test_list_tells_of_every_reader(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> list[tuple[object, ...]]:
        [answer] = await asked(path, control.List())
        return [(one["name"], one["state"], one["connected"], one["atr"]) for one in answer["readers"]]

    assert [("a", "empty", False, ""), ("b", "empty", False, "")] == served(tmp_path, play)


def test_insert_fills_the_first_empty_reader(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> list[control.Answer]:
        return await asked(path, control.Insert("x.simcard"), control.Insert("y.simcard"))

    assert [{"reader": "a"}, {"reader": "b"}] == served(tmp_path, play)


def test_an_inserted_card_is_listed_with_its_atr(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> Any:
        return (await asked(path, control.Insert("x", "b"), control.List()))[1]["readers"][1]

    listed = served(tmp_path, play)
    assert ("off", EchoCard().atr.hex().upper()) == (listed["state"], listed["atr"])


def test_remove_gives_the_card_back_to_the_wiring(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, wiring: Wiring) -> bool:
        await asked(path, control.Insert("x"), control.Remove("a"))
        return wiring.made == wiring.back

    assert served(tmp_path, play)


def test_a_card_that_finds_no_reader_goes_back_to_the_wiring(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, wiring: Wiring) -> bool:
        with pytest.raises(ControlError, match="there is no reader z"):
            await asked(path, control.Insert("x", "z"))
        return wiring.made == wiring.back

    assert served(tmp_path, play)


@pytest.mark.parametrize("kind", ResetKind)
def test_reset_is_accepted_in_both_kinds(tmp_path: Path, kind: ResetKind) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> control.Answer:
        return (await asked(path, control.Insert("x"), control.Reset("a", kind)))[1]

    assert {"reader": "a"} == served(tmp_path, play)


def test_stop_tells_the_wiring(tmp_path: Path) -> None:
    async def play(path: Path, service: ControlService, _: Wiring) -> None:
        assert [{}] == await asked(path, control.Stop())
        await service.stopped.wait()

    served(tmp_path, play)


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (control.Insert("torn"), "bad-image", "not a card image"),
        (control.Insert("absent"), "bad-image", "No such file"),
        (control.Remove("a"), "refused", "a holds no card"),
        (control.Remove("z"), "refused", "there is no reader z"),
        (control.Reset("a"), "refused", "a holds no card"),
    ],
)
def test_a_refusal_has_a_code_and_a_text(tmp_path: Path, request_: control.Request, code: str, text: str) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> None:
        with pytest.raises(ControlError, match=text) as refused:
            await asked(path, request_)
        assert code == refused.value.code

    served(tmp_path, play)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"list", "malformed"),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `op`"),
        (b'{"op":"explode"}', "explode"),
        (b'{"op":"remove"}', "reader"),
        (b'{"op":"remove","reader":1}', "Expected `str`"),
        (b'{"op":"list","colour":1}', "colour"),
        (b'{"op":"reset","reader":"a","kind":"hot"}', "hot"),
    ],
)
def test_a_bad_request_is_answered_and_the_next_is_served(tmp_path: Path, line: bytes, text: str) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> list[Any]:
        return await said(path, line, b'{"op":"list"}')

    bad, good = served(tmp_path, play)
    assert (False, "bad-request") == (bad["ok"], bad["error"]["code"])
    assert text.lower() in bad["error"]["text"].lower()
    assert good["ok"]


def test_a_line_without_end_is_cut_off(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> Any:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"x" * (control.LONGEST_LINE + 1000))
        answer = json.loads(await reader.readline())
        writer.close()
        return answer["error"]["code"]

    assert served(tmp_path, play) == "too-long"


def test_a_client_that_leaves_disturbs_nobody(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> int:
        leaving = (await asyncio.open_unix_connection(path))[1]
        leaving.write(b'{"op":"list"}\n{"op"')
        leaving.close()
        return len((await asked(path, control.List()))[0]["readers"])

    assert served(tmp_path, play) == 2


def test_the_end_leaves_no_conversation_behind(tmp_path: Path) -> None:
    """Neither one that waits for a request nor one whose card is just being opened."""

    async def scene() -> tuple[int, bool]:
        wiring, opening = Wiring(), threading.Event()

        def make(image: Path) -> CardLike:
            opening.set()
            return wiring.make(image)

        async with CardServer() as server:
            server.add_reader("a", Listen(port=0))
            before = asyncio.all_tasks()
            async with ControlService(server, make, wiring.back.append, tmp_path / "control"):
                idle = await asyncio.open_unix_connection(tmp_path / "control")
                busy = await asyncio.open_unix_connection(tmp_path / "control")
                busy[1].write(b'{"op":"insert","image":"x"}\n')
                await asyncio.to_thread(opening.wait)
            left = len(asyncio.all_tasks() - before)
            for _, writer in (idle, busy):
                writer.close()
            return left, server.reader("a").slot.present

    assert (0, True) == run(scene)


def test_only_the_owner_reaches_the_socket(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    assert served(tmp_path, play) == 0o600


def test_the_socket_is_gone_afterwards(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> Path:
        return path

    assert not served(tmp_path, play).exists()


def test_what_a_dead_server_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control"))

    async def play(path: Path, _: ControlService, __: Wiring) -> int:
        return len((await asked(path, control.List()))[0]["readers"])

    assert served(tmp_path, play) == 2


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    async def play(path: Path, _: ControlService, __: Wiring) -> str:
        with pytest.raises(ControlError) as refused:
            control.bound(path)
        return refused.value.code

    assert served(tmp_path, play) == "already-running"


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "control").write_text("mine")
    with pytest.raises(ControlError, match="not a socket"):
        control.bound(tmp_path / "control")
    assert (tmp_path / "control").read_text() == "mine"


def test_no_service_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="no card server answers") as failed:
        ask(control.List(), tmp_path / "control")
    assert failed.value.code == "no-service"


def test_an_answer_that_is_not_one_is_a_clear_error() -> None:
    for line in (b"", b"[]", b"{}", b'{"ok":false}', b'{"ok":false,"error":3}'):
        with pytest.raises(ControlError) as failed:
            control._result(line)
        assert failed.value.code == "bad-answer"


def test_the_default_path_follows_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert Path("/run/user/7/simcard/control") == default_path()


def test_without_a_session_the_path_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 7)
    assert Path("/tmp/simcard-7/control") == default_path()


def test_the_default_folder_is_made_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    control.bound(default_path()).close()
    assert 0o700 == stat.S_IMODE((tmp_path / "simcard").stat().st_mode)


def test_a_default_folder_open_to_others_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "simcard").mkdir()
    (tmp_path / "simcard").chmod(0o755)
    with pytest.raises(ControlError, match="mode 700"):
        control.bound(default_path())
