"""GET CHALLENGE, INTERNAL, EXTERNAL and MUTUAL AUTHENTICATE (ISO/IEC 7816-4:2013, 11.5), judged by `cryptography`."""

from __future__ import annotations

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.dialogue import talk
from tests.kit import Bench, bench_of_text, command

KEYS = {"aes": bytes(range(16)), "sm4": bytes(range(16, 32)), "tdes": bytes(range(32, 56)), "wide": bytes(range(32))}
NUMBERS = {"aes": 1, "sm4": 2, "tdes": 3, "wide": 4}
INTERNAL = 5
SHEET = """\
[card]
name = "keys"
title = "Keys of every cipher"
atr = "3B00"
[[pin]]
label = "user"
number = 1
value = "123456"
[[file]]
path = "3F00"
kind = "df"
[[file]]
path = "3F00/0101"
kind = "transparent"
size = 1
sfi = 1
rules = { read = "key:aes", update = "key:sm4 & user" }
""" + "".join(
    f"""
[[secret]]
label = "{name}"
reference = {NUMBERS[name]}
cipher = "{"aes" if name == "wide" else name}"
value = "{value.hex()}"
purpose = ["external", "internal"]
tries = 3
"""
    for name, value in KEYS.items()
)
SHEET += """
[[secret]]
label = "card"
reference = 5
cipher = "sm4"
value = "101112131415161718191A1B1C1D1E1F"
purpose = ["internal"]
[[secret]]
label = "host"
reference = 6
cipher = "sm4"
value = "101112131415161718191A1B1C1D1E1F"
purpose = ["external"]
[[secret]]
label = "mac"
reference = 7
cipher = "sm4"
value = "101112131415161718191A1B1C1D1E1F"
purpose = ["mac", "cipher"]
"""


def algorithm(name: str) -> algorithms.AES | algorithms.SM4 | TripleDES:
    value = KEYS[name]
    match name:
        case "sm4":
            return algorithms.SM4(value)
        case "tdes":
            return TripleDES(value)
        case _:
            return algorithms.AES(value)


def ecb(name: str, data: bytes) -> bytes:
    engine = Cipher(algorithm(name), modes.ECB()).encryptor()
    return engine.update(data) + engine.finalize()


def cbc(name: str, data: bytes, *, encrypt: bool = True) -> bytes:
    cipher = Cipher(algorithm(name), modes.CBC(bytes(block(name))))
    engine = cipher.encryptor() if encrypt else cipher.decryptor()
    return engine.update(data) + engine.finalize()


def block(name: str) -> int:
    return 8 if name == "tdes" else 16


@pytest.fixture
def keyed() -> Bench:
    return bench_of_text(SHEET)


@pytest.mark.parametrize("name", KEYS)
def test_the_host_proves_a_key(keyed: Bench, name: str) -> None:
    challenge = keyed.ok(command(0x84, ne=block(name)))
    keyed.ok(command(0x82, 0, NUMBERS[name], ecb(name, challenge)))
    keyed.ok(command(0x82, 0, NUMBERS[name]))


def test_a_proved_key_opens_what_names_it(keyed: Bench) -> None:
    talk(keyed, "00B0810001 = 6982")
    keyed.ok(command(0x82, 0, 1, ecb("aes", keyed.ok(command(0x84, ne=16)))))
    talk(keyed, "00B0810001 = 00 9000; 00D68100 [01] = 6982")


def test_a_wrong_proof_counts_down_and_blocks(keyed: Bench) -> None:
    for left in (2, 1, 0):
        keyed.ok(command(0x84, ne=16))
        keyed.refused(command(0x82, 0, 1, bytes(16)), 0x63C0 + left)
    keyed.refused(command(0x82, 0, 1, ecb("aes", keyed.ok(command(0x84, ne=16)))), 0x6983)
    keyed.refused(command(0x82, 0, 1), 0x6983)


def test_a_right_proof_restores_the_count(keyed: Bench) -> None:
    keyed.ok(command(0x84, ne=16))
    keyed.refused(command(0x82, 0, 1, bytes(16)), 0x63C2)
    keyed.ok(command(0x82, 0, 1, ecb("aes", keyed.ok(command(0x84, ne=16)))))
    keyed.card.reset()
    keyed.refused(command(0x82, 0, 1), 0x63C3)


def test_a_wrong_proof_ends_what_a_right_one_began(keyed: Bench) -> None:
    keyed.ok(command(0x82, 0, 1, ecb("aes", keyed.ok(command(0x84, ne=16)))))
    keyed.ok(command(0x84, ne=16))
    keyed.refused(command(0x82, 0, 1, bytes(16)), 0x63C2)
    talk(keyed, "00B0810001 = 6982")


@pytest.mark.parametrize("name", KEYS)
def test_both_prove_a_key(keyed: Bench, name: str) -> None:
    size = block(name)
    host = bytes(range(100, 100 + size))
    challenge = keyed.ok(command(0x84, ne=size))
    answer = keyed.ok(command(0x82, 0, NUMBERS[name], cbc(name, host + challenge), ne=256))
    assert challenge + host == cbc(name, answer, encrypt=False)
    keyed.ok(command(0x82, 0, NUMBERS[name]))


def test_a_wrong_mutual_proof_costs_a_try(keyed: Bench) -> None:
    keyed.ok(command(0x84, ne=16))
    keyed.refused(command(0x82, 0, 1, bytes(32), ne=256), 0x63C2)


def test_a_challenge_is_good_for_one_proof(keyed: Bench) -> None:
    proof = ecb("aes", keyed.ok(command(0x84, ne=16)))
    keyed.ok(command(0x82, 0, 1, proof))
    keyed.refused(command(0x82, 0, 1, proof), 0x6985)


def test_a_wrong_proof_uses_up_the_challenge(keyed: Bench) -> None:
    proof = ecb("aes", keyed.ok(command(0x84, ne=16)))
    keyed.refused(command(0x82, 0, 1, bytes(16)), 0x63C2)
    keyed.refused(command(0x82, 0, 1, proof), 0x6985)


def test_a_replayed_proof_of_an_older_challenge_is_wrong(keyed: Bench) -> None:
    old = ecb("aes", keyed.ok(command(0x84, ne=16)))
    keyed.ok(command(0x84, ne=16))
    keyed.refused(command(0x82, 0, 1, old), 0x63C2)


def test_the_card_proves_a_secret_key(keyed: Bench) -> None:
    expected = Cipher(algorithms.SM4(bytes(range(16, 32))), modes.ECB()).encryptor().update(bytes(32))
    assert expected == keyed.ok(command(0x88, 0, INTERNAL, bytes(32), ne=256))


def test_the_card_does_not_prove_its_own_challenge_for_the_host(keyed: Bench) -> None:
    """A key for both would let INTERNAL AUTHENTICATE make the proof that EXTERNAL AUTHENTICATE wants."""
    challenge = keyed.ok(command(0x84, ne=16))
    keyed.refused(command(0x88, 0, 1, challenge, ne=256), 0x6984)


def test_the_card_proves_a_private_key(card: Bench) -> None:
    talk(card, "00200001 ['12345678'] = 9000; 00468200 [{B6 {84 01}}{AC {80 04}}] = 9000")
    signature = card.ok(command(0x88, 0, 0x81, bytes(32), ne=256))
    talk(card, f"002281B6 [{{83 01}}] = 9000; 002A00A8 [{{9A {'00' * 32}}}{{9E {signature.hex()}}}] = 9000")
    talk(card, f"0022C1A4 [{{84 01}}] = 9000; 00880000 [{'00' * 32}] 00 = .. 9000")


REFUSED = {
    "a challenge of nothing": "00840000 = 6700",
    "a challenge of 257 bytes": "00840000 000101 = 6700",
    "a challenge with data": "00840000 [00] 08 = 6700",
    "a challenge with P1": "0084010008 = 6A86; 0084000108 = 6A86",
    "external without a challenge": "00820001 [" + "00" * 16 + "] = 6985",
    "external of a key there is not": "00820009 [" + "00" * 16 + "] = 6A88",
    "external of a key for something else": "00820005 [" + "00" * 16 + "] = 6984",
    "external with P1": "00820101 [" + "00" * 16 + "] = 6A86",
    "external after a challenge of another length": "0084000008 = .. 9000; 00820001 [" + "00" * 16 + "] = 6700",
    "external without a key named": "00820000 [" + "00" * 16 + "] = 6A88",
    "external without data tells the tries": "00820001 = 63C3",
    "external names its key in the environment": "002281A4 [{83 01}] = 9000; 00820000 = 63C3",
    "mutual of a key that only the host proves": "0084000010 = .. 9000; 00820006 [" + "00" * 32 + "] 00 = 6984",
    "mutual of a wrong length": "0084000010 = .. 9000; 00820001 [" + "00" * 16 + "] 00 = 6700",
    "mutual after a challenge of another length": "0084000008 = .. 9000; 00820001 [" + "00" * 32 + "] 00 = 6985",
    "mutual without a challenge": "00820001 [" + "00" * 32 + "] 00 = 6985",
    "internal without data": "00880005 00 = 6700",
    "internal of half a block": "00880005 [00] 00 = 6700",
    "internal with P1": "00880105 [" + "00" * 16 + "] 00 = 6A86",
    "internal of a key there is not": "00880009 [" + "00" * 16 + "] 00 = 6A88",
    "internal of a key for something else": "00880006 ["
    + "00" * 16
    + "] 00 = 6984; 00880007 ["
    + "00" * 16
    + "] 00 = 6984",
    "internal of a private key there is not": "00880081 [" + "00" * 32 + "] 00 = 6A88",
}


@pytest.mark.parametrize("dialogue", REFUSED.values(), ids=REFUSED)
def test_a_wrong_use_is_refused(keyed: Bench, dialogue: str) -> None:
    talk(keyed, dialogue)


def test_a_private_key_is_used_only_by_who_may(card: Bench) -> None:
    talk(card, "00200001 ['12345678'] = 9000; 00468200 [{B6 {84 01}}{AC {80 04}}] = 9000; 0020FF01 = 9000;"
         "00880081 [" + "00" * 32 + "] 00 = 6982")  # fmt: skip


def test_challenges_differ(keyed: Bench) -> None:
    assert 100 == len({keyed.ok(command(0x84, ne=8)) for _ in range(100)})
