"""The compiler's intermediate trees as text: close to Rego, with the names that the compiler has made."""

from collections.abc import Iterator
from typing import Any

from lockgate.engine.codegen.values import render_json
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Call,
    Expr,
    NotExpr,
    ObjectTerm,
    Ref,
    Scalar,
    SomeInExpr,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
)
from lockgate.engine.rego.fusion import Branch, needed_terms
from lockgate.engine.rego.resolve import Alternative, Definition
from lockgate.engine.rego.term_parser import operator_name


def syntax(node: Any) -> str:
    """A node with the names of its class and parts; places and parts that are empty are left out."""
    if isinstance(node, tuple):
        return "[" + ", ".join(map(syntax, node)) + "]"
    if isinstance(node, Scalar):
        return render_json(node.value)
    if isinstance(node, str):
        return repr(node)
    kind = type(node)
    if isinstance(node, Var):
        return f"Var({node.name})"
    names = [name for name in kind.__dataclass_fields__ if name != "location"]
    parts = {name: getattr(node, name) for name in names if getattr(node, name) not in (None, "", ())}
    return f"{kind.__name__}({', '.join([f'{name}={syntax(part)}' for name, part in parts.items()])})"


def term_text(term: Term) -> str:
    """A term. Raises NotImplementedError for those that no page shows."""
    if isinstance(term, Scalar):
        return render_json(term.value)
    if isinstance(term, Var):
        return term.name
    if isinstance(term, Ref):
        return term_text(term.head) + "".join(map(_operand, term.operands))
    if isinstance(term, Call) and operator_name(term.function) is None:
        return f"{term_text(term.function)}({', '.join(map(term_text, term.arguments))})"
    if isinstance(term, ArrayTerm):
        return "[" + ", ".join(map(term_text, term.items)) + "]"
    if isinstance(term, ObjectTerm):
        return "{" + ", ".join([f"{term_text(k)}: {term_text(v)}" for k, v in term.items]) + "}"
    raise NotImplementedError(type(term).__name__)


def _operand(term: Term) -> str:
    is_word = isinstance(term, Scalar) and isinstance(term.value, str) and term.value.isidentifier()
    return f".{term.value}" if isinstance(term, Scalar) and is_word else f"[{term_text(term)}]"


def statement_text(statement: Expr) -> str:
    """A statement. Raises NotImplementedError for those that no page shows."""
    if isinstance(statement, TermExpr):
        return term_text(statement.term)
    if isinstance(statement, UnifyExpr):
        mark = "  # negated" if statement.origin == "negated" else ""
        return f"{term_text(statement.left)} = {term_text(statement.right)}{mark}"
    if isinstance(statement, NotExpr):
        return f"not {statement_text(statement.inner)}"
    if isinstance(statement, SomeInExpr) and statement.key is None:
        return f"some {term_text(statement.value)} in {term_text(statement.collection)}"
    raise NotImplementedError(type(statement).__name__)


def head_text(definition: Definition, alternative: Alternative) -> str:
    """The head of one clause, with its place under `data`."""
    shown = ".".join(["data", *definition.path])
    if alternative.member is not None:
        return f"{shown} contains {term_text(alternative.member)}"
    if definition.is_function:
        shown += f"({', '.join(map(term_text, alternative.arguments))})"
    return f"{shown} = {term_text(alternative.value)}"


def clause_text(definition: Definition) -> str:
    """A rule of one clause."""
    (alternative,) = definition.alternatives
    head = head_text(definition, alternative)
    if not alternative.body:
        return head + "\n"
    lines = [f"\t{statement_text(statement)}\n" for statement in alternative.body]
    return f"{head} if {{\n{''.join(lines)}}}\n"


def branch_lines(branch: Branch, depth: int = 0) -> Iterator[str]:
    """Statements that clauses share, and below them what each goes on with."""
    margin = "\t" * depth
    for statement in branch.statements:
        yield f"{margin}{statement_text(statement)}"
    for end in branch.ends:
        yield f"{margin}-> {', '.join(map(term_text, needed_terms(end)))}"
    for below in branch.branches:
        yield f"{margin}then"
        yield from branch_lines(below, depth + 1)
