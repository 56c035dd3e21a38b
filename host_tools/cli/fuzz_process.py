"""The fuzzer's process: `python -m host_tools.cli.fuzz_process JOB FOLDER` prints the job's outcome as a line of JSON.

The card's program must be instrumented while it is imported, and the fuzzer ends its process itself; so this can
happen in no worker.
"""

from __future__ import annotations

from importlib import import_module

with import_module("atheris").instrument_imports(include=["simcard"]):
    fuzzing = import_module("host_tools.cli.fuzzing")

if __name__ == "__main__":
    fuzzing.main()
