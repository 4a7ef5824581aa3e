"""The pure heart: policies judge one review, and a Decision comes out. No input or output, no clock."""

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Decision, Failure, NotEvaluated, Verdict, Violation
from lockgate.engine.documents.document import Path
from lockgate.engine.policy import EvaluationContext, Facts, Matched, MatchError, PolicySet
from lockgate.engine.review import Review


def evaluate(review: Review, policies: PolicySet, facts: Facts, *, now_ns: int, limits: Limits) -> Decision:
    """Judges the review under every policy that matches it. Raises nothing for a policy's own failure.

    now_ns: the clock that policies see, Unix time in nanoseconds. limits: bound each policy's evaluation.
    The verdict is `error` when a policy could not be evaluated, else the severest action of a violation.
    """
    context = EvaluationContext(facts, now_ns, limits)
    violations: list[Violation] = []
    failures: list[Failure] = []
    not_evaluated: list[NotEvaluated] = []
    for policy, match in policies.candidates(review):
        if match is not None:
            matched = match(review)
            if type(matched) is not Matched:
                if type(matched) is MatchError:
                    if matched.needs:
                        not_evaluated.append(NotEvaluated(policy.key, matched.needs))
                    else:
                        failures.append(Failure(policy.key, matched.message))
                continue
        for outcome in policy.violations(review, context):
            if isinstance(outcome, Violation):
                violations.append(outcome)
            elif isinstance(outcome, Failure):
                failures.append(outcome)
            else:
                not_evaluated.append(outcome)
    if not (violations or failures or not_evaluated):
        return Decision("allow", (), (), (), policies.digest, facts.digest)
    if len(violations) > 1:
        violations.sort(key=_violation_order)
    if len(failures) > 1:
        failures.sort(key=lambda failure: (failure.policy, failure.message))
    if len(not_evaluated) > 1:
        not_evaluated.sort(key=lambda absent: (absent.policy, absent.needs))
    return Decision(
        _verdict(violations, failures),
        tuple(violations),
        tuple(failures),
        tuple(not_evaluated),
        policies.digest,
        facts.digest,
    )


def _verdict(violations: list[Violation], failures: list[Failure]) -> Verdict:
    if failures:
        return "error"
    verdict: Verdict = "allow"
    for violation in violations:
        if "deny" in violation.actions:
            return "deny"
        if "warn" in violation.actions:
            verdict = "warn"
    return verdict


def _violation_order(violation: Violation) -> tuple[object, ...]:
    policy = violation.policy
    return (policy.kind, policy.name, violation.message, path_order(violation.path), violation.fix)


def path_order(path: Path | None) -> tuple[tuple[int, int, str], ...]:
    """A sort key for paths, in which indices come before names."""
    if path is None:
        return ()
    return tuple([(0, part, "") if isinstance(part, int) else (1, 0, part) for part in path])
