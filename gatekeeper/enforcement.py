"""What happens when a constraint is violated, and where: `enforcementAction` and `scopedEnforcementActions`.

After github.com/open-policy-agent/gatekeeper pkg/util/enforcement_action.go.
"""

from typing import Final, Literal, get_args

from lockgate.engine.decision import Action
from lockgate.gatekeeper.fields import Field

EnforcementPoint = Literal[
    "validation.gatekeeper.sh", "audit.gatekeeper.sh", "gator.gatekeeper.sh", "vap.k8s.io"
]

POINTS: Final[tuple[str, ...]] = get_args(EnforcementPoint)
EVERY_POINT: Final = "*"
SCOPED: Final = "scoped"
_ACTIONS: Final[dict[str, Action]] = {"deny": "deny", "dryrun": "dryrun", "warn": "warn"}


def parse_actions(spec: Field, point: EnforcementPoint) -> tuple[Action, ...]:
    """The actions of a constraint at a point, sorted; none when it is not enforced there."""
    field = spec.get("enforcementAction")
    name = field.string() or "deny"
    if name == SCOPED:
        return _scoped(spec.get("scopedEnforcementActions"), point)
    action = _ACTIONS.get(name)
    if action is None:
        field.refuse(
            f"unrecognized enforcementAction: {name!r} is not within the supported list "
            f"[{', '.join((*_ACTIONS, SCOPED))}]",
            "deny is the default",
        )
    return (action,)


def _scoped(scoped: Field, point: EnforcementPoint) -> tuple[Action, ...]:
    if scoped.absent:
        scoped.refuse(
            "missing required field: spec.scopedEnforcementActions must be defined",
            "enforcementAction `scoped` needs it: [{action: deny, enforcementPoints: [{name: '*'}]}]",
        )
    actions: set[Action] = set()
    for entry in scoped.items():
        action = _ACTIONS.get(entry.get("action").string())
        if action is None:
            entry.get("action").refuse(
                f"unrecognized enforcementAction: {entry.get('action').string()!r} is not within the "
                f"supported list [{', '.join(_ACTIONS)}]"
            )
        points = entry.get("enforcementPoints").items()
        if not points:
            entry.get("enforcementPoints").refuse(
                "unrecognized enforcement points: the action names no enforcement point",
                f"name one of {', '.join(POINTS)}, or '*' for all",
            )
        for named in points:
            name = named.get("name").string()
            if name not in POINTS and name != EVERY_POINT:
                named.get("name").refuse(
                    f"unrecognized enforcement points: {name!r}", f"use one of {', '.join(POINTS)}, or '*'"
                )
            if name in (point, EVERY_POINT):
                actions.add(action)
    return tuple(sorted(actions))
