"""Many enterprises from one CSV file: every row is read and checked before anything is written down.

Columns, by the names in the first line: firm, credit_code, name, document (of the legal representative); optional are
customs_code, operator_name, operator_document, generation (sm2 or rsa) and medium (ic or ikey).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from host_tools.errors import AlreadyRegistered, FileProblem, OfficeProblem
from host_tools.issuing import plan
from host_tools.issuing.plan import Firm, Person
from host_tools.pki.generation import Generation
from host_tools.registry.states import CardKind, Medium

NEEDED = ("firm", "credit_code", "name", "document")
OPTIONAL = ("customs_code", "operator_name", "operator_document", "generation", "medium")
Kind = TypeVar("Kind", Generation, Medium)
MOST_TOLD = 20
"""Wrong rows that one error tells."""


@dataclass(frozen=True, slots=True)
class Joining:
    """One row: an enterprise, its legal representative, its operator (None: the same person), its cards."""

    line: int
    firm: Firm
    legal: Person
    operator: Person | None
    generation: Generation
    medium: Medium


def text_of(data: bytes, what: str) -> str:
    """The text of a file: UTF-8, or GB 18030 as spreadsheets in Chinese write it; `FileProblem` for neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileProblem(f"{what}: is no text in UTF-8 or GB 18030")


def read(lines: Iterable[str], what: str) -> tuple[Joining, ...]:
    """All rows of a file named `what`; `FileProblem` that tells every wrong line and why."""
    rows = csv.DictReader(lines, strict=True)
    try:
        _insist_on_columns(rows.fieldnames or (), what)
        found = list(_rows(rows))
    except csv.Error as error:
        raise FileProblem(f"{what}: line {rows.line_num} is no CSV: {error}") from None
    wrong = [each for each in found if isinstance(each, str)]
    good = [each for each in found if isinstance(each, Joining)]
    wrong += _doubles(good)
    _insist_on_none(wrong, what)
    if not good:
        raise FileProblem(f"{what}: there is no row in it")
    return tuple(good)


def insist_on_room(
    rows: Iterable[Joining], check: Callable[[Firm, Person, Person | None, Generation], None], what: str
) -> None:
    """`FileProblem` that tells every row to which `check` (`Procedures.check`) says `AlreadyRegistered`."""
    wrong = []
    for row in rows:
        try:
            check(row.firm, row.legal, row.operator, row.generation)
        except AlreadyRegistered as error:
            wrong.append(f"line {row.line}: {error}")
    _insist_on_none(wrong, what)


def _insist_on_none(wrong: list[str], what: str) -> None:
    if wrong:
        more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
        raise FileProblem(f"{what}: nothing was done; {'; '.join(wrong[:MOST_TOLD])}{more}")


def _insist_on_columns(names: Iterable[str], what: str) -> None:
    known = {name.strip() for name in names}
    missing = [name for name in NEEDED if name not in known]
    strange = sorted(known - {*NEEDED, *OPTIONAL})
    if missing or strange:
        text = f"missing {', '.join(missing)}" if missing else f"unknown {', '.join(strange)}"
        raise FileProblem(f"{what}: the first line names the columns: {text}; known are {', '.join(NEEDED + OPTIONAL)}")


def _rows(rows: csv.DictReader[str]) -> Iterator[Joining | str]:
    for row in rows:
        if None in row or None in row.values():
            yield f"line {rows.line_num}: it has not as many fields as the first line"
            continue
        try:
            yield _joining(rows.line_num, {name.strip(): text.strip() for name, text in row.items()})
        except OfficeProblem as error:
            yield f"line {rows.line_num}: {error}"


def _joining(line: int, row: dict[str, str]) -> Joining:
    firm = Firm(row["firm"], row["credit_code"], row.get("customs_code", ""))
    legal, operator = Person(row["name"], row["document"]), None
    if row.get("operator_name") or row.get("operator_document"):
        operator = Person(row.get("operator_name", ""), row.get("operator_document", ""))
        plan.check_person(operator, CardKind.OPERATOR)
    plan.check_firm(firm)
    plan.check_person(legal, CardKind.LEGAL)
    generation = _one_of(Generation, row.get("generation") or Generation.SM2)
    plan.check_letters(generation, firm.name, legal.name, operator.name if operator else "")
    return Joining(line, firm, legal, operator, generation, _one_of(Medium, row.get("medium") or Medium.IC))


def _one_of(kind: type[Kind], text: str) -> Kind:
    try:
        return kind(text)
    except ValueError:
        raise OfficeProblem(f"{text!r} is none of {', '.join(kind)}") from None


def _doubles(rows: Iterable[Joining]) -> list[str]:
    first: dict[str, int] = {}
    wrong = []
    for row in rows:
        before = first.setdefault(row.firm.credit_code, row.line)
        if before != row.line:
            wrong.append(f"line {row.line}: enterprise {row.firm.credit_code} stands in line {before} already")
    return wrong
