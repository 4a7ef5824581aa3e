"""`evaluate`: the verdict, and what a Decision holds and in what order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.decision import Action, Decision, Failure, NotEvaluated, PolicyKey, Verdict, Violation
from lockgate.engine.evaluate import evaluate, path_order
from lockgate.engine.policy import (
    EvaluationContext,
    Facts,
    Match,
    Matched,
    MatchError,
    MatchResult,
    NotMatched,
    Policy,
    PolicySet,
)
from lockgate.engine.review import Review

REVIEW = Review(request={}, object={"kind": "Pod"}, old_object=None, namespace=None)
Outcome = Violation | Failure | NotEvaluated


@dataclass
class Fixed:
    """A policy that says what it is told to say, and notes what it was asked."""

    name: str
    says: Sequence[Outcome] = ()
    matched: MatchResult = field(default_factory=Matched)
    asked: list[EvaluationContext] = field(default_factory=list)
    digest: str = "d"

    @property
    def key(self) -> PolicyKey:
        return PolicyKey("K", self.name)

    def match(self, review: Review) -> MatchResult:
        return self.matched

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        return self.match

    def violations(self, review: Review, context: EvaluationContext) -> Sequence[Outcome]:
        self.asked.append(context)
        return self.says


def decide(*policies: Policy) -> Decision:
    return evaluate(REVIEW, PolicySet(policies, "all"), Facts(None, "facts"), now_ns=7, limits=Limits(5))


def breach(
    *actions: Action, message: str = "m", path: tuple[str | int, ...] | None = None, name: str = "a"
) -> Violation:
    return Violation(PolicyKey("K", name), message, actions, path=path)


KEY = PolicyKey("K", "a")


@pytest.mark.parametrize(
    ("name", "says", "verdict"),
    [
        ("nothing", [], "allow"),
        ("deny", [breach("deny")], "deny"),
        ("warn", [breach("warn")], "warn"),
        ("dryrun", [breach("dryrun")], "allow"),
        ("deny and warn at once", [breach("deny", "warn")], "deny"),
        ("warn beside deny", [breach("warn"), breach("deny")], "deny"),
        ("failure", [Failure(KEY, "x")], "error"),
        ("failure beside deny", [breach("deny"), Failure(KEY, "x")], "error"),
        ("not evaluated", [NotEvaluated(KEY, "x")], "allow"),
        ("not evaluated beside warn", [NotEvaluated(KEY, "x"), breach("warn")], "warn"),
    ],
)
def test_verdict(name: str, says: list[Outcome], verdict: Verdict) -> None:
    assert decide(Fixed("a", says)).verdict == verdict


def test_a_policy_that_does_not_match_is_not_asked() -> None:
    policy = Fixed("a", [breach("deny")], NotMatched("kinds", "other"))
    assert decide(policy).verdict == "allow" and policy.asked == []


@dataclass
class Sharing(Fixed):
    """A policy that has its match in common with others."""

    match_in_common: Match | None = None

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        return self.match_in_common


@pytest.mark.parametrize(
    ("matched", "verdict", "found"),
    [(Matched(), "deny", 2), (NotMatched("kinds", "other"), "allow", 0), (MatchError("broken"), "error", 2)],
)
def test_a_match_that_neighbours_share_is_asked_once(
    matched: MatchResult, verdict: Verdict, found: int
) -> None:
    reviews: list[Review] = []

    def match(review: Review) -> MatchResult:
        reviews.append(review)
        return matched

    policies = [Sharing(name, [breach("deny", name=name)], match_in_common=match) for name in ("a", "b")]
    asked = replace(REVIEW, object={"apiVersion": "v1", "kind": "Pod"})
    decision = evaluate(asked, PolicySet(policies), Facts(), now_ns=0, limits=Limits())
    assert decision.verdict == verdict and len(reviews) == 1
    assert len(decision.violations) + len(decision.failures) == found


def test_a_match_that_fails_closes() -> None:
    policy = Fixed("a", [], MatchError("broken"))
    decision = decide(policy)
    assert (
        decision.verdict == "error" and decision.failures == (Failure(KEY, "broken"),) and policy.asked == []
    )


NOT_MATCHED = NotMatched("kinds", "another kind")


@pytest.mark.parametrize(
    ("policies", "count"),
    [
        ([], 0),
        ([Fixed("a", matched=NOT_MATCHED), Fixed("b", matched=NOT_MATCHED)], 0),
        ([Fixed("a", matched=NOT_MATCHED), Fixed("b")], 1),
        ([Fixed("a"), Fixed("b", [breach("deny")])], 2),
        ([Fixed("a", [Failure(PolicyKey("K", "a"), "broken")]), Fixed("b")], 2),
        ([Fixed("a", matched=MatchError("broken")), Fixed("b", matched=NOT_MATCHED)], 1),
        ([Fixed("a", matched=MatchError("m", needs="labels")), Fixed("b", matched=NOT_MATCHED)], 1),
    ],
)
def test_policies_that_apply_or_may_are_counted(policies: list[Policy], count: int) -> None:
    assert decide(*policies).matched == count


def test_a_match_that_lacks_knowledge_is_not_evaluated() -> None:
    decision = decide(Fixed("a", [], MatchError("broken", needs="labels")))
    assert decision.verdict == "allow" and decision.not_evaluated == (NotEvaluated(KEY, "labels"),)


def test_every_policy_gets_the_clock_the_facts_and_the_limits() -> None:
    policies = [Fixed("a"), Fixed("b")]
    decision = decide(*policies)
    for policy in policies:
        assert policy.asked == [EvaluationContext(Facts(None, "facts"), 7, Limits(5), None, {})]
    assert (decision.policies_digest, decision.facts_digest) == ("all", "facts")


def test_violations_are_sorted_by_policy_message_and_path() -> None:
    expected = [
        breach("deny", message="a"),
        breach("deny", message="a", path=("x", 2)),
        breach("deny", message="a", path=("x", 10)),
        breach("deny", message="a", path=("x", "k")),
        breach("deny", message="b"),
        breach("deny", message="a", name="b"),
    ]
    for said in (expected, expected[::-1]):
        assert decide(Fixed("a", said)).violations == tuple(expected)


def test_indices_come_before_names_in_paths() -> None:
    paths: list[tuple[str | int, ...] | None] = [None, (), ("a",), (1,), (10, "a"), (2,), ("a", 1)]
    assert sorted(paths, key=path_order) == [None, (), (1,), (2,), (10, "a"), ("a",), ("a", 1)]
