"""Whoever changes the log from outside is seen: changed, removed, moved, cut off; and whole chains that vanish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, create_engine, event, select, text

from host_tools.errors import RegistryProblem
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation
from host_tools.registry import database, log
from host_tools.registry.audit import Head, audit, heads
from host_tools.registry.columns import canonical
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.models import Chain, Operation
from host_tools.registry.states import Action, CardKind, CardState
from tests.pki.support import pair_of
from tests.registry.support import CREDIT_CODE, FREEZE, LEGAL, OPERATOR, normal_card

CARD = f"card:{OPERATOR}"
ENTERPRISE = f"enterprise:{CREDIT_CODE}"
FIELDS = ("action", "at", "by_card", "order_number", "outcome", "reason", "state", "data")


@pytest.fixture
def busy(registry: Registry) -> Registry:
    """A registry in which something happened: a frozen card of four lines, and one more card."""
    normal_card(registry)
    normal_card(registry, LEGAL, CardKind.LEGAL)
    _, pair = pair_of("sm2")
    with registry.writing() as work:
        card = work.card(OPERATOR)
        work.certify(card, {Use.SIGN: pair.signing.encoded}, Entry(Action.CERTIFY))
        work.move(card, CardState.FROZEN, FREEZE)
        work.bind(work.card(LEGAL), "99000001", Entry(Action.BIND))
    return registry


@contextmanager
def attacker(registry: Registry, triggers: bool = False) -> Iterator[Connection]:
    """The data base as somebody has it who may do everything; without the triggers of the log."""
    engine = create_engine(registry.url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = OFF"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite" and not triggers:
            for what in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER operation_no_{what}"))
        elif not triggers:
            connection.execute(text("SET session_replication_role = replica"))
        yield connection
    engine.dispose()


def findings(registry: Registry, witness: dict[str, Head] | None = None) -> set[tuple[str, int, str]]:
    with registry.reading() as work:
        return {(each.subject, each.sequence, each.text) for each in audit(work, witness).findings}


def test_an_untouched_log_is_as_it_was_written(busy: Registry) -> None:
    assert set() == findings(busy)


@pytest.mark.parametrize("statement", ["UPDATE operation SET reason = 'x'", "DELETE FROM operation"])
def test_the_data_base_refuses_to_change_the_log(busy: Registry, statement: str) -> None:
    with (
        pytest.raises(RegistryProblem, match="the log is append-only"),
        database.failures(busy.url),
        attacker(busy, triggers=True) as connection,
    ):
        connection.execute(text(statement))


def test_the_data_base_refuses_to_replace_a_line(busy: Registry) -> None:
    if busy.url.get_backend_name() == "sqlite":
        statement = "INSERT OR REPLACE INTO operation SELECT * FROM operation"
    else:
        statement = "TRUNCATE operation"
    with pytest.raises(RegistryProblem, match="the log is append-only"), busy.writing() as work:
        work.session.execute(text(statement))


@pytest.mark.parametrize("field", FIELDS)
def test_a_changed_line_shows(busy: Registry, field: str) -> None:
    values = {
        "action": "void", "at": "2020-01-01T00:00:00Z", "outcome": "refused", "data": '{"a":1}', "state": "void",
    }  # fmt: skip
    with attacker(busy) as connection:
        statement = text(f"UPDATE operation SET {field} = :value WHERE subject = :card AND sequence = 3")
        connection.execute(statement, {"value": values.get(field, "x"), "card": CARD})
    assert (CARD, 3, "was changed: its hash is another") in findings(busy)


def test_a_changed_line_with_a_new_hash_shows_in_the_next(busy: Registry) -> None:
    with busy.reading() as work:
        line = work.history(work.card(OPERATOR))[2]
    line.reason = "x"
    with attacker(busy) as connection:
        connection.execute(
            text("UPDATE operation SET reason = 'x', hash = :hash WHERE subject = :card AND sequence = 3"),
            {"hash": log.hash_of(line), "card": CARD},
        )
    assert {(CARD, 4, "does not follow the line before it")} == findings(busy)


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_removed_line_shows(busy: Registry, sequence: int) -> None:
    with attacker(busy) as connection:
        connection.execute(text(f"DELETE FROM operation WHERE subject = '{CARD}' AND sequence = {sequence}"))
    assert (CARD, sequence, f"line {sequence} is missing") in findings(busy)


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_lines_cut_off_at_the_end_show(busy: Registry, cut: int) -> None:
    with attacker(busy) as connection:
        connection.execute(text(f"DELETE FROM operation WHERE subject = '{CARD}' AND sequence > {4 - cut}"))
    assert (CARD, 4, f"lines are missing at the end: {4 - cut} of 4 are there") in findings(busy)


def test_lines_in_another_order_show(busy: Registry) -> None:
    with attacker(busy) as connection:
        for old, new in ((3, 99), (4, 3), (99, 4)):
            connection.execute(
                text(f"UPDATE operation SET sequence = {new} WHERE subject = '{CARD}' AND sequence = {old}")
            )
    assert {
        (CARD, 3, "does not follow the line before it"),
        (CARD, 4, "does not follow the line before it"),
    } <= findings(busy)


def test_a_line_of_another_card_shows(busy: Registry) -> None:
    with attacker(busy) as connection:
        connection.execute(text(f"DELETE FROM operation WHERE subject = '{CARD}' AND sequence = 4"))
        connection.execute(
            text(
                f"UPDATE operation SET subject = '{CARD}', sequence = 4 WHERE subject = 'card:{LEGAL}' AND sequence = 2"
            )
        )
    assert {CARD, f"card:{LEGAL}"} <= {subject for subject, _, _ in findings(busy)}


def test_a_head_that_was_set_back_shows_by_the_state_of_the_card(busy: Registry) -> None:
    with busy.reading() as work:
        before = work.history(work.card(OPERATOR))[2].hash
    with attacker(busy) as connection:
        connection.execute(text(f"DELETE FROM operation WHERE subject = '{CARD}' AND sequence = 4"))
        connection.execute(text(f"UPDATE chain SET count = 3, head = '{before}' WHERE subject = '{CARD}'"))
    assert {(CARD, 0, "is frozen, and by the log it is normal")} == findings(busy)


def test_a_chain_that_is_gone_shows_in_the_one_above(busy: Registry) -> None:
    with attacker(busy) as connection:
        for table, where in (
            ("operation", f"subject = '{CARD}'"),
            ("chain", f"subject = '{CARD}'"),
            ("certificate", "1 = 1"),
            ("card", f"number = '{OPERATOR}'"),
        ):
            connection.execute(text(f"DELETE FROM {table} WHERE {where}"))
    assert {(CARD, 0, "its chain is gone"), (CARD, 0, "is in the log, and not in the registry")} == findings(busy)


@pytest.mark.parametrize(
    ("statement", "subject", "said"),
    [
        (f"UPDATE card SET state = 'normal' WHERE number = '{OPERATOR}'", CARD, "and by the log it is frozen"),
        (f"UPDATE card SET kind = '法人卡' WHERE number = '{OPERATOR}'", CARD, "its number, kind or enterprise"),
        ("UPDATE enterprise SET name = '别人'", ENTERPRISE, "its name or codes are not those"),
        ("UPDATE enterprise SET customs_code = '1'", ENTERPRISE, "its name or codes are not those"),
        ("UPDATE enterprise SET state = 'cancelled'", ENTERPRISE, "is cancelled, and by the log it is active"),
        ("UPDATE certificate SET number = '0300000000000999'", CARD, "is not the one that was written down"),
        ("DELETE FROM certificate", log.REGISTRY, "is in the log, and not in the registry"),
        ("UPDATE certificate SET state = 'replaced'", CARD, "is replaced, and by the log it is not"),
        ("UPDATE binding SET record_number = '99000002'", f"card:{LEGAL}", "is bound to another declarant"),
        ("UPDATE holder SET name = '别人'", CARD, "the data of its holder are not those"),
        ("UPDATE holder SET document_type = '02'", CARD, "the data of its holder are not those"),
        ("UPDATE holder SET document_number = '1'", CARD, "the data of its holder are not those"),
        ("UPDATE holder SET social_number = '1'", CARD, "the data of its holder are not those"),
        ("UPDATE holder SET record_number = '1'", CARD, "the data of its holder are not those"),
        ("UPDATE holder SET salt = ''", CARD, "the data of its holder are not those"),
        (f"UPDATE card SET holder_id = (SELECT max(holder_id) FROM card) WHERE number = '{OPERATOR}'", CARD,
         "the data of its holder are not those"),
        ("DELETE FROM binding", f"card:{LEGAL}", "is bound to another declarant"),
        (f"DELETE FROM chain WHERE subject = '{CARD}'", CARD, "its chain has no head"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_what_the_log_says_shows(busy: Registry, statement: str, subject: str, said: str) -> None:
    with attacker(busy) as connection:
        connection.execute(text(statement))
    assert any(found == subject and said in words for found, _, words in findings(busy))


def test_a_card_nobody_added_shows(busy: Registry) -> None:
    with attacker(busy) as connection:
        connection.execute(
            text(
                "INSERT INTO card (id, number, kind, medium, generation, enterprise_id, holder_id, state,"
                " script_counter, data) SELECT 99, 'ZZ9S000000099', kind, medium, generation, enterprise_id,"
                f" holder_id, 'normal', 0, '{{}}' FROM card WHERE number = '{OPERATOR}'"
            )
        )
    assert ("card:ZZ9S000000099", 0, "is normal, and by the log it is not there") in findings(busy)


def rewritten(registry: Registry) -> None:
    """What only a witness sees: the last line of a card changed, and every hash after it made anew."""
    with registry.reading() as work:
        line = work.history(work.card(OPERATOR))[-1]
    line.by_card = "ZZ9L000000099"
    values = {"by": line.by_card, "hash": log.hash_of(line), "card": CARD}
    with attacker(registry) as connection:
        connection.execute(
            text("UPDATE operation SET by_card = :by, hash = :hash WHERE subject = :card AND sequence = 4"), values
        )
        connection.execute(text("UPDATE chain SET head = :hash WHERE subject = :card"), values)


def test_a_log_rewritten_as_a_whole_shows_to_a_witness_only(busy: Registry) -> None:
    with busy.reading() as work:
        witness = heads(work)
    rewritten(busy)
    assert set() == findings(busy)
    assert {(CARD, 4, "the witness saw another line here")} == findings(busy, witness)


def test_a_witness_sees_that_lines_are_gone(busy: Registry) -> None:
    with busy.reading() as work:
        witness = {**heads(work), "card:ZZ9S000000042": Head(3, "0" * 64)}
    assert {("card:ZZ9S000000042", 3, "the witness saw more lines than there are now")} == findings(busy, witness)


def test_a_witness_says_nothing_of_what_came_later(busy: Registry) -> None:
    with busy.reading() as work:
        witness = heads(work)
    with busy.writing() as work:
        work.move(work.card(OPERATOR), CardState.NORMAL, Entry(Action.UNFREEZE))
    assert set() == findings(busy, witness)


def test_the_digest_is_of_all_heads(busy: Registry) -> None:
    with busy.reading() as work:
        before = audit(work).digest
    with busy.writing() as work:
        work.note(work.card(OPERATOR), Entry(Action.LOGIN))
    with busy.reading() as work:
        assert before != audit(work).digest


def test_every_line_that_says_something_else_has_another_hash(busy: Registry) -> None:
    with busy.reading() as work:
        line = work.history(work.card(OPERATOR))[0]
    assert line.hash == log.hash_of(line)
    line.previous = "1" * 64
    assert line.hash != log.hash_of(line)


def test_tables_of_the_log_are_named_as_the_triggers_expect() -> None:
    assert ("operation", "chain") == (Operation.__tablename__, Chain.__tablename__)


def test_revoked_certificates_of_a_void_card_agree_with_the_log(busy: Registry) -> None:
    with busy.writing() as work:
        work.move(work.card(OPERATOR), CardState.VOID, Entry(Action.VOID))
    assert set() == findings(busy)


def test_an_enterprise_that_was_changed_agrees_with_the_log(busy: Registry) -> None:
    with busy.writing() as work:
        enterprise = work.enterprise(CREDIT_CODE)
        facts = work.change_enterprise(enterprise, {"name": "测试新企业"})
        work.note(enterprise, Entry(Action.ENTERPRISE_CHANGED, data=facts))
    assert set() == findings(busy)


def test_a_certificate_of_a_void_card_that_is_current_again_shows(busy: Registry) -> None:
    with busy.writing() as work:
        work.move(work.card(OPERATOR), CardState.VOID, Entry(Action.VOID))
    with attacker(busy) as connection:
        connection.execute(text("UPDATE certificate SET state = 'current'"))
    assert {CARD} == {subject for subject, _, _ in findings(busy)}


def successor(registry: Registry) -> str:
    """The number of a second card of the operator."""
    number = "ZZ9S000000003"
    with registry.writing() as work:
        work.add_card(number, CardKind.OPERATOR, work.card(OPERATOR).holder, Generation.SM2)
    return number


def change(registry: Registry, number: str) -> None:
    """What a station writes down once the card shows its holder's new name."""
    with registry.writing() as work:
        entry = work.change_holder(work.card(number), {"name": "测试新名"}, Entry(Action.HOLDER_CHANGED))
        work.note(work.card(number), entry)


def test_a_holder_who_was_changed_agrees_with_the_log_of_all_their_cards(busy: Registry) -> None:
    number = successor(busy)
    change(busy, OPERATOR)
    assert set() == findings(busy)
    with attacker(busy) as connection:
        connection.execute(text("UPDATE holder SET name = '测试操作员' WHERE name = '测试新名'"))
    assert {CARD, f"card:{number}"} == {subject for subject, _, _ in findings(busy)}


def test_the_log_names_no_holder_and_marks_of_the_same_data_differ(busy: Registry) -> None:
    with busy.reading() as work:
        first, second = work.card(OPERATOR).holder, work.card(LEGAL).holder
        told = "".join(canonical(line.data) for line in work.session.execute(select(Operation)).scalars())
    assert (first.name, first.document_number) == (second.name, second.document_number)
    assert first.mark != second.mark
    assert all(mark in told for mark in (first.mark, second.mark))
    assert not any(word in told for word in (first.name, first.document_number, first.salt, second.salt))


def test_a_changed_holder_has_another_salt(busy: Registry) -> None:
    with busy.reading() as work:
        before = work.card(OPERATOR).holder.salt
    change(busy, OPERATOR)
    with busy.reading() as work:
        assert before != work.card(OPERATOR).holder.salt


def test_a_binding_that_was_taken_away_agrees_with_the_log(busy: Registry) -> None:
    with busy.writing() as work:
        work.unbind(work.card(LEGAL), Entry(Action.UNBIND))
    assert set() == findings(busy)
