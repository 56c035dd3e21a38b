"""Power cuts in a life, told as stories: cuts named by act and operation, so that commands can be left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from conformance.campaign.job import Sampling
from conformance.campaign.life import Life
from conformance.campaign.minimise import Budget, smaller
from conformance.campaign.story import Place, Story
from conformance.tear import POWER_ON, Cut, Explorer, Plan, Report, Rig, Script, Unreadable, Violation

LAW = "cut"
MOST_TRIES = 300
"""To make one story shorter; each runs a card many times."""


def script_of(commands: Sequence[bytes]) -> Script:
    """Power on and send the commands; cuts fall anywhere. A card cannot be sent nothing at all."""
    acts = (POWER_ON, *(command for command in commands if command))
    return Script(acts, tuple(f"act {number}" for number in range(len(acts))))


def explored(rig: Rig, image: bytes, life: Life, sampling: Sampling, untold: Story) -> tuple[Report, Iterator[Story]]:
    """What was tried, and a story for each different violation: `untold` says of which card."""
    script = script_of(life.commands)
    plan = Plan(sampling.stride, sampling.second, sampling.again, sampling.tears)
    explorer = Explorer(rig, image, script, plan)
    report = explorer.explore()
    different = {(violation.what, violation.act): violation for violation in reversed(report.violations)}
    commands = script.acts[1:]
    stories = (
        replace(untold, commands=commands, at=_places(rig, image, script, violation))
        for violation in reversed(different.values())
    )
    return report, stories


def _places(rig: Rig, image: bytes, script: Script, violation: Violation) -> tuple[Place, ...]:
    """The cuts of a violation by act and operation."""
    found: list[Place] = []
    for cut in violation.cuts:
        begins = rig.run(image, script.acts).begins
        act = max(number for number, begin in enumerate(begins) if begin <= cut.after)
        found.append(Place(act, cut.after - begins[act], cut.tear, cut.seed))
        image = rig.run(image, script.acts, cut).image
    return tuple(found)


def told(rig: Rig, image: bytes, story: Story) -> tuple[str, str] | None:
    """What cutting as the story says shows; None if nothing."""
    script = script_of(story.commands)
    try:
        explorer = Explorer(rig, image, script, Plan())
        cuts = _cuts(rig, image, script, story.at)
    except Unreadable as why:
        return LAW, f"the memory does not mount: {why}"
    if cuts is None:
        return None
    wrong = explorer.replay(cuts).violations
    return (LAW, wrong[-1].what) if wrong else None


def _cuts(rig: Rig, image: bytes, script: Script, places: Sequence[Place]) -> list[Cut] | None:
    """The cuts by their number in the run; None when the run has no such act or operation."""
    cuts: list[Cut] = []
    for place in places:
        run = rig.run(image, script.acts)
        begins = (*run.begins, run.operations)
        if place.act + 1 >= len(begins) or begins[place.act] + place.operation >= begins[place.act + 1]:
            return None
        cuts.append(Cut(begins[place.act] + place.operation, place.tear, place.seed))
        image = rig.run(image, script.acts, cuts[-1]).image
    return cuts


def cut_down(rig: Rig, image: bytes, story: Story, found: tuple[str, str]) -> Story:
    """The story without commands and bytes that it can do without; its cuts follow their commands."""
    budget = Budget(MOST_TRIES)
    act = len(story.commands)
    while act:
        shorter = _without(story, act)
        if shorter is not None and budget.spend() and told(rig, image, shorter) == found:
            story = shorter
        act -= 1

    def fails(commands: Sequence[bytes]) -> bool:
        return told(rig, image, replace(story, commands=tuple(commands))) == found

    return replace(story, commands=tuple(smaller(story.commands, fails, budget)))


def _without(story: Story, act: int) -> Story | None:
    """The story without one act; None when a cut falls on it."""
    if any(place.act == act for place in story.at):
        return None
    at = tuple(replace(place, act=place.act - (place.act > act)) for place in story.at)
    return replace(story, commands=story.commands[: act - 1] + story.commands[act:], at=at)
