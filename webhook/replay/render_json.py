"""Replays and differences as JSON."""

import json
from typing import Any, Final

from lockgate.webhook.replay.difference import EFFECTS, Change, Difference
from lockgate.webhook.replay.fidelity import REASONS, Fidelity
from lockgate.webhook.replay.outcome import Said
from lockgate.webhook.replay.report import ReplayReport
from lockgate.webhook.trail import EVALUATOR

SCHEMA_VERSION: Final = 1
# Objects that are listed; all are counted.
MAX_LISTED: Final = 1_000


def render_replay_json(report: ReplayReport) -> str:
    """All that is known of a replay."""
    tally = report.tally
    value: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
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
    return json.dumps(value, indent=2) + "\n"


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


def difference_value(difference: Difference) -> dict[str, Any]:
    """A difference, as JSON has it."""
    return {
        "compared": difference.compared,
        "changes": {effect: difference.count(effect) for effect in EFFECTS},
        "policies": [{"policy": name, **counts} for name, counts in sorted(difference.by_policy.items())],
        "namespaces": [
            {"namespace": name, **counts} for name, counts in sorted(difference.by_namespace.items())
        ],
        "objects": [
            {
                "resource": {
                    "apiVersion": subject.api_version,
                    "kind": subject.kind,
                    "namespace": subject.namespace,
                    "name": subject.name,
                },
                "changes": changes.counts,
                "first": [_change(changes.first[effect]) for effect in EFFECTS if effect in changes.first],
            }
            for subject, changes in sorted(difference.by_object.items(), key=lambda one: one[0])[:MAX_LISTED]
        ],
        "objectsNotListed": max(0, len(difference.by_object) - MAX_LISTED),
        "changesOfObjectsNotKept": difference.beyond,
    }


def said_value(said: Said) -> dict[str, Any]:
    """One thing that a policy says."""
    kind, _, name = said.policy.partition("/")
    made: dict[str, Any] = {
        "policy": kind,
        "constraint": name,
        "how": said.how,
        "actions": list(said.actions),
        "message": said.message,
    }
    if said.exemption:
        made["exemption"] = said.exemption
    return made


def _change(change: Change) -> dict[str, Any]:
    made: dict[str, Any] = {
        "effect": change.effect,
        "gained": list(map(said_value, change.gained)),
        "lost": list(map(said_value, change.lost)),
    }
    if change.entry is not None:
        made["entry"] = change.entry
    return made
