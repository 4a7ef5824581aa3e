"""A tree as text again: `parse(render_expression(node))` is `node`, but for offsets."""

import math
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
from lockgate.engine.cel.values import Uint

# How strongly each way of writing binds, the loosest first.
_CONDITIONAL: Final = 0
_UNARY: Final = 6
_MEMBER: Final = 7
_BINARY: Final[dict[str, tuple[str, int]]] = {
    "_||_": ("||", 1),
    "_&&_": ("&&", 2),
    "_<_": ("<", 3),
    "_<=_": ("<=", 3),
    "_>_": (">", 3),
    "_>=_": (">=", 3),
    "_==_": ("==", 3),
    "_!=_": ("!=", 3),
    "@in": ("in", 3),
    "_+_": ("+", 4),
    "_-_": ("-", 4),
    "_*_": ("*", 5),
    "_/_": ("/", 5),
    "_%_": ("%", 5),
}
_PREFIXES: Final = {"!_": "!", "-_": "-"}
_CHAINS: Final = frozenset(["_||_", "_&&_"])
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render_expression(node: Node) -> str:
    """The expression, on one line."""
    return _text(node)


def _text(node: Node) -> str:
    match node:
        case Constant():
            return _constant(node)
        case Name():
            return node.name
        case Select():
            operand = _within(node.operand, _MEMBER)
            if node.test:
                return f"has({operand}.{node.field})"
            return f"{operand}{'.?' if node.optional else '.'}{node.field}"
        case Index():
            return f"{_within(node.operand, _MEMBER)}[{'?' if node.optional else ''}{_text(node.index)}]"
        case Call():
            return _call(node)
        case ListLiteral():
            items = [f"{'?' if i in node.optional else ''}{_text(one)}" for i, one in enumerate(node.items)]
            return f"[{', '.join(items)}]"
        case MapLiteral():
            return f"{{{', '.join([_item(one, _text(one.key)) for one in node.items])}}}"
        case MessageLiteral():
            fields = [_item(one, one.key.value) for one in node.items if isinstance(one.key, Constant)]
            return f"{node.type_name}{{{', '.join(fields)}}}"
        case Macro():
            arguments = [*node.variables, *[_text(one) for one in node.parts]]
            if node.name == "bind":
                return f"cel.bind({node.variables[0]}, {_text(node.target)}, {_text(node.parts[0])})"
            return f"{_within(node.target, _MEMBER)}.{node.name}({', '.join(arguments)})"


def _item(item: MapItem, key: str) -> str:
    return f"{'?' if item.optional else ''}{key}: {_text(item.value)}"


def _call(node: Call) -> str:
    if node.target is not None:
        arguments = ", ".join([_text(one) for one in node.arguments])
        return f"{_within(node.target, _MEMBER)}.{node.function}({arguments})"
    if node.function == "_?_:_":
        condition, then, otherwise = node.arguments
        return f"{_within(condition, 1)} ? {_within(then, 1)} : {_text(otherwise)}"
    if (prefix := _PREFIXES.get(node.function)) is not None:
        operand = _within(node.arguments[0], _MEMBER)
        # `-1` is a number of its own, and `--x` is `x`.
        return f"{prefix}({operand})" if prefix == "-" and operand[0] in "-.0123456789" else prefix + operand
    if (binary := _BINARY.get(node.function)) is not None:
        symbol, strength = binary
        if node.function in _CHAINS:
            return f" {symbol} ".join([_within(one, strength + 1) for one in _terms(node)])
        left, right = node.arguments
        return f"{_within(left, strength)} {symbol} {_within(right, strength + 1)}"
    return f"{node.function}({', '.join([_text(one) for one in node.arguments])})"


def _terms(node: Call) -> list[Node]:
    """What stands between the operators of a chain: more than two where the parser would balance them so."""
    terms: list[Node] = []
    waiting: list[Node] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Call) and one.function == node.function:
            waiting.extend(reversed(one.arguments))
        else:
            terms.append(one)
    return terms if _balanced(node, node.function, len(terms)) else list(node.arguments)


def _balanced(node: Node, function: str, terms: int) -> bool:
    """Whether the tree is the parser's for a chain of so many terms."""
    if terms == 1:
        return not isinstance(node, Call) or node.function != function
    if not isinstance(node, Call) or node.function != function:
        return False
    left, right = node.arguments
    after = terms // 2
    return _balanced(left, function, terms - after) and _balanced(right, function, after)


def _within(node: Node, strength: int) -> str:
    """The text, in parentheses where it binds more loosely than `strength`."""
    return _text(node) if _strength(node) >= strength else f"({_text(node)})"


def _strength(node: Node) -> int:
    if not isinstance(node, Call) or node.target is not None:
        return _MEMBER
    if node.function == "_?_:_":
        return _CONDITIONAL
    if node.function in _PREFIXES:
        return _UNARY
    binary = _BINARY.get(node.function)
    return _MEMBER if binary is None else binary[1]


def _constant(node: Constant) -> str:
    value = node.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Uint):
        return f"{int(value)}u"
    if isinstance(value, str):
        return f'"{_escaped(value)}"'
    if isinstance(value, bytes):
        return f'b"{_escaped_octets(value)}"'
    if isinstance(value, float) and not math.isfinite(value):
        return f'double("{value}")'
    return repr(value)


def _escaped(text: str) -> str:
    return "".join([_ESCAPES.get(one) or (one if one.isprintable() else _code_point(one)) for one in text])


def _code_point(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _escaped_octets(octets: bytes) -> str:
    return "".join(
        [_ESCAPES.get(chr(one)) or (chr(one) if 0x20 <= one < 0x7F else f"\\x{one:02x}") for one in octets]
    )
