"""Expansion: objects that others imply are judged before they are there.

After github.com/open-policy-agent/gatekeeper pkg/expansion (system.go, aggregate.go, db.go): an implied object is a copy
of what stands at the template's source, with a kind, a name, a namespace and an owner; it may imply others in its turn.
Templates in a circle are an error here; Gatekeeper disables them and says so in their status.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import (
    Decision,
    Exchange,
    Failure,
    OnErrorUse,
    PolicyKey,
    Violation,
    decide_verdict,
    earliest,
)
from lockgate.engine.documents.document import Document, Path
from lockgate.engine.errors import InputError, PolicyError
from lockgate.engine.evaluate import order_violations
from lockgate.engine.gvk import GroupVersionKind, gvk_of
from lockgate.engine.record import record
from lockgate.gatekeeper.expansion_template import (
    ExpansionTemplate,
    find_sources,
    parse_expansion_template,
)
from lockgate.gatekeeper.problems import Problem, flatten, policy_error
from lockgate.gatekeeper.template import EXPANSION, is_expansion_template

Object = dict[str, Value]

# As in Gatekeeper; without circles no chain is as long as that.
MAX_DEPTH: Final = 30
# Objects that one may imply. Gatekeeper has no limit; a list of so many is no workload.
MAX_IMPLIED: Final = 1_000
_OWNER_FIELDS: Final = ("apiVersion", "kind", "name", "uid")
_OWNER_FLAGS: Final = ("controller", "blockOwnerDeletion")


@record
class Implied:
    """An implied object, the template that says so, and its place in the object that was submitted."""

    value: Object
    template: ExpansionTemplate
    path: Path


class ExpansionError(InputError):
    """An object cannot be expanded; `template` names the template."""

    def __init__(self, message: str, template: str) -> None:
        super().__init__(message)
        self.template: Final = template


@final
class Expansion:
    """The templates by the kinds that they apply to."""

    __slots__ = ("_by_kind", "templates")

    def __init__(self, templates: Sequence[ExpansionTemplate] = ()) -> None:
        self.templates: Final = tuple(sorted(templates, key=lambda template: template.name))
        self._by_kind: Final[dict[GroupVersionKind, list[ExpansionTemplate]]] = {}
        for template in self.templates:
            for kind in sorted(template.applies_to):
                self._by_kind.setdefault(kind, []).append(template)

    @property
    def digests(self) -> tuple[tuple[str, str], ...]:
        """A name and a digest for each template."""
        return tuple([(f"{EXPANSION}/{template.name}", template.digest) for template in self.templates])

    def expand(self, value: Object, namespace: str | None) -> list[Implied]:
        """All objects that an object implies, those implied by others after them. Raises ExpansionError.

        namespace: of the request; "" takes that of the template away, None leaves it to the parent and the template.
        """
        made: list[Implied] = []
        waiting: list[tuple[Object, Path, int]] = [(value, (), 0)]
        for parent, path, depth in waiting:
            kind = gvk_of(parent)
            templates = () if kind is None else self._by_kind.get(kind, ())
            for template in templates:
                if depth >= MAX_DEPTH:
                    raise ExpansionError(f"maximum recursion depth of {MAX_DEPTH} reached", template.name)
                for one in _implied(parent, template, namespace):
                    if len(made) >= MAX_IMPLIED:
                        raise ExpansionError(f"it implies more than {MAX_IMPLIED} objects", template.name)
                    whole = replace(one, path=(*path, *one.path))
                    made.append(whole)
                    waiting.append((whole.value, whole.path, depth + 1))
        return made


def _implied(parent: Object, template: ExpansionTemplate, namespace: str | None) -> list[Implied]:
    name = _text(_mapping(parent.get("metadata")), "name")
    try:
        sources = list(find_sources(parent, template, name))
    except InputError as error:
        raise ExpansionError(error.message, template.name) from error
    made: list[Implied] = []
    for path, source in sources:
        # Elements of a list would have one name otherwise.
        indices = "".join([f"-{part}" for part in path if isinstance(part, int)])
        named = f"{name}-{template.generates.kind}{indices}".lower()
        made.append(Implied(_object(source, parent, template, named, namespace), template, path))
    return made


def _object(
    source: Object, parent: Object, template: ExpansionTemplate, name: str, namespace: str | None
) -> Object:
    made: Object = {**source, "apiVersion": template.generates.api_version, "kind": template.generates.kind}
    given = source.get("metadata")
    if "metadata" in source and not isinstance(given, dict):
        # Gatekeeper cannot name it either.
        return made
    metadata = dict(_mapping(given))
    inside = _mapping(parent.get("metadata")).get("namespace") if namespace is None else namespace
    if isinstance(inside, str) and inside:
        metadata["namespace"] = inside
    elif namespace is not None:
        metadata.pop("namespace", None)
    metadata["name"] = name
    owners = _owners(metadata.get("ownerReferences"), parent)
    if owners is not None:
        metadata["ownerReferences"] = owners
    made["metadata"] = metadata
    return made


def _owners(given: Value, parent: Object) -> Value:
    """The references with one to the parent; None where the parent cannot be named, or is there."""
    version, kind = _text(parent, "apiVersion"), _text(parent, "kind")
    name = _text(_mapping(parent.get("metadata")), "name")
    if not (version and kind and name):
        return None
    kept: list[Value] = []
    for one in given if isinstance(given, list) else []:
        if not isinstance(one, dict):
            continue
        if (one.get("apiVersion"), one.get("kind"), one.get("name")) == (version, kind, name):
            return None
        shown: Object = {part: _text(one, part) for part in _OWNER_FIELDS}
        shown |= {part: one[part] for part in _OWNER_FLAGS if isinstance(one.get(part), bool)}
        kept.append(shown)
    return [*kept, {"apiVersion": version, "kind": kind, "name": name, "uid": ""}]


def _mapping(value: Value) -> Object:
    return value if isinstance(value, dict) else {}


def _text(value: Object, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def load_expansion(documents: Iterable[Document]) -> tuple[Expansion, tuple[PolicyError, ...]]:
    """The ExpansionTemplates among the documents, and everything that is wrong with them."""
    errors: list[PolicyError] = []
    made: dict[str, ExpansionTemplate] = {}
    for document in documents:
        if not is_expansion_template(document.value):
            continue
        try:
            template = parse_expansion_template(document)
            if made.setdefault(template.name, template) is not template:
                raise policy_error(
                    document,
                    Problem(
                        ("metadata", "name"), f"{EXPANSION} {template.name} is defined twice", "rename one"
                    ),
                )
        except PolicyError as error:
            errors.extend(flatten(error))
    expansion = Expansion(list(made.values()))
    errors += [_circle(made[name], circle) for circle in _circles(expansion) for name in circle]
    return expansion, tuple(errors)


def _circle(template: ExpansionTemplate, names: Sequence[str]) -> PolicyError:
    problem = Problem(
        ("spec", "generatedGVK"),
        f"template forms expansion cycle: {', '.join(names)}",
        "what a template generates must not lead back to what it applies to",
    )
    return policy_error(template.document, problem)


def _circles(expansion: Expansion) -> list[list[str]]:
    """The names of templates that lead to each other, each circle sorted."""
    follows = {
        one.name: [other.name for other in expansion.templates if one.generates in other.applies_to]
        for one in expansion.templates
    }
    reached = {name: _reached(name, follows) for name in follows}
    circles = {
        tuple(sorted([other for other in reached[name] if name in reached[other]]))
        for name in follows
        if name in reached[name]
    }
    return [list(circle) for circle in sorted(circles)]


def _reached(start: str, follows: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(follows[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += follows[name]
    return found


def implied_message(template: ExpansionTemplate, message: str) -> str:
    """What a policy says of an implied object, as its parent's user sees it."""
    return f"[Implied by {template.name}] {message}"


def told_by_parent(decision: Decision, implied: Implied) -> Decision:
    """A Decision on an implied object as one on its parent: prefix, action, and places in the parent."""
    template, action = implied.template, implied.template.action

    def told(one: Violation) -> Violation:
        path = None if one.path is None else (*implied.path, *one.path)
        actions = one.actions if action is None else (action,)
        return replace(one, message=implied_message(template, one.message), actions=actions, path=path)

    violations = [told(one) for one in decision.violations]
    failures = [replace(one, message=implied_message(template, one.message)) for one in decision.failures]
    return replace(decision, violations=tuple(violations), failures=tuple(failures))


def failed_expansion(error: ExpansionError) -> Failure:
    """That an object cannot be expanded; Gatekeeper's webhook fails the request then."""
    return Failure(PolicyKey(EXPANSION, error.template), f"unable to expand object: {error.message}")


def join_decisions(first: Decision, others: Sequence[Decision], failures: Sequence[Failure] = ()) -> Decision:
    """One Decision on an object and on all that it implies."""
    decisions = [first, *others]
    violations = [one for decision in decisions for one in decision.violations]
    failed = [*failures, *[one for decision in decisions for one in decision.failures]]
    absent = {one: None for decision in decisions for one in decision.not_evaluated}
    return replace(
        first,
        verdict="error" if failed else decide_verdict(violations),
        violations=order_violations(violations),
        failures=tuple(sorted(failed, key=lambda one: (one.policy, one.message))),
        not_evaluated=tuple(sorted(absent, key=lambda one: (one.policy, one.needs))),
        matched=sum([decision.matched for decision in decisions]),
        exchanges=_exchanges(decisions),
        on_error=tuple(
            sorted(
                dict.fromkeys([one for decision in decisions for one in decision.on_error]), key=_use_order
            )
        ),
        valid_until_ns=earliest([decision.valid_until_ns for decision in decisions]),
    )


def _exchanges(decisions: Sequence[Decision]) -> tuple[Exchange, ...]:
    """What was asked for any of them; the same request had the same answer."""
    found = {(one.provider, one.keys): one for decision in decisions for one in decision.exchanges}
    return tuple([found[asked] for asked in sorted(found)])


def _use_order(use: OnErrorUse) -> tuple[PolicyKey, str]:
    return use.policy, use.provider
