"""The syntax tree: nodes with named fields, as the JSON that policies see and back from it.

Source of the kinds and fields: https://pkg.go.dev/github.com/vektah/gqlparser/v2@v2.5.58/ast.
"""

from types import MappingProxyType
from typing import Any, Final

from lockgate.engine.codegen.arithmetic import integral
from lockgate.engine.codegen.values import Number, Object, Value

_COMMENTED: Final = {"BeforeDescriptionComment": "Comments", "AfterDescriptionComment": "Comments"}

# Each kind's fields with their form: text, flag, number, texts, a kind of node, or a list of one (`*Kind`).
SHAPES: Final = MappingProxyType(
    {
        "Comments": {"List": "*Comment"},
        "Comment": {"Value": "text"},
        "QueryDocument": {
            "Operations": "*Operation",
            "Fragments": "*Fragment",
            "Comment": "Comments",
        },
        "Operation": {
            "Operation": "text",
            "Name": "text",
            "VariableDefinitions": "*Variable",
            "Directives": "*Directive",
            "SelectionSet": "*Selection",
            "Comment": "Comments",
        },
        "Variable": {
            "Variable": "text",
            "Type": "Type",
            "DefaultValue": "Value",
            "Directives": "*Directive",
            "Comment": "Comments",
            "Used": "flag",
        },
        "Fragment": {
            "Name": "text",
            "VariableDefinition": "*Variable",
            "TypeCondition": "text",
            "Directives": "*Directive",
            "SelectionSet": "*Selection",
            "Comment": "Comments",
        },
        "Field": {
            "Alias": "text",
            "Name": "text",
            "Arguments": "*Argument",
            "Directives": "*Directive",
            "SelectionSet": "*Selection",
            "Comment": "Comments",
        },
        "Spread": {"Name": "text", "Directives": "*Directive", "Comment": "Comments"},
        "Inline": {
            "TypeCondition": "text",
            "Directives": "*Directive",
            "SelectionSet": "*Selection",
            "Comment": "Comments",
        },
        "Argument": {"Name": "text", "Value": "Value", "Comment": "Comments"},
        "Directive": {"Name": "text", "Arguments": "*Argument", "Location": "text"},
        "Type": {"NamedType": "text", "Elem": "Type", "NonNull": "flag"},
        "Value": {
            "Raw": "text",
            "Children": "*Child",
            "Kind": "number",
            "Comment": "Comments",
            "ExpectedTypeHasDefault": "flag",
        },
        "Child": {"Name": "text", "Value": "Value", "Comment": "Comments"},
        "SchemaDocument": {
            "Schema": "*Schema",
            "SchemaExtension": "*Schema",
            "Directives": "*DirectiveDefinition",
            "Definitions": "*Definition",
            "Extensions": "*Definition",
            "Comment": "Comments",
        },
        "Schema": {
            "Description": "text",
            "Directives": "*Directive",
            "OperationTypes": "*OperationType",
            **_COMMENTED,
            "EndOfDefinitionComment": "Comments",
        },
        "OperationType": {"Operation": "text", "Type": "text", "Comment": "Comments"},
        "Definition": {
            "Kind": "text",
            "Description": "text",
            "Name": "text",
            "Directives": "*Directive",
            "Interfaces": "texts",
            "Fields": "*FieldDefinition",
            "Types": "texts",
            "EnumValues": "*EnumValue",
            "BuiltIn": "flag",
            **_COMMENTED,
            "EndOfDefinitionComment": "Comments",
        },
        "FieldDefinition": {
            "Description": "text",
            "Name": "text",
            "Arguments": "*ArgumentDefinition",
            "DefaultValue": "Value",
            "Type": "Type",
            "Directives": "*Directive",
            **_COMMENTED,
        },
        "ArgumentDefinition": {
            "Description": "text",
            "Name": "text",
            "DefaultValue": "Value",
            "Type": "Type",
            "Directives": "*Directive",
            **_COMMENTED,
        },
        "EnumValue": {"Description": "text", "Name": "text", "Directives": "*Directive", **_COMMENTED},
        "DirectiveDefinition": {
            "Description": "text",
            "Name": "text",
            "Arguments": "*ArgumentDefinition",
            "Locations": "texts",
            "IsRepeatable": "flag",
            **_COMMENTED,
        },
    }
)

_EMPTY: Final[dict[str, Any]] = {"text": "", "flag": False, "number": 0}

# These are read from JSON by hand-written code of OPA's library, which knows names in this spelling only and no comments.
_EXACT: Final = frozenset(["Operation", "Fragment", "Field", "Inline"])

# Kinds of values by number.
VARIABLE, INT, FLOAT, STRING, BLOCK, BOOLEAN, NULL, ENUM, LIST, OBJECT = range(10)


# What a node cannot be looked at without.
_REQUIRED: Final = MappingProxyType(
    {
        "Variable": ("Type",),
        "Argument": ("Value",),
        "Child": ("Value",),
        "FieldDefinition": ("Type",),
        "ArgumentDefinition": ("Type",),
    }
)


class ShapeError(Exception):
    """JSON that is no syntax tree."""


class Node:
    """One node: `node["Name"]` reads a field. `at` is its line and column, None for a tree that came as JSON.

    The other attributes are found by validation: `definition` is what the schema or the document has under the
    node's name, `owner` the type that it is selected on, `expected` the type that a value has to have.
    """

    __slots__ = ("at", "defaulted", "definition", "expected", "fields", "kind", "owner", "used", "variable")

    def __init__(self, kind: str, at: tuple[int, int] | None = None, **fields: Any) -> None:
        self.kind = kind
        self.at = at
        self.fields = fields
        self.definition: Node | None = None
        self.owner: Node | None = None
        self.expected: Node | None = None
        self.variable: Node | None = None
        self.defaulted = False
        self.used = False

    def __getitem__(self, name: str) -> Any:
        found = self.fields.get(name)
        if found is not None:
            return found
        form = SHAPES[self.kind][name]
        return [] if form == "texts" or form[0] == "*" else _EMPTY.get(form)

    def __setitem__(self, name: str, value: Any) -> None:
        self.fields[name] = value


def named(nodes: list[Node], name: str) -> Node | None:
    """The first node of that name."""
    for node in nodes:
        if node["Name"] == name:
            return node
    return None


def to_json(node: Node) -> dict[str, Value]:
    """The node as policies see it: without places, and without fields that are null or empty collections."""
    made: dict[str, Value] = {}
    for name, form in SHAPES[node.kind].items():
        value: Any = node[name]
        if isinstance(value, Node):
            value = to_json(value)
        elif form[0] == "*":
            value = [shown for shown in map(to_json, value) if shown]
        elif form == "texts":
            value = list(value)
        if value is None or (type(value) in (list, dict) and not value):
            continue
        made[name] = value
    return made


def from_json(kind: str, value: Value) -> Node:
    """The node that JSON describes. Raises ShapeError."""
    node = Node(kind)
    if value is None:
        _demand(node)
        return node
    if isinstance(value, Object) or not isinstance(value, dict):
        raise ShapeError(f"no object where {kind} should be")
    shape = SHAPES[kind]
    names = {name: name for name in shape} if kind in _EXACT else {name.lower(): name for name in shape}
    for given, item in value.items():
        name = names.get(given if kind in _EXACT else given.lower())
        if name is None or item is None or (kind in _EXACT and name == "Comment"):
            continue
        node[name] = _field(shape[name], item)
    _demand(node)
    return node


def _demand(node: Node) -> None:
    for name in _REQUIRED.get(node.kind, ()):
        if node[name] is None:
            raise ShapeError(f"{node.kind} without {name}")
    if node.kind == "Type" and not node["NamedType"] and node["Elem"] is None:
        raise ShapeError("Type without a name")
    if node.kind == "Operation" and node["Operation"] not in ("", "query", "mutation", "subscription"):
        raise ShapeError("Operation of an unknown kind")
    if node.kind == "Value" and not VARIABLE <= node["Kind"] <= OBJECT:
        raise ShapeError("Value of an unknown kind")


def _field(form: str, item: Value) -> Any:
    if form == "*Selection":
        return _selections(item)
    if form[0] == "*":
        return [from_json(form[1:], one) for one in _items(item)]
    if form == "texts":
        return ["" if one is None else _scalar("text", one) for one in _items(item)]
    if form in ("text", "flag", "number"):
        return _scalar(form, item)
    return from_json(form, item)


def _items(item: Value) -> list[Value]:
    if not isinstance(item, list):
        raise ShapeError("no array where one should be")
    return item


def _scalar(form: str, item: Value) -> Any:
    if form == "number":
        number = integral(item) if isinstance(item, Number) else item
        if type(number) is int and abs(number) < 1 << 63:
            return number
    elif type(item) is (str if form == "text" else bool):
        return item
    raise ShapeError(f"no {form} where one should be")


def _selections(item: Value) -> list[Node]:
    """What is selected: all that can be read as a field is one, as in OPA, which tries that first."""
    made: list[Node] = []
    for one in _items(item):
        for kind in ("Field", "Spread", "Inline"):
            try:
                made.append(from_json(kind, one))
            except ShapeError:
                continue
            break
    return made


def type_text(node: Node) -> str:
    """A type as it is written: `[Int!]`."""
    suffix = ""
    prefix = ""
    while True:
        suffix = ("!" if node["NonNull"] else "") + suffix
        if node["NamedType"] or node["Elem"] is None:
            return f"{prefix}{node['NamedType']}{suffix}"
        prefix += "["
        suffix = "]" + suffix
        node = node["Elem"]


def type_name_of(node: Node) -> str:
    """The name inside of a type's lists."""
    while not node["NamedType"] and node["Elem"] is not None:
        node = node["Elem"]
    name: str = node["NamedType"]
    return name
