"""Replays and differences as JSON."""

import json
from typing import Any, Final

from lockgate.webhook.replay.difference_json import difference_value, said_value
from lockgate.webhook.replay.fidelity import REASONS, Fidelity
from lockgate.webhook.replay.report import ReplayReport
from lockgate.webhook.trail import EVALUATOR

SCHEMA_VERSION: Final = 1


def render_replay_json(report: ReplayReport) -> str:
    """All that is known of a replay."""
    return json.dumps({"schemaVersion": SCHEMA_VERSION, **replay_value(report)}, indent=2) + "\n"


def replay_value(report: ReplayReport) -> dict[str, Any]:
    """A replay, as JSON has it."""
    tally = report.tally
    value: dict[str, Any] = {
        "origin": report.log.origin,
        "size": report.log.size,
        "state": report.log.state,
        "question": dict(report.question),
        "evaluator": EVALUATOR,
        "policies": report.then,
        "replayed": tally.replayed,
        "notReplayed": dict(sorted(tally.absent.items())),
        "fidelity": fidelity_value(tally.fidelity),
    }
    if report.other is not None:
        value["against"] = report.other
        value["difference"] = difference_value(tally.difference)
    return value


def fidelity_value(fidelity: Fidelity) -> dict[str, Any]:
    """Fidelity, as JSON has it."""
    return {
        "judged": fidelity.judged,
        "same": fidelity.same,
        "misses": [
            {"reason": reason, "count": fidelity.misses[reason], "explanation": REASONS[reason]}
            for reason in REASONS
            if reason in fidelity.misses
        ],
        "shown": [
            {"entry": index, "reason": reason, "said": list(map(said_value, said))}
            for index, reason, said in fidelity.shown
        ],
        "underOtherPolicies": {
            "judged": sum(fidelity.others.values()),
            "same": fidelity.others_same,
            "sets": dict(sorted(fidelity.others.items())),
        },
    }
