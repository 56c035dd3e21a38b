"""OpenSSL's program as the second opinion on signatures."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from host_tools.pki import der


def verifies(certificate: bytes, message: bytes, signature: bytes) -> bool:
    """Whether openssl finds the signature good: RSA with SHA-1, or SM2 with SM3 and the default identifier."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "certificate.pem").write_text(der.pem("CERTIFICATE", certificate))
        key = run("x509", "-in", str(folder / "certificate.pem"), "-pubkey", "-noout")
        (folder / "key.pem").write_bytes(key.stdout)
        (folder / "message").write_bytes(message)
        (folder / "signature").write_bytes(der.ec_signature(signature) if len(signature) == 64 else signature)
        how = ["-sm3", "-sigopt", "distid:1234567812345678"] if len(signature) == 64 else ["-sha1"]
        files = ["-verify", str(folder / "key.pem"), "-signature", str(folder / "signature"), str(folder / "message")]
        return run("dgst", *how, *files).stdout.strip() == b"Verified OK"


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False, timeout=60)
