"""What `lockgate sweep` writes of a pass: for people, and as JSON."""

import json
from typing import TYPE_CHECKING, Any, Final

from lockgate.webhook.terminal import printable

if TYPE_CHECKING:
    from lockgate.webhook.cluster.sweep_run import SweepResult
    from lockgate.webhook.serving.sweep_totals import ConstraintTotal

SCHEMA_VERSION: Final = 1
# Of each constraint; `--format json` has those that a status has.
_MOST_LISTED: Final = 5


def render_sweep_text(result: "SweepResult") -> str:
    """Constraint by constraint, those that nobody breaches in the last line alone."""
    lines: list[str] = []
    for total in result.totals:
        if total.violations or total.exempted or total.failed or total.unknown:
            lines += _lines(total)
    for kind, why in sorted(result.passed.failed.items()):
        lines.append(f"error: {printable(kind)} could not be looked at: {printable(why)}")
    for key, problems in sorted(result.problems.items()):
        lines += [f"error: {printable(str(key))} is not in force: {printable(str(one))}" for one in problems]
    for what, why in sorted(result.unwritten.items()):
        lines.append(f"error: {printable(what)} could not be written: {printable(why)}")
    violated = len([one for one in result.totals if one.violations])
    passed = result.passed
    lines.append(
        f"{passed.looked} objects, {passed.judged} judged; {violated} of {len(result.totals)} constraints are violated, "
        f"{sum([one.violations for one in result.totals])} times"
    )
    return "\n".join(lines) + "\n"


def _lines(total: "ConstraintTotal") -> list[str]:
    said = [f"{total.violations} violations"]
    said += [f"{total.exempted} exempted"] if total.exempted else []
    said += [f"{total.failed} objects it failed on"] if total.failed else []
    said += [f"{total.unknown} objects it could not judge"] if total.unknown else []
    lines = [f"{total.policy} ({','.join(total.actions) or 'no action'}): {', '.join(said)}"]
    lines += [f"  {printable(str(one.key))}: {printable(one.message)}" for one in total.shown[:_MOST_LISTED]]
    if total.violations > _MOST_LISTED:
        lines.append(f"  and {total.violations - min(_MOST_LISTED, len(total.shown))} more")
    return lines


def render_sweep_json(result: "SweepResult") -> str:
    """All that is known of the pass."""
    passed = result.passed
    value: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "objects": passed.looked,
        "judged": passed.judged,
        "changed": passed.changed,
        "unrecorded": passed.untold,
        "constraints": [_total(total) for total in result.totals],
        "errors": [
            *[{"about": kind, "message": why} for kind, why in sorted(passed.failed.items())],
            *[
                {"about": str(key), "message": str(one)}
                for key, problems in sorted(result.problems.items())
                for one in problems
            ],
            *[{"about": what, "message": why} for what, why in sorted(result.unwritten.items())],
        ],
    }
    return json.dumps(value, indent=2) + "\n"


def _total(total: "ConstraintTotal") -> dict[str, Any]:
    return {
        "policy": total.policy.kind,
        "constraint": total.policy.name,
        "actions": list(total.actions),
        "violations": total.violations,
        "exempted": total.exempted,
        "failed": total.failed,
        "notEvaluated": total.unknown,
        "shown": [
            {
                "resource": {
                    "apiVersion": one.key.kind.api_version,
                    "kind": one.key.kind.kind,
                    "namespace": one.key.namespace,
                    "name": one.key.name,
                },
                "message": one.message,
                "actions": list(one.actions),
            }
            for one in total.shown
        ],
    }
