"""`simcard ca`, from the first key to the last list, run as a program would run it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from host_tools.cli.__main__ import run
from host_tools.pki.envelope import EnvelopedSm2Key
from host_tools.pki.revocation import Reason, RevocationList
from host_tools.pki.view import Certificate
from tests.host.support import openssl
from tests.pki.support import BOTH, SM2, asked, holder, openssl_takes

DAY = ("--date", "2026-11-22")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An authority of both generations, without a passphrase."""
    monkeypatch.delenv("SIMCARD_CA_PASSPHRASE", raising=False)
    assert 0 == run(["ca", "init", str(tmp_path / "ca"), *DAY])
    return tmp_path / "ca"


def issued(folder: Path, case: str, *more: str) -> Certificate:
    """A certificate for the holder's request, by the program."""
    (folder.parent / "r.der").write_bytes(asked(case))
    out = folder.parent / "c.pem"
    arguments = ["ca", "issue", str(folder), str(folder.parent / "r.der"), "--name", "张三", *DAY, "-o", str(out)]
    assert 0 == run([*arguments, *more])
    return Certificate.parse(out.read_bytes())


def revocations(folder: Path, case: str) -> list[tuple[str, Reason]]:
    out = folder.parent / "l.pem"
    assert 0 == run(["ca", "crl", str(folder), "-g", case, "-o", str(out), *DAY])
    rows = RevocationList.parse(out.read_bytes()).entries
    return [(f"{each.serial:x}", each.reason) for each in rows]


@pytest.mark.parametrize("case", BOTH)
def test_a_request_becomes_a_certificate(folder: Path, case: str) -> None:
    made = issued(folder, case, "--unit", "某公司", "--card-number", "AB1C123456789")
    assert holder(case).key == made.key
    assert "测试某公司" == made.private("5.1")
    assert openssl_takes(folder.parent / "c.pem", folder / case / "issuing.pem", case)


@pytest.mark.parametrize("profile", ["eport-operator", "eport-operator-rsa"])
def test_a_card_asks_and_gets_a_pair(folder: Path, profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = folder.parent
    monkeypatch.setenv("SIMCARD_PIN", "88888888")
    assert 0 == run(["new", str(here / "card"), "-p", profile, "--seed", "1", "-q"])
    assert 0 == run(["ca", "request", str(here / "card"), "--name", "张三", "-o", str(here / "r.pem")])
    assert 0 == run(
        ["ca", "issue", str(folder), str(here / "r.pem"), "--name", "张三", "--pair", str(here / "p"), *DAY]
    )
    signing, exchange = (Certificate.parse((here / "p" / f"{name}.pem").read_bytes()) for name in ("sign", "exchange"))
    assert signing.serial + 1 == exchange.serial
    assert (profile == "eport-operator") == (here / "p" / "exchange.blob").exists()


def test_a_pair_goes_into_its_folder_and_nowhere_else(folder: Path) -> None:
    (folder.parent / "r.der").write_bytes(asked("sm2"))
    pair, out = folder.parent / "p", folder.parent / "c.pem"
    words = [str(folder), str(folder.parent / "r.der"), "--name", "张三", "--pair", str(pair), "-o", str(out), *DAY]
    assert 2 == run(["ca", "issue", *words])
    assert not pair.exists() and not out.exists()


def test_an_exchange_key_is_given_again(folder: Path) -> None:
    (folder.parent / "r.der").write_bytes(asked("sm2"))
    request, pair = str(folder.parent / "r.der"), str(folder.parent / "p")
    assert 0 == run(["ca", "issue", str(folder), request, "--name", "张三", "--pair", pair, *DAY])
    exchange = Certificate.parse((folder.parent / "p" / "exchange.pem").read_bytes())
    out = folder.parent / "again.env"
    sign = str(folder.parent / "p" / "sign.pem")
    assert 0 == run(["ca", "recover", str(folder), exchange.number, sign, "-o", str(out), *DAY])
    found = EnvelopedSm2Key.parse(out.read_bytes())
    assert exchange.key == found.open(holder("sm2").decrypt, SM2).key
    assert found == EnvelopedSm2Key.from_blob(out.with_suffix(".blob").read_bytes())


@pytest.mark.parametrize("case", BOTH)
def test_a_revocation_is_on_the_list_and_a_hold_can_be_taken_back(folder: Path, case: str) -> None:
    number = issued(folder, case).number
    assert 0 == run(["ca", "revoke", str(folder), number, "--reason", "hold", *DAY])
    assert [(number.lstrip("0"), Reason.HOLD)] == revocations(folder, case)
    assert 0 == run(["ca", "revoke", str(folder), number, "--release", *DAY])
    assert [] == revocations(folder, case)


def test_what_was_issued_is_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    number = issued(folder, "sm2").number
    assert 0 == run(["ca", "revoke", str(folder), number, "--reason", "key-compromise", *DAY])
    capsys.readouterr()
    assert 0 == run(["ca", "list", str(folder)])
    assert f"{number}  sign  2036-11-22  key_compromise\n" == capsys.readouterr().out
    assert 0 == run(["ca", "list", str(folder), "--json"])
    assert "key_compromise" == json.loads(capsys.readouterr().out)[0]["state"]


def test_openssl_takes_an_answer_in_a_file(folder: Path) -> None:
    here = folder.parent
    issued(folder, "rsa")
    files = ("-issuer", folder / "rsa" / "issuing.pem", "-cert", here / "c.pem")
    openssl("ocsp", *files, "-no_nonce", "-reqout", here / "q")
    assert 0 == run(["ca", "ocsp", str(folder), str(here / "q"), "-o", str(here / "a"), *DAY])
    done = openssl("ocsp", *files, "-no_nonce", "-respin", here / "a", "-CAfile", folder / "rsa" / "root.pem",
                   "-verify_other", folder / "rsa" / "issuing.pem", "-attime", "1795305600",
                   "-validity_period", "1000000000")  # fmt: skip
    assert "Response verify OK" in done.stderr
    assert "c.pem: good" in done.stdout


def test_keys_are_under_the_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIMCARD_CA_PASSPHRASE", raising=False)
    (tmp_path / "words").write_text("geheim\n")
    path = str(tmp_path / "ca")
    assert 0 == run(["ca", "init", path, "-g", "sm2", "--passphrase-file", str(tmp_path / "words")])
    assert b"ENCRYPTED" in (tmp_path / "ca" / "sm2" / "issuing.key").read_bytes()
    assert 2 == run(["ca", "crl", path])
    monkeypatch.setenv("SIMCARD_CA_PASSPHRASE", "geheim")
    assert 0 == run(["ca", "crl", path, "-o", str(tmp_path / "l")])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["revoke", "CA", "0300000000000099"], "issued no certificate"),
        (["revoke", "CA", "xyz"], "no certificate number"),
        (["init", "CA"], "never overwritten"),
        (["crl", "NONE"], "holds no authority"),
        (["serve", "CA", "--host", "0.0.0.0"], "loopback"),
        (["issue", "CA", "CA/ca.json", "--name", "x"], "no PKCS#10 certification request"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    names = [each.replace("CA", str(folder)).replace("NONE", str(folder.parent / "none")) for each in arguments]
    assert 0 != run(["ca", *names])
    found = capsys.readouterr().err
    assert said in found
    assert 1 == found.count("\n")


def test_the_service_answers_until_it_is_interrupted(folder: Path) -> None:
    program = [sys.executable, "-m", "host_tools.cli", "ca", "serve", str(folder), "--port", "0", "--json"]
    running = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    base = json.loads(running.stdout.readline())["url"]
    with urlopen(f"{base}/crl/sm2.crl", timeout=20) as answer:
        found = RevocationList.parse(answer.read())
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert 1 == found.number
    assert 130 == running.returncode
    assert re.search(r'"GET /crl/sm2.crl HTTP/1.1" 200', said)
