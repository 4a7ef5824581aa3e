"""Rules on types: fields, fragments, arguments, values and variables fit the schema.

Source: https://spec.graphql.org/October2021/#sec-Validation; order and messages are gqlparser 2.5.58's.
"""

from typing import Final

from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.graphql import nodes
from lockgate.engine.rego.graphql.nodes import Node, named, type_text
from lockgate.engine.rego.graphql.schema import ABSTRACT, COMPOSITE, INPUT, LEAF
from lockgate.engine.rego.graphql.schema_checks import compatible
from lockgate.engine.rego.graphql.suggestions import either, meant, quoted, similar
from lockgate.engine.rego.graphql.values import fits, is_integer, is_readable, value_text
from lockgate.engine.rego.graphql.walk import Rule

_CHECKED_SCALARS: Final = frozenset(["Int", "Float", "String", "Boolean", "ID"])
# The built-in scalars that a value of a kind can be.
_SCALARS_OF: Final = {
    nodes.INT: ("Int", "Float", "ID"),
    nodes.FLOAT: ("Float",),
    nodes.STRING: ("String", "ID"),
    nodes.BLOCK: ("String", "ID"),
    nodes.BOOLEAN: ("Boolean",),
}


class FieldsOnCorrectType(Rule):
    """Fields exist on the type that they are selected on."""

    def field(self, node: Node) -> None:
        owner, name = node.owner, node["Name"]
        if owner is None or node.definition is not None:
            return
        message = f'Cannot query field "{name}" on type "{owner["Name"]}".'
        if owner["Kind"] in ABSTRACT:
            types = self._types_with(owner, name)
            if types:
                message += f" Did you mean to use an inline fragment on {quoted(types)}?"
        near = []
        if owner["Kind"] == "OBJECT" or (owner["Kind"] == "INTERFACE" and "inline fragment" not in message):
            near = similar(name, [field["Name"] for field in owner["Fields"]], self.walk.meter)
        self.report(message + meant("Did you mean", near), node.at)

    def _types_with(self, owner: Node, name: str) -> list[str]:
        """The possible types that have such a field, and their interfaces that do, those most used first."""
        objects: list[str] = []
        usage: dict[str, int] = {}
        for possible in self.schema.possible_types(owner):
            self.walk.meter.spend(1 + len(possible["Interfaces"]))
            if self.schema.field(possible, name) is None:
                continue
            objects.append(possible["Name"])
            for interface in possible["Interfaces"]:
                if name in self.schema.members.get(interface, {}):
                    usage[interface] = usage.get(interface, 0) + 1
        return sorted([*usage, *objects], key=lambda one: (-usage.get(one, 0), one))


class FragmentsOnCompositeTypes(Rule):
    """Fragments are on types that have fields."""

    def inline(self, node: Node) -> None:
        found = self.schema.types.get(node["TypeCondition"])
        if found is not None and found["Kind"] not in COMPOSITE:
            message = f'Fragment cannot condition on non composite type "{node["TypeCondition"]}".'
            self.report(message, node.at)

    def fragment(self, node: Node) -> None:
        if node.definition is not None and node.definition["Kind"] not in COMPOSITE:
            name, condition = node["Name"], node["TypeCondition"]
            message = f'Fragment "{name}" cannot condition on non composite type "{condition}".'
            self.report(message, node.at)


class PossibleFragmentSpreads(Rule):
    """Fragments are used where their type can be."""

    def inline(self, node: Node) -> None:
        if node.owner is not None and self._is_impossible(node.owner, node["TypeCondition"]):
            self._report(node, "Fragment", node["TypeCondition"])

    def spread(self, node: Node) -> None:
        if node.definition is None or node.owner is None:
            return
        condition = node.definition["TypeCondition"]
        if self._is_impossible(node.owner, condition):
            self._report(node, f'Fragment "{node["Name"]}"', condition)

    def _report(self, node: Node, shown: str, condition: str) -> None:
        assert node.owner is not None
        message = (
            f'{shown} cannot be spread here as objects of type "{node.owner["Name"]}" can never be of type'
            f' "{condition}".'
        )
        self.report(message, node.at)

    def _is_impossible(self, owner: Node, condition: str) -> bool:
        found = self.schema.types.get(condition)
        if owner["Kind"] not in COMPOSITE or found is None or found["Kind"] not in COMPOSITE:
            return False
        owners = [owner] if owner["Kind"] == "OBJECT" else self.schema.possible_types(owner)
        fragments = self.schema.possible_types(found)
        self.walk.meter.spend(len(owners) + len(fragments))
        names = {one["Name"] for one in owners}
        return not any(one["Name"] in names for one in fragments)


class RequiredArguments(Rule):
    """Arguments that must be given are."""

    def field(self, node: Node) -> None:
        self._check(node, f'Field "{node["Name"]}"')

    def directive(self, node: Node) -> None:
        self._check(node, f'Directive "@{node["Name"]}"')

    def _check(self, node: Node, shown: str) -> None:
        if node.definition is None:
            return
        given = {argument["Name"] for argument in node["Arguments"]}
        for wanted in node.definition["Arguments"]:
            if not wanted["Type"]["NonNull"] or wanted["DefaultValue"] is not None:
                continue
            if wanted["Name"] not in given:
                message = (
                    f'{shown} argument "{wanted["Name"]}" of type "{type_text(wanted["Type"])}" is required,'
                    " but it was not provided."
                )
                self.report(message, node.at)


class ScalarLeafs(Rule):
    """What has fields is selected with some, what has none without."""

    def field(self, node: Node) -> None:
        found = None if node.definition is None else self.schema.type_of(node.definition["Type"])
        if found is None:
            return
        name, selected = node["Name"], bool(node["SelectionSet"])
        if found["Kind"] in LEAF and selected:
            message = (
                f'Field "{name}" must not have a selection since type "{found["Name"]}" has no subfields.'
            )
            self.report(message, node.at)
        elif found["Kind"] not in LEAF and not selected:
            assert node.definition is not None
            shown = type_text(node.definition["Type"])
            message = (
                f'Field "{name}" of type "{shown}" must have a selection of subfields. Did you mean'
                f' "{name} {{ ... }}"?'
            )
            self.report(message, node.at)


class SingleFieldSubscriptions(Rule):
    """A subscription selects one field."""

    def operation(self, node: Node) -> None:
        if node["Operation"] != "subscription" or "subscription" not in self.schema.roots:
            return
        fields: dict[str, Node] = {}
        self._collect(node["SelectionSet"], fields, set())
        shown = f"Subscription {quote(node['Name'])}" if node["Name"] else "Anonymous Subscription"
        if len(fields) > 1:
            second = list(fields.values())[1]
            self.report(f"{shown} must select only one top level field.", second.at)
        for name, field in fields.items():
            if name.startswith("__"):
                self.report(f"{shown} must not select an introspection top level field.", field.at)

    def _collect(self, selections: list[Node], fields: dict[str, Node], inside: set[str]) -> None:
        for node in selections:
            if node.kind == "Field":
                fields.setdefault(node["Name"], node)
            elif node.kind == "Inline":
                self._collect(node["SelectionSet"], fields, inside)
            elif node.definition is None:
                return
            elif node["Name"] not in inside:
                inside.add(node["Name"])
                self._collect(node.definition["SelectionSet"], fields, inside)


class ValuesOfCorrectType(Rule):
    """Values have the type that is expected where they stand."""

    def value(self, node: Node) -> None:
        definition, expected = node.definition, node.expected
        if definition is None or expected is None:
            return
        kind, name = node["Kind"], definition["Name"]
        if kind == nodes.NULL and expected["NonNull"]:
            message = f'Expected value of type "{type_text(expected)}", found {value_text(node)}.'
            self.report(message, node.at)
        if definition["Kind"] == "SCALAR" and name not in _CHECKED_SCALARS:
            return
        if not is_readable(node):
            self._unexpected(node)
        if kind == nodes.LIST:
            if expected["Elem"] is None:
                self._unexpected(node)
        elif kind == nodes.ENUM or (kind in (nodes.STRING, nodes.BLOCK) and definition["Kind"] == "ENUM"):
            self._enum(node, definition)
        elif kind in _SCALARS_OF:
            if name not in _SCALARS_OF[kind]:
                self._unexpected(node)
        elif kind == nodes.OBJECT:
            self._object(node, definition)

    def _unexpected(self, node: Node, suggestion: str = "") -> None:
        self.report(_unexpected_message(node) + suggestion, node.at)

    def _enum(self, node: Node, definition: Node) -> None:
        values = [value["Name"] for value in definition["EnumValues"]]
        start = "Did you mean the enum value"
        assert node.expected is not None
        expected = type_text(node.expected)
        near = similar(node["Raw"], values, self.walk.meter)
        if node["Kind"] != nodes.ENUM:
            message = f'Enum "{expected}" cannot represent non-enum value: {value_text(node)}.'
            self.report(message + meant(start, near), node.at)
        elif definition["Kind"] != "ENUM":
            self._unexpected(node, f" {start} {either(near)}?" if near else "")
        elif node["Raw"] not in values:
            message = f'Value "{value_text(node)}" does not exist in "{expected}" enum.'
            self.report(message + meant(start, near), node.at)

    def _object(self, node: Node, definition: Node) -> None:
        name = definition["Name"]
        given = {child["Name"] for child in node["Children"]}
        self.walk.meter.spend(len(given) + len(definition["Fields"]))
        for field in definition["Fields"]:
            if field["Type"]["NonNull"] and field["Name"] not in given and field["DefaultValue"] is None:
                shown = f'"{name}.{field["Name"]}" of required type "{type_text(field["Type"])}"'
                self.report(f"Field {shown} was not provided.", node.at)
        if named(definition["Directives"], "oneOf") is not None:
            self._one_of(node, definition)
        for child in node["Children"]:
            if self.schema.field(definition, child["Name"]) is None:
                near = similar(
                    child["Name"], [field["Name"] for field in definition["Fields"]], self.walk.meter
                )
                message = f'Field "{child["Name"]}" is not defined by type "{name}".'
                self.report(message + meant("Did you mean", near), child.at)

    def _one_of(self, node: Node, definition: Node) -> None:
        name = definition["Name"]
        if len(node["Children"]) != 1:
            self.report(f'OneOf Input Object "{name}" must specify exactly one key.', node.at)
            return
        value = node["Children"][0]["Value"]
        if value["Kind"] == nodes.NULL:
            first = definition["Fields"][0]["Name"]
            self.report(f'Field "{name}.{first}" must be non-null.', value.at)


def _unexpected_message(node: Node) -> str:
    assert node.expected is not None and node.definition is not None
    expected, shown = type_text(node.expected), value_text(node)
    bare = expected.removesuffix("!")
    if bare == "Int":
        if is_integer(node["Raw"]) and not fits(node["Raw"]):
            return f"Int cannot represent non 32-bit signed integer value: {shown}"
        return f"Int cannot represent non-integer value: {shown}"
    if bare == "String" or expected == "[String]":
        return f"String cannot represent a non string value: {shown}"
    if bare == "Boolean":
        return f"Boolean cannot represent a non boolean value: {shown}"
    if bare == "Float":
        return f"Float cannot represent non numeric value: {shown}"
    if bare == "ID":
        return f"ID cannot represent a non-string and non-integer value: {shown}"
    if node.definition["Kind"] == "ENUM":
        return f'Enum "{expected}" cannot represent non-enum value: {shown}.'
    return f'Expected value of type "{expected}", found {shown}.'


class VariablesAreInputTypes(Rule):
    """Variables have types that can be given."""

    def operation(self, node: Node) -> None:
        for variable in node["VariableDefinitions"]:
            if variable.definition is not None and variable.definition["Kind"] not in INPUT:
                shown = f'"${variable["Variable"]}" cannot be non-input type "{type_text(variable["Type"])}"'
                self.report(f"Variable {shown}.", variable.at)


class VariablesInAllowedPosition(Rule):
    """Variables have the type that is expected where they are used."""

    def value(self, node: Node) -> None:
        definition = node.definition
        if node["Kind"] == nodes.VARIABLE:
            self._used(node)
        elif (
            node["Kind"] == nodes.OBJECT
            and definition is not None
            and named(definition["Directives"], "oneOf") is not None
        ):
            self._one_of(node, definition["Name"])

    def _used(self, node: Node) -> None:
        expected, variable = node.expected, node.variable
        if expected is None or variable is None or self.walk.operation is None:
            return
        default = variable["DefaultValue"]
        if node.defaulted or (default is not None and default["Kind"] != nodes.NULL):
            wanted = Node("Type", NamedType=expected["NamedType"], Elem=expected["Elem"])
        else:
            wanted = expected
        if not compatible(variable["Type"], wanted):
            message = (
                f'Variable "{value_text(node)}" of type "{type_text(variable["Type"])}" used in position'
                f' expecting type "{type_text(expected)}".'
            )
            self.report(message, node.at)

    def _one_of(self, node: Node, name: str) -> None:
        for child in node["Children"]:
            variable = child["Value"].variable
            if variable is not None and not variable["Type"]["NonNull"]:
                message = (
                    f'Variable "{value_text(child["Value"])}" is of type "{type_text(variable["Type"])}" but must'
                    f' be non-nullable to be used for OneOf Input Object "{name}".'
                )
                self.report(message, variable.at)
