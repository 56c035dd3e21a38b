"""A process that dies (SIGKILL) at one step of making or renewing a card; used by `test_killed.py`.

A step is a command to the card, a write into the authority's book, a commit of the registry, or the renaming of an
image; there is a moment before it and one after. The card is an image file, which the dead process leaves behind
as it is.
"""

from __future__ import annotations

from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy.orm import Session

from host_tools.cli.cards import EngineChoice, image_link
from host_tools.cli.office import replace_operator_card
from host_tools.cli.station import issuing
from host_tools.client.iso import IsoCard
from host_tools.link.inprocess import InProcessLink
from host_tools.office.folder import Office
from host_tools.office.orders import number_of, signing_key
from host_tools.office.plastic import Plastic
from host_tools.office.unlock import Unlock
from host_tools.pki.ledger import Ledger
from host_tools.renewal.renewal import Renewal
from simcard.applet.registry import APPLETS
from simcard.crypto import points_pycryptodome
from tests.issuing.support import PIN
from tests.office.dying import SERVER, Reaper
from tests.pki.support import SM2, SetClock

BOOK = ("issue", "archive", "revoke")
# What a card imports when it first needs it, every process would otherwise import again.
SERVER.set_forkserver_preload([__name__, points_pycryptodome.__name__, *(module for module, _ in APPLETS.values())])
LEGAL = "legal.simcard"
"""The image of the legal-person card that orders an unlocking."""


def renew(office: Office, image: Path, number: str) -> None:
    """The renewal of a legal person's card by itself, unless it is done."""
    with image_link(image, EngineChoice()) as link:
        renewal = Renewal(office, Plastic(link))
        if renewal.view().start.date() != office.clock().date():
            renewal.begin(renewal.plastic.iso, number, PIN)
            for _ in renewal.run(lambda: PIN):
                pass


def issue(office: Office, image: Path, number: str) -> None:
    """The making of a prepared card, a first one or one in another's place, unless it is made."""
    with office.registry.reading() as work:
        if work.card(number).made_at is not None:
            return
    with image_link(image, EngineChoice()) as link:
        for _ in issuing(office, Plastic(link), number).run(lambda: PIN):
            pass


def unlock(office: Office, image: Path, number: str) -> None:
    """The unlocking of a locked card by its legal-person card, unless it is done."""
    with image_link(image, EngineChoice()) as link:
        work = Unlock(office, Plastic(link))
        if not work.is_open and not work.plastic.tries_left():
            with image_link(image.with_name(LEGAL), EngineChoice()) as other:
                legal = IsoCard(other)
                work.begin(legal, number_of(legal.read_certificate(signing_key(legal).reference)), PIN)
        work.finish()


def operator(office: Office, image: Path, number: str) -> None:
    """Another card for the office's operator, unless the card of that number is in its place."""
    if image.exists():
        with image_link(image, EngineChoice()) as link:
            if Plastic(link).number().endswith(number):
                return
    replace_operator_card(office, None, EngineChoice())


WORK = {"renew": renew, "issue": issue, "replace": issue, "unlock": unlock, "operator": operator}


def _child(what: str, folder: Path, now: datetime, image: Path, number: str, step: int, back: Connection) -> None:
    reaper = Reaper(step)
    watched = [(Session, "commit"), (InProcessLink, "transmit"), (Path, "rename"), (Path, "replace")]
    watched += [(Ledger, name) for name in BOOK]
    for kind, name in watched:
        setattr(kind, name, reaper.around(getattr(kind, name)))
    with Office(folder, SetClock(now), SM2) as office:
        WORK[what](office, image, number)
    back.send(reaper.passed)


def run(what: str, folder: Path, now: datetime, image: Path, number: str, step: int = 0) -> int:
    """Let another process do the work; its moments if it lived, the negative signal if it died."""
    here, there = SERVER.Pipe(duplex=False)
    child = SERVER.Process(target=_child, args=(what, folder, now, image, number, step, there))
    child.start()
    there.close()
    child.join()
    assert child.exitcode is not None
    assert child.exitcode <= 0, f"{what} failed by itself"
    return here.recv() if child.exitcode == 0 else child.exitcode
