"""Orders: what a card holder tells the office to do, signed by their card.

The signed text is one canonical JSON object; an order that is written in any other way is none, so that one order has
one signature and one number. Any card behind a `CardLink` signs, SM2 (SM3, the usual signer identifier) or RSA.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from uuid import uuid4

from host_tools.client.algorithms import Role
from host_tools.client.info import KeyInfo
from host_tools.client.iso import IsoCard
from host_tools.errors import BadEncoding, NotFound
from host_tools.pki.generation import CARD_NUMBER, CARD_PREFIX
from host_tools.pki.view import Certificate
from host_tools.registry.columns import canonical, read_moment, written
from host_tools.registry.states import Action
from simcard.wire.secret import Secret
from simcard.wire.status import SW

FORM = "simcard order 1"
DETAILS, DETAILS_FORM = "details", "simcard details 1"
FIELDS = frozenset(("form", "number", "action", "cards", "enterprise", "by", "at", "data"))
USER_PIN = 1
MOST_CARDS = 100
WORD = re.compile("[0-9A-Za-z-]{1,40}")
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be done: `action` to `cards`, or to the enterprise itself; `by` is the card that signs.

    `number` is good once. `data` says more where an action needs it: the record number of a declarant, or the mark of
    the `Details` that are handed in with the order.
    """

    action: Action
    cards: tuple[str, ...]
    enterprise: str
    by: str
    at: datetime
    number: str = field(default_factory=lambda: uuid4().hex)
    data: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The text that is signed."""
        fields = {
            "form": FORM,
            "number": self.number,
            "action": self.action.value,
            "cards": list(self.cards),
            "enterprise": self.enterprise,
            "by": self.by,
            "at": written(self.at),
            "data": self.data,
        }
        return canonical(fields).encode()

    @classmethod
    def parse(cls, text: bytes) -> Order:
        """The order of a signed text; `BadEncoding` for anything that is not exactly what `encode` gives."""
        try:
            found = json.loads(text)
            if not isinstance(found, dict) or found.keys() != FIELDS:
                raise ValueError
            cards, data = tuple(map(str, found["cards"])), {str(k): str(v) for k, v in found["data"].items()}
            made = cls(
                Action(found["action"]),
                cards,
                str(found["enterprise"]),
                str(found["by"]),
                read_moment(str(found["at"])),
                str(found["number"]),
                data,
            )
            canonical_form = made.encode() == text
        except (ValueError, TypeError, AttributeError, RecursionError):
            raise BadEncoding("this is no order") from None
        if not canonical_form or not made._is_sound():
            raise BadEncoding("this order is not in its one canonical form")
        return made

    def _is_sound(self) -> bool:
        """Whether every field is of its form and length: what is none must not come as far as the registry."""
        words = (self.number, *self.cards, self.enterprise, self.by or "none")
        cards = len(set(self.cards)) == len(self.cards) <= MOST_CARDS
        texts = all(len(text) <= LONGEST_TEXT and text.isprintable() for row in self.data.items() for text in row)
        return cards and texts and all(map(WORD.fullmatch, words))


@dataclass(frozen=True, slots=True)
class Details:
    """What is handed in with an order, such as the data of a person: the order has a salted mark of it.

    So the signature covers every value, and the log, which keeps orders for ever, tells none.
    """

    values: Mapping[str, str]
    salt: str = field(default_factory=lambda: token_hex(16))

    @property
    def data(self) -> dict[str, str]:
        """What the order says of it."""
        text = canonical([DETAILS_FORM, self.salt, dict(self.values)])
        return {DETAILS: sha256(text.encode()).hexdigest()}


@dataclass(frozen=True, slots=True)
class Signed:
    """A text, the signature over it (raw), and the certificate (DER) of the key that made it."""

    text: bytes
    signature: bytes
    certificate: bytes


def signing_key(card: IsoCard) -> KeyInfo:
    """The first signing key of a card that has a certificate; `NotFound` for a card without one."""
    keys = (key for container in card.containers() for key in container.keys)
    found = next((key for key in keys if key.role is Role.SIGN and key.certificate), None)
    if found is None:
        raise NotFound("the card has no signing key with a certificate; it was not issued yet", SW.REFERENCE_NOT_FOUND)
    return found


def number_of(certificate: bytes) -> str:
    """The number of the card a certificate (DER) is on, without prefix; empty where it says none."""
    return (Certificate.parse(certificate).private(CARD_NUMBER) or "").removeprefix(CARD_PREFIX)


def sign_text(card: IsoCard, pin: Secret, text: bytes, reference: int = USER_PIN) -> Signed:
    """Present the PIN and have the card sign; the errors are the card's."""
    key = signing_key(card)
    certificate = card.read_certificate(key.reference)
    card.verify_pin(reference, pin)
    return Signed(text, card.sign(key.reference, text), certificate)


def sign_order(card: IsoCard, pin: Secret, order: Order, reference: int = USER_PIN) -> Signed:
    """The order, signed by a card."""
    return sign_text(card, pin, order.encode(), reference)
