"""Cards issued in a second, and where the time of a renewal goes: to the card, the authority, or the registry.

Cards are image files, so every command that changes one waits for the disk, as it does in use. The floor of issuing is
what the authority alone takes for the certificates of one card; the floor of a renewal is the renewal as a whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from host_tools.cli.cards import EngineChoice, image_link
from host_tools.cli.office import enrol_operator
from host_tools.cli.station import FIRST_PIN, issue_image
from host_tools.issuing.plan import Firm, Person
from host_tools.issuing.procedures import Procedures
from host_tools.issuing.sample import rows
from host_tools.office.folder import Office, Wish, create
from host_tools.office.plastic import Plastic
from host_tools.pki.authority import Authority
from host_tools.pki.folder import Wish as AuthorityWish
from host_tools.pki.generation import Generation, Subject, subject_name
from host_tools.pki.request import make as make_request
from host_tools.pki.sm2 import Sm2
from host_tools.pki.softkey import generate
from host_tools.registry.facade import Registry
from host_tools.renewal.renewal import Renewal
from scripts.measuring.turns import Row

GROUP = "office"
ENTERPRISES = 5
"""Each gets two cards."""
SEED = 1
PARTS = ("card", "authority", "registry")
START = datetime(2026, 11, 22, tzinfo=UTC)
NEAR_THE_END = START + timedelta(days=3600)


@dataclass
class Watch:
    """Seconds spent inside calls, by a name; a call inside another of the same name counts once."""

    seconds: Counter[str] = field(default_factory=Counter)
    _inside: Counter[str] = field(default_factory=Counter)

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **named: Any) -> Any:
            self._inside[name] += 1
            begun = time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                self._inside[name] -= 1
                if not self._inside[name]:
                    self.seconds[name] += time.perf_counter() - begun  # type: ignore[assignment]

        return watched


def issuing(folder: Path) -> Iterator[Row]:
    """Cards in a second, both generations; and a renewal of each, split."""
    sm2, moment = _sm2(), [START]
    create(folder / "office", Wish(AuthorityWish(rounds=10)), None, lambda: moment[0], sm2, enrol_operator)
    with Office(folder / "office", lambda: moment[0], sm2) as office:
        for generation in Generation:
            moment[0] = START
            cards = _prepared(office, generation)
            office.authority(generation)
            begun = time.perf_counter()
            for number in cards:
                issue_image(office, number, folder / number, EngineChoice())
            rate = len(cards) / (time.perf_counter() - begun)
            alone = _authority_alone(office.authority(generation), sm2, generation)
            name = f"issue {generation.value} cards"
            yield Row(GROUP, name, "cards/s", rate, alone, "the authority's part alone")
            moment[0] = NEAR_THE_END
            yield from _renewal(office, folder, cards[0], generation)


def _sm2() -> Sm2:
    from host_tools.cli.ca import make_sm2

    return make_sm2()


def _prepared(office: Office, generation: Generation) -> list[str]:
    """Numbers of cards that are waiting to be made, legal-person cards first."""
    first = 0 if generation is Generation.SM2 else ENTERPRISES
    made = []
    for row in islice(rows(SEED), first, first + ENTERPRISES):
        person = Person(row["name"], row["document"])
        made.append(Procedures(office).join(Firm(row["firm"], row["credit_code"]), person, None, generation))
    return [number for pair in zip(*made) for number in pair]


def _authority_alone(authority: Authority, sm2: Sm2, generation: Generation) -> float:
    """Pairs of certificates in a second, for keys that are there."""
    key = [generate(generation.kind, sm2, 1024) for _ in range(ENTERPRISES)]
    subject = Subject("测试持卡人", "测试企业")
    asked = [make_request(subject_name(generation, subject), each.issuer(generation.hash)) for each in key]
    begun = time.perf_counter()
    for each in asked:
        authority.issue_pair(each, subject)
    return len(asked) / (time.perf_counter() - begun)


def _renewal(office: Office, folder: Path, number: str, generation: Generation) -> Iterator[Row]:
    """Milliseconds of one renewal by a legal person, and of its parts."""
    watch = Watch()
    with image_link(folder / number, EngineChoice()) as link:
        link.transmit = watch.around("card", link.transmit)  # type: ignore[method-assign]
        authority = office.authority(generation)
        authority.issue_pair = watch.around("authority", authority.issue_pair)  # type: ignore[method-assign]
        for door in ("writing", "reading"):
            setattr(office.registry, door, _watched_door(getattr(Registry, door), office.registry, watch))
        begun = time.perf_counter()
        renewal = Renewal(office, Plastic(link))
        renewal.begin(renewal.plastic.iso, number, FIRST_PIN)
        for _ in renewal.run(lambda: FIRST_PIN):
            pass
        whole = time.perf_counter() - begun
    title = f"renew one {generation.value} card"
    yield Row(GROUP, title, "ms", whole * 1000, better="less")
    for part in PARTS:
        share = watch.seconds[part] * 1000
        yield Row(GROUP, f"{title}: {part}", "ms", share, whole * 1000, "the whole renewal", better="less")
    rest = whole * 1000 - sum(watch.seconds[part] for part in PARTS) * 1000
    yield Row(GROUP, f"{title}: order and queries", "ms", rest, whole * 1000, "the whole renewal", better="less")


def _watched_door(opened: Callable[..., Any], registry: Registry, watch: Watch) -> Callable[..., Any]:
    """A transaction of the registry, its beginning and end timed; what is done inside belongs to whoever does it."""
    from contextlib import contextmanager

    @contextmanager
    def door() -> Iterator[Any]:
        context = opened(registry)
        work = watch.around("registry", context.__enter__)()
        try:
            yield work
        except BaseException as error:
            if not context.__exit__(type(error), error, error.__traceback__):
                raise
        else:
            watch.around("registry", context.__exit__)(None, None, None)

    return door
