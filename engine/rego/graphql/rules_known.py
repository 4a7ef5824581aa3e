"""Rules on names: what is used is there, what is there is used, and nothing is there twice.

Source: https://spec.graphql.org/October2021/#sec-Validation; order and messages are gqlparser 2.5.58's.
"""

from typing import Final

from lockgate.engine.rego.graphql import nodes
from lockgate.engine.rego.graphql.nodes import Node, named
from lockgate.engine.rego.graphql.suggestions import meant, similar
from lockgate.engine.rego.graphql.values import value_text
from lockgate.engine.rego.graphql.walk import Rule, Walk

# Lists of types inside of lists of types, which make answers about a schema grow without limit.
_MAX_INTROSPECTION: Final = 3
_GROWING: Final = frozenset(["fields", "interfaces", "possibleTypes", "inputFields"])


class KnownArguments(Rule):
    """Arguments exist."""

    def field(self, node: Node) -> None:
        if node.owner is not None:
            self._check(node, f'field "{node.owner["Name"]}.{node["Name"]}"')

    def directive(self, node: Node) -> None:
        self._check(node, f'directive "@{node["Name"]}"')

    def _check(self, node: Node, shown: str) -> None:
        if node.definition is None:
            return
        known = node.definition["Arguments"]
        for argument in node["Arguments"]:
            name = argument["Name"]
            if named(known, name) is None:
                near = similar(name, [one["Name"] for one in known], self.walk.meter)
                self.report(f'Unknown argument "{name}" on {shown}.{meant("Did you mean", near)}', node.at)


class KnownDirectives(Rule):
    """Directives exist and may stand where they do."""

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        self._misplaced: set[tuple[str, tuple[int, int] | None]] = set()

    def directive(self, node: Node) -> None:
        name, place = node["Name"], node["Location"]
        if node.definition is None:
            self.report(f'Unknown directive "@{name}".', node.at)
        elif place not in node.definition["Locations"] and (name, node.at) not in self._misplaced:
            self._misplaced.add((name, node.at))
            self.report(f'Directive "@{name}" may not be used on {place}.', node.at)


class KnownFragments(Rule):
    """Fragments exist."""

    def spread(self, node: Node) -> None:
        if node.definition is None:
            self.report(f'Unknown fragment "{node["Name"]}".', node.at)


class KnownRoots(Rule):
    """The schema has the kind of operation."""

    def operation(self, node: Node) -> None:
        if self.walk.root(node) is None:
            self.report(f'Schema does not support operation type "{node["Operation"]}"', node.at)


class KnownTypes(Rule):
    """Types exist."""

    def variable(self, node: Node) -> None:
        if node.definition is None:
            self.report(f'Unknown type "{nodes.type_name_of(node["Type"])}".', node.at)

    def inline(self, node: Node) -> None:
        name = node["TypeCondition"]
        if name and name not in self.schema.types:
            self.report(f'Unknown type "{name}".', node.at)

    def fragment(self, node: Node) -> None:
        name = node["TypeCondition"]
        if name not in self.schema.types:
            near = similar(name, sorted(self.schema.types), self.walk.meter)
            self.report(f'Unknown type "{name}".{meant("Did you mean", near)}', node.at)


class LoneAnonymousOperation(Rule):
    """An operation without a name is alone."""

    def operation(self, node: Node) -> None:
        if not node["Name"] and len(self.walk.document["Operations"]) > 1:
            self.report("This anonymous operation must be the only defined operation.", node.at)


class IntrospectionDepth(Rule):
    """Questions about the schema do not nest lists of types deeply."""

    def field(self, node: Node) -> None:
        if node["Name"] in ("__schema", "__type") and self._too_deep([node], set(), 0):
            self.report("Maximum introspection depth exceeded", node.at)

    def _too_deep(self, selections: list[Node], inside: set[str], depth: int) -> bool:
        for node in selections:
            self.walk.meter.spend(1)
            if node.kind == "Spread":
                name, fragment = node["Name"], node.definition
                if name in inside or fragment is None:
                    continue
                if self._too_deep(fragment["SelectionSet"], inside | {name}, depth):
                    return True
                continue
            deeper = depth + (node.kind == "Field" and node["Name"] in _GROWING)
            if deeper >= _MAX_INTROSPECTION or self._too_deep(node["SelectionSet"], inside, deeper):
                return True
        return False


class NoFragmentCycles(Rule):
    """A fragment does not contain itself."""

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        self._visited: set[str] = set()

    def fragment(self, node: Node) -> None:
        self._visit(node, [], {})

    def _visit(self, fragment: Node, path: list[Node], depths: dict[str, int]) -> None:
        name = fragment["Name"]
        if name in self._visited:
            return
        self._visited.add(name)
        depths[name] = len(path)
        for spread in _spreads(fragment["SelectionSet"]):
            self.walk.meter.spend(1)
            inner = spread["Name"]
            if inner in depths:
                via = ", ".join([f'"{one["Name"]}"' for one in path[depths[inner] :]])
                self.walk.meter.spend(len(path))
                shown = f" via {via}" if via else ""
                self.report(f'Cannot spread fragment "{inner}" within itself{shown}.', spread.at)
            elif inner in self.walk.fragments:
                path.append(spread)
                self._visit(self.walk.fragments[inner], path, depths)
                path.pop()
        del depths[name]


def _spreads(selections: list[Node]) -> list[Node]:
    """The uses of fragments in selections, the outermost first."""
    found: list[Node] = []
    pending = [selections]
    while pending:
        for node in pending.pop():
            if node.kind == "Spread":
                found.append(node)
            else:
                pending.append(node["SelectionSet"])
    return found


class NoUndefinedVariables(Rule):
    """Variables are defined by the operation."""

    def value(self, node: Node) -> None:
        operation = self.walk.operation
        if operation is None or node["Kind"] != nodes.VARIABLE or node.variable is not None:
            return
        where = f' by operation "{operation["Name"]}"' if operation["Name"] else ""
        self.report(f'Variable "{value_text(node)}" is not defined{where}.', node.at)


class NoUnusedFragments(Rule):
    """Fragments are used by an operation, or, as gqlparser counts, below the first fragment's definition."""

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        self._used: set[str] = set()
        self._counts = True

    def spread(self, node: Node) -> None:
        if self._counts:
            self._used.add(node["Name"])

    def fragment(self, node: Node) -> None:
        self._counts = False
        if node["Name"] not in self._used:
            self.report(f'Fragment "{node["Name"]}" is never used.', node.at)


class NoUnusedVariables(Rule):
    """Variables are used."""

    def operation(self, node: Node) -> None:
        where = f' in operation "{node["Name"]}"' if node["Name"] else ""
        for variable in node["VariableDefinitions"]:
            if not variable.used:
                self.report(f'Variable "${variable["Variable"]}" is never used{where}.', variable.at)


class UniqueArguments(Rule):
    """No argument is given twice."""

    def field(self, node: Node) -> None:
        self._check(node)

    def directive(self, node: Node) -> None:
        self._check(node)

    def _check(self, node: Node) -> None:
        for argument in _second([(one["Name"], one) for one in node["Arguments"]]):
            self.report(f'There can be only one argument named "{argument["Name"]}".', argument.at)


class UniqueDirectives(Rule):
    """A directive stands once at a place, unless it may be repeated."""

    def directives(self, nodes: list[Node]) -> None:
        seen: set[str] = set()
        for node in nodes:
            name, definition = node["Name"], node.definition
            if name in seen and (definition is None or not definition["IsRepeatable"]):
                self.report(f'The directive "@{name}" can only be used once at this location.', node.at)
            seen.add(name)


class _UniqueNames(Rule):
    """What has a name of its own; `what` says what it is."""

    what = ""

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        self._seen: set[str] = set()

    def _check(self, node: Node) -> None:
        name = node["Name"]
        if name in self._seen:
            self.report(f'There can be only one {self.what} named "{name}".', node.at)
        self._seen.add(name)


class UniqueFragments(_UniqueNames):
    """No two fragments have the same name."""

    what = "fragment"

    def fragment(self, node: Node) -> None:
        self._check(node)


class UniqueInputFields(Rule):
    """No field of an input object is given twice."""

    def value(self, node: Node) -> None:
        if node["Kind"] != nodes.OBJECT:
            return
        seen: set[str] = set()
        for child in node["Children"]:
            if child["Name"] in seen:
                self.report(f'There can be only one input field named "{child["Name"]}".', child.at)
            seen.add(child["Name"])


class UniqueOperations(_UniqueNames):
    """No two operations have the same name."""

    what = "operation"

    def operation(self, node: Node) -> None:
        self._check(node)


class UniqueVariables(Rule):
    """No variable is defined twice."""

    def operation(self, node: Node) -> None:
        for variable in _second([(one["Variable"], one) for one in node["VariableDefinitions"]]):
            self.report(f'There can be only one variable named "${variable["Variable"]}".', variable.at)


def _second(pairs: list[tuple[str, Node]]) -> list[Node]:
    """The second node of each name, later ones left out."""
    counts: dict[str, int] = {}
    found: list[Node] = []
    for name, node in pairs:
        counts[name] = counts.get(name, 0) + 1
        if counts[name] == 2:
            found.append(node)
    return found
