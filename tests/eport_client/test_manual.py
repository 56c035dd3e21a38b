"""The manual: its examples run, its tables are the code's."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from host_tools.eport_client import tables
from host_tools.eport_client.identity import Certificate
from tests.eport_client import openssl
from tests.eport_client.support import Served

DOCS = Path(__file__).parent.parent.parent / "docs"
MANUAL = (DOCS / "eport-client.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:61232"


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", MANUAL, flags=re.DOTALL)
    assert found is not None
    return found[1]


def certificate(service: Served) -> Certificate:
    with service.client() as client:
        return Certificate.parse(b64decode(client.data("cus-sec_SpcGetSignCertAsPEM")[0]))


def test_a_java_client_built_with_the_jdk_only(service: Served, tmp_path: Path) -> None:
    source = tmp_path / "Sign.java"
    source.write_text(example("java").replace(ADDRESS, service.address), encoding="utf-8")
    done = subprocess.run(["java", str(source)], capture_output=True, check=True, timeout=120)
    signature, number = json.loads(done.stdout)["_args"]["Data"]
    found = certificate(service)
    assert found.number == number
    assert openssl.verifies(found.der, "测试".encode(), b64decode(signature))


def test_the_python_example(service: Served) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example("python").replace(ADDRESS, service.address), "example", "exec"), {})
    number, signature = said.getvalue().split()
    found = certificate(service)
    assert found.number == number
    assert openssl.verifies(found.der, "测试".encode(), b64decode(signature))


@pytest.mark.parametrize("rows", [tables.method_rows, tables.refusal_rows, tables.fault_rows, tables.not_answered_rows])
def test_the_tables_are_those_of_the_code(rows: object) -> None:
    assert callable(rows)
    assert "\n".join(rows()) in MANUAL


def test_the_dialects_of_the_manual_are_those_of_the_code() -> None:
    from host_tools.customs.dialect import ALGORITHMS

    text = (DOCS / "customs.md").read_text(encoding="utf-8")
    rows = [f"| `{name.value}` | `{row.signature}` | `{row.digest}` |" for name, row in ALGORITHMS.items()]
    assert [] == [row for row in rows if row not in text]


def test_the_commands_about_customs_can_be_pasted(tmp_path: Path) -> None:
    """Both explanations find what the page says they do; every other command succeeds."""
    page = (DOCS / "customs.md").read_text(encoding="utf-8")
    script = "".join(re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    trap = 'failed() { echo "$BASH_COMMAND"; }\ntrap failed ERR\n'
    command, environment = ["bash", "-c", trap + script], {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith("simcard ")]
    assert (["simcard customs explain"] * 2, "") == ([line[:23] for line in failed], done.stderr)
    assert ["the signature is good"] * 2 == [
        line for line in done.stdout.splitlines() if line == "the signature is good"
    ]
    assert "must be the end and is 0x0A" in done.stdout and "changed after it was signed?" in done.stdout


def test_the_hosts_entry_of_the_manual_is_the_one_the_service_prints() -> None:
    from host_tools.eport_client.tls import HOSTS_ENTRY

    assert HOSTS_ENTRY in MANUAL.splitlines()
