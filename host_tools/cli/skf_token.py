"""What the commands of `simcard skf` have in common: which token, application and container, and their secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import engine_options, reader_option, target
from host_tools.cli.secrets import Wanted

if TYPE_CHECKING:
    from host_tools.skf.application import Application
    from host_tools.skf.container import Container
    from host_tools.skf.device import Device
    from simcard.wire.secret import Secret

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
ADMIN_PIN = Wanted("Administrator PIN", "SIMCARD_ADMIN_PIN")
NEW_USER_PIN = Wanted("User PIN", "SIMCARD_NEW_PIN", twice=True)
DEVICE_KEY = Wanted("Device key (32 hexadecimal digits, or 16 characters)", "SIMCARD_DEVICE_KEY")
KEY_SIZE = 16


def token_options(function: Decorated) -> Decorated:
    """Which token: an image or a reader; how it speaks; which engine its card gets."""
    text = "How the token differs from the usual: pin_block=ZERO,int_order=little and so on."
    function = click.option("--dialect", default="", metavar="SETTINGS", help=text)(function)
    return reader_option(engine_options(function))


def place_options(function: Decorated) -> Decorated:
    """`--application` and `--container`; where there is only one it need not be named."""
    text = "Container; the only one if not named."
    function = click.option("--container", "-c", "container_name", metavar="NAME", help=text)(function)
    return application_option(function)


def application_option(function: Decorated) -> Decorated:
    """`--application`."""
    text = "Application; the only one if not named."
    return click.option("--application", "-a", "application_name", metavar="NAME", help=text)(function)


@contextmanager
def opened(
    arguments: tuple[str, ...], count: int, reader: str | None, dialect: str, engine: str, sm2_backend: str | None
) -> Iterator[tuple[Device, tuple[str, ...]]]:
    """The token, and the `count` arguments that are not its image."""
    from host_tools.skf.device import Device
    from host_tools.skf.dialect import Dialect

    where, rest = target(arguments, reader, engine, sm2_backend)
    if len(rest) != count:
        raise click.UsageError(f"expected {count} more argument(s), got {len(rest)}")
    settings = Dialect.of(dialect)
    with where.link() as link:
        yield Device(link, settings), rest


def only(names: list[str], wanted: str | None, what: str) -> str:
    """The wanted name, or the only one there is."""
    if wanted is not None:
        return wanted
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names) or "none"
    raise click.UsageError(f"name the {what} with --{what}; there are: {listed}")


def application_of(device: Device, wanted: str | None) -> Application:
    """An open application."""
    return device.open_application(only(device.applications(), wanted, "application"))


def container_of(application: Application, wanted: str | None) -> Container:
    """An open container."""
    return application.open_container(only(application.containers(), wanted, "container"))


def login(application: Application, pin: Secret) -> None:
    """Verify the user PIN."""
    from simcard.wire.gmt0017 import PinType

    application.verify_pin(PinType.USER, pin)


def key_of(secret: Secret) -> Secret:
    """A key of 16 bytes as people write it."""
    from simcard.wire.secret import Secret as Kept

    raw = secret.reveal()
    if len(raw) == 2 * KEY_SIZE:
        with suppress(ValueError):
            raw = bytes.fromhex(raw.decode())
    if len(raw) != KEY_SIZE:
        raise click.UsageError(f"a key has {KEY_SIZE} bytes")
    return Kept(raw)
