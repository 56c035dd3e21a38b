"""Requests, replies, failures and the hello, as JSON objects in text messages. No sockets here.

A request has `_method`, `_id` and `args`; a reply has the same `_id` (in its type) and `_method`, `_status` "00" and
`_args` with `Result`, `Data` and `Error`. `args` may be absent, an object, or a string that holds one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn

from host_tools.eport_client.refusals import Base, EportRefusal, base
from host_tools.eport_client.wording import Lang

Json = object
Id = str | int | float | bool | None
HELLO_METHOD = "open"
NEXT_BLOCK = "_nextBlock"
NO_METHOD = "error"
"""The `_method` of a reply to a message that named none."""
STATUS = "00"


class BadRequest(Exception):
    """A message that is no request: what to say, and to whom as far as that could be read."""

    def __init__(self, refusal: EportRefusal, ident: Id = 0, method: str = NO_METHOD) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.ident = ident
        self.method = method


@dataclass(frozen=True, slots=True)
class Request:
    """A call."""

    method: str
    ident: Id
    args: dict[str, Json]


def parse(message: str) -> Request:
    """The request in a message; `BadRequest` for anything else."""
    found = _object(message)
    ident, method = found.get("_id", 0), found.get("_method")
    if not isinstance(ident, Id):
        raise BadRequest(base(Base.ARGUMENTS, "_id必须是数字或字符串", "_id must be a number or a string"))
    if not isinstance(method, str) or not method:
        raise BadRequest(base(Base.ARGUMENTS, "缺少_method", "_method is missing"), ident)
    return Request(method, ident, _args(found, ident, method))


def _object(message: str) -> dict[str, Json]:
    try:
        found = json.loads(message, parse_constant=_no_constant)
        # A half of a surrogate pair may be written in JSON but not in UTF-8, so it could never be sent back.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        zh, en = "消息不是JSON", "the message is not JSON"
        raise BadRequest(base(Base.NOT_JSON, zh, en)) from None
    if not isinstance(found, dict):
        raise BadRequest(base(Base.NOT_JSON, "消息不是JSON对象", "the message is not a JSON object"))
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _args(found: dict[str, Json], ident: Id, method: str) -> dict[str, Json]:
    args = found.get("args", found.get("_args"))
    if isinstance(args, str) and args.strip():
        try:
            args = json.loads(args, parse_constant=_no_constant)
            json.dumps(args, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            args = False
    if args is None or args == "":
        return {}
    if not isinstance(args, dict):
        zh, en = "args必须是对象", "args must be an object"
        raise BadRequest(base(Base.ARGUMENTS, zh, en), ident, method)
    return args


def message(method: str, ident: Id, result: bool, data: list[Json], error: list[str]) -> str:
    """A message of the service."""
    args = {"Result": result, "Data": data, "Error": error}
    whole = {"_id": ident, "_method": method, "_status": STATUS, "_args": args}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def hello(version: str) -> str:
    """What the service says first."""
    return message(HELLO_METHOD, 0, True, [version], [])


def reply(request: Request, data: list[Json]) -> str:
    """The answer to a call that went well."""
    return message(request.method, request.ident, True, data, [])


def failure(method: str, ident: Id, refusal: EportRefusal, lang: Lang) -> str:
    """The answer to a call that failed."""
    return message(method, ident, False, [], [refusal.message(lang), refusal.symbol])


def next_block(good: bool, data: dict[str, Json]) -> str:
    """What asks a sender of blocks for the next one."""
    return message(NEXT_BLOCK, 0, good, [data], [])
