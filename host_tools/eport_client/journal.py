"""What happened, for the page that people look at: calls with their arguments, never with a password.

The last entries are kept for a page that opens later; a page that does not read loses entries, not the service.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

KEPT = 200
WAITING = 500
SHOWN = 80
SECRET_WORDS = ("pass", "pwd", "pin", "secret")

Entry = dict[str, object]


def masked(args: dict[str, object]) -> dict[str, str]:
    """Arguments as a person may see them: passwords hidden, long values cut, structures named only."""
    return {name[:SHOWN]: _shown(name, value) for name, value in list(args.items())[:12]}


def _shown(name: str, value: object) -> str:
    if any(word in name.lower() for word in SECRET_WORDS):
        return "***"
    if isinstance(value, str):
        return value if len(value) <= SHOWN else f"{value[:SHOWN]}… ({len(value)})"
    if isinstance(value, (list, dict)):
        return f"({len(value)})"
    return str(value)[:SHOWN]


@dataclass(slots=True, eq=False)
class Journal:
    """Entries, oldest first, and the queues of those who watch."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    watchers: set[asyncio.Queue[Entry]] = field(default_factory=set)

    def note(self, entry: Entry) -> None:
        """Keep an entry and tell the watchers."""
        self.entries.append(entry)
        self.tell(entry)

    def tell(self, entry: Entry) -> None:
        """Tell the watchers only."""
        for queue in self.watchers:
            if not queue.full():
                queue.put_nowait(entry)

    def watch(self) -> asyncio.Queue[Entry]:
        """A queue that gets every further entry."""
        queue: asyncio.Queue[Entry] = asyncio.Queue(WAITING)
        self.watchers.add(queue)
        return queue

    def unwatch(self, queue: asyncio.Queue[Entry]) -> None:
        """No more entries for this queue."""
        self.watchers.discard(queue)
