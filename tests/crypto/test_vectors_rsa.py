"""Every RSA vector through the engine of the card (M3)."""

from __future__ import annotations

import pytest

from simcard.hal.engine import CryptoEngine, CryptoFault, Hash, RsaEncryption, RsaSignature
from simcard.hal.entropy import ScriptedEntropy
from simcard.wire.secret import Secret
from tests.crypto.test_vectors_sm2 import outcome
from tests.crypto.vectors import Case, cases

PKCS1 = cases("rsa_pkcs1_signature.json")
PSS = cases("rsa_pss.json")


@pytest.mark.parametrize("case", PKCS1, ids=str)
def test_pkcs1_signature_is_judged(engine: CryptoEngine, case: Case) -> None:
    hash_ = Hash(case.text("sha"))
    with outcome(case):
        engine.rsa_verify(case["public"], RsaSignature.PKCS1, hash_, engine.digest(hash_, case["msg"]), case["sig"])


@pytest.mark.parametrize("case", [case for case in PKCS1 if case.valid], ids=str)
def test_pkcs1_signature_is_made(engine: CryptoEngine, case: Case) -> None:
    hash_ = Hash(case.text("sha"))
    digest = engine.digest(hash_, case["msg"])
    made = engine.rsa_sign(Secret(case["private"]), RsaSignature.PKCS1, hash_, digest, ScriptedEntropy())
    assert case["sig"] == made


@pytest.mark.parametrize("case", PSS, ids=str)
def test_pss_signature_is_judged(engine: CryptoEngine, case: Case) -> None:
    hash_, salt_length = Hash(case.text("sha")), int(case.text("sLen"))
    digest = engine.digest(hash_, case["msg"])
    with outcome(case):
        engine.rsa_verify(case["public"], RsaSignature.PSS, hash_, digest, case["sig"], salt_length)


@pytest.mark.parametrize("case", [case for case in PSS if case.valid], ids=str)
def test_salt_gives_the_pss_signature(engine: CryptoEngine, case: Case) -> None:
    hash_, source = Hash(case.text("sha")), ScriptedEntropy(case["salt"])
    digest = engine.digest(hash_, case["msg"])
    private = Secret(case["private"])
    made = engine.rsa_sign(private, RsaSignature.PSS, hash_, digest, source, len(case["salt"]))
    assert case["sig"] == made


@pytest.mark.parametrize("case", cases("rsa_pkcs1_decryption.json"), ids=str)
def test_pkcs1_ciphertext_is_judged(engine: CryptoEngine, case: Case) -> None:
    with outcome(case):
        opened = engine.rsa_decrypt(Secret(case["private"]), RsaEncryption.PKCS1, case["ct"])
        assert case["msg"] == opened.reveal()


@pytest.mark.parametrize("case", cases("rsa_oaep.json"), ids=str)
def test_oaep_ciphertext_is_judged(engine: CryptoEngine, case: Case) -> None:
    private, hash_ = Secret(case["private"]), Hash(case.text("sha"))
    with outcome(case):
        opened = engine.rsa_decrypt(private, RsaEncryption.OAEP, case["ct"], hash_, case["label"])
        assert case["msg"] == opened.reveal()


def test_refusals_of_paddings_read_alike(engine: CryptoEngine) -> None:
    bad = [case for case in cases("rsa_pkcs1_decryption.json") if "ModifiedPadding" in case.values["flags"]]
    texts = set()
    for case in bad:
        with pytest.raises(CryptoFault) as refusal:
            engine.rsa_decrypt(Secret(case["private"]), RsaEncryption.PKCS1, case["ct"])
        texts.add(str(refusal.value))
    assert len(texts) == 1
