"""Where a reader is found: vpcd listens and the card side connects, or vpcd dials out and the card side listens.

In vpcd's reader.conf `DEVICENAME /dev/null:0x8C7B` makes vpcd listen (`Connect` here), and
`DEVICENAME somehost:0x8C7B` makes it dial out (`Listen` here).

vpcd 0.8 (Debian 12) can dial out only to a card that is there before pcscd starts and stays: at the first failed
or broken connection it gives an invalid descriptor to FD_SET, which aborts pcscd (seen: SIGABRT on removal). Nothing
on the card's side can prevent that; where cards come and go, let vpcd listen.

Rule: loopback only, unless the caller says that other machines are meant. Whoever reaches a reader's socket
owns the card behind it, and whoever reaches a listening card too.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from reader_bridge import vpcd

LOOPBACK = "127.0.0.1"


class EndpointError(ValueError):
    """An address that cannot be used; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Connect:
    """A vpcd that listens at host and port."""

    host: str = LOOPBACK
    port: int = vpcd.PORT

    def __str__(self) -> str:
        return written(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait at host and port for a vpcd that dials out. Port 0 takes a free one."""

    host: str = LOOPBACK
    port: int = vpcd.PORT

    def __str__(self) -> str:
        return "listen " + written(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Dial:
    """A vpcd that only `dial` can reach: it gives a connected socket or raises OSError."""

    dial: Callable[[], Awaitable[socket.socket]]
    text: str = "private reader"

    def __str__(self) -> str:
        return self.text


Endpoint = Connect | Listen | Dial


def written(host: str, port: int) -> str:
    """`host:port`, with brackets round an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse(text: str, kind: type[Connect] | type[Listen], remote: bool = False) -> Connect | Listen:
    """The endpoint that `HOST:PORT`, `HOST` or `:PORT` means; the port may be hexadecimal (0x8C7B).

    `EndpointError` if it does not read so, or names another machine while `remote` is not set.
    """
    host, _, digits = text.rpartition(":") if _has_port(text) else (text, "", hex(vpcd.PORT))
    host = host.removeprefix("[").removesuffix("]") or LOOPBACK
    try:
        port = int(digits, 0)
    except ValueError:
        raise EndpointError(f"{text!r}: expected HOST:PORT with a decimal or 0x port") from None
    if not 0 <= port <= 0xFFFF:
        raise EndpointError(f"{text!r}: a port is a number from 0 to 65535")
    if not remote and not is_loopback(host):
        raise EndpointError(f"{text!r} is not this machine; other machines must be allowed expressly")
    return kind(host, port)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine and nothing else; names other than localhost are not looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _has_port(text: str) -> bool:
    return ":" in text and not text.endswith("]")
