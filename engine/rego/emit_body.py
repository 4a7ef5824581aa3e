"""Python code for flat bodies: each statement in its safe order, iteration as nested loops."""

from collections.abc import Callable, Sequence
from typing import Any

from lockgate.engine.codegen.values import Value
from lockgate.engine.codegen.writer import SizeError, Writer
from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import Body, Call, Comprehension, Expr, Term, UnifyExpr, Var
from lockgate.engine.rego.comprehension_index import indexed
from lockgate.engine.rego.constant_terms import Unknown
from lockgate.engine.rego.emit_comprehension import ComprehensionEmitter, IsFixed
from lockgate.engine.rego.emit_known import Dead, has_effects
from lockgate.engine.rego.emit_statement import Success
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.fusion import Branch
from lockgate.engine.rego.inline_function import inlined_test, inlined_value
from lockgate.engine.rego.module_code import ModuleCode
from lockgate.engine.rego.printing import undeclared
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import Group
from lockgate.engine.rego.safety import (
    BodyOrder,
    first_place,
    own_variables,
    shown_name,
    variables,
)
from lockgate.engine.rego.unroll import MAX_TURNS_LINES, Membership, Turns, find_membership, find_turns
from lockgate.engine.rego.watching import StatementWatch

# What is known after each statement is looked at for each: time grows with the square of this.
MAX_STATEMENTS = 10_000


class BodyEmitter(ComprehensionEmitter):
    """Emits bodies. `problems` collects unsafe variables; the code is of no use then."""

    def __init__(
        self,
        module: ModuleCode,
        writer: Writer,
        env: dict[str, str],
        problems: list[Problem],
        is_fixed: IsFixed,
    ) -> None:
        super().__init__(module, writer, env, [False])
        self.problems = problems
        self.is_fixed = is_fixed
        self.flag = ""
        # In how many copies of functions the code is.
        self.copies = 0
        # How often the statement that is being emitted is, for the turns of loops around it.
        self.turns = 1
        self._scope: set[str] = set()
        self.watch = StatementWatch(module)

    def for_copy(self) -> "BodyEmitter":
        """An emitter for the body of a function that is copied to where the code now is."""
        made = BodyEmitter(self.module, self.writer, {}, self.problems, self.is_fixed)
        made.know(self.knowledge())
        made.constants, made.kinds, made.keyed = self.constants, self.kinds, self.keyed
        made.copies, made.turns = self.copies + 1, self.turns
        return made

    def for_function(self, writer: Writer) -> "BodyEmitter":
        """An emitter for another function of the module."""
        made = BodyEmitter(self.module, writer, {}, self.problems, self.is_fixed)
        made.watch = self.watch
        return made

    def inlined_value(self, call: Call, group: Group, *, fail: bool) -> str | None:
        """The Python name of a call's value where the function's body stands in for it; None where it does not."""
        return inlined_value(self, call, group, fail=fail)

    def inlined_test(self, call: Call, *, negated: bool) -> bool:
        """Emits a call of a small function as a test; False when the function is to be called."""
        group = self.module.tree.function(call.function)
        return group is not None and inlined_test(self, call, group, negated=negated)

    def by_index(self, term: Comprehension) -> str | None:
        """Emits a comprehension that asks for members with one value by an index; None where it is none."""
        return indexed(self, term)

    def body(
        self, body: Body, needed: tuple[Term, ...], success: Success, shared: set[str] | None = None
    ) -> bool:
        """Emits a body; `success` emits what follows where it holds. Loops opened meanwhile are closed.

        False: it cannot hold, and nothing was emitted.

        `needed` are terms that `success` uses: their variables must be bound. `shared` are variables of the
        bodies around this one.
        """
        if len(body) > MAX_STATEMENTS:
            raise SizeError(
                f"a body has more than {MAX_STATEMENTS} statements, those for its arguments included"
            )
        level = len(self.writer.blocks)
        around = (shared or set()) | set(self.env)
        own = own_variables(body)
        for term in needed:
            own |= variables(term)
        scope = around | own
        outer, before = self._scope, self.knowledge()
        self._scope = scope
        order = BodyOrder(scope)
        self.problems.extend(undeclared(body, order, set(self.env)))
        ordered, left, known = order.order(body, set(self.env))
        lives = True
        if left:
            self._unsafe(left, known, body)
        else:
            missing: set[str] = set()
            for term in needed:
                missing |= variables(term) - known
            if missing:
                self._report(missing, (*needed, *body), needed[0].location)
            else:
                lives = self._statements(ordered, success)
        self.writer.close_to(level)
        self._scope = outer
        self.know(before)
        return lives

    def _statements(self, ordered: list[Expr], success: Success) -> bool:
        return self._tried(lambda: self._sequence(ordered, success))

    def _tried(self, emit: Callable[[], None]) -> bool:
        """Emits what may turn out to be unable to hold: then it leaves nothing, and the answer is False."""
        context, writer = self.context, self.writer
        taken = writer.snapshot()
        lives = True
        try:
            emit()
        except Dead:
            lives = has_effects(writer.since(taken))
            if lives:
                writer.line(writer.failure)
            else:
                writer.restore(taken)
        writer.release(taken)
        self.context = context
        return lives

    def _apart(self, emit: Callable[[], None]) -> bool:
        """Emits something in a block of its own, that what fails in it leaves; False as for `_tried`."""
        writer = self.writer
        env, known = self.env, self.knowledge()
        self.env = dict(env)
        taken = writer.snapshot()
        level = len(writer.blocks)
        writer.open_once()
        lives = self._tried(emit)
        if lives:
            writer.close_to(level)
        else:
            writer.restore(taken)
        writer.release(taken)
        self.env = env
        self.know(known)
        return lives

    def branch(self, branch: Branch, held: "Callable[[BodyEmitter, Alternative], None]") -> None:
        """Emits clauses that share statements; `held` emits what follows where a clause's body holds."""

        def go_on(inside: "BodyEmitter") -> None:
            for alternative in branch.ends:
                held(inside, alternative)
            lives = [inside.branch_apart(below, held) for below in branch.branches]
            if not branch.ends and not any(lives):
                inside.dead()

        outer = self._scope
        self._scope = branch.scope
        self._sequence(branch.statements, go_on)
        self._scope = outer

    def branch_apart(self, branch: Branch, held: "Callable[[BodyEmitter, Alternative], None]") -> bool:
        """Emits clauses in a block of their own; False: none can hold, and nothing was emitted."""
        outer = self._scope
        lives = self._apart(lambda: self.branch(branch, held))
        self._scope = outer
        return lives

    def _sequence(self, statements: Sequence[Expr], success: Success) -> None:
        index = 0
        while index < len(statements):
            membership = find_membership(self, statements, index)
            if membership is not None:
                self._member(membership)
                index += membership.taken
                continue
            turns = find_turns(self, statements[index])
            if turns is not None and self._unrolled(turns, statements[index + 1 :], success):
                return
            self.statement(statements[index])
            index += 1
        success(self)

    def _member(self, membership: Membership) -> None:
        """A test whether a value is one of some strings."""
        atom = self.atom(membership.item)
        value = self.known(atom)
        if not isinstance(value, Unknown):
            self.require(repr(value in membership.members if isinstance(value, str) else False))
        elif not membership.members:
            self.dead()
        else:
            choices = self.module.strings(membership.members)
            guard = "" if self.kind(atom) == "str" else f"type({atom}) is str and "
            self.require(f"{guard}{atom} in {choices}")
            self.narrowed[atom] = "str"
        if membership.variable is not None:
            self.env[membership.variable.name] = atom

    def _unrolled(self, turns: Turns, rest: Sequence[Expr], success: Success) -> bool:
        """Turn by turn the statements that follow, each in a block of its own; False: too long, nothing was emitted."""
        writer, before = self.writer, self.turns
        taken = writer.snapshot()
        self.turns = before * len(turns.pairs)
        lives = is_short = False
        for part, member in turns.pairs:

            def turn(part: Value = part, member: Value = member) -> None:
                if turns.key is not None:
                    self.match(turns.key, self.module.constant(part))
                self.match(turns.member, self.module.constant(member))
                self._sequence(rest, success)

            if self._apart(turn):
                lives = True
                if self.flag:
                    writer.line(f"if {self.flag}: break")
            is_short = len(writer.lines) - taken.line <= MAX_TURNS_LINES
            if not is_short:
                writer.restore(taken)
                break
        writer.release(taken)
        self.turns = before
        if is_short and not lives:
            self.dead()
        return is_short

    def _unsafe(self, left: list[Expr], known: set[str], body: Body) -> None:
        names: set[str] = set()
        for statement in left:
            names |= own_variables([statement]) - known
            names |= (variables(statement) & self._scope) - known
        # What would be bound if the other side were: the fault is there.
        waiting = {
            statement.left.name
            for statement in left
            if isinstance(statement, UnifyExpr)
            and isinstance(statement.left, Var)
            and variables(statement.right) - known - {statement.left.name}
        }
        names = names - waiting or names
        if not names:
            names = variables(tuple(left)) - known
        self._report(names, tuple(left), body[0].location)

    def _report(self, names: set[str], nodes: tuple[Any, ...], default: Location) -> None:
        written = {name for name in names if not name.startswith("%")} or names
        shown = {name for name in written if not name.startswith("$")} or written
        for name in sorted(shown, key=shown_name):
            place = first_place(nodes, name, default)
            hint = "bind it in a statement that is not negated, or declare it with `some`"
            message = f"var {shown_name(name)} is unsafe"
            self.problems.append(Problem("rego_unsafe_var_error", message, place, "", hint))

    # Statements
