"""Names in messages: what the compiler made of a policy's terms is shown as its author wrote it."""

import re
from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.values import quote, render_json
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Call,
    Comprehension,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Term,
    UnifyExpr,
    Var,
)
from lockgate.engine.rego.safety import shown_name
from lockgate.engine.rego.term_parser import RESERVED, dotted, operator_name

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# Names that OPA shows in brackets.
_KEYWORDS: Final = RESERVED | {"contains", "every", "if", "in"}
# Temporaries that stand for temporaries are followed so far.
_DEEPEST = 8


class ShownNames:
    """Shows references, given what the compiler's temporaries stand for."""

    def __init__(self) -> None:
        self._meant: dict[str, Term] = {}

    def learn(self, statement: UnifyExpr) -> None:
        """Remembers what a temporary stands for, when a statement binds one."""
        left = statement.left
        if isinstance(left, Var) and left.name.startswith("%"):
            self._meant[left.name] = statement.right

    def meant(self, term: Term) -> Term:
        """The term that a temporary stands for; any other term itself."""
        return self._meant.get(term.name, term) if isinstance(term, Var) else term

    def reference(self, reference: Ref, count: int) -> str:
        """The text of a reference with its first `count` operands."""
        return self._reference(reference, count, 0)

    def _reference(self, reference: Ref, count: int, depth: int) -> str:
        pieces = [self._term(reference.head, depth)]
        for operand in reference.operands[:count]:
            if isinstance(operand, Scalar) and type(operand.value) is str:
                name = operand.value
                plain = _PLAIN_NAME.match(name) and name not in _KEYWORDS
                pieces.append(f".{name}" if plain else f"[{quote(name)}]")
            else:
                pieces.append(f"[{self._term(operand, depth)}]")
        return "".join(pieces)

    def _term(self, term: Term, depth: int) -> str:
        if isinstance(term, Scalar):
            return render_json(term.value)
        if isinstance(term, Ref):
            return self._reference(term, len(term.operands), depth)
        if isinstance(term, Var):
            meant = self._meant.get(term.name)
            if meant is None or depth > _DEEPEST:
                return "_" if term.name.startswith("%") else shown_name(term.name)
            return self._term(meant, depth + 1)
        if isinstance(term, ArrayTerm):
            return f"[{self._terms(term.items, depth)}]"
        if isinstance(term, SetTerm):
            return f"{{{self._terms(term.items, depth)}}}" if term.items else "set()"
        if isinstance(term, ObjectTerm):
            pairs = [f"{self._term(k, depth + 1)}: {self._term(v, depth + 1)}" for k, v in term.items]
            return f"{{{', '.join(pairs)}}}"
        if isinstance(term, Call):
            return f"{operator_name(term.function) or dotted(term.function)}({self._terms(term.arguments, depth)})"
        return "{...}" if isinstance(term, Comprehension) and term.kind != "array" else "[...]"

    def _terms(self, terms: Sequence[Term], depth: int) -> str:
        if depth > _DEEPEST:
            return "..."
        return ", ".join([self._term(term, depth + 1) for term in terms])
