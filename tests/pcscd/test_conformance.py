"""The same script on the rootless service and on pcscd with vpcd gives the outcomes of the document."""

from __future__ import annotations

import pytest

from tests.pcscd import sides
from tests.pcscd.conformance import DOCUMENT, columns, explanation


def test_this_service_gives_the_outcomes_of_the_document() -> None:
    """Every SCard function, good and bad calls, sharing, transactions, removal during each."""
    _, ours = columns(DOCUMENT.read_text())
    with sides.our_side() as side:
        assert ours == sides.run(side)


@pytest.mark.pcsc
def test_pcscd_gives_the_outcomes_of_the_document() -> None:
    """The other column is the real pcscd with vpcd, private to this test."""
    real, _ = columns(DOCUMENT.read_text())
    with sides.real_side() as side:
        assert real == sides.run(side)


def test_every_difference_is_explained() -> None:
    """A difference without a reason would be a defect."""
    real, ours = columns(DOCUMENT.read_text())
    assert not [label for label in real if real[label] != ours[label] and explanation(label) is None]


def test_the_script_is_long_enough_to_mean_something() -> None:
    """The document was not emptied by accident."""
    real, ours = columns(DOCUMENT.read_text())
    assert list(real) == list(ours)
    assert len(real) > 500
