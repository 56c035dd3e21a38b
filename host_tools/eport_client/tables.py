"""The tables of the manual, made from the tables of the code."""

from __future__ import annotations

from collections.abc import Iterator

from host_tools.eport_client import other_methods, security
from host_tools.eport_client.calls import Method
from host_tools.eport_client.faults import TEXTS as FAULT_TEXTS
from host_tools.eport_client.faults import Fault
from host_tools.eport_client.methods import NOT_ANSWERED
from host_tools.eport_client.refusals import TEXTS as REFUSAL_TEXTS


def tables() -> str:
    """All tables, Markdown."""
    parts = (method_rows(), refusal_rows(), fault_rows(), not_answered_rows())
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def method_rows() -> Iterator[str]:
    """Methods that are answered; calls that both card families have stand once."""
    yield "| method | `args` | `Data` | shape | remark |"
    yield "|---|---|---|---|---|"
    known = {method.name: method for method in security.METHODS}
    for name, method in known.items():
        family, bare = name.split("_", 1)
        twin = f"security_{bare}"
        if family == "security" and f"cus-sec_{bare}" in known:
            continue
        both = family == "cus-sec" and twin in known
        yield _row(f"`{name}`" + (f", `{twin}`" if both else ""), method)
    for method in other_methods.METHODS:
        yield _row(f"`{method.name}`", method)
    yield "| `<module>_GetVersions` |  | [version] | chosen |  |"


def _row(names: str, method: Method) -> str:
    data = method.data.replace("|", "\\|")
    return f"| {names} | {method.args} | {data} | {method.shape.value} | {method.remark} |"


def refusal_rows() -> Iterator[str]:
    """Codes of the card layer."""
    yield "| code | when |"
    yield "|---|---|"
    for code, (_, text) in sorted(REFUSAL_TEXTS.items()):
        yield f"| `Err:Custom{int(code)}` | {text.en}: {text.zh} |"


def fault_rows() -> Iterator[str]:
    """Faults on demand."""
    yield "| fault | what clients see |"
    yield "|---|---|"
    for fault in Fault:
        yield f"| `{fault.value}` | {FAULT_TEXTS[fault].en}: {FAULT_TEXTS[fault].zh} |"


def not_answered_rows() -> Iterator[str]:
    """Methods of the official script that are known and not offered, by family."""
    families: dict[str, list[str]] = {}
    for name in sorted(NOT_ANSWERED):
        family, _, bare = name.rpartition("_")
        families.setdefault(family, []).append(bare)
    for family, names in families.items():
        yield f"- `{family}_`: {', '.join(names)}" if family else f"- {', '.join(names)}"
