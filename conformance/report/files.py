"""A run as JSON and back, and as JUnit's XML for the services that read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from conformance.format import SuiteError
from conformance.report.text import visible
from conformance.result import Line, Result, Run, Verdict


def to_json(run: Run) -> bytes:
    """The run as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n"


def read_run(path: Path) -> Run:
    """A run that was saved; `SuiteError` when the file is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Run)
    except OSError as error:
        raise SuiteError(f"{path}: cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: is no saved run ({error}); make one with simcard conformance --save") from None


def to_junit(run: Run) -> bytes:
    """A testsuite for each suite; unresolved cases are errors, explained failures and others not applicable skipped."""
    root = ElementTree.Element(
        "testsuites", name=visible(run.target), tests=str(len(run.results)), time=str(run.seconds)
    )
    for note in run.suites:
        results = [result for result in run.results if result.suite == note.id]
        kinds = [_kind(result) for result in results]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=visible(note.id),
            tests=str(len(results)),
            failures=str(kinds.count("failure")),
            errors=str(kinds.count("error")),
            skipped=str(kinds.count("skipped")),
            time=f"{sum(result.seconds for result in results):.6f}",
            timestamp=visible(run.started),
        )
        for result in results:
            suite.append(_test(result))
    ElementTree.indent(root)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _kind(result: Result) -> str:
    if result.verdict is Verdict.FAIL and not result.guilty:
        return "skipped"
    kinds = {Verdict.FAIL: "failure", Verdict.UNRESOLVED: "error", Verdict.NOT_APPLICABLE: "skipped"}
    return kinds.get(result.verdict, "")


def _test(result: Result) -> ElementTree.Element:
    place = visible(f"{result.suite}.{result.clause}")
    made = ElementTree.Element("testcase", classname=place, name=visible(result.case), time=f"{result.seconds:.6f}")
    kind = _kind(result)
    if kind:
        message = f"known: {result.known}" if result.known else result.reason
        ElementTree.SubElement(made, kind, message=visible(message)).text = visible(
            "\n".join(_story(result.transcript))
        )
    return made


def _story(lines: tuple[Line, ...]) -> Iterator[str]:
    for line in lines:
        yield f"> {line.did}" + (f"   ({line.note})" if line.note else "")
        yield f"< {line.got}" + (f"   {line.wrong}" if line.wrong else "")
