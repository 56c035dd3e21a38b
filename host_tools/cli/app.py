"""The table of commands. A command's module is imported when the command runs, so `--help` stays quick."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click

EXIT_CODES = """\b
Exit codes:
  0    done
  1    the card refused, or a signature is not good
  2    wrong use: unknown option, file that cannot be read, bad profile
  3    no reader, no card, no service, no data base or a busy one, or an address that is taken
  4    a card image that is missing, damaged, foreign, in use, or cannot be made
  5    a PIN that is wrong or locked
  130  interrupted
  141  nobody reads the output any more
"""


HELP_OPTIONS = ["-h", "--help"]


@dataclass(frozen=True, slots=True)
class Row:
    """Where a command lives, and the one line `--help` says of it."""

    module: str
    attribute: str
    help: str


COMMANDS: dict[str, Row] = {
    "new": Row("new", "command", "Make a card image from a profile."),
    "profiles": Row("profiles", "command", "List the profiles there are, or show one."),
    "run": Row("run", "command", "Insert cards into readers and stay."),
    "list": Row("service", "list_readers", "List the readers of a running service."),
    "insert": Row("service", "insert", "Insert a card into a reader of a running service."),
    "remove": Row("service", "remove", "Remove the card from a reader of a running service."),
    "reset": Row("service", "reset", "Reset the card in a reader of a running service."),
    "stop": Row("service", "stop", "End a running service."),
    "info": Row("info", "command", "Show what is on a card."),
    "apdu": Row("apdu", "command", "Send commands in hexadecimal to a card."),
    "sign": Row("signing", "sign", "Sign a file with a key of a card."),
    "verify": Row("signing", "verify", "Check a signature over a file."),
    "pin": Row("pin", "command", "Look at, change and unblock PINs."),
    "cert": Row("cert", "command", "Take certificates out of a card."),
    "ca": Row("ca", "command", "A test authority: certificates, revocation, status."),
    "office": Row("office", "command", "An issuing office: authority, registry, operator's card."),
    "registry": Row("registry", "command", "The registry of an office: look, verify, migrate."),
    "login": Row("login", "command", "Log in with a card."),
    "issue": Row("issue", "command", "Issue cards: join, add, replace, change, cancel."),
    "renew": Row("renew", "renew", "Renew the certificates of a card."),
    "unlock": Row("renew", "unlock", "Unlock a card."),
    "renewal-client": Row("renewal_client", "command", "The renewal client: a window on the terminal."),
    "freeze": Row("orders", "freeze", "Freeze cards."),
    "unfreeze": Row("orders", "unfreeze", "Unfreeze cards."),
    "report-loss": Row("orders", "report_loss", "Report cards as lost."),
    "void": Row("orders", "void", "Make cards void for ever."),
    "bind": Row("orders", "bind", "Bind a declarant to a card."),
    "unbind": Row("orders", "unbind", "Unbind the declarant of a card."),
    "history": Row("orders", "history", "List what was done to a card."),
    "skf": Row("skf", "command", "Try a token by the SKF interface (GM/T 0016)."),
    "opensc": Row("opensc", "command", "Run a command with OpenSC set up for the card."),
    "eport-client": Row("eport_client", "command", "Run the Electronic Port client service (WebSocket)."),
    "eport-control": Row("eport_client", "control", "Switch faults of a running client service."),
    "customs": Row("customs", "command", "Sign for customs, and explain signatures."),
    "conformance": Row("conformance", "command", "Judge a card, clause by clause."),
    "vectors": Row("vectors", "command", "Put test vectors before the card, libraries and modules."),
    "campaign": Row("campaign", "command", "Random streams, fuzzing, power cuts and bad links."),
    "tear": Row("tear", "command", "Cut the power at every flash operation of a script."),
    "exec": Row("exec_", "command", "Run a command in a private PC/SC world."),
    "serve": Row("serve", "command", "Keep a private PC/SC world running."),
    "record": Row("record", "command", "Record what a program and a card say."),
    "replay": Row("replay", "command", "Play a recording: as a card, or to a card."),
    "twin": Row("twin", "command", "Play one script to two cards and compare."),
    "trace": Row("trace", "command", "Show a recording, or live packets, decoded."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and one line each, and loads them when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        found = getattr(import_module(f"host_tools.cli.{row.module}"), row.attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": HELP_OPTIONS})
@click.version_option(package_name="simcard", prog_name="simcard")
def cli() -> None:
    """Electronic Port CPU cards in software: make them, put them into readers, and work with them.

    PINs are asked for on the terminal, or read from a file, from standard input, or from the environment variable
    SIMCARD_PIN; never from the command line, where others could see them.
    """
