"""Notice 179: string, upload, explanation and the stand-in for the endpoint."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import pytest

from host_tools.customs import explain_179, notice179
from host_tools.customs.compare import first_difference
from host_tools.customs.findings import Finding, Grade, NotReadable
from host_tools.customs.notice179 import Upload
from host_tools.customs.upload_stand import PATH, UploadDesk, serve
from host_tools.eport_client.wording import Lang
from tests.eport_client import openssl
from tests.eport_client.recipes import NATIONAL, NOTICE, STRING, signer
from tests.eport_client.support import PROFILES, RSA, SM2

PARSED = notice179.notice(NOTICE.encode())


def signed(profile: str = SM2) -> Upload:
    return notice179.sign(PARSED, signer(profile))


def wrongs(upload: Upload, profile: str = SM2, given: bytes | None = None) -> list[Finding]:
    found = explain_179.look(upload, signer(profile).certificate, NATIONAL, given)
    return [finding for finding in found if finding.grade is Grade.WRONG]


def test_the_string_has_fixed_order_and_unescaped_quotes() -> None:
    assert STRING == PARSED.to_sign


def test_the_order_of_the_members_in_the_file_does_not_matter() -> None:
    members = json.loads(NOTICE)
    turned = json.dumps(dict(reversed(members.items())), ensure_ascii=False, separators=(",", ":"))
    assert STRING == notice179.notice(turned.encode()).to_sign


def test_inner_json_may_be_given_as_text() -> None:
    members = json.loads(NOTICE)
    members["payExchangeInfoHead"] = PARSED.head
    dumped = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    assert STRING == notice179.notice(dumped.encode()).to_sign


@pytest.mark.parametrize("profile", PROFILES)
def test_the_signature_is_over_the_string_in_utf_8(profile: str) -> None:
    made = signed(profile)
    assert openssl.verifies(signer(profile).certificate.der, STRING.encode(), b64decode(made.signature))


def test_the_upload_keeps_the_inner_json_byte_for_byte() -> None:
    made = signed()
    assert PARSED.head in made.body()
    assert made == notice179.upload(made.body().encode())
    assert made == notice179.upload(made.form())
    assert made.body() == parse_qs(made.form().decode())["payExInfoStr"][0]


@pytest.mark.parametrize("bad", [b"", b"[]", b"{", b'{"a":}', b"payExInfoStr=%FF", b"[" * 10_000])
def test_what_is_no_notice_is_refused(bad: bytes) -> None:
    with pytest.raises(NotReadable):
        notice179.upload(bad)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_good_upload_has_nothing_wrong(profile: str) -> None:
    assert [] == wrongs(signed(profile), profile)


def over(text: str | bytes, profile: str) -> Upload:
    """An upload whose signature was made over something else."""
    from base64 import b64encode

    body = text if isinstance(text, bytes) else text.encode()
    return replace(signed(profile), signature=b64encode(signer(profile).sign(body)).decode())


MISTAKES: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "gson": (lambda: STRING.replace("=", "\\u003d"), "Gson"),
    "sorted": (lambda: "||".join(sorted(STRING.split("||"))), "sorted by name"),
    "bare": (
        lambda: STRING.replace('"{', "{").replace('}"', "}").replace('"[', "[").replace(']"', "]"),
        "quotes around",
    ),
    "gbk": (lambda: STRING.encode("gbk"), "GBK"),
    "line break": (lambda: STRING + "\n", "line break"),
    "json": (lambda: Upload(PARSED, "", "").body(), "whole JSON"),
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", MISTAKES)
def test_a_signature_over_another_string_is_explained(profile: str, name: str) -> None:
    text, words = MISTAKES[name]
    found = wrongs(over(text(), profile), profile)
    assert words in found[0].text.en
    assert "byte" in found[-1].text.en


def test_escaped_inner_quotes_are_found() -> None:
    escaped = [json.dumps(part, ensure_ascii=False)[1:-1] for part in (PARSED.head, PARSED.lists)]
    text = replace(PARSED, head=escaped[0], lists=escaped[1]).to_sign
    assert "the inner quotes are escaped" == wrongs(over(text, SM2))[0].text.en


def test_the_certificate_number_must_be_lower_case() -> None:
    made = replace(signed(RSA), number="0099000A")
    certificate = replace(signer(RSA).certificate, number="0099000a")
    assert ["it must be in lower case"] == [finding.text.en for finding in explain_179.number(made.number, certificate)]


def test_given_bytes_are_compared_even_without_a_certificate() -> None:
    found = explain_179.look(signed(), None, NATIONAL, STRING.replace("测试", "测式").encode())
    assert "must be 0xE8 and is 0xE5" in " ".join(finding.text.en for finding in found)


@pytest.mark.parametrize(
    ("one", "other", "offset"), [(b"abc", b"abd", 2), (b"abc", b"ab", 2), (b"", b"x", 0), (b"ab", b"abc", 2)]
)
def test_the_first_difference(one: bytes, other: bytes, offset: int) -> None:
    found = first_difference(one, other)
    assert found is not None and offset == found.offset
    assert first_difference(one, one) is None


# -- the stand-in


def desk(as_real: bool = False) -> UploadDesk:
    certificate = signer(SM2).certificate
    return UploadDesk({certificate.number: certificate}, NATIONAL, lambda: 1544519952469, Lang.EN, as_real)


def judged(upload: Upload, where: UploadDesk | None = None) -> tuple[object, object]:
    answer = (where or desk()).judge(upload.form())
    return answer["code"], answer["message"]


def test_a_good_upload_is_taken_once() -> None:
    where = desk()
    assert ("10000", "uploaded") == judged(signed(), where)
    assert ("20000", "sessionID: it was used before") == judged(signed(), where)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number": ""}, "certNo: it is empty"),
        ({"signature": ""}, "signValue: it is empty"),
        ({"number": "0300000000000009"}, "not registered"),
        ({"signature": "AAAA"}, "signValue: it has 3 bytes"),
        ({"notice": replace(PARSED, lists="[]")}, "signValue"),
    ],
)
def test_a_bad_upload_is_refused_with_the_reason(change: dict[str, object], words: str) -> None:
    code, said = judged(replace(signed(), **change))  # type: ignore[arg-type]  # the table holds one field each
    assert ("20000", True) == (code, words in str(said))


def test_as_the_real_one_no_signature_is_checked() -> None:
    assert ("10000", "uploaded") == judged(replace(signed(), notice=replace(PARSED, lists="[]")), desk(as_real=True))


def test_something_else_than_a_form_is_refused() -> None:
    assert "20000" == desk().judge(b"\xff\x00")["code"]


@contextmanager
def running(where: UploadDesk) -> Iterator[str]:
    with serve(where, "127.0.0.1", 0, lambda answer: None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_stand_in_over_http() -> None:
    with running(desk()) as address, urlopen(Request(address + PATH, signed().form())) as answer:
        expected = {"code": "10000", "message": "uploaded", "total": 0, "serviceTime": 1544519952469}
        assert expected == json.loads(answer.read())
