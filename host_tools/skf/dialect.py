"""How one family of tokens differs from another at GM/T 0017; the defaults are those of a token watched on USB."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

from host_tools.skf.sar import Sar, SkfError
from simcard.wire.gmt0017 import CHALLENGE_FORMS, MAC_HEADERS, Order

CHOICES: dict[str, tuple[str, ...]] = {
    "int_order": ("big", "little"),
    "pin_block": CHALLENGE_FORMS,
    "pin_key_pad": ("zero16", "none"),
    "mac_header": MAC_HEADERS,
    "import_ecc_order": ("std", "syno"),
    "name_field": ("32", "40", "48"),
    "ext_ecc_verify": ("80", "7F"),
}
"""What each setting may be."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The settings. An `int_order` of None is read off the device information."""

    int_order: Order | None = None
    pin_block: str = "LD-LE"
    """Form of the block that answers a challenge."""
    pin_key_pad: Literal["zero16", "none"] = "zero16"
    mac_header: str = "ga6"
    import_ecc_order: Literal["std", "syno"] = "std"
    name_field: str = "32"
    """Width of the application name in CreateApplication."""
    ext_ecc_verify: Literal["80", "7F"] = "80"

    @classmethod
    def of(cls, text: str) -> Dialect:
        """From "pin_block=ZERO, int_order=little"; SAR_INVALIDPARAMERR for what does not exist."""
        given: dict[str, str] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, _, value = part.partition("=")
            if value not in CHOICES.get(name, ()):
                known = ", ".join(f"{f.name}={'|'.join(CHOICES[f.name])}" for f in fields(cls))
                raise SkfError(Sar.INVALIDPARAMERR, f"a token has no setting {part!r}; there are {known}")
            given[name] = value
        return replace(cls(), **given)  # type: ignore[arg-type]  # each value is one of its setting's choices
