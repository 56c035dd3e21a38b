"""Keys in files: PKCS#8, with and without a passphrase, as openssl reads and writes it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from host_tools.errors import AuthorityProblem, BadEncoding, CannotOpen
from host_tools.pki import der, envelope, softkey
from host_tools.pki.keys import Hash
from host_tools.pki.signed import check_signature, signature_value
from host_tools.pki.softkey import SoftKey
from simcard.wire.secret import Secret
from tests.host.support import openssl
from tests.pki.support import BOTH, SM2, soft_key

FEW = 10
PASSPHRASE = Secret("geheim 密码".encode())


def saved(folder: Path, pair: SoftKey, passphrase: Secret | None = None) -> Path:
    path = folder / "k.key"
    softkey.save(path, pair, passphrase, FEW)
    return path


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_key_file_survives(tmp_path: Path, case: str, passphrase: Secret | None) -> None:
    pair = soft_key(case, "a")
    found = softkey.load(saved(tmp_path, pair, passphrase), passphrase, SM2)
    assert (pair.key, pair.private) == (found.key, found.private)


@pytest.mark.parametrize("case", BOTH)
def test_a_key_file_is_its_owners_alone(tmp_path: Path, case: str) -> None:
    assert 0o600 == stat.S_IMODE(saved(tmp_path, soft_key(case, "a")).stat().st_mode)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = saved(tmp_path, soft_key("sm2", "a"))
    with pytest.raises(FileExistsError):
        softkey.save(path, soft_key("sm2", "b"), None)


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("passphrase", ["", "pass:geheim"])
def test_openssl_reads_a_key_file(tmp_path: Path, case: str, passphrase: str) -> None:
    pair = soft_key(case, "a")
    path = saved(tmp_path, pair, Secret(b"geheim") if passphrase else None)
    options = ("-passin", passphrase) if passphrase else ()
    done = openssl("pkey", "-in", path, "-pubout", *options)
    assert der.pem("PUBLIC KEY", der.public_key_info(pair.key)) == done.stdout


@pytest.mark.parametrize("case", BOTH)
def test_a_key_file_of_openssl_is_read(tmp_path: Path, case: str) -> None:
    options = ("-algorithm", "RSA") if case == "rsa" else ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2")
    openssl("genpkey", *options, "-aes-256-cbc", "-pass", "pass:geheim", "-out", tmp_path / "k.pem")
    public = openssl("pkey", "-in", tmp_path / "k.pem", "-passin", "pass:geheim", "-pubout").stdout
    found = softkey.load(tmp_path / "k.pem", Secret(b"geheim"), SM2)
    assert public == der.pem("PUBLIC KEY", der.public_key_info(found.key))


@pytest.mark.parametrize("given", [None, Secret(b"wrong")])
def test_without_the_passphrase_there_is_no_key(tmp_path: Path, given: Secret | None) -> None:
    path = saved(tmp_path, soft_key("sm2", "a"), PASSPHRASE)
    with pytest.raises(AuthorityProblem, match="passphrase"):
        softkey.load(path, given, SM2)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(AuthorityProblem, match="No such file"):
        softkey.load(tmp_path / "none", None, SM2)


def test_a_file_without_a_key_is_said(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("no key")
    with pytest.raises(BadEncoding):
        softkey.load(tmp_path / "k", None, SM2)


@pytest.mark.parametrize("case", BOTH)
def test_a_key_shows_nothing_of_itself(case: str) -> None:
    pair = soft_key(case, "a")
    assert pair.private.reveal().hex() not in f"{pair!r} {pair} {pair.private!r}"


@pytest.mark.parametrize(("case", "hash_"), [("sm2", Hash.SM3), ("rsa", Hash.SHA1), ("rsa", Hash.SHA256)])
def test_a_signature_is_checked_by_the_public_half(case: str, hash_: Hash) -> None:
    pair = soft_key(case, "a")
    check_signature(pair.key, hash_, b"message", signature_value(pair.issuer(hash_), b"message"), SM2)


@pytest.mark.parametrize("case", BOTH)
def test_what_is_encrypted_for_a_key_is_opened_by_it(case: str) -> None:
    pair = soft_key(case, "a")
    assert Secret(bytes(range(16))) == pair.decrypt(envelope.encrypt_for(pair.key, bytes(range(16)), SM2))


def test_a_cryptogram_for_another_key_does_not_open() -> None:
    wrapped = envelope.encrypt_for(soft_key("sm2", "a").key, bytes(16), SM2)
    with pytest.raises(CannotOpen):
        soft_key("sm2", "b").decrypt(wrapped)
