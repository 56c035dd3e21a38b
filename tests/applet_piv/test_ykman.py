"""Yubico's second tool, `ykman` 4.0.9: self-signed certificates and requests, AES keys, and its way to a reset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography import x509

from tests.applet_piv.desk import Desk, desk
from tests.applet_piv.support import MANAGEMENT, PIN
from tests.kit import bench

pytestmark = pytest.mark.pcsc

READER = "Virtual PCD 00 00"
PIV = ("ykman", "--reader", "Virtual", "piv")
KEY, CODE = ("-m", MANAGEMENT.hex()), ("-P", PIN.decode())
AES = bytes(range(1, 33)).hex()


@pytest.fixture
def card() -> Iterator[Desk]:
    with desk(bench("piv").card, READER) as made:
        yield made


@pytest.mark.parametrize(("slot", "algorithm"), [("9a", "ECCP256"), ("9c", "RSA2048"), ("9d", "ECCP384")])
def test_a_certificate_signed_by_its_own_key(card: Desk, slot: str, algorithm: str) -> None:
    card.ok(*PIV, "keys", "generate", "-a", algorithm, *KEY, *CODE, slot, "public")
    card.ok(*PIV, "certificates", "generate", "-s", "CN=test", *KEY, *CODE, slot, "public")
    card.ok(*PIV, "certificates", "export", slot, "certificate")
    made = x509.load_pem_x509_certificate(card.read("certificate"))
    made.verify_directly_issued_by(made)
    assert card.key("public") == made.public_key()


def test_a_request(card: Desk) -> None:
    card.ok(*PIV, "keys", "generate", "-a", "ECCP256", *KEY, *CODE, "9a", "public")
    card.ok(*PIV, "certificates", "request", "-s", "CN=test", *CODE, "9a", "public", "request")
    assert x509.load_pem_x509_csr(card.read("request")).is_signature_valid


def test_an_aes_management_key(card: Desk) -> None:
    card.ok(*PIV, "access", "change-management-key", "-a", "AES256", *KEY, "-n", AES, "-f")
    assert "Management key algorithm: AES256" in card.ok(*PIV, "info")
    card.ok(*PIV, "objects", "generate", "-m", AES, *CODE, "CHUID")


def test_a_reset_which_blocks_pin_and_puk_first(card: Desk) -> None:
    card.ok(*PIV, "access", "change-pin", *CODE, "-n", "654321")
    card.ok(*PIV, "reset", "-f")
    assert "PIN tries remaining: 3/3" in card.ok(*PIV, "info")
