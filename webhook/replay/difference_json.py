"""A difference as JSON."""

from typing import Any, Final

from lockgate.webhook.replay.difference import EFFECTS, Change, Difference
from lockgate.webhook.replay.outcome import Said

# Objects that are listed; all are counted.
MAX_LISTED: Final = 1_000


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
