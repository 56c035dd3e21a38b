"""What is on paper of a card and in no row of the registry: what its open work got of the authority, or asked it for.

A station writes down for which keys it asks before it asks, and what it was given afterwards. So the authority's book
never has a certificate of a card that nobody would find again, whatever moment the station died at.
"""

from __future__ import annotations

from collections.abc import Iterator

from host_tools.office.folder import Office
from host_tools.office.orders import number_of
from host_tools.office.staging import Issued
from host_tools.pki.generation import Generation
from host_tools.pki.ledger import Entry as BookEntry
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Procedure
from host_tools.registry.states import Action, Outcome, ProcedureKind
from host_tools.registry.work import Work

ISSUED, ASKED = "issued", "asked"
"""Pages of a procedure: what the authority issued, and the keys (fingerprints) for which it was asked to."""
BY, ORDER = "by", "order"
"""Pages of a procedure: who ordered it, and the number of the order."""


def issued_by(procedure: Procedure) -> Issued | None:
    """What the authority issued for a procedure, as far as it is written down."""
    page = procedure.data.get(ISSUED)
    return Issued.decode(page) if page else None


def on_paper(work: Work, card: Card) -> frozenset[str]:
    """Numbers of the certificates that the open work of a card has on its pages."""
    pages = map(issued_by, work.unfinished(card))
    return frozenset(each.number for page in pages if page is not None for each in (page.signing, page.exchange))


def strays(office: Office, work: Work, card: Card) -> frozenset[str]:
    """Numbers of the certificates that the authority issued for a card, and that nobody has: no page and no row."""
    asked = {key for each in work.unfinished(card) for key in each.data.get(ASKED, ())}
    made = {
        entry.number
        for key in asked
        for entry in _made_for(office, card.generation, bytes.fromhex(key))
        if number_of(entry.body) == card.number
    }
    return frozenset(number for number in made - on_paper(work, card) if work.find_certificate(number) is None)


def _made_for(office: Office, generation: Generation, key: bytes) -> Iterator[BookEntry]:
    """All certificates of a key, and those of the exchange keys that the key centre made for them."""
    ledger = office.authorities.ledger
    for entry in ledger.of_key(key):
        yield entry
        exchange = ledger.archived_key(generation, entry.serial)
        if exchange is not None:
            yield from ledger.of_key(exchange)


def give_up(work: Work, card: Card) -> None:
    """End all open work on a card that became void, in the transaction that made it so.

    No work goes on then. A blank stays a blank. A card that had carried out its script before has the certificates
    that stand on the page; so these are written down here, revoked, and need no station to come back for that.
    """
    for procedure in work.unfinished(card):
        issued = issued_by(procedure)
        if procedure.kind is ProcedureKind.ORDER:
            work.note(card, _overtaken(procedure))
        elif issued is not None and work.find_certificate(issued.signing.number) is None:
            page = procedure.data
            work.certify(card, issued.bodies, Entry(Action.CERTIFY, str(page.get(BY, "")), str(page.get(ORDER, ""))))
        work.finish(procedure)


def _overtaken(procedure: Procedure) -> Entry:
    """The line of an order that was accepted, and came too late all the same."""
    page = procedure.data
    return Entry(
        Action(page["action"]), page["by"], page["number"], Outcome.REFUSED, "the card became void first", page["proof"]
    )
