"""An office that issues cards by its stations: a town of one enterprise, made once and copied for every test.

Cards are held in memory, so that power can be cut; `Town.reader(number)` is one in a reader.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from host_tools.cli.office import enrol_operator
from host_tools.client.iso import IsoCard
from host_tools.issuing import plan
from host_tools.issuing.plan import Firm, Person
from host_tools.issuing.procedures import Procedures
from host_tools.issuing.stations import Issuing
from host_tools.link.inprocess import InProcessLink
from host_tools.office.folder import OPERATOR, Office, Wish, create
from host_tools.office.orders import Details, Order, Signed, sign_order
from host_tools.office.plastic import Plastic
from host_tools.pki.folder import Wish as AuthorityWish
from host_tools.pki.generation import Generation
from host_tools.registry.models import Operation
from host_tools.registry.states import Action, CardKind, CardState
from simcard.hal.fileflash import FileFlash
from simcard.hal.power import PowerLost
from simcard.wire.secret import Secret
from tests.kit import Bench, image_of, on_bench
from tests.pki.support import SM2, SetClock

FIRM = Firm("测试进出口有限公司", "91990000MA00T0013U", "9900000013")
LEGAL = Person("测试法定代表人", "999999199001010016")
CLERK = Person("测试操作员", "999999199102020029")
DECLARANT = Person("测试报关员", "999999199203030031", record_number="99990000003")
BLANKS = {Generation.SM2: "eport-blank", Generation.RSA: "eport-blank-rsa"}
PIN = Secret(b"88888888")
OPERATOR_NUMBER = "ZZ9F000000001"


@dataclass(frozen=True)
class Template:
    """An office that nobody may change, its cards' images, and their numbers: legal person, clerk."""

    folder: Path
    images: dict[str, bytes]
    legal: str
    clerk: str


def make_template(folder: Path, generation: Generation, url: str = "") -> Template:
    """The office and the two cards that its first enterprise gets."""
    create(folder, Wish(AuthorityWish(rounds=10), url), None, SetClock(), SM2, enrol_operator)
    town = Town(folder)
    legal, clerk = Procedures(town.office).join(FIRM, LEGAL, CLERK, generation)
    for number in (legal, clerk):
        town.issue(number, generation)
    flash = FileFlash.open(folder / OPERATOR)
    town.images[OPERATOR_NUMBER] = flash.read(0, flash.size)
    flash.close()
    for number, bench in town.benches.items():
        town.images[number] = bench.flash.image()
    town.office.close()
    return Template(folder, town.images, legal, clerk)


def copy_of(template: Template, folder: Path) -> Town:
    shutil.copytree(template.folder, folder)
    return Town(folder, dict(template.images), template.legal, template.clerk)


@dataclass
class Town:
    """An office's folder, opened, and the cards of its enterprise."""

    folder: Path
    images: dict[str, bytes] = field(default_factory=dict)
    legal: str = ""
    clerk: str = ""
    benches: dict[str, Bench] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = SetClock()
        self.office = Office(self.folder, self.clock, SM2)

    def blank(self, number: str, generation: Generation = Generation.SM2, seed: int = 1) -> None:
        """Lay a blank ready for a number."""
        self.images[number] = image_of(BLANKS[generation], seed)

    def bench(self, number: str) -> Bench:
        if number not in self.benches:
            self.benches[number] = on_bench(self.images[number])
        return self.benches[number]

    def link(self, number: str) -> InProcessLink:
        return InProcessLink(self.bench(number).card, PowerLost)

    def plastic(self, number: str) -> Plastic:
        return Plastic(self.link(number))

    def card(self, number: str) -> IsoCard:
        return IsoCard(self.link(number))

    def issue(self, number: str, generation: Generation = Generation.SM2) -> list[str]:
        """Make the prepared card of a number from a blank; the steps that were done."""
        if number not in self.images:
            self.blank(number, generation, seed=len(self.images) + 1)
        return [step.value for step in Issuing(self.office, self.plastic(number), number).run(lambda: PIN)]

    def order(self, action: Action, by: str, *cards: str, pin: Secret = PIN, details: Details | None = None) -> Signed:
        """An order of now, signed by a card."""
        data = {} if details is None else details.data
        made = Order(action, cards, FIRM.credit_code, by, self.clock(), data=data)
        return sign_order(self.card(by), pin, made)

    def add_declarant(self, generation: Generation = Generation.SM2) -> str:
        """One more card, ordered by the legal-person card; its number."""
        details = Details(plan.new_card(DECLARANT, CardKind.DECLARANT, generation))
        order = self.order(Action.ISSUE, self.legal, details=details)
        return Procedures(self.office).add(order, DECLARANT, CardKind.DECLARANT, generation, details.salt)

    def change_holder(self, number: str, **changes: str) -> None:
        """Other data of a holder, ordered by the legal-person card."""
        details = Details(changes)
        order = self.order(Action.HOLDER_CHANGED, self.legal, number, details=details)
        Procedures(self.office).change_holder(order, details)

    def change_enterprise(self, **changes: str) -> tuple[str, ...]:
        """Other data of the enterprise, ordered by its legal-person card; the cards that wait for them."""
        details = Details(changes)
        order = self.order(Action.ENTERPRISE_CHANGED, self.legal, details=details)
        return Procedures(self.office).change_enterprise(order, details)

    def state(self, number: str) -> CardState:
        with self.office.registry.reading() as work:
            return work.card(number).state

    def history(self, number: str) -> tuple[Operation, ...]:
        with self.office.registry.reading() as work:
            return work.history(work.card(number))

    def kinds(self) -> dict[str, CardKind]:
        with self.office.registry.reading() as work:
            return {card.number: card.kind for card in work.cards()}


Making = Callable[[Generation], Template]
