"""GnuPG's own card daemon and the PKCS#15 door: sizes and curves that no driver of OpenSC takes there."""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from tests.applet_pkcs15.kit import PKCS15, RSA_1024, USER_PIN, OpenSc, opensc, read, select, view
from tests.kit import Bench, command

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
AUTHORITY = ec.generate_private_key(ec.SECP256R1())
START, END = datetime(2026, 1, 1), datetime(2036, 1, 1)
PORT = bytes.fromhex("F04348494E414550 4F5254")

CONTAINER = """
[[container]]
name = "EportRSA"
sign = {key}
exchange = {key}
"""

HOME = f"""
export HOME=$PWD GNUPGHOME=$PWD/gnupg CARD_PIN={USER_PIN} LC_ALL=C.UTF-8
trap "gpgconf --kill all" EXIT
mkdir -m 700 gnupg
echo disable-ccid > gnupg/scdaemon.conf
echo "pinentry-program $PWD/pinentry" > gnupg/gpg-agent.conf
echo disable-crl-checks > gnupg/gpgsm.conf
openssl x509 -in authority -noout -fingerprint -sha1 | sed 's/.*=//; s/$/ S relax/' > gnupg/trustlist.txt
gpgsm --import authority
gpgsm --learn-card
echo "a declaration" > message
"""

SIGN = """
gpgsm --digest-algo {digest} --local-user signing --output signed --detach-sign message
gpgsm --verify signed message
"""

SECOND_OPINION = "openssl cms -verify -binary -inform der -in signed -content message -CAfile authority\n"
"""For curves only: gpgsm writes RSA signatures as signed numbers, and OpenSSL refuses the ones that grow by that."""

DECRYPT = """
openssl cms -encrypt -in message -outform der -out sealed exchange
gpgsm --decrypt sealed
"""


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def issue(name: str, public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, *, ca: bool = False) -> x509.Certificate:
    """A certificate of the authority."""
    made = x509.CertificateBuilder(named("authority"), named(name), public, x509.random_serial_number())
    made = made.not_valid_before(START).not_valid_after(END)
    return made.add_extension(x509.BasicConstraints(ca, None), critical=True).sign(AUTHORITY, hashes.SHA256())


@cache
def authority() -> bytes:
    return issue("authority", AUTHORITY.public_key(), ca=True).public_bytes(Encoding.PEM)


def enrolled(key: str) -> tuple[Bench, bytes]:
    """A card whose signing and exchange key have certificates, and the second of them, PEM."""
    card = view(RSA_1024 + CONTAINER.format(key=key))
    card.ok(select(PKCS15))
    publics = [load_der_public_key(read(card, 0x5015, 0x3301 + number)) for number in range(2)]
    card.ok(select(PORT))
    card.verify(1, USER_PIN.encode())
    pem = b""
    for number, (public, name) in enumerate(zip(publics, ("signing", "exchange"), strict=True), 1):
        assert isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey))
        made = issue(name, public)
        card.ok(command(0x22, 0x41, 0xB6, bytes((0x84, 1, number))))
        card.ok(command(0xDA, 0x7F, 0x21, made.public_bytes(Encoding.DER)))
        pem = made.public_bytes(Encoding.PEM)
    return card, pem


def run(card: Bench, exchange: bytes, script: str) -> str:
    with opensc(card) as programs:
        prepare(programs, exchange)
        return programs.ok("sh", "-euc", HOME + script)


def prepare(programs: OpenSc, exchange: bytes) -> None:
    programs.file("authority", authority())
    programs.file("exchange", exchange)
    shutil.copy(EXAMPLES / "pinentry", programs.folder)


@pytest.mark.parametrize("bits", [1024, 2048, 3072, 4096])
def test_rsa_signs_and_decrypts(bits: int) -> None:
    card, exchange = enrolled(f'{{ kind = "rsa", bits = {bits} }}')
    said = run(card, exchange, SIGN.format(digest="SHA256") + DECRYPT)
    assert 'Good signature from "/CN=signing"' in said
    assert "a declaration" in said


@pytest.mark.parametrize(("kind", "digest"), [("p256", "SHA256"), ("p384", "SHA384")])
def test_a_curve_signs(kind: str, digest: str) -> None:
    card, exchange = enrolled(f'{{ kind = "{kind}" }}')
    said = run(card, exchange, SIGN.format(digest=digest) + SECOND_OPINION)
    assert 'Good signature from "/CN=signing"' in said
    assert "CMS Verification successful" in said


def test_a_curve_decrypts_nothing() -> None:
    card, exchange = enrolled('{ kind = "p256" }')
    with opensc(card) as programs:
        prepare(programs, exchange)
        assert "Wrong key usage" in programs.fails("sh", "-euc", HOME + DECRYPT)


@pytest.mark.parametrize(("pin", "shown"), [("00000000", "Bad PIN"), (USER_PIN, "PIN blocked")])
def test_a_wrong_and_a_locked_pin(pin: str, shown: str) -> None:
    card, exchange = enrolled('{ kind = "p256" }')
    card.ok(select(PKCS15))
    for left in (0x63C2, 0x63C1, 0x63C0)[: 3 if pin == USER_PIN else 0]:
        card.refused(command(0x20, 0, 1, b"00000000"), left)
    with opensc(card) as programs:
        prepare(programs, exchange)
        script = HOME.replace(USER_PIN, pin) + SIGN.format(digest="SHA256")
        assert shown in programs.fails("sh", "-euc", script)
