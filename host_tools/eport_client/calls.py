"""What a method is: its name, its arguments, how it runs, and where the shape of its answer comes from.

`Shape.ATTESTED` means that public clients or official pages rely on it; `Shape.CHOSEN`, that no public source shows it
and this is the most plausible one. The table in `docs/eport-client.md` is made from these rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from host_tools.eport_client.arguments import Args
from host_tools.eport_client.desk import Desk, Session, Signed
from simcard.wire.secret import Secret

DONE: list[object] = ["成功!"]
"""The answer of a call that has nothing to tell."""

VERSION = "1.5.12"
"""The version of the client control whose calls these are; pages compare it."""


class Shape(StrEnum):
    """Where the shape of an answer comes from."""

    ATTESTED = "attested"
    CHOSEN = "chosen"


@dataclass(slots=True)
class Call:
    """One call as it runs. `files` is the directory whose files may be read, None for none."""

    method: str
    desk: Desk
    session: Session
    args: Args
    files: Path | None

    def pin(self) -> Secret | None:
        """The password that came with the call, under any of its names."""
        return self.args.maybe_secret("passwd", "userpin")

    def sign(self, message: bytes) -> Signed:
        """Sign with the password of the call or of the session."""
        return self.desk.sign(self.session, self.pin(), message)


Run = Callable[[Call], list[object]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method that is answered. `args` and `data` are for people; a `?` marks an argument that may be absent."""

    name: str
    args: str
    run: Run
    data: str
    shape: Shape = Shape.CHOSEN
    signs: bool = False
    remark: str = ""
