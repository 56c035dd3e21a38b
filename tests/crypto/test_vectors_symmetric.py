"""Every SM3, HMAC and SM4 vector through the engine of the card and the reference engine (M3)."""

from __future__ import annotations

import pytest

from simcard.crypto.engines import ENGINES, make
from simcard.hal.engine import Cipher, CryptoEngine, CryptoFault, Hash, Mode
from simcard.wire.secret import Secret
from tests.crypto.test_vectors_sm2 import outcome
from tests.crypto.vectors import Case, cases


@pytest.fixture(params=list(ENGINES))
def either(request: pytest.FixtureRequest) -> CryptoEngine:
    """The engine of the card, then the reference engine."""
    return make(request.param)


SM3 = cases("sm3.json")


@pytest.mark.parametrize("case", SM3, ids=str)
def test_sm3(either: CryptoEngine, case: Case) -> None:
    assert case.valid == (case["digest"] == either.digest(Hash.SM3, case["msg"]))


@pytest.mark.parametrize("case", [case for case in SM3 if case.valid], ids=str)
def test_sm3_in_pieces(either: CryptoEngine, case: Case) -> None:
    running = either.hasher(Hash.SM3)
    for start in range(0, len(case["msg"]), 7):
        running.copy().update(b"a copy goes its own way")
        running.update(case["msg"][start : start + 7])
    assert case["digest"] == running.digest()


@pytest.mark.parametrize("case", cases("hmac_sm3.json"), ids=str)
def test_hmac(either: CryptoEngine, case: Case) -> None:
    assert case["tag"] == either.hmac(Hash.SM3, Secret(case["key"]), case["msg"])


@pytest.mark.parametrize("encrypt", [True, False])
@pytest.mark.parametrize("case", cases("sm4_modes.json"), ids=str)
def test_sm4(either: CryptoEngine, case: Case, encrypt: bool) -> None:
    given, wanted = ("msg", "ct") if encrypt else ("ct", "msg")
    mode = Mode(case.text("mode"))
    with outcome(case):
        result = either.cipher(Cipher.SM4, mode, Secret(case["key"]), case["iv"], case[given], encrypt=encrypt)
        assert case[wanted] == result


@pytest.mark.parametrize("encrypt", [True, False])
@pytest.mark.parametrize("case", [case for case in cases("sm4_modes.json") if case.valid], ids=str)
def test_sm4_in_pieces(engine: CryptoEngine, case: Case, encrypt: bool) -> None:
    given, wanted = ("msg", "ct") if encrypt else ("ct", "msg")
    mode = Mode(case.text("mode"))
    stream = engine.cipher_stream(Cipher.SM4, mode, Secret(case["key"]), case["iv"], encrypt=encrypt)
    pieces = [stream.update(case[given][start : start + 5]) for start in range(0, len(case[given]), 5)]
    assert case[wanted] == b"".join(pieces) + stream.finalize()


@pytest.mark.parametrize("case", cases("sm4_gcm.json"), ids=str)
def test_gcm_opens(engine: CryptoEngine, case: Case) -> None:
    key = Secret(case["key"])
    with outcome(case):
        opened = engine.cipher(Cipher.SM4, Mode.GCM, key, case["iv"], case["ct"], encrypt=False, aad=case["aad"])
        assert case["msg"] == opened


@pytest.mark.parametrize("case", [case for case in cases("sm4_gcm.json") if case.valid], ids=str)
def test_gcm_seals(engine: CryptoEngine, case: Case) -> None:
    key = Secret(case["key"])
    sealed = engine.cipher(Cipher.SM4, Mode.GCM, key, case["iv"], case["msg"], encrypt=True, aad=case["aad"])
    assert case["ct"] == sealed


@pytest.mark.parametrize("case", [case for case in cases("sm4_gcm.json") if case.valid], ids=str)
def test_gcm_seals_in_pieces(engine: CryptoEngine, case: Case) -> None:
    key = Secret(case["key"])
    stream = engine.cipher_stream(Cipher.SM4, Mode.GCM, key, case["iv"], encrypt=True, aad=case["aad"])
    pieces = [stream.update(case["msg"][start : start + 5]) for start in range(0, len(case["msg"]), 5)]
    assert case["ct"] == b"".join(pieces) + stream.finalize()


@pytest.mark.parametrize("case", [case for case in cases("sm4_gcm.json") if len(case["ct"]) >= 16], ids=str)
def test_gcm_opens_in_pieces(engine: CryptoEngine, case: Case) -> None:
    with outcome(case):
        stream = engine.cipher_stream(
            Cipher.SM4, Mode.GCM, Secret(case["key"]), case["iv"], encrypt=False, aad=case["aad"]
        )
        opened = stream.update(case["ct"][:-16])
        stream.finalize(case["ct"][-16:])
        assert case["msg"] == opened


@pytest.mark.parametrize("case", cases("sm4_mac.json", "CbcMacTest"), ids=str)
def test_cbc_mac(either: CryptoEngine, case: Case) -> None:
    with outcome(case):
        assert case["tag"] == either.cbc_mac(Cipher.SM4, Secret(case["key"]), case["iv"], case["msg"])


@pytest.mark.parametrize("case", cases("sm4_mac.json", "CmacTest"), ids=str)
def test_cmac(engine: CryptoEngine, case: Case) -> None:
    assert case["tag"] == engine.cmac(Cipher.SM4, Secret(case["key"]), case["msg"])


@pytest.mark.slow
def test_sm4_a_million_times(engine: CryptoEngine) -> None:
    """GM/T 0002-2012, annex A.2."""
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    stream = engine.cipher_stream(Cipher.SM4, Mode.ECB, Secret(block), b"", encrypt=True)
    for _ in range(1_000_000):
        block = stream.update(block)
    assert bytes.fromhex("595298C7C6FD271F0402F804C33D3F66") == block


def test_incomplete_block_is_refused_at_the_end(engine: CryptoEngine) -> None:
    stream = engine.cipher_stream(Cipher.SM4, Mode.CBC, Secret(bytes(16)), bytes(16), encrypt=True)
    stream.update(bytes(17))
    with pytest.raises(CryptoFault):
        stream.finalize()
