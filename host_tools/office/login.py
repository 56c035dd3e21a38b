"""Log in with a card: the password to the card, then its signature over a challenge.

A challenge is random, is answered once and soon, and what is signed names the office and the purpose, so that no
signature made for anything else opens the door. Every log in, granted or not, stands in the log of its card.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from host_tools.client.iso import IsoCard
from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import LoginRefused, PinLocked, PinWrong
from host_tools.office.credentials import authenticate, insist_on_standing
from host_tools.office.folder import Office
from host_tools.office.orders import USER_PIN, Signed, sign_text
from host_tools.office.refusals import Reason, Refusal
from host_tools.registry.columns import canonical
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Certificate
from host_tools.registry.states import Action, Outcome
from host_tools.registry.work import Work
from simcard.wire.secret import Secret

FORM = "simcard login 1"
SIZE = 32
LIFE = timedelta(minutes=2)
"""How long a challenge may be answered."""
MOST_KEPT = 1024
"""Bytes of what a stranger sends that the log keeps."""
MOST_WAITING = 10_000
"""Challenges given and not answered; beyond that the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the card has to sign: `text`, which holds 32 random bytes and the office's name."""

    text: bytes
    until: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in."""

    card: Card
    certificate: Certificate


WRONG = Text("口令错误，还可以重试 {left} 次", "the password is wrong; {left} more tries")
WRONG_BUT_ONE = Text("口令错误，还可以重试 1 次", "the password is wrong; 1 more try")
LAST_WRONG = Text("口令错误，卡已锁，请解锁后再用", "the password is wrong; the card is locked now, have it unlocked")
LOCKED = Text("卡已锁，请解锁后再用", "the card is locked after too many wrong passwords; have it unlocked")


def wrong_password(left: int) -> Text:
    """What a wrong password means: `left` further ones are allowed."""
    if not left:
        return LAST_WRONG
    return WRONG_BUT_ONE if left == 1 else WRONG.with_values(left=left)


def answer(card: IsoCard, pin: Secret, challenge: bytes, lang: Lang = Lang.ZH, reference: int = USER_PIN) -> Signed:
    """What the holder sends back; the PIN goes to the card only. `PinWrong` and `PinLocked` are told in `lang`."""
    try:
        return sign_text(card, pin, challenge, reference)
    except PinWrong as wrong:
        raise PinWrong(wrong_password(wrong.tries_left).say(lang), wrong.sw) from None
    except PinLocked as locked:
        raise PinLocked(LOCKED.say(lang), locked.sw) from None


class Gate:
    """Gives challenges and looks at what comes back; refusals are told in `lang`."""

    def __init__(self, office: Office, lang: Lang = Lang.ZH) -> None:
        self._office = office
        self._lang = lang
        self._waiting: dict[bytes, Challenge] = {}

    def challenge(self) -> Challenge:
        """A new challenge."""
        nonce = secrets.token_hex(SIZE)
        text = canonical({"form": FORM, "office": self._office.credit_code, "challenge": nonce}).encode()
        made = Challenge(text, self._office.clock() + LIFE)
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[text] = made
        return made

    def log_in(self, signed: Signed) -> Identity:
        """Who answered a challenge; `LoginRefused` with the reason. The challenge is spent either way."""
        refusal = None
        with self._office.registry.writing() as work:
            card = None
            try:
                self._spend(signed.text)
                row = authenticate(self._office, work, signed)
                card = row.card
                insist_on_standing(self._office, work, row)
            except Refusal as found:
                refusal = found
            _note(work, card, signed, refusal)
        if refusal is not None:
            raise LoginRefused(refusal.say(self._lang), refusal.reason.value)
        return Identity(row.card, row)

    def _spend(self, text: bytes) -> None:
        found = self._waiting.pop(text, None)
        if found is None:
            raise Refusal(Reason.CHALLENGE_UNKNOWN)
        if self._office.clock() > found.until:
            raise Refusal(Reason.CHALLENGE_EXPIRED)


def _note(work: Work, card: Card | None, signed: Signed, refusal: Refusal | None) -> None:
    """Who nobody knows stands in the chain of the registry."""
    outcome = Outcome.ACCEPTED if refusal is None else Outcome.REFUSED
    reason = "" if refusal is None else f"{refusal.reason.value}: {refusal.say(Lang.EN)}"
    most = MOST_KEPT if card is None else None
    text, signature = signed.text[:most].decode("utf-8", "backslashreplace"), signed.signature[:most].hex()
    data = {"challenge": text, "signature": signature}
    work.note(card, Entry(Action.LOGIN, "" if card is None else card.number, "", outcome, reason, data))
