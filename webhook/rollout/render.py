"""Rollouts for people, and as JSON."""

import json
from typing import Any, Final

from lockgate.webhook.replay.difference_json import difference_value
from lockgate.webhook.replay.difference_text import difference_lines
from lockgate.webhook.rollout.report import RolloutReport
from lockgate.webhook.terminal import printable

SCHEMA_VERSION: Final = 1
_MOST_ERRORS: Final = 20


def render_rollout_text(report: RolloutReport) -> str:
    """What lives first, then the records."""
    lines: list[str] = []
    if report.live is not None:
        lines.append(f"{printable(report.policies)} on {report.source}:")
        lines += difference_lines(report.live.difference, "object")
        errors = report.live.errors
        lines += [f"  error: {printable(about)}: {printable(why)}" for about, why in errors[:_MOST_ERRORS]]
        if len(errors) > _MOST_ERRORS:
            lines.append(f"  and {len(errors) - _MOST_ERRORS} errors more")
    if report.trail is not None:
        # Which imports the trail.
        from lockgate.webhook.replay.render_text import replay_lines

        lines += [*([""] if lines else []), *replay_lines(report.trail)]
    return "\n".join(lines) + "\n"


def render_rollout_json(report: RolloutReport) -> str:
    """All that is known."""
    value: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "policies": report.policies,
        "newDenials": dict(report.denials),
    }
    if report.live is not None:
        value["live"] = {
            "of": report.source,
            "policies": report.live.before,
            "against": report.live.after,
            "difference": difference_value(report.live.difference),
            "errors": [{"about": about, "message": why} for about, why in report.live.errors],
        }
    if report.trail is not None:
        from lockgate.webhook.replay.render_json import replay_value

        value["trail"] = replay_value(report.trail)
    return json.dumps(value, indent=2) + "\n"
