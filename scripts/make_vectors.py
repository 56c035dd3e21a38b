"""Write `conformance/vectors/*.json` anew: ``python -m scripts.make_vectors``. The same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from scripts.vectors import agreement, encodings, nist, padding, rsa, sm2, symmetric
from scripts.vectors.shape import File
from simcard.hal.engine import KeyKind

FOLDER = Path(__file__).parent.parent / "conformance" / "vectors"
MAKERS: dict[str, Callable[[], File]] = {
    "sm2_signature.json": sm2.signature,
    "sm2_signature_der.json": encodings.signature,
    "sm2_encryption.json": sm2.encryption,
    "sm2_encryption_der.json": encodings.encryption,
    "sm2_key_exchange.json": agreement.key_exchange,
    "sm3.json": symmetric.sm3,
    "hmac_sm3.json": symmetric.hmac_sm3,
    "sm4_modes.json": symmetric.sm4,
    "sm4_padding.json": padding.cbc,
    "sm4_gcm.json": symmetric.gcm,
    "sm4_mac.json": symmetric.mac,
    "ecdsa_p256.json": lambda: nist.ecdsa(KeyKind.P256),
    "ecdsa_p256_der.json": encodings.ecdsa,
    "ecdsa_p384.json": lambda: nist.ecdsa(KeyKind.P384),
    "ecdh.json": nist.ecdh,
    "rsa_pkcs1_signature.json": rsa.pkcs1_signature,
    "rsa_small_exponent.json": padding.small_exponent,
    "rsa_pss.json": rsa.pss,
    "rsa_pkcs1_decryption.json": rsa.pkcs1_decryption,
    "rsa_oaep.json": rsa.oaep,
}


def text(name: str) -> str:
    """The content of one file."""
    return json.dumps(MAKERS[name](), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every file and say how many tests it holds."""
    FOLDER.mkdir(exist_ok=True)
    for name in MAKERS:
        content = text(name)
        (FOLDER / name).write_text(content, encoding="utf-8")
        print(f"{json.loads(content)['numberOfTests']:5} {name}")


if __name__ == "__main__":
    main()
