"""Builtins as Python expressions, for operands of the usual types; for others the builtin itself is called."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.engine.codegen.literals import literal
from lockgate.engine.codegen.values import Set, Undefined, Value
from lockgate.engine.codegen.writer import is_name
from lockgate.engine.rego.ast import ArrayTerm, Scalar, Term
from lockgate.engine.rego.constant_terms import Unknown

_LONG_TEXT: Final = 1_000
_LARGE_SET: Final = 256
_MOST_AFFIXES: Final = 64
_WORD: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand: the Python name or literal that has its value, the value where it is known, and its type's name."""

    atom: str
    value: Value | Undefined | Unknown
    kind: str
    # Is it a set that has its table of members already?
    keyed: bool = False

    def length(self) -> str:
        """The expression for its length."""
        return f"len({self.atom}.members)" if self.keyed else f"len({self.atom})"

    def is_string(self) -> bool:
        """Is it a literal string?"""
        return type(self.value) is str

    def is_known(self) -> bool:
        """Is its value known?"""
        return not isinstance(self.value, Unknown)

    def must_be(self, kind: str) -> str:
        """A guard on its type; empty where it is known to be right."""
        return "" if self.kind == kind else f"type({self.atom}) is {kind}"

    def may_be(self, kind: str) -> bool:
        """Can it have this type?"""
        return self.kind in ("", kind)

    def must_be_short(self) -> str:
        """A guard on a string's length: what is made of longer ones is the builtin's, which pays for it."""
        if isinstance(self.value, str) and len(self.value) < _LONG_TEXT:
            return ""
        return f"len({self.atom}) < {_LONG_TEXT}"


@dataclass(frozen=True, slots=True)
class Inline:
    """An expression that holds under a guard (empty: always). `is_condition`: its value is a boolean.

    kind: the name of the type of its value, where no guard is needed.
    """

    expression: str
    guard: str = ""
    is_condition: bool = False
    kind: str = ""


def _all(*guards: str) -> str:
    return " and ".join([guard for guard in dict.fromkeys(guards) if guard])


def _method(name: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        text, part = operands
        guard = _all(text.must_be("str"), part.must_be("str"))
        return Inline(f"{text.atom}.{name}({part.atom})", guard, is_condition=True, kind="bool")

    return build


def _contains(operands: Sequence[Operand]) -> Inline:
    text, part = operands
    guard = _all(text.must_be("str"), part.must_be("str"))
    return Inline(f"{part.atom} in {text.atom}", guard, is_condition=True, kind="bool")


def _kind(*kinds: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        operand = operands[0]
        if operand.kind:
            return Inline(repr(operand.kind in kinds), is_condition=True, kind="bool")
        tests = " or ".join([f"type({operand.atom}) is {kind}" for kind in kinds])
        return Inline(f"({tests})", is_condition=True, kind="bool")

    return build


def _is_null(operands: Sequence[Operand]) -> Inline | None:
    if not is_name(operands[0].atom):
        return None  # Python warns of `is` beside a literal.
    return Inline(f"{operands[0].atom} is None", is_condition=True, kind="bool")


# Arrays of fewer elements cost nothing (`reserve_slots`); what becomes longer is the builtin's, which pays for it.
_SHORT_ARRAY: Final = 9


def _array_concat(operands: Sequence[Operand]) -> Inline:
    left, right = operands
    guard = _all(
        left.must_be("list"), right.must_be("list"), f"len({left.atom}) + len({right.atom}) < {_SHORT_ARRAY}"
    )
    return Inline(f"{left.atom} + {right.atom}", guard, kind="list")


_COUNTED: Final = ("list", "Set", "dict", "str")


def _count(operands: Sequence[Operand]) -> Inline:
    atom = operands[0].atom
    if operands[0].kind in _COUNTED:
        return Inline(operands[0].length(), kind="int")
    kinds = " or ".join([f"type({atom}) is {kind}" for kind in _COUNTED])
    return Inline(f"len({atom})", f"({kinds})", kind="int")


def _object_get(operands: Sequence[Operand]) -> Inline:
    value, part, default = operands
    guard = _all(value.must_be("dict"), part.must_be("str"))
    return Inline(f"{value.atom}.get({part.atom}, {default.atom})", guard)


def _sum(operator: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        left, right = operands
        # What grows beyond a machine's word is the builtin's, which bounds it.
        small = [f"-{_WORD} < {o.atom} < {_WORD}" for o in operands if type(o.value) is not int]
        guard = _all(left.must_be("int"), right.must_be("int"), *small)
        return Inline(f"{left.atom} {operator} {right.atom}", guard, kind="int")

    return build


# A product with a factor below this grows by few digits at a time.
_SMALL_FACTOR: Final = 2**64


def _product(operands: Sequence[Operand]) -> Inline | None:
    """A product with a known integer."""
    left, right = operands
    for known, other in ((left, right), (right, left)):
        if type(known.value) is int and abs(known.value) < _SMALL_FACTOR:
            guard = _all(other.must_be("int"), f"-{_SMALL_FACTOR} < {other.atom} < {_SMALL_FACTOR}")
            return Inline(f"{left.atom} * {right.atom}", guard, kind="int")
    return None


def _minus(operands: Sequence[Operand]) -> Inline:
    left, right = operands
    difference = f"difference({left.atom}, {right.atom})"
    plain = _sum("-")(operands)
    if not (left.may_be("Set") and right.may_be("Set")):
        return plain
    is_small = isinstance(left.value, Set) and len(left.value) < _LARGE_SET
    sets = _all(
        left.must_be("Set"), right.must_be("Set"), "" if is_small else f"{left.length()} < {_LARGE_SET}"
    )
    if not (left.may_be("int") and right.may_be("int")):
        return Inline(difference, sets, kind="Set")
    expression = f"({plain.expression} if type({left.atom}) is int else {difference})"
    return Inline(expression, f"({plain.guard} or {sets})")


def _trim(method: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        text, part = operands
        guard = _all(text.must_be("str"), part.must_be("str"), text.must_be_short())
        return Inline(f"{text.atom}.{method}({part.atom})", guard, kind="str")

    return build


def _substring(operands: Sequence[Operand]) -> Inline:
    text, start, length = operands
    guard = _all(text.must_be("str"), start.must_be("int"), length.must_be("int"), f"{start.atom} >= 0")
    guard = _all(guard, text.must_be_short())
    cut = f"{text.atom}[{start.atom} : {start.atom} + {length.atom}]"
    return Inline(f"({text.atom}[{start.atom} :] if {length.atom} < 0 else {cut})", guard, kind="str")


def _replace(operands: Sequence[Operand]) -> Inline | None:
    text, old, new = operands
    if not (old.is_string() and new.is_string() and old.atom not in ("''", '""')):
        return None
    longest = _LONG_TEXT // max(1, len(str(new.value)))
    guard = _all(text.must_be("str"), f"len({text.atom}) < {longest}")
    return Inline(f"{text.atom}.replace({old.atom}, {new.atom})", guard, kind="str")


def _lower(operands: Sequence[Operand]) -> Inline:
    text = operands[0]
    guard = _all(text.must_be("str"), f"{text.atom}.isascii()", text.must_be_short())
    return Inline(f"{text.atom}.lower()", guard, kind="str")


def _strings(operand: Operand) -> list[str] | None:
    """The members of a known array or set of strings; None for others."""
    if not isinstance(operand.value, list | Set):
        return None
    members = [member for member in operand.value if isinstance(member, str)]
    return members if len(members) == len(operand.value) else None


def _any_match(method: str) -> Callable[[Sequence[Operand]], Inline | None]:
    def build(operands: Sequence[Operand]) -> Inline | None:
        text, parts = operands
        known = _strings(parts)
        if known is None or len(known) > _MOST_AFFIXES:
            return None  # The builtin pays for each.
        choices = "(" + "".join([f"{literal(part)}, " for part in known]) + ")"
        return Inline(f"{text.atom}.{method}({choices})", text.must_be("str"), is_condition=True, kind="bool")

    return build


def _member(operands: Sequence[Operand]) -> Inline | None:
    item, collection = operands
    known = _strings(collection)
    if not known:
        return None
    choices = "{" + ", ".join([literal(part) for part in known]) + "}"
    if item.kind == "str":
        return Inline(f"{item.atom} in {choices}", is_condition=True, kind="bool")
    return Inline(f"(type({item.atom}) is str and {item.atom} in {choices})", is_condition=True, kind="bool")


_BUILDERS: Final[Mapping[str, Callable[[Sequence[Operand]], Inline | None]]] = {
    "array.concat": _array_concat,
    "contains": _contains,
    "count": _count,
    "endswith": _method("endswith"),
    "internal.member_2": _member,
    "is_array": _kind("list"),
    "is_boolean": _kind("bool"),
    "is_null": _is_null,
    "is_number": _kind("int", "Number"),
    "is_object": _kind("dict", "Object"),
    "is_set": _kind("Set"),
    "is_string": _kind("str"),
    "lower": _lower,
    "minus": _minus,
    "mul": _product,
    "object.get": _object_get,
    "plus": _sum("+"),
    "replace": _replace,
    "startswith": _method("startswith"),
    "strings.any_prefix_match": _any_match("startswith"),
    "strings.any_suffix_match": _any_match("endswith"),
    "substring": _substring,
    "trim_prefix": _trim("removeprefix"),
    "trim_suffix": _trim("removesuffix"),
}


# The types of what builtins give where they give anything.
RESULT_KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("count", "indexof"), "int"),
    **dict.fromkeys(
        (
            *("concat", "format_int", "lower", "upper", "replace", "sprintf", "substring", "type_name"),
            *("trim", "trim_left", "trim_right", "trim_prefix", "trim_suffix", "trim_space"),
            *("json.marshal", "strings.reverse", "strings.replace_n", "regex.replace"),
        ),
        "str",
    ),
    **dict.fromkeys(
        ("array.concat", "array.reverse", "array.slice", "split", "sort", "numbers.range", "regex.split"),
        "list",
    ),
    **dict.fromkeys(("and", "or", "intersection", "union", "object.keys"), "Set"),
    **dict.fromkeys(
        (
            *("startswith", "endswith", "contains", "regex.match", "glob.match", "internal.member_2"),
            *("strings.any_prefix_match", "strings.any_suffix_match", "regex.is_valid", "json.is_valid"),
        ),
        "bool",
    ),
}


# What builtins that give true say of the types of their arguments.
NARROWING: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("startswith", "endswith", "contains", "regex.match"), ("str", "str")),
    "is_array": ("list",),
    "is_boolean": ("bool",),
    "is_set": ("Set",),
    "is_string": ("str",),
}


def has_inline(name: str) -> bool:
    """Are there expressions for calls of a builtin?"""
    return name in _BUILDERS or name in ("regex.match", "re_match")


def inline(name: str, operands: Sequence[Operand]) -> Inline | None:
    """The expression for a call of a builtin, or None where there is none."""
    build = _BUILDERS.get(name)
    # A number literal takes no method; such calls are the builtin's.
    if build is None or not (is_name(operands[0].atom) or operands[0].is_string()):
        return None
    return build(operands)


# `%v`, `%s`, `%d` and `%%` without flags; other formats are left to the builtin.
# Python's compiler takes a chain of so many additions, and not of thousands.
MOST_PARTS = 24
_VERB = re.compile(r"%(.)?", re.DOTALL)


def format_parts(term: Term, arguments: Term) -> list[str | tuple[str, Term]] | None:
    """A literal format divided into texts and (verb, argument); None where the builtin has to do it."""
    if not isinstance(term, Scalar) or not isinstance(arguments, ArrayTerm) or type(term.value) is not str:
        return None
    items = list(arguments.items)
    parts: list[str | tuple[str, Term]] = []
    start = 0
    for match in _VERB.finditer(term.value):
        parts.append(term.value[start : match.start()])
        start = match.end()
        verb = match.group(1)
        if verb == "%":
            parts.append("%")
        elif verb in ("v", "s", "d") and items:
            parts.append((verb, items.pop(0)))
        else:
            return None
    if items or len(parts) > MOST_PARTS:
        return None
    parts.append(term.value[start:])
    return [part for part in parts if part != ""]


def format_expression(parts: Sequence[str | tuple[str, Operand]]) -> Inline:
    """The text of a format, with the guard under which it is right."""
    guards: list[str] = []
    texts: list[str] = []
    literals: list[str] = []

    def flush() -> None:
        if literals:
            texts.append(literal("".join(literals)))
            literals.clear()

    for part in parts:
        if isinstance(part, str):
            literals.append(part)
            continue
        verb, operand = part
        if isinstance(operand.value, str):
            literals.append(operand.value)
            continue
        flush()
        atom = operand.atom
        if verb == "d":
            guards.append(operand.must_be("int"))
            texts.append(f"str({atom})")
            continue
        if verb == "s" and operand.kind != "str":
            guards.append(f"type({atom}) is not Number and type({atom}) is not int")
        if operand.kind == "str":
            texts.append(atom)
        elif operand.kind:
            texts.append(f"text_of({atom})")
        else:
            texts.append(f"({atom} if type({atom}) is str else text_of({atom}))")
    flush()
    return Inline(" + ".join(texts) if texts else "''", _all(*guards), kind="str")
