"""A set of policies finds the few that may match a review, and never hides one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.policy import (
    MATCHED,
    EvaluationContext,
    Match,
    MatchResult,
    NotMatched,
    PolicySet,
    matches_all,
)
from lockgate.engine.review import Review


@dataclass
class ForKinds:
    """A policy for some kinds of v1; `asked` are the kinds that it was asked about."""

    name: str
    kinds: tuple[str, ...]
    asked: list[str] = field(default_factory=list)
    digest: str = "d"

    @property
    def key(self) -> PolicyKey:
        return PolicyKey("K", self.name)

    def match(self, review: Review) -> MatchResult:
        found = [value.get("kind") for value in (review.object, review.old_object) if value is not None]
        return MATCHED if any(kind in self.kinds for kind in found) else NotMatched("kinds", "another kind")

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        self.asked.append(kind)
        return matches_all if kind in self.kinds else None

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        return []


def candidates(policies: PolicySet, value: Any, old: Any = None) -> list[tuple[str, bool]]:
    """The names of candidates, and whether they are still to be matched."""
    found = policies.candidates(Review({}, value, old, None))
    return [(policy.key.name, match is not None) for policy, match in found]


def of_kind(kind: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind}


def test_policies_for_other_kinds_are_asked_once() -> None:
    pods, services = ForKinds("a", ("Pod",)), ForKinds("b", ("Service", "Pod"))
    policies = PolicySet((pods, services))
    for _ in range(3):
        assert candidates(policies, of_kind("Pod")) == [("a", False), ("b", False)]
        assert candidates(policies, of_kind("Service")) == [("b", False)]
        assert candidates(policies, of_kind("Node")) == []
    assert pods.asked == services.asked == ["Pod", "Service", "Node"]


@pytest.mark.parametrize(
    ("name", "value", "old", "found"),
    [
        ("no object", None, None, True),
        ("old object alone", None, of_kind("Pod"), True),
        ("of one kind", of_kind("Pod"), of_kind("Pod"), False),
        ("of two kinds", of_kind("Node"), of_kind("Pod"), True),
        ("a kind that is a list", of_kind(["Pod"]), None, True),
        ("a kind that is no text", of_kind(7), None, True),
        ("no kind", {"apiVersion": "v1"}, None, True),
    ],
)
def test_where_the_kind_does_not_decide_every_policy_is_asked(
    name: str, value: Any, old: Any, found: bool
) -> None:
    policies = PolicySet((ForKinds("a", ("Pod",)),))
    for _ in range(2):
        assert candidates(policies, value, old) == [("a", found)]


def test_kinds_beyond_number_or_of_great_length_fill_no_memory() -> None:
    policy = ForKinds("a", ("Pod",))
    policies = PolicySet((policy,))
    for number in range(1_000):
        assert candidates(policies, of_kind(f"K{number}")) == []
        assert candidates(policies, of_kind("K" * 1_000 + str(number))) == []
        assert len(policies._of_kind) <= 256
    policy.asked.clear()
    for _ in range(3):
        assert candidates(policies, of_kind("Pod")) == [("a", False)]
    assert policy.asked == ["Pod"]
