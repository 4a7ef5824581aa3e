"""The rule that fields which answer under the same name can be merged.

Source: https://spec.graphql.org/October2021/#sec-Field-Selection-Merging, in the order of graphql-js, which every
implementation follows: fields of a selection with each other, then with those of its fragments, then fragments with
each other, and the same for what two fields of one name select.
"""

from typing import Final

from lockgate.engine.rego.graphql import nodes
from lockgate.engine.rego.graphql.nodes import Node, type_text
from lockgate.engine.rego.graphql.schema import LEAF
from lockgate.engine.rego.graphql.walk import Rule, Walk

Fields = dict[str, list[Node]]
# Comparing two fields takes the time of some steps.
_COMPARISON: Final = 4


class Conflict:
    """Two fields that cannot be merged: why, or which conflicts there are in what they select."""

    __slots__ = ("at", "inner", "message", "name")

    def __init__(self, second: Node, name: str, message: str, inner: "list[Conflict]") -> None:
        self.at = second.at
        self.name = name
        self.message = message
        self.inner = inner

    def reason(self) -> str:
        """Why, as a sentence."""
        if not self.inner:
            return self.message
        return " and ".join([f'subfields "{one.name}" conflict because {one.reason()}' for one in self.inner])


class OverlappingFieldsCanBeMerged(Rule):
    """Fields of one name are the same field with the same arguments."""

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        # For pairs of fragments: were they compared as exclusive ones only?
        self._pairs: dict[tuple[str, str], bool] = {}
        self._compared: set[str] = set()

    def operation(self, node: Node) -> None:
        self._within(node)

    def field(self, node: Node) -> None:
        # Inside of a fragment's definition the operation that uses it has found the conflicts already.
        if self.walk.operation is not None:
            self._within(node)

    def inline(self, node: Node) -> None:
        self._within(node)

    def fragment(self, node: Node) -> None:
        self._within(node)

    def _within(self, node: Node) -> None:
        if not node["SelectionSet"]:
            return
        fields, spreads = self._collected(node["SelectionSet"])
        found: list[Conflict] = []
        for same in fields.values():
            for position, first in enumerate(same):
                for second in same[position + 1 :]:
                    self._compare(found, False, first, second)
        self._compared = set()
        for position, spread in enumerate(spreads):
            self._with_fragment(found, False, fields, spread)
            for other in spreads[position + 1 :]:
                self._fragments(found, False, spread, other)
        for conflict in found:
            message = (
                f'Fields "{conflict.name}" conflict because {conflict.reason()}. Use different aliases on the'
                " fields to fetch both if this was intentional."
            )
            self.report(message, conflict.at)

    def _collected(self, selections: list[Node]) -> tuple[Fields, list[Node]]:
        """The fields of a selection by the name of their answer, and the fragments that it uses."""
        fields: Fields = {}
        spreads: list[Node] = []
        self._collect(selections, fields, spreads)
        return fields, spreads

    def _collect(self, selections: list[Node], fields: Fields, spreads: list[Node]) -> None:
        self.walk.meter.spend(len(selections))
        for node in selections:
            if node.kind == "Field":
                fields.setdefault(_answer(node), []).append(node)
            elif node.kind == "Inline":
                self._collect(node["SelectionSet"], fields, spreads)
            else:
                spreads.append(node)

    def _with_fragment(self, found: list[Conflict], exclusive: bool, fields: Fields, spread: Node) -> None:
        """Conflicts of fields with those of a fragment and of the fragments inside of it."""
        if spread["Name"] in self._compared:
            return
        self._compared.add(spread["Name"])
        if spread.definition is None:
            return
        others, spreads = self._collected(spread.definition["SelectionSet"])
        if _same(fields, others):
            return
        self._between(found, exclusive, fields, others)
        for inner in spreads:
            if inner["Name"] != spread["Name"]:
                self._with_fragment(found, exclusive, fields, inner)

    def _fragments(self, found: list[Conflict], exclusive: bool, first: Node, second: Node) -> None:
        """Conflicts of the fields of two fragments and of the fragments inside of them."""
        names = (first["Name"], second["Name"])
        self.walk.meter.spend(1)
        if names[0] == names[1]:
            return
        before = self._pairs.get(names)
        if before is not None and (exclusive or not before):
            return
        self._pairs[names] = self._pairs[names[::-1]] = exclusive
        if first.definition is None or second.definition is None:
            return
        fields, spreads = self._collected(first.definition["SelectionSet"])
        others, other_spreads = self._collected(second.definition["SelectionSet"])
        self._between(found, exclusive, fields, others)
        for spread in other_spreads:
            self._fragments(found, exclusive, first, spread)
        for spread in spreads:
            self._fragments(found, exclusive, spread, second)

    def _between(self, found: list[Conflict], exclusive: bool, fields: Fields, others: Fields) -> None:
        for name, same in fields.items():
            for first in same:
                for second in others.get(name, ()):
                    self._compare(found, exclusive, first, second)

    def _compare(self, found: list[Conflict], exclusive: bool, first: Node, second: Node) -> None:
        self.walk.meter.spend(_COMPARISON)
        if first.owner is None or second.owner is None:
            return
        exclusive = exclusive or (
            first.owner["Name"] != second.owner["Name"]
            and first.owner["Kind"] == second.owner["Kind"] == "OBJECT"
            and first.definition is not None
            and second.definition is not None
        )
        message = self._difference(exclusive, first, second)
        inner = [] if message else self._subselections(exclusive, first, second)
        if message or inner:
            found.append(Conflict(second, _answer(first), message, inner))

    def _difference(self, exclusive: bool, first: Node, second: Node) -> str:
        """How two fields themselves differ, or an empty string."""
        if not exclusive:
            if first["Name"] != second["Name"]:
                return f'"{first["Name"]}" and "{second["Name"]}" are different fields'
            if not self._same_arguments(first["Arguments"], second["Arguments"]):
                return "they have differing arguments"
        if first.definition is None or second.definition is None:
            return ""
        types = first.definition["Type"], second.definition["Type"]
        if not self._types_conflict(*types):
            return ""
        return f'they return conflicting types "{type_text(types[0])}" and "{type_text(types[1])}"'

    def _subselections(self, exclusive: bool, first: Node, second: Node) -> list[Conflict]:
        found: list[Conflict] = []
        fields, spreads = self._collected(first["SelectionSet"])
        others, other_spreads = self._collected(second["SelectionSet"])
        self._between(found, exclusive, fields, others)
        for mine, theirs in ((fields, other_spreads), (others, spreads)):
            for spread in theirs:
                self._compared = set()
                self._with_fragment(found, exclusive, mine, spread)
        for spread in spreads:
            for other in other_spreads:
                self._fragments(found, exclusive, spread, other)
        return found

    def _same_arguments(self, first: list[Node], second: list[Node]) -> bool:
        if len(first) != len(second):
            return False
        self.walk.meter.spend(len(first) * len(second))
        return all(
            any(
                one["Name"] == other["Name"] and _same_value(one["Value"], other["Value"]) for other in second
            )
            for one in first
        )

    def _types_conflict(self, first: Node, second: Node) -> bool:
        if first["Elem"] is not None and second["Elem"] is not None:
            return self._types_conflict(first["Elem"], second["Elem"])
        if first["Elem"] is not None or second["Elem"] is not None or first["NonNull"] != second["NonNull"]:
            return True
        one, other = self.schema.type_of(first), self.schema.type_of(second)
        if one is None or other is None:
            return False
        return one["Kind"] in LEAF and other["Kind"] in LEAF and one["Name"] != other["Name"]


def _answer(field: Node) -> str:
    """The name under which a field answers."""
    name: str = field["Alias"] or field["Name"]
    return name


def _same(fields: Fields, others: Fields) -> bool:
    """Are these the very same fields?"""
    return fields.keys() == others.keys() and all(
        [id(one) for one in same] == [id(one) for one in others[name]] for name, same in fields.items()
    )


def _same_value(first: Node, second: Node) -> bool:
    if first["Kind"] != second["Kind"] or first["Raw"] != second["Raw"]:
        return False
    children = first["Children"], second["Children"]
    if len(children[0]) != len(children[1]):
        return False
    if first["Kind"] == nodes.OBJECT:
        children = sorted(children[0], key=_child_name), sorted(children[1], key=_child_name)
    return all(
        one["Name"] == other["Name"] and _same_value(one["Value"], other["Value"])
        for one, other in zip(*children, strict=True)
    )


def _child_name(child: Node) -> str:
    name: str = child["Name"]
    return name
