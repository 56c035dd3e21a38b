"""The SM2 scheme of GM/T 0003 (GB/T 32918), written once over any point back end.

Rules: private keys are 1 to n - 2; every point from outside is checked before it is multiplied; r and s are
1 to n - 1 and t is not 0; the plaintext of a ciphertext leaves only after C3 compared in constant time.
Random scalars are drawn by `Draw`, whole 32-byte strings until one is in range, so that a scripted source
replays the nonce of a published example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from simcard.crypto.curve import GX, GY, SIZE, A, AffinePoint, B, N, Point, PointBackend, decode_point, encode_point
from simcard.crypto.digest import new
from simcard.hal.engine import CryptoFault, Hash

Draw = Callable[[int], bytes]

POINT = 1 + 2 * SIZE
CURVE_PARAMETERS = b"".join(value.to_bytes(SIZE, "big") for value in (A, B, GX, GY))
LOW = (1 << 127) - 1  # w = 127 in GM/T 0003.3, 6.1


def sm3(*parts: bytes) -> bytes:
    """SM3 of the parts, one after the other."""
    running = new(Hash.SM3)
    running.update(b"".join(parts))
    return running.digest()


def kdf(seed: bytes, length: int) -> bytes:
    """The key derivation function of GM/T 0003.4, 5.4.3: `length` bytes."""
    blocks = (length + 31) // 32
    return b"".join(sm3(seed, counter.to_bytes(4, "big")) for counter in range(1, blocks + 1))[:length]


def draw_scalar(draw: Draw, last: int) -> int:
    """A scalar 1 to `last`; strings outside are thrown away, so every value is as likely."""
    while not 1 <= (value := int.from_bytes(draw(SIZE), "big")) <= last:
        pass
    return value


def scalar(private: bytes) -> int:
    """The private key as a number; refuses a wrong length and anything but 1 to n - 2."""
    value = int.from_bytes(private, "big")
    if len(private) != SIZE or not 1 <= value <= N - 2:
        raise CryptoFault("SM2 private key out of range")
    return value


def generate(points: PointBackend, draw: Draw) -> tuple[bytes, bytes]:
    """A new pair (d, 04 || X || Y), GM/T 0003.1, 6.1."""
    d = draw_scalar(draw, N - 2)
    return d.to_bytes(SIZE, "big"), encode_point(points.mul_g(d))


def public_of(points: PointBackend, private: bytes) -> bytes:
    """04 || X || Y of d * G."""
    return encode_point(points.mul_g(scalar(private)))


def za(public: bytes, ident: bytes) -> bytes:
    """SM3(ENTL || ID || a || b || xG || yG || xA || yA), GM/T 0003.2, 5.5."""
    if len(ident) * 8 > 0xFFFF:
        raise CryptoFault("SM2 identifier too long")
    decode_point(public)
    return sm3((len(ident) * 8).to_bytes(2, "big"), ident, CURVE_PARAMETERS, public[1:])


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """d with (1 + d)^-1 mod n, which costs a fifth of a signature to work out anew each time."""

    d: int
    inverse: int

    @classmethod
    def load(cls, private: bytes) -> SigningKey:
        """From the 32 bytes of d; refuses what `scalar` refuses."""
        d = scalar(private)
        return cls(d, pow(1 + d, -1, N))


def sign(points: PointBackend, key: SigningKey, digest: bytes, draw: Draw) -> bytes:
    """r || s over the 32-byte digest, GM/T 0003.2, 6.1."""
    e = _digest(digest)
    while True:
        k = draw_scalar(draw, N - 1)
        r = (e + _affine(points.mul_g(k))[0]) % N
        s = key.inverse * (k - r * key.d) % N
        if r and s and r + k != N:
            return r.to_bytes(SIZE, "big") + s.to_bytes(SIZE, "big")


def verify(points: PointBackend, public: bytes, digest: bytes, signature: bytes) -> None:
    """Raise unless r || s is a signature of the digest, GM/T 0003.2, 7.1."""
    point, e = decode_point(public), _digest(digest)
    r, s = int.from_bytes(signature[:SIZE], "big"), int.from_bytes(signature[SIZE:], "big")
    t = (r + s) % N
    if len(signature) != 2 * SIZE or not (0 < r < N and 0 < s < N and t):
        raise CryptoFault("SM2 signature out of range")
    if (e + _affine(points.mul_add(s, t, point))[0]) % N != r:
        raise CryptoFault("SM2 signature is wrong")


def encrypt(points: PointBackend, public: bytes, plaintext: bytes, draw: Draw) -> bytes:
    """C1 || C3 || C2, GM/T 0003.4, 6.1. A key stream of zeros is thrown away, as step A5 says."""
    peer = decode_point(public)
    while True:
        k = draw_scalar(draw, N - 1)
        shared = encode_point(points.mul(k, peer))[1:]
        stream = kdf(shared, len(plaintext))
        if any(stream) or not plaintext:
            break
    c1 = encode_point(points.mul_g(k))
    c3 = sm3(shared[:SIZE], plaintext, shared[SIZE:])
    return c1 + c3 + xor(plaintext, stream)


def decrypt(points: PointBackend, private: bytes, ciphertext: bytes) -> bytes:
    """The plaintext of C1 || C3 || C2, GM/T 0003.4, 7.1."""
    d = scalar(private)
    if len(ciphertext) < POINT + 32:
        raise CryptoFault("SM2 ciphertext too short")
    c1, c3, c2 = ciphertext[:POINT], ciphertext[POINT : POINT + 32], ciphertext[POINT + 32 :]
    shared = encode_point(points.mul(d, decode_point(c1)))[1:]
    stream = kdf(shared, len(c2))
    if c2 and not any(stream):
        raise CryptoFault("SM2 key stream is zero")
    plaintext = xor(c2, stream)
    if not compare_digest(c3, sm3(shared[:SIZE], plaintext, shared[SIZE:])):
        raise CryptoFault("SM2 ciphertext is wrong")
    return plaintext


def agree(
    points: PointBackend,
    own: tuple[bytes, bytes, bytes],
    peer: tuple[bytes, bytes, bytes],
    key_length: int,
    *,
    initiator: bool,
) -> tuple[bytes, bytes, bytes]:
    """(K, S_B, S_A), GM/T 0003.3, 6.1.

    `own` is (private, ephemeral private, identifier); `peer` is (public, ephemeral public, identifier).
    """
    if key_length < 1:
        raise CryptoFault("SM2 agreement of no key")
    own_public, own_point = public_of(points, own[0]), public_of(points, own[1])
    shared = _shared_point(points, own, own_point, peer)
    mine = (za(own_public, own[2]), own_point[1:])
    theirs = (za(peer[0], peer[2]), peer[1][1:])
    (z_a, r_a), (z_b, r_b) = (mine, theirs) if initiator else (theirs, mine)
    key = kdf(shared + z_a + z_b, key_length)
    inner = sm3(shared[:SIZE], z_a, z_b, r_a, r_b)
    return key, sm3(b"\x02", shared[SIZE:], inner), sm3(b"\x03", shared[SIZE:], inner)


def _shared_point(
    points: PointBackend, own: tuple[bytes, bytes, bytes], own_point: bytes, peer: tuple[bytes, bytes, bytes]
) -> bytes:
    # V = t * (P + x' * R) with t = d + x * r; steps A4 to A8. The cofactor h is 1.
    peer_public, peer_point = decode_point(peer[0]), decode_point(peer[1])
    t = (scalar(own[0]) + _reduced(int.from_bytes(own_point[1:33], "big")) * scalar(own[1])) % N
    base = points.add(peer_public, points.mul(_reduced(peer_point[0]), peer_point))
    return encode_point(points.mul(t, _affine(base)))[1:]


def _reduced(x: int) -> int:
    return LOW + 1 + (x & LOW)


def _digest(digest: bytes) -> int:
    if len(digest) != SIZE:
        raise CryptoFault("SM2 digest is not 32 bytes")
    return int.from_bytes(digest, "big")


def _affine(point: Point) -> AffinePoint:
    if point is None:
        raise CryptoFault("SM2 point at infinity")
    return point


def xor(left: bytes, right: bytes) -> bytes:
    """Bytewise sum of two strings of one length."""
    size = len(left)
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(size, "big")


class Pairs:
    """SM2 key pairs over one back end, in the shape `ec.Nist` has for the other curves."""

    def __init__(self, points: PointBackend) -> None:
        self._points = points

    def generate(self, draw: Draw) -> tuple[bytes, bytes]:
        """A new pair."""
        return generate(self._points, draw)

    def public_of(self, private: bytes) -> bytes:
        """04 || X || Y."""
        return public_of(self._points, private)

    def check_public(self, public: bytes) -> None:
        """Refuse what is not a point of the curve."""
        decode_point(public)

    def ecdh(self, private: bytes, peer_public: bytes) -> bytes:
        """The x coordinate of d * P."""
        return encode_point(self._points.mul(scalar(private), decode_point(peer_public)))[1 : 1 + SIZE]
