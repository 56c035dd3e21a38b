"""The wire grammar of vsmartcard's vpcd, both directions, without sockets.

Rules:
- A message is a length of two bytes, big-endian, and that many bytes. Hence 65 535 bytes at most.
- From the reader, a message of one byte 00, 01, 02 or 04 is an order to the slot; any other message is a
  command APDU. Only the ATR order and APDUs are answered.
- The grammar of requests is total: every byte stream decodes. Two corners follow from it. A one-byte APDU
  00, 01, 02 or 04 cannot be told from an order. An empty message, which vpcd itself never sends, is an empty
  APDU, so that whoever sent it gets the card's refusal and not silence.
- A reply is never empty: vpcd takes an empty reply for an answer that is still to come and the PC/SC client
  waits for ever. The protocol has no word for a card that does not answer; `NO_ANSWER` stands for it.

`RequestDecoder` and `encode_reply` are the card's side, `encode_request` and `ReplyDecoder` the reader's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

PORT = 0x8C7B
"""The TCP port of vpcd's first slot; the second slot has the next one."""

LONGEST = 0xFFFF
"""Bytes in the longest message."""


NO_ANSWER = b"\x6f"
"""What a mute card replies to an APDU: half a status word, which no client can take for a response.

Measured with vpcd 0.8 and pcscd 1.9.9. With this reply `SCardTransmit` succeeds with one byte: pyscard raises
"no valid response", OpenSC "unknown data received"; the card stays present, and the next reset or
power-on reaches it. Breaking the connection instead makes `SCardTransmit` succeed with no byte at all, then
everything fails (80100016, reset: 8010000C) for up to 0.4 s, until pcscd looks for cards again.
"""


class FrameError(ValueError):
    """A message that the wire cannot carry, or must not."""


class Order(IntEnum):
    """The one-byte messages of the reader."""

    POWER_OFF = 0x00
    POWER_ON = 0x01
    RESET = 0x02
    GET_ATR = 0x04


@dataclass(frozen=True, slots=True)
class PowerOff:
    """Take the card's power away; not answered."""


@dataclass(frozen=True, slots=True)
class PowerOn:
    """Cold reset; not answered, vpcd asks for the ATR afterwards."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Warm reset; not answered, vpcd asks for the ATR afterwards."""


@dataclass(frozen=True, slots=True)
class GetAtr:
    """Answer with the ATR. Sent at any time, also as the poll for presence while the card has no power."""


@dataclass(frozen=True, slots=True)
class Apdu:
    """A command APDU of 0 to 65 535 bytes; answer with the response APDU."""

    command: bytes


Request = PowerOff | PowerOn | Reset | GetAtr | Apdu

ORDERS: dict[bytes, Request] = {
    bytes([Order.POWER_OFF]): PowerOff(),
    bytes([Order.POWER_ON]): PowerOn(),
    bytes([Order.RESET]): Reset(),
    bytes([Order.GET_ATR]): GetAtr(),
}
_BYTES_OF: dict[Request, bytes] = {request: message for message, request in ORDERS.items()}


def frame(message: bytes) -> bytes:
    """`message` with its length before it; `FrameError` if it is longer than the length field can say."""
    if len(message) > LONGEST:
        raise FrameError(f"vpcd carries at most {LONGEST} bytes, not {len(message)}")
    return len(message).to_bytes(2, "big") + message


class _Frames:
    """Collects slices of a stream and gives whole messages back."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes, in order."""
        buffer = self._pending + data
        messages = []
        start = 0
        while len(buffer) - start >= 2:
            end = start + 2 + int.from_bytes(buffer[start : start + 2], "big")
            if end > len(buffer):
                break
            messages.append(buffer[start + 2 : end])
            start = end
        self._pending = buffer[start:]
        return messages

    @property
    def pending(self) -> int:
        """Bytes of a message that is not complete yet."""
        return len(self._pending)


class RequestDecoder:
    """What the reader says, from any slices of its stream."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames = _Frames()

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes, in order. Never raises."""
        return [ORDERS.get(message) or Apdu(message) for message in self._frames.feed(data)]

    @property
    def pending(self) -> int:
        """Bytes of a request that is not complete yet; not zero at the end of a stream means it was cut."""
        return self._frames.pending


class ReplyDecoder:
    """What the card says, from any slices of its stream; for readers, which means tests and tools here."""

    __slots__ = ("_frames",)

    def __init__(self) -> None:
        self._frames = _Frames()

    def feed(self, data: bytes) -> list[bytes]:
        """The ATRs and response APDUs that `data` completes; `FrameError` on an empty one."""
        replies = self._frames.feed(data)
        if b"" in replies:
            raise FrameError("an empty reply")
        return replies

    @property
    def pending(self) -> int:
        """Bytes of a reply that is not complete yet."""
        return self._frames.pending


def encode_request(request: Request) -> bytes:
    """The message of the reader for `request`; `FrameError` for an APDU vpcd could not send as one."""
    if not isinstance(request, Apdu):
        return frame(_BYTES_OF[request])
    if request.command in ORDERS:
        raise FrameError(f"the APDU {request.command.hex()} would be read as an order")
    return frame(request.command)


def encode_reply(reply: bytes) -> bytes:
    """The message of the card for an ATR or a response APDU; `FrameError` if it is empty or too long."""
    if not reply:
        raise FrameError("an empty reply would leave the PC/SC client waiting for ever")
    return frame(reply)
