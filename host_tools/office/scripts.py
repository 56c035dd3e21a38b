"""Office scripts: what the office tells a card to do, under that card's management key (format: docs/renewal.md).

Without I/O. Each card has a management key of its own, derived from the office's master key and the card's number; a
blank card has the transport key, which everybody may know, because it holds nothing yet.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.cmac import CMAC

from host_tools.pki import ciphers
from simcard.wire import tlv
from simcard.wire.gmt0017 import SCRIPT_COUNTER, ScriptTag, script_message
from simcard.wire.secret import Secret

PIN_SIZE = 16
TRANSPORT_KEY = Secret(b"SIMCARD OFFICE 1")
"""The management key of blank cards, and of cards made from a profile (`[[secret]]` "office")."""


def _cmac(key: Secret, message: bytes) -> bytes:
    made = CMAC(SM4(key.reveal()))
    made.update(message)
    return made.finalize()


def management_key(master: Secret, card_number: str) -> Secret:
    """The key of one card: the CMAC of its number, without prefix, under the master key."""
    return Secret(_cmac(master, b"simcard management key 1" + card_number.encode()))


def admin_pin(master: Secret, card_number: str) -> Secret:
    """The administrator's PIN of one card, 16 hexadecimal digits: from the CMAC of its number under the master key."""
    digits = _cmac(master, b"simcard admin pin 1" + card_number.encode()).hex()
    return Secret(digits[:PIN_SIZE].encode())


def script(key: Secret, bound: str, count: int, *operations: bytes) -> bytes:
    """The data of EXECUTE SCRIPT for the card whose number file reads `bound`; `count` is its last one plus 1."""
    body = b"".join(operations)
    return count.to_bytes(SCRIPT_COUNTER, "big") + body + _cmac(key, script_message(bound.encode(), count, body))


def reset_pin(reference: int) -> bytes:
    """The PIN is its first value again, with all tries."""
    return tlv.tlv(ScriptTag.RESET_PIN, bytes((reference,)))


def switch(container: str) -> bytes:
    """What is staged for a container takes its place."""
    return tlv.tlv(ScriptTag.SWITCH, container.encode())


def write_file(path: str, body: bytes) -> bytes:
    """The file at a path below the MF, such as "DF01/0011", has this body."""
    where = bytes.fromhex(path.replace("/", ""))
    return tlv.tlv(ScriptTag.FILE, tlv.tlv(0x83, where), tlv.tlv(0x53, body))


def new_key(present: Secret, new: Secret) -> bytes:
    """Another management key; scripts behind this one are made with it."""
    return tlv.tlv(ScriptTag.NEW_KEY, ciphers.sm4_ecb(present, new.reveal(), encrypt=True))


def new_pin(reference: int, present: Secret, value: Secret) -> bytes:
    """A PIN of 16 characters has this value from now on, as its first one; `present` is the management key by then."""
    return tlv.tlv(ScriptTag.NEW_PIN, bytes((reference,)), ciphers.sm4_ecb(present, value.reveal(), encrypt=True))


def terminate() -> bytes:
    """The card ends here, for ever."""
    return tlv.tlv(ScriptTag.TERMINATE)
