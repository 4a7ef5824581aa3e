"""What a schema must fulfil. The first thing that is wrong, in gqlparser's order, is the error."""

from typing import Final

from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.graphql import nodes
from lockgate.engine.rego.graphql.errors import GraphQLError
from lockgate.engine.rego.graphql.nodes import Node, named, type_name_of, type_text
from lockgate.engine.rego.graphql.schema import INPUT, Schema, first_repeat, index, places
from lockgate.engine.rego.meter import Meter

_FIELD_KINDS: Final = ("SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM")
_NO_ENUM_VALUES: Final = ("true", "false", "null")


class SchemaChecks:
    """Checks a schema; each check raises GraphQLError."""

    def __init__(self, schema: Schema, meter: Meter) -> None:
        self._schema = schema
        self._meter = meter

    def types(self) -> None:
        """Every type, by name."""
        for name in sorted(self._schema.types):
            self._type(self._schema.types[name])

    def directive_definitions(self) -> None:
        """Every directive's definition, by name."""
        for name in sorted(self._schema.directives):
            definition = self._schema.directives[name]
            _not_reserved(definition)
            self._arguments(definition["Arguments"], name)

    def input_cycles(self) -> None:
        """No input object needs itself."""
        visited: set[str] = set()
        for name in sorted(self._schema.types):
            definition = self._schema.types[name]
            if definition["Kind"] == "INPUT_OBJECT" and name not in visited:
                self._input_cycle(definition, visited)

    def _input_cycle(self, start: Node, visited: set[str]) -> None:
        path: list[Node] = []
        depth_of = {start["Name"]: 0}
        visited.add(start["Name"])
        stack = [(start, iter(start["Fields"]))]
        while stack:
            definition, fields = stack[-1]
            field = next(fields, None)
            if field is None:
                stack.pop()
                del depth_of[definition["Name"]]
                if path:
                    path.pop()
                continue
            self._meter.spend(1)
            reference = field["Type"]
            if not reference["NonNull"] or not reference["NamedType"]:
                continue
            inner = self._schema.types.get(reference["NamedType"])
            if inner is None or inner["Kind"] != "INPUT_OBJECT":
                continue
            name = inner["Name"]
            if name in depth_of:
                cycle = [*path, field][depth_of[name] :]
                shown = quote(".".join([part["Name"] for part in cycle]))
                message = (
                    f"Cannot reference Input Object {quote(name)} within itself through a series of"
                    f" non-null fields: {shown}."
                )
                raise GraphQLError(message, cycle[0].at)
            if name not in visited:
                visited.add(name)
                path.append(field)
                depth_of[name] = len(path)
                stack.append((inner, iter(inner["Fields"])))

    def _type(self, definition: Node) -> None:
        kind, name = definition["Kind"], definition["Name"]
        place = "INPUT_FIELD_DEFINITION" if kind == "INPUT_OBJECT" else "FIELD_DEFINITION"
        for field in definition["Fields"]:
            _not_reserved(field)
            self._exists(field["Type"])
            self._arguments(field["Arguments"], None)
            self.directives(field["Directives"], place)
        self._members(definition)
        for interface in definition["Interfaces"]:
            self._implements(definition, interface)
        if kind in ("OBJECT", "INTERFACE"):
            self._output_fields(definition)
        elif kind == "ENUM":
            self._enum_values(definition)
        elif kind == "INPUT_OBJECT":
            self._input_fields(definition)
        again = first_repeat([field["Name"] for field in definition["Fields"]])
        if again is not None:
            field = definition["Fields"][again]
            raise GraphQLError(f"Field {name}.{field['Name']} can only be defined once.", field.at)
        again = first_repeat([value["Name"] for value in definition["EnumValues"]])
        if again is not None:
            value = definition["EnumValues"][again]
            raise GraphQLError(f"Enum value {name}.{value['Name']} can only be defined once.", value.at)
        again = first_repeat(definition["Types"])
        if again is not None:
            known = places(definition)
            at = known[again] if len(known) == len(definition["Types"]) else definition.at
            member = definition["Types"][again]
            raise GraphQLError(f"Union type {name} can only include type {member} once.", at)
        if not definition["BuiltIn"]:
            _not_reserved(definition)
        # The directives of a type and of its extensions are together here: each may use one once.
        for directive in definition["Directives"]:
            self._applies(directive, self._directive(directive, None), kind)

    def _members(self, definition: Node) -> None:
        for name in definition["Types"]:
            member = self._schema.types.get(name)
            if member is None:
                raise GraphQLError(f"Undefined type {quote(name)}.", definition.at)
            if member["Kind"] != "OBJECT":
                raise GraphQLError(f"{definition['Kind']} type {quote(name)} must be OBJECT.", definition.at)

    def _output_fields(self, definition: Node) -> None:
        shown = f"{definition['Kind']} {definition['Name']}"
        if not definition["Fields"]:
            raise GraphQLError(f"{shown}: must define one or more fields.", definition.at)
        for field in definition["Fields"]:
            found = self._schema.type_of(field["Type"])
            if found is not None and found["Kind"] not in _FIELD_KINDS:
                raise GraphQLError(f"{shown}: field must be one of {', '.join(_FIELD_KINDS)}.", field.at)

    def _enum_values(self, definition: Node) -> None:
        shown = f"ENUM {definition['Name']}"
        if not definition["EnumValues"]:
            raise GraphQLError(f"{shown}: must define one or more unique enum values.", definition.at)
        for value in definition["EnumValues"]:
            if value["Name"] in _NO_ENUM_VALUES:
                raise GraphQLError(f"{shown}: non-enum value {value['Name']}.", definition.at)
            self.directives(value["Directives"], "ENUM_VALUE")

    def _input_fields(self, definition: Node) -> None:
        if not definition["Fields"]:
            message = f"INPUT_OBJECT {definition['Name']}: must define one or more input fields."
            raise GraphQLError(message, definition.at)
        for field in definition["Fields"]:
            found = self._schema.type_of(field["Type"])
            if found is not None and found["Kind"] not in INPUT:
                message = f"{found['Kind']} {field['Name']}: field must be one of {', '.join(INPUT)}."
                raise GraphQLError(message, field.at)

    def _exists(self, reference: Node) -> Node:
        found = self._schema.type_of(reference)
        if found is None:
            raise GraphQLError(f"Undefined type {type_name_of(reference)}.", reference.at)
        return found

    def _arguments(self, arguments: list[Node], directive: str | None) -> None:
        for argument in arguments:
            _not_reserved(argument)
            definition = self._exists(argument["Type"])
            if definition["Kind"] not in INPUT:
                message = (
                    f"cannot use {type_text(argument['Type'])} as argument {argument['Name']} because"
                    f" {definition['Kind']} is not a valid input type"
                )
                raise GraphQLError(message, argument.at)
            self.directives(argument["Directives"], "ARGUMENT_DEFINITION", directive)

    def directives(self, used: list[Node], place: str, inside: str | None = None) -> None:
        """The directives used at a place; `inside` names the directive whose definition that is."""
        seen: set[str] = set()
        for directive in used:
            definition = self._directive(directive, inside)
            if directive["Name"] in seen and not definition["IsRepeatable"]:
                message = f"The directive {directive['Name']} can only be used once at this location."
                raise GraphQLError(message, directive.at)
            seen.add(directive["Name"])
            self._applies(directive, definition, place)

    def _directive(self, directive: Node, inside: str | None) -> Node:
        _not_reserved(directive)
        name = directive["Name"]
        if inside is not None and name == inside:
            raise GraphQLError(f"Directive {name} cannot refer to itself.", directive.at)
        definition = self._schema.directives.get(name)
        if definition is None:
            raise GraphQLError(f"Undefined directive {name}.", directive.at)
        return definition

    def _applies(self, directive: Node, definition: Node, place: str) -> None:
        name = directive["Name"]
        if place not in definition["Locations"]:
            raise GraphQLError(f"Directive {name} is not applicable on {place}.", directive.at)
        self._meter.spend((1 + len(directive["Arguments"])) * (1 + len(definition["Arguments"])))
        for argument in directive["Arguments"]:
            if named(definition["Arguments"], argument["Name"]) is None:
                message = f"Undefined argument {argument['Name']} for directive {name}."
                raise GraphQLError(message, argument.at)
        for wanted in definition["Arguments"]:
            if not wanted["Type"]["NonNull"] or wanted["DefaultValue"] is not None:
                continue
            given = named(directive["Arguments"], wanted["Name"])
            if given is None or given["Value"]["Kind"] == nodes.NULL:
                message = f"Argument {wanted['Name']} for directive {name} cannot be null."
                raise GraphQLError(message, directive.at)

    def _implements(self, definition: Node, name: str) -> None:
        interface = self._schema.types.get(name)
        if interface is None:
            raise GraphQLError(f"Undefined type {quote(name)}.", definition.at)
        if interface["Kind"] != "INTERFACE":
            raise GraphQLError(f"{quote(name)} is a non interface type {interface['Kind']}.", definition.at)
        fields = self._schema.members[definition["Name"]]
        implements = f"For {definition['Name']} to implement {interface['Name']}"
        for required in interface["Fields"]:
            self._meter.spend(1)
            found = fields.get(required["Name"])
            if found is None:
                message = f"{implements} it must have a field called {required['Name']}."
                raise GraphQLError(message, definition.at)
            if not self._covariant(required["Type"], found["Type"]):
                wanted = type_text(required["Type"])
                message = f"{implements} the field {required['Name']} must have type {wanted}."
                raise GraphQLError(message, found.at)
            self._same_arguments(implements, required, found)
        self._implements_ancestors(definition, interface)

    def _same_arguments(self, implements: str, required: Node, found: Node) -> None:
        given, wanted = index(found["Arguments"]), index(required["Arguments"])
        self._meter.spend(len(found["Arguments"]) + len(required["Arguments"]))
        start = f"{implements} the field {required['Name']} must have the same arguments but"
        for argument in required["Arguments"]:
            name = argument["Name"]
            if name not in given:
                raise GraphQLError(f"{start} it is missing {name}.", found.at)
            if not compatible(argument["Type"], given[name]["Type"]):
                raise GraphQLError(f"{start} {name} has the wrong type.", given[name].at)
        for argument in found["Arguments"]:
            if argument["Name"] in wanted or not argument["Type"]["NonNull"]:
                continue
            if argument["DefaultValue"] is None:
                message = (
                    f"{implements} any additional arguments on {found['Name']} must be optional or have a"
                    f" default value but {argument['Name']} is required."
                )
                raise GraphQLError(message, argument.at)

    def _implements_ancestors(self, definition: Node, interface: Node) -> None:
        own = set(definition["Interfaces"])
        self._meter.spend(len(own))
        name = definition["Name"]
        for ancestor in interface["Interfaces"]:
            if ancestor in own:
                continue
            if ancestor == name:
                message = (
                    f"Type {name} cannot implement {interface['Name']} because it would create a circular"
                    " reference."
                )
                raise GraphQLError(message, definition.at)
            message = (
                f"Type {name} must implement {ancestor} because it is implemented by {interface['Name']}."
            )
            raise GraphQLError(message, definition.at)

    def _covariant(self, required: Node, actual: Node) -> bool:
        if required["NonNull"] and not actual["NonNull"]:
            return False
        name = required["NamedType"]
        if name:
            if name == actual["NamedType"]:
                return True
            possible = self._schema.possible.get(name, [])
            self._meter.spend(len(possible))
            return any(one["Name"] == actual["NamedType"] for one in possible)
        if actual["Elem"] is None:
            return False
        return self._covariant(required["Elem"], actual["Elem"])


def compatible(given: Node, wanted: Node) -> bool:
    """Can a value of the given type stand where the other type is wanted?"""
    if given["NamedType"] != wanted["NamedType"]:
        return False
    if given["Elem"] is not None and (
        wanted["Elem"] is None or not compatible(given["Elem"], wanted["Elem"])
    ):
        return False
    return bool(given["NonNull"] or not wanted["NonNull"])


def _not_reserved(node: Node) -> None:
    if node["Name"].startswith("__"):
        message = (
            f'Name "{node["Name"]}" must not begin with "__", which is reserved by GraphQL introspection.'
        )
        raise GraphQLError(message, node.at)
