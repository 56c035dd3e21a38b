"""The `openssl` program as an independent implementation: keys go in as DER, values as files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
SEC1 = bytes.fromhex("30770201010420"), bytes.fromhex("a00a06082a811ccf5501822da144034200")


def run(*arguments: str | Path, feed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """One run of the program; the caller looks at the return code."""
    return subprocess.run(["openssl", *map(str, arguments)], input=feed, capture_output=True, check=False)


def output(*arguments: str | Path, feed: bytes = b"") -> bytes:
    """The standard output of a run that succeeded."""
    done = run(*arguments, feed=feed)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def der(tag: int, content: bytes) -> bytes:
    """One DER element of less than 64 KiB."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    return bytes([tag, 0x81, size]) + content if size < 0x100 else bytes([tag, 0x82, *divmod(size, 256)]) + content


def integer(octets: bytes) -> bytes:
    """An unsigned INTEGER."""
    value = int.from_bytes(octets, "big")
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def public_key(folder: Path, public: bytes) -> Path:
    """A file with the SubjectPublicKeyInfo of an SM2 key."""
    path = folder / "public.der"
    path.write_bytes(SPKI + public)
    return path


def private_key(folder: Path, private: bytes, public: bytes) -> Path:
    """A file with the ECPrivateKey of an SM2 key."""
    path = folder / "private.der"
    path.write_bytes(SEC1[0] + private + SEC1[1] + public)
    return path


def sm2_verifies(folder: Path, public: bytes, ident: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the program takes the signature r || s."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    (folder / "sig").write_bytes(encode_dss_signature(r, s))
    (folder / "msg").write_bytes(message)
    key = public_key(folder, public)
    # Without hexdistid the program signs for an empty identifier; it has no way to be given an empty one.
    name = ("-pkeyopt", f"hexdistid:{ident.hex()}") if ident else ()
    files = ("-pubin", "-keyform", "DER", "-inkey", key, "-in", folder / "msg", "-sigfile", folder / "sig")
    return run("pkeyutl", "-verify", "-rawin", "-digest", "sm3", *files, *name).returncode == 0


def sm2_decrypts(folder: Path, private: bytes, public: bytes, ciphertext: bytes) -> bytes:
    """What the program makes of C1 || C3 || C2."""
    fields = integer(ciphertext[1:33]) + integer(ciphertext[33:65])
    body = fields + der(4, ciphertext[65:97]) + der(4, ciphertext[97:])
    (folder / "ct").write_bytes(der(0x30, body))
    key = private_key(folder, private, public)
    return output("pkeyutl", "-decrypt", "-keyform", "DER", "-inkey", key, "-in", folder / "ct")
