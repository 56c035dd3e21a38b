"""What the commands of `simcard issue` share: office and cards, who gets a card, who signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from host_tools.cli.cards import EngineChoice, engine_options
from host_tools.cli.office import office_options
from host_tools.cli.output import json_option, say_json
from host_tools.cli.station import (
    SUFFIX,
    Signer,
    counted,
    going_on,
    issue_image,
    signer_of,
    signer_options,
    signing_card,
)

if TYPE_CHECKING:
    from host_tools.office.folder import Office
    from host_tools.office.orders import Details, Signed
    from host_tools.registry.states import Action

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
GENERATIONS = ("sm2", "rsa")


@dataclass(frozen=True, slots=True)
class Desk:
    """What every command of this group is told."""

    office: Path
    day: datetime | None
    passphrase_file: Path | None
    cards: Path
    prepare: bool
    as_json: bool
    engine: EngineChoice

    def make_one(self, office: Office, number: str) -> dict[str, str | None]:
        """Make a card, unless it is made or only to be prepared; what there is to say of it."""
        image = None if self.prepare else self.cards / f"{number}{SUFFIX}"
        with office.registry.reading() as work:
            waiting = work.card(number).made_at is None
        if image is not None and waiting:
            self.cards.mkdir(parents=True, exist_ok=True)
            issue_image(office, number, image, self.engine)
        with office.registry.reading() as work:
            card = work.card(number)
            where = str(image) if image is not None and image.exists() else None
            if image is not None and where is None:
                hint = f"if it is nowhere else, simcard issue replace {number} makes another in its place"
                click.echo(f"card {number} is made, and its image {image} is not there; {hint}", err=True)
            return {
                "number": number,
                "kind": card.kind.value,
                "state": card.state.value,
                "image": where,
                "enterprise": card.enterprise.name,
                "holder": card.holder.name,
            }

    def make(self, office: Office, *numbers: str) -> None:
        """Make the cards, and say which they are."""
        with going_on(), counted(len(numbers), not self.as_json) as tick:
            rows = []
            for number in numbers:
                rows.append(self.make_one(office, number))
                tick(number)
        if self.as_json:
            say_json({"cards": rows})
        for row in () if self.as_json else rows:
            click.echo(line_of(row))


def line_of(row: dict[str, str | None]) -> str:
    """What people are told of a card that was made."""
    return f"{row['kind']} {row['number']}: {row['image'] or row['state']}"


def desk_options(function: Decorated) -> Decorated:
    """Office and output, as the parameter `desk`."""
    import functools

    @office_options
    @json_option
    @engine_options
    @functools.wraps(function)
    def wrapped(
        office: Path,
        day: datetime | None,
        passphrase_file: Path | None,
        as_json: bool,
        engine: str,
        sm2_backend: str | None,
        cards: Path = Path(),
        prepare: bool = False,
        **more: Any,
    ) -> None:
        choice = EngineChoice(engine, sm2_backend)
        function(Desk(office, day, passphrase_file, cards, prepare, as_json, choice), **more)

    return wrapped  # type: ignore[return-value]  # click makes a command of it


def making_options(function: Decorated) -> Decorated:
    """The same for commands that make cards: where to, or not yet."""
    text = "Prepare the cards in the registry only; make them with issue card."
    function = click.option("--prepare", is_flag=True, help=text)(desk_options(function))
    text = "Folder for the images of the cards."
    return click.option("--cards", type=click.Path(path_type=Path), default=Path(), help=text)(function)


def person_options(function: Decorated) -> Decorated:
    """Who gets a card, as the parameters `name`, `document`, `document_type` and `social_number`."""
    function = click.option("--social-number", default="", help="Social insurance number.")(function)
    text = "01 is the resident identity card."
    function = click.option("--document-type", default="01", show_default=True, help=text)(function)
    function = click.option("--document", required=True, metavar="NUMBER", help="Number of the document.")(function)
    return click.option("--name", required=True, help="Name of the holder.")(function)


def order_options(function: Decorated) -> Decorated:
    """The card that signs, as the parameter `signer`."""
    import functools

    @signer_options
    @functools.wraps(function)
    def wrapped(
        desk: Desk,
        by: Path | None,
        by_reader: str | None,
        operator: bool,
        signer_pin_file: Path | None,
        **more: Any,
    ) -> None:
        function(desk, signer_of(by, by_reader, operator, desk.office, desk.engine, signer_pin_file), **more)

    return wrapped  # type: ignore[return-value]


def signed_order(
    office: Office, signer: Signer, action: Action, enterprise: str, *cards: str, details: Details | None = None
) -> Signed:
    """An order, signed by the card that the options name. An empty enterprise is that of the card, or the signer's."""
    from host_tools.office.orders import Order, sign_order

    with signing_card(signer, None, lambda: signer.pin) as (card, number, pin):
        with office.registry.reading() as work:
            firm = enterprise or work.card(cards[0] if cards else number).enterprise.credit_code
        data = {} if details is None else details.data
        return sign_order(card, pin, Order(action, cards, firm, number, office.clock(), data=data))
