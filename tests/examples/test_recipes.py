"""Every recipe of `docs/pkcs11.md`, as it stands there, with unmodified programs."""

from __future__ import annotations

import re
import shlex

import pytest

from host_tools.cli.cards import EngineChoice, open_card
from reader_bridge.pcsc_world import run_world
from tests.examples.book import (
    USER_PIN,
    blocks,
    card_image,
    holds,
    kitchen,
    locked_image,
    piv_kitchen,
    promised,
    recipe,
    section,
)

pytestmark = pytest.mark.pcsc

WITH_THE_CARD = ("pkcs11-tool", "pkcs15-tool", "OpenSSL", "OpenSSH", "git", "curl", "GnuPG")
ROW = re.compile(r"^\| (\S+) \| `(.*?)` \| `(.*?)` \|$", re.MULTILINE)
PINS = {title: (wrong, locked) for title, wrong, locked in ROW.findall(section("Wrong and locked PINs"))}


@pytest.mark.parametrize("title", WITH_THE_CARD)
def test_the_recipe_does_what_it_promises(title: str) -> None:
    with kitchen(card=card_image()) as here:
        holds(here.ok(recipe(title), card="card.simcard"), promised(title))


def test_the_table_of_pins_knows_every_recipe() -> None:
    assert set(WITH_THE_CARD) == PINS.keys()


@pytest.mark.parametrize("title", WITH_THE_CARD)
def test_a_wrong_pin_is_shown_as_the_table_says(title: str) -> None:
    with kitchen(card=card_image()) as here:
        done = here.run(recipe(title).replace(USER_PIN, "00000000"), card="card.simcard")
    assert 0 != done.code, done.said
    assert PINS[title][0] in done.said


@pytest.mark.parametrize("title", WITH_THE_CARD)
def test_a_locked_pin_is_shown_as_the_table_says(title: str) -> None:
    with kitchen(card=locked_image()) as here:
        done = here.run(recipe(title), card="card.simcard")
    assert 0 != done.code, done.said
    assert PINS[title][1] in done.said


def test_a_locked_pin_is_unblocked_as_the_book_says() -> None:
    found = re.search(r"`(pkcs15-tool\s--unblock-pin.*?)`", section("Wrong and locked PINs"), re.DOTALL)
    assert found is not None
    unblock = " ".join(found[1].split())
    with kitchen(card=locked_image()) as here:
        here.ok(f"{unblock}\npkcs15-tool --verify-pin --pin {USER_PIN}", card="card.simcard")


def test_yubicos_programs_find_the_card_in_a_reader_of_that_name() -> None:
    found = re.search(r"`(simcard exec --reader-name \".*?\" --card piv.simcard --) sh`", section("Yubico's programs"))
    assert found is not None
    script = recipe("Yubico's programs", "sh yubico")
    with piv_kitchen() as here:
        done = here.program(*shlex.split(found[1]), "sh", "-euc", script)
    assert 0 == done.code, done.said
    holds(done.said, promised("Yubico's programs"))


def test_gpgsm_signs_with_a_key_of_the_card() -> None:
    with piv_kitchen() as here:
        holds(here.ok(recipe("gpgsm", "sh gpgsm"), card="piv.simcard"), promised("gpgsm"))


def test_chromium_logs_in_with_the_card() -> None:
    both = recipe("Chromium", "sh chromium") + "".join(blocks("Chromium", "sh page"))
    with piv_kitchen() as here:
        holds(here.ok(both, card="piv.simcard"), promised("Chromium"))


def test_through_the_real_pcscd_and_its_driver(capfd: pytest.CaptureFixture[str]) -> None:
    names = ("pkcs11-tool", "OpenSSL")
    with kitchen(card=card_image()) as here:
        card = open_card(here.folder / "card.simcard", EngineChoice())
        settle = f"opensc-tool --wait --atr\ncd {here.folder}\n"
        assert 0 == run_world(1, ["sh", "-euc", settle + "".join(map(recipe, names))], [card])
    said = capfd.readouterr()
    for title in names:
        assert [] == [line for line in promised(title) if line not in said.out + said.err]
