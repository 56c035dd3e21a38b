"""The engines by name, for whoever wires a card: `make("soft")`, `make("soft", "libcrypto")`, `make("gmssl")`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from simcard.hal.engine import CryptoEngine

ENGINES: dict[str, tuple[str, str]] = {
    "soft": ("simcard.crypto.engine", "SoftEngine"),
    "gmssl": ("simcard.crypto.gmssl_engine", "GmsslEngine"),
}


def make(name: str = "soft", backend: str | None = None) -> CryptoEngine:
    """The engine of that name; KeyError for a name not in `ENGINES`. `backend` names the SM2 arithmetic."""
    module, attribute = ENGINES[name]
    return cast("CryptoEngine", getattr(import_module(module), attribute)(backend))
