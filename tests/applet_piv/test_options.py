"""The table `[card.options.piv]` of a build sheet."""

from __future__ import annotations

import pytest

from simcard import profile as sheets
from simcard.applet.piv.options import PivOptions
from simcard.profile import ProfileError


def options(text: str) -> PivOptions:
    return PivOptions.of(sheets.parse(f'extends = "piv"\n[card.options.piv]\n{text}\n').card)


@pytest.mark.parametrize(
    "text", ['version = "5.4"', 'version = "x"', "serial = -1", "serial = 4294967296", "bio = true"]
)
def test_what_cannot_be_is_refused_by_name(text: str) -> None:
    with pytest.raises(ProfileError, match=r"card\.options\.piv"):
        options(text)


def test_the_version_is_three_numbers() -> None:
    assert (5, 7, 1) == options('version = "5.7.1"').version
