"""`simcard skf`, as a person would try a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.cli.__main__ import run

SECRETS = {
    "SIMCARD_DEVICE_KEY": "1234567812345678",
    "SIMCARD_ADMIN_PIN": "87654321",
    "SIMCARD_NEW_PIN": "123456",
    "SIMCARD_PIN": "123456",
}


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token with an application and a container."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    made = tmp_path / "token.simcard"
    assert 0 == run(["new", str(made), "-p", "gmt0017-token", "--quiet"])
    assert 0 == run(["skf", "create-application", str(made), "APP"])
    assert 0 == run(["skf", "create-container", str(made), "keys"])
    return made


def test_the_list_shows_what_was_made(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert 0 == run(["skf", "list", str(image), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert ["APP", ["keys"]] == [
        found["applications"][0]["name"],
        [c["name"] for c in found["applications"][0]["containers"]],
    ]


def test_the_list_is_for_people_too(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert 0 == run(["skf", "list", str(image)])
    assert "container keys: SM2, signing 256 bits, exchange 0 bits, certificates: none" in capsys.readouterr().out


def test_a_signature_is_made_and_checked(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message, signature = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(b"the message")
    capsys.readouterr()
    assert 0 == run(["skf", "sign", str(image), str(message)])
    signature.write_text(capsys.readouterr().out)
    assert 0 == run(["skf", "verify", str(image), str(message), "-s", str(signature)])
    message.write_bytes(b"another message")
    assert 1 == run(["skf", "verify", str(image), str(message), "-s", str(signature)])


def test_a_certificate_goes_in_and_out(image: Path, tmp_path: Path) -> None:
    given, found = tmp_path / "given", tmp_path / "found"
    given.write_bytes(b"\x30\x03\x02\x01\x01")
    assert 0 == run(["skf", "import", str(image), str(given)])
    assert 0 == run(["skf", "export", str(image), "-o", str(found)])
    assert given.read_bytes() == found.read_bytes()


def test_what_is_encrypted_is_decrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCARD_PIN", "88888888")
    image, plain, sealed, back = (tmp_path / name for name in ("card.simcard", "plain", "sealed", "back"))
    plain.write_bytes(b"declaration" * 100)
    assert 0 == run(["new", str(image), "-p", "eport-operator", "--quiet"])
    assert 0 == run(["skf", "encrypt", str(image), str(plain), "-o", str(sealed)])
    assert 0 == run(["skf", "decrypt", str(image), str(sealed), "-o", str(back)])
    assert plain.read_bytes() == back.read_bytes()


def test_a_wrong_pin_has_its_exit_code(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "message").write_bytes(b"x")
    monkeypatch.setenv("SIMCARD_PIN", "000000")
    assert 5 == run(["skf", "sign", str(image), str(tmp_path / "message")])


def test_an_unknown_dialect_is_wrong_use(image: Path) -> None:
    assert 0 != run(["skf", "list", str(image), "--dialect", "pin_block=none"])


def test_the_help_does_not_load_the_card() -> None:
    code = "import sys; from host_tools.cli.__main__ import run; run(['skf', '--help'])"
    command = [sys.executable, "-c", code + "; sys.exit('simcard.card' in sys.modules)"]
    subprocess.run(command, env=os.environ, stdout=subprocess.DEVNULL, check=True)
