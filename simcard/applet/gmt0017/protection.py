"""How PINs and keys are kept from whoever listens: challenges answered, new values wrapped, commands MACed.

The key of a PIN is SHA-1 over the PIN, padded with zeros to 16 bytes, cut to 16 bytes; the cipher is SM4. Each proof
uses up the last random number. The three known forms of block and of MAC are in `simcard.wire.gmt0017`.
"""

from __future__ import annotations

import hmac

from simcard.applet.base import Context
from simcard.applet.gmt0017.session import session_of
from simcard.hal.engine import Cipher, Hash, Mode
from simcard.wire.gmt0017 import (
    CHALLENGE,
    CHALLENGE_FORMS,
    MAC_LENGTH,
    GmtSW,
    Order,
    challenge_block,
    mac_input,
)
from simcard.wire.secret import Secret
from simcard.wire.status import SW, Refused

BLOCK = 16
WIDE = 2 * BLOCK
"""A new value of 16 bytes with a length before it takes two blocks."""
ORDERS: tuple[Order, ...] = ("little", "big")


def pin_key(ctx: Context, pin: Secret) -> Secret:
    """The SM4 key a PIN stands for."""
    raw = pin.reveal()
    if session_of(ctx).switches.pin_key_pad == "zero16":
        raw = raw.ljust(BLOCK, b"\0")
    return Secret(ctx.rooms.crypto.digest(Hash.SHA1, raw)[:BLOCK])


def take_challenge(ctx: Context) -> bytes:
    """The last random number, used up; 6984 when none of 8 bytes or more is fresh."""
    channel = ctx.channel
    challenge, channel.challenge = channel.challenge, b""
    if len(challenge) < CHALLENGE:
        raise Refused(GmtSW.NO_RANDOM)
    return challenge


def decrypt(ctx: Context, key: Secret, data: bytes) -> bytes:
    return ctx.rooms.crypto.cipher(Cipher.SM4, Mode.ECB, key, b"", data, encrypt=False)


def answers(ctx: Context, key: Secret, challenge: bytes, cryptogram: bytes, forms: tuple[str, ...]) -> bool:
    """Does the cryptogram (16 bytes) answer the challenge in one of these forms?"""
    plain = decrypt(ctx, key, cryptogram)
    verdicts = [hmac.compare_digest(plain, challenge_block(form, challenge[:CHALLENGE])) for form in forms]
    return any(verdicts)


def answers_device(ctx: Context, key: Secret, challenge: bytes, cryptogram: bytes) -> bool:
    """The same for the device key, where hosts also encipher a whole random number of 16 bytes."""
    whole = len(challenge) == BLOCK and hmac.compare_digest(decrypt(ctx, key, cryptogram), challenge)
    return whole or answers(ctx, key, challenge, cryptogram, CHALLENGE_FORMS)


def authentic(ctx: Context, key: Secret, challenge: bytes) -> bool:
    """Is the MAC of the present command one of the accepted forms, made with this key and this challenge?"""
    session = session_of(ctx)
    apdu = session.apdu
    data, mac = apdu.data[:-MAC_LENGTH], apdu.data[-MAC_LENGTH:]
    header = bytes((apdu.cla, apdu.ins, apdu.p1, apdu.p2))
    iv = challenge[:CHALLENGE].ljust(BLOCK, b"\0")
    verdicts = []
    for form in session.switches.mac_forms:
        made = ctx.rooms.crypto.cbc_mac(Cipher.SM4, key, iv, mac_input(form, header, data))
        verdicts.append(hmac.compare_digest(made[:MAC_LENGTH], mac))
    return any(verdicts)


def recover(ctx: Context, key: Secret, cryptogram: bytes) -> bytes:
    """A new value out of its cryptogram; 6A80 when it is not padded as it should be.

    16 bytes hold the value padded with zeros. 32 bytes hold two bytes of length (in either order), the value, and
    80 00... The value itself may again be padded with zeros.
    """
    plain = decrypt(ctx, key, cryptogram)
    if len(cryptogram) == BLOCK:
        return plain
    for order in ORDERS:
        length = int.from_bytes(plain[:2], order)
        value, padding = plain[2 : 2 + length], plain[2 + length :]
        if length <= BLOCK and padding == b"\x80".ljust(len(padding), b"\0"):
            return value
    raise Refused(SW.WRONG_DATA)
