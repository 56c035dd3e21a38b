"""Chromium without a window, driven through chromedriver by plain HTTP (W3C WebDriver)."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS = 60


class BrowserEnded(Exception):
    """chromedriver could not do it: Chromium with OpenSC's module sometimes ends by itself with a trap."""


class Browser:
    """A session of one browser."""

    def __init__(self, driver: str, profile: Path) -> None:
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        session = self._call("POST", f"{driver}/session", wanted)["sessionId"]
        self._session = f"{driver}/session/{session}"

    def title(self, url: str) -> str:
        """The title of the page at a URL, or the name of the network error that the browser shows in its place."""
        try:
            self._call("POST", f"{self._session}/url", {"url": url})
        except BrowserEnded as ended:
            if shown := re.search(r"net::(ERR_[A-Z_]+)", str(ended)):
                return shown[1]
            raise
        found = self._call("GET", f"{self._session}/title")
        assert isinstance(found, str)
        return found

    def close(self) -> None:
        with contextlib.suppress(BrowserEnded):
            self._call("DELETE", self._session)

    def _call(self, method: str, url: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            raise BrowserEnded(refused.read().decode(errors="replace")) from None


@contextlib.contextmanager
def browser(environment: Mapping[str, str], profile: Path) -> Iterator[Browser]:
    """A browser with a profile; chromedriver takes a free port and says which."""
    command = ["chromedriver", "--port=0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout is not None
            port = next(found[1] for line in driver.stdout if (found := re.search(r"successfully on port (\d+)", line)))
            made = Browser(f"http://127.0.0.1:{port}", profile)
            try:
                yield made
            finally:
                made.close()
        finally:
            driver.terminate()


@contextlib.contextmanager
def tls_server(folder: Path, clients: str, port: int = 0) -> Iterator[str]:
    """`examples/tls_server.py` with `server.pem` of the folder; its address."""
    command = ["python3", "examples/tls_server.py", str(port), "server.pem", clients]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
