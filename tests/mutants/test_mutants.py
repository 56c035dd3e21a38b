"""Proof that the judge judges: every broken card is found, by the case that says so, and the whole card is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.campaign.story import Judge, Story
from conformance.campaign.work import told
from conformance.result import Verdict
from host_tools.cli.campaigning import Bench
from scripts.make_mutant_docs import PAGE, page
from tests.conformance.bench import verdict
from tests.mutants import breaks
from tests.mutants.table import MUTANTS, Mutant

JUDGES = {judge.value for judge in Judge}


def guilty(mutant: Mutant) -> bool:
    """Whether what the table names finds the card guilty. What cannot be tried to its end finds nothing."""
    if mutant.found_by.split()[0] in JUDGES:
        story = Story.parse(mutant.found_by)
        return told(story, Bench(story.profile, story.seed)) is not None
    found = verdict(mutant.target, mutant.found_by).verdict
    assert found in (Verdict.PASS, Verdict.FAIL)
    return found is Verdict.FAIL


@contextmanager
def broken(mutant: Mutant) -> Iterator[None]:
    """The part of the card replaced."""
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(mutant.part, getattr(breaks, mutant.by))
        yield


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_card_is_found_and_a_whole_one_is_not(mutant: Mutant) -> None:
    whole = guilty(mutant)
    with broken(mutant):
        assert (False, True) == (whole, guilty(mutant))


def test_there_are_enough_of_them() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30


def test_the_page_is_current() -> None:
    assert page() == PAGE.read_text(encoding="utf-8")
