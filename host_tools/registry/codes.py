"""Check characters of the codes that name enterprises and persons.

Unified social credit code (GB 32100-2015), organisation code (GB 11714-1997), identity number (GB 11643-1999).
"""

from __future__ import annotations

import re

LENGTH = 18
"""Of a credit code, and of an identity number."""
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
IDENTITY_CHECKS = "10X98765432"
CUSTOMS_CODES = re.compile("[0-9A-Z]{10}(&[0-9A-Z]{10})?")


def credit_check(first: str) -> str:
    """The last character of a credit code whose first 17 are these (GB 32100-2015, 5.5)."""
    total = sum(CREDIT_ALPHABET.index(each) * weight for each, weight in zip(first, CREDIT_WEIGHTS))
    return CREDIT_ALPHABET[-total % 31]


def organisation_check(first: str) -> str:
    """The last character of an organisation code whose first 8 are these (GB 11714-1997, 4.2)."""
    total = sum(ORGANISATION_ALPHABET.index(each) * weight for each, weight in zip(first, ORGANISATION_WEIGHTS))
    return "0123456789X0"[11 - total % 11]


def identity_check(first: str) -> str:
    """The last character of an identity number whose first 17 digits are these (GB 11643-1999, 4.2)."""
    return IDENTITY_CHECKS[sum(int(each) * weight for each, weight in zip(first, IDENTITY_WEIGHTS)) % 11]


def credit_code(first: str) -> str:
    """The credit code whose first 16 characters are these: with both its check characters."""
    organised = first + organisation_check(first[8:])
    return organised + credit_check(organised)


def credit_code_fault(text: str) -> str:
    """What is wrong with a unified social credit code; empty if nothing is."""
    if len(text) != LENGTH:
        return f"it has {len(text)} characters, and {LENGTH} are needed"
    strange = next((each for each in text if each not in CREDIT_ALPHABET), "")
    if strange:
        return f"{strange} never stands in one: digits do, and capital letters but I, O, S, V and Z"
    right = credit_code(text[:16])
    return "" if text == right else f"its check characters, the last two, would be {right[16:]}"


def is_credit_code(text: str) -> bool:
    """Whether this is a unified social credit code with right check characters."""
    return not credit_code_fault(text)


def is_organisation_code(text: str) -> bool:
    """Whether this is an organisation code, nine characters, with the right check character."""
    if len(text) != 9 or any(each not in ORGANISATION_ALPHABET for each in text[:8]):
        return False
    return text[8] == organisation_check(text[:8])


def identity_fault(text: str) -> str:
    """What is wrong with a resident identity number; empty if nothing is."""
    if len(text) != LENGTH:
        return f"it has {len(text)} characters, and {LENGTH} are needed"
    if not (text[:17].isascii() and text[:17].isdecimal()):
        return "its first 17 characters are digits"
    right = identity_check(text[:17])
    return "" if text[17] == right else f"its check character, the last, would be {right}"


def is_identity_number(text: str) -> bool:
    """Whether this is a resident identity number with the right check character."""
    return not identity_fault(text)


def is_customs_code(text: str) -> bool:
    """Whether this is a customs registration code, ten digits or letters, or two of them as `code&code`."""
    return CUSTOMS_CODES.fullmatch(text) is not None


def organisation_code(credit_code: str) -> str:
    """The organisation's part of a credit code."""
    return credit_code[8:17]
