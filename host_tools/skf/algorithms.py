"""Algorithm identifiers of GM/T 0006 as SKF programs pass them, in both numberings.

The published standard numbers SM2 20200, 20400, 20800 (signing, agreement, encryption); most headers in use still
have the draft's 20100, 20200, 20400. Where an identifier can mean a thing in either numbering it is taken so.
"""

from __future__ import annotations

from host_tools.skf.sar import Sar, SkfError
from simcard.wire.gmt0017 import CipherMode, DeviceCipher, HashId

SGD_RSA = 0x00010000
SGD_SM2 = 0x00020100
SM2_SIGNING = frozenset((0x00020100, 0x00020200))
"""The algorithm to generate a signing pair for: SGD_SM2_1 of the draft and of the standard."""

SGD_SM3, SGD_SHA1, SGD_SHA256 = 1, 2, 4
HASHES: dict[int, HashId] = {SGD_SM3: HashId.SM3, SGD_SHA1: HashId.SHA1, SGD_SHA256: HashId.SHA256}
DIGEST_SIZES = {HashId.SM3: 32, HashId.SHA1: 20, HashId.SHA256: 32}

DEVICE_CIPHERS = {1: DeviceCipher.SM1, 2: DeviceCipher.SSF33, 4: DeviceCipher.SM4}
"""By the second byte of the device's own SGD identifier."""

BLOCK = 16


def hash_id(algorithm: int) -> HashId:
    """P2 for a hash; SAR_HASHERR for one no token has."""
    try:
        return HASHES[algorithm]
    except KeyError:
        raise SkfError(Sar.HASHERR, f"hash algorithm {algorithm:08X} is unknown") from None


def device_cipher(algorithm: int) -> DeviceCipher:
    """P2 of DevAuth for the cipher the device information names; SM4 when it names none."""
    return DEVICE_CIPHERS.get(algorithm >> 8 & 0xFF, DeviceCipher.SM4)


def mode_of(algorithm: int) -> CipherMode | None:
    """The mode of a symmetric algorithm, None for none of the known ones."""
    try:
        return CipherMode(algorithm & 0xFF)
    except ValueError:
        return None


def mac_algorithm(algorithm: int) -> int:
    """The MAC identifier of the same cipher."""
    return algorithm & ~0xFF | CipherMode.MAC
