"""Values that pass the SKF interface, apart from their packed C forms, and the rules for PINs.

SM2 points are 04 x y, signatures r || s, cryptograms C1 || C3 || C2 with C1 as 04 x y.
"""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.skf.sar import Sar, SkfError
from simcard.wire.gmt0017 import ContainerType
from simcard.wire.secret import Secret

SM2_SIZE = 32
POINT = 1 + 2 * SM2_SIZE
SIGNATURE = 2 * SM2_SIZE
PIN_FIELD = 16
SHORTEST_PIN = 6
MOST_TRIES = 15
EXPONENT = 4


class PinRules:
    """What a token can be asked for."""

    @staticmethod
    def check_tries(*tries: int) -> None:
        """Retry limits are 1 to 15, the most that 63Cx can tell."""
        for most in tries:
            if not 1 <= most <= MOST_TRIES:
                raise SkfError(Sar.INVALIDPARAMERR, f"{most} tries cannot be; a token allows 1 to {MOST_TRIES}")


def check_pin(pin: Secret) -> None:
    """A PIN to present; SAR_PIN_LEN_RANGE, before a try is spent, for one that cannot be right."""
    if not 1 <= len(pin) <= PIN_FIELD:
        raise SkfError(Sar.PIN_LEN_RANGE, f"a PIN has 1 to {PIN_FIELD} bytes, not {len(pin)}")


def check_new_pin(pin: Secret) -> None:
    """A PIN to set (GM/T 0027-2014, 9.2: six characters or more)."""
    if not SHORTEST_PIN <= len(pin) <= PIN_FIELD:
        raise SkfError(Sar.PIN_LEN_RANGE, f"a new PIN has {SHORTEST_PIN} to {PIN_FIELD} bytes, not {len(pin)}")


@dataclass(frozen=True, slots=True)
class PinInfo:
    """Tries in all, tries left, and whether the PIN is as delivered."""

    limit: int
    left: int
    default: bool


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Bytes of a file and the account masks of who may read and write."""

    name: str
    size: int
    reading: int
    writing: int


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """What a container holds; bits are 0 where there is no pair."""

    kind: ContainerType
    sign_bits: int
    exchange_bits: int
    sign_certificate: bool
    exchange_certificate: bool


@dataclass(frozen=True, slots=True)
class RsaPublic:
    """Modulus in its natural width and exponent in 4 bytes, big-endian."""

    n: bytes
    e: bytes

    @property
    def bits(self) -> int:
        return 8 * len(self.n)


@dataclass(frozen=True, slots=True)
class RsaPrivate:
    """A private key outside the token; d has the modulus's width, the others half of it."""

    public: RsaPublic
    d: Secret
    p: Secret
    q: Secret
    dp: Secret
    dq: Secret
    qinv: Secret

    @property
    def parts(self) -> tuple[Secret, ...]:
        return self.d, self.p, self.q, self.dp, self.dq, self.qinv


@dataclass(frozen=True, slots=True)
class Envelope:
    """An exchange pair on its way in (ENVELOPEDKEYBLOB; GM/T 0016-2012, 6.4.10).

    `wrapped` is the symmetric key as a cryptogram for the container's signing key; `encrypted` the private key of 32
    bytes (or of 64 with zeros before) under that key in ECB; `public` its point.
    """

    algorithm: int
    encrypted: bytes
    public: bytes
    wrapped: bytes


def point(raw: bytes) -> bytes:
    """X and Y of a point 04 x y."""
    if len(raw) != POINT or raw[0] != 4:
        raise SkfError(Sar.INDATAERR, "this is no uncompressed point of SM2")
    return raw[1:]


def cryptogram(raw: bytes) -> tuple[bytes, bytes]:
    """X, Y and hash of a cryptogram, and its cipher text."""
    if len(raw) < POINT + SM2_SIZE or raw[0] != 4:
        raise SkfError(Sar.INDATAERR, "this is no cryptogram of SM2")
    return raw[1 : POINT + SM2_SIZE], raw[POINT + SM2_SIZE :]
