"""Constant parts that cannot be computed, which Kubernetes refuses before anything is evaluated.

After cel-go 0.26's planner with constant folding (interpreter/decorators.go): conversions of constants, patterns, keys.
"""

from typing import Final

from lockgate.engine.cel.ast import Call, Constant, Index, ListLiteral, MapLiteral, Node
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.errors import CelError, Mistake
from lockgate.engine.cel.library.containers import NO_KEYS
from lockgate.engine.cel.library.dispatch import Dispatcher
from lockgate.engine.cel.values import Map, Value
from lockgate.engine.cel.walking import walk
from lockgate.engine.regex import RegexError, compile_pattern

_FOLDED: Final = frozenset(
    ["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"]
)
# Where the pattern is among the arguments.
_PATTERNS: Final = {"matches": -1, "find": 0, "findAll": 0}


class _Open(Exception):
    """A part is not constant, or has a part that cannot be computed."""


def constant_mistakes(checked: Checked) -> list[Mistake]:
    """All mistakes, in no order; one for each part that has one."""
    folder = _Folder(checked)
    found: list[Mistake] = []
    for node in walk(checked.node):
        message = folder.mistake(node)
        if message is not None:
            found.append(Mistake(node.offset, f"program instantiation failed: {message}"))
    return found


class _Folder:
    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        # Of calls by `id()`: a chain of conversions is computed once. None is one that is open or fails.
        self._known: dict[int, tuple[Value] | None] = {}

    def mistake(self, node: Node) -> str | None:
        """What is wrong with this node itself."""
        try:
            match node:
                case Call() if node.function in _FOLDED and node.target is None:
                    self._convert(node)
                case Call() if node.function in _PATTERNS:
                    self._compile(node)
                case Index():
                    kind = NO_KEYS.get(type(self._value(node.index)))
                    return kind and f"invalid qualifier type: {kind}"
                case _:
                    pass
        except _Open:
            return None
        except (CelError, RegexError) as error:
            return str(error)
        return None

    def _compile(self, node: Call) -> None:
        place = _PATTERNS[node.function]
        if place < len(node.arguments):
            pattern = self._value(node.arguments[place])
            if type(pattern) is str:
                compile_pattern(pattern)

    def _convert(self, node: Call) -> Value:
        arguments = [self._value(one) for one in node.arguments]
        return Dispatcher(node.function, self._checked.overloads_of(node))(*arguments)

    def _value(self, node: Node) -> Value:
        match node:
            case Constant():
                return node.value
            case Call() if node.function in _FOLDED and node.target is None:
                return self._converted(node)
            case ListLiteral() if not node.optional:
                return [self._value(one) for one in node.items]
            case MapLiteral() if not any(one.optional for one in node.items):
                items = [(self._value(one.key), self._value(one.value)) for one in node.items]
                texts = all(type(key) is str for key, _ in items)
                return dict(items) if texts else Map(items)
            case _:
                raise _Open

    def _converted(self, node: Call) -> Value:
        if id(node) not in self._known:
            self._known[id(node)] = None
            try:
                self._known[id(node)] = (self._convert(node),)
            except CelError:
                # Said of that part when it is asked itself.
                raise _Open from None
        known = self._known[id(node)]
        if known is None:
            raise _Open
        return known[0]
