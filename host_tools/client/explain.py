"""APDUs in words: the names of commands, parameters, data objects and status words. Pure; takes bytes, gives lines."""

from __future__ import annotations

from collections.abc import Iterator

from simcard.wire import cla as classes
from simcard.wire import tlv
from simcard.wire.apdu import ApduError, CommandApdu, Ins, ResponseApdu
from simcard.wire.atr import Atr, AtrError
from simcard.wire.cla import ClaError
from simcard.wire.status import describe

TAGS: dict[int, str] = {
    0x4F: "application identifier",
    0x50: "application label",
    0x53: "data",
    0x54: "offset",
    0x5C: "tag list",
    0x61: "application template",
    0x62: "file control parameters",
    0x64: "file management data",
    0x6F: "file control information",
    0x80: "size, or algorithm",
    0x81: "size, or modulus",
    0x82: "descriptor, or exponent",
    0x83: "identifier, or reference",
    0x84: "name, or key reference",
    0x86: "public point",
    0x88: "short identifier",
    0x8A: "life cycle",
    0x8B: "rules by reference",
    0x8C: "rules, compact",
    0xAB: "rules, expanded",
    0xB6: "signature template",
    0xB8: "confidentiality template",
    0x7F21: "certificate",
    0x7F49: "public key",
}
P1P2: dict[tuple[int, int], str] = {
    (Ins.PERFORM_SECURITY_OPERATION, 0x9E9A): "compute digital signature",
    (Ins.PERFORM_SECURITY_OPERATION, 0x00A8): "verify digital signature",
    (Ins.PERFORM_SECURITY_OPERATION, 0x9080): "hash",
    (Ins.PERFORM_SECURITY_OPERATION, 0x90A0): "hash, templates",
    (Ins.PERFORM_SECURITY_OPERATION, 0x8086): "decipher",
    (Ins.PERFORM_SECURITY_OPERATION, 0x8680): "encipher",
    (Ins.PERFORM_SECURITY_OPERATION, 0x8E80): "compute cryptographic checksum",
    (Ins.PERFORM_SECURITY_OPERATION, 0x00A2): "verify cryptographic checksum",
    (Ins.PERFORM_SECURITY_OPERATION, 0x00BE): "verify certificate",
    (Ins.PERFORM_SECURITY_OPERATION, 0x00AE): "verify certificate",
    (Ins.GENERATE_KEY_PAIR, 0x8000): "make a pair and tell the public key",
    (Ins.GENERATE_KEY_PAIR, 0x8100): "tell the public key",
    (Ins.GENERATE_KEY_PAIR, 0x8200): "make a pair",
    (Ins.GET_DATA, 0x0100): "the card",
    (Ins.GET_DATA, 0x0101): "PINs",
    (Ins.GET_DATA, 0x0102): "containers",
    (Ins.GET_DATA, 0x0103): "file tree",
    (Ins.GET_DATA, 0x7F21): "certificate",
    (Ins.PUT_DATA, 0x7F21): "certificate",
}
SELECT_BY = {
    0x00: "by file identifier",
    0x01: "child DF",
    0x02: "EF of this DF",
    0x03: "parent",
    0x04: "by name",
    0x08: "by path from the MF",
    0x09: "by path from this DF",
}
REFERENCES = (
    Ins.VERIFY,
    Ins.CHANGE_REFERENCE_DATA,
    Ins.RESET_RETRY_COUNTER,
    Ins.ENABLE_VERIFICATION,
    Ins.DISABLE_VERIFICATION,
)
SHOWN_BYTES = 32


def command_name(ins: int) -> str:
    """The standard's name of an instruction code."""
    try:
        return Ins(ins).name.removesuffix("_ODD").replace("_", " ")
    except ValueError:
        return f"INS {ins:02X}"


def command(raw: bytes) -> str:
    """One line on a command: name, channel, parameters, lengths. Shows no data."""
    try:
        apdu = CommandApdu.parse(raw)
    except ApduError as error:
        return f"not a command APDU: {error}"
    words = [command_name(apdu.ins), *_parameters(apdu)]
    try:
        cla = classes.decode(apdu.cla)
        words += ["proprietary class"] if cla.proprietary else []
        words += [f"channel {cla.channel}"] if cla.channel else []
        words += ["chained, more to come"] if cla.chaining else []
    except ClaError as error:
        words.append(str(error))
    words += [f"{len(apdu.data)} bytes of data"] if apdu.data else []
    words += [f"up to {apdu.ne} bytes wanted"] if apdu.ne else []
    return ", ".join(words)


def _parameters(apdu: CommandApdu) -> list[str]:
    known = P1P2.get((apdu.ins, apdu.p1p2))
    if known:
        return [known]
    if apdu.ins == Ins.SELECT and apdu.p1 in SELECT_BY:
        return [f"{SELECT_BY[apdu.p1]} {apdu.data.hex().upper()}".strip()]
    if apdu.ins in REFERENCES:
        return [f"reference {apdu.p2:02X}"]
    if apdu.ins in (Ins.READ_BINARY, Ins.UPDATE_BINARY) and not apdu.p1 & 0x80:
        return [f"offset {apdu.p1p2}"]
    return [f"P1-P2 {apdu.p1p2:04X}"] if apdu.p1p2 else []


def response(raw: bytes) -> list[str]:
    """Lines on a response: the status word in words, then the data objects if the data are such."""
    try:
        apdu = ResponseApdu.parse(raw)
    except ApduError as error:
        return [f"not a response APDU: {error}"]
    return [f"{apdu.sw:04X}: {describe(apdu.sw)}", *objects(apdu.data)]


def objects(data: bytes, depth: int = 1) -> list[str]:
    """The data objects of `data`, one line each, indented; no lines for bytes that are none."""
    try:
        items = tlv.parse(data)
    except tlv.TlvError:
        return []
    # Random bytes often parse as one odd object; a whole, known tag in front makes it likely that these are some.
    if not items or (depth == 1 and items[0].tag not in TAGS and not items[0].constructed):
        return []
    return [line for item in items for line in _object(item, depth)]


def _object(item: tlv.Tlv, depth: int) -> Iterator[str]:
    name = TAGS.get(item.tag, "")
    head = "  " * depth + f"{item.tag:02X} {name}".rstrip()
    inside = objects(item.value, depth + 1) if item.constructed else []
    if inside:
        yield head
        yield from inside
    else:
        yield f"{head}: {_shown(item.value)}"


def _shown(value: bytes) -> str:
    text = value[:SHOWN_BYTES].hex().upper() + (f".. ({len(value)} bytes)" if len(value) > SHOWN_BYTES else "")
    printable = len(value) >= 4 and all(0x20 <= byte < 0x7F for byte in value)
    return f"{text} {value.decode()!r}" if printable and len(value) <= SHOWN_BYTES else text


def atr(raw: bytes) -> str:
    """One line on an answer to reset."""
    try:
        parsed = Atr.parse(raw)
    except AtrError as error:
        return f"not an ATR: {error}"
    protocols = ", ".join(f"T={protocol}" for protocol in parsed.protocols)
    return f"{protocols}; historical bytes {parsed.historical.hex().upper() or 'none'}"
