"""What should be on a card, and who is to get one: plain values, without I/O.

Numbers are made up in the form of real ones: two letters, a digit, the letter of the kind and nine digits.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from host_tools.errors import OfficeProblem
from host_tools.office.orders import WORD
from host_tools.office.station import HolderData, shown_number, subject_of
from host_tools.pki.generation import Generation, subject_name
from host_tools.registry import codes
from host_tools.registry.models import Card
from host_tools.registry.states import CardKind

FILES = {"person": "DF01/0011", "unit": "DF01/0012", "number": "2F02"}
"""Paths of the files that issuing fills (`simcard/profiles/eport-operator.toml`)."""
BODY, NUMBER_BODY = 512, 32
"""Their sizes."""
IDENTITY_CARD = "01"
SERIES = "ZZ9"
LETTERS = {CardKind.LEGAL: "L", CardKind.OPERATOR: "S", CardKind.DECLARANT: "D"}
OFFICE_LETTER = "F"
"""Of the cards of the office's own operators."""
DIGITS = 9
LAST_NUMBER = 10**DIGITS - 1
LONGEST_NAME, LONGEST_TEXT = 60, 40
ENCODINGS = {Generation.SM2: "utf-8", Generation.RSA: "gbk"}


@dataclass(frozen=True, slots=True)
class Person:
    """Who holds a card. `record_number` is a declarant's; `document_type` 01 is the resident identity card."""

    name: str
    document_number: str
    document_type: str = IDENTITY_CARD
    social_number: str = ""
    record_number: str = ""


@dataclass(frozen=True, slots=True)
class Firm:
    """An enterprise that joins the network."""

    name: str
    credit_code: str
    customs_code: str = ""
    category: str = "00"
    acceptance_point: str = "10"


def first_of(kind: CardKind, of_office: bool = False) -> str:
    """What the numbers of a kind of card begin with."""
    return SERIES + (OFFICE_LETTER if of_office else LETTERS[kind])


def number_after(last: str | None, first: str) -> str:
    """The number that follows the last one given of those that begin so; `OfficeProblem` when all were given."""
    count = int(last[len(first) :]) + 1 if last else 1
    if count > LAST_NUMBER:
        raise OfficeProblem(f"all {LAST_NUMBER} numbers that begin with {first} were given")
    return f"{first}{count:0{DIGITS}d}"


def new_card(person: Person, kind: CardKind, generation: Generation) -> dict[str, str]:
    """The details of an order for one more card."""
    return {**asdict(person), "kind": kind.value, "generation": generation.value}


def bodies(card: Card, holder: HolderData | None = None) -> dict[str, bytes]:
    """The bodies of the card's files by their path; `OfficeProblem` for what does not fit or cannot be written."""
    holder, firm = holder or HolderData.of(card), card.enterprise
    person = (
        card.kind.value,
        holder.name,
        holder.document_type,
        holder.document_number,
        holder.social_number,
        shown_number(card),
        holder.record_number,
    )
    unit = (firm.name, firm.category, firm.code, firm.credit_code, firm.acceptance_point)
    texts = {FILES["person"]: person, FILES["unit"]: unit}
    made = {path: _written("||".join(fields), card.generation) for path, fields in texts.items()}
    return {**made, FILES["number"]: shown_number(card).encode()}


def check_card(card: Card, holder: HolderData | None = None) -> None:
    """`OfficeProblem` for data that do not fit on a card, or not into its certificates, before anything is begun."""
    bodies(card, holder)
    try:
        subject_name(card.generation, subject_of(card, holder))
    except ValueError:
        raise OfficeProblem("the names are too long for a certificate, which takes 64 characters") from None


def _written(text: str, generation: Generation) -> bytes:
    try:
        body = text.encode(ENCODINGS[generation])
    except UnicodeEncodeError as error:
        lacking = text[error.start]
        raise OfficeProblem(f"cards of the {generation.value} generation write GBK, which lacks {lacking}") from None
    if len(body) > BODY:
        raise OfficeProblem(f"the holder's data have {len(body)} bytes; the card has room for {BODY}")
    return body


def check_person(person: Person, kind: CardKind) -> None:
    """`OfficeProblem`, saying what is wrong, for a person who cannot get a card of this kind."""
    _insist(0 < len(person.name.strip()) <= LONGEST_NAME, f"a name has 1 to {LONGEST_NAME} characters")
    _insist(_is_text(*asdict(person).values()), "holder data may not hold || nor what cannot be printed")
    _insist(0 < len(person.document_number) <= LONGEST_TEXT, "the document number is missing or too long")
    fault = codes.identity_fault(person.document_number) if person.document_type == IDENTITY_CARD else ""
    _insist(not fault, f"{person.document_number} is no identity number: {fault}")
    declarant = kind is not CardKind.DECLARANT or WORD.fullmatch(person.record_number) is not None
    _insist(declarant, "a declarant needs a record number (报关人员备案证号) of 1 to 40 letters, digits and hyphens")


def check_letters(generation: Generation, *texts: str) -> None:
    """`OfficeProblem` for texts that cards of a generation cannot write."""
    _written("".join(texts), generation)


def check_firm(firm: Firm) -> None:
    """`OfficeProblem`, saying what is wrong, for an enterprise that cannot join."""
    _insist(0 < len(firm.name) <= LONGEST_NAME, f"the name of an enterprise has 1 to {LONGEST_NAME} characters")
    _insist(_is_text(firm.name), "the name of an enterprise may not hold || nor what cannot be printed")
    fault = codes.credit_code_fault(firm.credit_code)
    _insist(not fault, f"{firm.credit_code} is no unified social credit code: {fault}")
    customs = not firm.customs_code or codes.is_customs_code(firm.customs_code)
    _insist(customs, f"{firm.customs_code} is no customs code: ten digits or letters, two of them as code&code")


def _is_text(*texts: str) -> bool:
    """Whether these can stand between || on a card, and mean to a reader what they are."""
    return all(text.isprintable() and "||" not in f"{text}|" for text in texts)


def _insist(condition: bool, text: str) -> None:
    if not condition:
        raise OfficeProblem(text)
