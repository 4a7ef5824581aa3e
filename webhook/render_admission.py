"""The AdmissionResponse to a Decision, as Gatekeeper's webhook makes it.

After github.com/open-policy-agent/gatekeeper pkg/webhook/policy.go and frameworks/constraint pkg/types/validation.go:
one line `[constraint] message` for each denial and each warning, in the order of the constraints' enforcementAction,
then of the messages. A policy that fails is a violation of its constraint, with the constraint's own actions; one whose
message is no string is the whole request's error.
"""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Action, Decision, PolicyKey
from lockgate.engine.policy import PolicySet
from lockgate.engine.record import record
from lockgate.gatekeeper.enforcement import SCOPED
from lockgate.gatekeeper.policy import Gated, MessageFailure

OK: Final = 200
# What kubectl shows warnings of.
WARNED: Final = 299
FORBIDDEN: Final = 403
FAILED: Final = 500
_DENY: Final[tuple[Action, ...]] = ("deny",)


@record
class Enforcement:
    """What a constraint does about violations: its enforcementAction as it is written, and the actions where it is asked."""

    name: str
    actions: tuple[Action, ...]


@record
class AdmissionResponse:
    """The answer to one AdmissionRequest; `reason` is empty but for what is forbidden by policies."""

    allowed: bool
    code: int
    reason: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()


# By the kind and the name of a policy: texts are found faster than keys, whose hash is Python's to make.
Enforcements = Mapping[tuple[str, str], Enforcement]


def enforcements(policies: PolicySet) -> Enforcements:
    """How each constraint of a PolicySet is enforced. Policies of other kinds are not among them: they deny."""
    return {
        (policy.key.kind, policy.key.name): Enforcement(
            _name(policy.gate.constraint.object), policy.gate.constraint.actions
        )
        for policy in policies.policies
        if isinstance(policy, Gated)
    }


def _name(constraint: Mapping[str, Value]) -> str:
    spec = constraint.get("spec")
    name = spec.get("enforcementAction") if isinstance(spec, dict) else None
    return name if isinstance(name, str) and name else _DENY[0]


# One line of the answer, before it is one: how its constraint is enforced, the message, the policy's kind and name, and
# its actions.
_Result = tuple[str, str, str, str, tuple[Action, ...]]


def _result(policy: PolicyKey, message: str, actions: tuple[Action, ...], enforced: Enforcements) -> _Result:
    kind, name = policy.kind, policy.name
    found = enforced.get((kind, name))
    if found is not None:
        return found.name, message, kind, name, found.actions
    return SCOPED if len(actions) > 1 else "".join(actions), message, kind, name, actions


def render_admission(decision: Decision, enforced: Enforcements) -> AdmissionResponse:
    """The answer to the request that the Decision is on.

    enforced: of the constraints that decided (`enforcements`). What was not evaluated counts as what failed.
    """
    for failure in decision.failures:
        if isinstance(failure, MessageFailure):
            return failed(f"{failure.policy}: {failure.message}")
    results = [_result(one.policy, one.message, one.actions, enforced) for one in decision.violations]
    if decision.failures:
        results += [_result(one.policy, one.message, _DENY, enforced) for one in decision.failures]
    if decision.not_evaluated:
        results += [
            _result(one.policy, f"not evaluated: it needs {one.needs}", _DENY, enforced)
            for one in decision.not_evaluated
        ]
    results.sort()
    denials = [f"[{name}] {message}" for _, message, _, name, actions in results if "deny" in actions]
    warnings = tuple([f"[{name}] {message}" for _, message, _, name, actions in results if "warn" in actions])
    if denials:
        return AdmissionResponse(False, FORBIDDEN, "Forbidden", "\n".join(denials), warnings)
    return AdmissionResponse(True, WARNED if warnings else OK, warnings=warnings)


def failed(message: str) -> AdmissionResponse:
    """The answer to a request that cannot be judged."""
    return AdmissionResponse(False, FAILED, message=message)


def excluded() -> AdmissionResponse:
    """The answer to a request in a namespace that the Config excludes from the webhook."""
    return AdmissionResponse(True, OK, message="Namespace is set to be ignored by Gatekeeper config")
