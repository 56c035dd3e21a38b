"""The command line: service, control, customs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from host_tools.cli.__main__ import run
from host_tools.eport_client.identity import Certificate
from tests.eport_client import openssl
from tests.eport_client.recipes import NOTICE, STRING, message
from tests.eport_client.support import PIN, PROFILES, SM2

SECONDS = 30


@pytest.fixture(params=PROFILES)
def card(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A card image, and its password in the environment."""
    monkeypatch.setenv("SIMCARD_PIN", PIN)
    return image_file(tmp_path / "my.card", request.param)


def image_file(path: Path, profile: str) -> Path:
    assert 0 == run(["new", str(path), "--profile", profile, "--seed", "1", "--quiet"])
    return path


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    path = tmp_path / "notice.json"
    path.write_text(NOTICE, encoding="utf-8")
    return path


@pytest.fixture
def order(tmp_path: Path) -> Path:
    path = tmp_path / "order.xml"
    path.write_bytes(message())
    return path


def certificate_of(card: Path, folder: Path) -> Path:
    out = folder / "signer.cer"
    assert 0 == run(["cert", "export", str(card), "--out", str(out)])
    return out


def test_sign_verify_and_explain_a_ceb_message(card: Path, order: Path, tmp_path: Path) -> None:
    signed = tmp_path / "signed.xml"
    assert 0 == run(["customs", "sign-ceb", str(card), str(order), "-o", str(signed)])
    assert 0 == run(["customs", "verify", str(signed)])
    assert 0 == run(["customs", "explain", str(signed)])
    signed.write_bytes(signed.read_bytes().replace(b"CEB311M", b"CEB411M"))
    assert 1 == run(["customs", "verify", str(signed)])
    assert 1 == run(["customs", "explain", str(signed)])


def test_sign_verify_and_explain_a_notice(card: Path, notice: Path, tmp_path: Path) -> None:
    form, cert = tmp_path / "upload.form", certificate_of(card, tmp_path)
    assert 0 == run(["customs", "sign-179", str(card), str(notice), "--form", "-o", str(form)])
    assert 0 == run(["customs", "verify", str(form), "--cert", str(cert)])
    form.write_bytes(form.read_bytes().replace(b"fe2374", b"fe2375"))
    assert 1 == run(["customs", "explain", str(form), "--cert", str(cert)])


def test_explain_speaks_chinese_first_and_json_for_programs(
    tmp_path: Path, notice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine"
    mine.write_text(STRING + "\n", encoding="utf-8")
    assert 1 == run(["customs", "explain", str(notice), "--signed", str(mine)])
    assert "应为结束，实为0x0A" in capsys.readouterr().out
    assert 1 == run(["customs", "explain", str(notice), "--signed", str(mine), "--json", "--lang", "en"])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert "must be the end and is 0x0A" in found[-1]["text"]


def test_the_bytes_that_go_to_the_card(notice: Path, tmp_path: Path) -> None:
    out = tmp_path / "bytes"
    assert 0 == run(["customs", "bytes", str(notice), "-o", str(out)])
    assert STRING.encode() == out.read_bytes()


def test_a_message_that_is_not_signed_has_no_bytes_to_show(order: Path) -> None:
    assert 2 == run(["customs", "bytes", str(order)])


@pytest.mark.parametrize("verb", ["verify", "explain"])
def test_a_notice_needs_a_certificate_to_be_checked(
    notice: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == run(["customs", verb, str(notice)])
    assert "name it with --cert" in capsys.readouterr().err


def test_control_without_a_service_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert 3 == run(["eport-control", "--url", "ws://127.0.0.1:9"])
    assert "simcard eport-client" in capsys.readouterr().err


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A service started from the command line; its address."""
    path = image_file(tmp_path / "served.card", SM2)
    command = [sys.executable, "-u", "-m", "host_tools.cli", "eport-client", str(path), "--port", "0", "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().split()[-1]
        running.send_signal(signal.SIGINT)
        assert 0 == running.wait(SECONDS)


def test_the_service_of_the_command_line_signs_and_is_controlled(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(method: str, **args: str) -> dict[str, list[str]]:
        with connect(address, proxy=None) as socket:
            socket.recv(SECONDS)
            socket.send(json.dumps({"_method": method, "_id": 1, "args": args}))
            found: dict[str, list[str]] = json.loads(socket.recv(SECONDS))["_args"]
            return found

    certificate = Certificate.parse(b64decode(ask("cus-sec_SpcGetSignCertAsPEM")["Data"][0]))
    signature = ask("cus-sec_SpcSignDataAsPEM", inData="x", passwd=PIN)["Data"][0]
    assert openssl.verifies(certificate.der, b"x", b64decode(signature))
    assert 0 == run(["eport-control", "--url", address, "--on", "no-card"])
    assert "[x] no-card" in capsys.readouterr().out
    assert "Err:Custom51590" == ask("cus-sec_SpcInitEnvEx")["Error"][1]


def in_private_world(card: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the card in a PC/SC reader of its own."""
    world = [sys.executable, "-m", "host_tools.cli", "exec", "--card", str(card), "--reader-name", "simcard", "--"]
    return subprocess.run([*world, *command], capture_output=True, text=True, check=True, timeout=120)


def test_the_same_through_a_pcsc_reader(card: Path, order: Path, tmp_path: Path) -> None:
    """M28."""
    signed = tmp_path / "signed.xml"
    sign = ("customs", "sign-ceb", "--reader", "simcard", str(order), "-o", str(signed))
    in_private_world(card, sys.executable, "-m", "host_tools.cli", *sign)
    assert 0 == run(["customs", "verify", str(signed)])


def test_the_service_finds_the_card_in_a_pcsc_reader(card: Path) -> None:
    """M28."""
    script = (
        "from host_tools.cli.eport_client import in_reader; card = in_reader('simcard'); card.enter(); "
        "print(card.holder().unit_code, card.pin_state().left); card.close()"
    )
    assert "MA00T0013 3" == in_private_world(card, sys.executable, "-c", script).stdout.strip()
