"""`simcard conformance` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Image, Simcard

ONE = ("-s", "iso7816-4-security", "-k", "verify-*")


def test_a_profile_is_judged(simcard: Simcard) -> None:
    done = simcard("conformance", "--profile", "iso-blank", *ONE)
    assert (0, True) == (done.code, "iso7816-4-security 11.5.6" in done.out)


def test_an_image_is_judged_and_left_as_it_was(simcard: Simcard, image: Image) -> None:
    path = image("eport-operator")
    before = path.read_bytes()
    done = simcard("conformance", path, *ONE)
    assert (0, before) == (done.code, path.read_bytes())


def test_an_image_without_a_seed_draws_fresh_challenges_after_a_reset(simcard: Simcard, tmp_path: Path) -> None:
    path = tmp_path / "unseeded.simcard"
    assert 0 == simcard("new", path, "--profile", "iso-blank").code
    assert 0 == simcard("conformance", path, "-s", "iso7816-4-security", "-k", "*fresh*").code


def test_a_card_that_does_not_hold_what_it_must_is_told_by_the_exit_code(simcard: Simcard) -> None:
    done = simcard("conformance", "--profile", "iso-blank", "--target", "piv", *ONE)
    assert (1, True) == (done.code, "expected 9000, got 63C2" in done.out)


def test_json_is_for_programs(simcard: Simcard) -> None:
    done = simcard("conformance", "--profile", "iso-blank", *ONE, "--json")
    assert {"pass"} == {result["verdict"] for result in done.json["results"]}


def test_the_reports_are_files_for_their_owner_only(simcard: Simcard, tmp_path: Path) -> None:
    html, junit, save = (tmp_path / name for name in ("r.html", "r.xml", "r.json"))
    simcard("conformance", "--profile", "iso-blank", *ONE, "--html", html, "--junit", junit, "--save", save)
    starts = (b"<!doctype html>", b"<?xml version", b"{")
    assert [True] * 3 == [path.read_bytes().startswith(start) for path, start in zip((html, junit, save), starts)]
    assert {0o600} == {path.stat().st_mode & 0o777 for path in (html, junit, save)}


def test_two_runs_are_compared(simcard: Simcard, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    simcard("conformance", "--profile", "iso-blank", *ONE, "--save", good)
    simcard("conformance", "--profile", "iso-blank", "--target", "piv", *ONE, "--save", bad)
    assert (0, "the same verdicts\n") == _said(simcard, "--load", good, "--compare", good)
    code, out = _said(simcard, "--load", bad, "--compare", good)
    assert (1, True) == (code, "worse" in out)


def _said(simcard: Simcard, *arguments: str | Path) -> tuple[int, str]:
    done = simcard("conformance", *arguments)
    return done.code, done.out


def test_the_cases_are_listed(simcard: Simcard) -> None:
    done = simcard("conformance", "--list", "-k", "verify-right")
    assert "iso7816-4-security:verify-right  11.5.6    The right value is accepted\n" == done.out


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ("name one card", ()),
        ("name one card", ("x.img", "--profile", "piv")),
        ("needs --target, --atr and --serial", ("--reader", "any")),
        ("no target of that name", ("--profile", "iso-blank", "--target", "nothing")),
        ("no suite of that name", ("--profile", "iso-blank", "-s", "nothing")),
        ("no case is like that", ("--profile", "iso-blank", "-k", "nothing")),
        ("--atr: expected hexadecimal", ("--reader", "any", "-t", "piv", "--atr", "zz", "--serial", "00")),
        ("is no saved run", ("--load", "pyproject.toml")),
    ],
)
def test_wrong_use_is_told_in_a_line(simcard: Simcard, expected: str, arguments: tuple[str, ...]) -> None:
    done = simcard("conformance", *arguments)
    assert (2, True) == (done.code, expected in done.err.splitlines()[-1])


def test_a_saved_run_holds_no_pin(simcard: Simcard, tmp_path: Path) -> None:
    save = tmp_path / "r.json"
    simcard("conformance", "--profile", "iso-blank", *ONE, "--save", save)
    text = json.dumps(json.loads(save.read_bytes()))
    assert b"12345678".hex().upper() not in text


def test_a_profile_that_makes_no_card_is_told_in_a_line(simcard: Simcard, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    files = (
        f'[[file]]\npath = "3F00{name}"\nkind = "{kind}"\n' for name, kind in (("", "df"), ("/5F77", "transparent"))
    )
    large = 'size = 32767\ntext = "' + "a" * 32767 + '"\n'
    path.write_text('extends = "iso-blank"\nmemory = 65536\n' + "".join(files) + large)
    done = simcard("conformance", "--profile", path)
    assert (2, "simcard: memory: expected room for the whole card, got 65536 bytes") == (done.code, done.err.strip())
