"""Libraries broken on purpose, in a world with a blank token: ``python -m tests.skf.guilty LIBRARY``.

Prints, as JSON, for each way to break it the cases that fail. Runs in a process of its own, for a library cannot be
unloaded.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.skf.judge import SharedLibrary
from host_tools.cli.skf_judge import judged, only_device

KEY = b"1234567812345678"
Broken = Callable[[Any, tuple[Any, ...]], int]


def says_yes(_function: Any, _arguments: tuple[Any, ...]) -> int:
    return 0


def calls_and_says_yes(function: Any, arguments: tuple[Any, ...]) -> int:
    function(*arguments)
    return 0


def writes_too_far(function: Any, arguments: tuple[Any, ...]) -> int:
    code = int(function(*arguments))
    if code == 0 and arguments[2] is not None:
        ctypes.memset(ctypes.addressof(arguments[2]) + 256, 0, 8)
    return code


def gives_zeros(function: Any, arguments: tuple[Any, ...]) -> int:
    code = int(function(*arguments))
    if code == 0:
        ctypes.memset(arguments[1], 0, arguments[2].value)
    return code


def forgets_the_length(function: Any, arguments: tuple[Any, ...]) -> int:
    code = int(function(*arguments))
    return 0 if code == 0x0A000020 else code


BROKEN: dict[str, tuple[str, Broken]] = {
    "any PIN is right": ("SKF_VerifyPIN", calls_and_says_yes),
    "any signature is good": ("SKF_ECCVerify", says_yes),
    "nothing is deleted": ("SKF_DeleteContainer", says_yes),
    "writes behind the buffer": ("SKF_ExportPublicKey", writes_too_far),
    "a small buffer is enough": ("SKF_ExportPublicKey", forgets_the_length),
    "any device key is right": ("SKF_DevAuth", calls_and_says_yes),
    "a login is never ended": ("SKF_ClearSecureState", says_yes),
    # The last, for it spends the tries of the device key.
    "random numbers are zero": ("SKF_GenRandom", gives_zeros),
}


class BrokenLibrary:
    """A library one of whose functions does something else."""

    def __init__(self, library: SharedLibrary, name: str, instead: Broken) -> None:
        self._library, self._name, self._instead = library, name, instead

    def find(self, name: str) -> Any:
        function = self._library.find(name)
        return function if name != self._name else lambda *arguments: self._instead(function, arguments)


class Without:
    """A library that lacks a function."""

    def __init__(self, library: SharedLibrary, name: str) -> None:
        self._library, self._name = library, name

    def find(self, name: str) -> Any:
        return None if name == self._name else self._library.find(name)


def main() -> None:
    library = SharedLibrary(Path(sys.argv[1]))
    device = only_device(library)
    libraries: dict[str, Any] = {"nothing": library}
    libraries |= {"no SetSymmKey": Without(library, "SKF_SetSymmKey"), "no Digest": Without(library, "SKF_Digest")}
    libraries |= {why: BrokenLibrary(library, *how) for why, how in BROKEN.items()}
    found = {}
    for why, each in libraries.items():
        results = judged(each, device, KEY, (), "here").results
        found[why] = {result.case: result.verdict.value for result in results if result.verdict.value != "pass"}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
