"""Tree to typed tree: names are resolved, each call gets the overloads that fit, and mistakes are said as cel-go says them.

After cel-go 0.26's checker/checker.go as Kubernetes 1.34 sets it up: no container, lists and maps of mixed types are
`dyn` here and refused by `literals`. Macros are typed as the loops that cel-go expands them to, since that shows in messages.
"""

from dataclasses import replace
from typing import Final

from lockgate.engine.cel.ast import (
    Call,
    Constant,
    Index,
    ListLiteral,
    Macro,
    MapItem,
    MapLiteral,
    MessageLiteral,
    Name,
    Node,
    Select,
)
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.constants import constant_mistakes
from lockgate.engine.cel.environment import Environment
from lockgate.engine.cel.errors import ExpressionError, Mistake
from lockgate.engine.cel.expansions import EXPANSIONS
from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.literals import literal_mistakes
from lockgate.engine.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    ERROR,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    ObjectType,
    Type,
    TypeVariable,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from lockgate.engine.cel.unify import (
    Substitution,
    TypeSizeError,
    is_dyn_or_error,
    most_general,
    render_type,
    unwrap_optional,
)
from lockgate.engine.cel.values import TypeValue, Uint

# Types that cel-go takes for messages, of which it then finds no description.
MESSAGES: Final = "kubernetes."
# As many as cel-go reports.
MAX_MISTAKES: Final = 100

_CONSTANTS: Final[dict[type, AnyType]] = {
    type(None): NULL,
    bool: BOOL,
    int: INT,
    Uint: UINT,
    float: DOUBLE,
    str: STRING,
    bytes: BYTES,
}
_LOGICAL: Final = frozenset(["_&&_", "_||_"])
_COLLECTING: Final = frozenset(["map", "filter", "transformList"])
_MAPPING: Final = frozenset(["transformMap", "transformMapEntry"])


def check(node: Node, environment: Environment) -> Checked:
    """The tree with names resolved and types known. Raises ExpressionError with all mistakes, in the order of the source."""
    checker = _Checker(environment)
    try:
        return checker.whole(node)
    except RecursionError:
        # A tree of the parser's depth is gone through with room to spare, but not from everywhere.
        raise ExpressionError((Mistake(node.offset, "the expression nests too deep"),)) from None
    except TypeSizeError:
        raise ExpressionError(
            (
                Mistake(
                    node.offset, "a type in this expression is too large: its lists and maps nest too deep"
                ),
            )
        ) from None


class _Checker:
    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._substitution = Substitution()
        self._types: dict[int, AnyType] = {}
        self._overloads: dict[int, tuple[Overload, ...]] = {}
        # Nodes that the tables speak of stay alive, since these go by `id()`.
        self._nodes: list[Node] = []
        self._scope: list[tuple[str, AnyType]] = []
        self._mistakes: list[Mistake] = []

    def whole(self, node: Node) -> Checked:
        root = self._check(node)
        if self._mistakes:
            raise _error(self._mistakes)
        known = self._substitution.known
        types = {id(one): known(self._types[id(one)]) for one in self._nodes}
        result = self._substitution.closed(self._types[id(root)])
        checked = Checked(root, result, types, self._overloads)
        mistakes = literal_mistakes(checked) or constant_mistakes(checked)
        if mistakes:
            raise _error(mistakes)
        return checked

    # What is known

    def _refuse(self, offset: int, message: str) -> AnyType:
        mistake = Mistake(offset, message)
        if mistake not in self._mistakes[-8:]:
            self._mistakes.append(mistake)
        return ERROR

    def _set(self, node: Node, one: AnyType) -> Node:
        self._nodes.append(node)
        self._types[id(node)] = one
        return node

    def _type(self, node: Node) -> AnyType:
        return self._types[id(node)]

    def _resolved_type(self, node: Node) -> AnyType:
        return self._substitution.resolved(self._types[id(node)])

    def _mismatch(self, offset: int, expected: AnyType, found: AnyType) -> AnyType:
        return self._refuse(
            offset, f"expected type '{render_type(expected)}' but found '{render_type(found)}'"
        )

    def _undeclared(self, offset: int, name: str) -> AnyType:
        return self._refuse(offset, f"undeclared reference to '{name}' (in container '')")

    def _function(self, name: str) -> Function | None:
        return self._environment.functions.get(name.removeprefix("."))

    def _named(self, offset: int, name: str) -> Node | None:
        """The variable or type of the name, or None."""
        name = name.removeprefix(".")
        for variable, one in reversed(self._scope):
            if variable == name:
                return self._set(Name(offset, name), one)
        declared = self._environment.variables.get(name)
        if declared is not None:
            return self._set(Name(offset, name), declared)
        named = self._environment.types.get(name)
        if named is not None:
            return self._set(Constant(offset, TypeValue(name)), type_of(named))
        return None

    # Nodes

    def _check(self, node: Node) -> Node:
        match node:
            case Constant():
                return self._set(node, _CONSTANTS[type(node.value)])
            case Name():
                found = self._named(node.offset, node.name)
                return found or self._set(node, self._undeclared(node.offset, node.name))
            case Select():
                return self._select(node)
            case Index():
                operand, index = self._check(node.operand), self._check(node.index)
                checked = Index(node.offset, operand, index, node.optional)
                name = "_[?_]" if node.optional else "_[_]"
                return self._resolve_call(checked, name, None, (operand, index))
            case Call():
                return self._call(node)
            case ListLiteral():
                return self._list(node)
            case MapLiteral():
                return self._map(node)
            case MessageLiteral():
                return self._message(node)
            case Macro():
                return self._macro(node)

    def _select(self, node: Select) -> Node:
        if not node.test and (name := _qualified(node)) is not None:
            found = self._named(node.offset, name)
            if found is not None:
                return found
        operand = self._check(node.operand)
        result = self._field(node, operand)
        checked = Select(node.offset, operand, node.field, node.optional, node.test)
        return self._set(checked, BOOL if node.test else result)

    def _field(self, node: Select, operand: Node) -> AnyType:
        over = self._resolved_type(operand)
        if is_dyn_or_error(over):
            return optional_of(DYN) if node.optional else DYN
        target, inside = unwrap_optional(over)
        result: AnyType = DYN
        if isinstance(target, ObjectType):
            declared = dict(target.fields).get(node.field)
            result = declared or self._refuse(node.offset, f"undefined field '{node.field}'")
        elif isinstance(target, TypeVariable):
            self._substitution.fits(DYN, target)
        elif target.name == "map":
            result = target.parameters[1]
        elif target.name.startswith(MESSAGES):
            self._refuse(node.offset, f"unexpected failed resolution of '{target}'")
        elif not is_dyn_or_error(target):
            self._refuse(node.offset, f"type '{render_type(target)}' does not support field selection")
        if inside or node.optional:
            result = optional_of(result)
        return self._substitution.resolved(result)

    def _bind(self, node: Call) -> Node:
        variable, value, _ = node.arguments
        if not isinstance(variable, Name):
            message = "cel.bind() variable names must be simple identifiers"
            return self._set(node, self._refuse(variable.offset, message))
        target = self._check(value)
        parts = self._within([(variable.name, self._type(target))], node.arguments[2:])
        macro = Macro(node.offset, "bind", target, (variable.name,), parts)
        return self._set(macro, self._resolved_type(parts[0]))

    def _call(self, node: Call) -> Node:
        if "bind" in self._environment.macros and _is_bind(node):
            return self._bind(node)
        arguments = tuple([self._check(one) for one in node.arguments])
        if node.target is not None:
            prefix = _qualified(node.target)
            if prefix is not None and (function := self._function(f"{prefix}.{node.function}")) is not None:
                called = Call(node.offset, function.name, None, arguments)
                return self._resolve_call(called, function.name, None, arguments)
            target = self._check(node.target)
            called = Call(node.offset, node.function, target, arguments)
            return self._resolve_call(called, node.function, target, arguments)
        name = node.function.removeprefix(".")
        return self._resolve_call(Call(node.offset, name, None, arguments), node.function, None, arguments)

    def _resolve_call(
        self, node: Call | Index, name: str, target: Node | None, arguments: tuple[Node, ...]
    ) -> Node:
        function = self._function(name)
        if function is None:
            return self._set(node, self._undeclared(node.offset, name))
        values = arguments if target is None else (target, *arguments)
        given = [self._type(one) for one in values]
        if function.name in _LOGICAL:
            return self._logical(node, function, values, given)
        result, fitting = self._overload(node.offset, function, given, target is not None)
        self._overloads[id(node)] = fitting
        return self._set(node, result)

    def _logical(
        self, node: Node, function: Function, values: tuple[Node, ...], given: list[AnyType]
    ) -> Node:
        result: AnyType = BOOL
        for value, one in zip(values, given, strict=True):
            if not self._substitution.fits(one, BOOL):
                result = self._mismatch(value.offset, BOOL, one)
        self._overloads[id(node)] = function.overloads
        return self._set(node, result)

    def _overload(
        self, offset: int, function: Function, given: list[AnyType], receiver: bool
    ) -> tuple[AnyType, tuple[Overload, ...]]:
        result: AnyType | None = None
        fitting: list[Overload] = []
        for overload in function.overloads:
            if overload.receiver != receiver or len(overload.parameters) != len(given):
                continue
            *wanted, gives = self._substitution.instantiated((*overload.parameters, overload.result))
            if not self._substitution.all_fit(given, wanted):
                continue
            fitting.append(overload)
            one = self._substitution.resolved(gives)
            if result is None:
                result = one
            elif result != DYN and one != result:
                result = DYN
        if result is None:
            shown = [render_type(self._substitution.closed(one)) for one in given]
            on, rest = (f"{shown[0]}.", shown[1:]) if receiver else ("", shown)
            message = f"found no matching overload for '{function.name}' applied to '{on}({', '.join(rest)})'"
            return self._refuse(offset, message), ()
        return result, tuple(fitting)

    # Literals

    def _list(self, node: ListLiteral) -> Node:
        items = tuple([self._check(one) for one in node.items])
        joined: AnyType | None = None
        for place, item in enumerate(items):
            one = self._type(item)
            if place in node.optional:
                one = self._unwrapped(item, one)
            joined = self._joined(joined, one)
        checked = ListLiteral(node.offset, items, node.optional)
        return self._set(checked, list_of(joined or self._substitution.fresh()))

    def _map(self, node: MapLiteral) -> Node:
        keys: AnyType | None = None
        values: AnyType | None = None
        items: list[MapItem] = []
        for item in node.items:
            key, value = self._check(item.key), self._check(item.value)
            keys = self._joined(keys, self._type(key))
            one = self._type(value)
            values = self._joined(values, self._unwrapped(value, one) if item.optional else one)
            items.append(MapItem(item.offset, key, value, item.optional))
        fresh = self._substitution.fresh
        result = map_of(keys or fresh(), values or fresh())
        return self._set(MapLiteral(node.offset, tuple(items)), result)

    def _unwrapped(self, node: Node, one: AnyType) -> AnyType:
        inside, optional = unwrap_optional(one)
        if not optional and inside != DYN:
            self._mismatch(node.offset, optional_of(inside), inside)
        return inside

    def _joined(self, before: AnyType | None, one: AnyType) -> AnyType:
        if before is None:
            return one
        return most_general(before, one) if self._substitution.fits(before, one) else DYN

    def _message(self, node: MessageLiteral) -> Node:
        named = self._named(node.offset, node.type_name)
        items = tuple([replace(one, value=self._check(one.value)) for one in node.items])
        checked = replace(node, items=items)
        if named is None:
            return self._set(checked, self._undeclared(node.offset, node.type_name))
        if not isinstance(named, Constant):
            shown = render_type(self._type(named))
            return self._set(checked, self._refuse(node.offset, f"'{shown}' is not a type"))
        name = named.value.name
        declared = self._environment.types[name]
        if isinstance(declared, ObjectType) or declared in (DURATION, TIMESTAMP):
            message = (
                f"messages of type '{name}' cannot be written here; use timestamp(…), duration(…) or a map"
            )
            return self._set(checked, self._refuse(node.offset, message))
        return self._set(checked, self._refuse(node.offset, f"'{name}' is not a message type"))

    # Macros

    def _macro(self, node: Macro) -> Node:
        target = self._check(node.target)
        if node.name in ("optMap", "optFlatMap"):
            return self._optional_macro(node, target)
        variables = self._range(node, target)
        parts = self._within(list(zip(node.variables, variables, strict=True)), node.parts)
        checked = Macro(node.offset, node.name, target, node.variables, parts)
        given = [self._type(one) for one in parts]
        match node.name:
            case "all" | "exists":
                if not self._substitution.fits(given[0], BOOL):
                    self._mismatch(parts[0].offset, BOOL, given[0])
                result: AnyType = BOOL
            case "exists_one":
                self._expanded(node, "_?_:_", [given[0], INT, INT])
                result = BOOL
            case "filter":
                accumulator = list_of(self._substitution.fresh())
                result = self._collected(node, accumulator, given[0], list_of(variables[0]))
            case "sortBy":
                keys = self._collected(node, list_of(self._substitution.fresh()), None, list_of(given[0]))
                result = self._expanded(node, "@sortByAssociatedKeys", [self._type(target), keys])
            case "transformMap" | "transformMapEntry":
                result = self._mapped(node, variables[0], given)
            case _:
                accumulator = list_of(self._substitution.fresh())
                condition = given[0] if len(given) == 2 else None
                result = self._collected(node, accumulator, condition, list_of(given[-1]))
        return self._set(checked, self._substitution.resolved(result))

    def _within(self, variables: list[tuple[str, AnyType]], parts: tuple[Node, ...]) -> tuple[Node, ...]:
        """The parts of a macro, which may use its variables."""
        depth = len(self._scope)
        self._scope.extend(variables)
        checked = tuple([self._check(one) for one in parts])
        del self._scope[depth:]
        return checked

    def _range(self, node: Macro, target: Node) -> list[AnyType]:
        """The types of a macro's variables: key and value, or index and item, of two; key or item of one."""
        two = len(node.variables) == 2
        over = self._resolved_type(target)
        if isinstance(over, Type) and over.name == "list":
            return [INT, over.parameters[0]] if two else [over.parameters[0]]
        if isinstance(over, Type) and over.name == "map":
            return list(over.parameters) if two else [over.parameters[0]]
        one: AnyType = DYN
        if isinstance(over, TypeVariable):
            self._substitution.fits(DYN, over)
        elif not is_dyn_or_error(over):
            # The range of cel-go's `sortBy` is a variable of its expansion.
            one = self._refuse(
                node.offset if node.name == "sortBy" else target.offset,
                f"expression of type '{render_type(over)}' cannot be range of a comprehension "
                "(must be list, map, or dynamic)",
            )
        return [one] * len(node.variables)

    def _expanded(self, node: Macro, name: str, given: list[AnyType]) -> AnyType:
        """The result of a function that the macro's expansion calls."""
        function, receiver = EXPANSIONS[name]
        return self._overload(node.offset, function, given, receiver)[0]

    def _collected(
        self, node: Macro, accumulator: AnyType, condition: AnyType | None, added: AnyType
    ) -> AnyType:
        step = self._expanded(node, "_+_", [accumulator, added])
        return self._stepped(node, accumulator, condition, step)

    def _mapped(self, node: Macro, key: AnyType, given: list[AnyType]) -> AnyType:
        fresh = self._substitution.fresh
        accumulator = map_of(fresh(), fresh())
        added = [given[-1]] if node.name == "transformMapEntry" else [key, given[-1]]
        step = self._expanded(node, "cel.@mapInsert", [accumulator, *added])
        return self._stepped(node, accumulator, given[0] if len(given) == 2 else None, step)

    def _stepped(
        self, node: Macro, accumulator: AnyType, condition: AnyType | None, step: AnyType
    ) -> AnyType:
        if condition is not None:
            step = self._expanded(node, "_?_:_", [condition, step, accumulator])
        if not self._substitution.fits(accumulator, step):
            self._mismatch(node.offset, accumulator, step)
        return accumulator

    def _optional_macro(self, node: Macro, target: Node) -> Node:
        over = self._type(target)
        has_value = self._expanded(node, "hasValue", [over])
        inside = self._expanded(node, "value", [over])
        (part,) = self._within([(node.variables[0], inside)], node.parts)
        some = self._type(part)
        if node.name == "optMap":
            some = self._expanded(node, "optional.of", [some])
        none = optional_of(self._substitution.fresh())
        result = self._expanded(node, "_?_:_", [has_value, some, none])
        return self._set(Macro(node.offset, node.name, target, node.variables, (part,)), result)


def _error(mistakes: list[Mistake]) -> ExpressionError:
    return ExpressionError(tuple(sorted(mistakes, key=lambda one: one.offset)[:MAX_MISTAKES]))


def _is_bind(node: Call) -> bool:
    target = node.target
    is_cel = isinstance(target, Name) and target.name == "cel"
    return is_cel and node.function == "bind" and len(node.arguments) == 3


def _qualified(node: Node) -> str | None:
    """`a.b.c` of selects on a name, or None."""
    names: list[str] = []
    while isinstance(node, Select):
        if node.test or node.optional:
            return None
        names.append(node.field)
        node = node.operand
    if not isinstance(node, Name):
        return None
    return ".".join([node.name, *reversed(names)])
