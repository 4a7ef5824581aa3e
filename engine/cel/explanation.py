"""Which part of an expression decided its value, or failed, with the values of what that part names.

Parts are evaluated again, one by one, on the careful path: a term of `&&` or `||`, a branch of `?:`, the turn of a
macro, or the operand that raised the error. Their cost counts as the expression's own.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, Final

from lockgate.engine.cel.ast import Call, Index, Macro, Name, Node, Select
from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.expression import Artifact, Expression
from lockgate.engine.cel.library.kinds import double_text, show
from lockgate.engine.cel.pieces import AND, CONDITION, OR, terms
from lockgate.engine.cel.printing import render_expression
from lockgate.engine.cel.runtime import each, pairs
from lockgate.engine.cel.values import Map, Uint, Value
from lockgate.engine.cel.walking import children, walk
from lockgate.engine.codegen.values import UNDEFINED, Number, Undefined
from lockgate.engine.codegen.values import Value as Plain
from lockgate.engine.record import record

NOT: Final = "!_"
# Values that are told of one part, and how much of each: nobody reads more.
MAX_VALUES: Final = 8
MAX_MEMBERS: Final = 50
MAX_LEVELS: Final = 8

# What is known of a value: the value, or why there is none.
Outcome = Value | CelError


@record
class Part:
    """A part of an expression. offset: where it begins. text: as it could be written.

    values: of what it names, by their texts; UNDEFINED where there is none. reads: the variables of `variables` that it
    reads. error: why it has no value, else empty. inner: what decided inside of it, in the turn of a macro that did.
    """

    offset: int
    text: str
    values: tuple[tuple[str, Plain | Undefined], ...]
    reads: tuple[str, ...]
    error: str
    inner: "Part | None" = None


def decisive_part(expression: Expression, variables: Mapping[str, Value], budget: CostBudget) -> Part:
    """The part of the expression that decided what it gives with these variables.

    Raises CostError where the budget is used up, and UnknownError where it needs what is not known.
    """
    return _Evaluation(expression, budget).part(expression.tree()[0], variables)


class _Evaluation:
    def __init__(self, expression: Expression, budget: CostBudget) -> None:
        self._functions = expression.functions
        self._typing = expression.tree()[1]
        self._budget = budget

    def part(self, node: Node, variables: Mapping[str, Value]) -> Part:
        outcome = self._outcome(node, variables)
        while True:
            below = self._below(node, outcome, variables)
            if below is None:
                break
            node = below
            outcome = self._outcome(node, variables)
        inner = None
        if isinstance(node, Macro):
            turn = self._turn(node, outcome, variables)
            if turn is not None:
                inner = self.part(*turn)
        return Part(
            min([one.offset for one in walk(node)]),
            render_expression(node),
            tuple(self._values(node, variables)),
            tuple(dict.fromkeys(_reads(node))),
            str(outcome) if isinstance(outcome, CelError) else "",
            inner,
        )

    def _outcome(self, node: Node, variables: Mapping[str, Value]) -> Outcome:
        part = Expression(Artifact(None, ()), self._functions, lambda: (node, self._typing))
        try:
            return part.evaluate(variables, self._budget)
        except CelError as error:
            return error

    def _below(self, node: Node, outcome: Outcome, variables: Mapping[str, Value]) -> Node | None:
        """The part of a node that decided its value, where it is not the node itself."""
        if isinstance(node, Call) and node.target is None:
            if node.function in (AND, OR):
                # One term decides by an error, `false` of `&&` or `true` of `||`; else all of them do.
                alone = isinstance(outcome, CelError) or outcome is (node.function == OR)
                return self._first(terms(node), outcome, variables) if alone else None
            if node.function == CONDITION:
                condition, then, other = node.arguments
                answer = self._outcome(condition, variables)
                return (
                    {True: then, False: other}.get(answer, condition) if type(answer) is bool else condition
                )
            if node.function == NOT and _has_parts(node.arguments[0]):
                return node.arguments[0]
        if not isinstance(outcome, CelError):
            return None
        if isinstance(node, Macro):
            return self._first([node.target], outcome, variables)
        return self._first(children(node), outcome, variables)

    def _first(self, nodes: Iterable[Node], wanted: Outcome, variables: Mapping[str, Value]) -> Node | None:
        """The first of the nodes with this boolean; for an error, the first with any error."""
        for node in nodes:
            found = self._outcome(node, variables)
            if isinstance(found, CelError) if isinstance(wanted, CelError) else found is wanted:
                return node
        return None

    def _turn(
        self, node: Macro, outcome: Outcome, variables: Mapping[str, Value]
    ) -> tuple[Node, Mapping[str, Value]] | None:
        """The part of a macro, with the variables of the turn, in which it was decided; None where all turns count."""
        target = self._outcome(node.target, variables)
        if isinstance(target, CelError):
            return None
        if node.name == "bind":
            return node.parts[0], {**variables, node.variables[0]: target}
        wanted = {"all": False, "exists": True}.get(node.name)
        is_error = isinstance(outcome, CelError)
        if node.name.startswith("opt") or not (is_error or (wanted is not None and outcome is wanted)):
            return None
        try:
            items = each(target) if len(node.variables) == 1 else pairs(target)
        except CelError:
            return None
        for item in items:
            bound = (item,) if len(node.variables) == 1 else item
            inside = {**variables, **dict(zip(node.variables, bound, strict=True))}
            for one in node.parts:
                found = self._outcome(one, inside)
                if isinstance(found, CelError) if is_error else found is wanted:
                    return one, inside
        return None

    def _values(self, node: Node, variables: Mapping[str, Value]) -> Iterator[tuple[str, Plain | Undefined]]:
        told: set[str] = set()
        for one in _named(node):
            text = render_expression(one)
            if text in told:
                continue
            if len(told) == MAX_VALUES:
                return
            told.add(text)
            found = self._outcome(one, variables)
            yield text, UNDEFINED if isinstance(found, CelError) else plain_value(found)


def _has_parts(node: Node) -> bool:
    return isinstance(node, Macro) or (
        isinstance(node, Call) and node.target is None and node.function in (AND, OR, CONDITION, NOT)
    )


def _root(node: Node) -> Node:
    while isinstance(node, Select | Index):
        node = node.operand
    return node


def _named(node: Node) -> Iterator[Node]:
    """The names, and paths that begin with a name, that a node is made of; of macros those of the range."""
    waiting: list[Node] = [node]
    while waiting:
        one = waiting.pop(0)
        if isinstance(_root(one), Name):
            yield one
        elif isinstance(one, Macro):
            waiting.insert(0, one.target)
        else:
            waiting[:0] = children(one)


def _reads(node: Node) -> Iterator[str]:
    for one in walk(node):
        if isinstance(one, Select) and isinstance(one.operand, Name) and one.operand.name == "variables":
            yield one.field


def plain_value(value: Value, level: int = 0) -> Plain:
    """A value to be shown: as plain data where it is some, else as text; of much only the beginning."""
    kind = type(value)
    if value is None or kind in (bool, str, int):
        found: Plain = value
        return found
    if kind is Uint:
        return int(value)
    if kind is float:
        return Number(double_text(value)) if isfinite(value) else double_text(value)
    if kind is Number:
        number: Number = value
        return number
    if level < MAX_LEVELS and kind is list:
        return [plain_value(one, level + 1) for one in value[:MAX_MEMBERS]]
    if level < MAX_LEVELS and (isinstance(value, dict) or kind is Map):
        return {name: plain_value(one, level + 1) for name, one in _first_members(value)}
    return show(value)


def _first_members(value: Any) -> Iterator[tuple[str, Value]]:
    for at, (name, one) in enumerate(value.items()):
        if at == MAX_MEMBERS:
            return
        yield name if type(name) is str else show(name), one
