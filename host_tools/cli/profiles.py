"""`simcard profiles`: the build sheets that come with the program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli.output import json_option, say_json
from host_tools.errors import FileProblem, ProfileProblem

if TYPE_CHECKING:
    from simcard.profile import Profile


def load(name: str) -> Profile:
    """The built-in profile of that name, or the one in the file of that name."""
    return made_of(text_of(name), name)


def text_of(name: str) -> str | None:
    """The text of the file of that name, None for a built-in profile: who keeps it keeps the card."""
    from simcard import profile as sheets

    if name in sheets.builtin_names() or not _looks_like_a_file(name):
        return None
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise FileProblem(f"{name}: the profile cannot be read ({reason})") from None


def made_of(text: str | None, name: str) -> Profile:
    """The profile of a text that came from a file of that name, or of no text the built-in one."""
    from simcard import profile as sheets

    try:
        return sheets.builtin(name) if text is None else _checked(text, name)
    except sheets.ProfileError as error:
        raise ProfileProblem(str(error)) from None


def _checked(text: str, source: str) -> Profile:
    """A profile whose applets have the switches it sets; raises `ProfileError`."""
    from simcard import profile as sheets
    from simcard.personalise import check_doors

    profile = sheets.parse(text, source)
    try:
        check_doors(profile.card)
    except sheets.ProfileError as error:
        raise sheets.located(error, text, source) from None
    return profile


def _looks_like_a_file(name: str) -> bool:
    return "/" in name or name.endswith(".toml") or Path(name).exists()


@click.command(short_help="List the profiles there are, or show one.")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the profiles that come with the program; with NAME show the text of that one.

    A profile is a TOML file. Copy one, or write a short one that begins with `extends = "eport-operator"`, and give
    the file to `simcard new --profile`.
    """
    from simcard import profile as sheets

    if name is None:
        _list(as_json)
        return
    try:
        text = sheets.builtin_text(name)
    except sheets.ProfileError as error:
        raise ProfileProblem(str(error)) from None
    if as_json:
        say_json({"name": name, "text": text})
    else:
        click.echo(text, nl=False)


def _list(as_json: bool) -> None:
    from simcard import profile as sheets

    found = {name: sheets.builtin(name).card.title for name in sheets.builtin_names()}
    if as_json:
        say_json([{"name": name, "title": title} for name, title in found.items()])
        return
    width = max(map(len, found), default=0)
    for name, title in found.items():
        click.echo(f"{name:<{width}}  {title}")
