"""BER-TLV, access rules, answers to reset, secrets and status words: round trips and malformed input."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcard.wire import access, tlv
from simcard.wire.access import ALWAYS, NEVER, AccessError, AllOf, AnyOf, Condition, Environment, KeyAuth, Not, UserAuth
from simcard.wire.atr import Atr, AtrError, Level, build
from simcard.wire.secret import Secret
from simcard.wire.status import SW, TEXT, Refused, changes_nothing, describe, tries_left

# -- BER-TLV

tags = st.sampled_from([0x53, 0x62, 0x80, 0xC1, 0x5F20, 0x7F49, 0x5F8101])


@given(st.lists(st.tuples(tags, st.binary(max_size=400))))
def test_data_objects_are_read_again(items: list[tuple[int, bytes]]) -> None:
    assert items == [(item.tag, item.value) for item in tlv.parse(tlv.build(items))]


@given(st.binary(max_size=60))
def test_any_bytes_are_data_objects_or_an_error(data: bytes) -> None:
    try:
        items = tlv.parse(data)
    except tlv.TlvError:
        return
    assert all(data[item.start : item.start + len(item.value)] == item.value for item in items)


@pytest.mark.parametrize(
    ("length", "coded"), [(0, "00"), (0x7F, "7F"), (0x80, "8180"), (0xFF, "81FF"), (0x100, "820100")]
)
def test_a_length_is_minimal(length: int, coded: str) -> None:
    assert bytes.fromhex(coded) == tlv.encode_length(length)


def test_a_longer_length_than_needed_is_read() -> None:
    assert b"\xaa" == tlv.find(bytes.fromhex("80830000 01AA"), 0x80)


@pytest.mark.parametrize("text", ["5F", "5F81", "5F818181", "80", "8002AA", "8080", "8085", "80850000000001AA", "8081"])
def test_what_is_no_data_object_is_refused(text: str) -> None:
    with pytest.raises(tlv.TlvError):
        tlv.parse(bytes.fromhex(text))


def test_padding_between_data_objects_is_passed_over() -> None:
    assert [0x80, 0x81] == [item.tag for item in tlv.parse(bytes.fromhex("00FF8001AA00 8100FF"))]


def test_of_equal_tags_the_first_counts() -> None:
    assert {0x80: b"a"} == tlv.fields(tlv.tlv(0x80, b"a") + tlv.tlv(0x80, b"b"))


def test_a_tag_list_is_read() -> None:
    assert (0xC1, 0x5F20, 0x7F49) == tlv.parse_tag_list(bytes.fromhex("C15F207F49"))


@pytest.mark.parametrize(("tag", "constructed"), [(0x62, True), (0x53, False), (0x7F49, True), (0x5F20, False)])
def test_constructed_tags_are_seen(tag: int, constructed: bool) -> None:
    assert constructed is tlv.Tlv(tag, b"").constructed


# -- access rules

environments = st.builds(
    Environment, st.integers(1, 14), st.booleans(), st.booleans(), st.booleans(), st.booleans()
).filter(lambda e: e.every or e.user or e.external or e.messaging)
leaves = st.one_of(
    st.just(ALWAYS),
    st.just(NEVER),
    st.builds(UserAuth, st.integers(0, 255)),
    st.builds(KeyAuth, st.integers(0, 255)),
    environments,
)


def _nested(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, parts), st.builds(AnyOf, parts), st.builds(Not, inner))


conditions: st.SearchStrategy[Condition] = st.recursive(leaves, _nested, max_leaves=6)


@given(conditions)
def test_a_condition_is_read_again(condition: Condition) -> None:
    assert condition == access.decode_condition(access.encode_condition(condition))


@given(st.dictionaries(st.sampled_from(access.RIGHT_BITS), conditions))
def test_expanded_rules_are_read_again(rules: dict[int, Condition]) -> None:
    assert rules == dict(access.parse_expanded(access.encode_expanded(rules)).by_right)


@given(st.binary(max_size=40))
def test_any_bytes_are_rules_or_an_error(value: bytes) -> None:
    for parse in (access.parse_compact, access.parse_expanded):
        try:
            parse(value)
        except AccessError:
            continue


def test_compact_rules_go_from_the_highest_bit_down() -> None:
    rules = access.parse_compact(bytes.fromhex("43 00 FF 91"))
    assert ALWAYS == rules.of(0x40)
    assert NEVER == rules.of(0x02)
    assert Environment(1, True, True, False, False) == rules.of(0x01)


def test_what_no_rule_names_is_never() -> None:
    assert NEVER == access.parse_compact(bytes.fromhex("0100")).of(0x02)


@pytest.mark.parametrize("text", ["", "80FF", "01", "010000", "0190", "019F"])
def test_compact_rules_that_cannot_be(text: str) -> None:
    with pytest.raises(AccessError):
        access.parse_compact(bytes.fromhex(text))


@pytest.mark.parametrize(
    "text", ["8001", "800101", "81010190 00", "8002010190", "80010199", "800101A400", "800101A700", "9000"]
)
def test_expanded_rules_that_cannot_be(text: str) -> None:
    with pytest.raises(AccessError):
        access.parse_expanded(bytes.fromhex(text))


def test_conditions_too_deep_are_refused() -> None:
    condition: Condition = ALWAYS
    for _ in range(access.MAX_DEPTH + 1):
        condition = Not(condition)
    with pytest.raises(AccessError):
        access.decode_condition(access.encode_condition(condition))


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (ALWAYS, True),
        (NEVER, False),
        (UserAuth(1), True),
        (UserAuth(2), False),
        (AllOf((UserAuth(1), UserAuth(2))), False),
        (AnyOf((UserAuth(2), UserAuth(1))), True),
        (Not(UserAuth(2)), True),
        (AllOf(()), True),
        (AnyOf(()), False),
    ],
)
def test_a_condition_holds(condition: Condition, verdict: bool) -> None:
    assert verdict is access.holds(condition, lambda leaf: leaf == UserAuth(1))


# -- answers to reset

REAL = {
    "ePass3000": "3B 0F 00 65 46 53 05 16 05 71 DF 00 00 00 45 50 53",
    "WatchData": "3B 6E 00 00 57 44 36 19 69 86 93 02 21 18 15 50 20 27",
    "Fudan FM1280": "3B 6B 00 00 20 90 00 00 00 00 00 B0 A2 BD 69",
    "T=1 with card capabilities": "3B 87 81 31 FE 45 80 73 94 21 C0 81 05 8E",
    "T=1 at 96": "3B 97 96 81 31 FE 45 80 73 94 21 C0 81 05 08",
}


@pytest.mark.parametrize("text", REAL.values(), ids=REAL)
def test_a_real_answer_is_read_and_written_again(text: str) -> None:
    raw = bytes.fromhex(text)
    found = Atr.parse(raw)
    assert raw == build(found.levels, found.historical, found.ts)


optional = st.none() | st.integers(0, 255)
levels = st.lists(st.builds(Level, st.sampled_from([0, 1, 15]), optional, optional, optional), min_size=1, max_size=3)


@given(levels, st.binary(max_size=10))
def test_an_answer_is_read_again(rows: list[Level], historical: bytes) -> None:
    first = Level(None, rows[0].ta, rows[0].tb, rows[0].tc)
    found = Atr.parse(build((first, *rows[1:]), historical))
    assert ((first, *rows[1:]), historical) == (found.levels, found.historical)


@given(st.binary(max_size=40))
def test_any_bytes_are_an_answer_or_an_error(raw: bytes) -> None:
    try:
        Atr.parse(b"\x3b" + raw)
    except AtrError:
        return


@pytest.mark.parametrize("text", ["", "3B", "3A00", "3B0100FF", "3B01", "3B80", "3B8101", "3B810100", "3B" + "00" * 33])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(AtrError):
        Atr.parse(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("text", "protocols"), [("3B00", (0,)), ("3B8001 81".replace(" ", ""), (1,)), ("3B80800101", (0, 1))]
)
def test_protocols_are_offered_in_order(text: str, protocols: tuple[int, ...]) -> None:
    assert protocols == Atr.parse(bytes.fromhex(text)).protocols


# -- secrets and status words


def test_a_secret_is_not_printed() -> None:
    secret = Secret(b"88888888")
    assert all("8888" not in text for text in (str(secret), repr(secret), f"{secret}", f"{[secret]}"))


def test_a_secret_is_not_pickled_nor_hashed() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(b"88888888"))
    with pytest.raises(TypeError):
        hash(Secret(b"88888888"))


def test_secrets_are_compared_by_value() -> None:
    assert Secret(b"a") == Secret(b"a")
    assert Secret(b"a") != Secret(b"b")
    assert Secret(b"a") != b"a"


def test_every_status_word_has_a_text() -> None:
    assert [] == [sw for sw in SW if sw not in TEXT and sw not in (SW.MORE_DATA, SW.WRONG_LE)]


@pytest.mark.parametrize(
    ("sw", "part"),
    [(0x6110, "16 more"), (0x6100, "256 more"), (0x6C20, "32 bytes"), (0x63C2, "2 tries"), (0x6A82, "not found"),
     (0x6FFF, "no precise"), (0x1234, "not described")],
)  # fmt: skip
def test_a_status_word_is_described(sw: int, part: str) -> None:
    assert part in describe(sw)


TRUTHS = {
    0x9000: False, 0x6110: False, 0x63C2: False, 0x6581: False,
    0x6A82: True, 0x6282: True, 0x6982: True, 0x6F00: True,
}  # fmt: skip


@pytest.mark.parametrize(("sw", "nothing"), TRUTHS.items())
def test_what_a_status_word_says_of_memory(sw: int, nothing: bool) -> None:
    assert nothing is changes_nothing(sw)


def test_a_count_of_tries_is_at_most_fifteen() -> None:
    assert (0x63C0, 0x63CF, 0x63CF) == (tries_left(0), tries_left(15), tries_left(99))


def test_a_refusal_names_its_status_word() -> None:
    assert "6A82" in str(Refused(SW.FILE_NOT_FOUND))
