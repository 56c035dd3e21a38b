"""The renewal client when it is cut short: by a card that is pulled, by its user, by an office that fails."""

from __future__ import annotations

import pytest

from host_tools.client.iso import IsoCard
from host_tools.errors import RegistryBusy
from host_tools.office.staging import Step
from host_tools.renewal.renewal import Renewal
from host_tools.renewal.screen import texts
from host_tools.renewal.visit import Left
from tests.issuing.support import PIN, Town
from tests.renewal.screens import play, user_of
from tests.renewal.test_screen import reader_of, registered_end


def test_a_card_taken_out_ends_the_session(town: Town) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.logged_in()
            reader.pull()
            user.app.glance()
            assert "已拔出" in await user.notice()
            await user.dismiss()
            assert texts.LOGGED_OUT.zh in user.text
            assert {""} == set(user.data.values())

    play(scene())


LEFT = {Step.STAGE: Left.OLD, Step.GENERATE: Left.OLD, Step.CERTIFY: Left.OLD, Step.IMPORT_EXCHANGE: Left.OLD}
LEFT |= {Step.SCRIPT: Left.EITHER}


@pytest.mark.parametrize("step", list(LEFT))
def test_a_card_pulled_in_the_midst_says_what_it_has_and_goes_on(town: Town, step: Step) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.logged_in()
            await user.renewing(reader, step)
            reader.pull()
            said = await user.notice()
            assert texts.LEFT[LEFT[step]].zh in said
            assert texts.AGAIN.zh in said
            await user.dismiss()
            reader.holds = lambda: False
            await user.press("f3")
            if step is not Step.SCRIPT:  # which needs no password any more
                await user.give("88888888")
            await user.idle()
            assert "接着办理" in user.text
            await user.press("f5")
            assert "2046年08月14日" in await user.notice()

    play(scene())
    assert "2046-08-14" == registered_end(town)


QUITTING = ["ctrl+q", "ctrl+c", "f10"]


@pytest.mark.parametrize("key", ["escape", *QUITTING])
def test_quitting_half_way_says_first_what_that_means(town: Town, key: str) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.logged_in()
            await user.renewing(reader, Step.GENERATE)
            await user.press(key)
            await user.reads(texts.LEFT[Left.OLD].zh)
            assert texts.LEAVE_NOW.zh in user.text
            assert texts.AGAIN.zh in user.text
            await user.press("enter")  # go on
            reader.let_go()
            assert "2046年08月14日" in await user.notice()

    play(scene())


def test_quitting_all_the_same_ends_after_the_step_and_the_next_run_goes_on(any_town: Town) -> None:
    reader = reader_of(any_town)

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.logged_in()
            await user.renewing(reader, Step.CERTIFY)
            await user.press("ctrl+q")
            await user.click("leave")
            reader.let_go()
            await user.sees(lambda: user.app.return_value is not None)
        left = user.app.return_value
        assert left is not None
        assert [texts.UNFINISHED.zh, texts.LEFT[Left.OLD].zh, texts.AGAIN.zh] == left.zh.split("\n")
        async with user_of(reader) as user:
            await user.logged_in()
            assert "正在写入加密密钥" in user.text
            await user.press("f5")
            assert "2046年08月14日" in await user.notice()

    play(scene())


def test_an_office_that_fails_is_told_and_the_card_is_as_before(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise RegistryBusy("the registry is in use; try again")

    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.logged_in()
            monkeypatch.setattr(Renewal, "begin", busy)
            await user.press("f5")
            assert "登记系统无法使用" in await user.notice()

    play(scene())
    IsoCard(town.link(town.legal)).verify_pin(1, PIN)


def test_the_client_looks_after_the_card_by_itself(town: Town) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader, glance=0.01) as user:
            await user.logged_in()
            reader.pull()
            assert "已拔出" in await user.notice()

    play(scene())


@pytest.mark.parametrize("key", QUITTING)
def test_quitting_while_the_order_is_signed_is_asked_at_once_and_done_before_the_first_step(
    town: Town, key: str
) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.logged_in()
            await user.signing(reader)
            await user.press(key)
            await user.reads(texts.LEFT[Left.OLD].zh)
            await user.click("leave")
            reader.let_go()
            await user.sees(lambda: user.app.return_value is not None)

    play(scene())
    assert Step.STAGE is Renewal(town.office, town.plastic(town.legal)).waits_for()


def test_no_further_step_is_begun_while_the_question_stands_there(town: Town) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.logged_in()
            await user.renewing(reader, Step.IMPORT_EXCHANGE)
            await user.press("f10")
            reader.let_go()
            await user.sees(lambda: user.step is Step.SCRIPT)
            await user.reads(texts.LEFT[Left.OLD].zh)  # and not either: the script was not sent
            assert reader.link is not None
            sent = reader.link.sent
            await user.nothing_more()
            assert (Step.SCRIPT, sent) == (user.step, reader.link.sent)
            await user.press("enter")
            assert "2046年08月14日" in await user.notice()

    play(scene())


@pytest.mark.parametrize("key", QUITTING)
@pytest.mark.parametrize("front", ["password", "notice", "card held"])
def test_quitting_at_any_other_time_lets_the_card_go(town: Town, front: str, key: str) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader) as user:
            reader.holds = lambda: front == "card held"
            await user.press("f4" if front == "notice" else "f3")
            if front == "password":
                await user.reads(texts.TRIES.zh.format(tries=3))
            elif front == "notice":
                await user.notice()
            else:
                await user.reads(texts.READING.zh)
            await user.press(key)
            assert user.app._exit
            if front == "card held":
                reader.let_go()
        assert user.app.return_value is None

    play(scene())
    town.card(town.legal).verify_pin(1, PIN)
