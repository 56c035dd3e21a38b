"""What the page for people shows and switches, as JSON messages. The page is in `page/`.

To the page: `state` (card, faults, methods), `call` and `refused` (the journal). From the page: `do` with `fault`,
`restart` or `look`. Program control (`simcard eport-control`) speaks the same.
"""

from __future__ import annotations

import json
from pathlib import Path

from host_tools.eport_client.desk import Status
from host_tools.eport_client.faults import TEXTS, Fault, Faults
from host_tools.eport_client.identity import Certificate, Holder
from host_tools.eport_client.methods import METHODS
from host_tools.eport_client.wording import Lang

PAGE = Path(__file__).parent / "page"
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/texts.js": ("texts.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def asset(path: str) -> tuple[bytes, str] | None:
    """Body and type of a file of the page, None when there is none."""
    if path not in FILES:
        return None
    name, kind = FILES[path]
    return (PAGE / name).read_bytes(), kind


def state(status: Status, faults: Faults, lang: Lang) -> dict[str, object]:
    """Everything the page shows beside the journal."""
    problem = status.problem
    return {
        "type": "state",
        "lang": lang.value,
        "reader": status.reader,
        "problem": [problem.text.zh, problem.text.en, problem.symbol] if problem else None,
        "holder": _holder(status.holder) if status.holder else None,
        "certificate": _certificate(status.certificate) if status.certificate else None,
        "pin": {"left": status.tries_left, "of": status.tries, "verified": status.opened},
        "expired": status.expired,
        "faults": [
            {"name": fault.value, "zh": TEXTS[fault].zh, "en": TEXTS[fault].en, "on": fault in faults}
            for fault in Fault
        ],
    }


def methods() -> dict[str, object]:
    """The methods a person may try."""
    rows = [{"name": method.name, "args": method.args, "shape": method.shape.value} for method in METHODS.values()]
    return {"type": "methods", "methods": rows}


def _holder(holder: Holder) -> dict[str, str]:
    return {
        "kind": holder.kind,
        "name": holder.name,
        "card": holder.card_number,
        "unit": holder.unit,
        "code": holder.unit_code,
        "credit": holder.credit_code,
    }


def _certificate(certificate: Certificate) -> dict[str, str]:
    key = certificate.key
    return {
        "number": certificate.number,
        "key": f"{key.kind.value.upper()}-{key.bits}",
        "start": f"{certificate.start:%Y-%m-%d}",
        "end": f"{certificate.end:%Y-%m-%d}",
    }


def command(message: str | bytes) -> dict[str, object]:
    """What the page wants; an empty dictionary for anything that cannot be read."""
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def switch(faults: Faults, wanted: dict[str, object]) -> bool:
    """Switch a fault as a command says; whether there is such a fault."""
    name, on = wanted.get("fault"), wanted.get("on")
    if name not in set(Fault) or not isinstance(on, bool):
        return False
    faults.switch(Fault(str(name)), on)
    return True
