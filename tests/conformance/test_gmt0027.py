"""GM/T 0027: what a token of ours explains away, it does when its profile is made strict."""

from __future__ import annotations

from conformance.judge import Judge
from conformance.result import Verdict
from host_tools.cli.judging import RamRig
from simcard.profile import builtin_text
from tests.conformance.bench import all_cases, target
from tests.kit import SEED, image_of_text

CARD = "[card]\n"
CASE = "gmt0027:authentication-cleared-after-signing"


def test_a_strict_token_clears_the_login_after_each_signature() -> None:
    strict = builtin_text("gmt0017-token").replace(CARD, CARD + "pin_per_signature = true\n", 1)
    judge = Judge(target("gmt0017-token"), RamRig(image_of_text(strict, SEED)))
    assert Verdict.PASS is judge.run(*all_cases()[CASE]).verdict
