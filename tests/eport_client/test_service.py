"""The sockets: hello, order, blocks, hostile input, faults, origins, wss and the console."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from host_tools.cli.eport_client import tell
from host_tools.eport_client import frames
from host_tools.eport_client.faults import Fault
from host_tools.eport_client.service import MAX_MESSAGE, Settings
from host_tools.eport_client.wording import Lang
from tests.eport_client.support import PIN, SECONDS, WRONG, Client, Served, served

SIGN = "cus-sec_SpcSignDataAsPEM"
ENCODE = "cus-sec_SpcEncodePEM"
GUID = "0a1b2c3d-0000-4000-8000-00000000abcd"


# -- hello and order


def test_the_service_speaks_first(client: Client) -> None:
    hello = client.receive()
    assert [0, "open", "00"] == [hello["_id"], hello["_method"], hello["_status"]]


def test_a_client_need_not_read_the_hello_before_it_speaks(sm2_service: Served) -> None:
    with sm2_service.client() as client:
        client.socket.send(json.dumps({"_method": ENCODE, "_id": 5, "args": {"inData": "x"}}))
        assert ["open", ENCODE] == [client.receive()["_method"], client.receive()["_method"]]


def test_answers_come_in_the_order_of_the_calls(client: Client) -> None:
    client.receive()
    for number in range(50):
        client.socket.send(json.dumps({"_method": ENCODE, "_id": number, "args": {"inData": "x"}}))
    assert list(range(50)) == [client.receive()["_id"] for _ in range(50)]


def test_the_id_is_echoed_in_its_type(client: Client) -> None:
    for ident in (3, "3"):
        message = {"_method": ENCODE, "_id": ident, "args": {"inData": "x"}}
        assert ident == client.raw(json.dumps(message))["_id"]


def test_200_clients_at_once_are_all_served_one_after_the_other(sm2_service: Served) -> None:
    results: list[list[Any]] = []

    def work(client: Client) -> None:
        results.append(client.data(SIGN, inData="x", passwd=PIN))

    run_with_clients(sm2_service, 200, work)
    assert 200 == len(results)


def test_the_calls_of_several_clients_never_mix_on_the_card(sm2_service: Served) -> None:
    def work(client: Client) -> None:
        for _ in range(5):
            client.data(SIGN, inData="x", passwd=PIN)

    run_with_clients(sm2_service, 8, work)
    steps = [command[:3].hex() for command in sm2_service.reader.commands if command[1] == 0x20]
    assert ["002000", "0020ff"] * 40 == steps


def run_with_clients(service: Served, count: int, work: Any) -> None:
    def one() -> None:
        with service.client(open_timeout=60) as client:
            work(client)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


# -- blocks


def test_a_request_in_blocks_is_pulled_and_answered(client: Client) -> None:
    client.receive()
    text = "中文" * 100_000
    message = json.dumps({"_method": ENCODE, "_id": 1, "args": {"inData": text}}, ensure_ascii=False)
    pieces = frames.frames_of(message, GUID)
    assert 5 == len(pieces)
    answer: dict[str, Any] = {"_args": {"Data": [{"next": 0, "finish": False}]}}
    while not answer["_args"]["Data"][0]["finish"]:
        answer = client.raw(pieces[answer["_args"]["Data"][0]["next"]].encode())
        assert ("_nextBlock", True) == (answer["_method"], answer["_args"]["Result"])
    assert ENCODE == client.receive()["_method"]


def test_swc_postdata_comes_in_whole_and_says_that_there_is_no_server(client: Client) -> None:
    message = json.dumps({"_method": "swc_postdata", "_id": 1, "args": '{"a":1}'})
    client.raw(frames.frames_of(message, GUID)[0].encode())
    assert "Err:Base50003" == client.receive()["_args"]["Error"][1]


def test_a_block_with_a_wrong_check_code_is_asked_for_again(client: Client) -> None:
    answer = client.raw(frames.frames_of('{"_method":"ver"}', GUID)[0].encode()[:-1] + "]")
    assert (False, 0) == (answer["_args"]["Result"], answer["_args"]["Data"][0]["next"])


def test_long_answers_come_in_blocks_to_those_who_ask_for_it(sm2_service: Served) -> None:
    with sm2_service.client("?frames=both") as client:
        client.receive()
        client.socket.send(json.dumps({"_method": ENCODE, "_id": 1, "args": {"inData": "x" * 200_000}}))
        first = frames.Frame.parse(str(client.socket.recv(timeout=SECONDS)))
        whole = first.piece
        for index in range(1, first.count):
            client.socket.send(next_block(index, first.guid, False))
            whole += frames.Frame.parse(str(client.socket.recv(timeout=SECONDS))).piece
        assert first.whole_code == frames.check_code(whole)
        client.socket.send(next_block(first.count, first.guid, True))
        assert "Err:Base50005" == client.raw(next_block(0, first.guid, False))["_args"]["Error"][1]


def next_block(index: int, guid: str, finish: bool) -> str:
    asked = {"Result": True, "Data": [{"guid": guid, "next": index, "finish": finish}]}
    return json.dumps({"_method": "_nextBlock", "_id": 0, "args": asked})


# -- hostile input


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "Err:Base50002"),
        ("[]", "Err:Base50002"),
        (b"\x00\x01", "Err:Base50002"),
        ('{"_id":1}', "Err:Base50000"),
        ("BLOCKTXT", "Err:Base50005"),
        ("BLOCKTXT" + "9" * 200, "Err:Base50005"),
        ('{"_method":"_nextBlock","args":{"Data":[{"guid":[],"next":-1}]}}', "Err:Base50005"),
        ('{"_method":"constructor"}', "Err:Base50001"),
        ('{"_method":"__class__"}', "Err:Base50001"),
    ],
)
def test_bad_messages_are_answered_and_the_connection_lives(client: Client, message: str | bytes, code: str) -> None:
    assert code == client.raw(message)["_args"]["Error"][1]
    assert ["eA=="] == client.data(ENCODE, inData="x")


def test_a_giant_message_ends_its_connection_only(sm2_service: Served) -> None:
    with sm2_service.client() as one, sm2_service.client() as other:
        with pytest.raises(ConnectionClosed):
            one.raw("x" * (MAX_MESSAGE + 1))
        assert ["eA=="] == other.data(ENCODE, inData="x")


def test_no_password_reaches_the_journal(sm2_service: Served) -> None:
    with sm2_service.client() as client:
        client.refused("cus-sec_SpcVerifyPIN", passwd=WRONG)
        client.refused("cus-sec_SpcChangePIN", oldPin=WRONG, newPin=WRONG)
        client.refused("ra_unlockPasswd", unlockPWD=WRONG, newUserPWD=WRONG)
        client.refused("ra_VerifyPinAndGetCardUserInfo", userPin=WRONG, readertype=5, password=WRONG, userpin=7)
    shown = json.dumps(list(sm2_service.service.journal.entries))
    assert WRONG not in shown
    assert 4 == len(sm2_service.service.journal.entries)


# -- the card comes and goes


def test_a_card_pulled_in_mid_call_fails_the_call_and_the_next_one_works_when_it_is_back(sm2_service: Served) -> None:
    """M11: taking the card out ends the session."""
    with sm2_service.client() as client:
        client.data("cus-sec_SpcVerifyPIN", passwd=PIN)
        sm2_service.reader.pull_after = 3
        assert "Err:Custom51590" == client.refused(SIGN, inData="x")
        assert "Err:Custom51590" == client.refused("cus-sec_SpcInitEnvEx")
        sm2_service.reader.insert()
        assert "Err:Custom53550" == client.refused(SIGN, inData="x")
        client.data(SIGN, inData="x", passwd=PIN)


@pytest.mark.parametrize("commands", range(0, 24, 3))
def test_a_card_pulled_anywhere_in_a_signature_is_an_answer_not_a_crash(sm2_service: Served, commands: int) -> None:
    with sm2_service.client() as client:
        sm2_service.reader.pull_after = commands
        client.ask(SIGN, {"inData": "x", "passwd": PIN})
        sm2_service.reader.insert()
        client.data(SIGN, inData="x", passwd=PIN)


# -- faults


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.NO_READER, "Err:Custom50200"),
        (Fault.NO_CARD, "Err:Custom51590"),
        (Fault.HUNG, "Err:Custom50070"),
    ],
)
def test_a_fault_of_the_reader_has_its_code_until_it_is_switched_off(
    sm2_service: Served, fault: Fault, code: str
) -> None:
    with sm2_service.client() as client:
        sm2_service.faults.switch(fault, True)
        assert code == client.refused(SIGN, inData="x", passwd=PIN)
        sm2_service.faults.switch(fault, False)
        client.data(SIGN, inData="x", passwd=PIN)


def test_a_restart_mends_a_hanging_reader_and_ends_the_connections(sm2_service: Served) -> None:
    with sm2_service.client() as client:
        sm2_service.faults.switch(Fault.HUNG, True)
        client.refused(SIGN, inData="x", passwd=PIN)
        tell(sm2_service.url.rstrip("/"), [{"do": "restart"}])
        with pytest.raises(ConnectionClosed):
            client.receive()
    with sm2_service.client() as client:
        client.data(SIGN, inData="x", passwd=PIN)


def test_a_slow_card_waits_240_ms_for_each_signature_and_for_nothing_else(sm2_service: Served) -> None:
    sm2_service.faults.switch(Fault.SLOW, True)
    with sm2_service.client() as client:
        client.data(SIGN, inData="x", passwd=PIN)
        client.data("cus-sec_SpcGetCardID")
        assert [0.24] == sm2_service.pauses


def test_a_dropped_socket_ends_instead_of_an_answer(sm2_service: Served) -> None:
    sm2_service.faults.switch(Fault.DROP, True)
    with sm2_service.client() as client:
        client.receive()
        client.socket.send(json.dumps({"_method": "ver", "_id": 1}))
        with pytest.raises(ConnectionClosed):
            client.receive()


def test_a_missing_hello(sm2_service: Served) -> None:
    sm2_service.faults.switch(Fault.NO_HELLO, True)
    with sm2_service.client() as client:
        client.socket.send(json.dumps({"_method": "ver", "_id": 1}))
        assert "ver" == client.receive()["_method"]


def test_a_late_hello(sm2_service: Served) -> None:
    sm2_service.faults.switch(Fault.LATE_HELLO, True)
    with sm2_service.client() as client:
        client.socket.send(json.dumps({"_method": "ver", "_id": 1}))
        assert ["open", "ver"] == [client.receive()["_method"], client.receive()["_method"]]


def test_an_expired_certificate_is_shown_and_still_signs(sm2_service: Served) -> None:
    sm2_service.faults.switch(Fault.EXPIRED, True)
    with sm2_service.client() as client:
        assert "20260531000000" == client.data("cus-sec_SpcGetValidTimeFromCert")[0]["szEndTime"]
        assert "20260531000000" == client.data("cus-sec_SpcGetCardUserInfo")[0].split("||")[12]
        client.data(SIGN, inData="x", passwd=PIN)


def test_another_enterprises_card_has_another_number_and_unit(sm2_service: Served) -> None:
    with sm2_service.client() as client:
        own = client.data("security_getGetCardUserInfoAll")[0].split("||")
        sm2_service.faults.switch(Fault.OTHER_CARD, True)
        other = client.data("security_getGetCardUserInfoAll")[0].split("||")
        assert [False] * 3 == [own[place] == other[place] for place in (5, 6, 8)]


# -- language


def test_messages_are_chinese_unless_english_is_asked_for() -> None:
    with served(settings=Settings(port=0, lang=Lang.EN)) as running, running.client() as client:
        answer = client.ask(SIGN, {"inData": "x", "passwd": WRONG})
        assert "[card]wrong password; tries left: 2:code=51572" == answer["Error"][0]


# -- the console


def test_the_console_switches_faults_and_shows_the_state(sm2_service: Served) -> None:
    state = tell(sm2_service.url.rstrip("/"), [{"do": "fault", "fault": "hung", "on": True}])
    assert Fault.HUNG in sm2_service.faults
    assert ["hung"] == [row["name"] for row in rows(state, "faults") if row["on"]]
    assert "Err:Custom50070" == rows(state, "problem")[2]


def rows(state: dict[str, object], name: str) -> list[Any]:
    found = state[name]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("message", ["{", "[]", '{"do":"fault","fault":[],"on":1}', '{"do":"fault","fault":"x"}'])
def test_the_console_bears_senseless_commands(sm2_service: Served, message: str) -> None:
    with connect(sm2_service.url + "console", proxy=None) as console:
        console.send(message)
        state = tell(sm2_service.url.rstrip("/"), [{"do": "look"}])
    assert state["problem"] is None
