"""Exchange pairs: made by the key centre, enveloped for the card, given again to the same holder alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from host_tools.errors import AuthorityProblem, BadEncoding, CannotOpen
from host_tools.pki import envelope
from host_tools.pki.certificate import Use
from host_tools.pki.envelope import EnvelopedRsaKey, EnvelopedSm2Key
from host_tools.pki.generation import Subject
from host_tools.pki.keys import Kind
from tests.pki.support import BOTH, NOW, SM2, SUBJECT, SetClock, asked, authority, holder, soft_key


@pytest.mark.parametrize("case", BOTH)
def test_the_envelope_opens_with_the_signing_key_and_holds_the_certified_pair(case: str) -> None:
    pair = authority(case).issue_pair(asked(case), SUBJECT)
    found = envelope.parse(pair.signing.key.kind, pair.envelope.encode()).open(holder(case).decrypt, SM2)
    assert pair.exchange.key == found.key


@pytest.mark.parametrize("case", BOTH)
def test_the_envelope_opens_with_no_other_key(case: str) -> None:
    pair = authority(case).issue_pair(asked(case), SUBJECT)
    with pytest.raises(CannotOpen):
        pair.envelope.open(holder(case, "a").decrypt, SM2)


@pytest.mark.parametrize("case", BOTH)
def test_a_replaced_card_gets_the_old_exchange_key(case: str) -> None:
    """M10."""
    made = authority(case)
    old = made.issue_pair(asked(case), SUBJECT)
    made.revoke(old.signing.serial)
    new = made.issue(asked(case, "a"), SUBJECT)
    found = made.recover(old.exchange.serial, new).open(holder(case, "a").decrypt, SM2)
    assert old.exchange.key == found.key


def test_keys_are_not_recovered_for_another_holder() -> None:
    made = authority("sm2")
    old = made.issue_pair(asked("sm2"), SUBJECT)
    other = made.issue(asked("sm2", "a"), Subject("李四", "别的公司"))
    with pytest.raises(AuthorityProblem, match="another holder"):
        made.recover(old.exchange.serial, other)


def test_keys_are_not_recovered_for_a_revoked_certificate() -> None:
    made = authority("sm2")
    old = made.issue_pair(asked("sm2"), SUBJECT)
    made.revoke(old.signing.serial)
    with pytest.raises(AuthorityProblem, match="good now"):
        made.recover(old.exchange.serial, old.signing)


@pytest.mark.parametrize("after", [timedelta(days=3654), timedelta(days=-1)])
def test_keys_are_not_recovered_outside_the_validity(after: timedelta) -> None:
    clock = SetClock()
    made = authority("sm2", clock)
    old = made.issue_pair(asked("sm2"), SUBJECT)
    clock.moment = NOW + after
    with pytest.raises(AuthorityProblem, match="good now"):
        made.recover(old.exchange.serial, old.signing)


def test_keys_are_not_recovered_for_an_exchange_certificate_or_a_foreign_one() -> None:
    made, other = authority("sm2"), authority("sm2")
    old = made.issue_pair(asked("sm2"), SUBJECT)
    other.issue(asked("sm2", "b"), SUBJECT)
    for receiver in (made.issue_key(holder("sm2", "a").key, SUBJECT, Use.EXCHANGE), other.chain.issuing):
        with pytest.raises(AuthorityProblem, match="signing certificate of this authority"):
            made.recover(old.exchange.serial, receiver)


def test_a_signing_key_is_never_kept() -> None:
    made = authority("sm2")
    old = made.issue_pair(asked("sm2"), SUBJECT)
    with pytest.raises(AuthorityProblem, match="keeps no exchange key"):
        made.recover(old.signing.serial, old.signing)


def test_recovery_after_a_leap_day() -> None:
    clock = SetClock(datetime(2028, 2, 29, tzinfo=UTC))
    made = authority("sm2", clock)
    old = made.issue_pair(asked("sm2"), SUBJECT)
    clock.moment = datetime(2038, 2, 28, tzinfo=UTC)
    assert old.exchange.key.point == _point(made.recover(old.exchange.serial, old.signing))


def _point(found: envelope.EnvelopedKey) -> bytes:
    assert isinstance(found, EnvelopedSm2Key)
    return found.point


# -- the two forms of an SM2 envelope


def sealed() -> EnvelopedSm2Key:
    return EnvelopedSm2Key.seal(soft_key("sm2", "a"), holder("sm2").key)


def test_both_forms_say_the_same() -> None:
    made = sealed()
    assert made == EnvelopedSm2Key.parse(made.encode()) == EnvelopedSm2Key.from_blob(made.blob())


def test_the_blob_has_the_layout_of_gmt_0016() -> None:
    made = sealed()
    blob = made.blob()
    assert 4 + 4 + 4 + 64 + 132 + 164 + 16 == len(blob)
    assert ["01000000", "01040000", "00010000"] == [blob[at : at + 4].hex() for at in (0, 4, 8)]
    assert bytes(32) + made.encrypted == blob[12:76]
    assert bytes.fromhex("00010000") + bytes(32) + made.point[1:33] + bytes(32) + made.point[33:] == blob[76:208]
    assert bytes.fromhex("10000000") + made.wrapped[97:] == blob[368:]


def test_a_private_key_of_64_bytes_is_read() -> None:
    made = sealed()
    wide = EnvelopedSm2Key(made.point, made.wrapped, bytes(32) + made.encrypted)
    assert soft_key("sm2", "a").private == EnvelopedSm2Key.parse(wide.encode()).open(holder("sm2").decrypt, SM2).private


@pytest.mark.parametrize("part", ["point", "wrapped", "encrypted"])
def test_a_changed_envelope_does_not_open(part: str) -> None:
    made = sealed()
    parts = {name: getattr(made, name) for name in ("point", "wrapped", "encrypted")}
    parts[part] = parts[part][:-1] + bytes((parts[part][-1] ^ 1,))
    with pytest.raises(CannotOpen):
        EnvelopedSm2Key(**parts).open(holder("sm2").decrypt, SM2)


@pytest.mark.parametrize("at", [0, 4, 8, 76, 368, -1])
def test_a_blob_of_another_form_is_refused(at: int) -> None:
    blob = sealed().blob()
    broken = blob[:-1] if at < 0 else blob[:at] + b"\x77" + blob[at + 1 :]
    with pytest.raises(BadEncoding):
        EnvelopedSm2Key.from_blob(broken)


def test_a_changed_rsa_envelope_does_not_open() -> None:
    made = EnvelopedRsaKey.seal(soft_key("rsa", "a"), holder("rsa").key)
    changed = EnvelopedRsaKey(made.key, made.wrapped, bytes(16) + made.encrypted[16:])
    with pytest.raises(CannotOpen):
        changed.open(holder("rsa").decrypt, SM2)


def test_envelopes_are_not_mistaken_for_each_other() -> None:
    with pytest.raises(BadEncoding):
        envelope.parse(Kind.RSA, sealed().encode())
