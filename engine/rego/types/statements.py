"""Statements of flat bodies: calls with arguments of wrong types, and sides that can never be equal.

What OPA looks at, and in which order, decides what it accepts; so that is followed to the letter. A variable has the
type of what it is first unified with; the body of an `every` is checked for references and comprehensions only; what
is nested in a comprehension is looked at again from outside of it.
"""

from collections.abc import Callable, Sequence

from lockgate.engine.codegen.writer import SizeError
from lockgate.engine.rego.ast import (
    BlockExpr,
    Body,
    Call,
    Comprehension,
    EveryExpr,
    Expr,
    LogicExpr,
    NotBodyExpr,
    NotExpr,
    Ref,
    Scalar,
    SomeInExpr,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
)
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.safety import BodyOrder, own_variables, statement_groups, variables
from lockgate.engine.rego.term_parser import operator_name
from lockgate.engine.rego.types.calls import CallCheck, Mismatch, function_name
from lockgate.engine.rego.types.compatibility import Types
from lockgate.engine.rego.types.environment import Layer, TypeNode
from lockgate.engine.rego.types.lattice import ANY, FunctionType, Type
from lockgate.engine.rego.types.messages import argument_lines
from lockgate.engine.rego.types.names import ShownNames
from lockgate.engine.rego.types.parts import comprehensions, references, temporary
from lockgate.engine.rego.types.references import ReferenceCheck
from lockgate.engine.rego.types.terms import TermTypes
from lockgate.engine.rego.types.unification import Unifier

# Comprehensions that are looked at for one program: those in others are looked at once more for each level, which
# doubles the work with every level.
MAX_COMPREHENSIONS = 20_000

# Gives the types of the documents that change when a `with` replaces a target, a function of the type if it is one.
Replaced = Callable[[Ref, FunctionType | None], TypeNode | None]


class UnsafeBody(Exception):
    """A body has no safe order, or none is found in time. It is refused for that; types in it mean nothing."""


class StatementCheck:
    """Checks bodies."""

    def __init__(self, types: Types, replaced: Replaced) -> None:
        self.types = types
        self.terms = TermTypes(types)
        self._unifier = Unifier(self.terms)
        self._calls = CallCheck(self.terms, self._unifier)
        self._names = ShownNames()
        self._references = ReferenceCheck(self.terms, self._unifier, self._names.reference)
        self._replaced = replaced
        self._left = MAX_COMPREHENSIONS
        self._results = 0
        # The temporaries that statements iterate over, and those that a `with` puts in the place of a document.
        self._iterated: set[str] = set()
        self._replacements: set[str] = set()
        # In a query `==` gives true or false, and is no unification.
        self.is_query = False
        # Does some `with` replace a document or function?
        self.replaces = False

    def body(self, body: Body, needed: Sequence[Term], bound: set[str], layer: Layer) -> list[Problem]:
        """Checks a body, whose variables get their types in the layer. Raises UnsafeBody.

        `bound` are the variables of what is around it, `needed` terms that are made where it holds.
        """
        wanted: set[str] = set()
        for term in needed:
            wanted |= variables(term)
        ordered, known = self._in_order(body, bound, bound | own_variables(body) | wanted)
        if not wanted <= known:
            raise UnsafeBody
        problems: list[Problem] = []
        self._statements(ordered, known, layer, problems)
        return problems

    def _statements(
        self, ordered: Sequence[Expr], known: set[str], layer: Layer, problems: list[Problem]
    ) -> None:
        self._note(ordered)
        for statement in ordered:
            self._statement(statement, known, layer, problems)

    def _note(self, statements: Sequence[Expr]) -> None:
        """Notes what the temporaries of a body are for."""
        for statement in statements:
            if isinstance(statement, SomeInExpr):
                self._iterated.add(temporary(statement.collection))
            elif isinstance(statement, WithExpr):
                for modifier in statement.modifiers:
                    if isinstance(modifier.target.head, Var) and modifier.target.head.name == "data":
                        self._replacements.add(temporary(modifier.value))

    def _is_replacement(self, statement: Expr, layer: Layer) -> bool:
        """Does a statement name a function, to put it in the place of a document?"""
        return (
            isinstance(statement, UnifyExpr)
            and isinstance(statement.right, Ref)
            and temporary(statement.left) in self._replacements
            and isinstance(self.terms.of(statement.right, layer), FunctionType)
        )

    def _in_order(self, body: Body, bound: set[str], scope: set[str]) -> tuple[list[Expr], set[str]]:
        order = BodyOrder(scope)
        try:
            ordered, left, known = order.order(body, bound)
        except SizeError as error:
            raise UnsafeBody from error
        if left:
            raise UnsafeBody
        return (_rejoined(body, ordered) if order.took_apart else ordered), known

    def _statement(self, statement: Expr, known: set[str], layer: Layer, problems: list[Problem]) -> None:
        if isinstance(statement, NotExpr):
            statement = statement.inner
        if isinstance(statement, WithExpr):
            self._with(statement, known, layer, problems)
        elif isinstance(statement, BlockExpr):
            ordered, _ = self._in_order(statement.statements, known, known)
            self._statements(ordered, known, layer, problems)
        elif isinstance(statement, TermExpr):
            self._term(statement, layer, problems)
        elif isinstance(statement, UnifyExpr):
            self._unify(statement, known, layer, problems)
        elif isinstance(statement, SomeInExpr):
            self._some_in(statement, layer, problems)
        elif isinstance(statement, EveryExpr):
            own = {statement.value.name, *([statement.key.name] if statement.key else [])}
            self._inner(statement, statement.body, known | own, layer, problems)
        elif isinstance(statement, NotBodyExpr):
            self._inner(statement, statement.operand.body, known, layer, problems)
        elif isinstance(statement, LogicExpr):
            parts = [part for operand in statement.operands for part in operand.body]
            self._inner(statement, tuple(parts), known, layer, problems)

    # Comprehensions

    def _closures(self, statement: Expr, known: set[str], layer: Layer) -> list[Problem]:
        """Checks the comprehensions of a statement, and those within them as if they stood in it themselves.

        Of the comprehensions that are wrong the last one's problems are told, as by OPA.
        """
        found: list[Problem] = []
        for term in comprehensions(statement):
            problems, type = self._comprehension(term, known, layer)
            self.terms.comprehensions[id(term)] = type
            found = problems or self._nested(term, known | variables(term), layer) or found
        return found

    def _nested(self, term: Comprehension, known: set[str], layer: Layer) -> list[Problem]:
        found: list[Problem] = []
        for statement in term.body:
            for inner in comprehensions(statement):
                problems, _ = self._comprehension(inner, known, layer)
                found = problems or self._nested(inner, known, layer) or found
        return found

    def _comprehension(
        self, term: Comprehension, known: set[str], layer: Layer
    ) -> tuple[list[Problem], Type | None]:
        self._left -= 1
        if self._left < 0:
            return [], ANY
        inner = Layer(layer)
        needed = (term.value,) if term.key is None else (term.key, term.value)
        problems = self.body(term.body, needed, known, inner)
        if problems:
            return problems, None
        value = self.terms.of(term.value, inner)
        if term.kind == "array":
            return [], self.types.array((), value)
        if term.kind == "set":
            return [], self.types.set(value)
        assert term.key is not None
        return [], self.types.object({}, (self.terms.of(term.key, inner), value))

    # Statements of each kind

    def _term(self, statement: TermExpr, layer: Layer, problems: list[Problem]) -> None:
        term = statement.term
        if isinstance(term, Ref):
            self._reference(term, layer, problems)
        elif isinstance(term, Call):
            before = len(problems)
            for argument in term.arguments:
                self._reference(argument, layer, problems)
            is_equality = operator_name(term.function) == "equal" and not self.is_query
            if is_equality and len(term.arguments) == 2:
                left, right = term.arguments
                mismatch = self._calls.equal(statement.location, left, right, layer)
            else:
                mismatch = self._calls.call(term, term.arguments, layer)
            self._tell(mismatch, problems, before)

    def _unify(self, statement: UnifyExpr, known: set[str], layer: Layer, problems: list[Problem]) -> None:
        before = len(problems)
        left, right = statement.left, statement.right
        self._names.learn(statement)
        if isinstance(right, Ref) and isinstance(left, Var):
            if self._is_replacement(statement, layer):
                return
            if left.name in self._iterated:
                # What is wrong with it is told where a `some … in` iterates over it, as a part of that.
                type = self.terms.of(right, layer)
                self._references.problem(right, layer)
                self._unifier.fits(left, type, layer)
                return
        if isinstance(left, Comprehension) or isinstance(right, Comprehension):
            problems.extend(self._closures(statement, known, layer))
            variables_before = len(layer.variables)
            self._reference(left, layer, problems)
            self._reference(right, layer, problems)
            if len(layer.variables) > variables_before and len(problems) == before:
                # What a reference beside it iterates over has a type now.
                for term in comprehensions(statement):
                    self.terms.comprehensions[id(term)] = self._comprehension(term, known, layer)[1]
        else:
            self._reference(left, layer, problems)
            self._reference(right, layer, problems)
        if isinstance(right, Call) and (temporary(left) or _is_last_argument(left, right)):
            arguments = (*right.arguments, left)
            self._tell(self._calls.call(right, arguments, layer), problems, before)
            return
        left = self._result(left, layer, problems)
        right = self._result(right, layer, problems)
        self._tell(self._calls.equal(statement.location, left, right, layer), problems, before)

    def _result(self, side: Term, layer: Layer, problems: list[Problem]) -> Term:
        """A side of a unification; of a call, a variable that has its result, as if bound ahead."""
        if not isinstance(side, Call):
            return side
        self._results += 1
        result = Var(side.location, f"%result{self._results}")
        self._tell(self._calls.call(side, (*side.arguments, result), layer), problems, len(problems))
        return result

    def _some_in(self, statement: SomeInExpr, layer: Layer, problems: list[Problem]) -> None:
        """`some k, v in xs` is `v = xs[k]`."""
        key = statement.key
        if key is None:
            self._results += 1
            key = Var(statement.location, f"%key{self._results}")
        collection = self._names.meant(statement.collection)
        if isinstance(collection, Ref):
            reference = Ref(collection.location, collection.head, (*collection.operands, key))
        else:
            reference = Ref(statement.location, statement.collection, (key,))
            if not isinstance(statement.collection, Var | Scalar):
                self._results += 1
                made = Var(statement.location, f"%result{self._results}")
                self._names.learn(UnifyExpr(statement.location, made, statement.collection))
                type = self.terms.of(statement.collection, layer)
                self._unifier.equal(made, None, statement.collection, type, layer)
                reference = Ref(statement.location, made, (key,))
        before = len(problems)
        self._reference(reference, layer, problems)
        self._tell(self._calls.equal(statement.location, statement.value, reference, layer), problems, before)

    def _inner(
        self, statement: Expr, body: Body, known: set[str], layer: Layer, problems: list[Problem]
    ) -> None:
        """A body within a statement: only its references and comprehensions are looked at."""
        problems.extend(self._closures(statement, known | own_variables(body), layer))
        ordered, left, _ = BodyOrder(known | own_variables(body)).order(body, known)
        self._note(ordered)
        for part in (*ordered, *left):
            for reference in references(part):
                if not self._is_replacement(part, layer):
                    self._reference(reference, layer, problems)

    def _with(self, statement: WithExpr, known: set[str], layer: Layer, problems: list[Problem]) -> None:
        inner = layer
        replaced: list[tuple[Ref, Type]] = []
        wrong = False
        for modifier in statement.modifiers:
            target = modifier.target
            self.replaces = self.replaces or not _is_input(target)
            type = self.terms.reference(target, layer)
            value = self.terms.of(modifier.value, layer)
            if (
                isinstance(type, FunctionType)
                and isinstance(value, FunctionType)
                and not self.types.unifies(type, value)
            ):
                wrong = True
                details = argument_lines(self.types, value.arguments, type, with_result=False)
                message = f"{function_name(target)}: arity mismatch"
                problems.append(Problem("rego_type_error", message, modifier.location, details=details))
            changed = self._replaced(target, type if isinstance(type, FunctionType) else None)
            if changed is not None:
                inner = Layer(inner, layer.variables, {"data": changed})
            if not isinstance(type, FunctionType):
                either = None if type is None or value is None else self.types.either(type, value)
                replaced.append((target, either or ANY))
        if replaced:
            documents: dict[str, TypeNode] = {}
            for target, type in replaced:
                assert isinstance(target.head, Var)
                names = [operand.value for operand in target.operands if isinstance(operand, Scalar)]
                documents.setdefault(target.head.name, TypeNode()).at(names).type = type
            inner = Layer(inner, layer.variables, documents)
        self._statement(statement.inner, known, inner, [] if wrong else problems)

    # What is checked of them

    def _reference(self, term: Term, layer: Layer, problems: list[Problem]) -> None:
        if isinstance(term, Ref):
            problem = self._references.problem(term, layer)
            if problem is not None:
                problems.append(problem)

    def _tell(self, mismatch: Mismatch | None, problems: list[Problem], before: int) -> None:
        """Adds a mismatch, unless a problem of the same statement may have caused it."""
        if mismatch is not None and not (mismatch.by_unknown and len(problems) > before):
            problems.append(mismatch.problem)


def _rejoined(body: Body, ordered: Sequence[Expr]) -> list[Expr]:
    """The statements in order, each after what is evaluated ahead of it, though that is what gives its variables.

    OPA checks `[x, x[0]] = [[1], 1]` that way: of `x[0]` it knows nothing yet.
    """
    groups = statement_groups(body)
    ahead = {id(statement) for group in groups for statement in group[:-1]}
    of_last = {id(group[-1]): group for group in groups}
    return [part for statement in ordered if id(statement) not in ahead for part in of_last[id(statement)]]


def _is_input(target: Ref) -> bool:
    return isinstance(target.head, Var) and target.head.name == "input"


def _is_last_argument(left: Term, call: Call) -> bool:
    """Was `f(x, y)` written, and not `y = f(x)`?"""
    place, other = left.location, call.location
    return (place.line, place.column) > (other.line, other.column)
