"""Lists and answers over HTTP: asked by openssl, by a plain client and by clients that misbehave."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from host_tools.errors import CannotServe
from host_tools.pki import ocsp
from host_tools.pki.generation import Generation
from host_tools.pki.responder import Pages, server, serving
from host_tools.pki.revocation import RevocationList
from tests.host.support import openssl
from tests.pki.support import BOTH, NOW, SM2, SUBJECT, asked, authority, pair_of, write_pem

MALFORMED = bytes.fromhex("30030a0101")
UNAUTHORIZED = bytes.fromhex("30030a0106")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """A server for both generations."""
    with serving(Pages({Generation(case): pair_of(case)[0] for case in BOTH})) as found:
        yield found


def fetch(base: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    parts = urlsplit(base)
    assert parts.hostname is not None
    line = HTTPConnection(parts.hostname, parts.port, timeout=20)
    line.request("GET" if body is None else "POST", path, body)
    answer = line.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    line.close()
    return found


@pytest.mark.parametrize("case", BOTH)
def test_a_list_is_served(base: str, case: str) -> None:
    status, kind, body = fetch(base, f"/crl/{case}.crl")
    assert (200, "application/pkix-crl") == (status, kind)
    RevocationList.parse(body).check(pair_of(case)[0].chain.issuing, NOW, SM2)


@pytest.mark.parametrize("case", BOTH)
def test_the_authoritys_certificates_are_served(base: str, case: str) -> None:
    chain = pair_of(case)[0].chain
    expected = {"root": chain.root.encoded, "issuing": chain.issuing.encoded}
    assert expected == {which: fetch(base, f"/ca/{case}-{which}.cer")[2] for which in expected}


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_question_is_answered(base: str, case: str, method: str) -> None:
    made, pair = pair_of(case)
    question = ocsp.ask(pair.signing, made.chain.issuing, b"nonce")
    path = "/ocsp" if method == "POST" else f"/ocsp/{quote(b64encode(question), safe='')}"
    status, kind, body = fetch(base, path, question if method == "POST" else None)
    assert (200, "application/ocsp-response") == (status, kind)
    assert None is ocsp.read_answer(body, question, made.chain.issuing, NOW, SM2).verdict


def test_openssl_asks_over_http(base: str, tmp_path: Path) -> None:
    """RSA; nonce and signature are openssl's to check, dates too far off for its clock are not."""
    made, pair = pair_of("rsa")
    paths = write_pem(tmp_path, root=made.chain.root, issuing=made.chain.issuing, leaf=pair.signing)
    done = openssl("ocsp", "-url", f"{base}/ocsp", "-issuer", paths["issuing"], "-cert", paths["leaf"], "-CAfile",
                   paths["root"], "-verify_other", paths["issuing"], "-attime", str(int(NOW.timestamp())),
                   "-validity_period", "1000000000")  # fmt: skip
    assert "Response verify OK" in done.stderr
    assert "leaf.pem: good" in done.stdout


def test_a_revocation_shows_at_once() -> None:
    made = authority("sm2")
    leaf = made.issue(asked("sm2"), SUBJECT)
    question = ocsp.ask(leaf, made.chain.issuing)
    with serving(Pages({Generation.SM2: made})) as base:
        made.revoke(leaf.serial)
        body = fetch(base, "/ocsp", question)[2]
    assert None is not ocsp.read_answer(body, question, made.chain.issuing, NOW, SM2).verdict


@pytest.mark.parametrize("path", ["/", "/crl/", "/crl/p256.crl", "/../ca.json", "/ocsp2", "/sm2/root.key"])
def test_nothing_else_is_served(base: str, path: str) -> None:
    assert 404 == fetch(base, path)[0]


@pytest.mark.parametrize("body", [b"", b"what?", b"\x30\x00", bytes(1000)])
def test_a_question_that_is_none_is_answered_by_that(base: str, body: bytes) -> None:
    assert MALFORMED == fetch(base, "/ocsp", body)[2]


def test_base64_that_is_none_is_answered_by_that(base: str) -> None:
    assert MALFORMED == fetch(base, "/ocsp/!!!")[2]


def test_a_question_for_a_stranger_is_not_answered(base: str) -> None:
    made, pair = pair_of("rsa-2048")
    assert UNAUTHORIZED == fetch(base, "/ocsp", ocsp.ask(pair.signing, made.chain.root))[2]


@pytest.mark.parametrize("length", ["65537", "-1", "many", "99999999999999999999"])
def test_a_question_that_is_too_long_is_refused(base: str, length: str) -> None:
    parts = urlsplit(base)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as line:
        line.sendall(f"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert b" 413 " in line.recv(4096)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.test", ""])
def test_only_the_loopback_interface_is_served(host: str) -> None:
    with pytest.raises(CannotServe, match="loopback"):
        server(Pages({}), host, 0)


def test_an_address_that_is_taken_is_said() -> None:
    with serving(Pages({})) as base, pytest.raises(CannotServe, match="cannot be had"):
        server(Pages({}), "127.0.0.1", int(base.rpartition(":")[2]))
