"""The `match` of a constraint, compiled once into closures.

After github.com/open-policy-agent/gatekeeper pkg/mutation/match and pkg/target/matcher.go: the object, then its old
state, is put to each criterion in turn; either one matching is enough.
"""

from collections.abc import Callable, Mapping
from typing import Final, final

from lockgate.engine.codegen.values import Key, Value, key
from lockgate.engine.kinds import NAMED_GROUPS, split_api_version
from lockgate.engine.policy import MATCHED, Match, MatchError, MatchResult, NotMatched, matches_all
from lockgate.engine.review import Review
from lockgate.gatekeeper.labels import compile_selector, labels_of
from lockgate.gatekeeper.wildcard import compile_any, compile_generate_name, compile_wildcard

Object = dict[str, Value]
# None: the criterion holds. Else why the object does not match, or why that cannot be told.
Criterion = Callable[[Object, Review], NotMatched | MatchError | None]

ANY: Final = "*"
_FAILED: Final = "failed to run Match criteria"


@final
class Matcher:
    """The compiled match of a constraint. kinds: the criterion that asks for the object's kind alone."""

    __slots__ = ("_groups", "_kinds", "_left", "_match")

    def __init__(self, match: Mapping[str, Value] | None) -> None:
        given = match or {}
        kinds = _kinds(given)
        criteria = tuple([criterion for build in _BUILDERS if (criterion := build(given)) is not None])
        self._kinds = kinds
        self._groups = _named_groups(given)
        # What is left to ask where the kind is known to match.
        self._left: Match = _all_of(criteria) if criteria else matches_all
        self._match: Match = self._left if kinds is None else _all_of((kinds, *criteria))
        if kinds is None and not criteria and match is not None:
            # Gatekeeper asks for an object only where there is a match block.
            self._match = _match_object

    def __call__(self, review: Review) -> MatchResult:
        """Does the review match?"""
        return self._match(review)

    def of_kind(self, api_version: str, kind: str) -> Match | None:
        """What is left to ask of reviews of objects of this kind; None when none of them matches.

        Objects of NAMED_GROUPS match only where the group is named: Gatekeeper is never sent any, and a constraint for all
        kinds means those of a cluster.
        """
        group = split_api_version(api_version)[0]
        if group in NAMED_GROUPS and group not in self._groups:
            return None
        kinds = self._kinds
        if kinds is not None and kinds({"apiVersion": api_version, "kind": kind}, _NOBODY) is not None:
            return None
        return self._left


# The kinds are told by the object alone.
_NOBODY: Final = Review({}, None, None, None)


def compile_match(match: Mapping[str, Value] | None) -> Matcher:
    """A matcher for a checked `spec.match` (None or empty: everything)."""
    return Matcher(match)


class MatcherCache:
    """Matchers by what they ask for, since many constraints have one match; a review asks a shared one once."""

    __slots__ = ("_matchers",)

    def __init__(self) -> None:
        self._matchers: dict[Key, Matcher] = {}

    def compile(self, match: Mapping[str, Value] | None) -> Matcher:
        """As `compile_match` does."""
        name = key(None if match is None else dict(match))
        found = self._matchers.get(name)
        if found is None:
            found = self._matchers[name] = compile_match(match)
        return found


def _all_of(criteria: tuple[Criterion, ...]) -> Match:
    def matches(review: Review) -> MatchResult:
        value = review.object
        if value is None:
            return _one_of_two(criteria, review)
        for criterion in criteria:
            failed = criterion(value, review)
            if failed is not None:
                # Only updates have two objects.
                return failed if review.old_object is None else _one_of_two(criteria, review)
        return MATCHED

    return matches


def _one_of_two(criteria: tuple[Criterion, ...], review: Review) -> MatchResult:
    """Whether the object or its former state fits all criteria; else why the first of them does not."""
    first: MatchResult | None = None
    for value in (review.object, review.old_object):
        if value is None:
            continue
        failed = next((found for test in criteria if (found := test(value, review)) is not None), None)
        if failed is None:
            return MATCHED
        if type(failed) is MatchError:
            return failed
        if first is None:
            first = failed
    return _no_object() if first is None else first


def _match_object(review: Review) -> MatchResult:
    return _no_object() if review.object is None and review.old_object is None else MATCHED


def _no_object() -> MatchError:
    return MatchError("invalid request object: neither object nor old object are defined")


def _text(value: object, name: str) -> str:
    if type(value) is dict:
        found = value.get(name)
        if type(found) is str:
            return found
    return ""


def is_namespace(value: Mapping[str, Value]) -> bool:
    """Is the object a Namespace?"""
    if value.get("kind") != "Namespace":
        return False
    version = value.get("apiVersion")
    return type(version) is not str or "/" not in version


def namespace_of(value: Mapping[str, Value]) -> str:
    """`metadata.namespace`, "" when there is none."""
    return _text(value.get("metadata"), "namespace")


def name_of(value: Mapping[str, Value]) -> str:
    """`metadata.name`, "" when there is none."""
    return _text(value.get("metadata"), "name")


def _strings(match: Mapping[str, Value], name: str) -> list[str]:
    found = match.get(name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _named_groups(match: Mapping[str, Value]) -> frozenset[str]:
    """The groups of NAMED_GROUPS that `match.kinds` names."""
    entries = match.get("kinds")
    if not isinstance(entries, list):
        return frozenset()
    groups = {group for one in entries if isinstance(one, dict) for group in _strings(one, "apiGroups")}
    return NAMED_GROUPS & groups


def _kinds(match: Mapping[str, Value]) -> Criterion | None:
    entries = match.get("kinds")
    if not isinstance(entries, list) or not entries:
        return None
    # Kinds by their groups, None standing for any kind or any group.
    any_group: set[str] = set()
    any_kind: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    for entry in entries:
        assert isinstance(entry, dict)
        groups, kinds = _strings(entry, "apiGroups"), _strings(entry, "kinds")
        all_groups, all_kinds = not groups or ANY in groups, not kinds or ANY in kinds
        if all_groups and all_kinds:
            return None
        if all_groups:
            any_group.update(kinds)
        elif all_kinds:
            any_kind.update(groups)
        else:
            pairs.update((group, kind) for group in groups for kind in kinds)

    no = NotMatched("kinds", "the object's kind is not among match.kinds")

    def criterion(value: Object, review: Review) -> NotMatched | None:
        kind = value.get("kind")
        if kind in any_group:
            return None
        version = value.get("apiVersion")
        group = ""
        if type(version) is str:
            group, slash, rest = version.partition("/")
            if not slash or "/" in rest:
                group = ""
        if (group, kind) in pairs or group in any_kind:
            return None
        return no

    return criterion


def _scope(match: Mapping[str, Value]) -> Criterion | None:
    wanted = match.get("scope")
    if wanted not in ("Cluster", "Namespaced"):
        return None

    no = NotMatched("scope", f"the object is {'not ' if wanted == 'Namespaced' else ''}in a namespace")

    def criterion(value: Object, review: Review) -> NotMatched | MatchError | None:
        namespaced = bool(namespace_of(value)) or review.namespace is not None
        if is_namespace(value):
            namespaced = False
        elif not namespaced and wanted == "Namespaced" and review.scope == "Unknown":
            kind = value.get("kind")
            return MatchError(
                f"{_FAILED}: it is not known whether {kind} is namespaced",
                needs=f"the scope of kind {kind}: give its CustomResourceDefinition, or set metadata.namespace",
            )
        if namespaced == (wanted == "Namespaced"):
            return None
        return no

    return criterion


def _namespace_name(value: Object, review: Review) -> str:
    if value.get("kind") == "Namespace" and is_namespace(value):
        return _text(value.get("metadata"), "name")
    known = review.namespace
    metadata = (value if known is None else known).get("metadata")
    if type(metadata) is dict:
        name = metadata.get("namespace" if known is None else "name")
        if type(name) is str:
            return name
    return ""


def _outside_namespaces(value: Object, review: Review, name: str) -> bool:
    """Is the object in no namespace and none itself? Namespace lists let such an object pass."""
    return not name and review.namespace is None and not is_namespace(value)


def _namespaces(match: Mapping[str, Value]) -> Criterion | None:
    names = _strings(match, "namespaces")
    if not names:
        return None
    listed = compile_any(names)
    no = NotMatched("namespaces", f"the namespace is not among match.namespaces: {', '.join(names)}")

    def criterion(value: Object, review: Review) -> NotMatched | None:
        name = _namespace_name(value, review)
        return None if listed(name) or _outside_namespaces(value, review, name) else no

    return criterion


def _excluded_namespaces(match: Mapping[str, Value]) -> Criterion | None:
    names = _strings(match, "excludedNamespaces")
    if not names:
        return None
    listed = compile_any(names)
    no = NotMatched(
        "excludedNamespaces", f"the namespace is among match.excludedNamespaces: {', '.join(names)}"
    )

    def criterion(value: Object, review: Review) -> NotMatched | None:
        name = _namespace_name(value, review)
        return None if not listed(name) or _outside_namespaces(value, review, name) else no

    return criterion


def _label_selector(match: Mapping[str, Value]) -> Criterion | None:
    selector = match.get("labelSelector")
    if not isinstance(selector, dict):
        return None
    selects = compile_selector(selector)

    no = NotMatched("labelSelector", "the object's labels do not match")

    def criterion(value: Object, review: Review) -> NotMatched | None:
        return None if selects(labels_of(value)) else no

    return criterion


def _namespace_selector(match: Mapping[str, Value]) -> Criterion | None:
    selector = match.get("namespaceSelector")
    if not isinstance(selector, dict):
        return None
    selects = compile_selector(selector)
    no = NotMatched("namespaceSelector", "the namespace's labels do not match")

    def criterion(value: Object, review: Review) -> NotMatched | MatchError | None:
        if is_namespace(value):
            labels = labels_of(value)
        elif review.namespace is not None:
            labels = labels_of(review.namespace)
        else:
            name = namespace_of(value)
            if not name:
                return None
            return MatchError(
                f"{_FAILED}: namespace selector for namespace-scoped object but missing Namespace",
                needs=f"the labels of Namespace {name!r}: give its manifest",
            )
        return None if selects(labels) else no

    return criterion


def _name(match: Mapping[str, Value]) -> Criterion | None:
    wanted = match.get("name")
    if not isinstance(wanted, str) or not wanted:
        return None
    named, generated = compile_wildcard(wanted), compile_generate_name(wanted)
    no = NotMatched("name", f"the name does not match match.name {wanted!r}")

    def criterion(value: Object, review: Review) -> NotMatched | None:
        metadata = value.get("metadata")
        name = _text(metadata, "name")
        return None if named(name) or generated(_text(metadata, "generateName")) else no

    return criterion


def _source(match: Mapping[str, Value]) -> Criterion | None:
    wanted = match.get("source") or "All"
    if wanted == "All":
        return None
    no = NotMatched("source", f"match.source is {wanted}")

    def criterion(value: Object, review: Review) -> NotMatched | MatchError | None:
        if not review.source:
            name = _text(value.get("metadata"), "name")
            return MatchError(f"{_FAILED}: source field not specified for resource {name}")
        return None if review.source == wanted else no

    return criterion


# Gatekeeper's order, after the kinds, which decides what is named as the first criterion that failed.
_BUILDERS: Final[tuple[Callable[[Mapping[str, Value]], Criterion | None], ...]] = (
    _scope,
    _namespaces,
    _excluded_namespaces,
    _label_selector,
    _namespace_selector,
    _name,
    _source,
)
