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

    def value(self, uid: str) -> dict[str, Value]:
        """The response to the request of this uid, in the JSON of admission.k8s.io/v1: without what is empty."""
        status: dict[str, Value] = {"metadata": {}}
        if self.message:
            status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        status["code"] = self.code
        made: dict[str, Value] = {"uid": uid, "allowed": self.allowed, "status": status}
        if self.warnings:
            made["warnings"] = list(self.warnings)
        return made


def enforcements(policies: PolicySet) -> dict[PolicyKey, Enforcement]:
    """How each constraint of a PolicySet is enforced. Policies of other kinds are not among them: they deny."""
    return {
        policy.key: Enforcement(_name(policy.gate.constraint.object), policy.gate.constraint.actions)
        for policy in policies.policies
        if isinstance(policy, Gated)
    }


def _name(constraint: Mapping[str, Value]) -> str:
    spec = constraint.get("spec")
    name = spec.get("enforcementAction") if isinstance(spec, dict) else None
    return name if isinstance(name, str) and name else _DENY[0]


@record
class _Result:
    """One line of the answer, before it is one."""

    policy: PolicyKey
    message: str
    enforcement: Enforcement

    @property
    def line(self) -> str:
        return f"[{self.policy.name}] {self.message}"


def render_admission(decision: Decision, enforced: Mapping[PolicyKey, Enforcement]) -> AdmissionResponse:
    """The answer to the request that the Decision is on.

    enforced: of the constraints that decided (`enforcements`). What was not evaluated counts as what failed.
    """
    for failure in decision.failures:
        if isinstance(failure, MessageFailure):
            return failed(f"{failure.policy}: {failure.message}")
    results = [
        _Result(one.policy, one.message, _enforcement(one.policy, one.actions, enforced))
        for one in decision.violations
    ]
    results += [
        _Result(one.policy, one.message, _enforcement(one.policy, _DENY, enforced))
        for one in decision.failures
    ]
    results += [
        _Result(
            one.policy,
            f"not evaluated: it needs {one.needs}",
            _enforcement(one.policy, _DENY, enforced),
        )
        for one in decision.not_evaluated
    ]
    results.sort(key=lambda one: (one.enforcement.name, one.message, one.policy))
    denials = [one.line for one in results if "deny" in one.enforcement.actions]
    warnings = tuple([one.line for one in results if "warn" in one.enforcement.actions])
    if denials:
        return AdmissionResponse(False, FORBIDDEN, "Forbidden", "\n".join(denials), warnings)
    return AdmissionResponse(True, WARNED if warnings else OK, warnings=warnings)


def failed(message: str) -> AdmissionResponse:
    """The answer to a request that cannot be judged."""
    return AdmissionResponse(False, FAILED, message=message)


def excluded() -> AdmissionResponse:
    """The answer to a request in a namespace that the Config excludes from the webhook."""
    return AdmissionResponse(True, OK, message="Namespace is set to be ignored by Gatekeeper config")


def _enforcement(
    policy: PolicyKey, actions: tuple[Action, ...], enforced: Mapping[PolicyKey, Enforcement]
) -> Enforcement:
    found = enforced.get(policy)
    if found is not None:
        return found
    return Enforcement(SCOPED if len(actions) > 1 else "".join(actions), actions)
