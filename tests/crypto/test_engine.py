"""The engine as a whole: light to import, repeatable, silent about secrets, and the small helpers under it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from simcard.crypto import digest as digests
from simcard.crypto.cache import KeyCache
from simcard.crypto.engine import SoftEngine
from simcard.crypto.engines import ENGINES, make
from simcard.hal.engine import CryptoEngine, CryptoFault, Hash, KeyKind, RsaSignature
from simcard.hal.entropy import SeededEntropy
from simcard.wire.secret import Secret
from tests.crypto.vectors import FILES, FOLDER, document

HEAVY = ("cryptography", "Crypto", "gmssl", "ctypes.util", "subprocess")
CURVES = [KeyKind.SM2, KeyKind.P256, KeyKind.P384]
BITS = {KeyKind.SM2: 256, KeyKind.P256: 256, KeyKind.P384: 384, KeyKind.RSA: 1024}


def loaded_after(code: str) -> set[str]:
    """The heavy modules a fresh interpreter has loaded after running some code."""
    program = f"{code}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_loads_no_library() -> None:
    assert set() == loaded_after("import simcard.crypto.engine; simcard.crypto.engine.SoftEngine()")


def test_sm2_loads_no_cryptography() -> None:
    assert {"Crypto"} == loaded_after("from simcard.crypto.engine import SoftEngine; SoftEngine().backend") & {
        "Crypto",
        "cryptography",
        "gmssl",
    }


@pytest.mark.parametrize("kind", list(KeyKind))
def test_seed_fixes_the_pair(engine: CryptoEngine, kind: KeyKind) -> None:
    pairs = [engine.generate(kind, BITS[kind], SeededEntropy(5)) for _ in range(2)]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("kind", list(KeyKind))
def test_generated_pair_belongs_together(engine: CryptoEngine, kind: KeyKind, entropy: SeededEntropy) -> None:
    engine.check_pair(kind, *engine.generate(kind, BITS[kind], entropy))


@pytest.mark.parametrize("kind", CURVES)
def test_curve_of_another_size_is_not_generated(engine: CryptoEngine, kind: KeyKind, entropy: SeededEntropy) -> None:
    with pytest.raises(CryptoFault):
        engine.generate(kind, 521, entropy)


@pytest.mark.parametrize("kind", CURVES)
def test_both_sides_of_ecdh_agree(engine: CryptoEngine, kind: KeyKind, entropy: SeededEntropy) -> None:
    (a, a_public), (b, b_public) = (engine.generate(kind, BITS[kind], entropy) for _ in range(2))
    assert engine.ecdh(kind, a, b_public) == engine.ecdh(kind, b, a_public)


@pytest.mark.parametrize("kind", [KeyKind.P256, KeyKind.P384])
@pytest.mark.parametrize("octets", [b"\0", b"\xff"])
def test_nist_private_key_out_of_range_is_refused(engine: CryptoEngine, kind: KeyKind, octets: bytes) -> None:
    with pytest.raises(CryptoFault):
        engine.public_of(kind, Secret(octets * (BITS[kind] // 8)))


@pytest.mark.parametrize("length", [0, 65])
def test_ecdsa_digest_of_a_wrong_length_is_refused(engine: CryptoEngine, length: int, entropy: SeededEntropy) -> None:
    private, _ = engine.generate(KeyKind.P256, 256, entropy)
    with pytest.raises(CryptoFault):
        engine.ecdsa_sign(KeyKind.P256, private, bytes(length), entropy)


@pytest.mark.parametrize("length", [1, 19, 33, 47, 63])
def test_ecdsa_signs_digests_no_hash_makes(engine: CryptoEngine, length: int, entropy: SeededEntropy) -> None:
    private, public = engine.generate(KeyKind.P256, 256, entropy)
    digest = b"\x9a" * length
    engine.ecdsa_verify(KeyKind.P256, public, digest, engine.ecdsa_sign(KeyKind.P256, private, digest, entropy))


@pytest.mark.parametrize("kind", [KeyKind.SM2, KeyKind.RSA])
def test_ecdsa_is_for_nist_curves_only(engine: CryptoEngine, kind: KeyKind, entropy: SeededEntropy) -> None:
    with pytest.raises(CryptoFault):
        engine.ecdsa_sign(kind, Secret(bytes(32)), bytes(32), entropy)


def test_rsa_has_no_ecdh(engine: CryptoEngine) -> None:
    with pytest.raises(CryptoFault):
        engine.ecdh(KeyKind.RSA, Secret(bytes(32)), b"")


@pytest.mark.parametrize("backend", ["pycryptodome", "libcrypto", "python"])
def test_back_end_asked_for_is_the_one_shown(backend: str) -> None:
    assert backend == SoftEngine(backend).backend


@pytest.mark.parametrize("name", ENGINES)
def test_engine_has_the_name_it_is_made_by(name: str) -> None:
    assert name == make(name).name


def test_signing_leaves_no_secret_in_the_engine_that_shows(entropy: SeededEntropy) -> None:
    engine = SoftEngine()
    private, _ = engine.generate(KeyKind.RSA, 1024, entropy)
    engine.rsa_sign(private, RsaSignature.PKCS1_DATA, None, b"data", entropy)
    shown = repr(vars(engine)) + repr(vars(engine._rsa))
    assert private.reveal().hex()[:32] not in shown.lower()


def test_cache_forgets_the_oldest() -> None:
    loads: list[bytes] = []

    def load(encoded: bytes) -> bytes:
        loads.append(encoded)
        return encoded

    cache = KeyCache(load, size=2)
    for key in (b"a", b"b", b"c", b"b", b"a"):
        cache.get(key)
    assert loads == [b"a", b"b", b"c", b"a"]


def test_cache_does_not_remember_a_refusal() -> None:
    def refuse(_: bytes) -> bytes:
        raise CryptoFault("no")

    cache = KeyCache(refuse)
    with pytest.raises(CryptoFault):
        cache.get(b"a")
    assert len(cache) == 0


@pytest.mark.parametrize("hash_", list(Hash))
def test_bundled_hash_gives_the_same_digest(hash_: Hash) -> None:
    running = digests.bundled(hash_)
    running.update(b"a")
    other = running.copy()
    running.update(b"bc")
    other.update(b"x")
    assert digests.digest(hash_, b"abc") == running.digest()


def test_sm3_and_its_hmac_do_without_hashlib(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [digests.digest(Hash.SM3, b"abc"), digests.hmac(Hash.SM3, b"k" * 70, b"abc")]
    monkeypatch.setattr(digests, "HASHLIB", frozenset())
    assert expected == [digests.digest(Hash.SM3, b"abc"), digests.hmac(Hash.SM3, b"k" * 70, b"abc")]


@pytest.mark.parametrize("name", FILES)
def test_vector_file_counts_its_tests_from_one(name: str) -> None:
    content = document(name)
    numbers = [test["tcId"] for group in content["testGroups"] for test in group["tests"]]
    assert list(range(1, content["numberOfTests"] + 1)) == numbers


@pytest.mark.parametrize("name", FILES)
def test_vector_file_explains_every_flag(name: str) -> None:
    content = document(name)
    used = {flag for group in content["testGroups"] for test in group["tests"] for flag in test["flags"]}
    assert used <= set(content["notes"])


@pytest.mark.parametrize("name", FILES)
def test_vector_file_is_what_its_maker_makes(name: str) -> None:
    from scripts.make_vectors import text

    assert (FOLDER / name).read_text(encoding="utf-8") == text(name)
