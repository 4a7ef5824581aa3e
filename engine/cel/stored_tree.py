"""Trees as plain data, so that an expression from the cache of compiled code is evaluated with care, and explained,
without being parsed and checked again.

A node is a list: the place of its class in `_KINDS`, its fields and, of a call or an index, the overload that the
checker is certain of (empty where it is not). Offsets stay, types of nodes do not: only the compiler asks for them.
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
# Constants that `marshal` does not know.
_UINT: Final = -1
_TYPE: Final = -2


def dump_tree(node: Node, typing: Typing) -> bytes:
    """The tree with what the careful path asks of its types."""
    return marshal.dumps(_plain(node, typing))


def load_tree(stored: bytes, functions: Mapping[str, Function]) -> Checked:
    """The tree that `dump_tree` was given. `functions`: those with which it was checked, by name."""
    overloads: dict[int, tuple[Overload, ...]] = {}
    node = _made(marshal.loads(stored), functions, overloads)  # noqa: S302 - an entry of the cache, whose digest agrees
    return Checked(node, DYN, {}, overloads)


def _plain(value: Any, typing: Typing) -> Any:
    kind = type(value)
    place = _PLACES.get(kind)
    if place is not None:
        fields = [_plain(getattr(value, name), typing) for name in kind.__match_args__]
        if kind is Call or kind is Index:
            found = typing.overloads_of(value)
            fields.append(found[0].id if len(found) == 1 else "")
        return [place, *fields]
    if kind is tuple:
        return tuple([_plain(one, typing) for one in value])
    if kind is Uint:
        return [_UINT, int(value)]
    if kind is TypeValue:
        return [_TYPE, value.name]
    return value


def _made(plain: Any, functions: Mapping[str, Function], overloads: dict[int, tuple[Overload, ...]]) -> Any:
    if type(plain) is tuple:
        return tuple([_made(one, functions, overloads) for one in plain])
    if type(plain) is not list:
        return plain
    place, *stored = plain
    if place == _UINT:
        return Uint(stored[0])
    if place == _TYPE:
        return TypeValue(stored[0])
    kind = _KINDS[place]
    fields = [_made(one, functions, overloads) for one in stored]
    overload = fields.pop() if kind is Call or kind is Index else ""
    node = kind(*fields)
    if overload:
        name, _, _ = call_shape(node)
        overloads[id(node)] = tuple([one for one in functions[name].overloads if one.id == overload])
    return node
