"""SCard calls of several programs that share a card, and of cards that go meanwhile. `scenarios` runs them."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.pcscd import winscard as w
from tests.pcscd.desk import FEATURES, GET, PATIENCE_SECONDS, Desk, Later, notices
from tests.pcscd.winscard import Winscard


def sharing(desk: Desk) -> None:
    """Who may connect beside whom."""
    api, ours, theirs = desk.api, desk.context(), desk.context()
    modes = {"exclusive": w.EXCLUSIVE, "shared": w.SHARED, "direct": w.DIRECT}
    for first_name, first in modes.items():
        held = desk.card(ours, first)
        for second_name, second in modes.items():
            for where, context in (("", theirs), (", same context", ours)):
                answer = api.connect(context, desk.reader, second)
                desk.note(f"SCardConnect {second_name} beside {first_name}{where}", answer)
                if answer.code == "SUCCESS":
                    desk.note(f"SCardDisconnect {second_name} beside {first_name}{where}", api.disconnect(answer.value))
        desk.note(f"SCardDisconnect {first_name}", api.disconnect(held))
    held = desk.card(ours, w.SHARED, w.T1)
    for mask_name, mask in {"T0": 1, "T1": 2, "RAW": 4}.items():
        answer = api.connect(theirs, desk.reader, w.SHARED, mask)
        desk.note(f"SCardConnect {mask_name} while T1 is active", answer)
        if answer.code == "SUCCESS":
            api.disconnect(answer.value)
    desk.note("SCardTransmit after somebody connected RAW", api.transmit(held, GET))


def disconnecting(desk: Desk) -> None:
    """SCardDisconnect, and what others notice."""
    api = desk.api
    for disposition in (w.LEAVE, w.RESET, w.UNPOWER, w.EJECT, 9):
        ours, theirs = desk.pair()
        what = f"SCardDisconnect {disposition}"
        code = api.disconnect(ours, disposition)
        desk.note(what, code)
        desk.note(f"{what}, again", api.disconnect(ours, disposition))
        if code != "SUCCESS":
            api.disconnect(ours)
        notices(desk, f"after another's {what}", theirs)
        desk.note(f"SCardReconnect after another's {what}", api.reconnect(theirs))
        answer = api.transmit(theirs, GET)
        desk.note(f"SCardTransmit after reconnecting after {what}", answer)
        desk.note(f"SCardConnect of a third after {what}", api.connect(desk.context(), desk.reader))
        answer = api.reconnect(theirs, w.SHARED, w.ANY, w.RESET)
        desk.note(f"SCardReconnect with a reset after {what}", answer)
        desk.note(f"SCardTransmit after that reset after {what}", api.transmit(theirs, GET))
        desk.note(f"SCardDisconnect after {what}", api.disconnect(theirs))
    desk.note("SCardDisconnect without handle", api.disconnect(0))
    desk.note("SCardDisconnect of a foreign handle", api.disconnect(12345))


def locked_out(desk: Desk) -> None:
    """Everything while another program's transaction is open."""
    api = desk.api
    ours, theirs = desk.pair()
    api.begin(theirs)
    desk.note("SCardStatus", api.status(ours))
    desk.note("SCardTransmit", api.transmit(ours, GET))
    desk.note("SCardGetAttrib", api.get_attribute(ours, 0x0303))
    desk.note("SCardSetAttrib", api.set_attribute(ours, 0x0303, b"x"))
    desk.note("SCardControl", api.control(ours, FEATURES))
    desk.note("SCardReconnect", api.reconnect(ours))
    desk.note("SCardEndTransaction leave", api.end(ours))
    desk.note("SCardEndTransaction reset", api.end(ours, w.RESET))
    begin = Later(lambda: api.begin(ours))
    desk.note("SCardBeginTransaction", begin.now())
    third = desk.context()
    connect = Later(lambda: api.connect(third, desk.reader))
    desk.note("SCardConnect shared", connect.now())
    fourth = desk.context()
    desk.note("SCardGetStatusChange", api.status_change(fourth, 0, (desk.reader, w.UNAWARE)))
    desk.note("SCardEndTransaction of the other", api.end(theirs))
    desk.note("SCardBeginTransaction then", begin.then())
    connecting_now = connect.now()
    desk.note("SCardEndTransaction of ours", api.end(ours))
    desk.note("SCardConnect shared then", connect.then() if connecting_now == "waits" else connecting_now)
    api.begin(theirs)
    desk.note("SCardDisconnect leave", api.disconnect(ours))
    ours_again = desk.context()
    direct = Later(lambda: api.connect(ours_again, desk.reader, w.DIRECT))
    desk.note("SCardConnect direct", direct.now())
    api.end(theirs)
    desk.note("SCardConnect direct then", direct.then())


def disconnecting_while_locked(desk: Desk) -> None:
    """SCardDisconnect with a reset while another program's transaction is open."""
    api = desk.api
    ours, theirs = desk.pair()
    api.begin(theirs)
    disconnect = Later(lambda: api.disconnect(ours, w.RESET))
    desk.note("SCardDisconnect reset", disconnect.now())
    desk.note("SCardTransmit of the other", api.transmit(theirs, GET))
    api.end(theirs)
    desk.note("SCardDisconnect reset then", disconnect.then())
    desk.note("SCardStatus of the other", api.status(theirs))


def dying(desk: Desk) -> None:
    """What is left of programs that die or release their context with everything open."""
    api = desk.api
    card = desk.card(desk.context())
    for how in ("shared", "transaction", "exclusive"):
        if how == "exclusive":
            api.disconnect(card)
        hold(desk.reader, how)
        if how == "exclusive":
            desk.note("SCardConnect after an exclusive program died", settled(desk))
            continue
        code = api.status(card).code
        deadline = time.monotonic() + PATIENCE_SECONDS
        while code == "E_SHARING_VIOLATION" and time.monotonic() < deadline:
            code = api.status(card).code
        desk.note(f"SCardStatus after a program with a {how} connection died", code)
        answer = f"{api.reconnect(card)} {recovered(desk, card)}"
        desk.note(f"SCardReconnect, SCardTransmit after a program with a {how} connection died", answer)
    watcher, context = desk.card(desk.context()), api.context()
    open_card = desk.card(context)
    desk.note("SCardReleaseContext with an open handle", api.release(context))
    desk.note("SCardStatus on that handle", api.status(open_card))
    desk.note("SCardStatus of the other program", api.status(watcher))
    context = api.context()
    api.begin(desk.card(context))
    desk.note("SCardReleaseContext within a transaction", api.release(context))
    desk.note("SCardStatus of the other program after that", api.status(watcher))


def removing(desk: Desk) -> None:
    """The card goes between calls, and comes back."""
    api = desk.api
    ours, theirs = desk.pair()
    direct = desk.card(desk.context(), w.DIRECT)
    api.begin(theirs)
    desk.remove()
    desk.note("SCardEndTransaction in a transaction", api.end(theirs))
    notices(desk, "without card", ours)
    notices(desk, "direct, without card", direct)
    for share_name, share in {"exclusive": w.EXCLUSIVE, "shared": w.SHARED, "direct": w.DIRECT}.items():
        answer = api.connect(desk.context(), desk.reader, share)
        desk.note(f"SCardConnect {share_name} without card", answer)
    for initialization in (w.LEAVE, w.RESET, w.UNPOWER):
        answer = api.reconnect(ours, w.SHARED, w.ANY, initialization)
        desk.note(f"SCardReconnect {initialization} without card", answer)
    desk.note("SCardDisconnect reset without card", api.disconnect(direct, w.RESET))
    desk.insert("both")
    notices(desk, "with a new card", ours)
    desk.note("SCardReconnect with a new card", api.reconnect(ours))
    # Without a reset the new card may have lost its power again, because nobody used it: a matter of time.
    desk.note("SCardReconnect with a reset", api.reconnect(ours, w.SHARED, w.ANY, w.RESET))
    desk.note("SCardTransmit after reconnecting", api.transmit(ours, GET))
    desk.note("SCardBeginTransaction after reconnecting", api.begin(ours))
    desk.note("SCardEndTransaction after reconnecting", api.end(ours))


def removing_from_exclusive(desk: Desk) -> None:
    """The card goes while a program has it exclusively."""
    api = desk.api
    ours = desk.card(desk.context(), w.EXCLUSIVE)
    desk.remove()
    desk.note("SCardStatus", api.status(ours))
    desk.note("SCardConnect of another, without card", api.connect(desk.context(), desk.reader))
    desk.insert("both")
    desk.note("SCardConnect of another, with a new card", api.connect(desk.context(), desk.reader))
    desk.note("SCardReconnect exclusive", api.reconnect(ours, w.EXCLUSIVE, w.ANY, w.RESET))
    desk.note("SCardTransmit", api.transmit(ours, GET))
    desk.note("SCardDisconnect", api.disconnect(ours))


def removing_during(desk: Desk) -> None:
    """The card goes while a call waits."""
    api = desk.api
    ours, theirs = desk.pair()
    api.begin(theirs)
    begin = Later(lambda: api.begin(ours))
    third, fourth = desk.context(), desk.context()
    connect = Later(lambda: api.connect(third, desk.reader))
    watch = Later(lambda: api.status_change(fourth, 20000, (desk.reader, w.PRESENT | 0x100)))
    desk.note("SCardBeginTransaction before", begin.now())
    desk.note("SCardConnect before", connect.now())
    desk.note("SCardGetStatusChange before", watch.now())
    desk.remove()
    desk.note("SCardBeginTransaction", begin.then())
    desk.note("SCardConnect", connect.then())
    desk.note("SCardGetStatusChange", watch.then())
    desk.insert("slow")
    desk.note("SCardReconnect to a slow card", api.reconnect(ours, w.SHARED, w.ANY, w.RESET))
    transmit = Later(lambda: api.transmit(ours, GET))
    desk.do("busy")
    desk.note("SCardTransmit before", transmit.now())
    desk.do("remove")
    desk.note("SCardTransmit", transmit.then())
    desk.until(w.EMPTY)
    desk.note("SCardTransmit after", api.transmit(ours, GET))
    desk.note("SCardStatus after", api.status(ours))
    desk.insert("both")


def hold(reader: str, how: str) -> None:
    """Start a program that connects, and kill it."""
    command = [sys.executable, "-m", "tests.pcscd.scenarios", "--hold", reader, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.kill()


def be_killed(reader: str, how: str) -> None:
    """What `hold` starts."""
    api = Winscard()
    answer = api.connect(api.context(), reader, w.EXCLUSIVE if how == "exclusive" else w.SHARED)
    if how == "transaction":
        api.begin(answer.value)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


def recovered(desk: Desk, card: int) -> str:
    """The code of SCardTransmit when the card's reset is over: pcscd gives notice of it before it does it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        code = desk.api.transmit(card, GET).code
        if code == "SUCCESS" or time.monotonic() > deadline:
            return code
        desk.api.reconnect(card)


def settled(desk: Desk) -> str:
    """The code of SCardConnect when the dead program's connection is gone."""
    context = desk.context()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        code = desk.api.connect(context, desk.reader).code
        if code != "E_SHARING_VIOLATION" or time.monotonic() > deadline:
            return code
