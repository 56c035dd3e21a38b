"""A local stand-in for the upload endpoint of notice 179: it says 10000, or 20000 and why.

It refuses what the real one is known to refuse: empty members, a certificate that is not registered, a sessionID used
before. Unlike the real one, which was seen to accept a signature of another card of the enterprise, it checks the
signature; `as_real` leaves that out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from host_tools.customs import explain_179, notice179
from host_tools.customs.findings import Finding, Grade, NotReadable, wrong
from host_tools.customs.notice179 import SESSION, Upload
from host_tools.eport_client.identity import Certificate
from host_tools.eport_client.signatures import NationalCrypto
from host_tools.eport_client.wording import Lang
from host_tools.errors import CannotServe

PATH = notice179.PATH
OK, FAILED = "10000", "20000"
SECONDS = 30
MOST_SESSIONS = 100_000
_USED_BEFORE = wrong(SESSION, "已用过，入库失败", "it was used before")


@dataclass(slots=True)
class UploadDesk:
    """Judges uploads. `registered` are the certificates by number; `now` gives milliseconds since 1970."""

    registered: dict[str, Certificate]
    sm2: NationalCrypto
    now: Callable[[], int]
    lang: Lang = Lang.ZH
    as_real: bool = False
    seen: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def judge(self, form: bytes) -> dict[str, object]:
        """The answer to a POST."""
        try:
            upload = notice179.upload(form)
        except NotReadable as error:
            return self._answer(FAILED, str(error))
        faults = [finding for finding in self._look(upload) if finding.grade is Grade.WRONG]
        if faults:
            return self._answer(FAILED, ";  ".join(fault.say(self.lang) for fault in faults))
        if not self._first_time(upload.notice.session):
            return self._answer(FAILED, _USED_BEFORE.say(self.lang))
        return self._answer(OK, "上传成功" if self.lang is Lang.ZH else "uploaded")

    def _first_time(self, session: str) -> bool:
        with self._lock:
            if session in self.seen or len(self.seen) >= MOST_SESSIONS:
                return False
            self.seen.add(session)
            return True

    def _look(self, upload: Upload) -> list[Finding]:
        empty = list(explain_179.members(upload))
        if empty:
            return empty
        if upload.notice.session in self.seen:
            return [_USED_BEFORE]
        certificate = self.registered.get(upload.number)
        if certificate is None:
            return [self._unregistered(upload.number)]
        checked = [] if self.as_real else explain_179.signature(upload, certificate, self.sm2)
        return [*explain_179.habits(upload.notice), *checked]

    def _unregistered(self, number: str) -> Finding:
        if number.lower() in self.registered:
            return wrong(notice179.NUMBER, f"“{number}”未登记：应为小写", f"{number!r} must be in lower case")
        return wrong(notice179.NUMBER, f"验签证书“{number}”未登记", f"certificate {number!r} is not registered")

    def _answer(self, code: str, message: str) -> dict[str, object]:
        return {"code": code, "message": message, "total": 0, "serviceTime": self.now()}


def serve(desk: UploadDesk, host: str, port: int, note: Callable[[dict[str, object]], None]) -> ThreadingHTTPServer:
    """A server that is bound and not yet serving; `CannotServe`. `note` sees every answer."""

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != notice179.PATH or not length.isdigit() or int(length) > notice179.LARGEST:
                self.send_error(404 if self.path != notice179.PATH else 413)
                return
            answer = desk.judge(self.rfile.read(int(length)))
            note(answer)
            body = json.dumps(answer, ensure_ascii=False).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
            """Nothing: `note` tells what there is to tell."""

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise CannotServe(f"{host}:{port} cannot be had ({error.strerror}); choose another with --port") from None
