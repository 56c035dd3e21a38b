"""Runs cases: sends what a suite says, compares with what it expects, and gives verdicts.

Each case begins with a card just reset (a new one where the rig makes them) and with no captured values, and its
teardown runs whatever happened; so no case depends on another. A step of the setup that goes wrong makes the case
unresolved, for the requirement was never tried; a step of the case proper makes it fail.

A secret of the target that the card calls wrong is not tried a second time on the same card: a mistake in a target file
must not lock somebody's card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from conformance.exchange import Exchange, once, whole
from conformance.expect import captured, check_data, check_sw
from conformance.format import Case, Reset, Step, Suite, Target, data_of, listed, names_of, steps_of, wanted
from conformance.result import Line, Result, Verdict
from conformance.rig import Rig
from conformance.template import TemplateError, Value, parse
from host_tools.errors import BadResponse, LinkError
from host_tools.link.base import CardLink

TRIES_LEFT, LOCKED = 0x63C0, 0x6983
SHORTEST_SECRET = 4
"""Bytes; shorter ones appear in any response by chance."""


class Wrong(Exception):
    """A step that went otherwise than the suite says; the text says what was expected."""


class Absent(Exception):
    """The card says that it does not have what the case is about."""


class NoAnswer(Exception):
    """The card is gone, or the way to it."""


@dataclass(slots=True)
class Trial:
    """One case while it runs."""

    link: CardLink
    rig: Rig
    values: dict[str, Value]
    refused: set[str] = field(default_factory=set)
    """Secrets of the target that the card called wrong when they should have been right."""
    lines: list[Line] = field(default_factory=list)

    # -- one step

    def run(self, step: Step) -> None:
        """Raises `Wrong`, `Absent` or `NoAnswer` when it does not go as it should."""
        again = self.refused.intersection(names_of(step))
        if again:
            raise NoAnswer(f"the card refused {', '.join(sorted(again))}, so it is not tried again")
        for _ in range(step.times):
            if step.pcsc is not None:
                self._pcsc(step.pcsc, step)
            elif step.send is not None:
                self._send(step)
            elif step.reset is not None:
                self._reset(step)
            else:
                self._check(step)

    def _send(self, step: Step) -> None:
        template = parse(step.send or "")
        command, shown = template.value(self.values).data, template.shown(self.values)
        if step.cut is not None:
            self.rig.cut(self._number(step.cut), step.tear)
        exchange = self._exchange(command, shown, step)
        if exchange is None:
            return
        wrong = ""
        try:
            check_sw(step, exchange, self.values)
            check_data(step, exchange, self.values)
            self.values |= captured(step, exchange)
        except ValueError as error:
            wrong = str(error)
        said = f"{self._masked(exchange.data)} {exchange.sw:04X}".strip()
        absent = any(
            parse(text, True).pattern(self.values).fullmatch(f"{exchange.sw:04X}") for text in listed(step.absent)
        )
        self.lines.append(Line(shown, said, step.note, "" if absent else wrong))
        if absent:
            raise Absent(f"the card answers {exchange.sw:04X}: it does not have this")
        if wrong:
            if exchange.sw & 0xFFF0 == TRIES_LEFT or exchange.sw == LOCKED:
                self.refused |= {name for name in template.names() if self.values[name].secret}
            raise Wrong(wrong)

    def _exchange(self, command: bytes, shown: str, step: Step) -> Exchange | None:
        """The whole answer; None when the power went as it was ordered to."""
        try:
            return once(self.link, command) if step.raw else whole(self.link, command)
        except BadResponse as error:
            self.lines.append(Line(shown, "no status word", step.note, "an answer of two bytes or more"))
            raise Wrong(str(error)) from None
        except LinkError as error:
            if step.cut is not None:
                self.lines.append(Line(shown, "the power went", step.note))
                return None
            self.lines.append(Line(shown, "no answer", step.note, "an answer"))
            raise NoAnswer(str(error)) from None

    def _reset(self, step: Step) -> None:
        cold = step.reset is Reset.COLD
        did = "cold reset" if cold else "warm reset"
        try:
            atr = self.rig.cold() if cold else self.link.reset()
        except LinkError as error:
            self.lines.append(Line(did, "no answer", step.note, "an ATR"))
            raise NoAnswer(str(error)) from None
        self._compared(did, step, atr, atr.hex().upper())

    def _check(self, step: Step) -> None:
        template = parse(step.check or "")
        value = template.value(self.values)
        shown = template.shown(self.values) if value.secret else self._masked(value.data)
        self._compared(f"= {step.check}", step, value.data, shown)

    def _compared(self, did: str, step: Step, data: bytes, shown: str) -> None:
        wrong, exchange = "", Exchange(data, 0x9000)
        try:
            check_data(step, exchange, self.values)
            self.values |= captured(step, exchange)
        except ValueError as error:
            wrong = str(error)
        self.lines.append(Line(did, shown, step.note, wrong))
        if wrong:
            raise Wrong(wrong)

    def _pcsc(self, call: str, step: Step) -> None:
        sent = parse(step.send or "")
        did = f"{step.by}: {call} {sent.shown(self.values)}".rstrip()
        try:
            found, data = self.rig.pcsc(step.by, call, sent.value(self.values).data)
        except LinkError as error:
            self.lines.append(Line(did, "no answer", step.note, "an answer"))
            raise NoAnswer(str(error)) from None
        if found in listed(step.absent):
            self.lines.append(Line(did, found, step.note))
            raise Absent(f"the service answers {found}: it does not have this")
        expected = ["SUCCESS"] if step.sw == "9000" else listed(step.sw)
        if found not in expected:
            wrong = f"expected {' or '.join(expected)}, got {found}"
            self.lines.append(Line(did, found, step.note, wrong))
            raise Wrong(f"{call}: {wrong}")
        self._compared(did, step, data, f"{found} {self._masked(data)}".strip())

    def _number(self, cut: int | str) -> int:
        return cut if isinstance(cut, int) else int.from_bytes(parse(cut).value(self.values).data, "big")

    def _masked(self, data: bytes) -> str:
        """The data without any secret that may be in them."""
        text = data.hex().upper()
        for name, value in self.values.items():
            if value.secret and len(value.data) >= SHORTEST_SECRET:
                text = text.replace(value.data.hex().upper(), f"[{name}: {len(value.data)} bytes]")
        return text


class Judge:
    """Puts one card before any number of cases."""

    def __init__(
        self, target: Target, rig: Rig, destructive: bool = False, known: dict[str, str] | None = None
    ) -> None:
        self._rig = rig
        self._destructive = destructive or rig.disposable
        self._known = known or {}
        self._refused: set[str] = set()
        self._has = {*target.values, *target.secrets, *target.target.features, *rig.abilities}
        self._values = {
            **{name: Value(data_of(value)) for name, value in target.values.items()},
            **{name: Value(data_of(value), secret=True) for name, value in target.secrets.items()},
        }

    def why_not(self, suite: Suite, case: Case) -> str:
        """Why the case cannot be tried on this card; empty when it can."""
        missing = [name for name in (*suite.suite.needs, *case.needs) if name not in self._has]
        missing += [name for name in wanted(suite, case) if name not in self._values]
        if missing:
            return f"the target has no {', '.join(dict.fromkeys(missing))}"
        if case.destructive and not self._destructive:
            return "it changes the card for good; --destructive allows that"
        return ""

    def run(self, suite: Suite, case: Case) -> Result:
        """The verdict of one case."""
        start = perf_counter()
        why = self.why_not(suite, case)
        verdict, reason, lines = (Verdict.NOT_APPLICABLE, why, []) if why else self._tried(suite, case)
        return Result(
            suite=suite.id,
            case=case.id,
            standard=suite.suite.standard,
            clause=case.clause,
            purpose=case.purpose,
            verdict=verdict,
            reason=reason,
            level=case.level,
            certainty=case.certainty or suite.suite.certainty,
            destructive=case.destructive,
            known=self._known.get(f"{suite.id}:{case.id}", "") if verdict is Verdict.FAIL else "",
            seconds=round(perf_counter() - start, 6),
            transcript=tuple(lines),
        )

    def _tried(self, suite: Suite, case: Case) -> tuple[Verdict, str, list[Line]]:
        again = self._refused.intersection(name for step in steps_of(suite, case) for name in names_of(step))
        if again:
            return Verdict.UNRESOLVED, f"the card refused {', '.join(sorted(again))} before; that could lock it", []
        try:
            trial = Trial(self._rig.insert(), self._rig, dict(self._values), self._refused_now())
        except LinkError as error:
            return Verdict.UNRESOLVED, f"no card to begin with: {error}", []
        before, after = (suite.setup, suite.teardown) if case.plain_setup else ([], [])
        try:
            self._fill(trial, suite, case)
        except TemplateError as error:
            return Verdict.UNRESOLVED, f"the suite: {error}", []
        ready = _steps(trial, [*before, *case.setup])
        verdict, reason = _rounds(trial, case) if ready is _FINE else (_WITHOUT[ready[0]], f"setup: {ready[1]}")
        left = _steps(trial, [*case.teardown, *after])
        if left is not _FINE and verdict is not Verdict.FAIL:
            verdict, reason = _WITHOUT[left[0]], f"afterwards: {left[1]}"
        return verdict, reason, trial.lines

    def _refused_now(self) -> set[str]:
        """For one card the memory of all cases, for a new one every time a new one."""
        return set() if self._rig.disposable else self._refused

    def _fill(self, trial: Trial, suite: Suite, case: Case) -> None:
        for name, text in {**suite.values, **case.values}.items():
            if name not in self._values or name in case.values:
                trial.values[name] = parse(text).value(trial.values)


_FINE = (Verdict.PASS, "")
_WITHOUT = {
    Verdict.PASS: Verdict.PASS,
    Verdict.FAIL: Verdict.UNRESOLVED,
    Verdict.UNRESOLVED: Verdict.UNRESOLVED,
    Verdict.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
}
"""What a verdict on setup or teardown means for the case."""


def _rounds(trial: Trial, case: Case) -> tuple[Verdict, str]:
    """The steps of the case proper, as often as it says; what earlier rounds said is not kept."""
    begun, found = len(trial.lines), _FINE
    for number in range(1, case.rounds + 1):
        del trial.lines[begun:]
        found = _steps(trial, case.steps)
        if found is not _FINE:
            verdict, reason = found
            return verdict, f"round {number}, {reason}" if case.rounds > 1 else reason
    return found


def _steps(trial: Trial, steps: Sequence[Step]) -> tuple[Verdict, str]:
    for number, step in enumerate(steps, 1):
        try:
            trial.run(step)
        except Wrong as wrong:
            return Verdict.FAIL, f"step {number}: {wrong}"
        except Absent as absent:
            return Verdict.NOT_APPLICABLE, str(absent)
        except NoAnswer as gone:
            return Verdict.UNRESOLVED, f"step {number}: {gone}"
        except TemplateError as error:
            return Verdict.UNRESOLVED, f"the suite: step {number}: {error}"
    return _FINE
