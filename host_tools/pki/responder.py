"""The HTTP side of a test authority: lists, answers and certificates, on the loopback interface only.

    GET  /crl/sm2.crl, /crl/rsa.crl        revocation list, DER (RFC 5280, 4.2.1.13)
    GET  /ca/sm2-root.cer, -issuing.cer    the authority's certificates, DER
    POST /ocsp                             an OCSP question (RFC 6960, A.1)
    GET  /ocsp/BASE64                      the same in the address

A question tells by its hashes which generation it is for; each authority is asked until one knows the issuer.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Lock, Thread
from urllib.parse import unquote

from host_tools.errors import BadEncoding, CannotServe
from host_tools.pki import ocsp
from host_tools.pki.authority import Authority
from host_tools.pki.generation import Generation
from host_tools.pki.ocsp import Question, Status

LONGEST_QUESTION = 65536
PATIENCE = 10.0
"""Seconds a client may take over one request."""
CRL_TYPE, CERTIFICATE_TYPE, ANSWER_TYPE = "application/pkix-crl", "application/pkix-cert", "application/ocsp-response"


@dataclass(frozen=True, slots=True)
class Page:
    """What is sent back."""

    status: HTTPStatus
    type: str = "text/plain"
    body: bytes = b""


NOT_FOUND = Page(HTTPStatus.NOT_FOUND, body=b"not found\n")
TOO_LARGE = Page(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, body=b"too large\n")


class Pages:
    """The answers, without any network: `get` and `post` give pages."""

    def __init__(self, authorities: Mapping[Generation, Authority]) -> None:
        self._authorities = authorities
        self._lock = Lock()
        self._pages: dict[str, Callable[[], Page]] = {}
        for generation, authority in authorities.items():
            self._add(generation.value, authority)

    def _add(self, name: str, authority: Authority) -> None:
        self._pages[f"/crl/{name}.crl"] = lambda: _ok(CRL_TYPE, authority.crl())
        self._pages[f"/ca/{name}-root.cer"] = lambda: _ok(CERTIFICATE_TYPE, authority.chain.root.encoded)
        self._pages[f"/ca/{name}-issuing.cer"] = lambda: _ok(CERTIFICATE_TYPE, authority.chain.issuing.encoded)

    def get(self, path: str) -> Page:
        """The page at an address."""
        if path.startswith("/ocsp/"):
            try:
                return self._answer(b64decode(unquote(path.removeprefix("/ocsp/")), validate=True))
            except ValueError:
                return _ok(ANSWER_TYPE, ocsp.refusal(Status.MALFORMED_REQUEST))
        page = self._pages.get(path)
        with self._lock:
            return NOT_FOUND if page is None else page()

    def post(self, path: str, body: bytes) -> Page:
        """The answer to a question."""
        return self._answer(body) if path.rstrip("/") == "/ocsp" else NOT_FOUND

    def _answer(self, body: bytes) -> Page:
        try:
            asked = Question.parse(body).asked
        except BadEncoding:
            return _ok(ANSWER_TYPE, ocsp.refusal(Status.MALFORMED_REQUEST))
        with self._lock:
            for authority in self._authorities.values():
                if any(each.is_of(authority.chain.issuing) for each in asked):
                    return _ok(ANSWER_TYPE, authority.ocsp(body))
        return _ok(ANSWER_TYPE, ocsp.refusal(Status.UNAUTHORIZED))


def _ok(type_: str, body: bytes) -> Page:
    return Page(HTTPStatus.OK, type_, body)


class _Handler(BaseHTTPRequestHandler):
    """Joins a socket to `Pages`; the server carries them."""

    timeout = PATIENCE
    server_version = "simcard-test-ca"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        self._give(self.server.pages.get(self.path))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST_QUESTION:
            self.close_connection = True
            self._give(TOO_LARGE)
            return
        self._give(self.server.pages.post(self.path, self.rfile.read(int(length))))

    def _give(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.type)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        self.wfile.write(page.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        self.server.note(format % args)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], pages: Pages, note: Callable[[str], None]) -> None:
        self.pages = pages
        self.note = note
        super().__init__(address, _Handler)


def server(pages: Pages, host: str, port: int, note: Callable[[str], None] = lambda line: None) -> ThreadingHTTPServer:
    """A server bound to a loopback address; port 0 takes a free one. `CannotServe` for any other address.

    `note` gets one line a request.
    """
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise CannotServe(f"{host}: a test authority serves the loopback interface only (127.0.0.1)")
    try:
        return _Server((host, port), pages, note)
    except OSError as error:
        raise CannotServe(f"{host}:{port}: cannot be had ({error.strerror})") from None


@contextmanager
def serving(pages: Pages) -> Iterator[str]:
    """A server in a thread for as long as the context lasts; gives its base address."""
    running = server(pages, "127.0.0.1", 0)
    thread = Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        running.server_close()
        thread.join()
