"""Trees as plain data, so that an expression from the cache of compiled code is evaluated with care, and explained,
without being parsed and checked again.

A tree is the list of its nodes, each after those under it, since a tree may be as deep as Python's stack. A node is a
list: the place of its class in `_KINDS`, its fields with nodes by their numbers and, of a call or an index, the
overload that the checker is certain of (empty where it is not). Offsets stay, types of nodes do not: only the compiler
asks for them.
"""

import marshal
from collections.abc import Mapping
from typing import Any, Final

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
from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.knowledge import Typing, call_shape
from lockgate.engine.cel.types import DYN
from lockgate.engine.cel.values import TypeValue, Uint

_KINDS: Final[tuple[type, ...]] = (
    Constant,
    Name,
    Select,
    Index,
    Call,
    ListLiteral,
    MapItem,
    MapLiteral,
    MessageLiteral,
    Macro,
)
_PLACES: Final = {kind: place for place, kind in enumerate(_KINDS)}
# What stands for a node, by its number, and for constants that `marshal` does not know.
_NODE: Final = -1
_UINT: Final = -2
_TYPE: Final = -3


def dump_tree(node: Node, typing: Typing) -> bytes:
    """The tree with what the careful path asks of its types."""
    nodes = _all(node)
    numbers = {id(one): number for number, one in enumerate(nodes)}
    return marshal.dumps([_plain(one, numbers, typing) for one in nodes])


def load_tree(stored: bytes, functions: Mapping[str, Function]) -> Checked:
    """The tree that `dump_tree` was given. `functions`: those with which it was checked, by name."""
    overloads: dict[int, tuple[Overload, ...]] = {}
    nodes: list[Any] = []
    for plain in marshal.loads(stored):  # noqa: S302 - an entry of the cache, whose digest agrees
        node, overload = _made(plain, nodes)
        if overload:
            name, _, _ = call_shape(node)
            overloads[id(node)] = tuple([one for one in functions[name].overloads if one.id == overload])
        nodes.append(node)
    return Checked(nodes[-1], DYN, {}, overloads)


def _all(root: Node) -> list[Node]:
    """The nodes of a tree, those under a node before it."""
    found: list[Node] = []
    waiting: list[Any] = [root]
    while waiting:
        one = waiting.pop()
        if type(one) is tuple:
            waiting.extend(one)
        elif type(one) in _PLACES:
            if type(one) is not MapItem:
                found.append(one)
            waiting.extend([getattr(one, name) for name in type(one).__match_args__])
    return found[::-1]


def _plain(node: Node, numbers: Mapping[int, int], typing: Typing) -> list[Any]:
    overload: tuple[str, ...] = ()
    if isinstance(node, Call | Index):
        found = typing.overloads_of(node)
        overload = (found[0].id if len(found) == 1 else "",)
    fields = [_field(getattr(node, name), numbers) for name in type(node).__match_args__]
    return [_PLACES[type(node)], *fields, *overload]


def _field(value: Any, numbers: Mapping[int, int]) -> Any:
    kind = type(value)
    if kind is tuple:
        return tuple([_field(one, numbers) for one in value])
    if kind is MapItem:
        return [_PLACES[MapItem], *[_field(getattr(value, name), numbers) for name in kind.__match_args__]]
    if kind in _PLACES:
        return [_NODE, numbers[id(value)]]
    if kind is Uint:
        return [_UINT, int(value)]
    if kind is TypeValue:
        return [_TYPE, value.name]
    return value


def _made(plain: list[Any], nodes: list[Any]) -> tuple[Any, str]:
    """A node and its overload, made of nodes before it."""
    kind = _KINDS[plain[0]]
    fields = [_value(one, nodes) for one in plain[1:]]
    overload = str(fields.pop()) if kind is Call or kind is Index else ""
    return kind(*fields), overload


def _value(plain: Any, nodes: list[Any]) -> Any:
    if type(plain) is tuple:
        return tuple([_value(one, nodes) for one in plain])
    if type(plain) is not list:
        return plain
    if plain[0] == _NODE:
        return nodes[plain[1]]
    if plain[0] == _UINT:
        return Uint(plain[1])
    if plain[0] == _TYPE:
        return TypeValue(plain[1])
    return _made(plain, nodes)[0]
