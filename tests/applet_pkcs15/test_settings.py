"""The configurations that are shipped, and the command that runs programs with them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from host_tools import opensc
from host_tools.cli.opensc import command
from host_tools.errors import FileProblem
from simcard import profile as sheets

SHOW = "sh", "-c", "echo $OPENSC_CONF"


@pytest.mark.parametrize("driver", list(opensc.DRIVERS))
def test_every_way_has_its_file(driver: str) -> None:
    assert opensc.configuration(driver).is_file()


def test_an_unknown_way_is_named() -> None:
    with pytest.raises(ValueError, match="got 'other'"):
        opensc.configuration("other")


def test_a_program_finds_the_configuration_in_its_environment(capfd: pytest.CaptureFixture[str]) -> None:
    CliRunner().invoke(command, ["--driver", "piv", "--", *SHOW])
    assert f"{opensc.configuration('piv')}\n" == capfd.readouterr().out


def test_the_generic_way_is_the_usual_one(capfd: pytest.CaptureFixture[str]) -> None:
    CliRunner().invoke(command, ["--", *SHOW])
    assert f"{opensc.configuration('iso')}\n" == capfd.readouterr().out


def test_the_programs_exit_code_is_passed_on() -> None:
    assert 7 == CliRunner().invoke(command, ["--", "sh", "-c", "exit 7"]).exit_code


def test_the_programs_own_options_are_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    CliRunner().invoke(command, ["echo", "--driver", "x"])
    assert "--driver x\n" == capfd.readouterr().out


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(FileProblem, match="no-such-program: cannot be run"):
        CliRunner().invoke(command, ["--", "no-such-program"], catch_exceptions=False)


@pytest.mark.parametrize("name", ["eport-operator", "eport-operator-rsa", "pkcs15"])
def test_the_generic_configuration_knows_the_cards_answer_to_reset(name: str) -> None:
    atr = sheets.builtin(name).card.atr_bytes
    assert atr.hex(":").upper() in opensc.configuration("iso").read_text()
