"""Makers of `conformance/vectors`: one module per family, every random choice from a fixed seed."""
