"""A certificate for wss, signed by a small authority of our own that signs nothing else.

The authority may only certify the names below (name constraints, RFC 5280, 4.2.1.10) and its key is never written:
whoever trusts it trusts this one server certificate. Both are made anew when the certificate runs out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from host_tools.errors import FileProblem

NAMES = ("wss.singlewindow.cn", "testlocal.sino-clink.com.cn", "localhost")
ADDRESS = "127.0.0.1"
HOSTS_ENTRY = f"{ADDRESS} {NAMES[0]} {NAMES[1]}"
"""The line for the hosts file: official pages over https connect to these names."""
DAYS = 397
CA_FILE, CERTIFICATE_FILE, KEY_FILE = "ca.pem", "server.pem", "server.key"


def context(folder: Path, now: datetime) -> SSLContext:
    """The TLS side of the service; makes what is not there or has run out. `FileProblem` when it cannot."""
    certificate, key = folder / CERTIFICATE_FILE, folder / KEY_FILE
    try:
        if not _usable(certificate, now):
            make(folder, now)
        found = SSLContext(PROTOCOL_TLS_SERVER)
        found.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:
        raise FileProblem(f"{folder}: no certificate for wss can be made or read there ({error})") from None
    return found


def _usable(path: Path, now: datetime) -> bool:
    if not path.exists():
        return False
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc > now + timedelta(days=7)


def make(folder: Path, now: datetime) -> None:
    """Write authority, certificate and its key into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _authority(ca_key, now)
    server = _server(ca, ca_key, key, now)
    (folder / CA_FILE).write_bytes(ca.public_bytes(Encoding.PEM))
    (folder / CERTIFICATE_FILE).write_bytes(server.public_bytes(Encoding.PEM))
    secret = folder / KEY_FILE
    secret.touch(mode=0o600)
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = "simcard test CA (this machine only)"
    allowed: list[x509.GeneralName] = [x509.DNSName(each) for each in NAMES]
    allowed.append(x509.IPAddress(IPv4Network("127.0.0.0/8")))
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    made = _builder(name, _named(name), key.public_key(), now)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(usage, critical=True)
    made = made.add_extension(x509.NameConstraints(allowed, None), critical=True)
    return made.sign(key, hashes.SHA256())


def _server(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in NAMES]
    names.append(x509.IPAddress(ip_address(ADDRESS)))
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    made = _builder("simcard eport-client", ca.subject, key.public_key(), now)
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(usage, critical=True)
    made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    made = made.add_extension(authority, critical=False)
    return made.sign(ca_key, hashes.SHA256())


def now() -> datetime:
    """The time of this machine, UTC."""
    return datetime.now(UTC)
