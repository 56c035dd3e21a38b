"""Scripts for the tear explorer as people write them: `parse` describes the language."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.tear import POWER_ON, Script


class ScriptError(ValueError):
    """A script that cannot be read; the text names its line and what was expected."""


@dataclass(slots=True)
class ScriptText:
    """A script as written: what to run once before, what to run in every run, and what to cut."""

    profile: str = "iso-blank"
    seed: int = 1
    prepare: list[bytes] = field(default_factory=list)
    acts: list[bytes] = field(default_factory=lambda: [POWER_ON])
    labels: list[str] = field(default_factory=lambda: ["power on"])

    @property
    def script(self) -> Script:
        return Script(tuple(self.acts), tuple(self.labels))


def parse(text: str) -> ScriptText:
    """Read a script: one command in hexadecimal per line, `#` comments, and directives.

    `!profile NAME` and `!seed N` choose the card. Commands after `!prepare` are run once, with steady power, and
    the memory they leave is where every run starts; commands after `!setup` are run in every run, with steady
    power; commands after `!label NAME` are cut. `!times N` repeats the next command. Without any directive all
    commands are cut. Raises `ScriptError`.
    """
    found, mode, times = ScriptText(), "commands", 1
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            if words[0].startswith("!"):
                mode, times = _directive(found, words, mode)
                continue
            commands = [bytes.fromhex("".join(words))] * times
        except (ValueError, IndexError):
            raise ScriptError(f"line {number}: expected hexadecimal bytes or a directive, got {line.strip()}") from None
        times = 1
        if mode == "!prepare":
            found.prepare += commands
        else:
            found.acts += commands
            found.labels += ["" if mode == "!setup" else mode] * len(commands)
    return found


def _directive(found: ScriptText, words: list[str], mode: str) -> tuple[str, int]:
    """Where the next commands go, and how often the next one is repeated."""
    match words[0]:
        case "!profile":
            found.profile = words[1]
        case "!seed":
            found.seed = int(words[1])
        case "!times":
            return mode, int(words[1])
        case "!prepare" | "!setup":
            return words[0], 1
        case "!label":
            return " ".join(words[1:]) or words[1], 1
        case _:
            raise ValueError(words[0])
    return mode, 1
