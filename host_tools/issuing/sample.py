"""Made-up enterprises for labs, as a file that `batch` takes: right check characters, region 99, every name a test's.

One seed gives one file, whatever is asked for besides; a longer one begins like a shorter one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from itertools import islice
from random import Random

from host_tools.pki.generation import Generation
from host_tools.registry import codes

COLUMNS = ("firm", "credit_code", "name", "document", "operator_name", "operator_document", "generation")
REGION, CODE_BEGINS = "999999", "91990000MA"
FREE = 6
"""Characters of a credit code that are left to chance."""
ELDEST, DAYS = date(1960, 1, 1), 15_000


def rows(seed: int | None = None) -> Iterator[dict[str, str]]:
    """Enterprises without end, each with its legal representative and operator; None makes others every time."""
    chance, given = Random(seed), set[str]()
    number = 0
    while True:
        code = _credit_code(chance)
        if code in given:
            continue
        given.add(code)
        number += 1
        yield {
            "firm": f"测试企业{number}有限公司",
            "credit_code": code,
            "name": f"测试法人{number}",
            "document": _identity(chance),
            "operator_name": f"测试操作员{number}",
            "operator_document": _identity(chance),
            "generation": Generation.SM2.value,
        }


def text(count: int, seed: int | None = None) -> str:
    """The CSV file of so many enterprises."""
    stream = StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(islice(rows(seed), count))
    return stream.getvalue()


def _credit_code(chance: Random) -> str:
    return codes.credit_code(CODE_BEGINS + "".join(chance.choices(codes.CREDIT_ALPHABET, k=FREE)))


def _identity(chance: Random) -> str:
    born = ELDEST + timedelta(days=chance.randrange(DAYS))
    first = f"{REGION}{born:%Y%m%d}{chance.randrange(1000):03}"
    return first + codes.identity_check(first)
