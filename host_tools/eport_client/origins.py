"""Which web pages may connect: those of this machine, those of the same address, and a list.

Programs send no Origin and may always connect; who else can reach the address is decided by binding it. An opaque
origin ("null": files, sandboxed frames of any site) is refused unless it is listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from host_tools.eport_client.wording import Text


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """`listed` are further origins, such as https://app.example.cn, or null."""

    listed: frozenset[str] = frozenset()

    def allows(self, origin: str | None, host: str) -> bool:
        """Whether a page of this origin may connect to the service at `host` (the Host header)."""
        if origin is None or origin.lower() in self.listed:
            return True
        name = _host_name(origin)
        if name is None:
            return False
        # The name of a page that the service itself gave is an address: a site's name could be bent to point here.
        return _is_loopback(name) or (_is_address(name) and origin.lower() == f"http://{host.lower()}")


REFUSED = Text(
    "拒绝来自{origin}的网页连接：只允许本机网页，其他网页请用 --allow-origin {origin} 启动服务",
    "a web page of {origin} may not connect: only pages of this machine may; to allow it, start the service with "
    "--allow-origin {origin}",
)


def refusal(origin: str) -> Text:
    """What a refused page is told."""
    return REFUSED.with_values(origin=origin[:200])


def _host_name(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)
