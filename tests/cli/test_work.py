"""`simcard info`, `apdu`, `sign`, `verify`, `pin` and `cert`: what they do, and how they refuse."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from gmssl import sm2 as gmssl_sm2  # type: ignore[import-untyped]  # the package has no types

from host_tools.pki.der import public_key_of
from host_tools.pki.keys import sm2_digest
from tests.cli.conftest import ADMIN, PIN, Image, Simcard

PROFILES = ("eport-operator", "eport-operator-rsa")
WRONG = "00000000"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "message"
    path.write_text("报关单\n", encoding="utf-8")
    return path


# -- info and apdu


def test_info_shows_files_containers_pins_memory_and_engine(simcard: Simcard, image: Image) -> None:
    said = simcard("info", image()).out
    for words in ("DF01  directory", "EportSM2", "3 of 3 tries left", "bytes free", "SM2 by"):
        assert words in said


def test_info_is_a_json_object(simcard: Simcard, image: Image) -> None:
    found = simcard("info", image(), "--json").json
    assert {"atr", "card", "pins", "containers", "files"} == set(found)
    assert "3B878131FE4580739421C081058E" == found["atr"]


def test_a_command_and_its_response_are_two_lines(simcard: Simcard, image: Image) -> None:
    done = simcard("apdu", image(), "00A4000C023F00", "00 B0 82 00 02")
    assert ["> 00A4000C023F00", "< 9000", "> 00B0820002", "< 3033 9000"] == done.out.splitlines()


def test_commands_are_read_from_standard_input(simcard: Simcard, image: Image) -> None:
    done = simcard("apdu", image(), stdin="# a comment\n\n> 00A4000C023F00  # and one here\nreset\n")
    assert ["> 00A4000C023F00", "< 9000", "> reset", "< 3B878131FE4580739421C081058E"] == done.out.splitlines()


def test_explanations_stand_below_the_lines(simcard: Simcard, image: Image) -> None:
    lines = simcard("apdu", image(), "00A4000C023F00", "--explain").out.splitlines()
    assert ["    SELECT, by file identifier 3F00, 2 bytes of data", "    9000: normal processing"] == lines[1::2]


def test_apdu_speaks_json_lines(simcard: Simcard, image: Image) -> None:
    lines = simcard("apdu", image(), "00A4000C023F00", "00FF0000", "--json").out.splitlines()
    assert [("00A4000C023F00", "9000"), ("00FF0000", "6D00")] == [
        (found["command"], found["response"]) for found in map(json.loads, lines)
    ]


def test_strict_stops_at_the_first_refusal(simcard: Simcard, image: Image) -> None:
    done = simcard("apdu", image(), "--strict", "00FF0000", "0084000008")
    assert (1, 2) == (done.code, len(done.out.splitlines()))


def test_a_pin_sent_by_hand_is_not_shown(simcard: Simcard, image: Image) -> None:
    sent = f"0020000108{PIN.encode().hex()}"
    shown = simcard("apdu", image(), sent, "--explain")
    assert PIN.encode().hex() not in shown.out + shown.err
    assert sent in simcard("apdu", image(), sent, "--show-secrets").out


@pytest.mark.parametrize("word", ["00A4000C023F0", "xyz", "", "0084000008 zz 3132"])
def test_what_is_no_hexadecimal_is_refused_and_not_repeated(simcard: Simcard, image: Image, word: str) -> None:
    done = simcard("apdu", image(), word)
    assert 2 == done.code
    assert "hexadecimal" in done.err or "empty" in done.err
    assert "3132" not in done.err


@pytest.mark.parametrize("verb", [["info"], ["apdu"], ["sign"], ["pin", "status"], ["cert", "export"]])
def test_a_card_must_be_named(simcard: Simcard, verb: list[str]) -> None:
    done = simcard(*verb)
    assert (2, True) == (done.code, "--reader" in done.err)


def test_an_image_and_a_reader_exclude_each_other(simcard: Simcard, image: Image) -> None:
    done = simcard("info", image(), "--reader", "any")
    assert (2, True) == (done.code, "unexpected argument" in done.err)


@pytest.mark.parametrize("verb", [["info"], ["pin", "status"], ["apdu", "0084000008"], ["cert", "export"]])
def test_without_pcscd_a_reader_cannot_be_used(
    simcard: Simcard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    from host_tools.link import pcsc

    assert pcsc.PROTOCOLS
    monkeypatch.setattr("host_tools.link.pcsc.scard.SCardEstablishContext", lambda _: (0x8010001D, None))
    done = simcard(*verb, "--reader", "Virtual")
    assert (3, True) == (done.code, "start pcscd" in done.err)


@pytest.mark.parametrize("arguments", [["nothing"], ["info", "--nothing"], ["new"], ["pin", "nothing"], ["run"]])
def test_wrong_use_is_exit_code_2(simcard: Simcard, arguments: list[str]) -> None:
    assert 2 == simcard(*arguments).code


# -- sign and verify


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("form", ["hex", "base64", "raw", "der"])
@pytest.mark.parametrize("on_card", [(), ("--hash-on-card",)])
def test_a_signature_in_any_format_is_good(
    simcard: Simcard, image: Image, text: Path, tmp_path: Path, profile: str, form: str, on_card: tuple[str, ...]
) -> None:
    card, out = image(profile), tmp_path / "sig"
    assert 0 == simcard("sign", card, text, "-o", out, "--format", form, *on_card, SIMCARD_PIN=PIN).code
    assert 0 == simcard("verify", card, text, "--signature", out).code
    text.write_text("forged")
    assert 1 == simcard("verify", card, text, "--signature", out).code


def test_signatures_are_for_their_owner_only(simcard: Simcard, image: Image, text: Path, tmp_path: Path) -> None:
    simcard("sign", image(), text, "-o", tmp_path / "sig", SIMCARD_PIN=PIN)
    assert 0o600 == (tmp_path / "sig").stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("profile", "options"),
    [
        ("eport-operator", ["-sm3", "-sigopt", "distid:1234567812345678"]),
        ("eport-operator-rsa", ["-sha256"]),
    ],
)
def test_openssl_takes_the_signature(
    simcard: Simcard, image: Image, text: Path, tmp_path: Path, profile: str, options: list[str]
) -> None:
    card = image(profile)
    simcard("sign", card, text, "-o", tmp_path / "sig", "--format", "der", SIMCARD_PIN=PIN)
    simcard("cert", "export", card, "-o", tmp_path / "cert.pem")
    key = ["openssl", "x509", "-in", str(tmp_path / "cert.pem"), "-noout", "-pubkey", "-out", str(tmp_path / "key")]
    subprocess.run(key, check=True)
    check = ["openssl", "dgst", *options, "-verify", str(tmp_path / "key"), "-signature", str(tmp_path / "sig")]
    assert b"Verified OK\n" == subprocess.run([*check, str(text)], capture_output=True, check=True).stdout


def test_gmssl_takes_the_signature(simcard: Simcard, image: Image, text: Path, tmp_path: Path) -> None:
    card = image()
    simcard("cert", "export", card, "--format", "der", "-o", tmp_path / "cert.der")
    point = public_key_of((tmp_path / "cert.der").read_bytes()).point
    raw = simcard("sign", card, text, SIMCARD_PIN=PIN).out.strip().lower()
    judge = gmssl_sm2.CryptSM2(private_key="", public_key="")
    judge.public_key = point[1:].hex()
    assert judge.verify(raw, sm2_digest(point, text.read_bytes()))


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_certificate_is_enough_to_verify(
    simcard: Simcard, image: Image, text: Path, tmp_path: Path, form: str
) -> None:
    simcard("sign", image(), text, "-o", tmp_path / "sig", SIMCARD_PIN=PIN)
    simcard("cert", "export", image(), "--format", form, "-o", tmp_path / "cert")
    assert 0 == simcard("verify", "--cert", tmp_path / "cert", text, "-s", tmp_path / "sig").code


@pytest.mark.parametrize("key", ["01", "1", "EportSM2/sign"])
def test_a_key_is_named_in_several_ways(simcard: Simcard, image: Image, text: Path, key: str) -> None:
    assert 0 == simcard("sign", image(), text, "--key", key, SIMCARD_PIN=PIN).code


def test_an_unknown_key_says_which_there_are(simcard: Simcard, image: Image, text: Path) -> None:
    done = simcard("sign", image(), text, "--key", "EportRSA/sign", SIMCARD_PIN=PIN)
    assert (2, True) == (done.code, "01 (EportSM2/sign)" in done.err)


def test_an_exchange_key_does_not_sign(simcard: Simcard, image: Image, text: Path) -> None:
    assert 1 == simcard("sign", image(), text, "--key", "02", SIMCARD_PIN=PIN).code


def test_a_card_without_keys_does_not_sign(simcard: Simcard, image: Image, text: Path) -> None:
    done = simcard("sign", image("iso-blank"), text, SIMCARD_PIN="12345678")
    assert (2, True) == (done.code, "no signing key" in done.err)


@pytest.mark.parametrize(
    ("profile", "options"),
    [
        ("eport-operator", ["--scheme", "pss"]),
        ("eport-operator", ["--hash", "sha256"]),
        ("eport-operator-rsa", ["--scheme", "sm2"]),
        ("eport-operator-rsa", ["--hash", "sm3"]),
    ],
)
def test_an_algorithm_that_does_not_fit_the_key_is_refused_before_the_pin_is_asked(
    simcard: Simcard, image: Image, text: Path, profile: str, options: list[str]
) -> None:
    assert 2 == simcard("sign", image(profile), text, *options).code


def test_rsa_signs_by_pss_and_sha1(simcard: Simcard, image: Image, text: Path, tmp_path: Path) -> None:
    card, options = image("eport-operator-rsa"), ("--scheme", "pss", "--hash", "sha1")
    simcard("sign", card, text, "-o", tmp_path / "sig", *options, SIMCARD_PIN=PIN)
    assert 0 == simcard("verify", card, text, "-s", tmp_path / "sig", *options).code
    assert 1 == simcard("verify", card, text, "-s", tmp_path / "sig").code


def test_sign_speaks_json(simcard: Simcard, image: Image, text: Path) -> None:
    found = simcard("sign", image(), text, "--json", SIMCARD_PIN=PIN).json
    assert (128, "sm3", "sm2") == (len(found["signature"]), found["hash"], found["scheme"])


def test_a_message_comes_from_standard_input(simcard: Simcard, image: Image, text: Path, tmp_path: Path) -> None:
    done = simcard("sign", image(), "-", stdin=text.read_text(encoding="utf-8"), SIMCARD_PIN=PIN)
    (tmp_path / "sig").write_text(done.out)
    assert 0 == simcard("verify", image(), text, "-s", tmp_path / "sig").code


def test_message_and_pin_cannot_both_come_from_standard_input(simcard: Simcard, image: Image) -> None:
    assert 2 == simcard("sign", image(), "-", "--pin-stdin", stdin="x").code


@pytest.mark.parametrize("body", [b"", b"00", b"!!!", b"\0" * 64, b"\xff" * 64, b"0" * 500])
def test_what_is_no_signature_is_not_good(
    simcard: Simcard, image: Image, text: Path, tmp_path: Path, body: bytes
) -> None:
    (tmp_path / "sig").write_bytes(body)
    assert 1 == simcard("verify", image(), text, "-s", tmp_path / "sig").code


@pytest.mark.parametrize("body", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_certificate_is_refused(simcard: Simcard, text: Path, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "cert").write_bytes(body)
    done = simcard("verify", "--cert", tmp_path / "cert", text, "-s", text)
    assert done.code in (1, 2)
    assert 1 == len(done.err.splitlines())


def test_a_file_that_is_not_there_is_named(simcard: Simcard, image: Image, tmp_path: Path) -> None:
    done = simcard("sign", image(), tmp_path / "none", SIMCARD_PIN=PIN)
    assert (2, True) == (done.code, str(tmp_path / "none") in done.err)


def test_a_signature_that_cannot_be_written_is_named(
    simcard: Simcard, image: Image, text: Path, tmp_path: Path
) -> None:
    done = simcard("sign", image(), text, "-o", tmp_path / "no" / "sig", SIMCARD_PIN=PIN)
    assert (2, True) == (done.code, "cannot be written" in done.err)


# -- PINs


def left(simcard: Simcard, card: Path) -> list[int]:
    return [pin["left"] for pin in simcard("pin", "status", card, "--json").json]


def test_a_wrong_pin_costs_a_try_and_three_lock(simcard: Simcard, image: Image, text: Path) -> None:
    """M4."""
    card, seen = image(), []
    for _ in range(4):
        done = simcard("sign", card, text, SIMCARD_PIN=WRONG)
        seen.append((done.code, left(simcard, card)[0]))
    assert [(5, 2), (5, 1), (5, 0), (5, 0)] == seen
    assert 5 == simcard("sign", card, text, SIMCARD_PIN=PIN).code


def test_a_right_pin_restores_the_tries(simcard: Simcard, image: Image) -> None:
    card = image()
    simcard("pin", "verify", card, SIMCARD_PIN=WRONG)
    assert 0 == simcard("pin", "verify", card, SIMCARD_PIN=PIN).code
    assert [3, 10] == left(simcard, card)


def test_a_pin_is_changed(simcard: Simcard, image: Image) -> None:
    """M3."""
    card = image()
    assert 0 == simcard("pin", "change", card, SIMCARD_PIN=PIN, SIMCARD_NEW_PIN="13572468").code
    assert 5 == simcard("pin", "verify", card, SIMCARD_PIN=PIN).code
    assert 0 == simcard("pin", "verify", card, SIMCARD_PIN="13572468").code


def test_a_locked_pin_is_unblocked(simcard: Simcard, image: Image) -> None:
    card = image()
    for _ in range(3):
        simcard("pin", "verify", card, SIMCARD_PIN=WRONG)
    assert 0 == simcard("pin", "unblock", card, SIMCARD_PUK=ADMIN, SIMCARD_NEW_PIN=PIN).code
    assert 0 == simcard("pin", "verify", card, SIMCARD_PIN=PIN).code


def test_secrets_come_from_standard_input_one_per_line(simcard: Simcard, image: Image) -> None:
    card = image()
    assert 0 == simcard("pin", "change", card, "--pin-stdin", stdin=f"{PIN}\n13572468\n").code
    assert 0 == simcard("pin", "unblock", card, "--pin-stdin", stdin=f"{ADMIN}\n{PIN}\n").code
    assert 0 == simcard("pin", "verify", card, "--pin-stdin", stdin=f"{PIN}\n").code


def test_secrets_come_from_files(simcard: Simcard, image: Image, tmp_path: Path) -> None:
    for name, value in (("old", PIN), ("new", "13572468")):
        (tmp_path / name).write_text(f"{value}\n")
    card = image()
    done = simcard("pin", "change", card, "--pin-file", tmp_path / "old", "--new-pin-file", tmp_path / "new")
    assert 0 == done.code
    assert 0 == simcard("pin", "verify", card, "--pin-file", tmp_path / "new").code


@pytest.mark.parametrize(
    ("arguments", "secrets"),
    [
        ((), {}),
        (("--pin-file", "/nowhere/pin"), {}),
        (("--pin-stdin",), {}),
        ((), {"SIMCARD_PIN": ""}),
        ((), {"SIMCARD_PIN": "1" * 65}),
    ],
)
def test_without_a_usable_pin_no_try_is_spent(
    simcard: Simcard, image: Image, arguments: tuple[str, ...], secrets: dict[str, str]
) -> None:
    card = image()
    assert 2 == simcard("pin", "verify", card, *arguments, **secrets).code
    assert [3, 10] == left(simcard, card)


def test_a_pin_on_the_command_line_is_not_taken(simcard: Simcard, image: Image) -> None:
    assert 2 == simcard("pin", "verify", image(), PIN).code


@pytest.mark.parametrize(
    "arguments",
    [
        ("pin", "SECRET"),
        ("pin", "verify", "IMAGE", "SECRET"),
        ("pin", "verify", "--reader", "any", "SECRET"),
        ("pin", "verify", "IMAGE", "-n", "SECRET"),
        ("pin", "change", "IMAGE", "SECRET", "13572468"),
        ("pin", "verify", "IMAGE", "--pin", "SECRET"),
        ("sign", "IMAGE", "message", "SECRET"),
        ("sign", "IMAGE", "message", "--reference", "SECRET"),
        ("sign", "IMAGE", "message", "--pin", "SECRET"),
        ("ca", "request", "IMAGE", "SECRET", "--name", "x"),
    ],
)
def test_a_pin_on_the_command_line_is_not_repeated(simcard: Simcard, image: Image, arguments: tuple[str, ...]) -> None:
    places = {"IMAGE": str(image()), "SECRET": "27182818"}
    done = simcard(*(places.get(word, word) for word in arguments))
    assert (2, False) == (done.code, "27182818" in done.err + done.out)
    assert "--pin" in arguments or "never given on the command line" in done.err


def test_unblocking_wants_no_old_pin(simcard: Simcard, image: Image, tmp_path: Path) -> None:
    assert 2 == simcard("pin", "unblock", image(), "--pin-file", tmp_path / "x").code


@pytest.mark.parametrize("new", ["123", "12345678901234567", "报关单报关"])
def test_a_new_pin_that_breaks_the_policy_is_refused(simcard: Simcard, image: Image, new: str) -> None:
    card = image()
    done = simcard("pin", "change", card, SIMCARD_PIN=PIN, SIMCARD_NEW_PIN=new)
    assert (1, True) == (done.code, "the new PIN; it is too short or too long (often 6 to 16 characters" in done.err)
    done = simcard("pin", "unblock", card, SIMCARD_PUK=ADMIN, SIMCARD_NEW_PIN=new)
    assert (1, True) == (done.code, "the new PIN; it is too short or too long" in done.err)
    assert 0 == simcard("pin", "verify", card, SIMCARD_PIN=PIN).code


def test_no_output_ever_holds_a_pin(simcard: Simcard, image: Image, text: Path) -> None:
    """Nor its hexadecimal form, whatever goes wrong."""
    card, secret = image(), "27182818"
    runs = [
        simcard("pin", "change", card, SIMCARD_PIN=PIN, SIMCARD_NEW_PIN=secret),
        simcard("sign", card, text, "--json", SIMCARD_PIN=secret),
        simcard("pin", "verify", card, "--json", SIMCARD_PIN=secret[::-1]),
        simcard("pin", "verify", card, "-n", "9", SIMCARD_PIN=secret),
        simcard("pin", "unblock", card, SIMCARD_PUK=secret, SIMCARD_NEW_PIN=secret),
        simcard("info", card),
    ]
    said = "".join(run.out + run.err for run in runs)
    for pin in (secret, secret[::-1]):
        assert pin not in said and pin.encode().hex() not in said


# -- certificates


def test_a_certificate_goes_to_a_file_or_to_standard_output(simcard: Simcard, image: Image, tmp_path: Path) -> None:
    card = image()
    simcard("cert", "export", card, "-o", tmp_path / "c.pem")
    assert (tmp_path / "c.pem").read_text() == simcard("cert", "export", card).out


def test_the_file_on_the_card_is_the_same_certificate(simcard: Simcard, image: Image, tmp_path: Path) -> None:
    card = image()
    simcard("cert", "export", card, "--format", "der", "-o", tmp_path / "c.der")
    said = simcard("apdu", card, "00A4080404DF010021", "00B00000000400").out.splitlines()[-1]
    assert f"< {(tmp_path / 'c.der').read_bytes().hex().upper()} 6282" == said
