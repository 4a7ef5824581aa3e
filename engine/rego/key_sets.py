"""Comprehensions that collect the keys of a collection: `{k | labels[k]}` and `{k | some k, _ in labels}`."""

from dataclasses import dataclass, replace
from typing import Literal

from lockgate.engine.rego.ast import Comprehension, Ref, SomeInExpr, Term, TermExpr, Var
from lockgate.engine.rego.printing import is_printing
from lockgate.engine.rego.safety import variables


@dataclass(frozen=True, slots=True)
class Keys:
    """rest: the comprehension without its last statement. function: what adds the keys of the collection to a table."""

    rest: Comprehension
    collection: Term
    function: Literal["with_keys", "with_true_keys"]


def find_keys(term: Comprehension, bound: set[str]) -> Keys | None:
    """The parts of a comprehension whose last statement alone binds its value, to each key in turn; None for others."""
    value = term.value
    if (
        term.kind != "set"
        or not isinstance(value, Var)
        or value.name in bound
        or not term.body
        or is_printing(term)
    ):
        return None
    last, rest = term.body[-1], term.body[:-1]
    if value.name in variables(rest):
        return None
    if isinstance(last, SomeInExpr):
        if (
            not _is(last.key, value.name)
            or not _is_wild(last.value)
            or value.name in variables(last.collection)
        ):
            return None
        return Keys(replace(term, body=rest), last.collection, "with_keys")
    if not isinstance(last, TermExpr) or not isinstance(last.term, Ref) or not last.term.operands:
        return None
    *path, key = last.term.operands
    collection = replace(last.term, operands=tuple(path))
    if not _is(key, value.name) or value.name in variables(collection):
        return None
    return Keys(replace(term, body=rest), collection, "with_true_keys")


def _is(term: Term | None, name: str) -> bool:
    return isinstance(term, Var) and term.name == name


def _is_wild(term: Term) -> bool:
    return isinstance(term, Var) and term.name.startswith("$")
