"""An office's folder whose files are not what they were: told at once, by name, and nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.pki import smallfile
from tests.cli.conftest import PIN, Done, Simcard, simcard
from tests.office.support import LEGAL, House

__all__ = ["simcard"]

Run = Callable[..., Done]


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def huge(path: Path) -> None:
    os.truncate(path, 2 * smallfile.LARGEST)


def deep(path: Path) -> None:
    path.write_bytes(b"[" * 200_000)


def gone(path: Path) -> None:
    path.unlink()


@pytest.fixture
def run(simcard: Simcard, house: House, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SIMCARD_OFFICE", str(house.folder))

    def call(*arguments: str) -> Done:
        return simcard(*arguments, "--date", "2026-11-23", SIMCARD_PIN=PIN, SIMCARD_SIGNER_PIN=PIN)

    return call


@pytest.mark.parametrize("harm", [pipe, device, folder, huge, deep, gone])
@pytest.mark.parametrize("name", ["office.json", "ca/ca.json", "ca/sm2/root.pem", "master.key"])
def test_a_file_that_is_none_is_told(run: Run, house: House, name: str, harm: Callable[[Path], None]) -> None:
    harm(house.folder / name)
    done = run("office", "replace-card")
    assert 2 == done.code
    assert done.err.startswith("simcard: ")


@pytest.mark.parametrize("text", ["", " \n", "aa\n", "aa" * 32, "00" * 15 + "zz"])
def test_a_master_key_of_another_size_is_told(run: Run, house: House, text: str) -> None:
    (house.folder / "master.key").write_text(text)
    done = run("office", "replace-card")
    assert (2, True) == (done.code, "master.key: the office's master key has 32 hexadecimal digits" in done.err)


def test_an_office_that_is_said_to_be_an_enterprise_is_none(run: Run, house: House) -> None:
    settings = house.folder / "office.json"
    settings.write_text(settings.read_text().replace(house.office.credit_code, LEGAL.enterprise))
    done = run("office", "replace-card")
    assert (2, True) == (done.code, "is no office; restore it" in done.err)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///x?timeout=abc",
        "sqlite:////tmp/a\\u0000b",
        "postgresql://127.0.0.1:1/x?user=u&password=" + PIN,
        "postgresql://u:" + PIN + "@127.0.0.1:1/x",
    ],
)
def test_a_wrong_url_is_told_without_what_may_be_a_password(run: Run, house: House, url: str) -> None:
    text = f'{{"version": 1, "credit_code": "{house.office.credit_code}", "registry": "{url}"}}'
    (house.folder / "office.json").write_text(text)
    done = run("office", "show")
    assert done.code in (2, 3)
    assert PIN not in done.out + done.err
