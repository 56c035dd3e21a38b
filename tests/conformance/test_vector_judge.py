"""The judge over implementations of cryptography: it finds liars, and finds our card and the libraries as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.vector_judge.judge import (
    EXPECTED,
    Finding,
    Judgement,
    Operation,
    Outcome,
    Refusal,
    Stumble,
    Unsupported,
    judge,
    put,
)
from conformance.vector_judge.vector import Vector, load, names
from host_tools.cli import vectors as wiring
from host_tools.cli.app import cli


class Stub:
    """Does one thing to every vector."""

    name, version = "stub", "1"

    def __init__(self, operation: Operation, *kinds: str) -> None:
        self.operations: Mapping[str, Operation] = dict.fromkeys(kinds, operation)


def vector(kind: str = "Sm2Verify", *, valid: bool, **values: str) -> Vector:
    return Vector("file", kind, 1, "a comment", ("Normal",), valid, values)


def yes(_vector: Vector) -> None:
    return None


def no(_vector: Vector) -> None:
    raise Refusal("no")


def trip(_vector: Vector) -> None:
    raise IndexError("list index out of range")


def die(_vector: Vector) -> None:
    raise Stumble("ended by signal 6")


def cannot(_vector: Vector) -> None:
    raise Unsupported("there is no way")


@pytest.mark.parametrize(
    ("outcome", "operation", "valid"),
    [
        (Outcome.RIGHT, yes, True),
        (Outcome.ACCEPTED_WRONGLY, yes, False),
        (Outcome.REFUSED_WRONGLY, no, True),
        (Outcome.RIGHT, no, False),
        (Outcome.REFUSED_WRONGLY, trip, True),
        (Outcome.STUMBLED, trip, False),
        (Outcome.REFUSED_WRONGLY, die, True),
        (Outcome.STUMBLED, die, False),
        (Outcome.UNSUPPORTED, cannot, False),
    ],
)
def test_what_is_made_of_an_answer(outcome: Outcome, operation: Operation, valid: bool) -> None:
    assert outcome is put(Stub(operation, "Sm2Verify"), vector(valid=valid)).outcome


def test_a_kind_that_is_not_there_is_unsupported() -> None:
    assert Outcome.UNSUPPORTED is put(Stub(yes), vector(valid=True)).outcome


def test_another_plaintext_is_a_wrong_value() -> None:
    found = put(Stub(lambda _: b"\2", "Sm2Decrypt"), vector("Sm2Decrypt", valid=True, msg="01"))
    assert (Outcome.WRONG_VALUE, "02") == (found.outcome, found.detail)


@pytest.mark.parametrize(("outcome", "answer"), [(Outcome.RIGHT, b"\2"), (Outcome.ACCEPTED_WRONGLY, b"\1")])
def test_a_wrong_digest_is_for_the_caller_to_compare(outcome: Outcome, answer: bytes) -> None:
    found = put(Stub(lambda _: answer, "DigestTest"), vector("DigestTest", valid=False, digest="01"))
    assert outcome is found.outcome


@cache
def judged(name: str, *files: str) -> Judgement:
    """What becomes of the vectors of some files, of all when none is named."""
    with ExitStack() as stack:
        implementation = stack.enter_context(wiring.implementation(name))
        return judge(implementation, [each for file in files or names() for each in load(file)])


def guilty(name: str, *files: str) -> set[str]:
    """Flags of what an implementation gets wrong."""
    return {each.vector.flags[0] for each in judged(name, *files).guilty}


def test_our_card_is_not_guilty_of_anything() -> None:
    assert [] == [str(each.vector) for each in judged("card").guilty]


def test_our_card_never_stumbles() -> None:
    assert 0 == judged("card").count(Outcome.STUMBLED)


def test_our_card_is_asked_hundreds_of_questions() -> None:
    asked = [each for each in judged("card").findings if each.outcome is not Outcome.UNSUPPORTED]
    assert 350 < len(asked)


def test_softhsm_is_not_guilty_of_anything() -> None:
    assert set() == guilty("softhsm")


def test_openssl_reads_signatures_strictly_and_ciphertexts_not() -> None:
    assert {"BerEncoding", "TrailingData", "NonMinimalInteger"} == guilty("openssl", "sm2_encryption_der")
    assert set() == guilty("openssl", "sm2_signature_der")


def test_gmssl_opens_a_ciphertext_whose_hash_is_wrong() -> None:
    assert {"ModifiedCiphertext", "InvalidPoint"} <= guilty("gmssl", "sm2_encryption")


def test_gmssl_takes_an_s_above_n() -> None:
    assert "RangeCheck" in guilty("gmssl", "sm2_signature")


def test_cryptography_answers_wrong_paddings_with_noise() -> None:
    """Implicit rejection: a plaintext that was never encrypted, the same for the same ciphertext."""
    wrong = {each.vector.file for each in judged("cryptography").of(Outcome.ACCEPTED_WRONGLY)}
    assert {"rsa_pkcs1_decryption"} == wrong


WITNESSES = ("openssl", "gmssl", "pycryptodome", "softhsm")
"""They share no code with the engine that made the vectors."""

ELSEWHERE = {"sm2_key_exchange", "sm4_gcm"}
"""Nobody here offers the operation; tests/crypto/test_second_opinion.py rebuilds it over gmssl."""


def agreed(file: str) -> set[str]:
    findings: list[Finding] = [each for name in WITNESSES for each in judged(name, file).findings]
    return {str(each.vector) for each in findings if each.outcome is Outcome.RIGHT}


@pytest.mark.parametrize("file", [name for name in names() if name not in ELSEWHERE])
def test_somebody_else_agrees_with_every_valid_vector(file: str) -> None:
    alone = [each for each in load(file) if each.valid and str(each) not in agreed(file)]
    # No witness has ECDH on the SM2 curve or RSA with SM3; pure arithmetic and pycryptodome's RSA speak for them.
    assert [] == [str(each) for each in alone if each.values.get("curve") != "sm2" and each.values.get("sha") != "sm3"]


@pytest.mark.parametrize("file", ["sm2_signature_der", "ecdsa_p256_der", "sm4_padding", "rsa_small_exponent"])
def test_somebody_else_refuses_every_invalid_vector(file: str) -> None:
    assert [] == [str(each) for each in load(file) if not each.valid and str(each) not in agreed(file)]


@pytest.mark.parametrize("file", names())
def test_a_kind_that_computes_has_its_value_named(file: str) -> None:
    computes = {each.kind for each in load(file) if "sig" not in each and each.kind != "Sm2Agree"}
    assert set() == computes - set(EXPECTED)


def test_the_command_judges_the_card() -> None:
    done = CliRunner().invoke(cli, ["vectors", "card", "--file", "sm3", "--json"])
    found = json.loads(done.stdout)["judgements"][0]
    assert (0, "card", 25) == (done.exit_code, found["name"], found["counts"]["right"])


def test_the_command_fails_for_the_guilty() -> None:
    done = CliRunner().invoke(cli, ["vectors", "gmssl", "--file", "sm4_padding"])
    assert (1, True) == (done.exit_code, "accepted wrongly: sm4_padding-9: last byte 00" in done.stdout)


def test_the_command_names_the_files_there_are() -> None:
    done = CliRunner().invoke(cli, ["vectors", "card", "--file", "sm5"])
    assert (2, True) == (done.exit_code, "there is no sm5; there are " in done.output)


PINNED = ("card", "gmssl", "cryptography", "pycryptodome")
"""Their versions are locked in constraints.txt; those of the system's OpenSSL and SoftHSM are Debian's."""

PAGE = Path(__file__).parents[2] / "docs" / "strangers.md"


@pytest.mark.parametrize("name", PINNED)
def test_the_page_says_what_is_found(name: str) -> None:
    found = judged(name)
    asked = len(found.findings) - found.count(Outcome.UNSUPPORTED)
    counts = [asked, *(found.count(outcome) for outcome in Outcome if outcome is not Outcome.UNSUPPORTED)]
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert [str(count) for count in counts] == next(
        [cell.strip(" |") for cell in row[2:]] for row in rows if row[0] == f"| {name}"
    )
