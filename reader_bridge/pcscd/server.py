"""The rootless PC/SC service: a Unix socket that libpcsclite takes for pcscd.

    with PcscService(path) as service:
        reader = service.add_reader("Virtual PCD 00 00")
        reader.insert(card)
        subprocess.run(["opensc-tool", "--atr"], env=os.environ | service.environment)

Rules:
- Threads, not an event loop: libpcsclite sends one APDU in three writes and waits for the answer, and a thread
  per client that blocks in `recv`, as pcscd has it, answers in half the time of a loop with an executor.
- The socket is only for its owner (mode 600); it takes connections only after the mode is set.
- All methods may be called from any thread, `insert` and `remove` also by a card in the midst of a command.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from reader_bridge.pcscd.engine import Engine
from reader_bridge.pcscd.pinpad import PinPad
from reader_bridge.pcscd.readers import Reader
from reader_bridge.pcscd.session import Session
from reader_bridge.slot import CardLike, OnCrash, Slot, State, log_crash

SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
LONGEST_PATH = 107
BACKLOG = 1024
MOST_CLIENTS = 400
LOOK_SECONDS = 0.4
SHORTAGE_SECONDS = 0.05


class VirtualReader:
    """A reader of a running service."""

    def __init__(self, engine: Engine, reader: Reader) -> None:
        self._engine = engine
        self._reader = reader

    @property
    def name(self) -> str:
        """The name that clients see."""
        return self._reader.name.decode()

    @property
    def occupied(self) -> bool:
        """Whether a card is in."""
        return self._reader.slot.present and not self._reader.pulled

    @property
    def locked(self) -> bool:
        """Whether a transaction or an exclusive connection holds the reader."""
        return self._reader.owner != 0

    @property
    def waiting(self) -> int:
        """How many clients wait for the end of a transaction."""
        return len(self._reader.queue)

    @property
    def connections(self) -> int:
        """How many card handles are open."""
        return len(self._reader.handles)

    @property
    def atr(self) -> bytes:
        """What clients see of the card; empty if there is none."""
        return self._reader.atr

    @property
    def state(self) -> State:
        """What is in the slot."""
        return self._reader.slot.state

    def reset(self) -> None:
        """Reset the card as another application does that connects, and disconnects with SCARD_RESET_CARD.

        Also in the midst of a command, by the card itself. `SlotError` while a transaction or an exclusive
        connection keeps other applications away, or when there is no card.
        """
        self._engine.reset(self._reader)

    def insert(self, card: CardLike) -> None:
        """Put a card in and power it. `SlotError` if there is one already."""
        self._engine.insert(self._reader, card)

    def remove(self) -> CardLike:
        """Pull the card. Clients see it at once; returns when the card's last command has ended."""
        return self._engine.pull(self._reader)

    def unplug(self) -> None:
        """Unplug the reader with its card. `TableError` if it is unplugged already."""
        self._engine.unplug(self._reader)


class PcscService:
    """A private PC/SC world behind one socket; a context manager, to be started once.

    `most_clients` may be connected at a time; more are sent away. A card that nobody uses loses its power at the
    second look, and looks are `look_seconds` apart: 0.4 s as pcscd has it with vpcd, 5 s as it has it with
    readers that report movements themselves.
    """

    def __init__(self, path: Path, most_clients: int = MOST_CLIENTS, look_seconds: float = LOOK_SECONDS) -> None:
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise ValueError(f"the socket's path has more than {LONGEST_PATH} bytes: {path}; a shorter TMPDIR may help")
        self.path = path
        self._most_clients = most_clients
        self._look_seconds = look_seconds
        self._engine = Engine()
        self._listener: socket.socket | None = None
        self._contexts: dict[int, Session] = {}
        self._sessions: dict[Session, threading.Thread] = {}
        self._threads: list[threading.Thread] = []
        self._ended = threading.Event()

    def __enter__(self) -> PcscService:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client's environment needs."""
        return {SOCKET_VARIABLE: str(self.path)}

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    def start(self) -> None:
        """Take clients. A socket file that a dead service left behind is replaced; a live one is an error."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            remove_dead_socket(self.path)
            self._bind(listener)
        except BaseException:
            listener.close()
            raise
        self._listener = listener
        self._threads = [
            threading.Thread(target=self._accept, args=(listener,), name="pcsc accept", daemon=True),
            threading.Thread(target=self._save_power, name="pcsc power", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _bind(self, listener: socket.socket) -> None:
        try:
            listener.bind(str(self.path))
        except OSError as refused:
            raise OSError(refused.errno, refused.strerror, str(self.path)) from None  # bind does not say which path
        self.path.chmod(0o600)
        listener.listen(BACKLOG)

    def stop(self) -> None:
        """Send all clients away, power all cards off, remove the socket. Waits for commands that still run."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self.path.unlink(missing_ok=True)
        self._engine.close()
        self._ended.set()
        self._engine.idle_cards.set()
        listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        listener.close()
        for session, thread in list(self._sessions.items()):
            session.hang_up()
            thread.join()
        for reader in list(self._engine.table):
            self._engine.unplug(reader)

    def add_reader(
        self,
        name: str,
        card: CardLike | None = None,
        pinpad: PinPad | None = None,
        on_crash: OnCrash = log_crash,
    ) -> VirtualReader:
        """Plug a reader in, with a card or empty. `TableError` if sixteen are there or the name is taken."""
        slot = Slot(name, card, on_crash)
        return VirtualReader(self._engine, self._engine.plug(name, slot, pinpad))

    def _accept(self, listener: socket.socket) -> None:
        reserve: int | None = os.open(os.devnull, os.O_RDONLY)
        while not self._engine.closing:
            try:
                connection, _ = listener.accept()
            except OSError as failed:
                if failed.errno in (errno.EMFILE, errno.ENFILE):
                    self._spend(reserve)
                    reserve = None
                continue
            if reserve is None:
                reserve = _new_reserve()
            if reserve is None:
                connection.close()
            else:
                self._take(connection)
        if reserve is not None:
            os.close(reserve)

    def _spend(self, reserve: int | None) -> None:
        """Out of descriptors: give one up, so that the next client can be sent away and does not wait in vain."""
        if reserve is None:
            self._ended.wait(SHORTAGE_SECONDS)
        else:
            os.close(reserve)

    def _take(self, connection: socket.socket) -> None:
        if len(self._sessions) >= self._most_clients or self._engine.closing:
            connection.close()
            return
        session = Session(self._engine, connection, self._contexts)
        thread = threading.Thread(target=self._serve, args=(session,), name="pcsc client", daemon=True)
        self._sessions[session] = thread
        thread.start()

    def _serve(self, session: Session) -> None:
        try:
            session.serve()
        finally:
            del self._sessions[session]

    def _save_power(self) -> None:
        """Look every `LOOK_SECONDS`, while there is a card that nobody uses."""
        while self._engine.idle_cards.wait() and not self._ended.wait(self._look_seconds):
            self._engine.save_power()


def _new_reserve() -> int | None:
    """A descriptor to give up when there are no others; None if there are none now."""
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None


def remove_dead_socket(path: Path) -> None:
    """Remove a socket file that nobody listens on. `FileExistsError` if somebody does, or it is no socket."""
    if not path.exists():
        return
    if not path.is_socket():
        raise FileExistsError(f"{path} is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise FileExistsError(f"a service listens on {path} already")
