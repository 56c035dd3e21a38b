"""Judges: OpenSSL of a card, whose certificate leads to the office's root, and whose signature fits it; the registry of
the authority's book, whose good certificates are those that the registry says cards have now.
"""

from __future__ import annotations

from pathlib import Path

from host_tools.client.iso import IsoCard
from host_tools.office.folder import Office
from host_tools.office.orders import number_of
from host_tools.pki import der
from host_tools.pki.generation import Generation
from host_tools.pki.keys import USUAL_HASH, Kind
from host_tools.pki.view import Certificate
from host_tools.registry.states import CardState
from tests.crypto import openssl
from tests.pki.support import CASES

DAY = 86400
IDENTIFIER = b"1234567812345678"
MESSAGE = b"a customs declaration"
HELD = (CardState.FROZEN, CardState.LOST)


def strays(office: Office) -> list[str]:
    """Certificates that the authority calls good, and that no card has now by the registry."""
    good, named = _books(office)
    return sorted(good - named)


def lame(office: Office) -> list[str]:
    """Certificates that cards have now by the registry, and that the authority does not call good."""
    good, named = _books(office)
    return sorted(named - good)


def _books(office: Office) -> tuple[set[str], set[str]]:
    """Numbers of cards' certificates: those good by the authority's book, those in use by the registry."""
    with office.registry.reading() as work:
        rows = {row.number for card in work.cards() for row in work.certificates(card)}
        numbers = {card.number for card in work.cards()}
        held = {row.number for card in work.cards() if card.state in HELD for row in work.certificates(card)}
    entries = [entry for each in Generation for entry in office.authorities.ledger.entries(each)]
    of_cards = [entry for entry in entries if number_of(entry.body) in numbers]
    good = {entry.number for entry in of_cards if entry.revoked is None}
    return good, rows - held


def insist_that_openssl_takes(card: IsoCard, authority: Path, folder: Path) -> None:
    """The card, logged in, signs; openssl checks that and both certificates up to the authority's root."""
    keys = card.containers()[0].keys
    bodies = [Certificate.parse(card.read_certificate(key.reference)) for key in keys]
    generation = "rsa" if bodies[0].key.kind is Kind.RSA else "sm2"
    place, options = authority / generation, CASES[generation].options
    for body in bodies:
        leaf = folder / "leaf.pem"
        leaf.write_text(der.pem("CERTIFICATE", body.encoded), encoding="ascii")
        # openssl takes the signer's identifier of SM2 for the last certificate alone, so each is checked by itself.
        for trusted, subject in ((place / "root.pem", place / "issuing.pem"), (place / "issuing.pem", leaf)):
            at = ("-attime", str(int(body.not_before.timestamp()) + DAY), *options)
            openssl.output("verify", *at, "-partial_chain", "-CAfile", trusted, subject)
    signature = card.sign(keys[0].reference, MESSAGE, USUAL_HASH[bodies[0].key.kind])
    assert _signed(folder, bodies[0], signature)


def _signed(folder: Path, body: Certificate, signature: bytes) -> bool:
    if body.key.kind is Kind.SM2:
        return openssl.sm2_verifies(folder, body.key.point, IDENTIFIER, MESSAGE, signature)
    (folder / "leaf.pem").write_text(der.pem("CERTIFICATE", body.encoded), encoding="ascii")
    (folder / "key.pem").write_bytes(openssl.output("x509", "-pubkey", "-noout", "-in", folder / "leaf.pem"))
    (folder / "signature").write_bytes(signature)
    judged = ("dgst", "-sha256", "-verify", folder / "key.pem", "-signature", folder / "signature")
    return openssl.run(*judged, feed=MESSAGE).returncode == 0
