"""Orders that must not be followed: each refused for its own reason, written down, and without any effect."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from host_tools.errors import OrderRefused
from host_tools.office.desk import LIFE, RECORD, SKEW
from host_tools.office.orders import Details, Order, Signed
from host_tools.office.refusals import TEXTS, Reason
from host_tools.registry.audit import audit
from host_tools.registry.columns import canonical
from host_tools.registry.states import Action, CardState, Outcome
from tests.office.support import (
    CARDS,
    CLERK,
    DECLARANT,
    LEGAL,
    OFFICE,
    OLD_CLERK,
    OTHER_CLERK,
    OTHER_LEGAL,
    House,
    Made,
)
from tests.pki.support import card_holder


def refused(house: House, signed: Signed, reason: Reason, about: Made | None = CLERK) -> None:
    """The order is refused for this reason, which stands at the end of the log of the card, and nothing changes."""
    before = {each.number: (house.state(each), house.standing(each)) for each in CARDS}
    with pytest.raises(OrderRefused) as caught:
        house.desk.submit(signed)
    last = house.history(about)[-1]
    assert (reason.value, Outcome.REFUSED, reason.value) == (
        caught.value.reason,
        last.outcome,
        last.reason.partition(":")[0],
    )
    assert before == {each.number: (house.state(each), house.standing(each)) for each in CARDS}


def freeze(house: House, by: Made = LEGAL, *cards: Made, enterprise: str = "") -> Signed:
    return house.signed(house.order(Action.FREEZE, by, *(cards or (CLERK,)), enterprise=enterprise), by)


def test_an_order_is_good_once(any_house: House) -> None:
    signed = freeze(any_house)
    any_house.desk.submit(signed)
    any_house.do(Action.UNFREEZE, LEGAL, CLERK)
    refused(any_house, signed, Reason.USED)


def test_a_refused_order_is_spent_too(house: House) -> None:
    unfreeze = house.signed(house.order(Action.UNFREEZE, LEGAL, CLERK), LEGAL)
    refused(house, unfreeze, Reason.CARD_STATE)
    house.do(Action.FREEZE, LEGAL, CLERK)
    refused(house, unfreeze, Reason.USED)


def test_an_order_may_be_a_little_late(house: House) -> None:
    signed = freeze(house)
    house.clock.moment += LIFE
    assert CardState.FROZEN is house.desk.submit(signed).states[CLERK.number]


def test_an_old_order_is_stale(house: House) -> None:
    signed = freeze(house)
    house.clock.moment += LIFE + timedelta(seconds=1)
    refused(house, signed, Reason.STALE)


def test_an_order_from_the_future_is_refused(house: House) -> None:
    signed = freeze(house)
    house.clock.moment -= SKEW + timedelta(seconds=1)
    refused(house, signed, Reason.FUTURE)


def changed_card(signed: Signed) -> Signed:
    return replace(signed, text=signed.text.replace(CLERK.number.encode(), DECLARANT.number.encode()))


def changed_action(signed: Signed) -> Signed:
    return replace(signed, text=signed.text.replace(b'"freeze"', b'"void"'))


def changed_signature(signed: Signed) -> Signed:
    return replace(signed, signature=bytes((signed.signature[0] ^ 1, *signed.signature[1:])))


def short_signature(signed: Signed) -> Signed:
    return replace(signed, signature=signed.signature[:-1])


def no_signature(signed: Signed) -> Signed:
    return replace(signed, signature=b"")


@pytest.mark.parametrize(
    "forge", [changed_card, changed_action, changed_signature, short_signature, no_signature], ids=lambda f: f.__name__
)
def test_a_forged_order_is_written_down_where_nobody_is_blamed(house: House, forge: Callable[[Signed], Signed]) -> None:
    refused(house, forge(freeze(house)), Reason.SIGNATURE, about=None)
    assert "" == house.history(None)[-1].by_card


def test_the_certificate_of_another_card_does_not_help(house: House) -> None:
    order = house.order(Action.FREEZE, LEGAL, CLERK)
    mine = house.signed(order, CLERK)
    refused(house, replace(mine, certificate=freeze(house).certificate), Reason.SIGNATURE, about=None)


def test_an_order_in_the_name_of_another_card_is_refused(house: House) -> None:
    order = house.order(Action.FREEZE, LEGAL, DECLARANT)
    refused(house, house.signed(order, CLERK), Reason.OTHER_SIGNER, about=DECLARANT)


def test_a_certificate_of_another_authority_is_worth_nothing(house: House) -> None:
    stranger = card_holder("sm2")
    order = house.order(Action.FREEZE, LEGAL, CLERK)
    signed = Signed(order.encode(), stranger.signer.sign(order.encode()), stranger.signing.encoded)
    refused(house, signed, Reason.UNTRUSTED, about=None)


def test_what_is_no_certificate_is_said_to_be_none(house: House) -> None:
    refused(house, replace(freeze(house), certificate=b"\x30\x00"), Reason.CERTIFICATE_FORM, about=None)


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: json.dumps(fields).encode(),
        lambda fields: canonical({**fields, "more": 1}).encode(),
        lambda fields: canonical({**fields, "action": "explode"}).encode(),
        lambda fields: canonical({**fields, "at": "yesterday"}).encode(),
        lambda fields: canonical({**fields, "cards": [CLERK.number, CLERK.number]}).encode(),
        lambda fields: canonical({**fields, "cards": [f"ZZ9S{n:09}" for n in range(101)]}).encode(),
        lambda fields: canonical({**fields, "cards": CLERK.number}).encode(),
        lambda fields: canonical({**fields, "data": []}).encode(),
        lambda fields: canonical({**fields, "number": ""}).encode(),
        lambda fields: canonical({**fields, "number": "1" * 41}).encode(),
        lambda fields: canonical({**fields, "cards": ["\0"]}).encode(),
        lambda fields: canonical({**fields, "enterprise": "9" * 41}).encode(),
        lambda fields: canonical({**fields, "data": {"record_number": "1" * 201}}).encode(),
        lambda fields: canonical({**fields, "data": {"record_number": "\0"}}).encode(),
        lambda fields: b'{"form":"\\ud800"}',
        lambda fields: b"\xff\xfe",
        lambda fields: b"[" * 100_000,
        lambda fields: b"",
    ],
)  # fmt: skip
def test_what_is_not_exactly_an_order_is_none(house: House, change: Callable[[dict[str, object]], bytes]) -> None:
    fields = json.loads(house.order(Action.FREEZE, LEGAL, CLERK).encode())
    text = change(fields)
    refused(house, replace(freeze(house), text=text), Reason.FORM, about=None)


def test_an_order_read_back_is_the_same() -> None:
    from tests.pki.support import NOW

    order = Order(Action.BIND, (DECLARANT.number,), LEGAL.enterprise, LEGAL.number, NOW, data={RECORD: "99000001"})
    assert order == Order.parse(order.encode())


@pytest.mark.parametrize("action", [Action.FREEZE, Action.VOID, Action.REPORT_LOSS, Action.UNLOCK, Action.RENEW])
@pytest.mark.parametrize("by", [CLERK, OLD_CLERK, DECLARANT])
def test_cards_that_manage_nothing_manage_nothing(house: House, action: Action, by: Made) -> None:
    about = DECLARANT if by is not DECLARANT else CLERK
    refused(house, house.signed(house.order(action, by, about), by), Reason.NOT_PERMITTED, about)


def test_an_operator_card_does_not_unlock_itself(house: House) -> None:
    refused(house, house.signed(house.order(Action.UNLOCK, CLERK, CLERK), CLERK), Reason.NOT_PERMITTED)


@pytest.mark.parametrize("action", [Action.FREEZE, Action.UNLOCK, Action.VOID, Action.REPLACE, Action.HOLDER_CHANGED])
def test_a_legal_person_card_does_not_do_to_itself_what_is_the_offices(house: House, action: Action) -> None:
    refused(house, house.signed(house.order(action, LEGAL, LEGAL), LEGAL), Reason.NOT_PERMITTED, LEGAL)


@pytest.mark.parametrize(
    "details",
    [
        None,
        Details({"name": "测试替身"}, "00"),
        Details({"name": "测试操作员"}, "01"),
        Details({"name": "测试操作员", "more": ""}, "00"),
    ],
)
def test_what_is_handed_in_with_an_order_is_what_was_signed(house: House, details: Details | None) -> None:
    order = house.order(Action.ISSUE, LEGAL, **Details({"name": "测试操作员"}, "00").data)
    with pytest.raises(OrderRefused) as caught:
        house.desk.submit(house.signed(order, LEGAL), details=details)
    assert Reason.OTHER_DETAILS.value == caught.value.reason
    with house.office.registry.reading() as work:
        last = work.history(work.card(LEGAL.number))[-1]
    assert (Action.ISSUE, Outcome.REFUSED) == (last.action, last.outcome)


def test_the_log_does_not_tell_what_was_handed_in(house: House) -> None:
    details = Details({"name": "测试操作员"})
    house.desk.submit(house.signed(house.order(Action.ISSUE, LEGAL, **details.data), LEGAL), details=details)
    with house.office.registry.reading() as work:
        line = work.history(work.enterprise(LEGAL.enterprise))[-1]
    assert details.data["details"] in str(line.data)
    assert details.salt not in str(line.data)


def test_the_office_does_not_cancel_itself(house: House) -> None:
    order = house.order(Action.ENTERPRISE_CANCELLED, OFFICE, enterprise=OFFICE.enterprise)
    with pytest.raises(OrderRefused, match="no other card may"):
        house.desk.submit(house.signed(order, OFFICE))


def test_the_office_does_not_do_what_is_the_enterprises(house: House) -> None:
    refused(house, freeze(house, OFFICE), Reason.NOT_PERMITTED)


@pytest.mark.parametrize("enterprise", [OTHER_LEGAL.enterprise, LEGAL.enterprise])
def test_a_legal_person_card_of_another_enterprise_is_refused(house: House, enterprise: str) -> None:
    refused(house, freeze(house, OTHER_LEGAL, CLERK, enterprise=enterprise), Reason.WRONG_ENTERPRISE)


def test_one_card_of_another_enterprise_spoils_the_whole_order(house: House) -> None:
    refused(house, freeze(house, LEGAL, CLERK, OTHER_CLERK), Reason.WRONG_ENTERPRISE)
    assert Outcome.REFUSED is house.history(OTHER_CLERK)[-1].outcome


def test_a_card_nobody_registered_is_unknown(house: House) -> None:
    unknown = replace(CLERK, number="ZZ9S000000099")
    refused(house, freeze(house, LEGAL, unknown), Reason.UNKNOWN_CARD, about=LEGAL)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Action.FREEZE, Reason.SIGNER_FROZEN),
        (Action.REPORT_LOSS, Reason.SIGNER_LOST),
        (Action.VOID, Reason.SIGNER_VOID),
    ],
)
def test_a_legal_person_card_that_is_not_normal_orders_nothing(
    any_house: House, action: Action, reason: Reason
) -> None:
    signed = freeze(any_house)
    any_house.do(action, OFFICE, LEGAL)
    refused(any_house, signed, reason)


def test_a_certificate_the_authority_revoked_orders_nothing(house: House) -> None:
    signed = freeze(house)
    with house.office.registry.reading() as work:
        serials = [each.serial for each in work.certificates(work.card(LEGAL.number))]
    for serial in serials:
        house.office.authority(LEGAL.generation).revoke(serial)
    refused(house, signed, Reason.REVOKED)


def test_an_expired_certificate_orders_nothing(house: House) -> None:
    house.later(days=3653)
    refused(house, freeze(house), Reason.EXPIRED)


def test_a_certificate_that_is_not_valid_yet_orders_nothing(house: House) -> None:
    house.later(days=-1)
    refused(house, freeze(house), Reason.NOT_YET_VALID)


@pytest.mark.parametrize("data", [{}, {RECORD: ""}, {RECORD: "9" * 41}, {RECORD: "99 000"}])
def test_an_order_to_bind_nobody_is_refused(house: House, data: dict[str, str]) -> None:
    signed = house.signed(house.order(Action.BIND, LEGAL, DECLARANT, **data), LEGAL)
    refused(house, signed, Reason.RECORD_NUMBER, about=DECLARANT)


def test_what_is_not_bound_cannot_be_unbound(house: House) -> None:
    signed = house.signed(house.order(Action.UNBIND, LEGAL, DECLARANT), LEGAL)
    refused(house, signed, Reason.NOT_BOUND, about=DECLARANT)


def test_the_log_of_refusals_is_whole(house: House) -> None:
    for forge in (changed_card, no_signature):
        with pytest.raises(OrderRefused):
            house.desk.submit(forge(freeze(house)))
    with house.office.registry.reading() as work:
        assert () == audit(work).findings


def test_every_reason_has_a_text() -> None:
    assert set(Reason) == set(TEXTS)
