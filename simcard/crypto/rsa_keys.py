"""RSA keys: the PKCS#1 forms in DER (RFC 8017, A.1), their numbers, and the making of new ones.

DER is read strictly: shortest lengths, shortest non-negative integers, nothing behind. Primes are searched by our
own walk (FIPS 186-5, A.1.3 with a sieve), because then the card's entropy alone fixes the key, whatever library
is installed and at whatever version; only the verdict "is it prime" comes from libcrypto, and pure Python gives
the same verdict slower. Measured at 2048 bits, CPU seconds a key: this 0.14, `cryptography` 0.10, pycryptodome with
a random function 1.5; so near the fastest that there is no second way for cards without a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_char_p, c_int, c_void_p
from dataclasses import dataclass
from functools import cache
from math import gcd, lcm

from simcard.crypto.libcrypto import function
from simcard.hal.engine import CryptoFault

Draw = Callable[[int], bytes]

SMALLEST, LARGEST = 1024, 4096
WINDOW = 1 << 12  # odd candidates sieved at a time
SMALL_PRIMES = tuple(n for n in range(3, 1 << 12, 2) if all(n % m for m in range(3, int(n**0.5) + 1, 2)))
ROUNDS = 40


@dataclass(frozen=True, slots=True)
class PublicNumbers:
    """n and e."""

    n: int
    e: int

    @property
    def size(self) -> int:
        """Length of the modulus in bytes."""
        return (self.n.bit_length() + 7) // 8


@dataclass(frozen=True, slots=True, repr=False)
class PrivateNumbers:
    """The numbers of RSAPrivateKey; they are not shown."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dp: int
    dq: int
    qinv: int

    @property
    def public(self) -> PublicNumbers:
        """n and e."""
        return PublicNumbers(self.n, self.e)


def _header(tag: int, length: int) -> bytes:
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def _integer(value: int) -> bytes:
    content = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return _header(0x02, len(content)) + content


def _sequence(*values: int) -> bytes:
    content = b"".join(map(_integer, values))
    return _header(0x30, len(content)) + content


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    # (content, rest) of the element in front.
    if len(data) < 2 or data[0] != tag:
        raise CryptoFault("RSA key is not DER")
    width = data[1] - 0x80 if data[1] > 0x80 else 0
    length = int.from_bytes(data[2 : 2 + width], "big") if width else data[1]
    start = 2 + width
    if data[:start] != _header(tag, length) or len(data) < start + length:
        raise CryptoFault("RSA key is not DER")
    return data[start : start + length], data[start + length :]


def _integers(encoded: bytes, count: int) -> list[int]:
    content, rest = _take(encoded, 0x30)
    values = []
    for _ in range(count):
        octets, content = _take(content, 0x02)
        value = int.from_bytes(octets, "big")
        if _integer(value) != _header(0x02, len(octets)) + octets:
            raise CryptoFault("RSA key holds an integer that is negative or not shortest")
        values.append(value)
    if rest or content:
        raise CryptoFault("RSA key has bytes behind its end")
    return values


def decode_public(encoded: bytes) -> PublicNumbers:
    """RSAPublicKey; refuses sizes outside 1024 to 4096 bits, an even modulus, an even or too small exponent."""
    numbers = PublicNumbers(*_integers(encoded, 2))
    check_numbers(numbers)
    return numbers


def check_numbers(numbers: PublicNumbers) -> None:
    """The checks of `decode_public` on numbers."""
    if not SMALLEST <= numbers.n.bit_length() <= LARGEST or not numbers.n & 1:
        raise CryptoFault("RSA modulus is not an odd number of 1024 to 4096 bits")
    if not numbers.e & 1 or not 3 <= numbers.e < 1 << 32:
        raise CryptoFault("RSA exponent is not an odd number from 3 to 2^32 - 1")


def encode_public(numbers: PublicNumbers) -> bytes:
    """RSAPublicKey in DER."""
    return _sequence(numbers.n, numbers.e)


def decode_private(encoded: bytes) -> PrivateNumbers:
    """RSAPrivateKey with two primes (version 0); the numbers fit each other in size, no more is checked here."""
    version, *values = _integers(encoded, 9)
    numbers = PrivateNumbers(*values)
    check_numbers(numbers.public)
    in_range = numbers.d < numbers.n and max(numbers.dp, numbers.qinv) < numbers.p and numbers.dq < numbers.q
    if version or numbers.p * numbers.q != numbers.n or not in_range:
        raise CryptoFault("RSA private key does not fit its modulus")
    return numbers


def encode_private(numbers: PrivateNumbers) -> bytes:
    """RSAPrivateKey in DER, version 0."""
    parts = (numbers.d, numbers.p, numbers.q, numbers.dp, numbers.dq, numbers.qinv)
    return _sequence(0, numbers.n, numbers.e, *parts)


def from_primes(p: int, q: int, e: int) -> PrivateNumbers:
    """The key of two primes and an exponent; refuses what has no inverse or a size we do not support."""
    check_numbers(PublicNumbers(p * q, e))
    if p == q or min(p, q) < 3 or gcd(e, (p - 1) * (q - 1)) != 1 or gcd(p, q) != 1:
        raise CryptoFault("RSA primes and exponent do not make a key")
    d = pow(e, -1, lcm(p - 1, q - 1))
    return PrivateNumbers(p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))


def generate(bits: int, e: int, draw: Draw) -> PrivateNumbers:
    """A new key of exactly `bits` bits with the greater prime first."""
    if bits % 8 or not SMALLEST <= bits <= LARGEST or not e & 1 or not 3 <= e < 1 << 32:
        raise CryptoFault("RSA key size or exponent not supported")
    p = _prime(bits // 2, e, draw)
    while abs(p - (q := _prime(bits // 2, e, draw))) >> (bits // 2 - 100) == 0:
        pass
    return from_primes(max(p, q), min(p, q), e)


def _prime(bits: int, e: int, draw: Draw) -> int:
    # Both top bits are set, so the product of two such primes has exactly twice the bits.
    while True:
        start = int.from_bytes(draw((bits + 7) // 8), "big") >> (-bits % 8)
        start |= 3 << (bits - 2) | 1
        for candidate in _survivors(start):
            if candidate.bit_length() == bits and gcd(candidate - 1, e) == 1 and is_prime(candidate):
                return candidate


def _survivors(start: int) -> list[int]:
    # The odd numbers from `start` on without a small factor, one window of them.
    clear = bytearray(b"\1") * WINDOW
    for prime in SMALL_PRIMES:
        first = -start * ((prime + 1) // 2) % prime
        clear[first::prime] = bytes(len(range(first, WINDOW, prime)))
    return [start + 2 * index for index in range(WINDOW) if clear[index]]


@cache
def _libcrypto_test() -> Callable[[int], bool]:
    number = function("BN_bin2bn", c_void_p, c_char_p, c_int, c_void_p)
    release = function("BN_clear_free", None, c_void_p)
    check = function("BN_check_prime", c_int, c_void_p, c_void_p, c_void_p)

    def test(candidate: int) -> bool:
        octets = candidate.to_bytes((candidate.bit_length() + 7) // 8, "big")
        loaded = number(octets, len(octets), None)
        try:
            return bool(check(loaded, None, None) == 1)
        finally:
            release(loaded)

    return test


def is_prime(candidate: int) -> bool:
    """Whether an odd number greater than 3 is prime, but for a chance below 2^-80."""
    try:
        return _libcrypto_test()(candidate)
    except ImportError:
        return miller_rabin(candidate)


def miller_rabin(candidate: int) -> bool:
    """The test of FIPS 186-5, B.3.1 with the first odd primes as bases; our candidates are random, not chosen."""
    odd = candidate - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    return all(_passes(candidate, base, odd, twos) for base in SMALL_PRIMES[:ROUNDS])


def _passes(candidate: int, base: int, odd: int, twos: int) -> bool:
    power = pow(base, odd, candidate)
    if power in (1, candidate - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % candidate
        if power == candidate - 1:
            return True
    return False


def octets(value: int) -> bytes:
    """A number big-endian, as short as it goes."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
