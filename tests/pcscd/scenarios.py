"""One script of SCard calls, good and bad, for any PC/SC service. Run as a program in the service's world.

    python -m tests.pcscd.scenarios READER EMPTY_READER

It writes JSON lines: `["do", ACTION]` asks whoever holds the cards to act and waits for a line in return,
`["case", LABEL, OUTCOME]` reports. Labels are unique and the outcomes of a right service do not depend on time.
Actions: `insert RECIPE`, `remove`, `busy` (wait until the slow card works), `kill` (a client process that
waits to be killed, see `hold`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.pcscd import winscard as w
from tests.pcscd.winscard import Winscard

GET = bytes.fromhex("0084000008")
WAIT_SECONDS = 0.3
PATIENCE_SECONDS = 20.0
FEATURES = 0x42000000 + 3400


class Later:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._result = ""
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], object]) -> None:
        self._result = str(call())

    def now(self) -> str:
        """The result, or `waits`."""
        self._thread.join(WAIT_SECONDS)
        return "waits" if self._thread.is_alive() else self._result

    def then(self) -> str:
        """The result, however long it takes."""
        self._thread.join(PATIENCE_SECONDS)
        return "hangs" if self._thread.is_alive() else self._result


class Desk:
    """Reports cases and has cards moved."""

    def __init__(self, reader: str, empty: str) -> None:
        self.api = Winscard()
        self.reader, self.empty = reader, empty
        self._prefix = ""
        self._contexts: list[int] = []

    def note(self, label: str, outcome: object) -> None:
        """Report one outcome."""
        self._write(["case", f"{self._prefix}: {label}", str(outcome)])

    def do(self, action: str) -> None:
        """Have something done, and done it is when this returns."""
        self._write(["do", action])
        sys.stdin.readline()

    def _write(self, message: list[str]) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def context(self) -> int:
        """A context that is released when the scenario ends."""
        context = self.api.context()
        self._contexts.append(context)
        return context

    def card(self, context: int, share: int = w.SHARED, protocols: int = w.ANY) -> int:
        """A handle, which must be possible."""
        answer = self.api.connect(context, self.reader, share, protocols)
        assert answer.code == "SUCCESS", answer.code
        return answer.value

    def pair(self) -> tuple[int, int]:
        """Handles of two programs that share the card."""
        return self.card(self.context()), self.card(self.context())

    def insert(self, recipe: str) -> None:
        """Insert a card and wait until clients can see it."""
        self.do(f"insert {recipe}")
        self.until(w.PRESENT)

    def remove(self) -> None:
        """Remove the card and wait until clients can see that."""
        self.do("remove")
        self.until(w.EMPTY)

    def until(self, state: int) -> None:
        """Wait until clients see the card, or see that it has gone."""
        context = self.api.context()
        current = w.UNAWARE
        while True:
            answer = self.api.status_change(context, 5000, (self.reader, current))
            if answer.value & state:
                break
            current = answer.value & ~w.CHANGED
        self.api.release(context)

    @contextmanager
    def scenario(self, prefix: str) -> Iterator[None]:
        """Name the cases; afterwards the card is unpowered and nobody is connected."""
        self._prefix = prefix
        yield
        for context in self._contexts:
            self.api.release(context)
        self._contexts.clear()
        context = self.api.context()
        answer = self.api.connect(context, self.reader, w.SHARED, w.RAW)
        if answer.code == "SUCCESS":
            self.api.disconnect(answer.value, w.UNPOWER)
        self.api.release(context)


def contexts(desk: Desk) -> None:
    """Contexts and lists."""
    api = desk.api
    for scope in (0, 1, 2, 3, 7):
        answer = api.establish(scope)
        desk.note(f"SCardEstablishContext scope {scope}", answer)
        if answer.code == "SUCCESS":
            desk.note(f"SCardReleaseContext scope {scope}", api.release(answer.value))
    context = desk.context()
    desk.note("SCardIsValidContext", api.valid(context))
    desk.note("SCardIsValidContext of none", api.valid(12345))
    desk.note("SCardReleaseContext of none", api.release(12345))
    desk.note("SCardListReaders", api.list_readers(context))
    desk.note("SCardListReaders without context", api.list_readers(12345))
    desk.note("SCardListReaders, length only", api.list_readers(context, None))
    desk.note("SCardListReaders, too little room", api.list_readers(context, 4))
    desk.note("SCardListReaders allocating, SCardFreeMemory", " ".join(api.list_allocated(context)))
    desk.note("SCardListReaderGroups", api.list_groups(context))
    desk.note("SCardListReaderGroups, too little room", api.list_groups(context, 2))
    gone = api.context()
    api.release(gone)
    desk.note("SCardConnect after SCardReleaseContext", api.connect(gone, desk.reader))
    desk.note("SCardIsValidContext after SCardReleaseContext", api.valid(gone))


def connecting(desk: Desk) -> None:
    """SCardConnect: sharing modes, protocols, readers."""
    api, context = desk.api, desk.context()
    shares = {"exclusive": w.EXCLUSIVE, "shared": w.SHARED, "direct": w.DIRECT, "mode 0": 0, "mode 4": 4}
    masks = {"none": 0, "T0": 1, "T1": 2, "T0|T1": 3, "RAW": 4, "T15": 8, "old any": 0x1000, "all": 7}
    for share_name, share in shares.items():
        for mask_name, mask in masks.items():
            answer = api.connect(context, desk.reader, share, mask)
            outcome = f"{answer} protocol {answer.data[0]}" if answer.code == "SUCCESS" else answer.code
            desk.note(f"SCardConnect {share_name} {mask_name}", outcome)
            if answer.code == "SUCCESS":
                api.disconnect(answer.value, w.UNPOWER)
    desk.note("SCardConnect unknown reader", api.connect(context, "nobody"))
    desk.note("SCardConnect no reader", api.connect(context, None))
    desk.note("SCardConnect empty name", api.connect(context, ""))
    desk.note("SCardConnect name too long", api.connect(context, "x" * 200))
    desk.note("SCardConnect without context", api.connect(12345, desk.reader))
    for share_name in ("exclusive", "shared", "direct"):
        answer = api.connect(context, desk.empty, shares[share_name])
        desk.note(f"SCardConnect {share_name}, no card", answer)
        if answer.code == "SUCCESS":
            desk.note("SCardStatus direct, no card", api.status(answer.value))
            desk.note("SCardTransmit direct, no card", api.transmit(answer.value, GET))
            desk.note("SCardReconnect direct to shared, no card", api.reconnect(answer.value))
            desk.note("SCardBeginTransaction direct, no card", api.begin(answer.value))
            desk.note("SCardEndTransaction direct, no card", api.end(answer.value))
            desk.note("SCardDisconnect direct, no card", api.disconnect(answer.value, w.RESET))


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


def reconnecting(desk: Desk) -> None:
    """SCardReconnect: modes, protocols, initialisations."""
    api, context = desk.api, desk.context()
    card = desk.card(context)
    for initialization in (w.LEAVE, w.RESET, w.UNPOWER, w.EJECT, 9):
        for share in (w.SHARED, w.DIRECT, 0, 4):
            for mask in (w.ANY, 0, w.T0, w.T1):
                answer = api.reconnect(card, share, mask, initialization)
                text = f"{answer} protocol {answer.value}" if answer.code == "SUCCESS" else answer.code
                desk.note(f"SCardReconnect mode {share} protocols {mask} init {initialization}", text)
    api.reconnect(card, w.SHARED, w.ANY, w.RESET)
    desk.note("SCardReconnect without handle", api.reconnect(0))
    desk.note("SCardReconnect shared to exclusive", api.reconnect(card, w.EXCLUSIVE))
    desk.note("SCardConnect beside it", api.connect(desk.context(), desk.reader))
    desk.note("SCardReconnect exclusive to exclusive", api.reconnect(card, w.EXCLUSIVE))
    desk.note("SCardReconnect exclusive to shared", api.reconnect(card, w.SHARED))
    second = desk.context()
    waiting = Later(lambda: api.connect(second, desk.reader))
    desk.note("SCardConnect of another after exclusive to shared", waiting.now())
    desk.note("SCardEndTransaction after exclusive to shared", api.end(card))
    desk.note("SCardConnect of another after that", waiting.then())
    desk.note("SCardReconnect to exclusive beside another", api.reconnect(card, w.EXCLUSIVE))
    desk.note("SCardDisconnect", api.disconnect(card))
    desk.note("SCardReconnect after SCardDisconnect", api.reconnect(card))


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


def notices(desk: Desk, when: str, card: int) -> None:
    """Every call on a handle."""
    api = desk.api
    desk.note(f"SCardStatus {when}", api.status(card))
    desk.note(f"SCardTransmit {when}", api.transmit(card, GET))
    desk.note(f"SCardGetAttrib {when}", api.get_attribute(card, 0x0303))
    desk.note(f"SCardSetAttrib {when}", api.set_attribute(card, 0x0303, b"x"))
    desk.note(f"SCardControl {when}", api.control(card, FEATURES))
    code = api.begin(card)
    desk.note(f"SCardBeginTransaction {when}", code)
    desk.note(f"SCardEndTransaction {when}", api.end(card))


def transactions(desk: Desk) -> None:
    """One's own transactions."""
    api = desk.api
    card = desk.card(desk.context())
    desk.note("SCardEndTransaction without one", api.end(card))
    desk.note("SCardBeginTransaction", api.begin(card))
    desk.note("SCardBeginTransaction, nested", api.begin(card))
    desk.note("SCardTransmit within", api.transmit(card, GET))
    desk.note("SCardStatus within", api.status(card))
    desk.note("SCardReconnect within", api.reconnect(card))
    desk.note("SCardEndTransaction disposition 9", api.end(card, 9))
    desk.note("SCardEndTransaction, inner", api.end(card))
    desk.note("SCardEndTransaction, outer", api.end(card))
    desk.note("SCardEndTransaction, once too often", api.end(card))
    for disposition in (w.RESET, w.UNPOWER, w.EJECT):
        api.begin(card)
        what = f"SCardEndTransaction {disposition}"
        desk.note(what, api.end(card, disposition))
        notices(desk, f"after one's own {what}", card)
        desk.note(f"SCardReconnect after one's own {what}", api.reconnect(card))
        desk.note(f"SCardTransmit after reconnecting after {what}", api.transmit(card, GET))
    desk.note("SCardBeginTransaction without handle", api.begin(0))
    desk.note("SCardEndTransaction without handle", api.end(0))
    api.begin(card)
    desk.note("SCardDisconnect within", api.disconnect(card))


def exclusive_transactions(desk: Desk) -> None:
    """Transactions of an exclusive connection."""
    api = desk.api
    card = desk.card(desk.context(), w.EXCLUSIVE)
    desk.note("SCardEndTransaction without one", api.end(card))
    desk.note("SCardBeginTransaction", api.begin(card))
    desk.note("SCardTransmit within", api.transmit(card, GET))
    desk.note("SCardEndTransaction", api.end(card))
    desk.note("SCardEndTransaction, once too often", api.end(card))
    desk.note("SCardTransmit after", api.transmit(card, GET))


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


def transmitting(desk: Desk) -> None:
    """SCardTransmit."""
    api = desk.api
    card = desk.card(desk.context(), w.SHARED, w.T1)
    answer = api.transmit(card, GET)
    desk.note("T=1", f"{answer} {answer.data.hex()}")
    for protocol_name, protocol in {"T=0": 1, "RAW": 4, "old any": 0x1000, "none": 0}.items():
        answer = api.transmit(card, GET, protocol)
        desk.note(f"{protocol_name} while T=1 is active", f"{answer} {answer.data.hex()}".strip())
    for room in (10, 9, 2, 1, 0):
        answer = api.transmit(card, GET, room=room)
        desk.note(f"room for {room} of 10 bytes", f"{answer} length {answer.value}")
    long = bytes.fromhex("00EC000000FDE8") + bytes(65000)
    answer = api.transmit(card, long)
    desk.note("65000 bytes there and back", f"{answer} length {answer.value}")
    desk.note("65549 bytes", api.transmit(card, bytes(65549)))
    desk.note("no buffers", api.transmit_nothing(card))
    desk.note("no handle", api.transmit(0, GET))
    desk.note("foreign handle", api.transmit(12345, GET))
    desk.note("still there", api.transmit(card, GET))


def inquiring(desk: Desk) -> None:
    """SCardStatus, attributes and control."""
    api = desk.api
    card = desk.card(desk.context())
    answer = api.status(card)
    desk.note("SCardStatus", f"{answer} state {answer.value:02X} ATR {answer.data.hex()}")
    desk.note("SCardStatus, too little room for the name", api.status(card, room=3))
    desk.note("SCardStatus, too little room for the ATR", api.status(card, atr_room=3))
    desk.note("SCardStatus without handle", api.status(0))
    tags = {
        "IFD ATR": 0x0303, "ATR_STRING": 0x90303, "VENDOR_NAME": 0x10100, "VENDOR_IFD_TYPE": 0x10101,
        "VENDOR_IFD_VERSION": 0x10102, "VENDOR_IFD_SERIAL_NO": 0x10103, "CHANNEL_ID": 0x20110,
        "MAX_IFSD": 0x30125, "POWER_MGMT_SUPPORT": 0x40131, "CHARACTERISTICS": 0x60150, "MAXINPUT": 0x7A007,
        "CURRENT_PROTOCOL_TYPE": 0x80201, "ICC_PRESENCE": 0x90300, "ICC_INTERFACE_STATUS": 0x90301,
        "DEVICE_UNIT": 0x7FFF0001, "DEVICE_FRIENDLY_NAME": 0x7FFF0003, "DEVICE_SYSTEM_NAME": 0x7FFF0004,
        "unknown": 0x12345,
    }  # fmt: skip
    for tag_name, tag in tags.items():
        desk.note(f"SCardGetAttrib {tag_name}", api.get_attribute(card, tag))
    desk.note("SCardGetAttrib, length only", api.get_attribute(card, 0x0303, None))
    desk.note("SCardGetAttrib, too little room", api.get_attribute(card, 0x0303, 3))
    desk.note("SCardGetAttrib, too much room", api.get_attribute(card, 0x0303, 300))
    desk.note("SCardGetAttrib without handle", api.get_attribute(0, 0x0303))
    desk.note("SCardSetAttrib", api.set_attribute(card, 0x90303, b"x"))
    desk.note("SCardSetAttrib of nothing", api.set_attribute(card, 0x90303, b""))
    desk.note("SCardSetAttrib without handle", api.set_attribute(0, 0x90303, b"x"))
    desk.note("SCardControl GET_FEATURE_REQUEST", api.control(card, FEATURES))
    desk.note("SCardControl unknown code", api.control(card, 0x42001234, b"abc"))
    desk.note("SCardControl too long", api.control(card, FEATURES, bytes(65549)))
    desk.note("SCardControl without handle", api.control(0, FEATURES))
    direct = desk.card(desk.context(), w.DIRECT)
    desk.note("SCardControl direct", api.control(direct, FEATURES))


def watching(desk: Desk) -> None:
    """SCardGetStatusChange and SCardCancel."""
    api, context = desk.api, desk.context()
    for reader_name, reader in (("card", desk.reader), ("no card", desk.empty)):
        answer = api.status_change(context, 0, (reader, w.UNAWARE))
        desk.note(f"unaware, {reader_name}", f"{answer} {answer.value:04X}")
        answer = api.status_change(context, 50, (reader, answer.value & ~w.CHANGED))
        desk.note(f"aware, {reader_name}", f"{answer} {answer.value:04X}")
    card = desk.card(desk.context())
    answer = api.status_change(context, 0, (desk.reader, w.UNAWARE))
    desk.note("card in use", f"{answer} {answer.value:04X}")
    api.disconnect(card)
    exclusive = desk.card(desk.context(), w.EXCLUSIVE)
    answer = api.status_change(context, 0, (desk.reader, w.UNAWARE))
    desk.note("card in exclusive use", f"{answer} {answer.value:04X}")
    api.disconnect(exclusive)
    desk.note("unknown reader", api.status_change(context, 0, ("nobody", w.UNAWARE)))
    desk.note("no reader", api.status_change(context, 0))
    desk.note("ignored reader", api.status_change(context, 0, (desk.reader, w.IGNORE)))
    desk.note("seventeen readers", api.status_change(context, 0, *[(desk.reader, 0)] * 17))
    desk.note("no context", api.status_change(12345, 0, (desk.reader, w.UNAWARE)))
    desk.note("new readers", api.status_change(context, 50, ("\\\\?PnP?\\Notification", w.UNAWARE)))
    desk.note("SCardCancel without a wait", api.cancel(context))
    desk.note("SCardCancel without context", api.cancel(12345))
    waiting = Later(lambda: api.status_change(context, 20000, (desk.empty, w.EMPTY)))
    desk.note("wait", waiting.now())
    desk.note("SCardCancel of it", api.cancel(context))
    desk.note("wait, cancelled", waiting.then())
    desk.note("context after that", api.list_readers(context))


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


def silent(desk: Desk) -> None:
    """A card that does not answer."""
    api = desk.api
    desk.remove()
    desk.insert("mute")
    ours = desk.card(desk.context())
    desk.note("SCardTransmit to a mute card", api.transmit(ours, GET))
    desk.note("SCardTransmit again", api.transmit(ours, GET))
    desk.note("SCardStatus", api.status(ours))
    desk.note("SCardReconnect reset", api.reconnect(ours, w.SHARED, w.ANY, w.RESET))
    desk.note("SCardDisconnect", api.disconnect(ours))
    desk.remove()
    desk.insert("both")


def protocols(desk: Desk) -> None:
    """The protocol that different cards get."""
    api = desk.api
    for recipe in ("t0", "t1", "both", "default t0", "specific t0", "t15 first"):
        desk.remove()
        desk.insert(recipe)
        for mask_name, mask in {"T0": 1, "T1": 2, "T0|T1": 3, "old any": 0x1000, "all": 7}.items():
            answer = api.connect(desk.context(), desk.reader, w.SHARED, mask)
            outcome = f"{answer} protocol {answer.data[0]}" if answer.code == "SUCCESS" else answer.code
            desk.note(f"card {recipe}, {mask_name} wanted", outcome)
            if answer.code == "SUCCESS":
                api.disconnect(answer.value, w.UNPOWER)
    desk.remove()
    desk.insert("both")


SCENARIOS: dict[str, Callable[[Desk], None]] = {
    "contexts": contexts,
    "connect": connecting,
    "sharing": sharing,
    "reconnect": reconnecting,
    "disconnect": disconnecting,
    "transaction": transactions,
    "exclusive": exclusive_transactions,
    "locked out": locked_out,
    "locked out, disconnect": disconnecting_while_locked,
    "death": dying,
    "SCardTransmit": transmitting,
    "inquiry": inquiring,
    "SCardGetStatusChange": watching,
    "removal": removing,
    "removal, exclusive": removing_from_exclusive,
    "removal during": removing_during,
    "silence": silent,
    "protocols": protocols,
}


def main(reader: str, empty: str) -> None:
    """Run everything. Without blocking, so that refusals are seen and not tried again."""
    os.environ["PCSCLITE_NO_BLOCKING"] = "1"
    desk = Desk(reader, empty)
    desk.until(w.PRESENT)
    for prefix, scenario in SCENARIOS.items():
        with desk.scenario(prefix):
            scenario(desk)


if __name__ == "__main__":
    if sys.argv[1] == "--hold":
        be_killed(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
