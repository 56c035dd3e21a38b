"""Mistakes in suites and targets are told with file, place and what was expected."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from conformance.format import Suite, SuiteError, Target, load_suite, load_target, schema
from tests.conformance.scripted import HEAD, TARGET

CASE = '[[case]]\nid = "one"\nclause = "1"\npurpose = "one fact"\n'


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (r"is not TOML: .*line 2", "[suite]\nid x\n"),
        (r"is not TOML: .*limit", "a = " + "9" * 5000),
        (r"is not TOML: .*recursion", "a = " + "[" * 5000),
        (r"small.toml: Object missing required field `suite`", ""),
        (r"suite: Object contains unknown field `colour`", HEAD + 'colour = "red"\n' + CASE + "steps = []"),
        (r"small.toml:6: case\[0\]: Object missing required field `steps`", HEAD + CASE),
        (
            r"small.toml:6: case\[0\].steps\[0\].times: Expected `int`",
            HEAD + CASE + 'steps = [{ send = "", times = "2" }]',
        ),
        (r"case\[0\].rounds: Expected `int` >= 1", HEAD + CASE + "rounds = 0\nsteps = []"),
        (r":6: case\[0\] \(one\): at character 1 of 'G0': expected a hex", HEAD + CASE + 'steps = [{ send = "G0" }]'),
        (r"\(one\): \{pim\} is neither captured", HEAD + CASE + 'steps = [{ send = "{pim}" }]'),
        (r"\(one\): needs: wings is not in the vocabulary", HEAD + CASE + 'needs = ["wings"]\nsteps = []'),
        (r"\(one\): a step has exactly one of", HEAD + CASE + 'steps = [{ send = "00", reset = "warm" }]'),
        (r"\(one\): \$y: row a has no such cell", HEAD + CASE + 'rows = [{ name = "a" }]\nsteps = [{ send = "$y" }]'),
        (r"\(one\): rows: every row has a name", HEAD + CASE + 'rows = [{ x = "00" }]\nsteps = []'),
        (r"two cases have the id one", HEAD + CASE + "steps = []\n" + CASE + "steps = []"),
    ],
)
def test_a_mistake_in_a_suite_is_told(tmp_path: Path, expected: str, text: str) -> None:
    path = tmp_path / "small.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError, match=expected):
        load_suite(path)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (r"told.toml: not in the vocabulary: pim", TARGET + 'pim = "00"'),
        (r"told.toml: puk: expected hexadecimal bytes or", TARGET + 'puk = "12X"'),
        (r"nothing: no target of that name or file", '[target]\nname = "t"\nextends = "nothing"'),
    ],
)
def test_a_mistake_in_a_target_is_told(tmp_path: Path, expected: str, text: str) -> None:
    path = tmp_path / "told.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError, match=expected):
        load_target(path)


def test_a_mistake_in_a_secret_does_not_show_it(tmp_path: Path) -> None:
    path = tmp_path / "told.toml"
    path.write_text(TARGET + 'puk = "8675309X"', encoding="utf-8")
    with pytest.raises(SuiteError) as told:
        load_target(path)
    assert "8675309" not in str(told.value)


def test_a_target_extends_another_and_leaves_things_out(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    head = '[target]\nname = "mine"\nextends = "iso-blank"\nwithout = ["extended", "admin_pin"]\n'
    path.write_text(head + '[secrets]\npin = { text = "99" }', encoding="utf-8")
    found = load_target(path)
    assert ("extended" not in found.target.features, "admin_pin" not in found.secrets) == (True, True)
    assert ("iso_aid" in found.values, "99") == (True, getattr(found.secrets["pin"], "text", None))


def test_a_target_does_not_print_its_secrets() -> None:
    from conformance.format import target_path

    assert "Target(iso-blank)" == repr(load_target(target_path("iso-blank")))


@pytest.mark.parametrize("kind", [Suite, Target])
def test_the_schema_is_a_json_schema(kind: type[Suite] | type[Target]) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(schema(kind))))
