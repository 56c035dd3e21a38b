"""A certificate renewed through one door is what every door shows, without a reset."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from host_tools.cli.cards import EngineChoice, open_card
from reader_bridge.private_world import PrivateWorld
from reader_bridge.slot import CardLike
from tests.applet_piv.desk import issue
from tests.applet_piv.support import SELECT, certificate, padded, put_data
from tests.examples.book import USER_PIN, Kitchen, card_image, kitchen, recipe
from tests.kit import command

pytestmark = pytest.mark.pcsc

CHUNK = 240
ISO = bytes.fromhex("F053494D4341524400")


class Watched:
    """A card, and how often it was reset."""

    def __init__(self, card: CardLike) -> None:
        self._card, self.resets = card, 0

    @property
    def atr(self) -> bytes:
        return self._card.atr

    def power_on(self) -> bytes:
        return self._card.power_on()

    def reset(self) -> bytes:
        self.resets += 1
        return self._card.reset()

    def power_off(self) -> None:
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        return self._card.transmit(command)


def chained(header: bytes, body: bytes) -> list[bytes]:
    """A command in short commands of a chain."""
    pieces = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
    last = len(pieces) - 1
    return [command(header[1], header[2], header[3], piece, cla=0x10 * (at < last)) for at, piece in enumerate(pieces)]


def through_iso(der: bytes) -> list[bytes]:
    """Choose the signing key of the first container, and give its certificate."""
    proof = command(0x20, 0, 1, USER_PIN.encode())
    choice = command(0x22, 0x41, 0xB6, bytes.fromhex("840101"))
    return [command(0xA4, 4, 0x0C, ISO), proof, choice, *chained(bytes.fromhex("00DA7F21"), der)]


def through_piv(der: bytes) -> list[bytes]:
    """Write the certificate object of 9A."""
    body = put_data(0x5FC105, certificate(der))
    data = body[7:] if body[4] == 0 else body[5:]
    return [SELECT, command(0x20, 0, 0x80, padded(USER_PIN.encode())), *chained(bytes.fromhex("00DB3FFF"), data)]


def send(here: Kitchen, world: PrivateWorld, apdus: list[bytes]) -> None:
    """By the one program that sends what it is told."""
    words = " ".join(f"-s {apdu.hex()}" for apdu in apdus)
    said = here.ok(f"opensc-tool --card-driver default {words}", world.environment())
    assert len(apdus) == said.count("Received (SW1=0x90, SW2=0x00)"), said


def shown(here: Kitchen, world: PrivateWorld, card: Watched) -> set[str]:
    """Fingerprints of the certificate as the three doors show it; nothing resets the card before it is read."""
    opensc, simcard, prints = recipe("Renewal", "sh renewal").partition("simcard cert export")
    known = card.resets
    here.ok(opensc, world.environment())
    assert known == card.resets
    said = here.ok(simcard + prints, world.environment())
    found = [line.partition("=")[2] for line in said.splitlines() if "Fingerprint=" in line]
    assert 3 == len(found), said
    return set(found)


def test_renewed_through_one_door_and_seen_through_all() -> None:
    with kitchen(card=card_image()) as here, PrivateWorld() as world:
        card = Watched(open_card(here.folder / "card.simcard", EngineChoice()))
        world.add_reader(card=card)
        before = shown(here, world, card)
        public = x509.load_pem_x509_certificate((here.folder / "iso.pem").read_bytes()).public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        for name, door in (("iso", through_iso), ("piv", through_piv)):
            renewed = issue(public, name)
            known = card.resets
            send(here, world, door(renewed.public_bytes(Encoding.DER)))
            assert known == card.resets
            after = shown(here, world, card)
            assert {renewed.fingerprint(SHA256()).hex(":").upper()} == after
            assert after.isdisjoint(before)
