"""The pure heart: policies judge one review, and a Decision comes out. No input or output, no clock."""

from dataclasses import replace

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Decision, Failure, NotEvaluated, PolicyKey, Violation, decide_verdict
from lockgate.engine.documents.document import Path
from lockgate.engine.policy import (
    MATCHED,
    EvaluationContext,
    Facts,
    Match,
    Matched,
    MatchError,
    MatchResult,
    PolicySet,
)
from lockgate.engine.record import changed
from lockgate.engine.review import Review


def evaluate(review: Review, policies: PolicySet, facts: Facts, *, now_ns: int, limits: Limits) -> Decision:
    """Judges the review under every policy that matches it. Raises nothing for a policy's own failure.

    now_ns: the clock that policies see, Unix time in nanoseconds. limits: bound each policy's evaluation.
    The verdict is `error` when a policy could not be evaluated, else the severest action of a violation.
    """
    decision = _decide(review, policies, facts, now_ns, limits)
    # Few sets have any.
    if policies.momentary and any(
        policy.key in policies.momentary for policy, _ in policies.candidates(review)
    ):
        return changed(decision, valid_until_ns=now_ns)
    return decision


def _decide(review: Review, policies: PolicySet, facts: Facts, now_ns: int, limits: Limits) -> Decision:
    if facts.providers is None:
        return _judge(review, policies, EvaluationContext(facts, now_ns, limits, None, {}))
    # Few checks have any.
    from lockgate.engine.external_data import Session

    session = Session(facts.providers)
    decision = _judge(review, policies, EvaluationContext(facts, now_ns, limits, session, {}))
    uses = sorted(session.uses, key=lambda use: (use.policy, use.provider))
    return replace(
        decision,
        exchanges=session.exchanges(),
        on_error=tuple(uses),
        valid_until_ns=session.valid_until_ns(now_ns),
    )


def _judge(review: Review, policies: PolicySet, context: EvaluationContext) -> Decision:
    facts = context.facts
    violations: list[Violation] = []
    others: list[Violation | Failure | NotEvaluated] = []
    asked: Match | None = None
    matched: MatchResult = MATCHED
    count = 0
    for policy, match in policies.candidates(review):
        if match is not None:
            # Policies next to each other often have one match in common.
            if match is not asked:
                matched = match(review)
                asked = match
            if type(matched) is not Matched:
                if type(matched) is MatchError:
                    count += 1
                    others.append(_unmatched(policy.key, matched))
                continue
        count += 1
        for outcome in policy.violations(review, context):
            if type(outcome) is Violation:
                violations.append(outcome)
            else:
                others.append(outcome)
    if others:
        return _troubled(violations, others, policies.digest, facts.digest, count)
    if not violations:
        return Decision("allow", (), (), (), policies.digest, facts.digest, count)
    if len(violations) > 1:
        violations.sort(key=_violation_order)
    # Most constraints deny.
    verdict = "deny" if "deny" in violations[0].actions else decide_verdict(violations)
    return Decision(verdict, tuple(violations), (), (), policies.digest, facts.digest, count)


def _unmatched(policy: PolicyKey, error: MatchError) -> Failure | NotEvaluated:
    return NotEvaluated(policy, error.needs) if error.needs else Failure(policy, error.message)


def _troubled(
    violations: list[Violation],
    others: list[Violation | Failure | NotEvaluated],
    policies_digest: str,
    facts_digest: str,
    matched: int,
) -> Decision:
    # A kind of violation with more to it would be among the others.
    violations += [other for other in others if isinstance(other, Violation)]
    failures = [other for other in others if isinstance(other, Failure)]
    not_evaluated = [other for other in others if isinstance(other, NotEvaluated)]
    failures.sort(key=lambda failure: (failure.policy, failure.message))
    not_evaluated.sort(key=lambda absent: (absent.policy, absent.needs))
    verdict = "error" if failures else decide_verdict(violations)
    return Decision(
        verdict,
        order_violations(violations),
        tuple(failures),
        tuple(not_evaluated),
        policies_digest,
        facts_digest,
        matched,
    )


def order_violations(violations: list[Violation]) -> tuple[Violation, ...]:
    """Sorts the violations as a Decision has them, in place and as a tuple."""
    if len(violations) > 1:
        violations.sort(key=_violation_order)
    return tuple(violations)


def _violation_order(violation: Violation) -> tuple[object, ...]:
    policy, path = violation.policy, violation.path
    order = () if path is None else path_order(path)
    return (policy.kind, policy.name, violation.message, order, violation.fix)


def path_order(path: Path | None) -> tuple[tuple[int, int, str], ...]:
    """A sort key for paths, in which indices come before names."""
    if path is None:
        return ()
    return tuple([(0, part, "") if isinstance(part, int) else (1, 0, part) for part in path])
