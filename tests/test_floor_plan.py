"""Who may import whom: an allow-list over every import statement of every package.

A room is the longest entry of `DOORS` that a module's name begins with. Each room may always import itself. A new
door needs a new line here, and a reason. Wiring cupboards, which join rooms, are listed by name.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("simcard", "reader_bridge", "host_tools", "conformance")

WIRE = "simcard.wire"
BELOW_THE_DOORS = {"simcard.hal", "simcard.nvm", "simcard.pin", "simcard.fs", "simcard.key", "simcard.profile", WIRE}

REGISTRY_DOORS = {WIRE, "host_tools.errors", "host_tools.pki"}
OFFICE_DOORS = {
    *REGISTRY_DOORS,
    "host_tools.client",
    "host_tools.link",
    "host_tools.registry",
    "host_tools.skf",
    "host_tools.eport_client.wording",
}
"""Of the client service only its texts in two languages are used; of SKF its commands, by which keys are staged."""

DOORS: dict[str, set[str]] = {
    "simcard": set(),
    "simcard.wire": set(),
    "simcard.transport": {WIRE},
    "simcard.hal": {WIRE},
    "simcard.nvm": {WIRE, "simcard.hal"},
    "simcard.crypto": {WIRE, "simcard.hal"},
    "simcard.pin": {WIRE, "simcard.nvm"},
    "simcard.fs": {WIRE, "simcard.nvm"},
    "simcard.key": {WIRE, "simcard.nvm"},
    "simcard.sheet": {WIRE},
    "simcard.profile_checks": {WIRE, "simcard.sheet"},
    "simcard.profile": {WIRE, "simcard.sheet", "simcard.profile_checks"},
    "simcard.applet": BELOW_THE_DOORS,
    "simcard.trace": {WIRE, "simcard.hal", "simcard.applet"},
    "simcard.chain": {WIRE, "simcard.applet"},
    "simcard.router": {WIRE, "simcard.pin", "simcard.fs", "simcard.applet", "simcard.chain"},
    "simcard.personalise": {*BELOW_THE_DOORS, "simcard.applet"},
    "simcard.card": {
        *BELOW_THE_DOORS,
        "simcard.applet",
        "simcard.chain",
        "simcard.personalise",
        "simcard.router",
        "simcard.trace",
    },
    "reader_bridge": {WIRE, "reader_bridge.slot"},
    "reader_bridge.slot": {WIRE, "reader_bridge", "simcard.card", "simcard.hal"},
    "host_tools": {WIRE},
    "host_tools.registry": REGISTRY_DOORS,
    "host_tools.office": OFFICE_DOORS,
    "host_tools.issuing": {*OFFICE_DOORS, "host_tools.office"},
    "host_tools.renewal": {*OFFICE_DOORS, "host_tools.office"},
    "conformance": {WIRE, "host_tools.link", "host_tools.errors"},  # links say by these errors that a card is gone
}

CUPBOARDS = ("host_tools.cli", "reader_bridge.pytest_plugin")
"""Besides every `__main__`."""

SURPRISES = {"time", "random", "os", "socket", "secrets", "threading", "datetime"}
"""What would make two runs of a card differ; only the board may have it, in these two parts."""

PARTS_OF_THE_HOST = {"simcard/hal/fileflash.py", "simcard/hal/system.py"}


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST) -> set[str]:
    """Dotted names a module imports; of `from a import b` both a and a.b, for b may be a module."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(module: str) -> str:
    """The longest room whose name is the module's, or a package above it."""
    rooms = [room for room in DOORS if module == room or module.startswith(room + ".")]
    return max(rooms, key=len)


def is_cupboard(module: str) -> bool:
    return module.endswith(".__main__") or module.startswith(CUPBOARDS)


def forbidden_doors(module: str, source: str) -> set[str]:
    """Imports of this project that the plan does not allow the module."""
    ours = {name for name in imported(ast.parse(source)) if name.split(".")[0] in PACKAGES}
    room = room_of(module)
    allowed = DOORS[room] | {room}
    # `from simcard import card` names the room simcard.card: the longest room decides.
    return {
        name
        for name in ours
        if room_of(name) not in allowed and not name.startswith(tuple(f"{a}." for a in DOORS[room]))
    }


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_uses_only_the_doors_of_its_room(path: Path) -> None:
    module = name_of(path)
    if not is_cupboard(module):
        assert set() == forbidden_doors(module, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / "simcard").rglob("*.py")), ids=name_of)
def test_no_surprise_enters_the_card_but_through_the_board(path: Path) -> None:
    if str(path.relative_to(ROOT)) not in PARTS_OF_THE_HOST:
        tops = {name.split(".")[0] for name in imported(ast.parse(path.read_text(encoding="utf-8")))}
        assert set() == tops & SURPRISES


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("simcard.pin.pins", "from simcard.fs.tree import MF"),
        ("simcard.key.pair", "from simcard.crypto.engine import SoftEngine"),
        ("simcard.fs.tree", "import simcard.applet.base"),
        ("simcard.applet.iso.select", "from simcard.crypto import ec"),
        ("simcard.applet.base", "from simcard import card"),
        ("simcard.wire.tlv", "from simcard.hal.power import PowerLost"),
        ("host_tools.client.iso", "from simcard.card import Card"),
        ("reader_bridge.server", "from simcard.card import Card"),
        ("host_tools.registry.work", "from host_tools.office.rules import RULES"),
        ("host_tools.office.orders", "from host_tools.issuing.station import Station"),
        ("host_tools.issuing.station", "from host_tools.renewal.station import Station"),
        ("host_tools.pki.authority", "from host_tools.registry.facade import Registry"),
        ("conformance.tear", "from simcard.hal.power import Tear"),
        ("conformance.laws", "from host_tools.client import iso"),
    ],
)
def test_the_plan_sees_a_door_that_is_not_there(module: str, source: str) -> None:
    assert set() != forbidden_doors(module, source)
