"""Every ECDSA and ECDH vector through the engine of the card (M3)."""

from __future__ import annotations

import pytest

from simcard.hal.engine import CryptoEngine, KeyKind
from simcard.hal.entropy import ScriptedEntropy
from simcard.wire.secret import Secret
from tests.crypto.test_vectors_sm2 import outcome
from tests.crypto.vectors import Case, cases

KINDS = {"ecdsa_p256.json": KeyKind.P256, "ecdsa_p384.json": KeyKind.P384}
ECDSA = [case for name in KINDS for case in cases(name)]


@pytest.mark.parametrize("case", ECDSA, ids=str)
def test_ecdsa_signature_is_judged(engine: CryptoEngine, case: Case) -> None:
    with outcome(case):
        engine.ecdsa_verify(KINDS[case.file], case["public"], case["digest"], case["sig"])


@pytest.mark.parametrize("case", [case for case in ECDSA if "private" in case and case.valid], ids=str)
def test_ecdsa_signature_is_made_without_chance(engine: CryptoEngine, case: Case) -> None:
    private = Secret(case["private"])
    assert case["sig"] == engine.ecdsa_sign(KINDS[case.file], private, case["digest"], ScriptedEntropy())


@pytest.mark.parametrize("case", cases("ecdh.json"), ids=str)
def test_ecdh(engine: CryptoEngine, case: Case) -> None:
    kind = KeyKind(case.text("curve"))
    with outcome(case):
        agreed = engine.ecdh(kind, Secret(case["private"]), case["public"])
        assert case["shared"] == agreed.reveal()
