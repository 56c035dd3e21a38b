"""Decoded exchanges as text for people and as JSON objects for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reader_bridge.record.decode import Decoded, Node
from reader_bridge.record.model import Kind, Shown

INDENT = "    "
LONGEST_VALUE = 32


def text(decoded: Decoded) -> list[str]:
    """The lines of one exchange: time, name and outcome first, then bytes and data objects."""
    exchange = decoded.exchange
    head = [_time(exchange.at), decoded.name, *_details(decoded)]
    if exchange.kind is not Kind.APDU:
        atr = [] if exchange.response is None else [str(exchange.response)]
        return [" ".join([*head, *atr, decoded.meaning]).rstrip()]
    took = "" if exchange.took is None else f" ({exchange.took * 1000:.1f} ms)"
    sw = "----" if exchange.sw is None else f"{exchange.sw:04X}"
    lines = [" ".join(head) + f": {sw} {decoded.meaning}{took}", f"{INDENT}> {exchange.command}"]
    lines += _nodes(decoded.command_objects, 2)
    if exchange.response is not None and len(exchange.response) > 2:
        lines.append(f"{INDENT}< {without_status(exchange.response)}")
    return lines + _nodes(decoded.response_objects, 2)


def json_object(decoded: Decoded) -> dict[str, Any]:
    """One exchange as a JSON object; bytes in hexadecimal, hidden ones as `[n bytes]`, times in milliseconds."""
    exchange = decoded.exchange
    apdu = exchange.kind is Kind.APDU
    response = None if exchange.response is None else str(exchange.response)
    common = {
        "kind": exchange.kind.value,
        "at_ms": _milliseconds(exchange.at),
        "took_ms": _milliseconds(exchange.took),
        "name": decoded.name,
        "response": response,
    }
    if not apdu:
        return common
    return common | {
        "application": decoded.application,
        "channel": decoded.channel,
        "parameters": decoded.parameters,
        "command": str(exchange.command),
        "sw": None if exchange.sw is None else f"{exchange.sw:04X}",
        "meaning": decoded.meaning,
        "command_objects": [_json_node(node) for node in decoded.command_objects],
        "response_objects": [_json_node(node) for node in decoded.response_objects],
    }


def without_status(response: Shown) -> Shown:
    """The data of a response, hidden bytes still hidden."""
    if response.hidden:
        return Shown(response.head, response.hidden, response.tail[:-2])
    return Shown(response.head[:-2])


def _details(decoded: Decoded) -> list[str]:
    channel = f"channel {decoded.channel}" if decoded.channel else ""
    inside = ", ".join(part for part in (decoded.parameters, decoded.application, channel) if part)
    return [f"({inside})"] if inside else []


def _time(at: float | None) -> str:
    return "-" if at is None else f"{at:.6f}"


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _nodes(nodes: Sequence[Node], depth: int) -> list[str]:
    lines = []
    for node in nodes:
        value = node.value.hex().upper()
        if len(node.value) > LONGEST_VALUE:
            value = f"{value[: 2 * LONGEST_VALUE]}.. ({len(node.value)} bytes)"
        lines.append(f"{INDENT * depth}{node.tag:02X}" + ("" if node.children else f" {value}"))
        lines += _nodes(node.children, depth + 1)
    return lines


def _json_node(node: Node) -> dict[str, Any]:
    tag = f"{node.tag:02X}"
    if node.children:
        return {"tag": tag, "objects": [_json_node(child) for child in node.children]}
    return {"tag": tag, "value": node.value.hex().upper()}
