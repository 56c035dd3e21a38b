"""Notice 179: the real-time data that platforms upload, the string that is signed, and the form that is sent.

The string has four members in fixed order, each `"name":"value"`, joined by `||`; the two inner JSON texts stand in it
as they are, their quotes not escaped, and must be the very text that is uploaded. certNo is lower case. The upload is
one form field, payExInfoStr, whose JSON has the same members and certNo and signValue beside them.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

import msgspec

from host_tools.customs.findings import NotReadable
from host_tools.customs.signer import Signer

SESSION, HEAD, LISTS, TIME = "sessionID", "payExchangeInfoHead", "payExchangeInfoLists", "serviceTime"
NUMBER, VALUE = "certNo", "signValue"
SIGNED = (SESSION, HEAD, LISTS, TIME)
MEMBERS = (*SIGNED, NUMBER, VALUE)
FORM_FIELD = "payExInfoStr"
PATH = "/ceb2grab/grab/realTimeDataUpload"
LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Notice:
    """The four signed members, each as the text that stands in the string: `head` and `lists` are JSON texts."""

    session: str
    head: str
    lists: str
    time: str

    @property
    def to_sign(self) -> str:
        """What goes to the card, UTF-8."""
        values = (self.session, self.head, self.lists, self.time)
        return "||".join(f'"{name}":"{value}"' for name, value in zip(SIGNED, values))


@dataclass(frozen=True, slots=True)
class Upload:
    """A notice with its signature, as uploaded."""

    notice: Notice
    number: str
    signature: str

    def body(self) -> str:
        """The JSON of the form field; the inner JSON texts stand in it byte for byte."""
        notice = self.notice
        members = {SESSION: _json(notice.session), HEAD: notice.head, LISTS: notice.lists, TIME: _json(notice.time)}
        members |= {NUMBER: _json(self.number), VALUE: _json(self.signature)}
        return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"

    def form(self) -> bytes:
        """The body of the POST."""
        return urlencode({FORM_FIELD: self.body()}).encode()


def notice(data: bytes) -> Notice:
    """The notice in a JSON object with the four members; further ones do not matter. `NotReadable`."""
    return _notice(_members(data))


def upload(data: bytes) -> Upload:
    """The upload in a JSON object, or in a form that holds one; members that are missing are empty. `NotReadable`."""
    found = _members(_unwrapped(data))
    return Upload(_notice(found), _plain(found.get(NUMBER)), _plain(found.get(VALUE)))


def sign(found: Notice, signer: Signer) -> Upload:
    """The upload with the signature of a card."""
    signature = b64encode(signer.sign(found.to_sign.encode())).decode()
    return Upload(found, signer.certificate.number, signature)


def _unwrapped(data: bytes) -> bytes:
    """The JSON inside a form, or the data themselves."""
    if not data.lstrip().startswith(FORM_FIELD.encode()):
        return data
    try:
        found = parse_qs(data.decode().strip(), keep_blank_values=True)
    except ValueError:
        raise NotReadable("the form is not URL-encoded UTF-8") from None
    return found[FORM_FIELD][0].encode() if FORM_FIELD in found else data


def _members(data: bytes) -> dict[str, msgspec.Raw]:
    if len(data) > LARGEST:
        raise NotReadable(f"the notice has more than {LARGEST} bytes")
    try:
        # Raw keeps each member's text as it was sent: that text is what was signed.
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotReadable(f"the notice is not a JSON object: {error}") from None


def _notice(members: dict[str, msgspec.Raw]) -> Notice:
    return Notice(
        _plain(members.get(SESSION)), _inner(members.get(HEAD)), _inner(members.get(LISTS)), _plain(members.get(TIME))
    )


def _plain(raw: msgspec.Raw | None) -> str:
    """A string or a number as text."""
    if raw is None:
        return ""
    value = json.loads(bytes(raw))
    return value if isinstance(value, str) else bytes(raw).decode()


def _inner(raw: msgspec.Raw | None) -> str:
    """A nested JSON value as it is written, or the text of a string that holds one."""
    return _plain(raw)


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
