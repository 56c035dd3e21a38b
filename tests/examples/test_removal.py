"""The card pulled out ends the session (M11), in a real browser and for curl."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from host_tools.cli.cards import EngineChoice, open_card
from reader_bridge.private_world import PrivateWorld
from tests.examples.book import blocks, card_image, free_port, home, kitchen, piv_kitchen, recipe
from tests.examples.browser import BrowserEnded, browser, tls_server

pytestmark = pytest.mark.pcsc


SCENES = 5


HOLDER, NOBODY, NO_SIGNATURE = "Test holder 9e", "who are you", "ERR_SSL_CLIENT_AUTH_SIGNATURE_FAILED"


def pages_around_a_removal() -> list[str]:
    """What a browser shows: two pages with the card in, two after it was pulled; and one of a fresh browser with it."""
    port = free_port()
    with piv_kitchen() as here, PrivateWorld() as world:
        reader = world.add_reader(card=open_card(here.folder / "piv.simcard", EngineChoice()))
        environment = home(here.folder / "home", world.environment())
        here.ok(recipe("Chromium", "sh chromium").replace("8443", str(port)), world.environment())
        with tls_server(here.folder, "authority.crt", port) as url:
            with browser(environment, here.folder / "browser") as page:
                seen = [page.title(f"{url}1"), page.title(f"{url}2")]
                card = reader.remove()
                seen += [page.title(f"{url}3"), page.title(f"{url}4")]
            reader.insert(card)
            with browser(environment, here.folder / "browser") as page:
                return [*seen, page.title(f"{url}5")]


def test_the_card_pulled_out_ends_the_browsers_session() -> None:
    # A scene whose browser ended by itself is played again; what a browser showed is never overlooked.
    for _ in range(SCENES):
        with contextlib.suppress(BrowserEnded):
            *with_it, first, second, again = pages_around_a_removal()
            assert [HOLDER, HOLDER] == with_it
            # Chromium tries the key it remembers, and asks afresh when it feels like it: without a card both end it.
            assert {first, second} <= {NOBODY, NO_SIGNATURE}
            assert HOLDER == again
            return
    raise AssertionError(f"Chromium ended by itself {SCENES} times")


def test_curl_needs_the_card_for_a_new_connection() -> None:
    start, _, loop = recipe("curl").partition("python3 examples/tls_server.py")
    request = next(line for line in loop.replace("\\\n", " ").splitlines() if "--engine" in line)
    script = "".join((*blocks("A card and a shell", "sh names"), "version=1.3\n", request.strip(), "\n"))
    with kitchen(card=card_image()) as here, PrivateWorld() as world:
        reader = world.add_reader(card=open_card(Path(here.folder, "card.simcard"), EngineChoice()))
        here.ok(start, world.environment())
        with tls_server(here.folder, "certificate.pem") as url:
            script = script.replace("https://127.0.0.1:8443/", url)
            assert "测试操作员" in here.ok(script, world.environment())
            reader.remove()
            done = here.run(script, world.environment())
    assert 58 == done.code, done.said
