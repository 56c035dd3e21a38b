"""The host's readers of SM2 values in DER, over the vectors made to fool such readers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest

from conformance.vector_judge.vector import Vector, load
from host_tools.errors import BadEncoding, BadResponse
from host_tools.pki.der import raw_ec_signature
from host_tools.pki.sm2 import cipher_from_der
from simcard.crypto.engines import make
from simcard.hal.engine import CryptoFault, Hash, KeyKind
from simcard.wire.secret import Secret

ENGINE = make("soft")


def outcome(vector: Vector) -> AbstractContextManager[object]:
    refused = (BadEncoding, BadResponse, CryptoFault)
    return nullcontext() if vector.valid else pytest.raises(refused)


@pytest.mark.parametrize("vector", load("sm2_signature_der"), ids=str)
def test_sm2_signature(vector: Vector) -> None:
    digest = ENGINE.digest(Hash.SM3, ENGINE.sm2_za(vector["public"], vector["ident"]) + vector["msg"])
    with outcome(vector):
        ENGINE.sm2_verify(vector["public"], digest, raw_ec_signature(vector["sig"], 32))


@pytest.mark.parametrize("vector", load("ecdsa_p256_der"), ids=str)
def test_ecdsa_signature(vector: Vector) -> None:
    with outcome(vector):
        ENGINE.ecdsa_verify(KeyKind.P256, vector["public"], vector["digest"], raw_ec_signature(vector["sig"], 32))


@pytest.mark.parametrize("vector", load("sm2_encryption_der"), ids=str)
def test_sm2_cipher(vector: Vector) -> None:
    with outcome(vector):
        opened = ENGINE.sm2_decrypt(Secret(vector["private"]), cipher_from_der(vector["ct"]))
        assert vector["msg"] == opened.reveal()
