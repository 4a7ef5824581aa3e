"""Constraints as policies: matched against a review, evaluated, and their results turned into violations."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.budget import MAX_DEPTH
from lockgate.engine.codegen.building import EMPTY
from lockgate.engine.codegen.values import Key, Number, Object, Set, Undefined, Value, key, type_name
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Path
from lockgate.engine.errors import EvaluationError
from lockgate.engine.policy import EvaluationContext, Match, MatchResult, NotMatched
from lockgate.engine.record import record
from lockgate.engine.rego.blame import Rules
from lockgate.engine.rego.program import Entry, refuse_deep
from lockgate.engine.review import Review
from lockgate.gatekeeper.compiled_rego import ENTRY_POINT, INVENTORY
from lockgate.gatekeeper.constraint import Constraint
from lockgate.gatekeeper.inventory_needs import InventoryNeeds
from lockgate.gatekeeper.match import Matcher

# Annotations of a template that name the rule it was made from and its page; a constraint's own page comes first.
RULE_ANNOTATION: Final = "lockgate.dev/rule"
DOCS_ANNOTATION: Final = "lockgate.dev/docs"
# What to do about a violation, where the policy itself does not say (`details.fix`); a constraint's comes first.
FIX_ANNOTATION: Final = "lockgate.dev/fix"
# What comes of it when a provider of external data fails (`gatekeeper.external_data.on_error`).
ON_ERROR_ANNOTATION: Final = "lockgate.dev/on-error"
# Of a template that reads who asks: `without-user` has it evaluated on what lives, where nobody does.
SWEEP_ANNOTATION: Final = "lockgate.dev/sweep"
WITHOUT_USER: Final = "without-user"

_NO_ACTION: Final = NotMatched("enforcementAction", "the constraint has no action at this enforcement point")
_NO_DATA: Final[dict[str, Value]] = {}
_NO_DETAILS: Final[dict[str, Value]] = {}
# They stand in an object in the set of results.
_DEEPEST_DETAILS: Final = MAX_DEPTH - 2
_INVENTORY: Final = "the inventory of the cluster (data.inventory)"
_NEEDS: Final = {
    "userInfo": "who makes the request (input.review.userInfo)",
    "namespaceObject": "the Namespace of the object (input.review.namespaceObject): give its manifest",
}


# Fields of a review that are not always known.
UNKNOWN_FIELDS: Final = frozenset(_NEEDS)


@record
class MessageFailure(Failure):
    """A policy whose `msg` is no string: Gatekeeper fails the whole review then, whatever else it found."""


@record
class Gate:
    """What a constraint is for: matched first, and the same for every engine.

    operations: admission operations that the template is for; empty means all.
    """

    constraint: Constraint
    matcher: Matcher
    operations: frozenset[str]
    rule: str | None
    docs: str
    fix: str

    @property
    def policy_key(self) -> PolicyKey:
        """The template's kind and the constraint's name."""
        return PolicyKey(self.constraint.kind, self.constraint.name)

    def match(self, review: Review) -> MatchResult:
        """Does the constraint apply to the review at the enforcement point that it was loaded for?"""
        if not self.constraint.actions:
            return _NO_ACTION
        if self.operations and not self._is_for_operation(review):
            return NotMatched("operations", f"the template is for {', '.join(sorted(self.operations))}")
        return self.matcher(review)

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        """What `match` asks of reviews of objects of this kind; None when it matches none of them."""
        if not self.constraint.actions:
            return None
        left = self.matcher.of_kind(api_version, kind)
        return self.match if self.operations and left is not None else left

    def _is_for_operation(self, review: Review) -> bool:
        operation = review.request.get("operation")
        # A manifest without a request is about to be created or updated.
        asked = ("CREATE", "UPDATE") if not operation else (operation,)
        return any(name in self.operations for name in asked)


@record
class Gated:
    """A constraint behind its gate: what the policies of all engines share."""

    gate: Gate
    key: PolicyKey

    @property
    def digest(self) -> str:
        """SHA-256 over the template's source, parameters, match and actions."""
        return self.gate.constraint.digest

    def match(self, review: Review) -> MatchResult:
        """Does the constraint apply to the review?"""
        return self.gate.match(review)

    def match_of_kind(self, api_version: str, kind: str) -> Match | None:
        """What is left to ask of reviews of objects of this kind; None when none of them matches."""
        return self.gate.match_of_kind(api_version, kind)


@record
class ConstraintPolicy(Gated):
    """A constraint whose template's Rego is compiled.

    evaluate: its entry point. rules: where the template's rules are. needs: what it needs of the inventory; it reads none
    where that is nothing. unknown: fields of the review that must be known. momentary: its answer may be another at
    another moment.
    """

    evaluate: Entry
    parameters: Value
    rules: Rules
    needs: InventoryNeeds
    unknown: frozenset[str]
    momentary: bool

    @property
    def asks(self) -> bool:
        """May it ask for external data?"""
        return False

    def violations(
        self, review: Review, context: EvaluationContext
    ) -> Sequence[Violation | Failure | NotEvaluated]:
        """Violations, or the one failure or lack of knowledge that prevented them."""
        data = _NO_DATA
        if self.needs.reads or self.unknown:
            absent = self._absent(review, context)
            if absent:
                return [NotEvaluated(self.key, absent, fixed=True)]
            inventory = context.facts.inventory
            if inventory is not None:
                data = {INVENTORY: inventory}
        try:
            value = self.evaluate(
                {"review": review.request, "parameters": self.parameters},
                data,
                context.now_ns,
                context.limits,
                context.common,
            )
            # Most reviews violate nothing.
            return () if value is EMPTY else self._outcomes(value)
        except EvaluationError as error:
            return [Failure(self.key, str(error))]

    def _outcomes(self, value: Value | Undefined) -> Sequence[Violation | Failure | NotEvaluated]:
        """What the value of the template's rule `violation` tells. Raises EvaluationError where it cannot be shown."""
        if type(value) is Set:
            distinct = value.distinct
            if distinct is None:
                return self._results([*value.members.values()]) if value.members else ()
            return self._results(distinct) if distinct else ()
        if type(value) is Object:
            return self._results([name for name, _ in value.members.values()])
        # Nothing that could have a message.
        return ()

    def _absent(self, review: Review, context: EvaluationContext) -> str:
        """What the policy needs and is not known; empty when nothing is lacking."""
        if self.needs.reads:
            covered = context.facts.covered
            if context.facts.inventory is None:
                missing = self.needs.missing(frozenset())
                return f"{_INVENTORY} with {missing}" if missing else _INVENTORY
            if covered is not None:
                missing = self.needs.missing(covered)
                if missing:
                    return f"{_INVENTORY} with {missing}: what is given does not tell that it has them all"
        return next(filter(None, [absent_field(name, review) for name in self.unknown]), "")

    def _results(self, members: Sequence[Value]) -> Sequence[Violation | Failure | NotEvaluated]:
        """The violations that `data.template.violation[r]` tells of, r being each of the members."""
        # Results that differ in nothing that Gatekeeper keeps are one; a single result needs no comparison.
        seen: set[str | tuple[str, Key]] | None = set() if len(members) > 1 else None
        results: list[Violation] = []
        policy, gate = self.key, self.gate
        actions = gate.constraint.actions
        for result in members:
            if type(result) is not dict:
                continue
            message = result.get("msg")
            if type(message) is not str:
                # Gatekeeper drops results without a message; the loader warns of rules that make them.
                if message is None and "msg" not in result:
                    continue
                return [
                    MessageFailure(policy, f"a violation's msg must be a string, not {type_name(message)}")
                ]
            details = result.get("details", _NO_DETAILS)
            path, fix = None, gate.fix
            if details and type(details) is not str:
                refuse_deep(details, ENTRY_POINT, _DEEPEST_DETAILS, self.rules)
                if type(details) is dict:
                    path = _path(details.get("path"))
                    given = details.get("fix")
                    if type(given) is str:
                        fix = given
            if seen is not None:
                shown = (message, key(details)) if details or type(details) is not dict else message
                if shown in seen:
                    continue
                seen.add(shown)
            results.append(Violation(policy, message, actions, details, path, fix, gate.docs, gate.rule))
        return results


def absent_field(name: str, review: Review) -> str:
    """What a policy needs that reads a field of the review (`UNKNOWN_FIELDS`), if it is unknown, and not just empty."""
    # What has a uid is a request that was made, and not a manifest.
    if review.request.get(name) or review.request.get("uid"):
        return ""
    if name == "namespaceObject":
        return _NEEDS[name] if review.request.get("namespace") else ""
    # Gatekeeper shows no user with generated objects.
    return "" if review.source == "Generated" else _NEEDS[name]


def _path(value: Value) -> Path | None:
    """A path of strings and indices, or None. Numbers of the review come as `1.5e+06` when they are large."""
    if not isinstance(value, list):
        return None
    parts: list[str | int] = []
    for part in value:
        if isinstance(part, str) or type(part) is int:
            parts.append(part)
        elif isinstance(part, Number) and part.exact == int(part.exact):
            parts.append(int(part.exact))
        else:
            return None
    return tuple(parts)
