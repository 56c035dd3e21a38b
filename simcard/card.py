"""The card: four methods, and in `transmit` the whole life of an APDU.

Read this file first. The card knows no socket, no file and no wall clock: all it has is its `Board`. Three ways
lead out of a command: an answer; `Refused`, caught here once; and `PowerLost`, which nobody in the card catches.
Any other exception is a bug, and the reader treats the card as mute until reset.
"""

from __future__ import annotations

from simcard import chain, personalise, trace
from simcard.applet.base import Command, Context, Noise, Reply, Rooms
from simcard.applet.registry import applets_of
from simcard.fs.files import Files
from simcard.hal.board import Board
from simcard.hal.power import PowerLost
from simcard.key.containers import Containers
from simcard.key.secrets import SecretKeys
from simcard.nvm.store import Store
from simcard.pin.pins import Pins
from simcard.router import Router
from simcard.wire import cla as classes
from simcard.wire.apdu import ApduError, CommandApdu, ResponseApdu
from simcard.wire.cla import ClaError, SecureMessaging
from simcard.wire.status import SW, Refused


class Card:
    """One card on its board. Unpowered until `power_on`."""

    def __init__(self, board: Board, sink: trace.Sink | None = None) -> None:
        self.board = board
        self.sink = sink
        self._store: Store | None = None
        self._router: Router | None = None
        self._atr = b""
        self._outages = 0

    @property
    def atr(self) -> bytes:
        """The answer to reset, known without power: a reader's presence check must not wake the card."""
        if not self._atr:
            self._atr = personalise.sheet_of(Store.mount(self.board.flash)).atr_bytes
        return self._atr

    def power_on(self) -> bytes:
        """Cold reset: mount the memory and start the applets; the ATR."""
        if not self.board.power.on:
            self.board.power.restore()
        self._store = Store.mount(self.board.flash)
        self._outages = self.board.power.outages
        return self._start(self._store)

    def reset(self) -> bytes:
        """Warm reset: everything that is not in memory is forgotten; the ATR."""
        if self._store is None or self._outages != self.board.power.outages:
            return self.power_on()
        self._store.rollback()
        return self._start(self._store)

    def power_off(self) -> None:
        """Take the power away."""
        self._router = self._store = None

    def transmit(self, raw: bytes) -> bytes:
        """The response to any bytes: two or more, or `PowerLost`."""
        router, store = self._powered()
        command: Command | None = None
        try:
            apdu = CommandApdu.parse(raw)  # parse
            cla = classes.decode(apdu.cla)
            ctx = router.context(cla.channel)
            channel = ctx.channel
            if cla.secure_messaging is not SecureMessaging.NONE and not router.unwraps(channel, cla):  # unwrap
                raise Refused(SW.SM_NOT_SUPPORTED)
            whole = chain.gather(channel, cla, apdu)  # gather
            if whole is None:
                response = ResponseApdu(b"", SW.OK)
            else:
                command = router.route(ctx, whole)  # route, decode
                answer = self._run(command, ctx, store)  # open, allow, execute, settle
                response = chain.release(channel, apdu, answer, command.secret_reply)  # queue
        except Refused as refused:
            response = ResponseApdu(b"", refused.sw)
        except (ApduError, ClaError) as error:
            response = ResponseApdu(b"", error.sw)
        if self.sink is not None:
            self.sink(trace.exchange(raw, command, response, self.board))  # note
        return response.encode()

    @staticmethod
    def _run(command: Command, ctx: Context, store: Store) -> bytes | Reply:
        """Run in one transaction; a refusal leaves memory and the current file as they were."""
        applet, session = ctx.channel.applet, ctx.channel.session
        place = applet.place(session)
        store.begin()
        try:
            answer = command.run(ctx)
            store.commit()
        except Refused:
            store.rollback()
            applet.go_back(session, place)
            raise
        return answer

    def _powered(self) -> tuple[Router, Store]:
        if self._router is None or self._store is None or self._outages != self.board.power.outages:
            raise PowerLost
        return self._router, self._store

    def _start(self, store: Store) -> bytes:
        sheet = personalise.sheet_of(store)
        rooms = Rooms(
            sheet=sheet,
            store=store,
            files=Files(store),
            pins=Pins(store),
            containers=Containers(store),
            secrets=SecretKeys(store),
            crypto=self.board.crypto,
            noise=Noise.of(personalise.entropy_of(store, self.board.entropy)),
            clock=self.board.clock,
        )
        self._router = Router(rooms, applets_of(sheet))
        self._atr = sheet.atr_bytes
        if self.sink is not None:
            self.sink(trace.reset(self._atr))
        return self._atr
