"""Every recipe of `docs/pkcs11.md`, as it stands there, with unmodified programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reader_bridge.pcsc_world import run_world
from tests.examples.book import (
    ROOT,
    USER_PIN,
    blocks,
    card_image,
    holds,
    home,
    kitchen,
    locked_image,
    piv_kitchen,
    promised,
    recipe,
    section,
)
from tests.kit import bench_of_text

pytestmark = pytest.mark.pcsc

WITH_THE_CARD = ("pkcs11-tool", "pkcs15-tool", "OpenSSL", "OpenSSH", "git", "curl")
ROW = re.compile(r"^\| (\S+) \| `(.*?)` \| `(.*?)` \|$", re.MULTILINE)
PINS = {title: (wrong, locked) for title, wrong, locked in ROW.findall(section("Wrong and locked PINs"))}


@pytest.mark.parametrize("title", WITH_THE_CARD)
def test_the_recipe_does_what_it_promises(title: str) -> None:
    with kitchen(card=card_image()) as here:
        holds(here.ok(recipe(title), card="card.img"), promised(title))


def test_the_table_of_pins_knows_every_recipe() -> None:
    assert set(WITH_THE_CARD) == PINS.keys()


@pytest.mark.parametrize("title", WITH_THE_CARD)
def test_a_wrong_pin_is_shown_as_the_table_says(title: str) -> None:
    with kitchen(card=card_image()) as here:
        done = here.run(recipe(title).replace(USER_PIN, "00000000"), card="card.img")
    assert 0 != done.code, done.said
    assert PINS[title][0] in done.said


@pytest.mark.parametrize("title", WITH_THE_CARD)
def test_a_locked_pin_is_shown_as_the_table_says(title: str) -> None:
    with kitchen(card=locked_image()) as here:
        done = here.run(recipe(title), card="card.img")
    assert 0 != done.code, done.said
    assert PINS[title][1] in done.said


def test_a_locked_pin_is_unblocked_as_the_book_says() -> None:
    unblock = re.sub(r"\s+", " ", re.findall(r"`(pkcs15-tool --unblock-pin.*?)`", section("Wrong and locked PINs"), re.S)[0])
    with kitchen(card=locked_image()) as here:
        here.ok(f"{unblock}\npkcs15-tool --verify-pin --pin {USER_PIN}", card="card.img")


def test_gpgsm_signs_with_a_key_of_the_card() -> None:
    with piv_kitchen() as here:
        holds(here.ok(recipe("gpgsm", "sh gpgsm"), card="piv.img"), promised("gpgsm"))


def test_chromium_logs_in_with_the_card() -> None:
    both = recipe("Chromium", "sh chromium") + "".join(blocks("Chromium", "sh page"))
    with piv_kitchen() as here:
        holds(here.ok(both, card="piv.img"), promised("Chromium"))


def test_curl_without_the_card_fails_before_it_sends_anything() -> None:
    """M11: a new connection needs the card."""
    with kitchen(card=card_image()) as here:
        prepared = recipe("curl").replace("curl -sS --tls", "true ") + "cp certificate.pem server.crt server.pem ..\n"
        assert prepared
        here.ok(prepared.replace("cp certificate.pem server.crt server.pem ..", ":"), card="card.img")
        request = recipe("curl").split("python3")[1].replace("--cert certificate.pem", "--cert certificate.pem")
        assert request
        here.put("empty", b"")
        script = "".join(blocks("A card and a shell", "sh names")) + "python3" + request
        done = here.program("simcard", "exec", "--readers", "1", "--", "sh", "-eu", "-c", script)
    assert 58 == done.code, done.said


def test_through_the_real_pcscd_and_its_driver(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with kitchen() as here:
        sheet = (ROOT / "examples" / "eport-rsa-2048.toml").read_text(encoding="utf-8")
        script = f"opensc-tool --wait --atr\ncd {here.folder}\nexport PATH={home(here.folder, {})['PATH']}:$PATH\n"
        names = ("pkcs11-tool", "OpenSSL")
        whole = script + "".join(recipe(title) for title in names)
        assert 0 == run_world(1, ["sh", "-euc", whole], [bench_of_text(sheet).card])
    said = capfd.readouterr().out
    for title in names:
        holds(said, [line for line in promised(title) if "verify OK" not in line and "Verification" not in line])
