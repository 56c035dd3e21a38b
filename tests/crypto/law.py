"""How the property tests of this folder run: the same examples every time, and no clock."""

from __future__ import annotations

from hypothesis import settings

law = settings(max_examples=40, deadline=None, derandomize=True)
