"""A schema as queries need it: the types of a schema document, its extensions and what GraphQL itself defines.

Source of the checks, their order and their messages: gqlparser 2.5.58, `validator/schema.go`. Unlike in the
specification a schema needs no query type, and an extension may extend nothing.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from lockgate.engine.rego.graphql.errors import GraphQLError
from lockgate.engine.rego.graphql.nodes import Node, type_name_of
from lockgate.engine.rego.graphql.prelude import PRELUDE
from lockgate.engine.rego.graphql.schema_parser import parse_schema

_MERGED: Final = ("Directives", "Interfaces", "Fields", "Types", "EnumValues")
_OWN_DIRECTIVES: Final = frozenset(["include", "skip", "deprecated", "specifiedBy", "defer", "oneOf"])
ABSTRACT: Final = ("INTERFACE", "UNION")
COMPOSITE: Final = ("OBJECT", "INTERFACE", "UNION")
INPUT: Final = ("SCALAR", "ENUM", "INPUT_OBJECT")
LEAF: Final = ("ENUM", "SCALAR")


class Schema:
    """Types and directives by name. `roots` are the types of the operations, `members` the fields of each type."""

    def __init__(self, document: Node) -> None:
        prelude = _prelude()
        definitions = [*prelude["Definitions"], *document["Definitions"]]
        self.types: dict[str, Node] = {}
        self.directives: dict[str, Node] = {}
        self.roots: dict[str, Node] = {}
        self.possible: dict[str, list[Node]] = {}
        for definition in definitions:
            if definition["Name"] in self.types:
                raise GraphQLError(f"Cannot redeclare type {definition['Name']}.", definition.at)
            self.types[definition["Name"]] = _copy(definition)
        for extension in document["Extensions"]:
            self._extend(extension)
        self._find_possible_types()
        for directive in [*prelude["Directives"], *document["Directives"]]:
            name = directive["Name"]
            if name in self.directives and name not in _OWN_DIRECTIVES:
                raise GraphQLError(f"Cannot redeclare directive {name}.", directive.at)
            self.directives[name] = directive
        self.members = {name: index(found["Fields"]) for name, found in self.types.items()}

    def _extend(self, extension: Node) -> None:
        name, kind = extension["Name"], extension["Kind"]
        base = self.types.get(name)
        if base is None:
            base = self.types[name] = Node("Definition", extension.at, Kind=kind, Name=name)
        if base["Kind"] != kind:
            message = f"Cannot extend type {name} because the base type is a {base['Kind']}, not {kind}."
            raise GraphQLError(message, extension.at)
        for part in _MERGED:
            base[part] = [*base[part], *extension[part]]
        base.fields["places"] = [*places(base), *places(extension)]

    def _find_possible_types(self) -> None:
        for definition in self.types.values():
            kind, name = definition["Kind"], definition["Name"]
            if kind == "UNION":
                members = [self.types[member] for member in definition["Types"] if member in self.types]
                self.possible.setdefault(name, []).extend(members)
            elif kind in ("INPUT_OBJECT", "OBJECT", "INTERFACE"):
                for interface in definition["Interfaces"]:
                    self.possible.setdefault(interface, []).append(definition)
                if kind != "INTERFACE":
                    self.possible.setdefault(name, []).append(definition)

    def type_of(self, reference: Node) -> Node | None:
        """The definition of the name inside of a type."""
        return self.types.get(type_name_of(reference))

    def possible_types(self, definition: Node) -> list[Node]:
        """The types that a value of this type can have."""
        return self.possible.get(definition["Name"], [])

    def field(self, definition: Node, name: str) -> Node | None:
        """A type's field."""
        return self.members[definition["Name"]].get(name)


def index(nodes: Iterable[Node]) -> dict[str, Node]:
    """The nodes by name; the first of a name counts."""
    found: dict[str, Node] = {}
    for node in nodes:
        found.setdefault(node["Name"], node)
    return found


def places(definition: Node) -> list[tuple[int, int] | None]:
    """The places of a union's types."""
    found: list[tuple[int, int] | None] = definition.fields.get("places", [])
    return found


def first_repeat(names: list[str]) -> int | None:
    """Where the earliest name that comes again does so first."""
    seen: dict[str, int] = {}
    repeats: dict[int, int] = {}
    for position, name in enumerate(names):
        first = seen.setdefault(name, position)
        if first != position:
            repeats.setdefault(first, position)
    return repeats[min(repeats)] if repeats else None


def _copy(definition: Node) -> Node:
    made = Node("Definition", definition.at)
    made.fields = dict(definition.fields)
    return made


@lru_cache(maxsize=1)
def _prelude() -> Node:
    document = parse_schema(PRELUDE)
    for definition in document["Definitions"]:
        definition["BuiltIn"] = True
    return document
