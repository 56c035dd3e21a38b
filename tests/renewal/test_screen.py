"""The renewal client before a user: what its screens show, and what they say when something is in the way."""

from __future__ import annotations

import pytest

from host_tools.eport_client.wording import Lang
from host_tools.office.desk import Desk
from host_tools.office.staging import Step
from host_tools.pki.certificate import Use
from host_tools.registry.states import Action
from host_tools.renewal.renewal import Renewal
from host_tools.renewal.rules import MAY_RENEW
from host_tools.renewal.screen import texts
from host_tools.renewal.screen.client import RenewalClient
from host_tools.renewal.screen.dialogs import Notice, Password, Progress
from host_tools.renewal.screen.parts import Line
from tests.issuing.support import OPERATOR_NUMBER, Town
from tests.renewal.screens import Reader, play, user_of
from tests.renewal.test_renewal import lock, near_the_end


def reader_of(town: Town, days: int = 100) -> Reader:
    near_the_end(town, town.legal, days)
    return Reader(town, town.legal)


def registered_end(town: Town) -> str:
    with town.office.registry.reading() as work:
        return f"{work.current(work.card(town.legal), Use.SIGN).not_after:%Y-%m-%d}"


def test_without_a_log_in_nothing_can_be_renewed(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.idle()
            assert texts.LOGGED_OUT.zh in user.text
            assert not user.enabled("renew")
            assert {""} == set(user.data.values())

    play(scene())


def test_the_holders_data_are_shown_after_log_in(any_town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(any_town)) as user:
            await user.logged_in()
            view = Renewal(any_town.office, any_town.plastic(any_town.legal)).view()
            assert {zh: text for zh, _, text in view.rows} == user.data
            assert user.enabled("renew")

    play(scene())


def test_a_renewal_shows_the_new_end_and_that_the_password_is_eight_8s(any_town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(any_town)) as user:
            await user.logged_in()
            await user.press("f5")
            said = await user.notice()
            assert "2046年08月14日" in said
            assert texts.NEW_PASSWORD.zh in said
            await user.dismiss()
            assert "2046-08-14" == user.data["证书有效期结束时间"] == registered_end(any_town)
            assert not user.enabled("renew")

    play(scene())


def test_everything_can_be_done_with_the_mouse(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.click("log-in")
            await user.sees(lambda: isinstance(user.app.screen, Password) and user.app.screen.query("#password"))
            await user.press(*"88888888")
            await user.click("ok")
            await user.idle()
            await user.click("renew")
            assert "2046年08月14日" in await user.notice()
            await user.click("ok")
            await user.idle()
            await user.click("quit")
        assert user.app.return_value is None

    play(scene())


DIALOGS = [texts.NEW_PASSWORD, texts.LOCKED, texts.AGAIN, texts.LEAVE_NOW, texts.SIGNING, *texts.LEFT.values()]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("lang", list(Lang))
def test_no_line_of_a_dialog_is_a_lone_stop(town: Town, lang: Lang, width: int) -> None:
    async def scene() -> None:
        app = RenewalClient(town.office, reader_of(town).way, lang, glance=None)
        async with app.run_test(size=(width, 34)) as pilot:
            await app.push_screen(Notice(*DIALOGS))
            await pilot.pause()
            for line in app.screen.query(Line):
                drawn = [line.render_line(row).text.strip() for row in range(line.size.height)]
                assert all(len(each) > 1 for each in drawn), drawn

    play(scene())


def test_arrows_and_tab_move_between_the_buttons(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.idle()
            seen = []
            for key in ("right", "tab", "left", "shift+tab"):
                await user.press(key)
                assert user.app.focused is not None
                seen.append(user.app.focused.id)
            assert ["network-test", "quit", "network-test", "log-in"] == seen

    play(scene())


def test_english_is_a_key_away(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.logged_in()
            await user.press("f2")
            assert "测试法定代表人" == user.data["Applicant"]
            assert MAY_RENEW.en in user.text
            await user.press("f2")
            assert MAY_RENEW.zh in user.text

    play(scene())


def test_english_is_a_key_away_before_a_dialog_too(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.log_in("00000000")
            await user.reads("还可以重试 2 次")
            await user.press("f2")
            await user.reads(texts.PASSWORD.en)
            assert "2 more tries" in user.text

    play(scene())


@pytest.mark.parametrize("lang", list(Lang))
def test_renewing_before_log_in_says_to_log_in_first(town: Town, lang: Lang) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town), lang) as user:
            await user.press("f5")
            assert texts.LOG_IN_FIRST.say(lang) == await user.notice()

    play(scene())


def test_the_password_may_be_typed_while_the_card_is_read(town: Town) -> None:
    reader = reader_of(town)

    async def scene() -> None:
        async with user_of(reader) as user:
            reader.holds = lambda: True
            await user.press("f3", *"88888888", "enter", "9")
            assert texts.READING.zh in user.text
            reader.let_go()
            await user.idle()
            assert user.enabled("renew")

    play(scene())


def test_nobody_waits_behind_a_notice(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.press("f4")
            await user.notice()
            assert texts.LOGGED_OUT.zh == user.state
            await user.dismiss()
            await user.logged_in()
            await user.press("f5")
            await user.notice()
            assert "无需延期" in user.state
            assert "2046-08-14" == user.data["证书有效期结束时间"]

    play(scene())


@pytest.mark.parametrize(
    ("days", "lang", "said"), [(181, Lang.ZH, "距到期 181 天"), (181, Lang.EN, "181 days from now")]
)
def test_a_card_that_is_not_due_shows_why(town: Town, days: int, lang: Lang, said: str) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town, days), lang) as user:
            await user.logged_in()
            assert said in user.text
            assert not user.enabled("renew")
            await user.press("f5")
            assert said in user.text

    play(scene())


def test_an_expired_card_goes_to_the_office(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town, -1)) as user:
            await user.log_in()
            assert "请到制卡中心" in await user.notice()

    play(scene())


def test_an_operators_card_is_not_renewed_here(town: Town) -> None:
    near_the_end(town, town.clerk)

    async def scene() -> None:
        async with user_of(Reader(town, town.clerk)) as user:
            await user.logged_in()
            assert "只用于法人卡" in user.text
            assert not user.enabled("renew")

    play(scene())


def test_a_wrong_password_says_how_many_tries_are_left_and_the_last_one_locks(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.press("f3")
            for left in (2, 1):
                await user.give("00000000")
                await user.reads(f"还可以重试 {left} 次")
            await user.give("00000000")
            assert "已锁" in await user.notice()
            await user.dismiss()
            await user.press("f3")
            assert texts.LOCKED.zh == await user.notice()

    play(scene())


@pytest.mark.parametrize(("tries", "said"), [(3, "3 tries are left"), (2, "2 tries are left"), (1, "1 try is left")])
def test_one_try_is_no_tries(tries: int, said: str) -> None:
    assert said == texts.tries_left(tries).en


def test_an_empty_password_is_not_put_to_the_card(town: Town) -> None:
    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.log_in("")
            assert isinstance(user.app.screen, Password)
            await user.press("escape")
            await user.idle()
            assert texts.LOGGED_OUT.zh in user.text

    play(scene())
    assert 3 == town.plastic(town.legal).tries_left()


def test_a_locked_card_is_not_asked_for_its_password(town: Town) -> None:
    reader = reader_of(town)
    lock(town.plastic(town.legal))

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.press("f3")
            assert texts.LOCKED.zh == await user.notice()

    play(scene())


def test_a_frozen_card_is_refused_with_the_reason(town: Town) -> None:

    Desk(town.office).submit(town.order(Action.FREEZE, OPERATOR_NUMBER, town.legal))

    async def scene() -> None:
        async with user_of(Reader(town, town.legal)) as user:
            await user.log_in()
            assert "已冻结" in await user.notice()

    play(scene())


def test_an_empty_reader_is_no_end(town: Town) -> None:
    reader = reader_of(town)
    reader.number = ""

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.press("f3")
            assert "请插入IC卡" in await user.notice()
            await user.dismiss()
            reader.number = town.legal
            await user.logged_in()
            assert user.enabled("renew")

    play(scene())


def test_all_steps_are_seen_in_their_order(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Step] = []
    tell = Progress.tell

    def noted(progress: Progress, step: Step) -> None:
        seen.append(step)
        tell(progress, step)

    monkeypatch.setattr(Progress, "tell", noted)

    async def scene() -> None:
        async with user_of(reader_of(town)) as user:
            await user.logged_in()
            await user.press("f5")
            await user.notice()

    play(scene())
    assert list(Step) == seen


def test_the_network_test_names_what_is_out_of_order(town: Town) -> None:
    reader = reader_of(town)
    reader.number = ""

    async def scene() -> None:
        async with user_of(reader) as user:
            await user.press("f4")
            said = await user.notice()
            assert ["✓", "✓", "✗"] == [line[0] for line in said.split("\n") if line[0] in "✓✗"]
            assert "请插入IC卡" in said

    play(scene())


@pytest.mark.parametrize("size", [(80, 24), (100, 34), (200, 60)])
@pytest.mark.parametrize("lang", list(Lang))
def test_everything_has_room_on_the_terminal(town: Town, size: tuple[int, int], lang: Lang) -> None:
    async def scene() -> None:
        app = RenewalClient(town.office, reader_of(town, 181).way, lang, glance=None)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            window = app.screen.region
            for widget in app.screen.query("Push, Datum, Line"):
                assert window.contains_region(widget.region), widget
                assert widget.region.area > 0, widget
            for line in app.screen.query(Line):
                drawn = [line.render_line(row).text.strip() for row in range(line.size.height)]
                assert not {"。", "，", "；", "：", "."} & set(drawn), drawn

    play(scene())
