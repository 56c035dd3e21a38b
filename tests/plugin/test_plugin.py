"""The pytest plugin, run by pytest as somebody else's project would (M9)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.support import OURS, XDIST

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "testing.md"
FENCE = re.compile(r"```python\n# (\S+)\n(.*?)```", re.DOTALL)


def write_example(project: pytest.Pytester) -> None:
    files = dict(FENCE.findall(EXAMPLE.read_text(encoding="utf-8")))
    assert {"door.py", "test_door.py"} == set(files)
    for name, text in files.items():
        (project.path / name).write_text(text, encoding="utf-8")


def passed(project: pytest.Pytester, *arguments: str) -> int:
    """How many tests of the project passed; none may do anything else."""
    result = project.runpytest_subprocess(*OURS, *arguments)
    assert 0 == result.ret, result.stdout.str()
    outcomes = result.parseoutcomes()
    assert {"passed"} == set(outcomes), result.stdout.str()
    return outcomes["passed"]


def test_the_worked_example_of_the_documentation_in_parallel(project: pytest.Pytester) -> None:
    write_example(project)
    assert 10 == passed(project, *XDIST, "-n", "2")


def test_loading_the_plugin_loads_nothing_of_the_card() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import reader_bridge.pytest_plugin\n"
        "new = {name for name in set(sys.modules) - before if not name.startswith('_')}\n"
        "print(sorted(new))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "['reader_bridge', 'reader_bridge.pytest_plugin']\n" == ended.stdout


def test_a_project_without_cards_is_not_disturbed(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import os, sys

        def test_nothing_is_there():
            assert "PCSCLITE_CSOCK_NAME" not in os.environ
            assert not [name for name in sys.modules if name.startswith(("simcard", "host_tools"))]
        """
    )
    assert 1 == passed(project)


def test_each_test_has_a_card_of_its_own(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("turn", range(3))
        def test_tries(simcard_card, simcard_pins, turn):
            assert 3 == simcard_pins.tries(1)
            assert bytes.fromhex("63C2") == simcard_card.transmit("0020000108" + "30" * 8)
            assert 2 == simcard_pins.tries(1)
        """
    )
    assert 3 == passed(project)


def test_the_marker_says_which_card(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.simcard(profile="eport-operator", seed=3)
        def test_profile(simcard_card):
            assert "eport-operator" == simcard_card.profile.card.name

        @pytest.mark.simcard(faults="at 2 short 1")
        def test_faults(simcard_card):
            from host_tools.errors import BadResponse
            assert b"\\x90\\x00" == simcard_card.transmit("00A4000C023F00")
            with pytest.raises(BadResponse):
                simcard_card.transmit("00A4000C023F00")
        """
    )
    assert 2 == passed(project)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("'piv'", "'piv' has no name"),
        ("colour='red'", "there is no argument colour"),
        ("seed='7'", "seed is '7', expected int"),
        ("seed=True", "seed is True, expected int"),
        ("seed=-1", "seed is -1, expected 0 to"),
        ("profile='nobody'", "no profile is called 'nobody'"),
        ("profile='./nowhere.toml'", "nowhere.toml: the profile cannot be read"),
        ("faults='at 0 explode'", "line 1: 'at' cannot be followed by '0'"),
    ],
)
def test_a_wrong_mark_is_told_with_the_test_and_the_right_form(project: pytest.Pytester, mark: str, told: str) -> None:
    project.makepyfile(f"import pytest\n\n@pytest.mark.simcard({mark})\ndef test_card(simcard_card): pass\n")
    result = project.runpytest_subprocess(*OURS)
    shown = result.stdout.str()
    assert ({"errors": 1}, True) == (result.parseoutcomes(), "::test_card: the mark is wrong: " in shown), shown
    assert (True, True) == (told in shown, "expected @pytest.mark.simcard(profile='iso-blank', seed=1" in shown), shown
    assert [] == [word for word in ("Traceback", "During handling", "pytest_plugin.py") if word in shown]


def test_power_memory_and_noise_fail_on_demand(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from host_tools.errors import CardRemoved

        def test_power(simcard_card, simcard_power, simcard_pins):
            simcard_card.reset()
            simcard_power.cut()
            with pytest.raises(CardRemoved):
                simcard_card.transmit("0020000108" + "30" * 8)
            assert not simcard_power.on
            simcard_card.reset()
            assert simcard_power.on and 3 == simcard_pins.tries(1)

        def test_memory(simcard_card):
            simcard_card.reset()
            simcard_card.fail_memory()
            assert bytes.fromhex("6581") == simcard_card.transmit("0020000108" + "30" * 8)

        def test_noise(simcard_card, simcard_noise):
            simcard_card.reset()
            simcard_noise.fail()
            assert bytes.fromhex("6400") == simcard_card.transmit("0084000008")
            assert 10 == len(simcard_card.transmit("0084000008"))

        def test_noise_goes_on_after_a_reset(simcard_card):
            first = simcard_card.transmit("0084000008")
            simcard_card.reset()
            assert first != simcard_card.transmit("0084000008")
        """
    )
    assert 4 == passed(project)


def test_another_program_resets_the_card(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from smartcard import scard

        def test_reset(simcard_reader):
            _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
            _, card, _ = scard.SCardConnect(context, simcard_reader.name, scard.SCARD_SHARE_SHARED, 3)
            simcard_reader.reset()
            code, _ = scard.SCardTransmit(card, scard.SCARD_PCI_T1, [0, 0x84, 0, 0, 8])
            assert scard.SCARD_W_RESET_CARD == code
        """
    )
    assert 1 == passed(project)
