"""`simcard new` and `simcard profiles`: right use and every wrong one."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from host_tools.cli import new
from simcard import profile as sheets
from tests.cli.conftest import DAY, SEED, Image, Simcard


@pytest.mark.parametrize("profile", sheets.builtin_names())
def test_a_card_of_every_profile_is_made_and_shown(simcard: Simcard, tmp_path: Path, profile: str) -> None:
    made = simcard("new", tmp_path / "card.img", "--profile", profile, "--json")
    assert 0 == made.code
    assert profile == made.json["profile"]
    assert 0 == simcard("info", tmp_path / "card.img").code


def test_an_image_is_for_its_owner_only(image: Image) -> None:
    assert 0o600 == image().stat().st_mode & 0o777


def test_keys_have_certificates(simcard: Simcard, image: Image) -> None:
    (container,) = simcard("info", image(), "--json").json["containers"]
    assert all(key["certificate"] for key in container["keys"])


def test_equal_seeds_make_equal_images(simcard: Simcard, image: Image, tmp_path: Path) -> None:
    twin = tmp_path / "twin.img"
    simcard("new", twin, "-p", "eport-operator", "--seed", SEED, "--date", DAY)
    assert image().read_bytes() == twin.read_bytes()


def test_without_a_seed_no_two_are_equal(simcard: Simcard, tmp_path: Path) -> None:
    bodies = []
    for name in ("a", "b"):
        simcard("new", tmp_path / name, "-p", "eport-operator", "--date", DAY)
        bodies.append(simcard("cert", "export", tmp_path / name).out)
    assert bodies[0] != bodies[1]


def exported(simcard: Simcard, path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(simcard("cert", "export", path).out.encode())


def test_the_certificate_has_number_and_date_that_were_asked_for(simcard: Simcard, image: Image) -> None:
    found = exported(simcard, image())
    assert "0300000000000002" == f"{found.serial_number:016x}"
    assert [datetime(2026, 7, 25, tzinfo=UTC), datetime(2036, 7, 25, tzinfo=UTC)] == [
        found.not_valid_before_utc,
        found.not_valid_after_utc,
    ]


def test_the_two_certificates_of_a_card_have_different_numbers(simcard: Simcard, image: Image) -> None:
    pems = [simcard("cert", "export", image(), "--key", key).out for key in ("01", "02")]
    numbers = {x509.load_pem_x509_certificate(pem.encode()).serial_number for pem in pems}
    assert 2 == len(numbers)


def test_holder_data_are_laid_over(simcard: Simcard, tmp_path: Path) -> None:
    path = tmp_path / "card.img"
    settings = ("--set", "holder.name=测试张三", "--set", "enterprise.name=测试公司")
    assert 0 == simcard("new", path, "-p", "eport-operator", *settings).code
    names = exported(simcard, path).subject.rfc4514_string()
    assert "CN=测试张三,OU=测试公司,C=CN" == names
    said = simcard("apdu", path, "00A4080404DF010011", "00B0000020").out
    assert "测试张三".encode().hex().upper() in said


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("holder.nam=x", "holder.name"),
        ("holder.name", "KEY=VALUE"),
        ("card.name=x", "expected KEY=VALUE with a key of"),
        ("holder.name=" + "x" * 600, "has 512 bytes"),
    ],
)
def test_wrong_holder_data_are_refused_before_a_file_is_made(
    simcard: Simcard, tmp_path: Path, setting: str, words: str
) -> None:
    done = simcard("new", tmp_path / "card.img", "-p", "eport-operator", "--set", setting)
    assert 2 == done.code
    assert words in done.err
    assert not (tmp_path / "card.img").exists()


def test_a_name_that_gbk_cannot_write_is_refused(simcard: Simcard, tmp_path: Path) -> None:
    done = simcard("new", tmp_path / "card.img", "-p", "eport-operator-rsa", "--set", "holder.name=\N{GRINNING FACE}")
    assert (2, True) == (done.code, "gbk" in done.err)


def test_an_existing_file_is_never_overwritten(simcard: Simcard, tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("years of work")
    done = simcard("new", tmp_path / "thesis", "-p", "eport-operator")
    assert (4, "years of work") == (done.code, (tmp_path / "thesis").read_text())
    assert "exists already" in done.err


def test_a_folder_that_is_not_there_is_named(simcard: Simcard, tmp_path: Path) -> None:
    done = simcard("new", tmp_path / "no" / "card.img", "-p", "eport-operator")
    assert (4, True) == (done.code, "make the folder first" in done.err)


def test_an_unknown_profile_says_which_there_are(simcard: Simcard, tmp_path: Path) -> None:
    done = simcard("new", tmp_path / "card.img", "-p", "eport")
    assert 2 == done.code
    assert all(name in done.err for name in sheets.builtin_names())


def test_a_wrong_profile_file_is_refused_with_its_line(simcard: Simcard, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "eport-operator"\n\n[card]\natr = "3B"\n')
    done = simcard("new", tmp_path / "card.img", "-p", tmp_path / "mine.toml")
    assert 2 == done.code
    assert f"{tmp_path / 'mine.toml'}:4" in done.err
    assert not (tmp_path / "card.img").exists()


@pytest.mark.parametrize("body", [None, b"\xff\xfe\x00"])
def test_a_profile_that_cannot_be_read_is_named(simcard: Simcard, tmp_path: Path, body: bytes | None) -> None:
    if body is not None:
        (tmp_path / "mine.toml").write_bytes(body)
    done = simcard("new", tmp_path / "card.img", "-p", tmp_path / "mine.toml")
    assert (2, True) == (done.code, "mine.toml" in done.err)


def test_a_profile_of_ones_own_is_taken(simcard: Simcard, tmp_path: Path) -> None:
    text = 'extends = "eport-operator"\n[card]\nname = "mine"\ntitle = "My card"\n'
    (tmp_path / "mine.toml").write_text(text)
    assert 0 == simcard("new", tmp_path / "card.img", "-p", tmp_path / "mine.toml").code
    assert "mine: My card" == simcard("info", tmp_path / "card.img").out.splitlines()[0]


def test_a_pin_that_must_be_changed_leaves_a_card_that_cannot_sign_yet(simcard: Simcard, tmp_path: Path) -> None:
    pins = '[[pin]]\nlabel = "user"\nnumber = 1\nvalue = "88888888"\nmust_change = true\n'
    pins += '[[pin]]\nlabel = "admin"\nnumber = 2\nvalue = "66666666"\n'
    (tmp_path / "mine.toml").write_text(f'extends = "eport-operator"\n{pins}')
    done = simcard("new", tmp_path / "card.img", "-p", tmp_path / "mine.toml", "--json")
    assert (0, 0) == (done.code, done.json["certificates"])


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A limit on the size of files, which the host reports like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_leaves_nothing_behind(simcard: Simcard, tmp_path: Path) -> None:
    with largest_file(65536):
        done = simcard("new", tmp_path / "card.img", "-p", "eport-operator")
    assert 4 == done.code
    assert "make room" in done.err
    assert [] == list(tmp_path.glob("card*"))


def test_an_interrupted_making_leaves_nothing_behind(
    simcard: Simcard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(new, "certify", interrupted)
    assert 130 == simcard("new", tmp_path / "card.img", "-p", "eport-operator").code
    assert [] == list(tmp_path.glob("card*"))


@pytest.mark.parametrize("engine", [("gmssl", "gmssl"), ("soft", "soft")])
def test_an_engine_is_chosen_when_a_card_is_opened(simcard: Simcard, image: Image, engine: tuple[str, str]) -> None:
    assert engine[1] == simcard("info", image(), "--engine", engine[0], "--json").json["card"]["engine"]


def test_an_sm2_back_end_is_chosen(simcard: Simcard, image: Image) -> None:
    assert "python" == simcard("info", image(), "--sm2-backend", "python", "--json").json["card"]["backend"]


def test_a_back_end_that_is_not_there_is_named(simcard: Simcard, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    from simcard.crypto import points

    monkeypatch.setitem(points.BACKENDS, "libcrypto", ("simcard.crypto.nowhere", "Points"))
    points.choose.cache_clear()
    done = simcard("info", image(), "--sm2-backend", "libcrypto")
    assert (2, True) == (done.code, "engine 'soft' cannot be used" in done.err)


SWITCHES = {
    "unknown": (
        '[card.options.gmt0017]\npin_blck = "ZERO"',
        "my.toml:4: card.options.gmt0017: Object contains unknown",
    ),
    "wrong": ("[card.options.piv]\nserial = -1", "my.toml:4: card.options.piv: Expected `int` >= 0"),
    "of no door": ("[card.options.tee]\na = 1", "my.toml:4: card.options.tee: expected one of gmt0017"),
}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_wrong_switch_is_refused_with_file_and_line(simcard: Simcard, tmp_path: Path, name: str) -> None:
    lines, expected = SWITCHES[name]
    profile = tmp_path / "my.toml"
    profile.write_text(f'extends = "iso-blank"\n[card]\napplets = ["iso", "gmt0017", "piv"]\n{lines}\n')
    done = simcard("new", tmp_path / "card.simcard", "-p", profile)
    assert (2, True) == (done.code, expected in done.err)


def test_profiles_are_listed_with_their_titles(simcard: Simcard) -> None:
    assert sheets.builtin_names() == [row["name"] for row in simcard("profiles", "--json").json]
    assert "操作员卡" in simcard("profiles").out


def test_a_profile_is_shown_as_it_is(simcard: Simcard) -> None:
    assert sheets.builtin_text("iso-blank") == simcard("profiles", "iso-blank").out


def test_an_unknown_profile_cannot_be_shown(simcard: Simcard) -> None:
    assert 2 == simcard("profiles", "nothing").code


def test_the_program_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "host_tools.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("simcard, version ")
