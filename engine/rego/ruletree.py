"""The rules of a program by their place under `data`, and what each refers to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    Call,
    Ref,
    Scalar,
    UnifyExpr,
    Var,
    WithExpr,
    walk,
)
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.narrowing import KnownValues
from lockgate.engine.rego.resolve import Alternative, Definition

# Begins the names of packages that the compiler makes: no reference of a policy leads there. No policy has such a
# name, since half a surrogate pair is no text and the lexer replaces it.
HIDDEN = "\ud800"
# The package of a query.
QUERY = f"{HIDDEN}query"

GroupKind = Literal["complete", "set", "object", "function"]


@dataclass(slots=True)
class Group:
    """All rules of one name: they define one document or function together."""

    index: int
    path: tuple[str, ...]
    kind: GroupKind
    arity: int
    location: Location
    definitions: list[Definition] = field(default_factory=list)
    default: Definition | None = None
    # How errors name it; empty: by its path.
    shown: str = ""

    def alternatives(self) -> Iterator[Alternative]:
        """The clauses of all its rules."""
        for definition in self.definitions:
            yield from definition.alternatives
        if self.default is not None:
            yield from self.default.alternatives

    def __str__(self) -> str:
        return self.shown or ".".join(("data", *self.path))


@dataclass(slots=True)
class Node:
    """A place under `data`: a group of rules, places below it, or both."""

    path: tuple[str, ...]
    children: dict[str, "Node"] = field(default_factory=dict)
    group: Group | None = None

    def groups(self) -> Iterator[Group]:
        """The groups at and below this place."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            if node.group is not None:
                yield node.group
            stack.extend(child for name, child in node.children.items() if not name.startswith(HIDDEN))


class RuleTree:
    """The places of all rules. `find` follows a reference as far as it is fixed."""

    def __init__(self) -> None:
        self.root = Node(())
        self.groups: list[Group] = []

    def add_package(self, path: tuple[str, ...]) -> None:
        """Adds a package's place: its document is an object even when it has no rules."""
        self.place(path)

    def place(self, path: tuple[str, ...]) -> Node:
        """A place, which is added if it is not there."""
        node = self.root
        for depth, part in enumerate(path):
            node = node.children.setdefault(part, Node(path[: depth + 1]))
        return node

    def add(self, definition: Definition, problems: list[Problem]) -> None:
        """Adds a rule to its group; conflicting ones are problems."""
        node = self.place(definition.path)
        kind: GroupKind = "function" if definition.is_function else definition.kind
        arity = len(definition.alternatives[0].arguments)
        group = node.group
        if group is None:
            group = Group(len(self.groups), definition.path, kind, arity, definition.location)
            node.group = group
            self.groups.append(group)
        shown = str(group)
        if definition.is_default:
            if group.default is not None:
                message = f"multiple default rules {shown} found"
                problems.append(Problem("rego_type_error", message, definition.location))
            if group.definitions and group.kind not in ("complete", "function"):
                message = f"conflicting rules {shown} found"
                problems.append(Problem("rego_type_error", message, definition.location))
            group.default = definition
            return
        if not group.definitions:
            if group.default is not None and kind not in ("complete", "function"):
                message = f"conflicting rules {shown} found"
                problems.append(Problem("rego_type_error", message, definition.location))
            group.kind, group.arity = kind, arity
        elif group.kind != kind or (kind == "function" and group.arity != arity):
            message = f"conflicting rules {shown} found"
            problems.append(Problem("rego_type_error", message, definition.location))
            return
        group.definitions.append(definition)

    def check_conflicts(self, packages: Iterable[tuple[str, ...]], problems: list[Problem]) -> None:
        """Rules below a rule whose document they cannot be part of, and packages at the place of a rule."""
        below_packages = set(packages)
        stack = [self.root]
        while stack:
            node = stack.pop()
            stack.extend(node.children.values())
            group = node.group
            if group is None:
                continue
            definitions = [*group.definitions, *([group.default] if group.default else [])]
            fixed = any(not definition.alternatives[0].tail for definition in definitions)
            others = [found for found in node.groups() if found is not group]
            if not fixed:
                # What has keys that are not fixed may go on below, but no function can be there.
                others = [found for found in others if found.kind == "function"]
            if others:
                shown = "".join(f"\n  rule {found}" for found in sorted(others, key=str))
                message = f"rule {group} conflicts with:{shown}"
                problems.append(Problem("rego_type_error", message, group.location))
            elif fixed and node.path in below_packages:
                message = f"package {'.'.join(node.path)} conflicts with rule {group}"
                problems.append(Problem("rego_type_error", message, group.location))

    def gather(self) -> None:
        """Where a document has keys that are not fixed, rules at fixed places below it become rules of it.

        As in OPA, where they are parts of one partial document: below `r[x] := 1`, a rule `r.a contains 2` whose
        body fails makes no empty set.
        """
        stack = [self.root]
        while stack:
            node = stack.pop()
            group = node.group
            below = [found for found in node.groups() if found is not group]
            is_free = group is not None and group.kind == "object" and not _is_fixed(group)
            if group is not None and is_free and below and all(map(_is_movable, below)):
                depth = len(group.path)
                for moved in sorted(below, key=lambda found: found.index):
                    for definition in moved.definitions:
                        group.definitions.append(_moved(definition, depth))
                    self.groups.remove(moved)
                node.children = {}
            stack.extend(node.children.values())
        for index, group in enumerate(self.groups):
            group.index = index

    def find(self, parts: Sequence[object]) -> tuple[Node, int]:
        """The deepest place that a reference's fixed operands lead to, and how many operands that took.

        `parts` are the operands after `data`. Stops at a group.
        """
        node = self.root
        for taken, part in enumerate(parts):
            if not isinstance(part, Scalar) or type(part.value) is not str:
                return node, taken
            child = node.children.get(part.value)
            if child is None:
                return node, taken
            node = child
            group = node.group
            if group is not None and (group.kind != "function" or not node.children):
                # Rules below a document take part in it.
                return node, taken + 1
        return node, len(parts)

    def function(self, reference: Ref) -> Group | None:
        """The function that a call's name names, if it is one of the program's."""
        head = reference.head
        if not isinstance(head, Var) or head.name != "data":
            return None
        node, taken = self.find(reference.operands)
        if taken != len(reference.operands) or node.group is None:
            return None
        return node.group if node.group.kind == "function" else None

    def referenced(self, nodes: Iterable[object]) -> Iterator[tuple[Group, Location]]:
        """The groups that the syntax refers to, with the place."""
        for node in nodes:
            known = KnownValues()
            if isinstance(node, Alternative):
                for statement in node.body:
                    yield from self._referenced(statement, known)
                    known.learn(statement)
                node = (node.arguments, node.tail, () if node.member is None else node.member, node.value)
            yield from self._referenced(node, known)

    def _referenced(self, node: object, known: KnownValues) -> Iterator[tuple[Group, Location]]:
        for part in walk(node):
            if isinstance(part, Call):
                group = self.function(part.function)
                if group is not None:
                    yield group, part.location
            elif isinstance(part, Ref) and isinstance(part.head, Var) and part.head.name == "data":
                for group in self.matching(known.operands(part)):
                    yield group, part.location
            elif isinstance(part, UnifyExpr):
                known.learn_temporary(part)

    def matching(self, parts: Sequence[object]) -> Iterator[Group]:
        """The groups that a reference with these operands after `data` may evaluate.

        What is not fixed may be any name, or one of a set; what comes after it must fit all the same.
        """
        stack: list[tuple[Node, int]] = [(self.root, 0)]
        while stack:
            node, taken = stack.pop()
            is_document = node.group is not None and (node.group.kind != "function" or not node.children)
            if is_document or taken == len(parts):
                yield from node.groups()
                continue
            part = parts[taken]
            if isinstance(part, frozenset):
                stack.extend((child, taken + 1) for name, child in node.children.items() if name in part)
            elif not isinstance(part, Scalar):
                stack.extend(
                    (child, taken + 1) for name, child in node.children.items() if not name.startswith(HIDDEN)
                )
            elif type(part.value) is str and part.value in node.children:
                stack.append((node.children[part.value], taken + 1))


def _is_fixed(group: Group) -> bool:
    """Do all rules of a document go on with a fixed part that is no name, such as `r[1]`?"""
    return all(
        isinstance(alternative.tail[0], Scalar) for alternative in group.alternatives() if alternative.tail
    )


def _is_movable(group: Group) -> bool:
    """Can a group be part of a document above it: no function, no default, no `else`?"""
    if group.kind == "function" or group.default is not None:
        return False
    return all(len(definition.alternatives) == 1 for definition in group.definitions)


def _moved(definition: Definition, depth: int) -> Definition:
    """A rule at a fixed place as a rule of the document `depth` names deep, above it."""
    (alternative,) = definition.alternatives
    fixed = [Scalar(definition.location, name) for name in definition.path[depth:]]
    alternative = replace(alternative, tail=(*fixed, *alternative.tail))
    return replace(definition, path=definition.path[:depth], kind="object", alternatives=(alternative,))


def with_targets(groups: Iterable[Group]) -> tuple[set[tuple[str, ...]], set[str]]:
    """The places under `data` that some `with` replaces, and the dotted names of other targets but `input`."""
    places: set[tuple[str, ...]] = set()
    names: set[str] = set()
    for path in _with_paths(groups):
        if path[0] == "data":
            places.add(path[1:])
        elif path[0] != "input":
            names.add(".".join(path))
    return places, names


def replaced_inputs(groups: Iterable[Group]) -> set[tuple[str, ...]]:
    """The places in `input` that some `with` replaces, without `input`."""
    return {path[1:] for path in _with_paths(groups) if path[0] == "input"}


def _with_paths(groups: Iterable[Group]) -> Iterator[tuple[str, ...]]:
    for group in groups:
        for alternative in group.alternatives():
            for part in walk(alternative):
                if isinstance(part, WithExpr):
                    paths = [target_path(modifier.target) for modifier in part.modifiers]
                    yield from [path for path in paths if path is not None]


def target_path(target: Ref) -> tuple[str, ...] | None:
    """A reference of fixed names as names, or None."""
    if not isinstance(target.head, Var):
        return None
    parts = [target.head.name]
    for operand in target.operands:
        if not isinstance(operand, Scalar) or type(operand.value) is not str:
            return None
        parts.append(operand.value)
    return tuple(parts)


def check_recursion(tree: RuleTree, problems: list[Problem]) -> dict[int, set[int]]:
    """Reports rules that refer to themselves; gives what each group refers to directly, by index."""
    edges: dict[int, set[int]] = {}
    for group in tree.groups:
        edges[group.index] = {found.index for found, _ in tree.referenced(group.alternatives())}
    state: dict[int, int] = {}
    for start in sorted(edges):
        if start in state:
            continue
        path: list[int] = []
        stack: list[tuple[int, Iterator[int]]] = [(start, iter(sorted(edges[start])))]
        state[start] = 1
        path.append(start)
        while stack:
            current, pending = stack[-1]
            following = next(pending, None)
            if following is None:
                state[current] = 2
                stack.pop()
                path.pop()
            elif state.get(following) == 1:
                cycle = [*path[path.index(following) :], following]
                names = " -> ".join(str(tree.groups[index]) for index in cycle)
                group = tree.groups[following]
                message = f"rule {group} is recursive: {names}"
                problems.append(Problem("rego_recursion_error", message, group.location))
            elif following not in state:
                state[following] = 1
                path.append(following)
                stack.append((following, iter(sorted(edges[following]))))
    return edges
