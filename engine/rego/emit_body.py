"""Python code for flat bodies: each statement in its safe order, iteration as nested loops."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from lockgate.engine.codegen.literals import literal
from lockgate.engine.codegen.values import Set, Undefined, Value
from lockgate.engine.codegen.writer import LoopMark, SizeError, Writer, is_name
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
    Scalar,
    SomeInExpr,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
    shape,
)
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.comprehension_index import indexed
from lockgate.engine.rego.constant_terms import Unknown, constant_value
from lockgate.engine.rego.emit_call import CallEmitter
from lockgate.engine.rego.emit_known import Dead, has_effects
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.fusion import Branch
from lockgate.engine.rego.inline_function import inlined_test, inlined_value
from lockgate.engine.rego.key_sets import Keys, find_keys
from lockgate.engine.rego.module_code import ModuleCode
from lockgate.engine.rego.printing import PRINT, is_printing, undeclared
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import Group, target_path
from lockgate.engine.rego.safety import (
    BodyOrder,
    first_place,
    matching_items,
    own_variables,
    shown_name,
    variables,
)
from lockgate.engine.rego.term_parser import operator_name
from lockgate.engine.rego.unroll import MAX_TURNS_LINES, Membership, Turns, find_membership, find_turns
from lockgate.engine.rego.watching import StatementWatch

# What is known after each statement is looked at for each: time grows with the square of this.
MAX_STATEMENTS = 10_000

# What to emit where a body holds: gets the emitter, whose `env` has the body's variables.
Success = Callable[["BodyEmitter"], None]

# Decides whether a closed comprehension may be computed once (a slot of the fixed table), given its syntax.
_COLLECTIONS: Final = {"array": "list", "set": "Set"}

IsFixed = Callable[[Comprehension], bool]


class BodyEmitter(CallEmitter):
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

    def inlined_value(self, call: Call, group: Group, *, fail: bool) -> str | None:
        """The Python name of a call's value where the function's body stands in for it; None where it does not."""
        return inlined_value(self, call, group, fail=fail)

    def _inlined_test(self, call: Call, *, negated: bool) -> bool:
        group = self.module.tree.function(call.function)
        return group is not None and inlined_test(self, call, group, negated=negated)

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
            choices = "{" + ", ".join([literal(member) for member in membership.members]) + "}"
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
            elif not self._inlined_test(term, negated=False):
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
                elif not self._inlined_test(term, negated=True):
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
        only = self._only_pair(collection)
        if only is not None:
            if key is not None:
                self.match(key, only[0])
            self.match(statement.value, only[1])
            return
        collection = self._local(collection)
        value = writer.name(_hint(statement.value))
        self._note_members(collection, value)
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

    def comprehension(self, term: Comprehension) -> str:
        """Emits a comprehension; gives the name of its value."""
        if self.is_fixed(term) and not (variables(term) & set(self.env)):
            return self._fixed_comprehension(term)
        needed = {self.env[name] for name in variables(term) if name in self.env}
        mark = None if is_printing(term) else self._outermost_loop(set(filter(is_name, needed)))
        if mark is not None:
            return self._lazy_comprehension(term, mark)
        return indexed(self, term) or self._open_comprehension(term)

    def _outermost_loop(self, needed: set[str]) -> LoopMark | None:
        """The outermost open loop that a comprehension with these variables does not depend on."""
        if self.context != "c" or self.writer.in_nested_function:
            return None
        return next((mark for mark in self.writer.marks() if needed <= mark.bound), None)

    def _lazy_comprehension(self, term: Comprehension, mark: LoopMark) -> str:
        """A comprehension that is the same in every turn of a loop: made in the first turn that needs it."""
        writer = self.writer
        name = writer.name("same")
        writer.insert(mark, f"{name} = MISS")
        with writer.block(f"if {name} is MISS:"):
            writer.line(f"{name} = {self._open_comprehension(term)}")
        self.kinds[name] = _COLLECTIONS.get(term.kind, "")
        return name

    def _fixed_comprehension(self, term: Comprehension) -> str:
        """A comprehension over constants: computed once for all evaluations."""
        writer = self.writer
        name = writer.name("fixed")
        written = shape(term)
        known = self.module.fixed_comprehensions.get(written)
        if known is not None:
            writer.line(f"{name} = {self.context}.fixed[{known}]")
            writer.line(f"if {name} is MISS: {name} = s{known}({self.context})")
            self.kinds[name] = _COLLECTIONS.get(term.kind, "")
            return name
        slot = self.module.fixed()
        function = Writer("return")
        function.line("below = apart(c)")
        inner = BodyEmitter(self.module, function, {}, self.problems, self.is_fixed)
        inner.watch = self.watch
        value = inner._open_comprehension(term)
        if not isinstance(self.known(value), Unknown):
            return value
        writer.line(f"{name} = {self.context}.fixed[{slot}]")
        self.kinds[name] = _COLLECTIONS.get(term.kind, "")
        function.line("rejoin(c, below)")
        function.line(f"c.fixed[{slot}] = {value}")
        function.line(f"return {value}")
        self.module.functions.append([f"def s{slot}(c):", *function.text()])
        self.module.fixed_comprehensions[written] = slot
        writer.line(f"if {name} is MISS: {name} = s{slot}({self.context})")
        return name

    def _open_comprehension(self, term: Comprehension) -> str:
        writer = self.writer
        taken = writer.snapshot()
        result = writer.name("all")
        writer.line(f"{result} = []" if term.kind == "array" else f"{result} = {{}}")

        def success(emitter: "BodyEmitter") -> None:
            value = emitter.atom(term.value)
            if term.kind == "array":
                writer.line(f"{result}.append({value})")
            elif term.kind == "set":
                # Of equal values, such as 1 and 1.0, the first stays.
                writer.line(f"{result}.setdefault({emitter.key_of(term.value, value)}, {value})")
            else:
                assert term.key is not None
                number = emitter.module.position(term.location)
                key = emitter.atom(term.key)
                added = f"put({result}, {key}, {value}, P, {number})"
                if is_name(value):
                    # Where the same value is there already, nothing is to be done.
                    present = writer.name("present")
                    text = f"{result}.get({key})"
                    found = text if emitter.kind(key) == "str" else f"{text} if type({key}) is str else None"
                    writer.line(f"{present} = {found}")
                    added = f"if {present} is None or {present}[1] is not {value}: {added}"
                writer.line(added)

        needed = (term.value,) if term.key is None else (term.key, term.value)
        keys = find_keys(term, set(self.env)) if self.module.mode == "plain" else None
        if keys is not None:
            lives = self.inner_body(keys.rest, (), lambda emitter: emitter.add_keys(keys, result))
        else:
            lives = self.inner_body(term, needed, success)
        if not lives:
            writer.restore(taken)
        writer.release(taken)
        if not lives:
            empty: dict[str, Value] = {"array": [], "set": Set(), "object": {}}
            return self.module.constant(empty[term.kind])
        if term.kind == "set":
            writer.line(f"{result} = set_over({result})")
            self.kinds[result] = "Set"
            self.keyed.add(result)
        elif term.kind == "object":
            writer.line(f"{result} = built({result})")
        else:
            self.kinds[result] = "list"
        return result

    def add_keys(self, keys: Keys, table: str) -> None:
        """Emits what adds the keys of a collection to the table of a set."""
        writer = self.writer
        if isinstance(keys.collection, Ref):
            collection = self._local(self.reference(keys.collection))
        else:
            collection = self._local(self.atom(keys.collection))
        number = self.module.position(keys.rest.location)
        writer.fail_if(f"type({collection}) is not dict and not is_collection({collection})")
        writer.line(f"{self.context}.budget.left -= len({collection}) + 1")
        writer.line(f"if {self.context}.budget.left < 0: exhausted({self.context}, P, {number})")
        if writer.in_nested_function:
            writer.line(f"{table}.update({keys.function}(dict({table}), {collection}))")
        else:
            writer.line(f"{table} = {keys.function}({table}, {collection})")

    def inner_body(self, term: Comprehension, needed: tuple[Term, ...], success: Success) -> bool:
        """Emits the body of a comprehension; False: it cannot hold, and what was emitted is to be forgotten."""
        writer = self.writer
        level = len(writer.blocks)
        writer.open_once()
        outer_env, outer_flag = self.env, self.flag
        self.env, self.flag = dict(outer_env), ""
        self.ordered.append(term.kind == "array")
        self.watch.enter_comprehension()
        lives = self.body(term.body, needed, success, self._scope)
        self.watch.leave()
        self.ordered.pop()
        self.env, self.flag = outer_env, outer_flag
        writer.close_to(level)
        return lives

    def key_of(self, term: Term, value: str) -> str:
        """The Python expression for a value's key in a set (see `values.key`), inlined where its shape is known."""
        if self.kind(value) == "str":
            return value
        if isinstance(term, Scalar):
            return value if type(term.value) is str else f"key({value})"
        if isinstance(term, ArrayTerm):
            return "('[', " + "".join(self._part_key(item) + ", " for item in term.items) + ")"
        if isinstance(term, ObjectTerm) and term.items:
            names = [name.value if isinstance(name, Scalar) else None for name, _ in term.items]
            if all(type(name) is str for name in names) and len(set(names)) == len(names):
                pairs = [f"({self.atom(name)}, {self._part_key(item)})" for name, item in term.items]
                return "('{', frozenset((" + "".join(pair + ", " for pair in pairs) + ")))"
        return f"{value} if type({value}) is str else key({value})"

    def _part_key(self, term: Term) -> str:
        fixed = constant_value(term)
        if not isinstance(fixed, Undefined) and type(fixed) is not str:
            return self.module.constant_key(fixed)
        if isinstance(term, Scalar | Var):
            value = self.atom(term)
            if self.kind(value) == "str":
                return value
            return f"({value} if type({value}) is str else key({value}))"
        return f"key({self.atom(term)})"

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
