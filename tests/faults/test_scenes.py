"""What a PC/SC client sees of each fault, on this service and on pcscd with vpcd (M13)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.scenes import SCENES, Scene, table
from tests.faults.stage import Outcomes, outcomes
from tests.pcscd.sides import our_side, real_side

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"


@pytest.fixture(scope="module")
def ours() -> Outcomes:
    with our_side() as side:
        return outcomes(side)


@pytest.fixture(scope="module")
def pcscd() -> Outcomes:
    with real_side() as side:
        return outcomes(side)


@pytest.mark.xdist_group("faults on the rootless service")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_rootless_service(ours: Outcomes, scene: Scene) -> None:
    assert scene.expected["ours"] == ours[scene.name]


@pytest.mark.pcsc
@pytest.mark.xdist_group("faults on pcscd")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_pcscd_with_vpcd(pcscd: Outcomes, scene: Scene) -> None:
    assert scene.expected["pcscd"] == pcscd[scene.name]


def test_the_document_says_what_was_seen() -> None:
    assert table() in DOCUMENT.read_text(encoding="utf-8")
