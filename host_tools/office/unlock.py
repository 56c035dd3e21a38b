"""Unlocking a card: an order, then a script that gives the PIN its first value and its tries back.

Nobody on the host's side knows a PIN that could do it: the card checks the office's script, which is good for this
card and once. A procedure in the registry remembers the script's count, so a lost answer is no question.
"""

from __future__ import annotations

from host_tools.client.iso import IsoCard
from host_tools.eport_client.wording import Lang
from host_tools.errors import OfficeRefused
from host_tools.office import scripts
from host_tools.office.desk import Desk, Expected
from host_tools.office.folder import Office
from host_tools.office.orders import Order, Signed, sign_order
from host_tools.office.plastic import USER_PIN, Plastic
from host_tools.office.station import shown_number
from host_tools.registry.log import Entry
from host_tools.registry.models import Card
from host_tools.registry.states import Action, CardState, ProcedureKind
from host_tools.registry.work import Work
from simcard.wire.secret import Secret


class Unlock:
    """The unlocking of the card behind `plastic`."""

    def __init__(self, office: Office, plastic: Plastic, lang: Lang = Lang.EN) -> None:
        self.office = office
        self.plastic = plastic
        self._lang = lang
        with office.registry.reading() as work:
            self.number = work.card(plastic.number()).number

    @property
    def is_open(self) -> bool:
        """Whether an unlocking was ordered and not finished."""
        with self.office.registry.reading() as work:
            return work.open_procedure(ProcedureKind.UNLOCK, work.card(self.number)) is not None

    def begin(self, signer: IsoCard, by: str, pin: Secret) -> None:
        """Have a card sign the order, and hand it in; nothing is done where one is open already."""
        if self.is_open:
            return
        with self.office.registry.reading() as work:
            firm = work.card(self.number).enterprise.credit_code
        order = Order(Action.UNLOCK, (self.number,), firm, by, self.office.clock())
        self.accept(sign_order(signer, pin, order))

    def accept(self, signed: Signed) -> None:
        """Hand in a signed order; the procedure is begun in the transaction that accepts it."""
        count = self.plastic.scripts() + 1

        def open_(work: Work, card: Card, order: Order) -> None:
            work.begin(ProcedureKind.UNLOCK, card, {"order": order.number, "by": order.by}, count)

        Desk(self.office, self._lang).submit(signed, Expected(Action.UNLOCK, card=self.number), also=open_)

    def script(self, count: int) -> bytes:
        """The script that unlocks the card as its `count`th."""
        key = scripts.management_key(self.office.master_key(), self.number)
        with self.office.registry.reading() as work:
            bound = shown_number(work.card(self.number))
        return scripts.script(key, bound, count, scripts.reset_pin(USER_PIN))

    def finish(self) -> None:
        """Have the card carry the script out, unless it has, and end the procedure."""
        with self.office.registry.reading() as work:
            card = work.card(self.number)
            found = work.open_procedure(ProcedureKind.UNLOCK, card)
        if found is None:
            return
        if card.state is not CardState.NORMAL:
            raise OfficeRefused(
                f"card {self.number} is {card.state.value}; it is unlocked once it is normal", "card-state"
            )
        assert found.script_counter is not None
        done = self.plastic.scripts()
        # Every script of the office resets the PIN, so any that ran since the order did it; unless it is locked again.
        if done < found.script_counter or not self.plastic.tries_left():
            self.plastic.execute(self.script(done + 1))
        with self.office.registry.writing() as work:
            card = work.card(self.number)
            ended = work.open_procedure(ProcedureKind.UNLOCK, card)
            if ended is not None:
                card.script_counter = self.plastic.scripts()
                by, order = str(ended.data["by"]), str(ended.data["order"])
                work.note(card, Entry(Action.UNLOCK, by, order))
                work.finish(ended)
