"""A PC/SC program for the demonstration: pyscard and the standard library, nothing of this project.

    demo_client.py wait  READER                       wait until the reader holds a card
    demo_client.py gone  READER                       wait until it holds none
    demo_client.py sign  READER KIND MESSAGE FOLDER   verify the PIN and sign; KIND is sm2 or rsa
    demo_client.py state READER                       reset, then PIN tries, certificate, and which PIN is right

PINs come from the environment: SIMCARD_PIN, and for `state` SIMCARD_OTHER_PIN too. `sign` writes sig.der (SM2: the
SEQUENCE that openssl wants) and cert.der into FOLDER. `state` prints one line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from smartcard import scard  # type: ignore[import-untyped]  # pyscard has no types

WAIT_MS = 10_000
PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
APPLICATION = bytes.fromhex("F053494D4341524400")
SIGNING_KEY = 1
SM2_SM3, RSA_SHA256 = 0x65, 0x12


def checked(code: int) -> None:
    if code != scard.SCARD_S_SUCCESS:
        sys.exit(f"PC/SC: {scard.SCardGetErrorMessage(code)}")


def context() -> Any:
    code, found = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    checked(code)
    return found


def reader_name(ctx: Any, number: str) -> str:
    code, names = scard.SCardListReaders(ctx, [])
    checked(code)
    return str(names[int(number)])


def wait(number: str, wanted: int) -> None:
    """Until the reader's state has the wanted flag."""
    ctx = context()
    name, known = reader_name(ctx, number), scard.SCARD_STATE_UNAWARE
    while True:
        code, states = scard.SCardGetStatusChange(ctx, WAIT_MS, [(name, known)])
        checked(code)
        known = states[0][1]
        if known & wanted:
            return


class Card:
    """A connected card that insists on 9000."""

    def __init__(self, number: str) -> None:
        ctx = context()
        code, self.handle, protocol = scard.SCardConnect(
            ctx, reader_name(ctx, number), scard.SCARD_SHARE_SHARED, PROTOCOLS
        )
        checked(code)
        self.header = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0

    def reset(self) -> None:
        checked(scard.SCardReconnect(self.handle, scard.SCARD_SHARE_SHARED, PROTOCOLS, scard.SCARD_RESET_CARD)[0])

    def send(self, command: bytes) -> tuple[bytes, int]:
        code, answer = scard.SCardTransmit(self.handle, self.header, list(command))
        checked(code)
        return bytes(answer[:-2]), answer[-2] << 8 | answer[-1]

    def ok(self, head: str, data: bytes = b"", le: str = "") -> bytes:
        """Send a short command; the data of the response, which must be 9000."""
        body = bytes((len(data),)) + data if data else b""
        answer, sw = self.send(bytes.fromhex(head) + body + bytes.fromhex(le))
        while sw >> 8 == 0x61:
            more, sw = self.send(bytes((0x00, 0xC0, 0, 0, sw & 0xFF)))
            answer += more
        if sw != 0x9000:
            sys.exit(f"the card answered {sw:04X} to {head}")
        return answer

    def verify(self, pin: bytes) -> int:
        return self.send(b"\x00\x20\x00\x01" + bytes((len(pin),)) + pin)[1]

    def certificate(self) -> bytes:
        self.ok("002241B6", bytes((0x84, 1, SIGNING_KEY)))
        return self.ok("00CA7F21", le="00")


def integer(value: bytes) -> bytes:
    """A DER INTEGER."""
    number = int.from_bytes(value, "big")
    body = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes((2, len(body))) + body


def sign(number: str, kind: str, message: Path, folder: Path) -> None:
    """SM2: the card hashes, ZA first. RSA: the digest is made here."""
    card = Card(number)
    card.ok("00A4040C", APPLICATION)
    card.ok("00200001", os.environb[b"SIMCARD_PIN"])
    (folder / "cert.der").write_bytes(card.certificate())
    algorithm = SM2_SM3 if kind == "sm2" else RSA_SHA256
    card.ok("002241B6", bytes((0x80, 1, algorithm, 0x84, 1, SIGNING_KEY)))
    text = message.read_bytes()
    if kind == "sm2":
        card.ok("002241AA", bytes((0x80, 1, algorithm)))
        card.ok("002A9080", text)
        raw = card.ok("002A9E9A", le="00")
        body = integer(raw[:32]) + integer(raw[32:])
        signature = bytes((0x30, len(body))) + body
    else:
        signature = card.ok("002A9E9A", hashlib.sha256(text).digest(), "00")
    (folder / "sig.der").write_bytes(signature)


def state(number: str) -> None:
    """What the card still knows after a reset."""
    card = Card(number)
    card.reset()
    tries = card.ok("00CA0101", le="00")[4]
    right = ""
    for name in ("SIMCARD_PIN", "SIMCARD_OTHER_PIN"):
        if card.verify(os.environb[name.encode()]) == 0x9000:
            right = name
            break
    digest = hashlib.sha256(card.certificate()).hexdigest()
    sys.stdout.write(json.dumps({"tries": tries, "right": right, "certificate": digest}) + "\n")


def main(verb: str, number: str, *rest: str) -> None:
    if verb == "wait":
        wait(number, scard.SCARD_STATE_PRESENT)
    elif verb == "gone":
        wait(number, scard.SCARD_STATE_EMPTY)
    elif verb == "sign":
        sign(number, rest[0], Path(rest[1]), Path(rest[2]))
    else:
        state(number)


if __name__ == "__main__":
    main(*sys.argv[1:])
