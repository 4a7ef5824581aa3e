"""Pieces of generated code: Python expressions with what is known of their values."""

from typing import Final

from lockgate.engine.cel.ast import Call, Macro, Node
from lockgate.engine.cel.types import ANY, BOOL, BYTES, DOUBLE, DYN, INT, STRING, AnyType, Type
from lockgate.engine.cel.values import Value
from lockgate.engine.cel.walking import children
from lockgate.engine.codegen.writer import is_name
from lockgate.engine.record import record

# Parentheses that an expression may nest before it goes on in a local: Python's tokenizer takes 200.
MAX_NESTING: Final = 25

AND: Final = "_&&_"
OR: Final = "_||_"
CONDITION: Final = "_?_:_"
IN: Final = "@in"
# Methods of optional values that may do without their argument.
OR_ELSE: Final = frozenset(("or", "orValue"))

# The Python class of the values of a type, where there is one. A map has two.
CLASSES: Final = {
    "bool": "bool",
    "int": "int",
    "uint": "Uint",
    "double": "float",
    "string": "str",
    "bytes": "bytes",
    "list": "list",
    "optional_type": "Optional",
}

_LITERALS: Final[dict[type, Type]] = {
    bool: BOOL,
    int: INT,
    str: STRING,
    bytes: BYTES,
    float: DOUBLE,
}


# A path from a variable through fields of maps.
Path = tuple[str, ...]
# Locals by the paths whose values they hold.
Facts = tuple[tuple[Path, "Piece"], ...]


@record
class Piece:
    """A Python expression. nesting: how deep its parentheses go. type: of its value, DYN where it is open.

    if_true, if_false: what is known once it has been evaluated and was true, or false.
    """

    text: str
    type: AnyType = DYN
    nesting: int = 0
    if_true: Facts = ()
    if_false: Facts = ()

    @property
    def is_atom(self) -> bool:
        """Is it a name, which may be written twice?"""
        return is_name(self.text)

    @property
    def is_literal(self) -> bool:
        """Is it a constant, a list or a map that is written out?"""
        text = self.text
        if text[0] == "(":
            # Python works out what is negated while it compiles, and warns of that as well.
            return text.startswith(("(-", "(not "))
        return not text[0].isalpha() or text in ("None", "True", "False") or text[:2] in ("b'", 'b"')

    def is_a(self, wanted: Type) -> bool:
        """Is the value certainly of this type (its parameters left aside)?"""
        return isinstance(self.type, Type) and self.type.name == wanted.name


def certain(declared: AnyType) -> AnyType:
    """What a type says of a value at run time, when nobody knows what its variables stand for.

    The checker does not know it either: an open variable takes the first type that fits where it is used, as in cel-go.
    """
    if not isinstance(declared, Type) or declared == ANY:
        return DYN
    return Type(declared.name, tuple([certain(one) for one in declared.parameters]))


def member_type(container: AnyType) -> AnyType:
    """The type of what is under an index of a list or map."""
    if isinstance(container, Type) and container.name in ("list", "map") and container.parameters:
        return certain(container.parameters[-1])
    return DYN


def literal_type(value: Value) -> Type:
    """The type of a value that can be written as a literal of Python."""
    return _LITERALS.get(type(value), DYN)


def terms(node: Call) -> list[Node]:
    """The terms of a chain of `&&` or of `||`, however it is bracketed."""
    found: list[Node] = []
    waiting: list[Node] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Call) and one.function == node.function and one.target is None:
            waiting.extend(reversed(one.arguments))
        else:
            found.append(one)
    return found


def weight(node: Node) -> int:
    """What one evaluation of a node costs, in nodes; what a macro does for each item is counted where it does it."""
    count = 0
    waiting = [node]
    while waiting:
        one = waiting.pop()
        count += 1
        waiting.extend([one.target] if isinstance(one, Macro) else children(one))
    return count


def turn_weight(macro: Macro) -> int:
    """What one turn of a macro's loop costs."""
    return 1 + sum(map(weight, macro.parts))
