"""What one channel knows while this door is selected: what is open, session keys, running operations.

All of it is forgotten at reset and when another applet is selected by name. PINs and keys proved are not here but
in the channel, where every door sees them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simcard.applet.access import ASLEEP, require_key
from simcard.applet.base import Context, Reply, expect
from simcard.applet.gmt0017.applications import Application, Applications
from simcard.applet.gmt0017.switches import Switches
from simcard.hal.engine import CipherStream, Hasher
from simcard.key.containers import Slot
from simcard.key.pair import KeyPair, Role
from simcard.key.session import SessionKey, SessionKeys
from simcard.pin.pins import Pins
from simcard.pin.reference import Flag, PinId
from simcard.wire.access import Right
from simcard.wire.apdu import CommandApdu
from simcard.wire.gmt0017 import GmtSW
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

FIRST_CONTAINER_ID = 0x3000
MAX_AGREEMENTS = 8


@dataclass(slots=True)
class Running:
    """A cipher or MAC operation under a session key. `held` is input that waits for the next call."""

    purpose: str
    stream: CipherStream
    padded: bool
    whole_blocks: bool
    held: bytes = b""


@dataclass(frozen=True, slots=True)
class Offer:
    """Our half of a key agreement that waits for the other side's."""

    container: int
    algorithm: int
    private: Secret
    public: bytes
    ident: bytes


@dataclass(slots=True)
class GmtSession:
    switches: Switches
    keys: SessionKeys
    apdu: CommandApdu = field(default_factory=lambda: CommandApdu(0x80, 0, 0, 0))
    """The command that is being answered."""
    rest: tuple[CommandApdu, Reply] | None = None
    """A response too long for one piece, and the command whose repetition fetches what is left."""
    open: set[int] = field(default_factory=set)
    """AppIDs of open applications."""
    containers: set[int] = field(default_factory=set)
    """Numbers of open containers."""
    running: dict[int, Running] = field(default_factory=dict)
    """Cipher and MAC operations by the handle of their key."""
    digest: Hasher | None = None
    offers: dict[int, Offer] = field(default_factory=dict)
    last_offer: int = 0

    def forget_container(self, number: int) -> None:
        """A container is gone, and with it the keys that came in through it."""
        self.containers.discard(number)
        self.keys.remove_of(number)
        for handle in [h for h in self.running if self.keys.get(h) is None]:
            del self.running[handle]
        for ident in [i for i, offer in self.offers.items() if offer.container == number]:
            del self.offers[ident]


def session_of(ctx: Context) -> GmtSession:
    session: GmtSession = ctx.session
    return session


def applications(ctx: Context) -> Applications:
    return Applications(ctx.rooms.store)


def opened(ctx: Context, ident: int) -> Application:
    """The open application with this AppID: 698A when it is not open, 6985 when its DF is asleep."""
    application = applications(ctx).by_id(ident) if ident in session_of(ctx).open else None
    if application is None:
        raise Refused(GmtSW.APPLICATION_NOT_OPEN)
    tree = ctx.rooms.files.tree
    expect(tree.effective_life_cycle(tree.file(application.df)) not in ASLEEP, SW.CONDITIONS)
    return application


@dataclass(frozen=True, slots=True)
class Place:
    """An open container of an open application."""

    application: Application
    number: int

    @property
    def ident(self) -> int:
        return FIRST_CONTAINER_ID + self.number

    def slot(self, role: Role) -> Slot:
        return Slot(self.number, role)


def place(ctx: Context, application: int, container: int) -> Place:
    """The container two ids name: 698A or 6A94 when they are not open."""
    found = Place(opened(ctx, application), container - FIRST_CONTAINER_ID)
    known = found.number in session_of(ctx).containers
    expect(known and found.number in applications(ctx).containers(found.application), GmtSW.CONTAINER_ID_NOT_FOUND)
    return found


def logged_in(ctx: Context, pin: PinId) -> bool:
    """Verified in this channel, or nobody asks for it because verification is disabled."""
    pins: Pins = ctx.rooms.pins
    return pin in ctx.channel.security.pins or Flag.ENABLED not in pins.read(pin).flags


def require_login(ctx: Context, *pins: PinId) -> None:
    """6982 unless one of these PINs has been verified."""
    expect(any(logged_in(ctx, pin) for pin in pins), SW.SECURITY_STATUS)


def pair_of(ctx: Context, where: Place, role: Role) -> KeyPair:
    """The pair in a container; 6A95 when there is none."""
    pair = ctx.rooms.containers.pair(where.slot(role))
    if pair is None:
        raise Refused(GmtSW.NO_KEY_PAIR)
    return pair


def private_of(ctx: Context, where: Place, role: Role, kind: str) -> KeyPair:
    """A pair of this kind whose private half may be used now: 6A95, 6985 for another kind, 6982."""
    pair = pair_of(ctx, where, role)
    expect(pair.kind == kind, SW.CONDITIONS)
    require_key(ctx, pair, Right.USE, where.application.df)
    return pair


def session_key(ctx: Context, where: Place, handle: int) -> SessionKey:
    """A session key of this container; 6A8C when it has none under that handle."""
    key = session_of(ctx).keys.get(handle)
    if key is None or key.container != where.number:
        raise Refused(GmtSW.SESSION_KEY_NOT_FOUND)
    return key
