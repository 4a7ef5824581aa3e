"""Resolves references: each resolver of the scheme in turn, from one reference to the next, to a digest or to why not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from lockgate.engine.record import record
from lockgate.webhook.references.content import NAMED, ContentResolver
from lockgate.webhook.references.reasons import ReasonResolver
from lockgate.webhook.references.reference import Reference, read_references
from lockgate.webhook.references.resolution import (
    Digest,
    Leads,
    Resolution,
    Resolved,
    Resolver,
    Step,
    Unresolved,
)

# An alias, its version, where that lies: more is a registry that leads in circles.
MAX_STEPS: Final = 6
# A command's worth; the rules read them in one go.
MAX_REFERENCES: Final = 1_000

Reading = Callable[[Iterable[str]], Mapping[str, Reference]]


@record
class Resolvers:
    """any_scheme: asked first, in this order, of every reference; by_scheme: asked then; last: knows of every one."""

    any_scheme: tuple[Resolver, ...]
    by_scheme: Mapping[str, Sequence[Resolver]]
    last: Resolver

    def of(self, scheme: str) -> Sequence[Resolver]:
        """Those to be asked, the first that knows of a reference decides."""
        return [*self.any_scheme, *self.by_scheme.get(scheme, ()), self.last]


def offline_resolvers(signed: Sequence[Resolver] = ()) -> Resolvers:
    """Those that need no network. signed: what trusted producers said, asked where a reference has no digest itself."""
    return Resolvers((ContentResolver(), *signed), {}, ReasonResolver())


def resolve(reference: Reference, resolvers: Resolvers, read: Reading = read_references) -> Resolution:
    """Where a reference leads. Raises EvaluationError where the rules cannot read what was found."""
    steps: list[Step] = []
    claimed: Digest | None = None
    current = reference
    while True:
        if any(one.uri == current.uri for one in steps):
            return _lost(reference, steps, "it leads back to itself")
        if len(steps) == MAX_STEPS:
            return _lost(reference, steps, f"it leads on {MAX_STEPS} times")
        resolver, outcome = _first(current, resolvers)
        steps.append(Step(current.uri, resolver))
        if isinstance(outcome, Unresolved) and claimed is not None:
            return Resolution(reference, tuple(steps), Resolved(claimed, "", "name", NAMED))
        if not isinstance(outcome, Leads):
            return Resolution(reference, tuple(steps), outcome)
        claimed = claimed or outcome.claimed
        current = read([outcome.text])[outcome.text]


def _first(reference: Reference, resolvers: Resolvers) -> tuple[str, Resolved | Leads | Unresolved]:
    for one in resolvers.of(reference.scheme):
        outcome = one.resolve(reference)
        if outcome is not None:
            return one.name, outcome
    return "", Unresolved("no resolver knows of it", "write a reference that names its bytes")


def _lost(reference: Reference, steps: Sequence[Step], reason: str) -> Resolution:
    return Resolution(
        reference, tuple(steps), Unresolved(reason, "write the reference at which the model really lies")
    )
