"""Programs in C on the library: the whole life of a token, and what can come between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reader_bridge.private_world import PrivateWorld
from tests.applet_gmt0017.support import gm_verifies
from tests.skf.desk import blank, converse, equipped_card, running

pytestmark = pytest.mark.xdist_group("skf library")
Program = Callable[[str], Path]
SERIAL = "20260101-001-00001"


def signature_of(heard: dict[str, bytes]) -> bytes:
    blob = heard["signature"]
    return blob[32:64] + blob[96:128]


def test_the_whole_life_of_a_token(program: Program, world: PrivateWorld) -> None:
    world.add_reader(card=blank().card)
    heard = converse(program("life.c"), world.environment())
    assert b"" == heard["done"]


def test_two_cards_agree_on_a_key(program: Program, world: PrivateWorld) -> None:
    for number in (1, 2):
        world.add_reader(card=equipped_card(f"2026-{number}", number).card)
    with running(program("scenes.c"), "agree", env=world.environment()) as talk:
        assert "done" == talk.hear()


def test_a_handle_is_of_one_kind_and_good_until_it_is_closed(program: Program, world: PrivateWorld) -> None:
    world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "handles", env=world.environment()) as talk:
        assert "done" == talk.hear()


def test_a_thousand_calls_of_eight_threads_get_their_own_results(program: Program, world: PrivateWorld) -> None:
    # 8 threads, 9 rounds each, 10 calls and more in a round, and what opens and closes: more than 1 000 calls.
    world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "threads", "8", "13", env=world.environment()) as talk:
        assert "done" == talk.hear()


def test_removal_in_the_midst_of_calls_is_said_and_final(program: Program, world: PrivateWorld) -> None:
    reader = world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "removal", env=world.environment()) as talk:
        assert "signing" == talk.hear()
        reader.remove()
        assert "removed" == talk.hear()
        reader.insert(blank().card)
        talk.say()
        assert "done" == talk.hear()


def test_devices_that_come_and_go_are_told(program: Program, world: PrivateWorld) -> None:
    first = world.add_reader(card=blank("one").card)
    with running(program("scenes.c"), "events", "4", env=world.environment()) as talk:
        assert "waiting" == talk.hear()
        card = first.remove()
        assert "removed one" == talk.hear()
        second = world.add_reader(card=blank("two").card)
        assert "inserted two" == talk.hear()
        first.insert(card)
        assert "inserted one" == talk.hear()
        world.unplug(second.name)
        assert "removed two" == talk.hear()
        assert "cancel" == talk.hear()
        talk.say()
        assert "done" == talk.hear()


def test_a_locked_device_waits_for_its_owner(program: Program, world: PrivateWorld) -> None:
    reader = world.add_reader(card=equipped_card().card)
    with running(program("scenes.c"), "locks", env=world.environment()) as talk:
        assert "locked" == talk.hear()
        assert reader.locked
        talk.say()
        assert "done" == talk.hear()


def test_the_signature_is_good_for_gmssl_too(program: Program, world: PrivateWorld) -> None:
    world.add_reader(card=blank().card)
    heard = converse(program("life.c"), world.environment())
    public = heard["envelope"][36:68] + heard["envelope"][100:132]
    assert gm_verifies(public, sm2_digest(public, b"the message"), signature_of(heard))


def sm2_digest(public: bytes, message: bytes) -> bytes:
    from host_tools.pki.keys import Hash, Kind, PublicKey, signed_digest

    return signed_digest(PublicKey(Kind.SM2, b"\x04" + public), Hash.SM3, message)
