"""The Policy protocol: anything that can be matched against a review and yields violations."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import light_record, record
from lockgate.engine.review import Review

if TYPE_CHECKING:
    # Imported where there are providers.
    from lockgate.engine.external_data import Providers, Session
    from lockgate.engine.rego.program import Common


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
Match = Callable[[Review], MatchResult]

MATCHED: Final = Matched()
# Kinds whose policies are remembered, and their letters: more than a cluster has, and bounded, since whoever sends
# objects chooses them. Beyond that the table begins anew, so that nobody can fill it for good.
_MOST_KINDS: Final = 256
_LONGEST_KIND: Final = 512


def matches_all(review: Review) -> MatchResult:
    """The match of what applies to every review."""
    return MATCHED


@record
class Facts:
    """What policies may ask for besides the review: an immutable inventory with its digest (None: not synced).

    covered: the kinds of which the inventory has every object, or all there can be (None).
    providers: who answers questions for external data; None where nobody may be asked.
    """

    inventory: dict[str, Value] | None = None
    digest: str = ""
    covered: frozenset[GroupVersionKind] | None = None
    providers: "Providers | None" = None


@light_record
class EvaluationContext:
    """What an evaluation may use. `now_ns` is the clock (Unix time in nanoseconds).

    session: the review's requests for external data, where there are providers. common: what the policies that judge
    the same review share, if the context is for that one review.
    """

    facts: Facts
    now_ns: int
    limits: Limits
    session: "Session | None" = None
    common: "Common | None" = None


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

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        """What `match` asks of reviews whose objects are of this kind; None when none of those can match."""
        ...

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """What the policy says of a review that it matches. Raises nothing for a policy's own failure."""
        ...


# A policy, and what is left to ask of a review: None when it matches whatever the review holds.
Candidate = tuple[Policy, Match | None]


@final
class PolicySet:
    """Policies compiled once, sorted by key, with a digest over all of theirs.

    others: names and digests of what decides beside them, all of it part of the digest. momentary: those whose answer
    may be another at any other moment, since they look at the clock. asking: those that may ask for external data.
    """

    __slots__ = ("_all", "_of_kind", "asking", "digest", "momentary", "others", "policies")

    def __init__(
        self,
        policies: Sequence[Policy],
        digest: str = "",
        others: Sequence[tuple[str, str]] = (),
        momentary: frozenset[PolicyKey] = frozenset(),
        asking: frozenset[PolicyKey] = frozenset(),
    ) -> None:
        self.policies: Final = tuple(policies)
        self.digest: Final = digest
        self.others: Final = tuple(others)
        self.momentary: Final = momentary
        self.asking: Final = asking
        self._all: tuple[Candidate, ...] = tuple([(policy, policy.match) for policy in self.policies])
        self._of_kind: dict[tuple[object, object], tuple[Candidate, ...]] = {}

    def candidates(self, review: Review) -> tuple[Candidate, ...]:
        """The policies that may match the review, in their order: those for other kinds cost it nothing."""
        value, old = review.object, review.old_object
        if value is None:
            return self._all
        kind = (value.get("apiVersion"), value.get("kind"))
        if old is not None and (old.get("apiVersion"), old.get("kind")) != kind:
            return self._all
        try:
            return self._of_kind[kind]
        except (KeyError, TypeError):
            return self._find(*kind)

    def judges(self, api_version: str, kind: str) -> bool:
        """May a policy match objects of this kind?"""
        known = self._of_kind.get((api_version, kind))
        return bool(self._find(api_version, kind) if known is None else known)

    def _find(self, api_version: Value, kind: Value) -> tuple[Candidate, ...]:
        if not isinstance(api_version, str) or not isinstance(kind, str):
            return self._all
        found: list[Candidate] = []
        for policy in self.policies:
            match = policy.match_of_kind(api_version, kind)
            if match is not None:
                found.append((policy, None if match is matches_all else match))
        candidates = tuple(found)
        if len(api_version) + len(kind) <= _LONGEST_KIND:
            if len(self._of_kind) >= _MOST_KINDS:
                self._of_kind.clear()
            self._of_kind[api_version, kind] = candidates
        return candidates
