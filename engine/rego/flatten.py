"""Flat bodies: every statement does one thing, and what is nested stands before it.

As OPA's compiler does (RewriteExprTerms, RewriteDynamicTerms): arguments and nested references are bound to
locals of their own ahead of the statement, outside of a `not`. So `not f(input.x)` is undefined, not true,
when `input.x` is; only a reference that is negated or compared itself stays inside.
"""

from collections.abc import Callable
from typing import Literal

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    ArrayTerm,
    BlockExpr,
    Body,
    Call,
    Comprehension,
    EveryExpr,
    Expr,
    LogicExpr,
    NotBodyExpr,
    NotExpr,
    ObjectTerm,
    Operand,
    Ref,
    Scalar,
    SetTerm,
    SomeInExpr,
    Template,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    With,
    WithExpr,
    shape,
    walk,
)
from lockgate.engine.rego.printing import PRINT
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.term_parser import builtin_reference, dotted, operator_name

# Gives the number of arguments of a function; None when there is no such function.
ArityOf = Callable[[Ref], int | None]


class Flattener:
    """Flattens resolved bodies. Locals that it makes are named `%1`, `%2`, ….

    literals: are statements such as `true`, which always hold, kept for those who watch, or left out?
    """

    def __init__(self, arity_of: ArityOf, literals: Literal["kept", "left out"] = "left out") -> None:
        self._arity_of = arity_of
        self._literals = literals
        self._counter = 0
        # Is what is bound ahead now a reference of a statement under `not`?
        self._origin: Literal["negated", ""] = ""

    def alternative(self, alternative: Alternative) -> Alternative:
        """The alternative with flat body; what head terms need is appended to the body."""
        statements = list(self.body(alternative.body))
        arguments = tuple(self._argument(argument, statements) for argument in alternative.arguments)
        tail = tuple(self._simple(element, statements) for element in alternative.tail)
        member = None if alternative.member is None else self._simple(alternative.member, statements)
        value = self._simple(alternative.value, statements)
        return Alternative(alternative.location, arguments, tail, member, value, tuple(statements))

    def _argument(self, argument: Term, out: list[Expr]) -> Term:
        """A function's argument; one that has to be evaluated is compared after the body."""
        if not any(isinstance(part, Ref | Call | Comprehension | Template) for part in walk(argument)):
            return argument
        local = self._temporary(argument.location)
        self._statement(UnifyExpr(argument.location, local, argument), out)
        return local

    def body(self, body: Body) -> Body:
        """The flat form of a body."""
        outer, self._origin = self._origin, ""
        statements: list[Expr] = []
        for statement in body:
            self._statement(statement, statements)
        self._origin = outer
        return tuple(statements)

    def _temporary(self, location: Location) -> Var:
        self._counter += 1
        return Var(location, f"%{self._counter}")

    def _bind(self, term: Term, out: list[Expr]) -> Var:
        local = self._temporary(term.location)
        origin: Literal["negated", ""] = self._origin if isinstance(term, Ref) else ""
        out.append(UnifyExpr(term.location, local, term, origin))
        return local

    def _statement(self, statement: Expr, out: list[Expr]) -> None:
        location = statement.location
        if isinstance(statement, TermExpr):
            always = isinstance(statement.term, Scalar) and statement.term.value is not False
            if always and self._literals == "left out":
                return  # `true` holds always.
            out.append(self._term_statement(location, statement.term, out))
        elif isinstance(statement, UnifyExpr):
            left = self._side(statement.left, out)
            right = self._side(statement.right, out)
            if isinstance(left, Call) and isinstance(right, Call):
                left = self._bind(left, out)
            out.append(UnifyExpr(location, left, right, statement.origin))
        elif isinstance(statement, SomeInExpr):
            collection = self._simple(statement.collection, out)
            key = None if statement.key is None else self._simple(statement.key, out)
            out.append(SomeInExpr(location, key, self._simple(statement.value, out), collection))
        elif isinstance(statement, EveryExpr):
            domain = self._simple(statement.domain, out)
            body = self.body(statement.body)
            out.append(EveryExpr(location, statement.key, statement.value, domain, body))
        elif isinstance(statement, NotExpr):
            self._origin = "negated"
            out.append(NotExpr(location, self._negated(statement.inner, out)))
            self._origin = ""
        elif isinstance(statement, NotBodyExpr):
            out.append(NotBodyExpr(location, self._operand(statement.operand)))
        elif isinstance(statement, LogicExpr):
            operands = tuple(self._operand(operand) for operand in statement.operands)
            out.append(LogicExpr(location, statement.operator, operands))
        elif isinstance(statement, WithExpr):
            modifiers = []
            for modifier in statement.modifiers:
                replaces_function = self._arity_of(modifier.target) is not None
                value = modifier.value
                value = self._with_value(value, out) if replaces_function else self._simple(value, out)
                modifiers.append(With(modifier.location, modifier.target, value))
            inner: list[Expr] = []
            self._statement(statement.inner, inner)
            block: Expr = inner[0] if len(inner) == 1 else BlockExpr(location, tuple(inner))
            out.append(WithExpr(location, block, tuple(modifiers)))
        else:
            assert isinstance(statement, BlockExpr)
            for part in statement.statements:
                self._statement(part, out)

    def _operand(self, operand: Operand) -> Operand:
        return Operand(operand.location, self.body(operand.body), operand.braces)

    def _with_value(self, value: Term, out: list[Expr]) -> Term:
        """The value of a `with` for a function: the name of another one stays a name."""
        if isinstance(value, Ref | Var):
            function = value if isinstance(value, Ref) else Ref(value.location, value, ())
            if self._arity_of(function) is not None:
                head = function.head
                if isinstance(head, Var) and head.name == "data":
                    return function
                return builtin_reference(value.location, dotted(function))
        return self._simple(value, out)

    def _negated(
        self, inner: "TermExpr | UnifyExpr | SomeInExpr | object", out: list[Expr]
    ) -> TermExpr | UnifyExpr | SomeInExpr:
        if isinstance(inner, TermExpr):
            statement = self._term_statement(inner.location, inner.term, out)
            assert isinstance(statement, TermExpr | UnifyExpr)
            return statement
        if isinstance(inner, UnifyExpr):
            left = self._side(inner.left, out)
            right = self._side(inner.right, out)
            left = self._bind(left, out) if isinstance(left, Call) else left
            right = self._bind(right, out) if isinstance(right, Call) else right
            return UnifyExpr(inner.location, left, right)
        assert isinstance(inner, SomeInExpr)
        return SomeInExpr(inner.location, inner.key, inner.value, self._simple(inner.collection, out))

    def _term_statement(self, location: Location, term: Term, out: list[Expr]) -> Expr:
        if isinstance(term, Ref):
            return TermExpr(location, self._direct_reference(term, out))
        if isinstance(term, Call):
            if operator_name(term.function) == "equal":
                left = self._compared(term.arguments[0], out)
                right = self._compared(term.arguments[1], out)
                return TermExpr(location, Call(term.location, term.function, (left, right)))
            if operator_name(term.function) == PRINT:
                return TermExpr(location, self._printing(term, out))
            call = self._call(term, out)
            arity = self._arity_of(call.function)
            if arity is not None and len(call.arguments) == arity + 1:
                # The result as a last argument: `walk(x, [path, value])`.
                short = Call(call.location, call.function, call.arguments[:-1])
                return UnifyExpr(location, call.arguments[-1], short)
            return TermExpr(location, call)
        return TermExpr(location, self._simple(term, out))

    def _compared(self, term: Term, out: list[Expr]) -> Term:
        if isinstance(term, Ref):
            return self._direct_reference(term, out)
        return self._simple(term, out)

    def _side(self, term: Term, out: list[Expr]) -> Term:
        """A side of a unification: a reference, call or comprehension may stand there directly."""
        if isinstance(term, Ref):
            return self._direct_reference(term, out)
        if isinstance(term, Call):
            return self._call(term, out)
        if isinstance(term, Comprehension):
            return self._comprehension(term)
        return self._simple(term, out)

    def _call(self, call: Call, out: list[Expr]) -> Call:
        return Call(call.location, call.function, tuple(self._simple(a, out) for a in call.arguments))

    def _direct_reference(self, reference: Ref, out: list[Expr]) -> Ref:
        head = reference.head
        if not isinstance(head, Var):
            simple = self._simple(head, out)
            head = simple if isinstance(simple, Var) else self._bind(simple, out)
        operands = tuple(self._simple(operand, out) for operand in reference.operands)
        return Ref(reference.location, head, operands)

    def _simple(self, term: Term, out: list[Expr]) -> Term:
        """A term without references, calls and comprehensions; those are bound ahead of it."""
        if isinstance(term, Scalar | Var):
            return term
        if isinstance(term, Ref):
            return self._bind(self._direct_reference(term, out), out)
        if isinstance(term, Call):
            # What a nested call needs is evaluated ahead, whatever is negated.
            outer, self._origin = self._origin, ""
            call = self._call(term, out)
            self._origin = outer
            return self._bind(call, out)
        if isinstance(term, Comprehension):
            return self._bind(self._comprehension(term), out)
        if isinstance(term, ArrayTerm):
            return ArrayTerm(term.location, tuple(self._simple(item, out) for item in term.items))
        if isinstance(term, SetTerm):
            return SetTerm(term.location, tuple(self._simple(item, out) for item in term.items))
        if isinstance(term, ObjectTerm):
            # Of keys that are written alike the last counts, and the values of the others are not evaluated.
            written = {shape(k): (k, v) for k, v in term.items}
            ordered = sorted(written.values(), key=_key_order)
            items = tuple((self._simple(k, out), self._simple(v, out)) for k, v in ordered)
            return ObjectTerm(term.location, items)
        assert isinstance(term, Template)
        parts: list[str | Term | WithExpr] = []
        for part in term.parts:
            if isinstance(part, str | Scalar):
                parts.append(part)
                continue
            # An undefined part is shown as such: collect the part's value into a set.
            parts.append(self._captured(part, "shown", out))
        return self._bind(Template(term.location, tuple(parts)), out)

    def _captured(self, part: Term | WithExpr, role: Literal["printed", "shown"], out: list[Expr]) -> Var:
        """The set of a term's values: it is empty where the term is undefined."""
        local = self._temporary(part.location)
        collected: Expr
        if isinstance(part, WithExpr):
            assert isinstance(part.inner, TermExpr)
            unify = UnifyExpr(part.location, local, part.inner.term)
            collected = WithExpr(part.location, unify, part.modifiers)
        else:
            collected = UnifyExpr(part.location, local, part)
        wrapped = Comprehension(part.location, "set", None, local, (collected,), role)
        return self._bind(self._comprehension(wrapped), out)

    def _printing(self, call: Call, out: list[Expr]) -> Call:
        (operands,) = call.arguments
        assert isinstance(operands, ArrayTerm)
        sets = tuple(self._captured(operand, "printed", out) for operand in operands.items)
        return Call(call.location, call.function, (ArrayTerm(operands.location, sets),))

    def _comprehension(self, term: Comprehension) -> Comprehension:
        statements = list(self.body(term.body))
        key = None if term.key is None else self._simple(term.key, statements)
        value = self._simple(term.value, statements)
        return Comprehension(term.location, term.kind, key, value, tuple(statements), term.role)


def _key_order(item: tuple[Term, Term]) -> tuple[int, str]:
    """Orders the members of an object as OPA evaluates them: of keys that turn out to be equal the last counts."""
    key, _ = item
    if isinstance(key, Scalar):
        return (0, key.value) if type(key.value) is str else (-1, "")
    kinds = (ArrayTerm, ObjectTerm, SetTerm)
    return (2 + kinds.index(type(key)) if type(key) in kinds else 1, "")
