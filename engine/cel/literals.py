"""What Kubernetes 1.34 asks of constants when an expression is compiled: lists and maps of one type, and texts that mean something.

After cel-go 0.26 (cel/validator.go, ext/formatting.go) as k8s.io/apiserver's base environment sets it up. Only a tree whose
types fit is asked.
"""

from typing import Final

from lockgate.engine.cel.ast import Call, Constant, ListLiteral, MapLiteral, Node
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.errors import CelError, Mistake
from lockgate.engine.cel.format_literals import format_mistake
from lockgate.engine.cel.types import AnyType
from lockgate.engine.cel.unify import is_equivalent, render_type, unwrap_optional
from lockgate.engine.cel.walking import children
from lockgate.engine.regex import RegexError, compile_pattern

_CONVERSIONS: Final = frozenset(["duration", "timestamp"])


def literal_mistakes(checked: Checked) -> list[Mistake]:
    """All mistakes, in no order."""
    found: list[Mistake] = []
    # Each node, and whether it is in a call of `format`, whose arguments may be of many types.
    waiting: list[tuple[Node, bool]] = [(checked.node, False)]
    while waiting:
        node, exempt = waiting.pop()
        match node:
            case ListLiteral() if not exempt:
                _check_list(node, checked, found)
            case MapLiteral() if not exempt:
                _check_map(node, checked, found)
            case Call():
                _check_call(node, checked, found)
                exempt = exempt or node.function == "format"
            case _:
                pass
        waiting.extend([(one, exempt) for one in children(node)])
    return found


def _check_list(node: ListLiteral, checked: Checked, found: list[Mistake]) -> None:
    first: AnyType | None = None
    for place, item in enumerate(node.items):
        one = checked.type_of(item)
        if place in node.optional:
            one, _ = unwrap_optional(one)
        if first is None:
            first = one
        elif not is_equivalent(first, one):
            found.append(_mismatch(item, first, one))
            return


def _check_map(node: MapLiteral, checked: Checked, found: list[Mistake]) -> None:
    first: tuple[AnyType, AnyType] | None = None
    for item in node.items:
        key, value = checked.type_of(item.key), checked.type_of(item.value)
        if item.optional:
            value, _ = unwrap_optional(value)
        if first is None:
            first = key, value
            continue
        if not is_equivalent(first[0], key):
            found.append(_mismatch(item.key, first[0], key))
        if not is_equivalent(first[1], value):
            found.append(_mismatch(item.value, first[1], value))


def _mismatch(node: Node, expected: AnyType, actual: AnyType) -> Mistake:
    return Mistake(node.offset, f"expected type '{render_type(expected)}' but found '{render_type(actual)}'")


def _check_call(node: Call, checked: Checked, found: list[Mistake]) -> None:
    if node.function == "format" and isinstance(node.target, Constant) and type(node.target.value) is str:
        if len(node.arguments) == 1 and isinstance(arguments := node.arguments[0], ListLiteral):
            mistake = format_mistake(node.target.value, arguments.items, node.offset, checked)
            if mistake is not None:
                found.append(mistake)
        return
    first = node.arguments[0] if node.arguments else None
    if not isinstance(first, Constant):
        return
    if node.function in _CONVERSIONS and not _converts(node, first, checked):
        found.append(Mistake(first.offset, f"invalid {node.function} argument"))
    # cel-go looks at the first argument of the global `matches` too, which is not its pattern.
    if node.function == "matches" and type(first.value) is str and not _is_pattern(first.value):
        found.append(Mistake(first.offset, "invalid matches argument"))


def _converts(node: Call, argument: Constant, checked: Checked) -> bool:
    for overload in checked.overloads_of(node)[:1]:
        try:
            overload.compute(argument.value)
        except CelError:
            return False
    return True


def _is_pattern(text: str) -> bool:
    try:
        compile_pattern(text)
    except RegexError:
        return False
    return True
