"""A pytest plugin: cards, readers and private PC/SC worlds for testing one's own PC/SC application.

Fixtures, all made anew for each test (`docs/testing.md` has a worked example):

    simcard_card    a card on a RAM board, spoken to in this process
    simcard_world   a private PC/SC world; the environment leads this process and its children there
    simcard_reader  a reader of that world with the card in it: insert, remove (hot plug), reset by another program
    simcard_power   the card's power: cut it at any flash operation
    simcard_pins    the card's PINs: look at tries, leave few, block
    simcard_noise   the card's noise: frozen by the seed, and it can fail
    simcard_make    makes further cards
    simcard_worlds  makes further worlds, for child processes

`@pytest.mark.simcard(profile=..., seed=..., faults=...)` says which card. Rules:
- This is a wiring cupboard, and it is loaded in every pytest run on a machine that has the package: nothing but
  pytest is imported until a fixture is used, every name begins with `simcard`, and no hook changes anything else.
- Nothing is shared between processes, so tests run in parallel under pytest-xdist, without ports and without root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from reader_bridge.private_world import PrivateWorld
    from reader_bridge.pytest_plugin_cards import CardInReader, Noise, PinDesk, Power, TestCard

MARKER = "simcard(profile='iso-blank', seed=1, faults=''): the card of simcard_card and simcard_reader"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def simcard_make() -> Callable[..., TestCard]:
    """`simcard_make(profile="iso-blank", seed=1, faults="")`: a new card; the same arguments give the same bytes."""
    from reader_bridge.pytest_plugin_cards import make

    return make


@pytest.fixture
def simcard_card(request: pytest.FixtureRequest, simcard_make: Callable[..., TestCard]) -> TestCard:
    """The card that the marker `simcard` describes, by default a blank ISO card with seed 1."""
    marker = request.node.get_closest_marker("simcard")
    if marker is None:
        return simcard_make()
    from reader_bridge.pytest_plugin_cards import WRONG, insist_on_form

    try:
        insist_on_form(marker)
        return simcard_make(**marker.kwargs)
    except WRONG as error:
        # A traceback would show this plugin, and what is wrong stands in the test.
        told = f"{request.node.nodeid}: the mark is wrong: {error}\nexpected @pytest.mark.{MARKER}"
        raise pytest.fail.Exception(told, pytrace=False) from None


@pytest.fixture
def simcard_power(simcard_card: TestCard) -> Power:
    """The power of `simcard_card`."""
    return simcard_card.power


@pytest.fixture
def simcard_pins(simcard_card: TestCard) -> PinDesk:
    """The PINs of `simcard_card`."""
    return simcard_card.pins


@pytest.fixture
def simcard_noise(simcard_card: TestCard) -> Noise:
    """The noise of `simcard_card`, which its seed has frozen."""
    return simcard_card.noise


@pytest.fixture(scope="session")
def _simcard_home() -> Iterator[PrivateWorld]:
    """One service for all tests of this process: libpcsclite looks for its socket once, and some programs keep a
    context for as long as they live."""
    from reader_bridge.private_world import PrivateWorld

    with PrivateWorld() as world:
        yield world


@pytest.fixture
def simcard_world(_simcard_home: PrivateWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateWorld]:
    """A private PC/SC world without readers, for this process and the programs it starts."""
    monkeypatch.setenv(*_simcard_home.variable)
    yield _simcard_home
    for name in list(_simcard_home.readers):
        _simcard_home.unplug(name)


@pytest.fixture
def simcard_worlds() -> Iterator[Callable[[], PrivateWorld]]:
    """`simcard_worlds()`: one more world at a time; its clients need `world.environment()`."""
    from reader_bridge.private_world import PrivateWorld

    with ExitStack() as stack:
        yield lambda: stack.enter_context(PrivateWorld())


@pytest.fixture
def simcard_reader(simcard_world: PrivateWorld, simcard_card: TestCard) -> CardInReader:
    """A reader of `simcard_world` with `simcard_card` in it, under the script of faults that the marker gives."""
    from reader_bridge.pytest_plugin_cards import CardInReader

    return CardInReader(simcard_world.add_reader(), simcard_card)
