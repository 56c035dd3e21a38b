"""One key pair and how it is written in memory. The private half is a `Secret` and leaves only into the engine."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from simcard.wire import access
from simcard.wire.secret import Secret

FORMAT = 1
_HEAD = struct.Struct(">BBHBBHHH")

KINDS = ("sm2", "rsa", "p256", "p384")
"""Kinds of key pair by their code in memory; new kinds are appended."""


class Role(IntEnum):
    """The two pairs of a container (GM/T 0016-2012, 5): one signs, one exchanges keys and decrypts."""

    SIGN = 0
    EXCHANGE = 1


class Usage(IntFlag):
    """What the private key may be used for."""

    SIGN = 0x01
    DECIPHER = 0x02
    AGREE = 0x04
    AUTHENTICATE = 0x08


class Origin(IntEnum):
    """Where the pair came from; GM/T 0027-2014, 9.2 wants signing keys made on board."""

    GENERATED = 1
    IMPORTED = 2


DEFAULT_USAGE = {
    Role.SIGN: Usage.SIGN | Usage.AUTHENTICATE,
    Role.EXCHANGE: Usage.DECIPHER | Usage.AGREE | Usage.AUTHENTICATE,
}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A pair; `kind` is one of `KINDS`, encodings of the halves are those of `simcard.hal.engine`.

    `expanded` is the value of a tag AB: conditions for use, replacement and reading of the public half.
    """

    kind: str
    bits: int
    private: Secret
    public: bytes
    usage: Usage
    origin: Origin
    expanded: bytes

    @property
    def rules(self) -> access.Rules:
        return access.parse_expanded(self.expanded)

    def may(self, usage: Usage) -> bool:
        """May the private half be used for this, or for one of these?"""
        # Plain integers: the & of flags costs more than all else a permission takes.
        return bool(int(self.usage) & int(usage))

    def encode(self) -> bytes:
        private = self.private.reveal()
        head = _HEAD.pack(
            FORMAT,
            KINDS.index(self.kind),
            self.bits,
            self.usage,
            self.origin,
            len(self.public),
            len(private),
            len(self.expanded),
        )
        return head + self.public + private + self.expanded

    @classmethod
    def decode(cls, record: bytes) -> KeyPair:
        version, kind, bits, usage, origin, n_public, n_private, n_rules = _HEAD.unpack_from(record)
        if version != FORMAT:
            raise ValueError(f"key pair record of unknown version {version}")
        at = _HEAD.size
        public, at = record[at : at + n_public], at + n_public
        private, at = Secret(record[at : at + n_private]), at + n_private
        return cls(KINDS[kind], bits, private, public, Usage(usage), Origin(origin), record[at : at + n_rules])
