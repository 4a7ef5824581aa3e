"""Walking a query with a schema beside it: every node learns its definition, then the rules see it.

Source of the order, which decides the order of messages: gqlparser 2.5.58, `validator/core/walk.go`.
"""

from collections.abc import Callable
from typing import Final

from lockgate.engine.rego.graphql import nodes
from lockgate.engine.rego.graphql.errors import GraphQLError
from lockgate.engine.rego.graphql.nodes import Node, named
from lockgate.engine.rego.graphql.schema import Schema, index
from lockgate.engine.rego.meter import Meter

_TYPENAME: Final = Node("FieldDefinition", Name="__typename", Type=Node("Type", NamedType="String"))


class Walk:
    """One query, its schema, and what was found wrong. `operation` is the one that the walk is in."""

    def __init__(self, schema: Schema, document: Node, meter: Meter) -> None:
        self.schema = schema
        self.document = document
        self.meter = meter
        self.fragments = index(document["Fragments"])
        self.operation: Node | None = None
        self.problems: list[GraphQLError] = []
        self._variables: dict[str, Node] = {}
        self._entered: set[str] = set()
        self._rules: list[Rule] = []

    def run(self, rules: "list[type[Rule]]") -> list[GraphQLError]:
        """Walks the query under the rules; gives all that they found."""
        self._rules = [rule(self) for rule in rules]
        for operation in self.document["Operations"]:
            self._entered = set()
            self._operation(operation)
        for fragment in self.document["Fragments"]:
            self._entered = set()
            self._fragment(fragment)
        return self.problems

    def report(self, message: str, at: tuple[int, int] | None) -> None:
        """Adds a problem."""
        self.meter.spend(1 + (len(message) >> 6))
        self.problems.append(GraphQLError(message, at))

    def root(self, operation: Node) -> Node | None:
        """The type that an operation selects on."""
        return self.schema.roots.get(operation["Operation"] or "query")

    def _tell(self, event: "Callable[[Rule], Callable[[Node], None]]", node: Node) -> None:
        self.meter.spend(1)
        for rule in self._rules:
            event(rule)(node)

    def _operation(self, operation: Node) -> None:
        self.operation = operation
        definitions = operation["VariableDefinitions"]
        self._variables = {}
        for variable in definitions:
            self._variables.setdefault(variable["Variable"], variable)
            variable.definition = self.schema.type_of(variable["Type"])
            self._tell(lambda rule: rule.variable, variable)
            default = variable["DefaultValue"]
            if default is not None:
                default.expected, default.definition = variable["Type"], variable.definition
        root = self.root(operation)
        for variable in definitions:
            if variable["DefaultValue"] is not None:
                self._value(variable["DefaultValue"])
            self._directives(variable["Directives"], "VARIABLE_DEFINITION")
        self._directives(operation["Directives"], (operation["Operation"] or "query").upper())
        self._selections(root, operation["SelectionSet"])
        self._tell(lambda rule: rule.operation, operation)
        self.operation = None

    def _fragment(self, fragment: Node) -> None:
        fragment.definition = self.schema.types.get(fragment["TypeCondition"])
        self._directives(fragment["Directives"], "FRAGMENT_DEFINITION")
        self._selections(fragment.definition, fragment["SelectionSet"])
        self._tell(lambda rule: rule.fragment, fragment)

    def _directives(self, directives: list[Node], place: str) -> None:
        for directive in directives:
            directive.definition = self.schema.directives.get(directive["Name"])
            directive["Location"] = place
            self._arguments(directive, directive.definition)
            self._tell(lambda rule: rule.directive, directive)
        for rule in self._rules:
            rule.directives(directives)

    def _arguments(self, node: Node, definition: Node | None) -> None:
        known = [] if definition is None else definition["Arguments"]
        self.meter.spend(len(node["Arguments"]) * (1 + len(known)))
        for argument in node["Arguments"]:
            wanted = named(known, argument["Name"])
            if wanted is not None:
                self._expect(argument["Value"], wanted)
            self._value(argument["Value"])

    def _expect(self, value: Node, wanted: Node) -> None:
        """A value stands where the schema has this argument or field."""
        default = wanted["DefaultValue"]
        value.expected = wanted["Type"]
        value.defaulted = default is not None and default["Kind"] != nodes.NULL
        value.definition = self.schema.type_of(wanted["Type"])

    def _value(self, value: Node) -> None:
        kind = value["Kind"]
        if kind == nodes.VARIABLE and self.operation is not None:
            value.variable = self._variables.get(value["Raw"])
            if value.variable is not None:
                value.variable.used = True
        elif kind == nodes.OBJECT:
            for child in value["Children"]:
                if value.definition is not None:
                    field = self.schema.field(value.definition, child["Name"])
                    if field is not None:
                        self._expect(child["Value"], field)
                self._value(child["Value"])
        elif kind == nodes.LIST:
            element = None if value.expected is None else value.expected["Elem"]
            for child in value["Children"]:
                if element is not None:
                    child["Value"].expected, child["Value"].definition = element, value.definition
                self._value(child["Value"])
        self._tell(lambda rule: rule.value, value)

    def _selections(self, parent: Node | None, selections: list[Node]) -> None:
        for selection in selections:
            selection.owner = parent
            if selection.kind == "Field":
                self._field(parent, selection)
            elif selection.kind == "Inline":
                condition = selection["TypeCondition"]
                inner = self.schema.types.get(condition) if condition else parent
                self._directives(selection["Directives"], "INLINE_FRAGMENT")
                self._selections(inner, selection["SelectionSet"])
                self._tell(lambda rule: rule.inline, selection)
            else:
                self._spread(selection)

    def _field(self, parent: Node | None, field: Node) -> None:
        definition = None
        if field["Name"] == "__typename":
            definition = _TYPENAME
        elif parent is not None:
            definition = self.schema.field(parent, field["Name"])
        field.definition = definition
        inner = None if definition is None else self.schema.type_of(definition["Type"])
        self._arguments(field, definition)
        self._directives(field["Directives"], "FIELD")
        self._selections(inner, field["SelectionSet"])
        self._tell(lambda rule: rule.field, field)

    def _spread(self, spread: Node) -> None:
        fragment = self.fragments.get(spread["Name"])
        spread.definition = fragment
        self._directives(spread["Directives"], "FRAGMENT_SPREAD")
        if fragment is not None and fragment["Name"] not in self._entered:
            self._entered.add(fragment["Name"])
            inner = self.schema.types.get(fragment["TypeCondition"])
            self._directives(fragment["Directives"], "FRAGMENT_DEFINITION")
            self._selections(inner, fragment["SelectionSet"])
        self._tell(lambda rule: rule.spread, spread)


class Rule:
    """One rule of validation: it is told each node after what is inside of it."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.schema = walk.schema
        self.report = walk.report

    def operation(self, node: Node) -> None:
        """An operation."""

    def variable(self, node: Node) -> None:
        """A definition of a variable, before the rest of its operation."""

    def fragment(self, node: Node) -> None:
        """A fragment's definition."""

    def field(self, node: Node) -> None:
        """A field."""

    def inline(self, node: Node) -> None:
        """An inline fragment."""

    def spread(self, node: Node) -> None:
        """A fragment's use."""

    def directive(self, node: Node) -> None:
        """A directive."""

    def directives(self, nodes: list[Node]) -> None:
        """All directives of one place."""

    def value(self, node: Node) -> None:
        """A value."""
