"""Chromium over wss: a page served over https, as the official ones are, and a service whose authority is trusted."""

from __future__ import annotations

import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from host_tools.eport_client import tls
from host_tools.eport_client.origins import OriginPolicy
from host_tools.eport_client.service import Settings
from tests.eport_client import openssl
from tests.eport_client.support import PIN, SM2, served
from tests.eport_client.test_card_pages import CLIENT_PAGE, FLAGS, SECONDS, run, site
from tests.eport_client.test_manual import certificate, example

pytestmark = pytest.mark.xdist_group("chromium")

OFFICIAL, PAGES = tls.NAMES[:2]
"""The name that official pages connect to, and another one the authority may certify, here the pages' own."""

NAMED = f"--host-resolver-rules=MAP {OFFICIAL} {tls.ADDRESS}, MAP {PAGES} {tls.ADDRESS}"
HELLO = """
var socket = new WebSocket(arguments[0]);
socket.onmessage = function (event) { done([JSON.parse(event.data)._method]); };
socket.onclose = function () { done(["refused"]); };
"""


@contextmanager
def chromium(home: Path) -> Iterator[Chrome]:
    """A browser of a user with this home; the hosts file of the manual is said by a flag."""
    options = ChromeOptions()
    kept = (flag for flag in FLAGS if not flag.startswith("--host-resolver-rules"))
    for flag in (*kept, NAMED, f"--user-data-dir={home / 'chromium'}"):
        options.add_argument(flag)
    with Chrome(options, ChromeService("/usr/bin/chromedriver", env={**os.environ, "HOME": str(home)})) as made:
        made.set_script_timeout(SECONDS)
        yield made


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with authority and server certificate."""
    folder = tmp_path_factory.mktemp("tls")
    tls.make(folder, tls.now())
    return folder


@pytest.fixture(scope="module")
def trusting(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """The browser of a user who did what the manual says."""
    home = tmp_path_factory.mktemp("home")
    script = example("sh").replace("FOLDER", str(authority))
    subprocess.run(["sh", "-euc", script], env={**os.environ, "HOME": str(home)}, check=True)
    with chromium(home) as made:
        yield made


def settings(authority: Path, *origins: str) -> Settings:
    policy = OriginPolicy(frozenset(origins))
    return Settings(port=0, tls_port=0, tls=tls.context(authority, tls.now()), origins=policy)


def test_a_page_over_https_logs_in_over_wss(trusting: Chrome, authority: Path, tmp_path: Path) -> None:
    with site(tmp_path, tls.context(authority, tls.now())) as at:
        origin = f"https://{PAGES}:{at.rpartition(':')[2]}"
        with served(SM2, settings(authority, origin)) as service:
            official = f"wss://{OFFICIAL}:{service.service.ports[1]}"
            page = CLIENT_PAGE.replace("ws://ADDRESS", official)
            (tmp_path / "index.html").write_text(page, encoding="utf-8")
            trusting.get(f"{origin}/")
            said = run(trusting, "login(arguments[0], arguments[1], done)", "MTIzNDU2Nzg=", PIN)
            assert openssl.verifies(certificate(service).der, b"12345678", b64decode(said[1]))


def test_a_page_that_is_not_listed_is_refused_over_wss_too(trusting: Chrome, authority: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<title>somebody</title>", encoding="utf-8")
    with site(tmp_path, tls.context(authority, tls.now())) as at, served(SM2, settings(authority)) as service:
        trusting.get(f"https://{PAGES}:{at.rpartition(':')[2]}/")
        assert ["refused"] == run(trusting, HELLO, f"wss://{OFFICIAL}:{service.service.ports[1]}")


def test_the_services_own_page_is_there_over_https(trusting: Chrome, authority: Path) -> None:
    with served(SM2, settings(authority)) as service:
        address = f"127.0.0.1:{service.service.ports[1]}"
        trusting.get(f"https://{address}/")
        assert ["open"] == run(trusting, HELLO, f"wss://{address}/")


def test_without_trust_chromium_does_not_connect(authority: Path, tmp_path: Path) -> None:
    with served(SM2, settings(authority)) as service, chromium(tmp_path) as stranger:
        stranger.get(f"https://127.0.0.1:{service.service.ports[1]}/")
        assert "ERR_CERT_AUTHORITY_INVALID" in stranger.page_source
