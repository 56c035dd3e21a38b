"""Every SM2 vector through the engine of the card, on every point back end and on the reference engine (M3)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest

from simcard.hal.engine import CryptoEngine, CryptoFault, Hash
from simcard.hal.entropy import ScriptedEntropy
from simcard.wire.secret import Secret
from tests.crypto.vectors import Case, cases

SIGNATURES = cases("sm2_signature.json", "Sm2Verify")
CIPHERTEXTS = cases("sm2_encryption.json")
AGREEMENTS = cases("sm2_key_exchange.json")


def outcome(case: Case) -> AbstractContextManager[object]:
    """Nothing for a valid case, the refusal for an invalid one."""
    return nullcontext() if case.valid else pytest.raises(CryptoFault)


def digest(engine: CryptoEngine, case: Case) -> bytes:
    """e of the message."""
    return engine.digest(Hash.SM3, engine.sm2_za(case["public"], case["ident"]) + case["msg"])


@pytest.mark.parametrize("case", SIGNATURES, ids=str)
def test_signature_is_judged(any_engine: CryptoEngine, case: Case) -> None:
    with outcome(case):
        any_engine.sm2_verify(case["public"], digest(any_engine, case), case["sig"])


@pytest.mark.parametrize("case", cases("sm2_signature.json", "Sm2VerifyDigest"), ids=str)
def test_signature_of_a_chosen_digest_is_judged(any_engine: CryptoEngine, case: Case) -> None:
    with outcome(case):
        any_engine.sm2_verify(case["public"], case["digest"], case["sig"])


@pytest.mark.parametrize("case", [case for case in SIGNATURES if "nonce" in case], ids=str)
def test_nonce_gives_the_signature(any_engine: CryptoEngine, case: Case) -> None:
    source = ScriptedEntropy(case["nonce"])
    assert case["sig"] == any_engine.sm2_sign(Secret(case["private"]), digest(any_engine, case), source)


@pytest.mark.parametrize("case", CIPHERTEXTS, ids=str)
def test_ciphertext_is_judged(any_engine: CryptoEngine, case: Case) -> None:
    with outcome(case):
        opened = any_engine.sm2_decrypt(Secret(case["private"]), case["ct"])
        assert case["msg"] == opened.reveal()


@pytest.mark.parametrize("case", [case for case in CIPHERTEXTS if "nonce" in case and case.valid], ids=str)
def test_nonce_gives_the_ciphertext(any_engine: CryptoEngine, case: Case) -> None:
    source = ScriptedEntropy(case["nonce"])
    assert case["ct"] == any_engine.sm2_encrypt(case["public"], case["msg"], source)


@pytest.mark.parametrize("initiator", [True, False])
@pytest.mark.parametrize("case", [case for case in AGREEMENTS if case.valid], ids=str)
def test_agreement_gives_key_and_proofs(any_engine: CryptoEngine, case: Case, initiator: bool) -> None:
    own, peer = ("A", "B") if initiator else ("B", "A")
    agreed = any_engine.sm2_agree(
        Secret(case[f"private{own}"]),
        Secret(case[f"ephemeral{own}"]),
        case[f"ident{own}"],
        case[f"public{peer}"],
        case[f"point{peer}"],
        case[f"ident{peer}"],
        len(case["key"]),
        initiator=initiator,
    )
    assert (case["key"], case["sb"], case["sa"]) == (agreed.key.reveal(), agreed.sb, agreed.sa)


@pytest.mark.parametrize("case", [case for case in AGREEMENTS if not case.valid], ids=str)
def test_agreement_with_a_bad_point_is_refused(engine: CryptoEngine, case: Case) -> None:
    own = Secret(case["privateA"]), Secret(case["ephemeralA"]), case["identA"]
    with pytest.raises(CryptoFault):
        engine.sm2_agree(*own, case["publicB"], case["pointB"], case["identB"], 16, initiator=True)
