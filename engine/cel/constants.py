"""Constant parts that cannot be computed, which Kubernetes refuses before anything is evaluated.

After cel-go 0.26's planner with constant folding (interpreter/decorators.go): conversions of constants, patterns, keys.
"""

from typing import Final

from lockgate.engine.cel.ast import Call, Constant, Index, ListLiteral, MapLiteral, Node
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.errors import CelError, Mistake
from lockgate.engine.cel.library.dispatch import Dispatcher
from lockgate.engine.cel.values import Map, Value
from lockgate.engine.cel.walking import walk
from lockgate.engine.regex import RegexError, compile_pattern

_FOLDED: Final = frozenset(
    ["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"]
)
# Where the pattern is among the arguments.
_PATTERNS: Final = {"matches": -1, "find": 0, "findAll": 0}
_NO_KEYS: Final = {type(None): "types.Null", bytes: "types.Bytes"}


class _Open(Exception):
    """A part is not constant."""


def constant_mistakes(checked: Checked) -> list[Mistake]:
    """All mistakes, in no order; one for each part that has one."""
    found: list[Mistake] = []
    for node in walk(checked.node):
        message = _message(node, checked)
        if message is not None:
            found.append(Mistake(node.offset, f"program instantiation failed: {message}"))
    return found


def _message(node: Node, checked: Checked) -> str | None:
    try:
        if isinstance(node, Call) and node.function in _FOLDED and node.target is None:
            try:
                arguments = [_value(one, checked) for one in node.arguments]
            except CelError:
                # Of a part in it, which is asked too.
                return None
            Dispatcher(node.function, checked.overloads_of(node))(*arguments)
        elif isinstance(node, Call) and node.function in _PATTERNS and node.arguments:
            place = _PATTERNS[node.function]
            if place < len(node.arguments):
                pattern = _value(node.arguments[place], checked)
                if type(pattern) is str:
                    compile_pattern(pattern)
        elif isinstance(node, Index):
            kind = _NO_KEYS.get(type(_value(node.index, checked)))
            return kind and f"invalid qualifier type: {kind}"
    except _Open:
        return None
    except (CelError, RegexError) as error:
        return str(error)
    return None


def _value(node: Node, checked: Checked) -> Value:
    """What a constant part is. Raises CelError, or _Open where it is not constant."""
    match node:
        case Constant():
            return node.value
        case Call() if node.function in _FOLDED and node.target is None:
            arguments = [_value(one, checked) for one in node.arguments]
            return Dispatcher(node.function, checked.overloads_of(node))(*arguments)
        case ListLiteral() if not node.optional:
            return [_value(one, checked) for one in node.items]
        case MapLiteral() if not any(one.optional for one in node.items):
            items = [(_value(one.key, checked), _value(one.value, checked)) for one in node.items]
            texts = all(type(key) is str for key, _ in items)
            return dict(items) if texts else Map(items)
        case _:
            raise _Open
