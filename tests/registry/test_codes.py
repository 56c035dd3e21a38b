"""Check characters of codes."""

from __future__ import annotations

import pytest

from host_tools.registry.codes import (
    credit_code_fault,
    identity_fault,
    is_credit_code,
    is_customs_code,
    is_identity_number,
    is_organisation_code,
    organisation_code,
)

CREDIT = "91990000MA00T0013U"


def test_a_right_credit_code() -> None:
    assert is_credit_code(CREDIT)


@pytest.mark.parametrize("place", range(18))
def test_a_credit_code_with_one_other_character_is_wrong(place: int) -> None:
    other = "1" if CREDIT[place] != "1" else "2"
    assert not is_credit_code(CREDIT[:place] + other + CREDIT[place + 1 :])


@pytest.mark.parametrize("text", ["", CREDIT[:-1], CREDIT + "0", CREDIT.lower(), "91990000MAOOTOO13U"])
def test_what_has_not_the_form_is_no_credit_code(text: str) -> None:
    assert not is_credit_code(text)


def test_the_organisations_part() -> None:
    assert "MA00T0013" == organisation_code(CREDIT)
    assert is_organisation_code("MA00T0013")


@pytest.mark.parametrize("text", ["MA00T0014", "MA00T00", "ma00t0013"])
def test_a_wrong_organisation_code(text: str) -> None:
    assert not is_organisation_code(text)


@pytest.mark.parametrize("text", ["999999199102020029", "11010519491231002X"])
def test_right_identity_numbers(text: str) -> None:
    """The second one is the example of GB 11643-1999."""
    assert is_identity_number(text)


@pytest.mark.parametrize("text", ["110105194912310021", "11010519491231002x", "1101051949123100", "X" * 18])
def test_wrong_identity_numbers(text: str) -> None:
    assert not is_identity_number(text)


@pytest.mark.parametrize("text", ["9900000013", "99000A0013", "9900000013&9900000021"])
def test_one_customs_code_or_two(text: str) -> None:
    assert is_customs_code(text)


@pytest.mark.parametrize(
    "text", ["", "990000001", "9900000013&", "&9900000013", "9900000013&9900000021&9900000039", "９９00000013"]
)
def test_no_customs_code(text: str) -> None:
    assert not is_customs_code(text)


@pytest.mark.parametrize(("text", "fault"), [
    (CREDIT, ""),
    ("9199", "it has 4 characters, and 18 are needed"),
    ("91990000MAOOTOO13U", "O never stands in one"),
    ("91990000MA00T0013X", "its check characters, the last two, would be 3U"),
    ("91990000MA00T0014U", "its check characters, the last two, would be 3U"),
])  # fmt: skip
def test_what_is_wrong_with_a_credit_code(text: str, fault: str) -> None:
    assert credit_code_fault(text).startswith(fault)
    assert bool(fault) is bool(credit_code_fault(text))


@pytest.mark.parametrize(("text", "fault"), [
    ("11010519491231002X", ""),
    ("12345", "it has 5 characters, and 18 are needed"),
    ("X" * 18, "its first 17 characters are digits"),
    ("110105194912310021", "its check character, the last, would be X"),
])  # fmt: skip
def test_what_is_wrong_with_an_identity_number(text: str, fault: str) -> None:
    assert fault == identity_fault(text)
