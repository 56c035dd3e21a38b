"""How the plugin is loaded in the projects that the tests make."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("-p", "reader_bridge.pytest_plugin", "-p", "no:cacheprovider", "--strict-markers")
XDIST = ("-p", "xdist.plugin")
