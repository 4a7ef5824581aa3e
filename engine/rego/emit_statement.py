"""Python code for statements, each of which fails by leaving the innermost try."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

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
    Ref,
    SomeInExpr,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
)
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.constant_terms import Unknown
from lockgate.engine.rego.emit_call import CallEmitter
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.printing import PRINT
from lockgate.engine.rego.ruletree import target_path
from lockgate.engine.rego.safety import (
    BodyOrder,
    matching_items,
)
from lockgate.engine.rego.term_parser import operator_name
from lockgate.engine.rego.watching import StatementWatch

if TYPE_CHECKING:
    from lockgate.engine.rego.emit_body import BodyEmitter

# What to emit where a body holds: gets the emitter, whose `env` has the body's variables.
Success = Callable[["BodyEmitter"], None]


class StatementEmitter(CallEmitter, ABC):
    """Emits statements. What holds bodies is for the classes below.

    flag: ends the loops that are open once it is true. problems: what is wrong with the policy; the code is of no use
    then.
    """

    problems: list[Problem]
    flag: str
    watch: StatementWatch
    _scope: set[str]

    @abstractmethod
    def body(
        self, body: Body, needed: tuple[Term, ...], success: Success, shared: set[str] | None = None
    ) -> bool:
        """Emits a body; `success` emits what follows where it holds. False: it cannot hold."""

    @abstractmethod
    def comprehension(self, term: Comprehension) -> str:
        """Emits a comprehension; gives the name of its value."""

    @abstractmethod
    def inlined_test(self, call: Call, *, negated: bool) -> bool:
        """Emits a call of a small function as a test; False when the function is to be called."""

    def statement(self, statement: Expr) -> None:
        """Emits one statement whose needs are bound, below its line and column in the policy."""
        self.writer.line(f"# {statement.location.line}:{statement.location.column}")
        self.watch.before(statement, self.env, self.context, self.writer)
        if isinstance(statement, TermExpr):
            self._term(statement.term)
        elif isinstance(statement, UnifyExpr):
            self._unify(statement.left, statement.right)
        elif isinstance(statement, NotExpr):
            self._not(statement)
        elif isinstance(statement, NotBodyExpr):
            self.refuse(self._exists(statement.operand.body))
        elif isinstance(statement, LogicExpr):
            self._logic(statement)
        elif isinstance(statement, SomeInExpr):
            self._some_in(statement)
        elif isinstance(statement, EveryExpr):
            self._every(statement)
        elif isinstance(statement, WithExpr):
            self._with(statement)
        else:
            assert isinstance(statement, BlockExpr)
            ordered, _, _ = BodyOrder(self._scope).order(statement.statements, set(self.env))
            for part in ordered:
                self.statement(part)
        self.watch.after(statement, self.context, self.writer)

    def _term(self, term: Term) -> None:
        if isinstance(term, Ref):
            self.require_true(self.reference(term), defined=True)
        elif isinstance(term, Call):
            if self.builtin_name(term) == PRINT:
                number = self.module.position(term.location)
                self.writer.line(f"printed({self.context}, P, {number}, {self.atom(term.arguments[0])})")
                return
            condition = self.condition(term)
            if condition is not None:
                self.require(condition)
                self.narrow(term)
            elif self.is_relation(term):
                self.call(term)  # Holds once for each of its outputs.
            elif not self.inlined_test(term, negated=False):
                self.require_true(self.call(term, fail=False), defined=False)
                self.narrow(term)
        else:
            self.require_true(self.atom(term), defined=True)

    def _not(self, statement: NotExpr) -> None:
        inner = statement.inner
        if isinstance(inner, TermExpr):
            term = inner.term
            if isinstance(term, Ref):
                self.refuse_true(self.reference(term, fail=False))
            elif isinstance(term, Call):
                if operator_name(term.function) == "equal":
                    self.refuse(self._are_equal(*term.arguments))
                    return
                condition = self.condition(term)
                if condition is not None:
                    self.refuse(condition)
                elif not self.inlined_test(term, negated=True):
                    self.refuse_true(self.call(term, fail=False))
            else:
                self.refuse_true(self.atom(term))
            return
        if isinstance(inner, UnifyExpr):
            self.refuse(self._are_equal(inner.left, inner.right))
            return
        raise AssertionError("the parser refuses `not some`")

    def _logic(self, statement: LogicExpr) -> None:
        """`and` and `or`: the operands in turn as long as the outcome is open."""
        writer = self.writer
        holds = writer.name(statement.operator)
        writer.line(f"{holds} = {self._exists(statement.operands[0].body)}")
        is_open = holds if statement.operator == "and" else f"not {holds}"
        for operand in statement.operands[1:]:
            with writer.block(f"if {is_open}:"):
                writer.line(f"{holds} = {self._exists(operand.body)}")
        writer.fail_if(f"not {holds}")

    def _are_equal(self, left: Term, right: Term) -> str:
        """The condition that both sides are defined and equal."""
        first, second = self._maybe(left), self._maybe(right)
        if "U" in (first, second):
            return "False"
        sides = ((first, left), (second, right))
        checks = [
            f"{side} is not U"
            for side, term in sides
            if isinstance(term, Ref | Call) and isinstance(self.known(side), Unknown) and not self.kind(side)
        ]
        equality = self.equality(first, second)
        return equality if equality in ("True", "False") else " and ".join([*checks, equality])

    def _maybe(self, term: Term) -> str:
        if isinstance(term, Ref):
            return self.reference(term, fail=False)
        if isinstance(term, Call):
            return self.call(term, fail=False)
        if isinstance(term, Comprehension):
            return self.comprehension(term)
        return self.atom(term)

    def _value(self, term: Term) -> str:
        if isinstance(term, Ref):
            return self.reference(term)
        if isinstance(term, Call):
            return self.call(term)
        if isinstance(term, Comprehension):
            return self.comprehension(term)
        return self.atom(term)

    def _unify(self, left: Term, right: Term) -> None:
        bound = set(self.env)
        order = BodyOrder(self._scope)
        # Prefer to evaluate the right side: `x := value` is the common form.
        for pattern, value in ((left, right), (right, left)):
            evaluated = order.evaluated(value, bound)
            if evaluated is None:
                continue
            if order.pattern(pattern, bound | evaluated) is None:
                continue
            name = self._value(value)
            if isinstance(pattern, Ref | Call | Comprehension):
                other = self._value(pattern)
                self.require(self.equality(name, other))
            elif isinstance(pattern, Var) and pattern.name not in self.env:
                self.env[pattern.name] = name
            else:
                self.match(pattern, name)
            return
        if isinstance(left, ArrayTerm) and isinstance(right, ArrayTerm):
            if len(left.items) != len(right.items):
                self.require("False")
                return
            self._unify_pairs(list(zip(left.items, right.items, strict=True)))
            return
        assert isinstance(left, ObjectTerm) and isinstance(right, ObjectTerm)
        pairs = matching_items(left, right)
        assert pairs is not None
        self._unify_pairs(pairs)

    def _unify_pairs(self, pairs: list[tuple[Term, Term]]) -> None:
        order = BodyOrder(self._scope)
        remaining = list(pairs)
        while remaining:
            for index, (one, other) in enumerate(remaining):
                if order.unified(one, other, set(self.env)) is not None:
                    del remaining[index]
                    self._unify(one, other)
                    break
            else:
                raise AssertionError("an unsafe unification got past the order")

    def _some_in(self, statement: SomeInExpr) -> None:
        writer = self.writer
        collection = self.atom(statement.collection)
        key = statement.key
        is_wild = key is None or (isinstance(key, Var) and key.name.startswith("$"))
        only = self.only_pair(collection)
        if only is not None:
            if key is not None:
                self.match(key, only[0])
            self.match(statement.value, only[1])
            return
        collection = self._local(collection)
        value = writer.name(_hint(statement.value))
        self.note_members(collection, value)
        key_name = None if is_wild or key is None else writer.name(_hint(key))
        self.loop(collection, key_name, value, statement.location)
        if key_name is not None and key is not None:
            self.match(key, key_name)
        self.match(statement.value, value)

    def _every(self, statement: EveryExpr) -> None:
        writer = self.writer
        domain = self._local(self.atom(statement.domain))
        if not self.kind(domain):
            writer.fail_if(f"not is_collection({domain})")
        elif self.kind(domain) not in ("list", "dict", "Set", "Object"):
            self.dead()
        holds = writer.name("every")
        writer.line(f"{holds} = True")
        writer.flags.append(holds)
        level = len(writer.blocks)
        value = writer.name(_hint(statement.value))
        key_name = None if statement.key is None else writer.name(_hint(statement.key))
        self.ordered.append(False)
        self.loop(domain, key_name, value, statement.location)
        self.ordered.pop()
        outer_env = self.env
        self.env = dict(outer_env)
        self.env[statement.value.name] = value
        if statement.key is not None and key_name is not None:
            self.env[statement.key.name] = key_name
        self.watch.enter_every()
        found = self._exists(statement.body)
        self.watch.leave()
        writer.line(f"if not {found}:")
        writer.line(f"    {holds} = False")
        writer.line("    break")
        self.env = outer_env
        writer.close_to(level)
        writer.flags.remove(holds)
        writer.fail_if(f"not {holds}")

    def _exists(self, body: Body) -> str:
        """Emits a body as a test; gives the name of the flag that tells whether it held."""
        writer = self.writer
        taken = writer.snapshot()
        flag = writer.name("found")
        writer.line(f"{flag} = False")
        writer.flags.append(flag)
        level = len(writer.blocks)
        writer.open_once()
        outer_env, outer_flag = self.env, self.flag
        self.env = dict(outer_env)
        self.flag = flag
        self.ordered.append(False)

        def success(emitter: "BodyEmitter") -> None:
            writer.line(f"{flag} = True")
            if not writer.in_nested_function:
                writer.line("break")

        lives = self.body(body, (), success, self._scope)
        self.ordered.pop()
        self.env, self.flag = outer_env, outer_flag
        writer.close_to(level)
        writer.flags.remove(flag)
        if not lives:
            writer.restore(taken)
        writer.release(taken)
        if not lives:
            return "False"
        self.kinds[flag] = "bool"
        return flag

    def loop(
        self, collection: str, key_name: str | None, value_name: str, location: Location, flag: str = ""
    ) -> None:
        """Opens a loop; inside a test it ends once the test has held."""
        super().loop(collection, key_name, value_name, location, flag or self.flag)

    def _with(self, statement: WithExpr) -> None:
        writer, module = self.writer, self.module
        changes: list[str] = []
        for modifier in statement.modifiers:
            path = target_path(modifier.target)
            if path is None:
                message = "with keyword target must be a reference of fixed names"
                self.problems.append(Problem("rego_compile_error", message, modifier.location))
                continue
            if path[0] == "input":
                changes.append(f"('input', {path[1:]!r}, {self.atom(modifier.value)})")
                continue
            group = module.tree.function(modifier.target)
            if path[0] == "data" and group is None:
                changes.append(f"('data', {path[1:]!r}, {self.atom(modifier.value)})")
                continue
            name = ".".join(path)
            if group is None and name not in ENTRIES:
                message = "with keyword target must reference existing input, data, or a function"
                self.problems.append(Problem("rego_type_error", message, modifier.location))
                continue
            changes.append(f"('function', {name!r}, {self._replacement(modifier.value)})")
        made = writer.name("context")
        slots = "M, F"
        writer.line(f"{made} = replaced({self.context}, [{', '.join(changes)}], {slots})")
        before = self.context
        self.context = made
        self.statement(statement.inner)
        self.context = before

    def _replacement(self, value: Term) -> str:
        module = self.module
        if isinstance(value, Ref):
            group = module.tree.function(value)
            if group is not None:
                return module.function_name(group)
            name = operator_name(value)
            assert name is not None, "other references are bound ahead"
            if ENTRIES[name].module is None:
                message = f"built-in function {name} is not implemented"
                self.problems.append(Problem("rego_type_error", message, value.location))
                return "U"
            function = module.builtin(name)
            return function if ENTRIES[name].context else f"plain({function})"
        return f"constant({self.atom(value)})"


def _hint(term: Term) -> str:
    return term.name.split("#")[0] if isinstance(term, Var) else ""
