"""CFB and OFB in steps of less than a block (ISO/IEC 10116:2017, 8 and 9; GB/T 17964-2021).

A step enciphers the register and takes the first bytes of the result. CFB then moves the cipher text of the step into
the register from the right; OFB puts the whole result there.
"""

from __future__ import annotations

from simcard.crypto import symmetric
from simcard.hal.engine import Cipher, CryptoFault, Mode

FEEDBACK_MODES = (Mode.CFB, Mode.OFB)


class StepStream:
    """`CipherStream` that takes any number of bytes at a time; `step` is 1 to the block length."""

    def __init__(self, cipher: Cipher, mode: Mode, key: bytes, iv: bytes, step: int, *, encrypt: bool) -> None:
        if mode not in FEEDBACK_MODES or not 1 <= step <= cipher.block:
            raise CryptoFault(f"no steps of {step} bytes in {mode}")
        if len(iv) != cipher.block:
            raise CryptoFault("initial value of a wrong length")
        self._block = symmetric.context(cipher, Mode.ECB, key, b"", b"", encrypt=True)
        self._register = iv
        self._feeds_text = mode is Mode.CFB
        self._step = step
        self._encrypt = encrypt
        self._stream = b""
        self._text = b""

    def update(self, data: bytes, /) -> bytes:
        """Absorb `data`, give as much."""
        out = bytearray()
        for byte in data:
            if len(self._text) == len(self._stream):
                self._next()
            made = byte ^ self._stream[len(self._text)]
            self._text += bytes((made if self._encrypt else byte,))
            out.append(made)
        return bytes(out)

    def _next(self) -> None:
        """The key stream of the next step."""
        if self._feeds_text:
            self._register = self._register[len(self._text) :] + self._text
        result: bytes = self._block.update(self._register)
        if not self._feeds_text:
            self._register = result
        self._stream, self._text = result[: self._step], b""

    def finalize(self, tag: bytes = b"") -> bytes:
        """Nothing is held back."""
        return b""
