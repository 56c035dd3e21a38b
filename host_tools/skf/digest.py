"""Digests by a token (GM/T 0016-2012, 7.6.25 to 7.6.28).

A token runs one digest at a time, but programs hold several handles. So the message is gathered here and goes to
the token at the end, in one undisturbed sequence; any number of digests may be open.
"""

from __future__ import annotations

from host_tools.skf.algorithms import DIGEST_SIZES, SGD_SM3, hash_id
from host_tools.skf.door import Ask, Door, sized
from host_tools.skf.sar import Sar, SkfError
from host_tools.skf.values import point
from simcard.wire.gmt0017 import SM2_BITS, GmtIns
from simcard.wire.status import SW


class Digest:
    """A digest in the making; over after `final`."""

    def __init__(self, door: Door, algorithm: int, signer: tuple[bytes, bytes] | None = None) -> None:
        self._door = door
        self._id = hash_id(algorithm)
        self._signer = b""
        if signer is not None:
            if algorithm != SGD_SM3:
                raise SkfError(Sar.HASHERR, "only SM3 takes a signer's key and identity")
            self._signer = door.u4(SM2_BITS) + point(signer[0]) + door.identity(signer[1])
        self._message: bytearray | None = bytearray()
        # The token says now, not at the end, whether it knows the hash and takes the key.
        self._begin()

    @property
    def size(self) -> int:
        """Bytes of the result."""
        return DIGEST_SIZES[self._id]

    def update(self, data: bytes) -> None:
        """A piece of the message."""
        self._gathered().extend(data)

    def final(self, data: bytes = b"") -> bytes:
        """The digest over all pieces and these last bytes."""
        message = bytes(self._gathered()) + data
        room = self._door.room
        *pieces, last = [message[at : at + room] for at in range(0, len(message), room)] or [b""]
        with self._door.together():
            self._begin()
            for piece in pieces:
                self._door.ask(Ask(GmtIns.DIGEST_UPDATE, "digesting", piece))
            made = self._door.ask(Ask(GmtIns.DIGEST_FINAL, "digesting", last, ne=self.size + 4))
        self._message = None
        return sized(made, self.size, self.size + 4)[-self.size :]

    def _begin(self) -> None:
        better: dict[int, Sar] = {SW.FUNCTION_NOT_SUPPORTED: Sar.HASHERR}
        self._door.ask(Ask(GmtIns.DIGEST_INIT, "beginning a digest", self._signer, p2=self._id, better=better))

    def _gathered(self) -> bytearray:
        if self._message is None:
            raise SkfError(Sar.NOTINITIALIZEERR, "this digest is over")
        return self._message
