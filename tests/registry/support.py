"""An enterprise with its cards in a registry, all made up."""

from __future__ import annotations

from host_tools.pki.generation import Generation
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.models import Card
from host_tools.registry.states import Action, CardKind, CardState
from host_tools.registry.work import Work

CREDIT_CODE = "91990000MA00T0013U"
OTHER_CODE = "91990000MA00F00098"
LEGAL, OPERATOR, DECLARANT = "ZZ9L000000001", "ZZ9S000000002", "ZZ9D000000003"
NUMBERS = {CardKind.LEGAL: LEGAL, CardKind.OPERATOR: OPERATOR, CardKind.DECLARANT: DECLARANT}
FREEZE = Entry(Action.FREEZE, LEGAL, "1")


def add_card(work: Work, number: str = OPERATOR, kind: CardKind = CardKind.OPERATOR) -> Card:
    """A card, preparing, of the enterprise, which is added where it is not there yet."""
    enterprise = work.find_enterprise(CREDIT_CODE) or work.add_enterprise("测试进出口有限公司", CREDIT_CODE)
    return work.add_card(number, kind, work.add_holder(enterprise, "测试操作员", "999999199102020029"), Generation.SM2)


def normal_card(registry: Registry, number: str = OPERATOR, kind: CardKind = CardKind.OPERATOR) -> str:
    """The number of a card in state normal."""
    with registry.writing() as work:
        work.move(add_card(work, number, kind), CardState.NORMAL, Entry(Action.ISSUE))
    return number
