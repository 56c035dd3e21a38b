"""Gives every C function its body: `SKF_GenECCKeyPair` is `gen_ecc_key_pair` of one of the groups of calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from host_tools.errors import CardRemoved, HostError, NoCard, NoReader, NoService
from host_tools.skf.native.calls_application import ApplicationCalls
from host_tools.skf.native.calls_cipher import CipherCalls
from host_tools.skf.native.calls_device import DeviceCalls
from host_tools.skf.native.calls_keys import KeyCalls
from host_tools.skf.native.library import Library
from host_tools.skf.sar import Sar, SkfError

GROUPS = (DeviceCalls, ApplicationCalls, KeyCalls, CipherCalls)
PREFIX = "SKF_"
BODY = "py_"
READY = "py_ready"
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def method_name(function: str) -> str:
    """The method behind a function of the header."""
    return WORDS.sub("_", function.removeprefix(PREFIX)).lower()


def guarded(body: Callable[..., None]) -> Callable[..., int]:
    """A body as the C side calls it: errors become SAR codes."""

    def call(*arguments: Any) -> int:
        try:
            body(*arguments)
        except SkfError as failed:
            return failed.sar
        except (CardRemoved, NoCard, NoReader, NoService):
            return Sar.DEVICE_REMOVED
        except HostError:
            return Sar.FAIL
        return Sar.OK

    return call


def find(groups: Sequence[object], function: str) -> Callable[..., None]:
    """The body of a function of the header; `KeyError` when there is none."""
    name = method_name(function)
    for group in groups:
        body: Callable[..., None] | None = getattr(group, name, None)
        if body is not None:
            return body
    raise KeyError(function)


def bind(ffi: Any, lib: Any, functions: Sequence[str]) -> Library:
    """Bind all functions; the library then answers that it is ready."""
    library = Library(ffi, lib)
    groups = [group(library) for group in GROUPS]
    for function in functions:
        # What nobody foresaw is a bug: cffi shows it on standard error, and the caller gets a code.
        ffi.def_extern(name=BODY + function, error=int(Sar.UNKNOWNERR))(guarded(find(groups, function)))
    ffi.def_extern(name=READY)(lambda: 1)
    return library
