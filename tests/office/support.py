"""An office with two enterprises and their cards, made once and copied for every test.

Cards are held in memory; `House.card(LEGAL)` is one in a reader, spoken to through the ISO door.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from host_tools.cli.certifying import USES, hash_of
from host_tools.cli.office import enrol_operator
from host_tools.client.iso import IsoCard
from host_tools.link.inprocess import InProcessLink
from host_tools.office.desk import Accepted, Desk
from host_tools.office.folder import OPERATOR, SETTINGS, Office, Operator, Wish, create
from host_tools.office.orders import Order, Signed, sign_order
from host_tools.pki import request
from host_tools.pki.certificate import Use
from host_tools.pki.folder import Wish as AuthorityWish
from host_tools.pki.generation import Generation, Subject, subject_name
from host_tools.registry.log import Entry
from host_tools.registry.models import Operation
from host_tools.registry.states import Action, CardKind, CardState
from simcard.hal.fileflash import FileFlash
from simcard.hal.power import PowerLost
from simcard.wire.secret import Secret
from tests.host.support import ADMIN, PIN, USER
from tests.kit import image_of, on_bench
from tests.pki.support import SM2, SetClock, card_signer

FIRM, OTHER_FIRM = "91990000MA00T0013U", "91990000MA00T0021N"
OFFICE_CODE = Operator().credit_code


@dataclass(frozen=True)
class Made:
    """A card of the test office: what it is, whose, and from which profile it is made."""

    number: str
    kind: CardKind
    enterprise: str
    profile: str = "eport-operator"
    generation: Generation = Generation.SM2


LEGAL = Made("ZZ9L000000001", CardKind.LEGAL, FIRM, "eport-legal")
CLERK = Made("ZZ9S000000002", CardKind.OPERATOR, FIRM)
DECLARANT = Made("ZZ9D000000003", CardKind.DECLARANT, FIRM, "eport-declarant")
OLD_CLERK = Made("ZZ9R000000004", CardKind.OPERATOR, FIRM, "eport-operator-rsa", Generation.RSA)
OTHER_LEGAL = Made("ZZ9L000000005", CardKind.LEGAL, OTHER_FIRM, "eport-legal")
OTHER_CLERK = Made("ZZ9S000000006", CardKind.OPERATOR, OTHER_FIRM)
OLD_LEGAL = Made("ZZ9L000000007", CardKind.LEGAL, OTHER_FIRM, "eport-operator-rsa", Generation.RSA)
OFFICE = Made("ZZ9F000000001", CardKind.OPERATOR, OFFICE_CODE)
CARDS = (LEGAL, CLERK, DECLARANT, OLD_CLERK, OTHER_LEGAL, OTHER_CLERK, OLD_LEGAL)


@dataclass(frozen=True)
class Template:
    """An office that nobody may change, and the images of its cards."""

    folder: Path
    images: dict[str, bytes]


def make_template(folder: Path, url: str) -> Template:
    """The office, its registry in a file (no URL) or elsewhere, and the cards of two enterprises."""
    create(folder, Wish(AuthorityWish(rounds=10), url), None, SetClock(), SM2, enrol_operator)
    with Office(folder, SetClock(), SM2) as office:
        with office.registry.writing() as work:
            work.add_enterprise("测试进出口有限公司", FIRM)
            work.add_enterprise("测试其他企业有限公司", OTHER_FIRM)
        images = {each.number: _issued(office, each, seed) for seed, each in enumerate(CARDS, 1)}
    flash = FileFlash.open(folder / OPERATOR)
    images[OFFICE.number] = flash.read(0, flash.size)
    flash.close()
    return Template(folder, images)


def _issued(office: Office, made: Made, seed: int) -> bytes:
    """The image of a card that the office issued, with its records."""
    bench = on_bench(image_of(made.profile, seed))
    card = IsoCard(InProcessLink(bench.card, PowerLost))
    card.verify_pin(USER, PIN)
    card.verify_pin(2, ADMIN)
    authority = office.authority(made.generation)
    subject = Subject("测试持卡人", "测试进出口有限公司", card_number=made.number)
    keys = {USES[key.role]: key for key in card.containers()[0].keys}
    signer = card_signer(card, keys[Use.SIGN].reference, hash_of(keys[Use.SIGN]))
    asked = request.make(subject_name(made.generation, subject), signer)
    exchange = card.public_key(keys[Use.EXCHANGE].reference)
    bodies = {
        Use.SIGN: authority.issue(asked, subject).encoded,
        Use.EXCHANGE: authority.issue_key(exchange, subject, Use.EXCHANGE).encoded,
    }
    for use, body in bodies.items():
        card.put_certificate(keys[use].reference, body)
    with office.registry.writing() as work:
        holder = work.add_holder(work.enterprise(made.enterprise), "测试持卡人", "999999199102020029")
        record = work.add_card(made.number, made.kind, holder, made.generation)
        work.certify(record, bodies, Entry(Action.CERTIFY))
        work.move(record, CardState.NORMAL, Entry(Action.ISSUE))
    return bench.flash.image()


class House:
    """A copy of the test office, and its cards."""

    def __init__(self, template: Template, folder: Path, url: str = "") -> None:
        shutil.copytree(template.folder, folder)
        settings = json.loads((folder / SETTINGS).read_text())
        (folder / SETTINGS).write_text(json.dumps({**settings, "registry": url}))
        self.clock = SetClock()
        self.folder = folder
        self.office = Office(folder, self.clock, SM2)
        self.desk = Desk(self.office)
        self._images = template.images
        self._cards: dict[str, IsoCard] = {}

    def image(self, made: Made) -> bytes:
        """The flash of the card as it was issued."""
        return self._images[made.number]

    def card(self, made: Made) -> IsoCard:
        """The card in a reader."""
        if made.number not in self._cards:
            bench = on_bench(self._images[made.number])
            self._cards[made.number] = IsoCard(InProcessLink(bench.card, PowerLost))
        return self._cards[made.number]

    def order(self, action: Action, by: Made, *cards: Made, enterprise: str = "", **data: str) -> Order:
        """An order of now, about the enterprise of its first card if none is given."""
        enterprise = enterprise or (cards[0] if cards else by).enterprise
        return Order(action, tuple(each.number for each in cards), enterprise, by.number, self.clock(), data=data)

    def signed(self, order: Order, by: Made, pin: Secret = PIN) -> Signed:
        return sign_order(self.card(by), pin, order)

    def do(self, action: Action, by: Made, *cards: Made, enterprise: str = "", **data: str) -> Accepted:
        """Sign an order and hand it in."""
        return self.desk.submit(self.signed(self.order(action, by, *cards, enterprise=enterprise, **data), by))

    def state(self, made: Made) -> CardState:
        with self.office.registry.reading() as work:
            return work.card(made.number).state

    def history(self, made: Made | None) -> tuple[Operation, ...]:
        with self.office.registry.reading() as work:
            return work.history(None if made is None else work.card(made.number))

    def standing(self, made: Made) -> set[str]:
        """What the authority's book says of the certificates the card has."""
        with self.office.registry.reading() as work:
            rows = work.certificates(work.card(made.number), None)
        ledger = self.office.authorities.ledger
        entries = [ledger.find(made.generation, row.serial) for row in rows]
        return {each.revoked.reason.name if each and each.revoked else "GOOD" for each in entries}

    def later(self, **by: int) -> None:
        """Let time pass."""
        self.clock.moment += timedelta(**by)
