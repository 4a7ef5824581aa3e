"""What a pass of the sweep ends with, as the command's exit code."""

from typing import Any

import pytest
from lockgate.engine.decision import Action, PolicyKey
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.check_options import chosen_failures
from lockgate.webhook.cluster.sweep_run import SweepResult
from lockgate.webhook.cluster.sweeping import Passed
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep_totals import ConstraintTotal

TEMPLATE = ObjectKey(GroupVersionKind("templates.gatekeeper.sh", "v1", "ConstraintTemplate"), "", "probe")


def total(
    action: Action = "deny", violations: int = 0, exempted: int = 0, failed: int = 0, unknown: int = 0
) -> ConstraintTotal:
    key = PolicyKey("Probe", action)
    return ConstraintTotal(key, (action,), False, violations, exempted, failed, unknown, ())


def result(*totals: ConstraintTotal, untold: int = 0, **parts: Any) -> SweepResult:
    values: dict[str, Any] = {"failed": {}, "problems": {}, "unwritten": {}, **parts}
    passed = Passed(10, 10, 0, untold, values.pop("failed"))
    return SweepResult(passed, totals, **values)


@pytest.mark.parametrize(
    ("found", "fail_on", "code"),
    [
        (result(), (), 0),
        (result(total()), (), 0),
        (result(total(exempted=1)), (), 0),
        (result(total(violations=1)), (), 1),
        (result(total("warn", violations=1)), (), 0),
        (result(total("warn", violations=1)), ("warn",), 1),
        (result(total("dryrun", violations=1)), ("warn",), 0),
        # Nobody knows here who asks: that is said, and not held against anybody.
        (result(total(unknown=1)), (), 0),
        (result(total(unknown=1)), ("not-evaluated",), 2),
        (result(total(violations=1, unknown=1)), (), 1),
        (result(total(violations=1, unknown=1)), ("not-evaluated",), 2),
        # 2 beats 1.
        (result(total(violations=1, failed=1)), (), 2),
        (result(total(violations=1), failed={"v1/Pod": "forbidden"}), (), 2),
        (result(total(), untold=1), (), 2),
        (result(total(), problems={TEMPLATE: (LiveProblem("broken"),)}), (), 2),
        (result(total(), unwritten={"status": "forbidden"}), (), 2),
    ],
)
def test_a_pass_ends_with_the_code_that_check_would_end_with(
    found: SweepResult, fail_on: tuple[str, ...], code: int
) -> None:
    assert found.exit_code(chosen_failures(fail_on)) == code
