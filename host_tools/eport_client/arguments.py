"""The arguments of a call, read one by one: what is missing or of the wrong type fails with Err:Base50000.

Bytes come as base64 text or as a list of numbers; digests also as hexadecimal, for that is how some clients print them.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence

from host_tools.eport_client.refusals import Base, EportRefusal, base
from simcard.wire.secret import Secret


class Args:
    """The `args` of a request."""

    def __init__(self, values: dict[str, object]) -> None:
        self._values = values

    def text(self, name: str, *, empty: bool = False) -> str:
        """A string that must be there."""
        value = self._values.get(name)
        if isinstance(value, str) and (value or empty):
            return value
        raise missing(name)

    def maybe(self, *names: str) -> str | None:
        """A string that may be absent, null or empty; the first of several names that has one."""
        for name in names:
            value = self._values.get(name)
            if value is not None and not isinstance(value, str):
                raise wrong_type(name)
            if value:
                return value
        return None

    def secret(self, name: str) -> Secret:
        """A password that must be there."""
        return Secret(self.text(name).encode())

    def maybe_secret(self, *names: str) -> Secret | None:
        """A password that may be absent."""
        found = self.maybe(*names)
        return None if found is None else Secret(found.encode())

    def has(self, name: str) -> bool:
        """Whether there is a value."""
        return self._values.get(name) not in (None, "", [])

    def octets(self, name: str) -> bytes:
        """Bytes that must be there."""
        value = self._values.get(name)
        if isinstance(value, list):
            return _numbers(name, value)
        return base64(name, self.text(name))

    def digest(self, name: str, sizes: Sequence[int]) -> bytes:
        """A digest of one of these sizes."""
        value = self._values.get(name)
        found = _hexadecimal(value) if isinstance(value, str) else None
        if found is None or len(found) not in sizes:
            found = self.octets(name)
        if len(found) not in sizes:
            listed = "/".join(map(str, sizes))
            raise base(Base.ARGUMENTS, f"{name}应为{listed}字节的摘要", f"{name} must be a digest of {listed} bytes")
        return found


def base64(name: str, text: str) -> bytes:
    """Base64 with or without line breaks and BEGIN and END lines."""
    body = "".join(line for line in text.splitlines() if not line.startswith("-----"))
    try:
        return b64decode("".join(body.split()), validate=True)
    except ValueError:
        raise base(Base.ARGUMENTS, f"{name}不是Base64", f"{name} is not base64") from None


def missing(name: str) -> EportRefusal:
    """An argument that is not there."""
    return base(Base.ARGUMENTS, f"args缺少非空的{name}", f"args must hold a {name} that is not empty")


def wrong_type(name: str) -> EportRefusal:
    """An argument of a type that makes no sense."""
    return base(Base.ARGUMENTS, f"args中的{name}类型不对", f"{name} in args has the wrong type")


def _numbers(name: str, values: list[object]) -> bytes:
    good = [value for value in values if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 256]
    if not good or len(good) != len(values):
        raise wrong_type(name)
    return bytes(good)


def _hexadecimal(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
