"""What a pass of the sweep comes to, constraint by constraint, and a constraint's status as Gatekeeper's audit has it.

After github.com/open-policy-agent/gatekeeper v3.23 pkg/audit/manager.go: `totalViolations` counts every violation, and
`violations` has the first MAX_SHOWN of them by group, version, kind, namespace, name, message and action, last first.
"""

from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Action, PolicyKey
from lockgate.engine.policy import Policy
from lockgate.engine.record import ordered_record, record
from lockgate.gatekeeper.enforcement import SCOPED
from lockgate.gatekeeper.policy import Gated
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep_findings import MAX_SHOWN, Finding, Findings

_NOT_KEPT: Final = "(the message was not kept: there are too many violations)"


@ordered_record
class ShownViolation:
    """One violation of an object."""

    key: ObjectKey
    message: str
    actions: tuple[Action, ...]


@record
class ConstraintTotal:
    """A constraint in force. violations, exempted: each counted; failed, unknown: objects that it could not judge.

    shown: the first violations. actions: its own, at the audit's enforcement point.
    """

    policy: PolicyKey
    actions: tuple[Action, ...]
    is_scoped: bool
    violations: int
    exempted: int
    failed: int
    unknown: int
    shown: tuple[ShownViolation, ...]


def constraint_totals(
    policies: Iterable[Policy], found: Iterable[tuple[ObjectKey, Findings]]
) -> tuple[ConstraintTotal, ...]:
    """The totals of each of the policies, in their order."""
    said: dict[PolicyKey, list[tuple[ObjectKey, Finding]]] = {}
    for key, findings in found:
        for finding in findings:
            said.setdefault(finding.policy, []).append((key, finding))
    return tuple([_total(policy, said.get(policy.key, [])) for policy in policies])


def _total(policy: Policy, said: Sequence[tuple[ObjectKey, Finding]]) -> ConstraintTotal:
    actions: tuple[Action, ...] = ()
    is_scoped = False
    if isinstance(policy, Gated):
        spec = policy.gate.constraint.object.get("spec")
        actions = policy.gate.constraint.actions
        is_scoped = isinstance(spec, dict) and spec.get("enforcementAction") == SCOPED
    return ConstraintTotal(
        policy.key,
        actions,
        is_scoped,
        violations=sum([one.count for _, one in said if one.outcome == "violation"]),
        exempted=sum([one.count for _, one in said if one.outcome == "exempted"]),
        failed=len({key for key, one in said if one.outcome == "failure"}),
        unknown=len({key for key, one in said if one.outcome == "unknown"}),
        shown=tuple(
            nsmallest(
                MAX_SHOWN,
                [
                    ShownViolation(key, message, one.actions)
                    for key, one in said
                    if one.outcome == "violation"
                    for message in one.messages or (_NOT_KEPT,)
                ],
            )
        ),
    )


def constraint_status(total: ConstraintTotal, moment: str) -> dict[str, Value]:
    """The part of a constraint's status that is the audit's. moment: RFC 3339."""
    status: dict[str, Value] = {"auditTimestamp": moment, "totalViolations": total.violations}
    if total.shown:
        status["violations"] = [_violation(one, total) for one in reversed(total.shown)]
    return status


def _violation(one: ShownViolation, total: ConstraintTotal) -> Value:
    kind = one.key.kind
    made: dict[str, Value] = {
        "group": kind.group,
        "version": kind.version,
        "kind": kind.kind,
        "name": one.key.name,
        "message": one.message,
    }
    if one.key.namespace:
        made["namespace"] = one.key.namespace
    # What implied objects violate may have an action of the template that implies them.
    if total.is_scoped and one.actions == total.actions:
        made["enforcementAction"] = SCOPED
        made["enforcementActions"] = list(one.actions)
    else:
        made["enforcementAction"] = ",".join(one.actions)
    return made
