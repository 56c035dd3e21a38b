"""The process dies at every step of issuing a pair, before or after the step; run again, it finishes (M8).

The book is a file, opened anew after each death, as a new process would open it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation
from host_tools.pki.ledger import Ledger
from tests.pki.support import BOTH, SM2, SUBJECT, asked, authority, holder

STEPS = ("issue", "archive")
WRITES = 3
"""Of one pair: two certificates, and the kept key."""


class Died(BaseException):
    """The process is gone."""


class Mortal(Ledger):
    """A book whose process dies at one write."""

    def die(self, at: int, after: bool) -> None:
        """Die at write number `at`, from 0, before or after it is done."""
        self.writes = 0
        for name in STEPS:
            setattr(self, name, self._dying(getattr(self, name), at, after))

    def _dying(self, real: Callable[..., object], at: int, after: bool) -> Callable[..., object]:
        def step(*values: object) -> object:
            now, self.writes = self.writes, self.writes + 1
            if now == at and not after:
                raise Died
            done = real(*values)
            if now == at:
                raise Died
            return done

        return step


def founded(path: Path) -> Mortal:
    """An empty book."""
    Ledger.create(path).close()
    return Mortal(path)


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(WRITES))
def test_a_pair_is_finished_whatever_step_the_process_died_at(tmp_path: Path, case: str, at: int, after: bool) -> None:
    generation = Generation(case)
    book = founded(tmp_path / "book")
    made = authority(case, ledger=book)
    book.die(at, after)
    with pytest.raises(Died):
        made.issue_pair(asked(case), SUBJECT)
    made.ledger = Ledger(tmp_path / "book")
    pair = made.issue_pair(asked(case), SUBJECT)
    entries = list(made.ledger.entries(generation))
    assert [Use.SIGN, Use.EXCHANGE] == [each.use for each in entries]
    assert [pair.signing.encoded, pair.exchange.encoded] == [each.body for each in entries]
    assert pair.exchange.key == pair.envelope.open(holder(case).decrypt, SM2).key


def test_a_pair_is_three_writes(tmp_path: Path) -> None:
    book = founded(tmp_path / "book")
    made = authority("sm2", ledger=book)
    book.die(-1, after=False)
    made.issue_pair(asked("sm2"), SUBJECT)
    assert WRITES == book.writes
