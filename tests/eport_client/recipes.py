"""Messages to sign, and cards that sign them."""

from __future__ import annotations

from functools import cache

from host_tools.cli.cards import EngineChoice
from host_tools.cli.national import EngineSm2
from host_tools.customs.signer import Signer, on_card
from host_tools.eport_client.card import IsoEportCard
from host_tools.link.inprocess import InProcessLink
from simcard.hal.power import PowerLost
from simcard.wire.secret import Secret
from tests.eport_client.support import PIN, card_of

NATIONAL = EngineSm2(EngineChoice())

NOTICE = (
    '{"sessionID":"fe2374-8fnejf97-55616242","payExchangeInfoHead":{"guid":"9D55BA71-55DE-41F4-8B50-C36C83B3B419",'
    '"initalRequest":"https://pay.example/?a=1&b=2","totalAmount":100.1,"note":"测试"},'
    '"payExchangeInfoLists":[{"orderNo":"SO1710301150602574003","goodsInfo":[{"gname":"商品"}]}],'
    '"serviceTime":"1544519952469"}'
)
STRING = (
    '"sessionID":"fe2374-8fnejf97-55616242"||'
    '"payExchangeInfoHead":"{"guid":"9D55BA71-55DE-41F4-8B50-C36C83B3B419",'
    '"initalRequest":"https://pay.example/?a=1&b=2","totalAmount":100.1,"note":"测试"}"||'
    '"payExchangeInfoLists":"[{"orderNo":"SO1710301150602574003","goodsInfo":[{"gname":"商品"}]}]"||'
    '"serviceTime":"1544519952469"'
)


def message(kind: int = 311) -> bytes:
    """A CEB message with white space, an empty element, Chinese text and a comment."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ceb:CEB{kind}Message guid="4CDE1CFD-EDED-46B1-946C-B8022E42FC94" version="1.0" '
        'xmlns:ceb="http://www.chinaport.gov.cn/ceb" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        "  <!-- 订单 -->\n  <ceb:Order>\n    <ceb:guid>4CDE1CFD</ceb:guid><ceb:note/>\n"
        "    <ceb:goods>测试&amp;商品</ceb:goods>\n  </ceb:Order>\n"
        f"</ceb:CEB{kind}Message>\n"
    ).encode()


@cache
def signer(profile: str) -> Signer:
    """The signing key of a card of its own, password verified."""
    card = IsoEportCard(InProcessLink(card_of(profile), PowerLost))
    card.verify_pin(Secret(PIN.encode()))
    return on_card(card)
