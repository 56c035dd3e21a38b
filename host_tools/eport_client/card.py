"""What the service asks of a card, and the card behind the ISO door that answers it.

Nothing is kept from one `enter` to the next: another program may renew a certificate or open another door meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from host_tools.client.algorithms import Role
from host_tools.client.exchange import Exchange
from host_tools.client.info import ContainerInfo, KeyInfo
from host_tools.client.iso import IsoCard
from host_tools.eport_client.identity import Certificate, Holder
from host_tools.errors import NotFound, WrongState
from host_tools.link.base import CardLink
from host_tools.pki.keys import SCHEMES, Hash, Kind, PublicKey, signed_digest
from simcard.wire.apdu import Ins
from simcard.wire.secret import Secret
from simcard.wire.status import SW

USER_PIN = 0x01
UNBLOCK_PIN = 0x02
USERINFO = ("3F00/DF01/0011", "3F00/DF01/0012")
CARD_HASH = {Kind.RSA: Hash.SHA1, Kind.SM2: Hash.SM3}
"""The hash each generation of Electronic Port cards signs with."""


@dataclass(frozen=True, slots=True)
class PinState:
    """The user password of a card: tries left, of how many."""

    left: int
    limit: int


class EportCard(Protocol):
    """An Electronic Port card. Errors are those of `host_tools.errors`."""

    def enter(self) -> None:
        """Open the door again, whatever another program did; `CardRemoved` when the card is not the same any more."""
        ...

    def close(self) -> None:
        """Let the card go."""
        ...

    def holder(self) -> Holder:
        """Its holder data."""
        ...

    def certificate(self, role: Role) -> Certificate:
        """The signing or the exchange certificate."""
        ...

    def pin_state(self) -> PinState:
        """Tries left, without spending one."""
        ...

    def verify_pin(self, pin: Secret) -> None:
        """Present the user password."""
        ...

    def forget_pin(self) -> None:
        """Take back a verification."""
        ...

    def change_pin(self, old: Secret, new: Secret) -> None:
        """Set a new user password."""
        ...

    def unblock_pin(self, key: Secret, new: Secret) -> None:
        """Set the user password with the unblocking one."""
        ...

    def sign(self, message: bytes) -> bytes:
        """RSA over SHA-1, or SM2 over SM3 with the default identifier: the block, or r and s."""
        ...

    def sign_digest(self, digest: bytes) -> bytes:
        """The same over a ready digest."""
        ...

    def decrypt(self, cryptogram: bytes) -> Secret:
        """What was encrypted for the exchange key."""
        ...


@dataclass(frozen=True, slots=True)
class CardSource:
    """Where cards come from: a name for people, and what connects to the card that is there now.

    `connect` raises `LinkError` when there is no card.
    """

    name: str
    connect: Callable[[], EportCard]


class IsoEportCard:
    """`EportCard` behind a link, spoken to through the ISO door."""

    def __init__(self, link: CardLink) -> None:
        self._link = link
        self._iso = IsoCard(link)
        self._exchange = Exchange(link)
        self._containers: tuple[ContainerInfo, ...] | None = None

    def enter(self) -> None:
        self._containers = None
        self._iso.enter()

    def close(self) -> None:
        self._link.close()

    def holder(self) -> Holder:
        return Holder.parse(*(self._iso.read_file(path) for path in USERINFO))

    def certificate(self, role: Role) -> Certificate:
        return Certificate.parse(self._iso.read_certificate(self._key(role).reference))

    def pin_state(self) -> PinState:
        for pin in self._iso.pins():
            if pin.reference == USER_PIN and not pin.scope:
                return PinState(pin.left, pin.limit)
        raise NotFound("the card has no user password", SW.REFERENCE_NOT_FOUND)

    def verify_pin(self, pin: Secret) -> None:
        self._iso.verify_pin(USER_PIN, pin)

    def forget_pin(self) -> None:
        """VERIFY with P1 = FF (ISO/IEC 7816-4:2013, 11.5.6)."""
        self._exchange.ask(Ins.VERIFY, 0xFF, USER_PIN, doing="taking back the verification")

    def change_pin(self, old: Secret, new: Secret) -> None:
        self._iso.change_pin(USER_PIN, old, new)

    def unblock_pin(self, key: Secret, new: Secret) -> None:
        self._iso.unblock_pin(USER_PIN, key, new)

    def sign(self, message: bytes) -> bytes:
        key = self._signing_key()
        public = self._iso.public_key(key.reference) if key.kind is Kind.SM2 else PublicKey(key.kind)
        return self._sign(key, signed_digest(public, CARD_HASH[key.kind], message))

    def sign_digest(self, digest: bytes) -> bytes:
        return self._sign(self._signing_key(), digest)

    def _sign(self, key: KeyInfo, digest: bytes) -> bytes:
        return self._iso.sign_digest(key.reference, digest, CARD_HASH[key.kind], SCHEMES[key.kind][0])

    def decrypt(self, cryptogram: bytes) -> Secret:
        return self._iso.decrypt(self._key(Role.EXCHANGE).reference, cryptogram)

    def _signing_key(self) -> KeyInfo:
        key = self._key(Role.SIGN)
        if key.kind not in CARD_HASH:
            raise WrongState("Electronic Port cards sign with RSA or SM2; this key is neither", SW.CONDITIONS)
        return key

    def _key(self, role: Role) -> KeyInfo:
        """The key of the first container that has one."""
        if self._containers is None:
            self._containers = self._iso.containers()
        for container in self._containers:
            for key in container.keys:
                if key.role is role:
                    return key
        raise NotFound(f"the card has no {role.value} key", SW.REFERENCE_NOT_FOUND)
