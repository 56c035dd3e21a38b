"""What is wrong with a notice 179 upload, down to the byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from host_tools.customs import notice179, suspects
from host_tools.customs.compare import first_difference
from host_tools.customs.findings import Finding, doubtful, wrong
from host_tools.customs.notice179 import NUMBER, SESSION, VALUE, Notice, Upload
from host_tools.customs.suspects import Case, Suspect
from host_tools.eport_client.identity import Certificate
from host_tools.eport_client.signatures import NationalCrypto
from host_tools.eport_client.wording import Text

SESSION_LENGTH = 36
_AMOUNT = re.compile(r'"totalAmount"\s*:\s*("?)([^",}\s]+)')
_GUID = re.compile(r'"guid"\s*:\s*"([^"]*)"')


def look(
    upload: Upload, certificate: Certificate | None, sm2: NationalCrypto, signed: bytes | None = None
) -> tuple[Finding, ...]:
    """Everything there is to say. Without a certificate the signature cannot be looked into."""
    found = [*members(upload), *habits(upload.notice)]
    if certificate is not None:
        found += number(upload.number, certificate)
        found += signature(upload, certificate, sm2, signed)
    elif signed is not None:
        found += _compared(upload.notice, signed)
    return tuple(found)


def members(upload: Upload) -> Iterator[Finding]:
    """Members that must not be empty."""
    notice = upload.notice
    values = (notice.session, notice.head, notice.lists, notice.time, upload.number, upload.signature)
    for name, value in zip(notice179.MEMBERS, values):
        if not value:
            yield wrong(name, "为空", "it is empty")


def habits(notice: Notice) -> Iterator[Finding]:
    """What the receiving side is known to trip over."""
    for quote, amount in _AMOUNT.findall(notice.head):
        if quote or ("." in amount and amount.endswith("0")):
            zh = f"totalAmount写作{quote}{amount}{quote}，应为数字且去掉末尾的0"
            yield doubtful("totalAmount", zh, f"it is {quote}{amount}{quote}; write a number without trailing zeros")
    for guid in _GUID.findall(notice.head):
        if guid != guid.upper():
            yield doubtful("guid", "应为大写", "it should be in upper case")
    if notice.time and not notice.time.isdigit():
        yield wrong("serviceTime", "应为毫秒数", "it must be milliseconds")
    if len(notice.session) > SESSION_LENGTH:
        yield doubtful(SESSION, f"超过{SESSION_LENGTH}个字符", f"it has more than {SESSION_LENGTH} characters")


def number(said: str, certificate: Certificate) -> Iterator[Finding]:
    """Whether certNo is the certificate's."""
    if said == certificate.number:
        return
    if said.lower() == certificate.number:
        yield wrong(NUMBER, "应为小写", "it must be in lower case")
    else:
        zh = f"是“{said}”，证书的编号是“{certificate.number}”"
        yield wrong(NUMBER, zh, f"it is {said!r}; the number of the certificate is {certificate.number!r}")


def signature(
    upload: Upload, certificate: Certificate, sm2: NationalCrypto, signed: bytes | None = None
) -> list[Finding]:
    """Whether the signature is good, and which mistake explains it when it is not."""
    value, found = suspects.decoded(VALUE, upload.signature)
    if not value:
        return found
    mistakes = tuple(_signed_by_mistake(upload.notice, signed))
    case = Case(VALUE, certificate.key, upload.notice.to_sign.encode(), mistakes)
    return [*_compared(upload.notice, signed), *found, *suspects.trace(case, value, sm2)]


def _compared(notice: Notice, signed: bytes | None) -> list[Finding]:
    difference = first_difference(notice.to_sign.encode(), signed) if signed is not None else None
    return [wrong("string", difference.zh, difference.en)] if difference else []


def _signed_by_mistake(notice: Notice, signed: bytes | None) -> Iterator[Suspect]:
    """What people give to the card instead of the string."""
    if signed is not None:
        yield Suspect(signed, Text("签的是所给的文件", "what was signed is the file you named"))
    right = notice.to_sign
    quoted = [json.dumps(part, ensure_ascii=False)[1:-1] for part in (notice.head, notice.lists)]
    escaped = Notice(notice.session, quoted[0], quoted[1], notice.time).to_sign
    yield Suspect(escaped.encode(), Text("内层引号被转义", "the inner quotes are escaped"))
    bare = right.replace(':"{', ":{").replace('}"||', "}||").replace(':"[', ":[").replace(']"||', "]||")
    yield Suspect(bare.encode(), Text("内层JSON两边缺少引号", "the quotes around the inner JSON are missing"))
    for replaced, by in (("=", "\\u003d"), ("&", "\\u0026"), ("<", "\\u003c"), (">", "\\u003e"), ("'", "\\u0027")):
        mistake = Text(f"{replaced}被写成{by}（Gson）", f"{replaced} is written {by} (Gson)")
        if replaced in right:
            yield Suspect(right.replace(replaced, by).encode(), mistake)
    yield Suspect(_compact(notice), Text("签的是重新紧凑化的JSON", "the JSON was made compact before it was signed"))
    ascii_only = Notice(notice.session, _ascii(notice.head), _ascii(notice.lists), notice.time).to_sign
    yield Suspect(ascii_only.encode(), Text("中文被写成\\u转义", "characters are written as \\u escapes"))
    parts = right.split("||")
    yield Suspect(
        "||".join(sorted(parts)).encode(), Text("字段顺序不对（按字母排序）", "the members are sorted by name")
    )
    yield Suspect("&".join(parts).encode(), Text("分隔符应为||", "the separator must be ||"))
    yield Suspect(right.encode("gbk", "replace"), Text("用了GBK编码，应为UTF-8", "it is GBK and must be UTF-8"))
    yield Suspect(right.encode() + b"\n", Text("末尾多了换行", "a line break was added at the end"))
    body = Upload(notice, "", "").body()
    yield Suspect(body.encode(), Text("签的是整个JSON", "the whole JSON was signed"))


def _ascii(text: str) -> str:
    return "".join(char if char < "\x7f" else json.dumps(char)[1:-1] for char in text)


def _compact(notice: Notice) -> bytes:
    try:
        parts = [
            json.dumps(json.loads(part), ensure_ascii=False, separators=(",", ":"))
            for part in (notice.head, notice.lists)
        ]
    except (ValueError, RecursionError):
        return b""
    return Notice(notice.session, parts[0], parts[1], notice.time).to_sign.encode()
