"""Atheris's process of `host_tools.cli.fuzz_process`, with cards that keep what a refused command did."""

from __future__ import annotations

from importlib import import_module

with import_module("atheris").instrument_imports(include=["simcard"]):
    fuzzing = import_module("host_tools.cli.fuzzing")
    campaigns = import_module("tests.conformance.campaigns")

if __name__ == "__main__":
    fuzzing.main(campaigns.guilty)
