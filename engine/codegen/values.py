"""Values of the policy languages, and the only ways to compare them.

A value is str, None, bool, int, list, dict with str keys, `Number`, `Set` or `Object`. Python's own `==` is wrong
for them (`True == 1`, nested too): use `equal`, or `key` for membership. Values are never mutated once made.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, Union, final

from lockgate.engine.codegen.budget import MAX_DEPTH, MAX_INTEGER_DIGITS
from lockgate.engine.codegen.meter import charge, on_its_own
from lockgate.engine.errors import InputError

Value = Union[None, bool, int, str, "Number", list["Value"], dict[str, "Value"], "Set", "Object"]
# The functions below take `Any` where they tell the kinds of values apart by `type`, which checkers cannot follow.
# A hashable stand-in for a value: equal exactly when the values are.
Key = Any


@final
class Undefined:
    """The type of `UNDEFINED`, the absence of a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()

# A value made of shared parts may be small in memory and never end when it is shown. 3 MB of JSON have half of it.
MAX_VALUES: Final = 3_000_000

# An exponent beyond this is refused, as by OPA, whose limit is 2 to the power of 100,000.
MAX_EXPONENT: Final = 30_102


@final
class Number:
    """A number that is not written as an integer. Keeps its text (`1.0`, `0.10`, `1e400`), compares exactly."""

    __slots__ = ("exact", "text")

    def __init__(self, text: str) -> None:
        try:
            exact = Decimal(text)
        except InvalidOperation as error:
            raise InputError(f"{text[:40]!r} is not a number") from error
        if not exact.is_finite() or abs(exact.adjusted()) > MAX_EXPONENT:
            raise InputError(f"the number {text[:40]!r} is out of range")
        if len(text) > MAX_INTEGER_DIGITS:
            raise InputError(f"a number of {len(text)} digits is over the limit of {MAX_INTEGER_DIGITS}")
        self.text: Final = text
        self.exact: Final = exact

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Number):
            return self.exact == other.exact
        return type(other) is int and self.exact == other

    def __lt__(self, other: "int | Number") -> bool:
        return self.exact < (other.exact if type(other) is Number else other)

    def __gt__(self, other: "int | Number") -> bool:
        return self.exact > (other.exact if type(other) is Number else other)

    def __le__(self, other: "int | Number") -> bool:
        return self.exact <= (other.exact if type(other) is Number else other)

    def __ge__(self, other: "int | Number") -> bool:
        return self.exact >= (other.exact if type(other) is Number else other)

    def __hash__(self) -> int:
        return hash(self.exact)

    def __repr__(self) -> str:
        return f"Number({self.text!r})"


def first_of_equal(values: "Iterable[Value]") -> "dict[Key, Value]":
    """The values by key; of equal ones, such as 1 and 1.0, the first."""
    members: dict[Key, Value] = {}
    for value in values:
        name = value if type(value) is str else key(value)
        if name not in members:
            members[name] = value
    return members


@final
class Set:
    """A set of values: `members` maps each member's key to the member.

    Keys of whole objects are costly, and many sets are only iterated: a set that is made from values which are known
    to differ (`of_distinct`) holds these in `distinct`, and makes `members` when it is first asked for them.
    """

    __slots__ = ("distinct", "members")

    distinct: list[Value] | None
    members: dict[Key, Value]

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self.distinct = None
        self.members = first_of_equal(values)

    @classmethod
    def of_members(cls, members: dict[Key, Value]) -> "Set":
        """A set over a ready table of members, which it takes over."""
        made = cls.__new__(cls)
        made.distinct = None
        made.members = members
        return made

    @classmethod
    def of_distinct(cls, values: list[Value]) -> "Set":
        """A set of values of which no two are equal; it takes over the list."""
        made = cls.__new__(cls)
        made.distinct = values
        return made

    if not TYPE_CHECKING:  # A checker would take any attribute for given.

        def __getattr__(self, name: str) -> Any:
            # Asked only where a slot is empty.
            if name != "members":
                raise AttributeError(name)
            with on_its_own():
                self.members = members = {key(value): value for value in self.distinct}
            return members

    def __contains__(self, value: Value) -> bool:
        return key(value) in self.members

    def __len__(self) -> int:
        return len(self.members) if self.distinct is None else len(self.distinct)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.members.values() if self.distinct is None else self.distinct)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Set) and self.members.keys() == other.members.keys()

    __hash__ = None  # type: ignore[assignment]  # Equal sets are told by `key`.

    def __repr__(self) -> str:
        return f"Set({list(self)!r})"


@final
class Object:
    """An object of which at least one key is no string: `members` maps each key's key to (key, value)."""

    __slots__ = ("members",)

    def __init__(self, members: dict[Key, tuple[Value, Value]]) -> None:
        self.members: dict[Key, tuple[Value, Value]] = members

    def __len__(self) -> int:
        return len(self.members)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Object) and equal(self, other)

    __hash__ = None  # type: ignore[assignment]  # Equal objects are told by `key`.

    def __repr__(self) -> str:
        return f"Object({list(self.members.values())!r})"


@final
class _BooleanKey:
    """Stands for a boolean inside keys, where it must not meet 0 or 1."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


_TRUE: Final = _BooleanKey("true")
_FALSE: Final = _BooleanKey("false")


def key(value: Any) -> Key:
    """A hashable key: `key(a) == key(b)` exactly when `equal(a, b)`."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is Number:
        return value
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    # A member's part of a key takes some 200 bytes.
    charge(8 + 8 * len(value))
    if kind is list:
        return ("[", *[item if type(item) is str else key(item) for item in value])
    if kind is dict:
        # Most members are strings, which are their own keys.
        pairs = [(name, item if type(item) is str else key(item)) for name, item in value.items()]
        return ("{", frozenset(pairs))
    if kind is Set:
        return ("<", frozenset(value.members))
    if kind is Object:
        return ("{", frozenset([(k, key(item)) for k, (_, item) in value.members.items()]))
    raise TypeError(f"{kind.__name__} is no value")


def equal(left: Any, right: Any) -> bool:
    """Rego's and CEL's equality: by value, `1 == 1.0`, booleans equal booleans only."""
    kind = type(left)
    if kind is str or left is None:
        return bool(left == right)
    if kind is bool:
        return left is right
    other = type(right)
    if kind is int or kind is Number:
        return (other is int or other is Number) and bool(left == right)
    if kind is not other or len(left) != len(right):
        return False
    if left is right:
        return True
    charge(len(left))
    if kind is list:
        return all(map(equal, left, right))
    if kind is dict:
        for name, item in left.items():
            if name not in right or not equal(item, right[name]):
                return False
        return True
    if kind is Set:
        return bool(left.members.keys() == right.members.keys())
    return bool(key(left) == key(right))


def sort_key(value: Any) -> Any:
    """A key for Rego's total order: null, booleans, numbers, strings, arrays, objects, sets."""
    kind = type(value)
    if kind is str:
        return (3, value)
    if kind is int or kind is Number:
        return (2, value)
    if value is None:
        return (0,)
    if kind is bool:
        return (1, value)
    charge(4 + 4 * len(value))
    if kind is list:
        return (4, tuple(map(sort_key, value)))
    if kind is dict:
        return (5, tuple([((3, k), sort_key(value[k])) for k in sorted(value)]))
    if kind is Object:
        pairs = [(sort_key(k), sort_key(item)) for k, item in value.members.values()]
        return (5, tuple(sorted(pairs)))
    if kind is Set:
        return (6, tuple(sorted(map(sort_key, value.members.values()))))
    raise TypeError(f"{kind.__name__} is no value")


def compare(left: Value, right: Value) -> int:
    """-1, 0 or 1 in Rego's total order."""
    first, second = sort_key(left), sort_key(right)
    if first < second:
        return -1
    return 1 if second < first else 0


def ordered(values: Iterable[Value]) -> list[Value]:
    """The values in Rego's total order."""
    found = list(values)
    if len(found) < 2:
        return found
    if _TEXTS.issuperset(map(type, found)):
        # Python's order of strings is Rego's.
        return sorted(found)  # type: ignore[type-var]
    return sorted(found, key=sort_key)


_TEXTS: Final = frozenset({str})


def object_items(value: "dict[str, Value] | Object") -> list[tuple[Value, Value]]:
    """The (key, value) pairs of an object, in the order of its keys."""
    if type(value) is dict:
        return [(name, value[name]) for name in sorted(value)]
    assert type(value) is Object
    return sorted(value.members.values(), key=lambda pair: sort_key(pair[0]))


def make_object(pairs: Iterable[tuple[Value, Value]]) -> "dict[str, Value] | Object":
    """An object from (key, value) pairs: of equal keys, such as 1 and 1.0, the first with the last value."""
    plain: dict[str, Value] = {}
    general: dict[Key, tuple[Value, Value]] | None = None
    for name, item in pairs:
        if general is None and type(name) is str:
            plain[name] = item
            continue
        if general is None:
            general = {k: (k, v) for k, v in plain.items()}
        k = key(name)
        present = general.get(k)
        general[k] = (name if present is None else present[0], item)
    return plain if general is None else Object(general)


def type_name(value: Any) -> str:
    """The type's name as Rego's `type_name` gives it."""
    kind = type(value)
    if kind is str:
        return "string"
    if kind is int or kind is Number:
        return "number"
    if value is None:
        return "null"
    if kind is bool:
        return "boolean"
    if kind is list:
        return "array"
    return "set" if kind is Set else "object"


def make_number(text: str) -> "int | Number":
    """The value of a JSON number literal: an int where it is written as one, else a Number with that text."""
    if "." in text or "e" in text or "E" in text:
        return Number(text)
    if len(text) > MAX_INTEGER_DIGITS:
        raise InputError(f"an integer of {len(text)} digits is over the limit of {MAX_INTEGER_DIGITS}")
    # A negative zero keeps its sign when it is shown.
    return int(text) or (Number(text) if text[0] == "-" else 0)


def _refuse_constant(text: str) -> Any:
    raise InputError(f"{text} is not valid JSON")


def parse_json(text: str | bytes) -> Value:
    """A value from JSON text; number literals are kept. Raises InputError, for too deep nesting too."""
    try:
        value: Value = json.loads(
            text, parse_float=make_number, parse_int=make_number, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise InputError(f"nested deeper than {MAX_DEPTH} levels") from error
    except json.JSONDecodeError as error:
        raise InputError(f"invalid JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise InputError("invalid JSON: not UTF-8") from error
    if isinstance(text, bytes):
        brackets = text.count(b"{") + text.count(b"[")
    else:
        brackets = text.count("{") + text.count("[")
    if brackets > MAX_DEPTH or len(text) > MAX_VALUES:
        # Where there are fewer, nothing is deeper; and to go through a value takes as long as to read it.
        check_depth(value)
    return value


def check_depth(value: Value, limit: int = MAX_DEPTH) -> None:
    """Raises InputError when the value is nested deeper than `limit` or endless to go through; uses no recursion."""
    level: list[Any] = [value]
    seen = 0
    for _ in range(limit + 1):
        deeper: list[Any] = []
        for item in level:
            if type(item) is list:
                deeper.extend(item)
            elif type(item) is dict:
                deeper.extend(item.values())
            elif type(item) is Set:
                deeper.extend(item)
            elif type(item) is Object:
                for pair in item.members.values():
                    deeper.extend(pair)
            if seen + len(deeper) > MAX_VALUES:
                raise InputError(f"of more than {MAX_VALUES} values")
        if not deeper:
            return
        seen += len(deeper)
        level = [item for item in deeper if type(item) in (list, dict, Set, Object)]
    raise InputError(f"nested deeper than {limit} levels")


def quote(text: str) -> str:
    """The string as a JSON literal, other characters than controls, quotes and backslashes as they are."""
    return encode_basestring(text)


_ESCAPES: Final = {
    7: "\\a",
    8: "\\b",
    9: "\\t",
    10: "\\n",
    11: "\\v",
    12: "\\f",
    13: "\\r",
    34: '\\"',
    92: "\\\\",
}


def quote_rego(text: str) -> str:
    """The string as OPA prints it inside of a value: a Go literal, whose escapes are not those of JSON."""
    if text.isprintable():
        return quote(text)
    shown = []
    for char in text:
        code = ord(char)
        if code in _ESCAPES:
            shown.append(_ESCAPES[code])
        elif char.isprintable():
            shown.append(char)
        elif code < 0x20 or code == 0x7F:
            shown.append(f"\\x{code:02x}")
        else:
            shown.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(shown) + '"'


def _render(value: Any, write_set: Callable[[list[str]], str], comma: str, colon: str) -> str:
    kind = type(value)
    if kind is str:
        return quote(value) if comma == "," else quote_rego(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is Number:
        return str(value.text)
    charge(len(value))
    if kind is list:
        return "[" + comma.join([_render(v, write_set, comma, colon) for v in value]) + "]"
    if kind is Set:
        members = ordered(value.members.values())
        return write_set([_render(v, write_set, comma, colon) for v in members])
    rendered = []
    for name, item in object_items(value):
        shown = _render(name, write_set, comma, colon)
        if comma == "," and type(name) is not str:
            shown = quote(shown)
        rendered.append(shown + colon + _render(item, write_set, comma, colon))
    return "{" + comma.join(rendered) + "}"


def render_json(value: Value) -> str:
    """Compact JSON with sorted keys; a set is a sorted array, a key that is no string its JSON as a string."""
    return _render(value, lambda members: "[" + ",".join(members) + "]", ",", ":")


def render_rego(value: Value) -> str:
    """The value as Rego writes it: `{"a": 1}`, `{1, 2}`, `set()`."""
    return _render(value, lambda members: "{" + ", ".join(members) + "}" if members else "set()", ", ", ": ")
