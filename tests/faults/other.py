"""Another program: shares the card and lets it go with a reset."""

from __future__ import annotations

import sys

from tests.pcscd.winscard import RESET, Winscard

if __name__ == "__main__":
    api = Winscard()
    assert api.disconnect(api.connect(api.context(), sys.argv[1]).value, RESET) == "SUCCESS"
