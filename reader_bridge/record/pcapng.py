"""A capture file (pcapng, draft-ietf-opsawg-pcapng) of GSMTAP packets over UDP and IPv4.

Three kinds of blocks, little-endian: one section header, one interface (link type IPV4, time in microseconds), and
a packet block for each packet with its meaning as a comment. Blocks are padded to words and carry their length twice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from construct import Aligned, Bytes, Const, GreedyBytes, Int16ul, Int32ul, Int64ul, Rebuild, this
from construct import Struct as Layout

from reader_bridge.record import gsmtap
from reader_bridge.record.decode import Decoder
from reader_bridge.record.model import Exchange, Kind

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
LINKTYPE_IPV4 = 228
COMMENT = 1
UDP = 17
LOOPBACK = bytes((127, 0, 0, 1))
IP_HEADER = struct.Struct("!BBHHHBBH4s4s")
UDP_HEADER = struct.Struct("!HHHH")
MICROSECONDS = 1_000_000

SECTION_BODY = Layout(
    "order" / Const(0x1A2B3C4D, Int32ul), "major" / Const(1, Int16ul), "minor" / Const(0, Int16ul), "length" / Int64ul
)
INTERFACE_BODY = Layout("link" / Const(LINKTYPE_IPV4, Int16ul), "reserved" / Const(0, Int16ul), "most" / Int32ul)
PACKET_BODY = Layout(
    "interface" / Const(0, Int32ul),
    "high" / Int32ul,
    "low" / Int32ul,
    "captured" / Rebuild(Int32ul, lambda ctx: len(ctx.data)),
    "original" / Rebuild(Int32ul, lambda ctx: len(ctx.data)),
    "data" / Aligned(4, GreedyBytes),
)
OPTION = Layout(
    "code" / Int16ul, "length" / Rebuild(Int16ul, lambda ctx: len(ctx.value)), "value" / Aligned(4, Bytes(this.length))
)
END_OF_OPTIONS = bytes(4)
UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF


def file(exchanges: Iterable[Exchange], began: float = 0.0) -> Iterator[bytes]:
    """The blocks of a capture file. `began` is when the recording began, in seconds since 1970."""
    yield block(SECTION, SECTION_BODY.build({"length": UNKNOWN_LENGTH}))
    yield block(INTERFACE, INTERFACE_BODY.build({"most": 0}))
    decoder = Decoder()
    for exchange in exchanges:
        decoded = decoder.decode(exchange)
        comment = decoded.name + (f": {decoded.meaning}" if exchange.kind is Kind.APDU else "")
        for packet in gsmtap.packets(exchange):
            yield packet_block(datagram(packet), began + (exchange.at or 0.0), comment)


def block(kind: int, body: bytes) -> bytes:
    """A block: type, length, body, length."""
    length = (len(body) + 12).to_bytes(4, "little")
    return kind.to_bytes(4, "little") + length + body + length


def packet_block(data: bytes, at: float, comment: str) -> bytes:
    """A packet captured at `at` seconds since 1970."""
    high, low = divmod(round(at * MICROSECONDS), 1 << 32)
    note = OPTION.build({"code": COMMENT, "value": comment.encode()})
    return block(PACKET, PACKET_BODY.build({"high": high, "low": low, "data": data}) + note + END_OF_OPTIONS)


def datagram(payload: bytes) -> bytes:
    """IPv4 and UDP around a GSMTAP packet, from this machine to itself."""
    length = UDP_HEADER.size + len(payload)
    udp = UDP_HEADER.pack(gsmtap.PORT, gsmtap.PORT, length, 0)
    fields = (0x45, 0, IP_HEADER.size + length, 0, 0, 64, UDP)
    header = IP_HEADER.pack(*fields, 0, LOOPBACK, LOOPBACK)
    return IP_HEADER.pack(*fields, _checksum(header), LOOPBACK, LOOPBACK) + udp + payload


def _checksum(header: bytes) -> int:
    """The ones' complement sum over 16-bit words (RFC 791)."""
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
