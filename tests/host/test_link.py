"""Links: what passes, what is written down, and what never is."""

from __future__ import annotations

import pytest

from host_tools.errors import BadResponse, CardRemoved, NoReader, NoService
from host_tools.link import pcsc
from host_tools.link.inprocess import InProcessLink
from host_tools.link.recorder import RecordingLink, shown_command
from reader_bridge.echo import EchoCard
from simcard.hal.power import PowerLost
from tests.host.support import ScriptedLink, linked
from tests.kit import bench

NO_SERVICE = 0x8010001D - (1 << 32)
SECRET = "3132333435363738"


def test_a_card_in_this_process_answers() -> None:
    link = linked(bench())
    assert b"\x90\x00" == link.transmit(bytes.fromhex("00A4000C023F00"))


def test_the_atr_is_that_of_the_last_reset() -> None:
    link = InProcessLink(EchoCard())
    assert EchoCard().atr == link.atr == link.reset()


def test_a_card_that_loses_its_power_is_removed() -> None:
    card = bench("eport-operator")
    link = linked(card)
    card.board.power.cut(0)
    with pytest.raises(CardRemoved, match="lost its power"):
        link.transmit(bytes.fromhex("00200001083030303030303030"))


def test_a_reset_gives_the_power_back() -> None:
    card = bench("eport-operator")
    link = linked(card)
    card.board.power.off()
    with pytest.raises(CardRemoved):
        link.transmit(bytes.fromhex("0084000008"))
    link.reset()
    assert 10 == len(link.transmit(bytes.fromhex("0084000008")))


def test_a_closed_link_says_so() -> None:
    link = linked(bench())
    link.close()
    link.close()
    with pytest.raises(CardRemoved, match="let go"):
        link.transmit(bytes.fromhex("0084000008"))


def test_half_a_status_word_is_no_response() -> None:
    class Half(EchoCard):
        def transmit(self, command: bytes) -> bytes:
            return b"\x90"

    with pytest.raises(BadResponse, match="1 bytes"):
        InProcessLink(Half(), PowerLost).transmit(b"\0\0\0\0")


def recorded(*exchanges: tuple[str, str], secrets: bool = False) -> list[str]:
    lines: list[str] = []
    link = RecordingLink(ScriptedLink(*(answer for _, answer in exchanges)), lines.append, secrets)
    for command, _ in exchanges:
        link.transmit(bytes.fromhex(command))
    return lines


def test_a_recording_has_a_line_for_each_command_and_response() -> None:
    assert ["> 0084000002", "< AABB 9000"] == recorded(("0084000002", "AABB9000"))


@pytest.mark.parametrize(
    "command",
    [
        f"0020000108{SECRET}",
        f"1020000108{SECRET}",
        f"00200001000008{SECRET}",
        f"0024000108{SECRET}",
        f"0024010108{SECRET}",
        f"002C000108{SECRET}",
        f"0028000108{SECRET}",
        f"0026000108{SECRET}",
        f"00DB3FFF08{SECRET}",
        f"00C2000008{SECRET}",
        f"002A868008{SECRET}",
        f"0020000107{SECRET}",
    ],
)
def test_secrets_of_commands_stay_out(command: str) -> None:
    assert SECRET not in " ".join(recorded((command, "9000")))


def test_the_number_of_secret_bytes_is_told() -> None:
    assert "00200001 [8 bytes]" == shown_command(bytes.fromhex(f"0020000108{SECRET}"))


def test_decrypted_data_stay_out_and_so_does_the_rest_of_them() -> None:
    lines = recorded(("002A8086020001", f"{SECRET}6102"), ("00C0000002", "31329000"), ("0084000002", "AABB9000"))
    assert ["< [8 bytes] 6102", "< [2 bytes] 9000", "< AABB 9000"] == lines[1::2]


def test_secrets_are_shown_when_they_are_asked_for() -> None:
    assert [f"> 0020000108{SECRET}", "< 9000"] == recorded((f"0020000108{SECRET}", "9000"), secrets=True)


def test_a_reset_is_recorded() -> None:
    lines: list[str] = []
    RecordingLink(ScriptedLink(), lines.append).reset()
    assert ["> reset", "< 3B878131FE4580739421C081058E"] == lines


NAMES = ["Virtual PCD 0 00 00", "Virtual PCD 0 00 01", "FT SCR2000 01 00"]


@pytest.mark.parametrize("wanted", ["FT SCR2000 01 00", "scr2000"])
def test_a_reader_is_found_by_a_part_of_its_name(wanted: str) -> None:
    assert "FT SCR2000 01 00" == pcsc.choose(NAMES, wanted)


@pytest.mark.parametrize("wanted", ["Virtual", "nothing"])
def test_a_name_that_means_no_reader_or_several_is_refused_with_the_list(wanted: str) -> None:
    with pytest.raises(NoReader, match="FT SCR2000"):
        pcsc.choose(NAMES, wanted)


def test_no_service_says_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_tools.link.pcsc.scard.SCardEstablishContext", lambda _: (NO_SERVICE, None))
    with pytest.raises(NoService, match="start pcscd"):
        pcsc.PcscLink("any")
