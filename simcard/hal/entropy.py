"""Randomness as a part of the board, so that a run with a known seed can be repeated to the last byte.

`fork(label)` gives a stream of its own per purpose: what one purpose draws does not shift what another one
gets. Forking the same label of the same source twice gives the same stream twice; whoever must not repeat
(a card that is powered up again) puts a counter that survives into the label.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256, shake_256
from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes."""

    @property
    def deterministic(self) -> bool:
        """Whether the bytes can be foretold: never true for a source that makes keys for real use."""

    def read(self, n: int) -> bytes:
        """The next `n` bytes."""

    def fork(self, label: str) -> Entropy:
        """An independent source for the purpose `label`."""


class EntropyExhausted(Exception):
    """More bytes were drawn than the script holds: the script or the code under it is wrong."""


class SeededEntropy:
    """A deterministic generator over SHAKE-256 that cannot be run backwards.

    Each read squeezes a new 32-byte state and the output from the old state. Forks depend on the seed and
    the labels only, not on what was read.
    """

    __slots__ = ("_root", "_state")

    deterministic = True

    def __init__(self, seed: int | bytes) -> None:
        text = b"int %d" % seed if isinstance(seed, int) else b"bytes " + seed
        self._root = sha256(b"simcard entropy\0" + text).digest()
        self._state = self._root

    def read(self, n: int) -> bytes:
        """The next `n` bytes."""
        block = shake_256(self._state + n.to_bytes(4, "big")).digest(32 + n)
        self._state = block[:32]
        return block[32:]

    def fork(self, label: str) -> SeededEntropy:
        """The stream of the purpose `label`."""
        return SeededEntropy(self._root + label.encode())

    def __repr__(self) -> str:
        return "SeededEntropy(***)"


class ScriptedEntropy:
    """Replays given bytes, for example the fixed nonce of a standard's example, then raises.

    `forks` maps a label to the source its fork is; every other fork is this source itself, so a script is
    found wherever the code under it draws.
    """

    __slots__ = ("_forks", "_left")

    deterministic = True

    def __init__(self, *script: bytes, forks: Mapping[str, Entropy] | None = None) -> None:
        self._left = b"".join(script)
        self._forks = dict(forks or {})

    @property
    def left(self) -> int:
        """Bytes of the script that nobody has drawn yet."""
        return len(self._left)

    def read(self, n: int) -> bytes:
        """The next `n` bytes of the script; EntropyExhausted if it holds fewer."""
        if n > len(self._left):
            raise EntropyExhausted(f"{n} bytes drawn, {len(self._left)} left in the script")
        taken, self._left = self._left[:n], self._left[n:]
        return taken

    def fork(self, label: str) -> Entropy:
        """The source scripted for `label`, or this one."""
        return self._forks.get(label, self)

    def __repr__(self) -> str:
        return "ScriptedEntropy(***)"
