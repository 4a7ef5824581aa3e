"""The Policy protocol: anything that can be matched against a review and yields violations."""

from collections.abc import Sequence
from dataclasses import field
from typing import Protocol

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.record import record
from lockgate.engine.review import Review


@record
class Matched:
    """The policy applies to the review."""


@record
class NotMatched:
    """The policy does not apply; `matcher` names the first criterion that failed, with the reason."""

    matcher: str
    reason: str


@record
class MatchError:
    """Whether the policy applies cannot be told (Gatekeeper denies then).

    needs: what would have to be known to tell, where that is only not known here; then the policy counts as
    not evaluated. Empty when the match failed for good.
    """

    message: str
    needs: str = ""


MatchResult = Matched | NotMatched | MatchError


@record
class Facts:
    """What policies may ask for besides the review: an immutable inventory with its digest (None: not synced)."""

    inventory: dict[str, Value] | None = None
    digest: str = ""


@record
class EvaluationContext:
    """What an evaluation may use. `now_ns` is the clock (Unix time in nanoseconds)."""

    facts: Facts
    now_ns: int
    limits: Limits


class Policy(Protocol):
    """One policy, loaded and compiled."""

    @property
    def key(self) -> PolicyKey:
        """The policy's name, unique in a PolicySet."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over all that decides: source, parameters, match, action."""
        ...

    def match(self, review: Review) -> MatchResult:
        """Does the policy apply to the review?"""
        ...

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """What the policy says of a review that it matches. Raises nothing for a policy's own failure."""
        ...


@record
class PolicySet:
    """Policies compiled once, sorted by key, with a digest over all of theirs."""

    policies: tuple[Policy, ...]
    digest: str = field(default="")
