"""Errors: every status word has one, and its text says what to do."""

from __future__ import annotations

import pytest

from host_tools import errors
from host_tools.errors import CardRefused, HostError, PinWrong, refusal
from simcard.wire.status import SW


@pytest.mark.parametrize(
    ("sw", "kind"),
    [
        (0x63C2, errors.PinWrong),
        (SW.BLOCKED, errors.PinLocked),
        (SW.SECURITY_STATUS, errors.NotAllowed),
        (SW.CONDITIONS, errors.WrongState),
        (SW.FILE_NOT_FOUND, errors.NotFound),
        (SW.REFERENCE_NOT_FOUND, errors.NotFound),
        (SW.NO_SPACE, errors.CardFull),
        (SW.MEMORY_FAILURE, errors.MemoryFault),
        (SW.INS_NOT_SUPPORTED, errors.NotSupported),
        (SW.FILE_EXISTS, errors.AlreadyThere),
        (0x6FFF, CardRefused),
    ],
)
def test_a_status_word_becomes_its_error(sw: int, kind: type[CardRefused]) -> None:
    found = refusal(sw, "doing it")
    assert kind is type(found)
    assert sw == found.sw


@pytest.mark.parametrize(("left", "words"), [(0, "it is locked now"), (1, "1 try is left"), (2, "2 tries are left")])
def test_a_wrong_pin_says_how_many_tries_are_left(left: int, words: str) -> None:
    found = refusal(0x63C0 | left, "verifying PIN 01")
    assert isinstance(found, PinWrong)
    assert left == found.tries_left
    assert words in str(found)


def test_every_status_word_has_a_text_of_its_own() -> None:
    for sw in SW:
        assert len(str(refusal(sw, "x"))) > len("x:  (0000)")


def test_every_error_has_a_name_for_programs_and_an_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HostError)]
    assert {1, 2, 3, 4, 5, 130} == {kind.exit_code for kind in kinds}
    assert all(kind.code == kind.code.lower() and " " not in kind.code for kind in kinds)
