"""Builtins as Python expressions, for operands of the usual types; for others the builtin itself is called."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.engine.codegen.literals import literal
from lockgate.engine.codegen.writer import is_name
from lockgate.engine.rego.ast import ArrayTerm, Scalar, Term


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand: its term and the Python name or literal that has its value."""

    term: Term
    atom: str

    def is_string(self) -> bool:
        """Is it a literal string?"""
        return isinstance(self.term, Scalar) and type(self.term.value) is str

    def must_be(self, kind: str) -> str:
        """A guard on its type; empty where a literal needs none."""
        if isinstance(self.term, Scalar) and type(self.term.value).__name__ == kind:
            return ""
        return f"type({self.atom}) is {kind}"


@dataclass(frozen=True, slots=True)
class Inline:
    """An expression that holds under a guard (empty: always). `is_condition`: its value is a boolean."""

    expression: str
    guard: str = ""
    is_condition: bool = False


def _all(*guards: str) -> str:
    return " and ".join([guard for guard in dict.fromkeys(guards) if guard])


def _method(name: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        text, part = operands
        guard = _all(text.must_be("str"), part.must_be("str"))
        return Inline(f"{text.atom}.{name}({part.atom})", guard, is_condition=True)

    return build


def _contains(operands: Sequence[Operand]) -> Inline:
    text, part = operands
    guard = _all(text.must_be("str"), part.must_be("str"))
    return Inline(f"{part.atom} in {text.atom}", guard, is_condition=True)


def _kind(*kinds: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        atom = operands[0].atom
        tests = " or ".join([f"type({atom}) is {kind}" for kind in kinds])
        return Inline(f"({tests})", is_condition=True)

    return build


def _is_null(operands: Sequence[Operand]) -> Inline | None:
    if not is_name(operands[0].atom):
        return None  # Python warns of `is` beside a literal.
    return Inline(f"{operands[0].atom} is None", is_condition=True)


def _count(operands: Sequence[Operand]) -> Inline:
    atom = operands[0].atom
    kinds = " or ".join([f"type({atom}) is {kind}" for kind in ("list", "Set", "dict", "str")])
    return Inline(f"len({atom})", f"({kinds})")


def _object_get(operands: Sequence[Operand]) -> Inline:
    value, part, default = operands
    guard = _all(value.must_be("dict"), part.must_be("str"))
    return Inline(f"{value.atom}.get({part.atom}, {default.atom})", guard)


def _sum(operator: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        left, right = operands
        guard = _all(left.must_be("int"), right.must_be("int"))
        return Inline(f"{left.atom} {operator} {right.atom}", guard)

    return build


def _minus(operands: Sequence[Operand]) -> Inline:
    left, right = operands
    plain = _sum("-")(operands)
    if isinstance(left.term, Scalar) or isinstance(right.term, Scalar):
        return plain
    sets = f"type({left.atom}) is Set and type({right.atom}) is Set"
    expression = (
        f"({plain.expression} if type({left.atom}) is int else difference({left.atom}, {right.atom}))"
    )
    return Inline(expression, f"({plain.guard} or {sets})")


def _trim(method: str) -> Callable[[Sequence[Operand]], Inline]:
    def build(operands: Sequence[Operand]) -> Inline:
        text, part = operands
        guard = _all(text.must_be("str"), part.must_be("str"))
        return Inline(f"{text.atom}.{method}({part.atom})", guard)

    return build


def _substring(operands: Sequence[Operand]) -> Inline:
    text, start, length = operands
    guard = _all(text.must_be("str"), start.must_be("int"), length.must_be("int"), f"{start.atom} >= 0")
    cut = f"{text.atom}[{start.atom} : {start.atom} + {length.atom}]"
    return Inline(f"({text.atom}[{start.atom} :] if {length.atom} < 0 else {cut})", guard)


def _replace(operands: Sequence[Operand]) -> Inline | None:
    text, old, new = operands
    if not (old.is_string() and new.is_string() and old.atom not in ("''", '""')):
        return None
    # Longer texts are the builtin's, which counts what it makes.
    guard = _all(text.must_be("str"), f"len({text.atom}) < 1000")
    return Inline(f"{text.atom}.replace({old.atom}, {new.atom})", guard)


def _lower(operands: Sequence[Operand]) -> Inline:
    text = operands[0]
    return Inline(f"{text.atom}.lower()", _all(text.must_be("str"), f"{text.atom}.isascii()"))


_BUILDERS: Final[Mapping[str, Callable[[Sequence[Operand]], Inline | None]]] = {
    "contains": _contains,
    "count": _count,
    "endswith": _method("endswith"),
    "is_array": _kind("list"),
    "is_boolean": _kind("bool"),
    "is_null": _is_null,
    "is_number": _kind("int", "Number"),
    "is_object": _kind("dict", "Object"),
    "is_set": _kind("Set"),
    "is_string": _kind("str"),
    "lower": _lower,
    "minus": _minus,
    "object.get": _object_get,
    "plus": _sum("+"),
    "replace": _replace,
    "startswith": _method("startswith"),
    "substring": _substring,
    "trim_prefix": _trim("removeprefix"),
    "trim_suffix": _trim("removesuffix"),
}


def inline(name: str, operands: Sequence[Operand]) -> Inline | None:
    """The expression for a call of a builtin, or None where there is none."""
    build = _BUILDERS.get(name)
    # A number literal takes no method; such calls are the builtin's.
    if build is None or not (is_name(operands[0].atom) or operands[0].is_string()):
        return None
    return build(operands)


# `%v`, `%s`, `%d` and `%%` without flags; other formats are left to the builtin.
# Python's compiler takes a chain of so many additions, and not of thousands.
_MOST_PARTS = 200
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
    if items or len(parts) > _MOST_PARTS:
        return None
    parts.append(term.value[start:])
    return [part for part in parts if part != ""]


def format_expression(parts: Sequence[str | tuple[str, str]]) -> Inline:
    """The text of a format whose arguments are Python names, with the guard under which it is right."""
    guards: list[str] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(literal(part))
            continue
        verb, atom = part
        if verb == "d":
            guards.append(f"type({atom}) is int")
            texts.append(f"str({atom})")
        else:
            if verb == "s":
                guards.append(f"type({atom}) is not Number and type({atom}) is not int")
            texts.append(f"({atom} if type({atom}) is str else text_of({atom}))")
    return Inline(" + ".join(texts) if texts else "''", _all(*guards))
