"""The tear explorer is only worth something if it finds the guilty: cards with one bug each, put in on purpose."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from conformance.tear import POWER_ON, Cut, Explorer, Plan, Script, Violation, free_guess
from conformance.tear_script import ScriptError, parse
from host_tools.cli.rig import CardRig
from host_tools.cli.tear import command as tear
from simcard.card import Card
from simcard.nvm.counter import Counter, encode
from simcard.nvm.store import Store
from simcard.pin.pins import Pins
from simcard.pin.reference import PinId, Reference
from simcard.wire.apdu import Ins
from simcard.wire.secret import Secret
from simcard.wire.status import Refused, tries_left
from tests.kit import command, image_of

RIGHT, WRONG = command(Ins.VERIFY, 0, 1, b"12345678"), command(Ins.VERIFY, 0, 1, b"00000000")
ADMIN = command(Ins.VERIFY, 0, 3, b"11223344")
CREATE = bytes.fromhex("00E00000 10 620E 82020121 83020101 80020010 8800")
UNBLOCK = command(Ins.RESET_RETRY_COUNTER, 0, 1, b"8765432123456789")


class SplitStore(Store):
    """Commits what a command did in two halves."""

    __slots__ = ()

    def commit(self) -> None:
        changes, self._changes = self._changes or {}, None
        for key, value in changes.items():
            self._apply({key: value})


class LazyStore(Store):
    """Keeps counters in the transaction, where a rollback gives the try back."""

    __slots__ = ()

    def write_through(self, key: bytes, value: bytes) -> None:
        self.put(key, value)


class HopefulPins(Pins):
    """Restores the counter before it knows, and takes the try back when it was wrong to."""

    def verify(self, pin: PinId, presented: Secret) -> Reference:
        counter, reference = Counter(self._store, pin.counter_key), self.read(pin)
        counter.spend()
        left = counter.value
        counter.restore()
        if reference.value != presented:
            self._store.write_through(pin.counter_key, encode(counter.limit, left))
            raise Refused(tries_left(left))
        return reference


class CuriousPins(Pins):
    """Compares first and pays only for a wrong guess."""

    def verify(self, pin: PinId, presented: Secret) -> Reference:
        counter, reference = Counter(self._store, pin.counter_key), self.read(pin)
        if reference.value != presented:
            counter.spend()
            raise Refused(tries_left(counter.value))
        return reference


class HelpfulPins(Pins):
    """Unblocks in a commit of its own, before the new value is set."""

    def unblock(self, pin: PinId, new: Secret | None) -> None:
        Counter(self._store, pin.counter_key).restore()
        if new is not None:
            self.change(pin, new)


def with_store(kind: type[Store]) -> Callable[[Card], None]:
    def mend(card: Card) -> None:
        assert card._store is not None
        card._store.__class__ = kind

    return mend


def with_pins(kind: type[Pins]) -> Callable[[Card], None]:
    def mend(card: Card) -> None:
        assert card._router is not None
        card._router.rooms.pins.__class__ = kind

    return mend


def found(mend: Callable[[Card], None], *acts: bytes, again: int = 0) -> list[Violation]:
    script = Script((POWER_ON, *acts), ("", *("guilty" for _ in acts)))
    plan = Plan(again=again)
    return Explorer(CardRig(mend), image_of("iso-blank", 1), script, plan).explore().violations


def test_an_innocent_card_is_found_innocent() -> None:
    assert [] == found(lambda card: None, ADMIN, CREATE, WRONG, RIGHT, UNBLOCK, again=3)


def test_a_commit_in_two_halves_is_found() -> None:
    whats = {violation.what.split(" in ")[0] for violation in found(with_store(SplitStore), ADMIN, CREATE)}
    assert {"the content changes"} == whats


def test_a_try_that_a_rollback_gives_back_is_found() -> None:
    assert "a wrong guess costs nothing" in {violation.what for violation in found(with_store(LazyStore), WRONG)}


def test_a_counter_restored_too_soon_is_found() -> None:
    assert "a refused command raises counter 71000001" in {v.what for v in found(with_pins(HopefulPins), WRONG)}


def test_an_unblocking_in_two_steps_is_found() -> None:
    whats = {violation.what for violation in found(with_pins(HelpfulPins), WRONG, UNBLOCK)}
    assert {"counter 71000001 rises apart from the content"} == whats


def test_a_card_that_looks_before_it_pays_is_found() -> None:
    assert free_guess(CardRig(with_pins(CuriousPins)), image_of("iso-blank", 1), (), RIGHT, WRONG)


def test_one_cut_is_replayed_alone() -> None:
    guilty = CardRig(with_store(SplitStore))
    script = Script((POWER_ON, ADMIN, CREATE), ("", "guilty", "guilty"))
    explorer = Explorer(guilty, image_of("iso-blank", 1), script, Plan())
    assert 0 < len(explorer.replay([Cut(10, "absent"), Cut(12, "garbage")]).violations)


def test_the_command_tells_counts_and_ends_well() -> None:
    result = CliRunner().invoke(tear, ["-", "--json", "--again", "9"], input="!label look\n00200001083030303030303030")
    assert 0 == result.exit_code
    assert '"look": 8' in result.output


@pytest.mark.parametrize("wrong", ["00200001zz", "!nonsense", "!seed x", "!label"])
def test_a_wrong_script_is_refused_with_its_line(wrong: str) -> None:
    with pytest.raises(ScriptError, match="line 2: expected"):
        parse(f"# fine\n{wrong}\n")


def test_a_script_says_what_is_steady_and_what_is_cut() -> None:
    text = parse("!profile p\n!seed 7\n!prepare\n!times 2\n00\n!setup\n01\n!label a b\n02 # why\n03\n")
    assert ("p", 7, [b"\0", b"\0"]) == (text.profile, text.seed, text.prepare)
    assert ([POWER_ON, b"\1", b"\2", b"\3"], ["power on", "", "a b", "a b"]) == (text.acts, text.labels)
