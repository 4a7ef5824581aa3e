"""What generated code refers to by numbered names: functions, dispatchers and constants of one expression.

A link is plain data, so that compiled code can be stored; `resolve` finds what it stands for in an environment.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.paying import paying, paying_dispatcher, paying_overload
from lockgate.engine.cel.values import TypeValue, Uint

# ("call", function, overload): its body · ("tested", function, overload): after a look at the arguments ·
# ("dispatch", function, receiver, arity) · ("texts", members…) · ("uint", number) ·
# ("type", name) · ("double", "inf", "-inf" or "nan")
Link = tuple[Any, ...]


class Links:
    """Numbers the links of an expression while it is generated."""

    def __init__(self) -> None:
        self._names: dict[Link, str] = {}

    def name(self, link: Link) -> str:
        """The Python name under which generated code finds the link."""
        return self._names.setdefault(link, f"k{len(self._names)}")

    def plain(self) -> tuple[Link, ...]:
        """All links, in the order of their numbers."""
        return tuple(self._names)


def resolve(links: tuple[Link, ...], functions: Mapping[str, Function]) -> dict[str, Any]:
    """What generated code finds under the names of its links."""
    return {f"k{number}": _RESOLVERS[link[0]](functions, *link[1:]) for number, link in enumerate(links)}


def _call(functions: Mapping[str, Function], name: str, overload: str) -> Callable[..., Any]:
    return next(paying(one) for one in functions[name].overloads if one.id == overload)


def _tested(functions: Mapping[str, Function], name: str, overload: str) -> Callable[..., Any]:
    function = functions[name]
    return next(paying_overload(function, one) for one in function.overloads if one.id == overload)


def _dispatch(functions: Mapping[str, Function], *shape: Any) -> Callable[..., Any]:
    name, receiver, arity = shape
    return paying_dispatcher(functions[name], receiver, arity)


_RESOLVERS: Final[Mapping[str, Callable[..., Any]]] = {
    "call": _call,
    "dispatch": _dispatch,
    "tested": _tested,
    "texts": lambda functions, *members: frozenset(members),
    "uint": lambda functions, number: Uint(number),
    "type": lambda functions, name: TypeValue(name),
    "double": lambda functions, text: float(text),
}
