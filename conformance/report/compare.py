"""Two runs side by side: which verdicts changed, and which cases are in one of them only."""

from __future__ import annotations

from msgspec import Struct

from conformance.result import Run, Verdict


class Change(Struct, frozen=True):
    """One case whose verdict is not the same in both runs; empty where it was not run."""

    case: str
    clause: str
    before: str
    after: str
    reason: str

    @property
    def worse(self) -> bool:
        """Whether what held, or was not tried, does not hold or cannot be tried now."""
        bad = (Verdict.FAIL.value, Verdict.UNRESOLVED.value)
        return self.after in bad and self.before not in bad


def changes(before: Run, after: Run) -> list[Change]:
    """In the order of the later run; cases that are gone come last."""
    old = {result.name: result for result in before.results}
    found = []
    for result in after.results:
        then = old.pop(result.name, None)
        was = then.verdict.value if then else ""
        if was != result.verdict.value:
            found.append(Change(result.name, result.clause, was, result.verdict.value, result.reason))
    return found + [Change(each.name, each.clause, each.verdict.value, "", "") for each in old.values()]
