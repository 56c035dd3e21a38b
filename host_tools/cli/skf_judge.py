"""`simcard skf judge`: put a library of the SKF interface before the judge, whoever made it."""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from host_tools.cli.conformance import Files, told, write_all
from host_tools.cli.output import json_option
from host_tools.cli.secrets import obtain
from host_tools.cli.skf_token import DEVICE_KEY, key_of
from host_tools.errors import FileProblem, NoCard

if TYPE_CHECKING:
    from conformance.result import Run
    from conformance.skf.judge import Library, SharedLibrary

PRESENT = 1
LONGEST_LIST = 4096


@click.command("judge", short_help="Judge a library of the SKF interface.")
@click.argument("library", type=click.Path(path_type=Path))
@click.option("--device", metavar="NAME", help="The device, as the library lists it; the only one if not named.")
@click.option("--case", "-k", "wanted", multiple=True, metavar="PATTERN", help="Only cases or clauses like this.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page of one file for the browser.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML to this file.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the run as JSON to this file.")
@json_option
def command(
    library: Path,
    device: str | None,
    wanted: tuple[str, ...],
    html: Path | None,
    junit: Path | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Call the functions of LIBRARY (a shared library: libsimcard_skf.so, or a vendor's) as GM/T 0063 orders them.

    Cases make an application JUDGE on the token and delete it again, which needs the device key (SIMCARD_DEVICE_KEY or
    the terminal). Exit code 0 if every binding requirement holds, 1 if one does not, 3 if one could not be tried.
    """
    from conformance.format import SuiteError
    from conformance.skf.judge import SharedLibrary

    try:
        loaded = SharedLibrary(library)
    except SuiteError as error:
        raise FileProblem(str(error)) from None
    name = device or only_device(loaded)
    run = judged(loaded, name, key_of(obtain(DEVICE_KEY, None, False)).reveal(), wanted, str(library))
    if not run.results:
        raise click.UsageError("no case is like that; clauses are those of conformance/skf/gmt0016.toml")
    write_all(run, Files(html, junit, save))
    click.get_current_context().exit(told(run, as_json))


def only_device(library: SharedLibrary) -> str:
    """The one device that is present."""
    listing, size = ctypes.create_string_buffer(LONGEST_LIST), ctypes.c_uint32(LONGEST_LIST)
    function = library.find("SKF_EnumDev")
    if function is None:
        raise FileProblem("the library has no SKF_EnumDev: it is no library of the SKF interface")
    code = function(ctypes.c_uint32(PRESENT), listing, ctypes.byref(size))
    names = [each.decode(errors="replace") for each in listing.raw.split(b"\0") if each] if code == 0 else []
    if len(names) != 1:
        raise NoCard(f"the library lists {', '.join(names) or 'no device'}; insert one token, or name it with --device")
    return names[0]


def judged(library: Library, device: str, device_key: bytes, wanted: tuple[str, ...], where: str) -> Run:
    """All the cases on one library and the token behind it."""
    from conformance.report.text import visible
    from conformance.result import Run, SuiteNote
    from conformance.skf.judge import Judge, chosen, load
    from conformance.template import Value

    suite = load()
    given = {"device": Value(device.encode()), "device_key": Value(device_key, secret=True)}
    judge, started, start = Judge(library, given), datetime.now(UTC), perf_counter()
    results = tuple(judge.run(suite, case) for case in chosen(suite, wanted))
    return Run(
        target=suite.id,
        title=suite.title,
        where=visible(where),
        atr="",
        serial=device,
        version=version("simcard"),
        started=started.isoformat(timespec="seconds"),
        seconds=round(perf_counter() - start, 3),
        suites=(SuiteNote(suite.id, suite.title, suite.standard, suite.clauses),),
        results=results,
    )
