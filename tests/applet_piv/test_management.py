"""Authentication with the card management key (NIST SP 800-73-4 part 2, A.1 and A.2)."""

from __future__ import annotations

import pytest

from simcard.wire.tlv import tlv
from tests.applet_piv.support import AES128, AES192, AES256, MANAGEMENT, TDES, Piv, authenticate, ecb, piv, put_data
from tests.kit import command

KEYS = {
    TDES: bytes.fromhex("0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123"),
    AES128: bytes(range(16)),
    AES192: bytes(range(24)),
    AES256: bytes(range(32)),
}
ALGORITHMS = pytest.mark.parametrize("algorithm", KEYS)
SOMETHING = put_data(0x5FC106, b"something")
REFERENCE = 27
"""Of the management key among the card's secret keys."""
HOST = {8: b"hostrand", 16: b"the host's nonce"}


@pytest.fixture
def card() -> Piv:
    return piv()


def with_key(algorithm: int) -> Piv:
    """A card whose management key is the one of this algorithm."""
    card, key = piv(), KEYS[algorithm]
    card.manage()
    card.bench.ok(command(0xFF, 0xFF, 0xFF, bytes((algorithm, 0x9B, len(key))) + key))
    card.bench.card.reset()
    card.bench.ok(command(0xA4, 4, 0, bytes.fromhex("A000000308"), ne=256))
    return Piv(card.bench, key, algorithm)


@ALGORITHMS
def test_the_host_alone_proves_itself(algorithm: int) -> None:
    card = with_key(algorithm)
    card.manage()
    card.bench.ok(SOMETHING)


@ALGORITHMS
def test_both_prove_themselves(algorithm: int) -> None:
    card = with_key(algorithm)
    sealed = card.dynamic(authenticate(algorithm, 0x9B, tlv(0x80)))[0x80]
    witness = ecb(algorithm, card.management, sealed, encrypt=False)
    mine = HOST[len(sealed)]
    answer = card.dynamic(authenticate(algorithm, 0x9B, tlv(0x80, witness), tlv(0x81, mine), tlv(0x82)))
    assert ecb(algorithm, card.management, mine) == answer[0x82]
    card.bench.ok(SOMETHING)


@ALGORITHMS
def test_another_algorithm_is_not_the_keys(algorithm: int) -> None:
    card = with_key(algorithm)
    for other in KEYS.keys() - {algorithm}:
        card.bench.refused(authenticate(other, 0x9B, tlv(0x81)), 0x6A80)


def test_algorithm_0_is_triple_des(card: Piv) -> None:
    challenge = card.dynamic(authenticate(0x00, 0x9B, tlv(0x81)))[0x81]
    card.bench.ok(authenticate(0x00, 0x9B, tlv(0x82, ecb(TDES, MANAGEMENT, challenge))))


def test_random_numbers_are_to_be_had_whatever_the_key() -> None:
    assert 16 == len(with_key(AES256).dynamic(authenticate(0x00, 0x9B, tlv(0x81)))[0x81])


def test_a_wrong_response_proves_nothing(card: Piv) -> None:
    card.bench.ok(authenticate(TDES, 0x9B, tlv(0x81)))
    card.bench.refused(authenticate(TDES, 0x9B, tlv(0x82, bytes(8))), 0x6982)
    card.bench.refused(SOMETHING, 0x6982)


def test_a_wrong_response_ends_what_was_proved(card: Piv) -> None:
    card.manage()
    card.bench.ok(authenticate(TDES, 0x9B, tlv(0x81)))
    card.bench.refused(authenticate(TDES, 0x9B, tlv(0x82, bytes(8))), 0x6982)
    card.bench.refused(SOMETHING, 0x6982)


def test_a_wrong_witness_tells_nothing(card: Piv) -> None:
    card.bench.ok(authenticate(TDES, 0x9B, tlv(0x80)))
    card.bench.refused(authenticate(TDES, 0x9B, tlv(0x80, bytes(8)), tlv(0x81, bytes(8))), 0x6982)


def test_a_challenge_is_good_for_one_try(card: Piv) -> None:
    challenge = card.dynamic(authenticate(TDES, 0x9B, tlv(0x81)))[0x81]
    right = authenticate(TDES, 0x9B, tlv(0x82, ecb(TDES, MANAGEMENT, challenge)))
    card.bench.refused(authenticate(TDES, 0x9B, tlv(0x82, bytes(8))), 0x6982)
    card.bench.refused(right, 0x6985)


def test_a_right_response_cannot_be_replayed(card: Piv) -> None:
    challenge = card.dynamic(authenticate(TDES, 0x9B, tlv(0x81)))[0x81]
    right = authenticate(TDES, 0x9B, tlv(0x82, ecb(TDES, MANAGEMENT, challenge)))
    card.bench.ok(right)
    card.bench.refused(right, 0x6985)


def test_a_witness_is_good_for_one_try(card: Piv) -> None:
    sealed = card.dynamic(authenticate(TDES, 0x9B, tlv(0x80)))[0x80]
    witness = ecb(TDES, MANAGEMENT, sealed, encrypt=False)
    right = authenticate(TDES, 0x9B, tlv(0x80, witness), tlv(0x81, bytes(8)))
    card.bench.ok(right)
    card.bench.refused(right, 0x6985)


def test_a_challenge_does_not_serve_as_witness(card: Piv) -> None:
    challenge = card.dynamic(authenticate(TDES, 0x9B, tlv(0x81)))[0x81]
    card.bench.refused(authenticate(TDES, 0x9B, tlv(0x80, challenge), tlv(0x81, bytes(8))), 0x6985)


def test_the_card_does_not_encipher_for_anybody(card: Piv) -> None:
    card.bench.refused(authenticate(TDES, 0x9B, tlv(0x81, bytes(8)), tlv(0x82)), 0x6A80)


@pytest.mark.parametrize("made_here", [False, True])
def test_no_other_door_enciphers_the_challenge(card: Piv, made_here: bool) -> None:
    if made_here:
        card.manage()
        card.bench.ok(command(0xFF, 0xFF, 0xFF, b"\x03\x9b\x18" + MANAGEMENT))
    card.bench.ok(command(0x70, 0, 0, ne=1))
    challenge = card.dynamic(authenticate(TDES, 0x9B, tlv(0x81)))[0x81]
    card.bench.refused(command(0x88, 0, REFERENCE, challenge, 256, cla=1), 0x6984)


@pytest.mark.parametrize("template", ["", "7C00", "7C028200", "7C0380", "7D028100"])
def test_malformed_templates(card: Piv, template: str) -> None:
    card.bench.refused(command(0x87, TDES, 0x9B, bytes.fromhex(template), 256), 0x6A80)


@pytest.mark.parametrize("algorithm", [0x01, 0x07, 0x11, 0xFF])
def test_unknown_algorithms(card: Piv, algorithm: int) -> None:
    card.bench.refused(authenticate(algorithm, 0x9B, tlv(0x81)), 0x6A86)


def test_challenges_differ(card: Piv) -> None:
    found = {card.dynamic(authenticate(TDES, 0x9B, tlv(0x81)))[0x81] for _ in range(20)}
    assert 20 == len(found)
