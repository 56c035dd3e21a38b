"""vsmartcard's own card, as Debian ships it (python3-virtualsmartcard), made to start.

The package lies where Python does not look, and wants a module `sha` that Python 3 has no more; both are given to it.
Its MF gets a DF name, so that it can be selected as suites do. Everything else is its own: it speaks to the reader
itself, and dies as it dies.
"""

import hashlib
import logging
import sys
import types

sys.path.insert(0, "/usr/lib/python3/site-packages/virtualsmartcard")
sha = types.ModuleType("sha")
sha.new = hashlib.sha1  # type: ignore[attr-defined]
sys.modules["sha"] = sha

from serving import forever  # noqa: E402
from virtualsmartcard.ConstantDefinitions import FDB  # noqa: E402
from virtualsmartcard.SmartcardFilesystem import MF  # noqa: E402
from virtualsmartcard.SmartcardSAM import SAM  # noqa: E402
from virtualsmartcard.VirtualSmartcard import Iso7816OS, VirtualICC  # noqa: E402

NAME = b"\xf0vicc"


def serve(host: str, port: int) -> None:
    """One card, until the reader goes or the card dies."""
    icc = VirtualICC(None, "iso7816", host, port, logginglevel=logging.CRITICAL)
    mf, sam = MF(filedescriptor=FDB["DF"], dfname=NAME), SAM(b"1234", b"1234567890")
    sam.set_MF(mf)
    icc.os = Iso7816OS(mf, sam)
    icc.run()


if __name__ == "__main__":
    forever(serve)
