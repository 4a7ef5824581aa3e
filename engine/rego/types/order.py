"""The order in which rules are checked: by place, but each after the rules that it refers to.

A rule that is not checked yet has no type, and what it gives is not known. So what counts is what OPA takes for a
reference: one to `p[x].a` is none to a rule `p[x].b`.
"""

from collections.abc import Iterator, Mapping, Sequence

from lockgate.engine.rego.ast import Ref, Scalar, Term, Var, walk
from lockgate.engine.rego.narrowing import KnownValues
from lockgate.engine.rego.resolve import Alternative, Definition
from lockgate.engine.rego.ruletree import Group, RuleTree

Operands = Sequence[Term | frozenset[str]]


class RuleOrder:
    """Orders the rules of a program. `edges` has the groups that each group refers to, by index."""

    def __init__(self, tree: RuleTree, edges: Mapping[int, set[int]]) -> None:
        self._groups = tree.groups
        self._edges = edges
        self._definitions: dict[int, list[Definition]] = {}
        self._references: dict[int, list[Operands]] = {}

    def rules(self) -> Iterator[tuple[Group, Definition]]:
        """All rules, each with its group."""
        rules = [(group, definition) for group in self._groups for definition in _definitions(group)]
        rules.sort(key=_place)
        for group, definition in rules:
            self._definitions.setdefault(group.index, []).append(definition)
        entered: set[int] = set()
        for rule in rules:
            # Not by recursion: a chain of rules may be long.
            stack = [(rule, iter([rule]))]
            while stack:
                current, following = stack[-1]
                entered_now = next((one for one in following if id(one[1]) not in entered), None)
                if entered_now is not None:
                    entered.add(id(entered_now[1]))
                    stack.append((entered_now, iter(self._needed(*entered_now))))
                    continue
                stack.pop()
                if stack:
                    yield current

    def _needed(self, group: Group, definition: Definition) -> list[tuple[Group, Definition]]:
        """The rules that a rule refers to, by place."""
        needed = [
            (self._groups[index], other)
            for index in self._edges.get(group.index, ())
            if index != group.index
            for other in self._definitions.get(index, ())
            if not _is_partly_fixed(other) or self._may_select(definition, other)
        ]
        return sorted(needed, key=_place) if len(needed) > 1 else needed

    def _may_select(self, definition: Definition, other: Definition) -> bool:
        """Does a rule have a reference that may lead to another, whose path has fixed parts after others?"""
        found = self._references.get(id(definition))
        if found is None:
            found = [operands for a in definition.alternatives for operands in _references(a)]
            self._references[id(definition)] = found
        place = other.alternatives[0].tail
        return any(_intersect(operands, other.path, place) for operands in found)


def _definitions(group: Group) -> list[Definition]:
    return group.definitions if group.default is None else [*group.definitions, group.default]


def _place(rule: tuple[Group, Definition]) -> tuple[str, int, int]:
    location = rule[1].location
    return (location.file, location.line, location.column)


def _is_partly_fixed(definition: Definition) -> bool:
    """Are there fixed parts in the path of a rule after what is its document's?"""
    return any(isinstance(part, Scalar) for part in definition.alternatives[0].tail)


def _references(alternative: Alternative) -> Iterator[Operands]:
    """The operands of the references into `data`, with the names that they may be where those are known."""
    known = KnownValues()
    for statement in alternative.body:
        yield from _references_of(statement, known)
        known.learn(statement)
    head = (alternative.arguments, alternative.tail, alternative.value)
    yield from _references_of((*head, () if alternative.member is None else alternative.member), known)


def _references_of(node: object, known: KnownValues) -> Iterator[Operands]:
    for part in walk(node):
        if isinstance(part, Ref) and isinstance(part.head, Var) and part.head.name == "data":
            yield known.operands(part)


def _intersect(operands: Operands, path: Sequence[str], tail: Sequence[Term]) -> bool:
    """May a reference with these operands lead to, above or below a rule's place?"""
    for operand, name in zip(operands, path, strict=False):
        if not _may_be(operand, name):
            return False
    for operand, part in zip(operands[len(path) :], tail, strict=False):
        if isinstance(part, Scalar) and not _may_be(operand, part.value):
            return False
    return True


def _may_be(operand: Term | frozenset[str], name: object) -> bool:
    if isinstance(operand, frozenset):
        return name in operand
    return not isinstance(operand, Scalar) or (type(operand.value) is type(name) and operand.value == name)
