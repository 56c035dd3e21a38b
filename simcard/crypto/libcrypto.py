"""The system's libcrypto through ctypes: the one place that loads it.

Only functions of the public C API are used, and only those a caller asks for by signature. A machine without
the library, or with one built without the functions wanted, makes `function` raise ImportError, and the caller
takes its slower way.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes.util import find_library
from functools import cache
from typing import Any

NAMES = ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib", "libcrypto-3-x64.dll")


@cache
def library() -> ctypes.CDLL:
    """The loaded library; the known names are tried before the slow search."""
    for name in NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    found = find_library("crypto")
    if found is None:
        raise ImportError("no libcrypto on this machine")
    try:
        return ctypes.CDLL(found)
    except OSError as error:
        raise ImportError("libcrypto cannot be loaded") from error


def function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """A C function by its name, result type and argument types."""
    try:
        found = library()[name]
    except AttributeError as error:
        raise ImportError(f"libcrypto has no {name}") from error
    found.restype = result
    found.argtypes = arguments
    return found
