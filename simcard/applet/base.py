"""What every door is made of: commands, the applet that shelves them, and the context they run in.

A command is a small frozen class: `parse` turns the bytes of an APDU into fields or refuses, `run` acts and
returns the response data. After `parse` nobody looks at P1 and P2 again. State lives in three places by how long
it lives: in the store (for ever), in the `Channel` (until reset or until the channel closes), and in the applet's
`session` (until another applet is selected).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from simcard.fs.files import Files
from simcard.hal.clock import VirtualClock
from simcard.hal.engine import CryptoEngine
from simcard.hal.entropy import Entropy
from simcard.key.containers import Containers
from simcard.key.secrets import SecretKeys
from simcard.nvm.store import Store
from simcard.pin.pins import Pins
from simcard.pin.reference import PinId
from simcard.pin.status import SecurityStatus
from simcard.profile import Card as CardSheet
from simcard.wire.apdu import CommandApdu
from simcard.wire.status import SW, Refused


class Reply(NamedTuple):
    """Response data with a status word that says more than 9000 and is still a success (SW1 61, 62 or 63)."""

    data: bytes
    sw: int = SW.OK
    secret: bool = False
    """What waits for GET RESPONSE is as secret as the command that made it says."""
    final: bool = False
    """Leaves as it is, whatever Ne says: the door has its own way of giving long responses."""


class Command(ABC):
    """One command of one door."""

    secret_data: bool = False
    """The command data hold a secret; traces show their length only."""
    secret_reply: bool = False
    """The response data are a secret; traces show their length only."""

    @classmethod
    @abstractmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        """The typed command, or `Refused` for parameters and lengths no state of the card could accept."""

    @abstractmethod
    def run(self, ctx: Context) -> bytes | Reply:
        """Act; refuse by raising `Refused`, in which case memory stays as it was."""


class Applet(ABC):
    """A door: a name, an application identifier, a shelf of commands, and a session per channel."""

    name: ClassVar[str]
    aid: ClassVar[bytes] = b""
    proprietary: ClassVar[bool] = False
    """Takes commands with CLA 8X."""
    interindustry: ClassVar[bool] = True
    """Takes commands with CLA 0X to 7X."""
    messaging: ClassVar[bool] = False
    """Checks and makes the MACs of proprietary secure messaging (CLA 84) itself, command by command."""
    commands: ClassVar[Mapping[int, type[Command]]]
    eager: bool = False
    """Answers a command without Le as if it had asked for 256 bytes, which some hosts count on."""

    @abstractmethod
    def __init__(self, sheet: CardSheet) -> None:
        """The door of a card with this sheet; raises ProfileError for switches it does not have."""

    def matches(self, aid: bytes) -> bool:
        """Is this the applet a full or right-truncated AID names (ISO/IEC 7816-4:2013, 12.2.3)?"""
        return bool(self.aid) and len(aid) >= 5 and self.aid.startswith(aid)

    @abstractmethod
    def open(self, ctx: Context) -> Any:
        """A fresh session for a channel in which this applet becomes selected."""

    @abstractmethod
    def select(self, ctx: Context, apdu: CommandApdu) -> bytes | Reply:
        """Answer the SELECT that named this applet's AID."""

    def close(self, ctx: Context) -> None:
        """Another applet has been selected in this channel."""

    def inherit(self, session: Any, opener: Any) -> None:
        """A channel was opened from one where this applet is selected; take over what is current there."""

    def place(self, session: Any) -> Any:
        """Where the session stands: what `go_back` needs when a command is refused (7816-4:2013, 7.1.3)."""

    def go_back(self, session: Any, place: Any) -> None:
        """A command was refused, and nothing that is current may have changed."""

    def accept(self, channel: Channel, apdu: CommandApdu) -> Command:
        """A command has come for this door on a channel where it is selected; the typed command."""
        return self.command(apdu)

    def command(self, apdu: CommandApdu) -> Command:
        """The typed command for an APDU; 6D00 for one this door does not have."""
        found = self.commands.get(apdu.ins)
        if found is None:
            raise Refused(SW.INS_NOT_SUPPORTED)
        return found.parse(apdu)


@dataclass(slots=True)
class Channel:
    """A logical channel (ISO/IEC 7816-4:2013, 5.4): its applet, what it has proved, what it still has to say."""

    number: int
    applet: Applet
    session: Any = None
    security: SecurityStatus = field(default_factory=SecurityStatus)
    challenge: bytes = b""
    """The last GET CHALLENGE, until it is used once."""
    gathered: bytes = b""
    """Data of a command chain so far."""
    chain: tuple[int, ...] = ()
    """Header of that chain: CLA without chaining bit, INS, P1, P2."""
    envelope: bytes = b""
    """Pieces of an enveloped command so far."""
    pending: Reply | None = None
    """What is left of a response and waits for GET RESPONSE."""
    parked: dict[str, Any] = field(default_factory=dict)
    """Sessions of applets that were left without SELECT, by the applet's name; they go on when it is their turn."""

    def take_challenge(self) -> bytes:
        """The challenge, which is thereby used up; 6985 when none is fresh."""
        challenge, self.challenge = self.challenge, b""
        if not challenge:
            raise Refused(SW.CONDITIONS)
        return challenge


@dataclass(frozen=True, slots=True)
class Noise:
    """The card's independent streams of random bytes, one per purpose; made once per reset."""

    challenge: Entropy
    nonce: Entropy
    key: Entropy

    @classmethod
    def of(cls, entropy: Entropy) -> Noise:
        return cls(*(entropy.fork(label) for label in ("challenge", "nonce", "key")))


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything below the doors, put together once at reset."""

    sheet: CardSheet
    store: Store
    files: Files
    pins: Pins
    containers: Containers
    secrets: SecretKeys
    crypto: CryptoEngine
    noise: Noise
    clock: VirtualClock


class Environment(ABC):
    """What a command may ask of the card as a whole; the router implements it."""

    @abstractmethod
    def open_channel(self, wanted: int, opener: Channel) -> int:
        """Open a channel (0: any free one) and return its number."""

    @abstractmethod
    def close_channel(self, number: int) -> None:
        """Close a channel other than the basic one."""

    @abstractmethod
    def expire(self, pin: PinId) -> None:
        """End in every channel what was proved with a reference: its value is not that any more."""

    @abstractmethod
    def distrust(self) -> None:
        """End all that was proved in any channel: PINs and keys are not what they were."""

    @abstractmethod
    def forget(self) -> None:
        """End all channels but the basic one, and all that was proved: the card itself was terminated."""


class Context(NamedTuple):
    """Where a command runs: the rooms, the channel it came on, and the card around them."""

    rooms: Rooms
    channel: Channel
    card: Environment

    @property
    def session(self) -> Any:
        return self.channel.session


def expect(condition: bool, sw: int) -> None:
    """Refuse with `sw` unless the condition holds."""
    if not condition:
        raise Refused(sw)


class Shelf(Command):
    """A command whose P1-P2 (or P1) choose among several classes: PSO, MSE and their like."""

    choices: ClassVar[Mapping[int, type[Command]]]

    @classmethod
    def parse(cls, apdu: CommandApdu) -> Command:
        found = cls.choices.get(apdu.p1p2)
        if found is None:
            raise Refused(SW.WRONG_P1P2)
        return found.parse(apdu)

    def run(self, ctx: Context) -> bytes | Reply:  # pragma: no cover - a shelf is never instantiated
        raise AssertionError("a shelf only chooses")
