"""`simcard vectors`: put the test vectors before the card, libraries, programs and PKCS#11 modules."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import click

from host_tools.cli.cards import reader_link
from host_tools.cli.output import json_option, say_json
from host_tools.errors import EngineProblem

if TYPE_CHECKING:
    from conformance.vector_judge.by_card import Card
    from conformance.vector_judge.judge import Implementation, Judgement
    from conformance.vector_judge.vector import Vector

CARD, SOFTHSM = "card", "softhsm"
NAMES = (CARD, "gmssl", "openssl", "cryptography", "pycryptodome", SOFTHSM)
APPLICATION, CONTAINER = "VECTORS", "session"
MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
SHOWN = 40
"""Findings told one by one and implementation; `--json` has them all."""


@click.command(short_help="Put test vectors before the card, libraries and modules.")
@click.argument("who", nargs=-1, type=click.Choice(NAMES))
@click.option(
    "--reader", "-r", metavar="NAME", help="As the card: the one in this PC/SC reader, not a new one in memory."
)
@click.option("--application", "-a", metavar="NAME", default=APPLICATION, help="Application of the card in the reader.")
@click.option("--container", "-c", metavar="NAME", default=CONTAINER, help="Its container, for session keys.")
@click.option("--file", "-f", "files", metavar="NAME", multiple=True, help="Only this file of vectors.")
@click.option("--verbose", "-v", is_flag=True, help="Name every vector that was judged wrongly.")
@json_option
def command(
    who: tuple[str, ...],
    reader: str | None,
    application: str,
    container: str,
    files: tuple[str, ...],
    verbose: bool,
    as_json: bool,
) -> None:
    """Put the vectors of conformance/vectors before WHO, everyone if nobody is named, and tell what they got wrong.

    A vector is accepted wrongly when its values are invalid and were taken, refused wrongly when they are valid and
    were not. `stumbled` counts invalid values that were refused by an accident, such as an index out of range.
    The card gets them as commands of GM/T 0017; SM4 vectors need a container on it to hang session keys on.
    Exit code 1 if anyone got anything wrong.
    """
    from conformance.vector_judge.judge import plain

    vectors = _vectors(files)
    judgements = []
    with ExitStack() as stack:
        tick = stack.enter_context(_bar(len(vectors) * len(who or NAMES), shown=not as_json and sys.stderr.isatty()))
        for name in who or NAMES:
            with implementation(name, reader, (application, container)) as found:
                judgements.append(_judged(found, vectors, tick))
    if as_json:
        say_json(plain(judgements))
    else:
        _tell(judgements, verbose)
    if any(each.guilty for each in judgements):
        click.get_current_context().exit(1)


def _judged(of: Implementation, vectors: Sequence[Vector], tick: Callable[[], None]) -> Judgement:
    from conformance.vector_judge.judge import judge

    return judge(of, vectors, tick)


def _vectors(files: tuple[str, ...]) -> list[Vector]:
    from conformance.vector_judge.vector import load, names

    known = names()
    unknown = [name for name in files if name not in known]
    if unknown:
        raise click.UsageError(f"--file: there is no {unknown[0]}; there are {', '.join(known)}")
    return [vector for name in files or known for vector in load(name)]


# -- implementations ------------------------------------------------------------------------------------------------


@contextmanager
def implementation(
    name: str, reader: str | None = None, place: tuple[str, str] = (APPLICATION, CONTAINER)
) -> Iterator[Implementation]:
    """The implementation of that name, for as long as the context lasts."""
    try:
        if name == CARD:
            with _read(reader, place) if reader is not None else fresh_card() as card:
                yield card
        elif name == SOFTHSM:
            with softhsm() as token:
                yield token
        elif name == "openssl":
            with tempfile.TemporaryDirectory() as folder:
                yield _openssl(Path(folder))
        else:
            with nullcontext(_library(name)) as library:
                yield library
    except ImportError as missing:
        raise EngineProblem(f"{name} cannot be judged: {missing}; pip install 'simcard[judge]' brings it") from None
    except FileNotFoundError as missing:
        raise EngineProblem(f"{name} cannot be judged: {missing.filename} is not installed") from None


def _library(name: str) -> Implementation:
    if name == "gmssl":
        from conformance.vector_judge.by_gmssl import Gmssl

        return Gmssl()
    if name == "cryptography":
        from conformance.vector_judge.by_cryptography import Cryptography

        return Cryptography()
    from conformance.vector_judge.by_pycryptodome import PyCryptodome

    return PyCryptodome()


def _openssl(folder: Path) -> Implementation:
    from conformance.vector_judge.by_openssl import OpenSsl

    return OpenSsl(folder)


@contextmanager
def _read(reader: str, place: tuple[str, str]) -> Iterator[Card]:
    from conformance.vector_judge.by_card import Card

    with reader_link(reader) as link:
        yield Card(link, *place)


@contextmanager
def fresh_card() -> Iterator[Card]:
    """A blank token in memory, with an application and a container made by the SKF interface."""
    from conformance.vector_judge.by_card import Card
    from host_tools.cli import profiles, rig
    from host_tools.link.inprocess import InProcessLink
    from host_tools.skf.device import Device
    from simcard.card import Card as Simulated
    from simcard.hal.power import PowerSupply
    from simcard.wire.gmt0017 import PinType
    from simcard.wire.secret import Secret

    image = rig.personalised(profiles.load("gmt0017-token"), 1)
    with closing(InProcessLink(Simulated(rig.board_of(image, PowerSupply())))) as link:
        device, pin = Device(link), Secret(b"88888888")
        device.authenticate(Secret(b"1234567812345678"))
        application = device.create_application(APPLICATION, pin, pin)
        application.verify_pin(PinType.USER, pin)
        application.create_container(CONTAINER)
        link.reset()
        yield Card(link, APPLICATION, CONTAINER)


@contextmanager
def softhsm() -> Iterator[Implementation]:
    """A token of SoftHSM in a folder of its own, which goes with it."""
    from conformance.vector_judge.by_pkcs11 import Pkcs11
    from simcard.wire.secret import Secret

    if not MODULE.exists():
        raise FileNotFoundError(2, "not installed", str(MODULE))
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder) / "tokens"
        tokens.mkdir()
        settings = Path(folder) / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        # The module reads its environment when it is loaded; nothing else in this process looks at the variable.
        with patch.dict("os.environ", SOFTHSM2_CONF=str(settings)):
            pins = ("--so-pin", "12345678", "--pin", "123456")
            make = ("softhsm2-util", "--init-token", "--free", "--label", "vectors", *pins)
            subprocess.run(make, check=True, capture_output=True)
            with closing(Pkcs11(MODULE, "vectors", Secret(b"123456"))) as token:
                yield token


# -- telling --------------------------------------------------------------------------------------------------------


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error while a person looks at it."""
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("judging vectors", total=total)
        yield lambda: bar.advance(task)


def _tell(judgements: Sequence[Judgement], verbose: bool) -> None:
    from conformance.vector_judge.judge import Outcome

    for judgement in judgements:
        click.echo(f"{judgement.name}: {judgement.version}")
        click.echo(f"  {'':24}" + "".join(f"{outcome.value:>18}" for outcome in Outcome))
        for file in judgement.files():
            counts = "".join(f"{judgement.count(outcome, file) or '':>18}" for outcome in Outcome)
            click.echo(f"  {file:24}{counts}".rstrip())
        click.echo(f"  {'all':24}" + "".join(f"{judgement.count(outcome):>18}" for outcome in Outcome))
        for finding in judgement.guilty if verbose else judgement.guilty[:SHOWN]:
            vector = finding.vector
            click.echo(f"  {finding.outcome.value}: {vector}: {vector.comment} ({', '.join(vector.flags)})")
        if not verbose and len(judgement.guilty) > SHOWN:
            click.echo(f"  … and {len(judgement.guilty) - SHOWN} more: --verbose")
        click.echo()
