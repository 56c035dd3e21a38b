"""Choice of the SM2 point back end: the fastest that proves itself.

Order: pycryptodome, libcrypto, pure Python. A back end is admitted only after it reproduced the examples of
GB/T 32918.5 (annex A sign and verify, annex C decrypt) through the scheme the card runs; one that is missing or
wrong is passed over. A back end asked for by name is never replaced silently.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from simcard.crypto import sm2
from simcard.crypto.curve import PointBackend
from simcard.hal.engine import CryptoFault

BACKENDS: dict[str, tuple[str, str]] = {
    "pycryptodome": ("simcard.crypto.points_pycryptodome", "PycryptodomePoints"),
    "libcrypto": ("simcard.crypto.points_libcrypto", "LibcryptoPoints"),
    "python": ("simcard.crypto.points_python", "PythonPoints"),
}

_D = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
_K = bytes.fromhex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21")
_E = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
_PUBLIC = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
_CIPHERTEXT = bytes.fromhex(
    "0404EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
    "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
    "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
    "21886CA989CA9C7D58087307CA93092D651EFA"
)


def proves_itself(backend: PointBackend) -> bool:
    """Whether the standard's signature, its verification and its decryption come out right."""
    try:
        sm2.verify(backend, _PUBLIC, _E, _SIGNATURE)
        return (
            sm2.public_of(backend, _D) == _PUBLIC
            and sm2.sign(backend, sm2.SigningKey.load(_D), _E, lambda _: _K) == _SIGNATURE
            and sm2.decrypt(backend, _D, _CIPHERTEXT) == b"encryption standard"
        )
    except (CryptoFault, ArithmeticError):
        return False


def load(name: str) -> PointBackend:
    """The back end of that name; ImportError when it is missing or fails the self-test."""
    module, attribute = BACKENDS[name]
    make: Callable[[], PointBackend] = getattr(import_module(module), attribute)
    backend = make()
    if not proves_itself(backend):
        raise ImportError(f"SM2 back end {name} failed its self-test")
    return backend


@cache
def choose(name: str | None = None) -> PointBackend:
    """The back end of that name, or with None the first of `BACKENDS` that loads."""
    if name is not None:
        return load(name)
    for candidate in BACKENDS:
        try:
            return load(candidate)
        except ImportError:
            continue
    raise ImportError("no SM2 back end passed its self-test")
