"""Key agreement between two cards."""

from __future__ import annotations

import pytest

from simcard.crypto.engines import make
from simcard.wire.secret import Secret
from tests.applet_gmt0017.support import BITS, SM4_ECB, Token, equipped, gm_pair, ready, sm4, u2, u4

ALICE, BOB = b"alice", b"bob@customs"


def offer(made: Token, ident: bytes = ALICE) -> tuple[bytes, bytes]:
    """Temporary X || Y and the handle."""
    answer = made.ok(0x82, made.where + u4(SM4_ECB) + u4(len(ident)) + ident, ne=0)
    assert (72, BITS) == (len(answer), answer[:4])
    return answer[4:68], answer[68:]


def respond(made: Token, sponsor: bytes, temporary: bytes, sponsor_id: bytes = ALICE, ident: bytes = BOB) -> bytes:
    names = u4(len(sponsor_id)) + sponsor_id + u4(len(ident)) + ident
    return made.ok(0x84, made.where + u4(SM4_ECB) + BITS + sponsor + BITS + temporary + names, ne=0)


def complete(made: Token, handle: bytes, peer: bytes, temporary: bytes, ident: bytes = BOB) -> bytes:
    return made.where + handle + BITS + peer + BITS + temporary + u4(len(ident)) + ident


def fingerprint(made: Token, handle: bytes) -> bytes:
    """A block of zeros under a session key."""
    made.ok(0xA4, made.where + handle + u4(SM4_ECB) + u2(0) + u4(0) + u4(0))
    return made.ok(0xA6, made.where + handle + bytes(16), ne=0)


def both() -> tuple[Token, bytes, Token, bytes]:
    alice, _, _, of_alice = equipped(1)
    bob, _, _, of_bob = equipped(2)
    return alice, of_alice, bob, of_bob


def test_two_cards_agree_on_a_key() -> None:
    alice, of_alice, bob, of_bob = both()
    temporary, handle = offer(alice)
    answer = respond(bob, of_alice, temporary)
    key = alice.ok(0x86, complete(alice, handle, of_bob, answer[4:68]), ne=4)
    assert fingerprint(alice, key[2:]) == fingerprint(bob, answer[70:72])


def test_another_identity_gives_another_key() -> None:
    alice, of_alice, bob, of_bob = both()
    temporary, handle = offer(alice)
    answer = respond(bob, of_alice, temporary, sponsor_id=b"mallory")
    key = alice.ok(0x86, complete(alice, handle, of_bob, answer[4:68]), ne=4)
    assert fingerprint(alice, key[2:]) != fingerprint(bob, answer[70:72])


def test_the_key_is_what_the_book_says() -> None:
    """GM/T 0003.3, 6.1, from the other side, over the numbers of the other key and the temporary pair."""
    alice, _, _, of_alice = equipped(1)
    private, public = gm_pair(2)
    own, own_public = gm_pair(3)
    temporary, handle = offer(alice)
    done = make("gmssl").sm2_agree(
        Secret(private), Secret(own), BOB, b"\x04" + of_alice, b"\x04" + temporary, ALICE, 16, initiator=False
    )
    key = alice.ok(0x86, complete(alice, handle, public, own_public), ne=4)
    assert sm4(done.key.reveal(), bytes(16)) == fingerprint(alice, key[2:])


def test_an_offer_is_good_once() -> None:
    alice, of_alice, bob, of_bob = both()
    temporary, handle = offer(alice)
    answer = respond(bob, of_alice, temporary)
    data = complete(alice, handle, of_bob, answer[4:68])
    alice.ok(0x86, data, ne=4)
    assert alice.sw(0x86, data, ne=4) == "6B02"


def test_an_offer_that_was_never_made() -> None:
    alice, _, _, of_bob = both()
    assert alice.sw(0x86, complete(alice, u4(9), of_bob, of_bob), ne=4) == "6B02"


def test_a_point_off_the_curve_is_refused() -> None:
    alice, _, bob, of_bob = both()
    off = bytes(63) + b"\x01"
    _, handle = offer(alice)
    assert alice.sw(0x86, complete(alice, handle, off, of_bob), ne=4) == "6B02"
    names = u4(1) + b"a" + u4(1) + b"b"
    assert bob.sw(0x84, bob.where + u4(SM4_ECB) + BITS + of_bob + BITS + off + names, ne=0) == "6B02"


@pytest.mark.parametrize("ins", [0x82, 0x84])
def test_agreeing_needs_the_users_login(ins: int) -> None:
    made, _, _, public = equipped()
    made.ok(0x1C, made.ident)
    peer = BITS + public + BITS + public + u4(1) + b"a" if ins == 0x84 else b""
    assert made.sw(ins, made.where + u4(SM4_ECB) + peer + u4(1) + b"b", ne=0) == "6982"


def test_agreeing_needs_an_exchange_pair() -> None:
    made = ready()
    made.generate()
    assert made.sw(0x82, made.where + u4(SM4_ECB) + u4(1) + b"a", ne=0) == "6A95"


def test_offers_are_bounded() -> None:
    made, *_ = equipped()
    for _ in range(8):
        offer(made)
    assert made.sw(0x82, made.where + u4(SM4_ECB) + u4(1) + b"a", ne=0) == "6A84"


def test_agreeing_is_for_sm4() -> None:
    made, *_ = equipped()
    assert made.sw(0x82, made.where + u4(0x101) + u4(1) + b"a", ne=0) == "6A99"
