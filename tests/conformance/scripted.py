"""A card that answers what a test says, before a judge that has one small suite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.format import load_suite, load_target
from conformance.judge import Judge
from conformance.result import Result
from host_tools.errors import CardRemoved
from host_tools.link.base import CardLink

HEAD = """
[suite]
id = "small"
title = "Small"
standard = "ISO/IEC 7816-4:2013"
"""
TARGET = """
[target]
name = "told"
features = ["chaining"]
[values]
pin_ref = "81"
[secrets]
pin = { text = "24681357" }
"""
ATR = bytes.fromhex("3B00")


class ToldCard:
    """A link and its rig in one. Commands without an answer get 6D00; the answer None takes the card out."""

    abilities = frozenset[str]()

    def __init__(self, answers: Mapping[str, str | None]) -> None:
        self.disposable = False
        self._answers = answers
        self.sent: list[str] = []

    @property
    def atr(self) -> bytes:
        return ATR

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command.hex().upper())
        answer = self._answers.get(command.hex().upper(), "6D00")
        if answer is None:
            raise CardRemoved("gone")
        return bytes.fromhex(answer)

    def reset(self) -> bytes:
        self.sent.append("reset")
        return ATR

    def close(self) -> None:
        self.sent.append("close")

    def insert(self) -> CardLink:
        return self

    def cold(self) -> bytes:
        return ATR

    def cut(self, after: int, tear: str) -> None:
        self.sent.append(f"cut {after} {tear}")

    def pcsc(self, by: str, call: str, data: bytes) -> tuple[str, bytes]:
        self.sent.append(f"{by}: {call} {data.hex()}".strip())
        return "SUCCESS", ATR


def tried(folder: Path, case: str, answers: Mapping[str, str | None]) -> tuple[Result, ToldCard]:
    """The verdict on the (first) case of a suite that holds `case`, and the card that was asked."""
    results, card = tried_all(folder, case, answers, first=True)
    return results[0], card


def tried_all(
    folder: Path, cases: str, answers: Mapping[str, str | None], first: bool = False, disposable: bool = False
) -> tuple[list[Result], ToldCard]:
    """The verdicts on all cases, or on the first, in one run."""
    suite_file, target_file = folder / "small.toml", folder / "told.toml"
    suite_file.write_text(HEAD + cases, encoding="utf-8")
    target_file.write_text(TARGET, encoding="utf-8")
    card = ToldCard(answers)
    card.disposable = disposable
    suite = load_suite(suite_file)
    judge = Judge(load_target(target_file), card)
    return [judge.run(suite, case) for case in (suite.cases[:1] if first else suite.cases)], card
