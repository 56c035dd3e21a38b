"""Secret bytes that cannot be printed.

PINs, key material and everything derived from them travel as `Secret`. It has no useful `repr`, cannot be
formatted, pickled or hashed, and compares in constant time. The one way to the bytes is `reveal()`, so a
reader finds every place that takes them out by searching for that word.
"""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Bytes nobody prints. Compare with ``==`` (constant time), take out with `reveal`."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # a hash would tell two secrets apart

    def __init__(self, value: bytes | bytearray | memoryview) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes themselves; the caller takes over the duty not to show them."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")
