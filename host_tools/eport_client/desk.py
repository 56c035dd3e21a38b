"""One card, many clients: who has opened it, who has shown the password, and what a fault makes of it.

A password that one connection showed is not another's: each has its own `Session`. A call that brings the password
with it opens the card, signs and closes it again. The card itself forgets the password as soon as no session needs it.
Every method here blocks and is called from one thread only; that makes the card strictly serial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from host_tools.client.algorithms import Role
from host_tools.eport_client import identity
from host_tools.eport_client.card import CardSource, EportCard
from host_tools.eport_client.faults import Fault, Faults
from host_tools.eport_client.identity import Certificate, Holder
from host_tools.eport_client.refusals import Code, EportRefusal, custom, of_host_error
from host_tools.eport_client.signatures import NationalCrypto
from host_tools.errors import HostError, LinkError
from simcard.wire.secret import Secret

T = TypeVar("T")
PIN_LENGTHS = range(6, 17)
"""Real pages insist on 8; passwords of these lengths are shown to the card, others would only cost a try."""

_AS_IF: dict[Fault, Code] = {
    Fault.NO_READER: Code.NO_READER,
    Fault.NO_CARD: Code.NO_CARD,
    Fault.HUNG: Code.READER_RESET,
}


@dataclass(slots=True, eq=False)
class Session:
    """What one connection has done: whether it has opened the card, and which insertion of it."""

    insertion: int = 0
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature and the number of the certificate it belongs to."""

    signature: bytes
    number: str


@dataclass(frozen=True, slots=True)
class Status:
    """What there is in the reader, for people. `problem` is set when there is nothing to use."""

    reader: str
    problem: EportRefusal | None
    holder: Holder | None = None
    certificate: Certificate | None = None
    tries_left: int = 0
    tries: int = 0
    opened: bool = False
    expired: bool = False


class Desk:
    """The card and its rules. `now` gives UTC."""

    def __init__(self, source: CardSource, faults: Faults, sm2: NationalCrypto, now: Callable[[], datetime]) -> None:
        self.faults = faults
        self.sm2 = sm2
        self._source = source
        self._now = now
        self._card: EportCard | None = None
        self._insertion = 0
        self._verified: set[Session] = set()

    # -- the card, as it is now

    def _reached(self) -> EportCard:
        """The card, with its door open."""
        for fault, code in _AS_IF.items():
            if fault in self.faults:
                raise custom(code)
        if self._card is not None:
            try:
                self._card.enter()
                return self._card
            except LinkError:
                self._drop()
        card = self._source.connect()
        self._card = card
        self._insertion += 1
        card.enter()
        return card

    def _drop(self) -> None:
        card, self._card = self._card, None
        self._verified.clear()
        if card is not None:
            try:
                card.close()
            except HostError:
                # It is gone already, which is what was wanted.
                return

    def work(self, doing: Code, action: Callable[[EportCard], T]) -> T:
        """Do something with the card; every error becomes an `EportRefusal`."""
        try:
            return action(self._reached())
        except LinkError as error:
            self._drop()
            raise of_host_error(error, doing) from None
        except HostError as error:
            raise of_host_error(error, doing) from None

    # -- opening, closing and passwords

    def open(self, session: Session) -> None:
        """Open the card for a session."""
        self.work(Code.NO_CARD, lambda card: None)
        session.insertion = self._insertion

    def leave(self, session: Session) -> None:
        """Close the card for a session. Closing what is not open does nothing."""
        session.insertion, session.verified = 0, False
        if session in self._verified:
            self._verified.discard(session)
            if not self._verified and self._card is not None:
                self.work(Code.NO_CARD, lambda card: card.forget_pin())

    def verify(self, session: Session, pin: Secret) -> None:
        """Show the password and stay logged in, until the session leaves or the card is taken out."""
        self._show(pin)
        session.insertion, session.verified = self._insertion, True
        self._verified.add(session)

    def verify_once(self, pin: Secret) -> None:
        """Show the password and forget it again."""
        self._show(pin)
        self._forget()

    def change(self, old: Secret, new: Secret) -> None:
        """Set a new password."""
        _insist_on_length(old, new)
        self.work(Code.CHANGE_PIN, lambda card: card.change_pin(old, new))
        self._forget()

    def unblock(self, key: Secret, new: Secret) -> None:
        """Give the password its tries back and a new value."""
        _insist_on_length(key, new)
        self.work(Code.PIN_WRONG, lambda card: card.unblock_pin(key, new))
        self._forget()

    def _show(self, pin: Secret) -> None:
        _insist_on_length(pin)
        try:
            self.work(Code.PIN_WRONG, lambda card: card.verify_pin(pin))
        except EportRefusal:
            # A wrong password takes an earlier success back, in the card and so for everybody.
            self._verified.clear()
            raise

    def _forget(self) -> None:
        if not self._verified:
            self.work(Code.NO_CARD, lambda card: card.forget_pin())

    # -- what needs the password

    def private(self, session: Session, pin: Secret | None, doing: Code, action: Callable[[EportCard], T]) -> T:
        """Do something that needs the password: with the one given, or the session's."""
        if pin is None:
            self._insist_on_login(session)
            return self.work(doing, action)
        self._show(pin)
        try:
            return self.work(doing, action)
        finally:
            if self._card is not None:
                self._forget()

    def _insist_on_login(self, session: Session) -> None:
        self.work(Code.NO_CARD, lambda card: None)
        if session not in self._verified or session.insertion != self._insertion:
            raise custom(Code.NOT_VERIFIED)

    def sign(self, session: Session, pin: Secret | None, message: bytes) -> Signed:
        """Sign a message."""
        return self.private(session, pin, Code.SIGN, lambda card: _signed(card, card.sign(message)))

    def sign_digest(self, session: Session, pin: Secret | None, digest: bytes) -> Signed:
        """Sign a ready digest."""
        return self.private(session, pin, Code.SIGN, lambda card: _signed(card, card.sign_digest(digest)))

    # -- what anybody may know

    def certificate(self, role: Role = Role.SIGN) -> Certificate:
        """A certificate of the card."""
        return self._shown(self.work(Code.NO_CARD, lambda card: card.certificate(role)))

    def holder(self) -> Holder:
        """The holder data of the card."""
        found = self.work(Code.NO_CARD, lambda card: card.holder())
        return identity.of_another_enterprise(found) if Fault.OTHER_CARD in self.faults else found

    def user_info(self) -> str:
        """Holder data and certificate as clients get them."""
        return identity.user_info(self.holder(), self.certificate())

    def status(self) -> Status:
        """What there is in the reader."""
        name = self._source.name
        try:
            holder, certificate = self.holder(), self.certificate()
            pin = self.work(Code.NO_CARD, lambda card: card.pin_state())
        except EportRefusal as problem:
            return Status(name, problem)
        over = certificate.end < self._now().replace(tzinfo=None)
        return Status(name, None, holder, certificate, pin.left, pin.limit, bool(self._verified), over)

    def _shown(self, certificate: Certificate) -> Certificate:
        return identity.expired(certificate, self._now()) if Fault.EXPIRED in self.faults else certificate

    def close(self) -> None:
        """Let the card go for good."""
        self._drop()


def _signed(card: EportCard, signature: bytes) -> Signed:
    return Signed(signature, card.certificate(Role.SIGN).number)


def _insist_on_length(*pins: Secret) -> None:
    if not all(len(pin) in PIN_LENGTHS for pin in pins):
        raise custom(Code.PIN_LENGTH)
