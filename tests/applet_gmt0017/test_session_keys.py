"""The register of session keys."""

from __future__ import annotations

import pytest

from simcard.key.session import MAX_HANDLE, SessionKey, SessionKeys
from simcard.wire.secret import Secret
from simcard.wire.status import Refused


def key(container: int = 1) -> SessionKey:
    return SessionKey("sm4", Secret(bytes(16)), container)


def test_the_register_is_bounded() -> None:
    keys = SessionKeys(2)
    keys.add(key())
    keys.add(key())
    with pytest.raises(Refused, match="6A84"):
        keys.add(key())


def test_handles_go_round_and_pass_over_living_ones() -> None:
    keys = SessionKeys(2)
    first = keys.add(key())
    for _ in range(MAX_HANDLE - 1):
        keys.remove(keys.add(key()))
    assert (1, 2) == (first, keys.add(key()))


def test_the_keys_of_a_container_go_together() -> None:
    keys = SessionKeys(4)
    handles = [keys.add(key(number)) for number in (1, 2, 1)]
    keys.remove_of(1)
    assert [handles[1]] == list(keys)
    assert 1 == len(keys)
