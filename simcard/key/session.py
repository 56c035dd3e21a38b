"""Session keys: symmetric keys that live until reset, under handles, a bounded number of them.

They are never written to memory (GM/T 0027-2014, 5.3). Handles go round: one that was given up comes back only after
all others, so an old one does not open a new key by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

MAX_HANDLE = 0xFFFF


@dataclass(slots=True)
class SessionKey:
    """A key, its cipher (a name of `simcard.hal.engine.Cipher`), and the container it belongs to (0: none)."""

    cipher: str
    value: Secret
    container: int


@dataclass(slots=True)
class SessionKeys:
    """The register of one session."""

    limit: int
    _keys: dict[int, SessionKey] = field(default_factory=dict)
    _last: int = 0

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def add(self, key: SessionKey) -> int:
        """A handle for the key; 6A84 when the register is full."""
        if len(self._keys) >= self.limit:
            raise Refused(SW.NO_SPACE)
        self._last = self._last % MAX_HANDLE + 1
        while self._last in self._keys:
            self._last = self._last % MAX_HANDLE + 1
        self._keys[self._last] = key
        return self._last

    def get(self, handle: int) -> SessionKey | None:
        return self._keys.get(handle)

    def remove(self, handle: int) -> None:
        self._keys.pop(handle, None)

    def remove_of(self, container: int) -> None:
        """Forget the keys of a container that is gone."""
        for handle in [h for h, key in self._keys.items() if key.container == container]:
            del self._keys[handle]
