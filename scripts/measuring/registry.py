"""The registry as it grows: with 10, 1 000 and 100 000 cards, a look-up, a change of state, a history, an audit.

The floor is a bare sqlite3 that does the same to the same tables: one SELECT; one UPDATE and one INSERT in a
transaction of their own, with the same wait for the disk. A registry of this size is filled by bulk inserts; that its
log is whole is checked by the audit that is measured.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import insert

from host_tools.pki.generation import Generation
from host_tools.registry import codes, database, log
from host_tools.registry.audit import audit
from host_tools.registry.cards import MARK, card_facts
from host_tools.registry.facade import Registry
from host_tools.registry.log import Entry
from host_tools.registry.models import Card, Chain, Enterprise, Holder, Operation
from host_tools.registry.states import Action, CardKind, CardState, Medium, Outcome
from host_tools.registry.work import Work
from scripts.measuring.turns import Row, rates

SIZES = (10, 1_000, 100_000)
CARDS_OF_ONE = 10
"""Cards of one enterprise."""
GROUP = "registry growth"
ACTS = {"look up a card": "look_up", "list its history": "history", "change its state twice": "change"}
PIECE = 5_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)
COLUMNS = ("subject", "sequence", "action", "at", "by_card", "order_number", "outcome", "reason", "state", "data",
           "previous", "hash")  # fmt: skip


def number_of(index: int) -> str:
    """The number of the card of that index."""
    return f"ZZ9S{index:09}"


def credit_code_of(index: int) -> str:
    """The credit code of a made-up enterprise."""
    organisation = f"{index:08}"
    first = f"91990000{organisation}{codes.organisation_check(organisation)}"
    return first + codes.credit_check(first)


class Filler:
    """Rows in bulk, with the log that the registry itself would have written."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._heads: dict[str, tuple[int, str]] = {log.REGISTRY: (0, log.START)}
        self._lines: list[dict[str, Any]] = []

    def fill(self, cards: int) -> None:
        """So many normal cards, ten of each enterprise."""
        added: list[dict[str, Any]] = []
        for index in range(cards):
            if index % CARDS_OF_ONE == 0:
                enterprise, holder = self._enterprise(index // CARDS_OF_ONE)
            card = Card(
                number=number_of(index), kind=CardKind.OPERATOR, medium=Medium.IC, generation=Generation.SM2,
                enterprise_id=enterprise.id, holder_id=holder.id, state=CardState.NORMAL, script_counter=0,
                made_at=NOW, data={},
            )  # fmt: skip
            facts = card_facts(Card(**{**_columns(card), "enterprise": enterprise}))
            self._line(enterprise.subject, Action.CARD_ADDED, "active", {"subject": card.subject})
            self._line(card.subject, Action.CARD_ADDED, "preparing", {**facts, MARK: holder.mark})
            self._line(card.subject, Action.ISSUE, "normal", {})
            added.append(_columns(card))
            if len(added) == PIECE or index + 1 == cards:
                self._work.session.execute(insert(Card), added)
                self._flush()
                added = []
        heads = [{"subject": name, "count": count, "head": head} for name, (count, head) in self._heads.items()]
        self._work.session.delete(self._work.session.get_one(Chain, log.REGISTRY))
        self._work.session.flush()
        self._work.session.execute(insert(Chain), heads)

    def _enterprise(self, index: int) -> tuple[Enterprise, Holder]:
        code = credit_code_of(index)
        enterprise = Enterprise(
            name="测试企业", credit_code=code, code=code[8:17], category="00", customs_code="", acceptance_point="10",
            state="active", data={},
        )  # fmt: skip
        self._work.session.add(enterprise)
        self._work.session.flush()
        holder = self._work.add_holder(enterprise, "测试持卡人", "999999199102020029")
        self._line(log.REGISTRY, Action.ENTERPRISE_ADDED, "", {"subject": enterprise.subject})
        self._line(enterprise.subject, Action.ENTERPRISE_ADDED, "active", {})
        return enterprise, holder

    def _line(self, subject: str, action: Action, state: str, data: dict[str, Any]) -> None:
        count, head = self._heads.get(subject, (0, log.START))
        line = Operation(
            subject=subject, sequence=count + 1, action=action, at=NOW, by_card="", order_number="",
            outcome=Outcome.ACCEPTED, reason="", state=state, data=data, previous=head,
        )  # fmt: skip
        line.hash = log.hash_of(line)
        self._heads[subject] = (line.sequence, line.hash)
        self._lines.append({name: getattr(line, name) for name in COLUMNS})

    def _flush(self) -> None:
        self._work.session.execute(insert(Operation), self._lines)
        self._lines = []


def _columns(card: Card) -> dict[str, Any]:
    names = ("number", "kind", "medium", "generation", "enterprise_id", "holder_id", "state", "script_counter",
             "made_at", "data")  # fmt: skip
    return {name: getattr(card, name) for name in names}


@dataclass(frozen=True)
class Filled:
    """A registry with so many cards, and what is done to those in its middle."""

    registry: Registry
    cards: int

    @property
    def middle(self) -> str:
        return number_of(self.cards // 2)

    def look_up(self) -> None:
        with self.registry.reading() as work:
            work.card(self.middle)

    def history(self) -> None:
        with self.registry.reading() as work:
            work.history(work.card(number_of(self.cards // 2 + 1)))

    def change(self) -> None:
        """Freeze and unfreeze."""
        for to, action in ((CardState.FROZEN, Action.FREEZE), (CardState.NORMAL, Action.UNFREEZE)):
            with self.registry.writing() as work:
                work.move(work.card(self.middle), to, Entry(action))


def filled(folder: Path, cards: int) -> Filled:
    """A registry with so many cards."""
    made = Registry.create(database.sqlite_url(folder / f"{cards}.sqlite"), lambda: NOW)
    with made.writing() as work:
        Filler(work).fill(cards)
    return Filled(made, cards)


class Bare:
    """The same by sqlite3 alone."""

    def __init__(self, path: Path, number: str) -> None:
        self.base = sqlite3.connect(path, isolation_level=None)
        self.base.execute("PRAGMA journal_mode = WAL")
        self.base.execute("PRAGMA synchronous = FULL")
        self.base.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, subject TEXT, data TEXT)")
        self.number = number

    def look_up(self) -> None:
        self.base.execute("SELECT * FROM card WHERE number = ?", (self.number,)).fetchall()

    def history(self) -> None:
        query = "SELECT * FROM operation WHERE subject = ? ORDER BY sequence"
        self.base.execute(query, (f"card:{self.number}",)).fetchall()

    def change(self) -> None:
        """Two commits, as freezing and unfreezing are."""
        for state in ("frozen", "normal"):
            self.base.execute("BEGIN IMMEDIATE")
            self.base.execute("UPDATE card SET state = ? WHERE number = ?", (state, self.number))
            self.base.execute("INSERT INTO bare (subject, data) VALUES (?, ?)", (self.number, "x" * 300))
            self.base.execute("COMMIT")


def growth(folder: Path) -> Iterator[Row]:
    """Operations a second with more and more cards, beside sqlite3 alone and beside ten cards."""
    registries = {size: filled(folder, size) for size in SIZES}
    largest = registries[SIZES[-1]]
    reports = [*_audits(registries)]
    bare = Bare(folder / f"{largest.cards}.sqlite", number_of(1))
    for what, name in ACTS.items():
        acts = {str(size): getattr(each, name) for size, each in registries.items()}
        found = rates({**acts, "bare": getattr(bare, name)})
        for size in SIZES:
            yield Row(GROUP, f"{what}, {size:,} cards", "1/s", found[str(size)], found["bare"], "sqlite3 alone")
        most, least = found[str(SIZES[-1])], found[str(SIZES[0])]
        yield Row(GROUP, f"{what}, {SIZES[-1]:,} cards", "1/s", most, least, f"{SIZES[0]} cards", target=0.5)
    bare.base.close()
    yield from reports
    for each in registries.values():
        each.registry.close()


def _audits(registries: dict[int, Filled]) -> Iterator[Row]:
    for size, each in registries.items():
        start = perf_counter()
        with each.registry.reading() as work:
            report = audit(work)
        assert not report.findings, report.findings[:3]
        rate = report.operations / (perf_counter() - start)
        yield Row(GROUP, f"verify the whole log, {size:,} cards", "operations/s", rate)
