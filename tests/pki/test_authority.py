"""What an authority grants, what it refuses, and that it can be asked twice (M6, M7)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from host_tools.errors import AuthorityProblem, BadSignature
from host_tools.pki import request
from host_tools.pki.certificate import Use
from host_tools.pki.generation import Generation, Subject
from host_tools.pki.keys import PublicKey
from host_tools.pki.ledger import Ledger
from host_tools.pki.revocation import Reason
from host_tools.pki.view import Certificate
from tests.pki.support import BOTH, NOW, SM2, SUBJECT, SetClock, asked, authority, holder


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 11, 22), date(2036, 11, 22)),
        (date(2028, 2, 29), date(2038, 2, 28)),
        (date(2030, 2, 28), date(2040, 2, 28)),
        (date(2040, 12, 31), date(2050, 12, 31)),
    ],
)
@pytest.mark.parametrize("case", BOTH)
def test_a_certificate_is_valid_for_ten_years_to_the_day(case: str, start: date, end: date) -> None:
    """M6."""
    made = authority(case).issue(asked(case), SUBJECT, start=start)
    midnights = tuple(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (start, end))
    assert midnights == (made.not_before, made.not_after)


@pytest.mark.parametrize("case", BOTH)
def test_the_clock_says_what_today_is(case: str) -> None:
    clock = SetClock()
    made = authority(case, clock)
    clock.moment = datetime(2032, 2, 29, 23, 59, tzinfo=UTC)
    assert datetime(2042, 2, 28, tzinfo=UTC) == made.issue(asked(case), SUBJECT).not_after


@pytest.mark.parametrize("case", BOTH)
def test_authorities_outlive_what_they_issue_today(case: str) -> None:
    chain = authority(case).chain
    assert (2056, 2051) == (chain.root.not_after.year, chain.issuing.not_after.year)


@pytest.mark.parametrize("start", [date(2026, 11, 21), date(2041, 11, 23), date(9999, 12, 31)])
def test_no_certificate_reaches_beyond_its_authority(start: date) -> None:
    with pytest.raises(AuthorityProblem, match="not within the validity"):
        authority("sm2").issue(asked("sm2"), SUBJECT, start=start)


@pytest.mark.parametrize("case", BOTH)
def test_asking_twice_gives_the_same_certificate(case: str) -> None:
    made = authority(case)
    assert made.issue(asked(case), SUBJECT) == made.issue(asked(case), SUBJECT)


@pytest.mark.parametrize("case", BOTH)
def test_asking_twice_for_a_pair_gives_the_same_pair(case: str) -> None:
    made = authority(case)
    first, second = (made.issue_pair(asked(case), SUBJECT) for _ in range(2))
    assert (first.signing, first.exchange) == (second.signing, second.exchange)


def test_a_pair_that_was_cut_short_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies after the exchange key was kept, before its certificate was issued."""
    book = Ledger()
    made = authority("sm2", ledger=book)

    whole = made.issue_key

    def dies(key: PublicKey, subject: Subject, use: Use, start: date | None = None) -> Certificate:
        if use is Use.EXCHANGE:
            raise KeyboardInterrupt
        return whole(key, subject, use, start)

    with monkeypatch.context() as patch:
        patch.setattr(made, "issue_key", dies)
        with pytest.raises(KeyboardInterrupt):
            made.issue_pair(asked("sm2"), SUBJECT)
    made.issue_pair(asked("sm2"), SUBJECT)
    assert [Use.SIGN, Use.EXCHANGE] == [each.use for each in book.entries(Generation.SM2)]


@pytest.mark.parametrize("case", BOTH)
def test_another_day_or_name_gives_another_certificate(case: str) -> None:
    clock = SetClock()
    made = authority(case, clock)
    first, renamed = made.issue(asked(case), SUBJECT), made.issue(asked(case), Subject("李四", "某进出口公司"))
    clock.moment = datetime(2036, 6, 1, tzinfo=UTC)
    renewed = made.issue(asked(case), SUBJECT)
    assert 3 == len({first.serial, renamed.serial, renewed.serial})


@pytest.mark.parametrize("case", BOTH)
def test_after_a_revocation_the_key_gets_a_new_certificate(case: str) -> None:
    made = authority(case)
    first = made.issue(asked(case), SUBJECT)
    made.revoke(first.serial, Reason.SUPERSEDED)
    assert first.serial + 1 == made.issue(asked(case), SUBJECT).serial


@pytest.mark.parametrize("case", BOTH)
def test_numbers_count_from_the_authoritys_own(case: str) -> None:
    made = authority(case)
    own = [made.chain.root.serial, made.chain.issuing.serial]
    serials = own + [made.issue(asked(case, name), SUBJECT).serial for name in ("holder", "a")]
    assert [Generation(case).first_serial + at for at in range(4)] == serials


def test_a_number_is_spent_even_if_nothing_comes_of_it() -> None:
    book = Ledger()
    assert book.spend_serial(Generation.SM2) + 1 == book.spend_serial(Generation.SM2)


def test_a_certificate_that_cannot_be_made_costs_no_number() -> None:
    book = Ledger()

    def fails(serial: int) -> Certificate:
        raise BadSignature(f"no signature for {serial}")

    with pytest.raises(BadSignature):
        book.issue(Generation.SM2, Use.SIGN, fails)
    assert [] == list(book.entries(Generation.SM2))
    assert Generation.SM2.first_serial == book.spend_serial(Generation.SM2)


@pytest.mark.parametrize("generation", Generation)
def test_numbers_end_where_their_form_ends(generation: Generation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Generation, "last_serial", property(lambda self: self.first_serial))
    book = Ledger()
    book.spend_serial(generation)
    with pytest.raises(AuthorityProblem, match="no numbers left"):
        book.spend_serial(generation)


def test_a_request_that_its_key_did_not_sign_is_refused() -> None:
    body = bytearray(asked("rsa"))
    body[-1] ^= 1
    with pytest.raises(BadSignature):
        authority("rsa").issue(bytes(body), SUBJECT)


def test_a_key_of_the_other_generation_is_refused() -> None:
    with pytest.raises(AuthorityProblem, match="certifies sm2 keys"):
        authority("sm2").issue(asked("rsa"), SUBJECT)


def test_the_holder_cannot_choose_his_name() -> None:
    wished = asked("sm2", subject=Subject("海关总署"))
    made = authority("sm2").issue(wished, SUBJECT)
    assert request.Request.parse(wished).subject != made.subject


@pytest.mark.parametrize("case", BOTH)
def test_a_certificate_is_written_down_with_its_use(case: str) -> None:
    made = authority(case)
    issued = made.issue_key(holder(case).key, SUBJECT, Use.EXCHANGE)
    entry = made.entry(issued.serial)
    assert (issued.encoded, Use.EXCHANGE, None, issued.number) == (entry.body, entry.use, entry.revoked, entry.number)


@pytest.mark.parametrize("act", ["revoke", "release", "entry"])
def test_a_number_never_given_is_refused(act: str) -> None:
    with pytest.raises(AuthorityProblem):
        getattr(authority("sm2"), act)(0x0300000000000099)


def test_a_hold_can_be_taken_back_and_nothing_else() -> None:
    made = authority("sm2")
    serial = made.issue(asked("sm2"), SUBJECT).serial
    made.revoke(serial, Reason.HOLD)
    made.release(serial)
    assert None is made.entry(serial).revoked
    made.revoke(serial, Reason.KEY_COMPROMISE)
    with pytest.raises(AuthorityProblem, match="not on hold"):
        made.release(serial)


def test_a_hold_can_become_final() -> None:
    made = authority("sm2")
    serial = made.issue(asked("sm2"), SUBJECT).serial
    made.revoke(serial, Reason.HOLD)
    made.revoke(serial, Reason.CESSATION)
    found = made.entry(serial).revoked
    assert found is not None
    assert (Reason.CESSATION, NOW) == (found.reason, found.moment)


def test_what_is_revoked_cannot_be_revoked_again() -> None:
    made = authority("sm2")
    serial = made.issue(asked("sm2"), SUBJECT).serial
    made.revoke(serial)
    with pytest.raises(AuthorityProblem, match="revoked already"):
        made.revoke(serial, Reason.HOLD)


@pytest.mark.parametrize("case", BOTH)
def test_every_certificate_is_signed_by_the_one_above(case: str) -> None:
    made = authority(case)
    made.issue(asked(case), SUBJECT).check(made.chain.issuing.key, SM2)
    made.chain.issuing.check(made.chain.root.key, SM2)
    made.chain.root.check(made.chain.root.key, SM2)
