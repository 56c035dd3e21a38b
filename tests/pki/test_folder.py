"""An authority in a folder: made whole or not at all, readable by its owner alone, the same when opened again."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from threading import Thread

import pytest

from host_tools.errors import AuthorityProblem
from host_tools.pki.folder import Folder, Wish, create
from host_tools.pki.generation import Addresses, Generation
from host_tools.pki.ledger import Ledger
from host_tools.pki.view import Certificate
from simcard.wire.secret import Secret
from tests.pki.support import BOTH, SM2, SUBJECT, SetClock, asked

WISH = Wish(rounds=10)
PASSPHRASE = Secret(b"geheim")


def made(folder: Path, passphrase: Secret | None = None, wish: Wish = WISH) -> Path:
    path = folder / "ca"
    create(path, wish, passphrase, SetClock(), SM2)
    return path


def opened(path: Path) -> Folder:
    return Folder(path, SetClock(), SM2)


def test_keys_and_the_book_are_their_owners_alone(tmp_path: Path) -> None:
    path = made(tmp_path)
    secret = [*path.rglob("*.key"), path / "book.sqlite"]
    assert 7 == len(secret)
    assert {0o600} == {stat.S_IMODE(each.stat().st_mode) for each in secret}
    assert {0o700} == {stat.S_IMODE(each.stat().st_mode) for each in (path, path / "sm2", path / "rsa")}


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_an_authority_is_the_same_when_opened_again(tmp_path: Path, case: str, passphrase: Secret | None) -> None:
    path, generation = made(tmp_path, passphrase), Generation(case)
    bodies: list[Certificate] = []
    for _ in range(2):
        folder = opened(path)
        bodies.append(folder.authority(generation, passphrase).issue(asked(case), SUBJECT))
        folder.close()
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("passphrase", [None, Secret(b"wrong")])
def test_keys_need_the_passphrase(tmp_path: Path, passphrase: Secret | None) -> None:
    folder = opened(made(tmp_path, PASSPHRASE))
    with pytest.raises(AuthorityProblem, match="passphrase"):
        folder.authority(Generation.SM2, passphrase)


def test_certificates_need_no_passphrase(tmp_path: Path) -> None:
    chain = opened(made(tmp_path, PASSPHRASE)).chain(Generation.SM2)
    assert chain.root.subject == chain.issuing.issuer


def test_an_authority_is_never_overwritten(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(AuthorityProblem, match="never overwritten"):
        made(tmp_path)


def test_nothing_is_left_of_a_making_that_failed(tmp_path: Path) -> None:
    with pytest.raises(AuthorityProblem):
        create(tmp_path / "none" / "ca", WISH, None, SetClock(), SM2)
    assert [] == list(tmp_path.iterdir())


def test_nothing_is_left_of_a_making_that_was_cut_short(tmp_path: Path) -> None:
    def stops() -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create(tmp_path / "ca", WISH, None, stops, SM2)  # type: ignore[arg-type]  # a clock that never tells
    assert [] == list(tmp_path.iterdir())


def test_one_generation_can_be_made_alone(tmp_path: Path) -> None:
    folder = opened(made(tmp_path, wish=Wish((Generation.SM2,), rounds=10)))
    assert (Generation.SM2,) == folder.generations
    with pytest.raises(AuthorityProblem, match="no rsa generation"):
        folder.chain(Generation.RSA)


def test_the_users_own_addresses_go_into_the_certificates(tmp_path: Path) -> None:
    folder = opened(made(tmp_path, wish=Wish((Generation.SM2,), Addresses("http://127.0.0.1:8800"), rounds=10)))
    body = folder.authority(Generation.SM2, None).issue(asked("sm2"), SUBJECT).encoded
    assert b"http://127.0.0.1:8800/crl/sm2.crl" in body
    assert b"http://127.0.0.1:8800/ocsp" in body


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1, "base": "x", "rsa_hash": "md2"}'])
def test_a_folder_without_settings_is_no_authority(tmp_path: Path, text: str) -> None:
    (tmp_path / "ca.json").write_text(text)
    with pytest.raises(AuthorityProblem, match="holds no authority"):
        opened(tmp_path)


def test_another_version_is_said(tmp_path: Path) -> None:
    path = made(tmp_path)
    (path / "ca.json").write_text(json.dumps({"version": 2, "base": "x", "rsa_hash": "sha1"}))
    with pytest.raises(AuthorityProblem, match="another version"):
        opened(path)


def test_a_missing_or_foreign_book_is_said(tmp_path: Path) -> None:
    path = made(tmp_path)
    (path / "book.sqlite").write_bytes(b"no book at all" * 100)
    with pytest.raises(AuthorityProblem, match="no authority's book"):
        opened(path)
    (path / "book.sqlite").unlink()
    with pytest.raises(AuthorityProblem, match="missing"):
        opened(path)


def test_two_processes_never_get_the_same_number(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "book").close()
    books = [Ledger(tmp_path / "book") for _ in range(2)]
    numbers: list[int] = []

    def spend(book: Ledger) -> None:
        numbers.extend(book.spend_serial(Generation.RSA) for _ in range(20))

    threads = [Thread(target=spend, args=(book,)) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(0x01000001, 0x01000001 + 40)) == sorted(numbers)
