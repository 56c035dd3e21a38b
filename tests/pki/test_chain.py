"""Whether a certificate is to be trusted: chains, dates, lists and answers, with every refusal (M7, M12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from host_tools.errors import BadEncoding, BadSignature, NotTrusted
from host_tools.pki import der, ocsp, tree
from host_tools.pki.chain import check_revocation, verify_chain
from host_tools.pki.der import Extension
from host_tools.pki.keys import Hash
from host_tools.pki.ocsp import Unknown
from host_tools.pki.revocation import Reason, RevocationList
from host_tools.pki.signed import Signed, sign
from host_tools.pki.tree import Reader
from host_tools.pki.view import read_extensions, write_extensions
from tests.pki.support import BOTH, CASES, NOW, SM2, SUBJECT, SetClock, asked, authority, pair_of, soft_key


@pytest.mark.parametrize("case", CASES)
def test_a_chain_leads_to_the_root(case: str) -> None:
    made, pair = pair_of(case)
    chain = verify_chain(pair.signing, [made.chain.issuing], [made.chain.root], NOW, SM2)
    assert (pair.signing, made.chain.issuing, made.chain.root) == chain


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        (datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 22, tzinfo=UTC), True),
        (datetime(2036, 11, 22, tzinfo=UTC), True),
        (datetime(2036, 11, 22, 0, 0, 1, tzinfo=UTC), False),
    ],
)
def test_a_certificate_is_good_from_its_first_to_its_last_second(moment: datetime, good: bool) -> None:
    made, pair = pair_of("sm2")
    try:
        verify_chain(pair.signing, [made.chain.issuing], [made.chain.root], moment, SM2)
        found = True
    except NotTrusted:
        found = False
    assert good == found


@pytest.mark.parametrize("case", BOTH)
def test_without_the_issuer_there_is_no_chain(case: str) -> None:
    made, pair = pair_of(case)
    with pytest.raises(NotTrusted, match="not known here"):
        verify_chain(pair.signing, [], [made.chain.root], NOW, SM2)


def test_an_authority_of_the_same_name_is_not_the_authority() -> None:
    made, pair = pair_of("sm2")
    forged = replace(made.chain.issuing, key=pair.signing.key)
    with pytest.raises(BadSignature):
        verify_chain(pair.signing, [forged], [made.chain.root], NOW, SM2)


def test_a_root_that_is_only_sent_along_is_not_trusted() -> None:
    made, pair = pair_of("sm2")
    with pytest.raises(NotTrusted, match="circle"):
        verify_chain(pair.signing, [made.chain.issuing, made.chain.root], [], NOW, SM2)


def test_a_holder_is_no_authority() -> None:
    made, pair = pair_of("sm2")
    child = replace(pair.exchange, issuer=pair.signing.subject, subject=b"\x30\x00")
    with pytest.raises(NotTrusted, match="may not issue"):
        verify_chain(child, [pair.signing, made.chain.issuing], [made.chain.root], NOW, SM2)


def test_the_length_of_a_path_is_kept() -> None:
    made, pair = pair_of("sm2")
    middle = replace(made.chain.issuing, subject=b"\x30\x00", issuer=made.chain.issuing.subject)
    leaf = replace(pair.signing, issuer=b"\x30\x00")
    with pytest.raises((NotTrusted, BadSignature)):
        verify_chain(leaf, [middle, made.chain.issuing], [made.chain.root], NOW, SM2)


def test_an_unknown_critical_extension_is_refused() -> None:
    made, pair = pair_of("sm2")
    strange = replace(pair.signing, extensions=(*pair.signing.extensions, Extension("1.2.3", True, b"")))
    with pytest.raises(NotTrusted, match=r"critical extension 1\.2\.3"):
        verify_chain(strange, [made.chain.issuing], [made.chain.root], NOW, SM2)


def test_an_authority_must_say_yes_in_der() -> None:
    issuing = pair_of("sm2")[0].chain.issuing
    for content, expected in ((b"\xff", True), (b"\x00", False)):
        value = tree.sequence(der.element(tree.BOOLEAN, content))
        assert expected == replace(issuing, extensions=(Extension("2.5.29.19", True, value),)).is_authority


def test_an_extension_that_stands_twice_is_refused() -> None:
    pair = pair_of("sm2")[1]
    row = write_extensions(pair.signing.extensions[:1])
    twice = tree.sequence(*(each.encoded for each in der.elements(der.elements(row)[0].content) * 2))
    with pytest.raises(BadEncoding, match="twice"):
        read_extensions(Reader(twice, "certificate"))


# -- lists


def test_a_list_of_some_certificates_only_is_refused() -> None:
    made = authority("sm2")
    found = Signed.parse(made.crl(), "list")
    rows = Reader.of(found.tbs, "list")
    parts = [rows.next().encoded for _ in range(5)]
    partial = tree.tagged(0, write_extensions((Extension("2.5.29.28", True, tree.sequence()),)))
    body = sign(tree.sequence(*parts, partial), soft_key("sm2", "issuing").issuer(Hash.SM3))
    with pytest.raises(BadEncoding, match="critical"):
        RevocationList.parse(body)


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize(("reason", "said"), [(Reason.HOLD, "is on hold"), (Reason.KEY_COMPROMISE, "was revoked")])
def test_a_revoked_certificate_is_refused(case: str, reason: Reason, said: str) -> None:
    made = authority(case)
    leaf, other = (made.issue(asked(case, name), SUBJECT) for name in ("holder", "a"))
    made.revoke(leaf.serial, reason)
    found = RevocationList.parse(made.crl())
    check_revocation(other, made.chain.issuing, found, NOW, SM2)
    with pytest.raises(NotTrusted, match=said):
        check_revocation(leaf, made.chain.issuing, found, NOW, SM2)


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize(("after", "good"), [(-1, False), (0, True), (7 * 86400, True), (7 * 86400 + 1, False)])
def test_a_list_is_believed_for_seven_days(case: str, after: int, good: bool) -> None:
    made = authority(case)
    found = RevocationList.parse(made.crl())
    moment = NOW + timedelta(seconds=after)
    if good:
        found.check(made.chain.issuing, moment, SM2)
    else:
        with pytest.raises(NotTrusted, match="not valid now"):
            found.check(made.chain.issuing, moment, SM2)


def test_a_list_of_somebody_else_is_refused() -> None:
    made = authority("sm2")
    with pytest.raises(NotTrusted, match="not of the authority"):
        RevocationList.parse(made.crl()).check(made.chain.root, NOW, SM2)


@pytest.mark.parametrize("case", BOTH)
def test_a_forged_list_is_refused(case: str) -> None:
    made = authority(case)
    body = bytearray(made.crl())
    body[-1] ^= 1
    with pytest.raises(BadSignature):
        RevocationList.parse(bytes(body)).check(made.chain.issuing, NOW, SM2)


def test_lists_are_numbered() -> None:
    made = authority("sm2")
    assert [1, 2, 3] == [RevocationList.parse(made.crl()).number for _ in range(3)]


# -- answers


@pytest.mark.parametrize("case", BOTH)
@pytest.mark.parametrize("hash_", [Hash.SHA1, Hash.SHA256, Hash.SM3])
def test_an_answer_is_read(case: str, hash_: Hash) -> None:
    made = authority(case)
    leaf = made.issue(asked(case), SUBJECT)
    question = ocsp.ask(leaf, made.chain.issuing, b"nonce", hash_)
    assert None is ocsp.read_answer(made.ocsp(question), question, made.chain.issuing, NOW, SM2).verdict
    made.revoke(leaf.serial, Reason.HOLD)
    found = ocsp.read_answer(made.ocsp(question), question, made.chain.issuing, NOW, SM2).verdict
    assert made.entry(leaf.serial).revoked == found


def test_a_number_never_given_is_unknown() -> None:
    made, pair = pair_of("sm2")
    question = ocsp.ask(replace(pair.signing, serial=1 << 100), made.chain.issuing)
    found = ocsp.read_answer(made.ocsp(question), question, made.chain.issuing, NOW, SM2).verdict
    assert isinstance(found, Unknown)


def test_an_answer_to_another_nonce_is_refused() -> None:
    made, pair = pair_of("sm2")
    first, second = (ocsp.ask(pair.signing, made.chain.issuing, nonce) for nonce in (b"one", b"two"))
    with pytest.raises(NotTrusted, match="nonce"):
        ocsp.read_answer(made.ocsp(first), second, made.chain.issuing, NOW, SM2)


def test_an_answer_about_another_certificate_is_refused() -> None:
    made, pair = pair_of("sm2")
    first, second = (ocsp.ask(each, made.chain.issuing) for each in (pair.signing, pair.exchange))
    with pytest.raises(NotTrusted, match="says nothing"):
        ocsp.read_answer(made.ocsp(first), second, made.chain.issuing, NOW, SM2)


@pytest.mark.parametrize("after", [-1, 3601])
def test_an_answer_of_another_time_is_refused(after: int) -> None:
    clock = SetClock()
    made = authority("sm2", clock)
    question = ocsp.ask(made.issue(asked("sm2"), SUBJECT), made.chain.issuing)
    body = made.ocsp(question)
    with pytest.raises(NotTrusted, match="not of this time"):
        ocsp.read_answer(body, question, made.chain.issuing, NOW + timedelta(seconds=after), SM2)


def test_an_answer_by_another_authority_is_refused() -> None:
    made, pair = pair_of("sm2")
    question = ocsp.ask(pair.signing, made.chain.issuing)
    with pytest.raises(BadSignature):
        ocsp.read_answer(made.ocsp(question), question, made.chain.root, NOW, SM2)


def test_a_question_that_is_none_is_answered_by_that() -> None:
    assert bytes.fromhex("30030a0101") == authority("sm2").ocsp(b"what?")
