"""Types of rules: each is checked after those that it refers to, and adds its type to its place under `data`."""

from collections.abc import Mapping, Sequence

from lockgate.engine.codegen.values import UNDEFINED, Value
from lockgate.engine.rego.ast import Ref, Scalar, Term, Var
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import QUERY, Group, RuleTree
from lockgate.engine.rego.safety import variables
from lockgate.engine.rego.types.compatibility import Types
from lockgate.engine.rego.types.environment import Layer, Name, TypeNode, insert
from lockgate.engine.rego.types.lattice import ANY, FunctionType, Type
from lockgate.engine.rego.types.order import RuleOrder
from lockgate.engine.rego.types.statements import StatementCheck, UnsafeBody


class TypeFacts:
    """What the check found: `problems`, and types that values are sure to have when rules run.

    OPA's types are guesses in places: the arguments of functions have the types that their bodies ask for, and a
    `with` puts anything in the place of a document. Of those nothing is told here.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._layers: dict[int, Layer] = {}
        self._check: StatementCheck | None = None

    def learn(self, check: StatementCheck, layers: dict[int, Layer]) -> None:
        """Takes over what a check knows of the alternatives of rules, by their id."""
        self._check = check
        self._layers = layers

    def type_of(self, alternative: Alternative, term: Term) -> Type | None:
        """The type of a term of a rule's body or head, or None when nothing is sure.

        Variables that only a comprehension binds are not known; the comprehension itself is.
        """
        layer = self._layers.get(id(alternative))
        return None if layer is None or self._check is None else self._check.terms.of(term, layer)


def check_types(tree: RuleTree, edges: Mapping[int, set[int]]) -> TypeFacts:
    """Checks all rules. `edges` has the groups that each group refers to, by index."""
    return _RuleCheck(tree, edges).run()


class _RuleCheck:
    """Checks the rules of a program."""

    def __init__(self, tree: RuleTree, edges: Mapping[int, set[int]]) -> None:
        self._tree = tree
        self._edges = edges
        self._types = Types()
        self._data = TypeNode()
        self._documents = Layer(None, documents={"data": self._data})
        self._relaxed: dict[tuple[str, ...], TypeNode | None] = {}
        self._check = StatementCheck(self._types, self._replaced)
        self._layers: dict[int, Layer] = {}
        self._facts = TypeFacts()

    def run(self) -> TypeFacts:
        """Checks them all; a program with a body that has no safe order has no problems with types."""
        facts = self._facts
        try:
            for group, definition in RuleOrder(self._tree, self._edges).rules():
                for alternative in definition.alternatives:
                    self._alternative(group, alternative)
        except UnsafeBody:
            facts.problems.clear()
            return facts
        if not self._check.replaces:
            facts.learn(self._check, self._layers)
        return facts

    def _alternative(self, group: Group, alternative: Alternative) -> None:
        layer = Layer(self._documents)
        bound: set[str] = set()
        for argument in alternative.arguments:
            bound |= variables(argument)
        head = [*alternative.tail, alternative.value if alternative.member is None else alternative.member]
        self._check.is_query = group.path[0] == QUERY
        problems = self._check.body(alternative.body, head, bound, layer)
        path, open_tail = _fixed_path(group, alternative)
        if problems:
            # What refers to a rule with mistakes is not told of them again.
            self._facts.problems.extend(problems)
            names: list[Name] = [*path, UNDEFINED] if open_tail else [*path]
            self._data.at(names).type = ANY
            return
        type = self._type(group, alternative, layer, open_tail)
        if type is not None:
            insert(self._types, self._data, path, type)
        if not alternative.arguments:
            self._layers[id(alternative)] = layer

    def _type(
        self, group: Group, alternative: Alternative, layer: Layer, open_tail: Sequence[Term]
    ) -> Type | None:
        terms, types = self._check.terms, self._types
        for name in variables(alternative.arguments):
            # What the body asks nothing of may be anything.
            if layer.variable(name) is None:
                layer.variables[name] = ANY
        if alternative.member is not None:
            member = terms.of(alternative.member, layer)
            found = None if member is None else types.set(member)
        else:
            found = terms.of(alternative.value, layer)
        if alternative.arguments:
            arguments = tuple([terms.of(argument, layer) for argument in alternative.arguments])
            return types.function(arguments, found)
        for operand in reversed(open_tail):
            key = terms.of(operand, layer)
            if found is None or key is None:
                return None
            found = types.object({}, (key, found))
        return found

    # What a `with` changes

    def _replaced(self, target: Ref, function: FunctionType | None) -> TypeNode | None:
        """The rules that depend on what a `with` replaces, whose documents then have any type."""
        head = target.head
        if not isinstance(head, Var) or head.name != "data":
            return None
        key = (
            "function" if function is not None else "document",
            *[str(operand.value) if isinstance(operand, Scalar) else "" for operand in target.operands],
        )
        if key not in self._relaxed:
            self._relaxed[key] = self._dependents(target, function)
        return self._relaxed[key]

    def _dependents(self, target: Ref, function: FunctionType | None) -> TypeNode | None:
        node, taken = self._tree.find(target.operands)
        if taken < len(target.operands) and node.group is None:
            return None
        start = [group.index for group in node.groups()]
        if taken < len(target.operands):
            assert node.group is not None
            start = [node.group.index]
        users: dict[int, list[int]] = {}
        for index, needed in self._edges.items():
            for other in needed:
                users.setdefault(other, []).append(index)
        found: set[int] = set()
        stack = list(start)
        while stack:
            index = stack.pop()
            if index not in found:
                found.add(index)
                stack.extend(users.get(index, ()))
        if function is not None:
            found -= set(start)
        root = TypeNode()
        for index in found:
            group = self._tree.groups[index]
            for alternative in group.alternatives():
                root.at(_fixed_path(group, alternative)[0]).type = ANY
        return root if found else None


def _fixed_path(group: Group, alternative: Alternative) -> tuple[list[Value], Sequence[Term]]:
    """The place to which a rule contributes, as far as it is fixed, and the operands after that."""
    path: list[Value] = list(group.path)
    for index, operand in enumerate(alternative.tail):
        if not isinstance(operand, Scalar):
            return path, alternative.tail[index:]
        path.append(operand.value)
    return path, ()
