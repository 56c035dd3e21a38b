"""`python -m host_tools.eport_client`: the tables of `docs/eport-client.md`, made from the code's own."""

from __future__ import annotations

import sys

from host_tools.eport_client.tables import tables

if __name__ == "__main__":
    sys.stdout.write(tables())
