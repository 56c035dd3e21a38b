"""Who may connect, and how: origins, the page over HTTP, wss with the small authority, ports that are taken."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from host_tools.eport_client import tls
from host_tools.eport_client.origins import OriginPolicy
from host_tools.eport_client.service import Settings
from host_tools.errors import CannotServe
from tests.eport_client.support import SECONDS, Served, served

# -- origins


@pytest.mark.parametrize(
    "origin", ["http://localhost:8080", "http://127.0.0.1", "https://127.3.4.5:1", "http://[::1]:9"]
)
def test_pages_of_this_machine_may_connect(sm2_service: Served, origin: str) -> None:
    with sm2_service.client(origin=origin) as client:
        assert ["1.5.12"] == client.data("ver")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://", "http://localhost.evil.example", "x"],
)
@pytest.mark.parametrize("path", ["", "console"])
def test_other_pages_are_refused(sm2_service: Served, origin: str, path: str) -> None:
    with pytest.raises(InvalidStatus) as caught, sm2_service.client(path, origin=origin):
        pass
    assert 403 == caught.value.response.status_code
    assert f"--allow-origin {origin}" in (caught.value.response.body or b"").decode()


def test_a_refused_page_stands_in_the_journal(sm2_service: Served) -> None:
    with pytest.raises(InvalidStatus), sm2_service.client(origin="https://evil.example"):
        pass
    assert {"type": "refused", "origin": "https://evil.example"} == sm2_service.service.journal.entries[-1]


def test_a_listed_origin_may_connect() -> None:
    policy = OriginPolicy(frozenset({"https://erp.example.cn"}))
    settings = Settings(port=0, origins=policy)
    with served(settings=settings) as running, running.client(origin="https://erp.example.cn") as client:
        assert ["1.5.12"] == client.data("ver")


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        ("http://192.168.1.5:61232", "192.168.1.5:61232", True),
        ("http://192.168.1.5:80", "192.168.1.5:61232", False),
        ("http://evil.example:61232", "evil.example:61232", False),
    ],
    ids=["own page by address", "other port", "name bent to here"],
)
def test_the_own_page_is_known_by_its_address_only(origin: str, host: str, expected: bool) -> None:
    assert expected is OriginPolicy().allows(origin, host)


# -- HTTP


def test_the_page_is_served_with_a_strict_policy(sm2_service: Served) -> None:
    with urlopen(f"http://{sm2_service.address}/") as answer:
        assert b"<!DOCTYPE html>" == answer.read(15)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/nothing", "/../service.py", "/%2e%2e/service.py"])
def test_nothing_but_the_page_is_served(sm2_service: Served, path: str) -> None:
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(f"http://{sm2_service.address}{path}"))
    assert 404 == caught.value.code
    caught.value.close()


# -- wss


def test_wss_with_the_small_authority(tmp_path: Path) -> None:
    context = tls.context(tmp_path, datetime.now(UTC))
    with served(settings=Settings(port=0, tls_port=0, tls=context)) as running:
        port = running.service.ports[1]
        trusting = ssl.create_default_context(cafile=str(tmp_path / tls.CA_FILE))
        for name in tls.NAMES:
            plain = socket.create_connection(("127.0.0.1", port), SECONDS)
            with connect(f"wss://{name}:{port}", sock=plain, ssl=trusting, proxy=None) as secure:
                assert "open" == json.loads(secure.recv(timeout=SECONDS))["_method"]


def test_the_certificate_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    tls.context(tmp_path, now)
    first = (tmp_path / tls.CERTIFICATE_FILE).read_bytes()
    tls.context(tmp_path, now)
    assert first == (tmp_path / tls.CERTIFICATE_FILE).read_bytes()
    assert 0o600 == (tmp_path / tls.KEY_FILE).stat().st_mode & 0o777
    assert ["ca.pem", "server.key", "server.pem"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_port_that_is_taken_is_an_error_with_advice(sm2_service: Served) -> None:
    import asyncio

    from host_tools.eport_client.faults import Faults
    from host_tools.eport_client.service import EportService
    from tests.eport_client.support import SM2, Reader, card_of, desk_of

    async def second() -> None:
        service = EportService(desk_of(Reader(card_of(SM2)), Faults()), Settings(port=sm2_service.service.ports[0]))
        async with service.running():
            pass

    with pytest.raises(CannotServe, match="--port"):
        asyncio.run(second())
