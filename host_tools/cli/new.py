"""`simcard new`: a card image from a profile, with keys and certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from host_tools.cli import profiles
from host_tools.cli.cards import EngineChoice, board_around, close_card, engine_options, make_engine
from host_tools.cli.days import Day
from host_tools.cli.output import json_option, say_json
from host_tools.errors import ImageProblem, ProfileProblem

if TYPE_CHECKING:
    from simcard.card import Card
    from simcard.profile import Profile

Step = Callable[[str], None]
LARGEST_SEED = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What card is asked for."""

    profile: Profile
    seed: int | None
    start: date
    engine: EngineChoice


@click.command(short_help="Make a card image from a profile.")
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--profile", "-p", "name", required=True, metavar="NAME|FILE", help="Profile: see simcard profiles.")
@click.option(
    "--seed", type=click.IntRange(0, LARGEST_SEED), help="Make a card whose every byte can be repeated; never for use."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Holder data, such as holder.name=...")
@click.option(
    "--date",
    "start",
    type=Day(),
    help="First day of the certificates, which are valid for ten years; today if not given.",
)
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@json_option
@engine_options
def command(
    image: Path,
    name: str,
    seed: int | None,
    settings: tuple[str, ...],
    start: datetime | None,
    quiet: bool,
    as_json: bool,
    engine: str,
    sm2_backend: str | None,
) -> None:
    """Make the card image IMAGE from a profile. An existing file is never overwritten.

    The keys are made in the card, and the card signs its own test certificates. With --seed the card, its keys too,
    can be made again by anybody who knows the number: for tests only.
    """
    profile = with_settings(profiles.load(name), settings)
    day = start.date() if start else datetime.now(UTC).date()
    wish = Wish(profile, seed, day, EngineChoice(engine, sm2_backend))
    with _progress(profile, shown=not (quiet or as_json)) as step:
        certified = make_image(image, wish, step)
    if as_json:
        say_json({"image": str(image), "profile": profile.card.name, "certificates": certified})
    elif not quiet:
        click.echo(f"{image}: {profile.card.title}; {certified} certificates from {day}")


def with_settings(profile: Profile, settings: tuple[str, ...]) -> Profile:
    """The profile with `holder.key=value` and `enterprise.key=value` laid over it; `ProfileProblem` if it cannot be."""
    import msgspec

    tables = {"holder": dict(profile.holder), "enterprise": dict(profile.enterprise)}
    for setting in settings:
        path, equals, value = setting.partition("=")
        table, _, key = path.partition(".")
        if not equals or key not in tables.get(table, {}):
            known = sorted(f"{t}.{k}" for t, keys in tables.items() for k in keys)
            listed = ", ".join(known) or "none in this profile"
            raise ProfileProblem(f"--set {path}: expected KEY=VALUE with a key of: {listed}")
        tables[table][key] = value
    changed = msgspec.structs.replace(profile, holder=tables["holder"], enterprise=tables["enterprise"])
    _insist_that_texts_fit(changed)
    return changed


def _insist_that_texts_fit(profile: Profile) -> None:
    for file in profile.file:
        try:
            length = len(profile.fill(file.text).encode(file.encoding))
        except UnicodeEncodeError:
            raise ProfileProblem(f"--set: file {file.path} is {file.encoding}, which cannot write this") from None
        if length > file.size and file.kind == "transparent" and file.text:
            raise ProfileProblem(f"--set: file {file.path} has {file.size} bytes, the text would be {length}")


@contextmanager
def _progress(profile: Profile, shown: bool) -> Iterator[Step]:
    """A progress bar on standard error while a person looks at it."""
    import sys

    if not (shown and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    pairs = sum((c.sign is not None) + (c.exchange is not None) for c in profile.container)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("making the card", total=2 + 2 * pairs)

        def step(text: str) -> None:
            bar.update(task, advance=1, description=text)

        yield step


def make_image(image: Path, wish: Wish, step: Step) -> int:
    """Make, personalise and certify a card; the number of certificates. Leaves no file behind on failure."""
    from simcard.card import Card
    from simcard.hal.fileflash import FileFlash, ImageError
    from simcard.hal.flash import MemoryFailure
    from simcard.personalise import personalise
    from simcard.profile import ProfileError
    from simcard.wire.status import Refused

    engine = make_engine(wish.engine)
    try:
        flash = FileFlash.create(image, wish.profile.memory, profile=wish.profile.card.name)
    except ImageError as error:
        raise ImageProblem(str(error)) from None
    card = Card(board_around(flash, engine))
    made = False
    try:
        personalise(card.board, wish.profile, wish.seed, step)
        count = certify(card, wish, step) if wish.profile.container else 0
        made = True
    except MemoryFailure:
        raise ImageProblem(f"{image}: the disk failed or is full; make room and try again") from None
    except ProfileError as error:
        raise ProfileProblem(str(error)) from None
    except Refused as refused:
        raise ProfileProblem(f"the card does not take this profile: {refused}") from None
    finally:
        close_card(card)
        if not made:
            image.unlink(missing_ok=True)
    return count


def certify(card: Card, wish: Wish, step: Step) -> int:
    """Give each key of the card a certificate signed by the card; how many there are."""
    from host_tools.cli.certifying import certify_keys
    from host_tools.client.iso import IsoCard
    from host_tools.link.inprocess import InProcessLink
    from host_tools.pki.certificate import Holder
    from simcard.hal.power import PowerLost
    from simcard.wire.secret import Secret

    iso = IsoCard(InProcessLink(card, PowerLost))
    for pin in wish.profile.pin:
        if pin.enabled and not pin.df and not pin.must_change:
            iso.verify_pin(pin.number, Secret(pin.value.encode()))
    holder = wish.profile.holder
    name = Holder(holder.get("name", wish.profile.card.name), wish.profile.enterprise.get("name", ""))
    return certify_keys(iso, name, holder.get("certificate_number", ""), wish.start, step)
