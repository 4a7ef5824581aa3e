"""Names: every variable becomes a local of its own or a reference to a document or function.

After this pass `:=` is `=`, `some x` is gone, locals have unique names (`x#3`), and every reference to a rule
begins with `data`. Scoping after https://www.openpolicyagent.org/docs/policy-language.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lockgate.engine.errors import Location
from lockgate.engine.rego.annotations import AnnotationSet
from lockgate.engine.rego.ast import (
    ArrayTerm,
    AssignExpr,
    BlockExpr,
    Body,
    Call,
    Clause,
    Comprehension,
    EveryExpr,
    Expr,
    LogicExpr,
    Module,
    NotBodyExpr,
    NotExpr,
    ObjectTerm,
    Operand,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    SomeExpr,
    SomeInExpr,
    Template,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    With,
    WithExpr,
    shown_import,
    walk,
)
from lockgate.engine.rego.declarations import declared_names, is_root, pattern_variables
from lockgate.engine.rego.errors import CompileCode, Problem
from lockgate.engine.rego.options import USUAL, CompileOptions
from lockgate.engine.rego.printing import print_call, printing
from lockgate.engine.rego.term_parser import ROOTS, dotted, operator_name, value_term


@dataclass(frozen=True, slots=True)
class Alternative:
    """One clause with its own copy of the head, names resolved."""

    location: Location
    arguments: tuple[Term, ...]
    tail: tuple[Term, ...]
    member: Term | None
    value: Term
    body: Body


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule with names resolved. `path` is its static place under `data`; `tail` continues it dynamically."""

    location: Location
    path: tuple[str, ...]
    kind: Literal["complete", "set", "object"]
    is_function: bool
    is_default: bool
    alternatives: tuple[Alternative, ...]


# Begins the names of variables that OPA's compiler makes, in policies that it has written.
GENERATED = "__local"

How = Literal["assigned", "declared", "argument"]


@dataclass(slots=True)
class _Scope:
    """A body's names.

    masked: those that it declares somewhere, for which no document is looked up in it. places: of declarations.
    references: how often each declared name is used elsewhere than where it is declared.
    """

    declared: dict[str, str] = field(default_factory=dict)
    how: dict[str, How] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    masked: set[str] = field(default_factory=set)
    places: dict[str, Location] = field(default_factory=dict)
    references: Counter[str] = field(default_factory=Counter)


def static_path(module: Module, rule: Rule) -> tuple[tuple[str, ...], tuple[Term, ...]]:
    """The place of a rule under `data`, and what of its head's path is not fixed."""
    fixed: list[str] = list(module.package)
    elements = list(rule.head.path)
    while elements:
        element = elements[0]
        if not isinstance(element, Scalar) or type(element.value) is not str:
            break
        fixed.append(element.value)
        elements.pop(0)
    return tuple(fixed), tuple(elements)


def package_names(modules: Sequence[Module]) -> dict[tuple[str, ...], set[str]]:
    """The names of rules by package."""
    names: dict[tuple[str, ...], set[str]] = {}
    for module in modules:
        names.setdefault(module.package, set()).update(rule.head.name for rule in module.rules)
    return names


class Resolver:
    """Resolves the rules of one module. Problems are collected, so that all are shown at once."""

    def __init__(
        self,
        module: Module,
        names: Mapping[tuple[str, ...], set[str]],
        problems: list[Problem],
        options: CompileOptions = USUAL,
        annotations: AnnotationSet | None = None,
    ) -> None:
        self._options = options
        # Names of imports that are used, and whether something unused was found in the clause at hand.
        self._used_imports: set[str] = set()
        self._before = 0
        self._annotations = annotations
        self._rule: Rule | None = None
        self.module = module
        self._problems = problems
        self._counter = 0
        self._scopes: list[_Scope] = []
        self._globals: dict[str, tuple[str, ...]] = {}
        for imported in module.imports:
            if imported.path[0] in ROOTS:
                self._globals[imported.alias or imported.path[-1]] = imported.path
        for name in names.get(module.package, ()):
            self._globals[name] = ("data", *module.package, name)

    def _problem(self, code: CompileCode, message: str, location: Location) -> None:
        self._problems.append(Problem(code, message, location))

    def definition(self, rule: Rule) -> Definition:
        """The rule with its names resolved."""
        self._rule = rule
        path, tail = static_path(self.module, rule)
        head = rule.head
        self._arguments: Counter[str] = Counter()
        self._before = len(self._problems)
        alternatives = tuple(self._alternative(rule, clause, tail) for clause in rule.clauses)
        if self._options.checks == "strict" and len(self._problems) == self._before and not rule.default:
            self._check_arguments(rule)
        is_function = head.arguments is not None
        kind: Literal["complete", "set", "object"] = "object" if tail else head.kind
        return Definition(rule.location, path, kind, is_function, rule.default == "default", alternatives)

    def query(self, body: Body) -> Body:
        """A body of its own, names resolved."""
        self._scopes = [_Scope()]
        return self._body(body)

    def _alternative(self, rule: Rule, clause: Clause, tail: tuple[Term, ...]) -> Alternative:
        head = rule.head
        self._scopes = [_Scope()]
        for argument in head.arguments or ():
            for node in walk(argument):
                if isinstance(node, Ref) and is_root(node):
                    assert isinstance(node.head, Var)
                    message = f"args must not shadow {node.head.name} (use a different variable name)"
                    self._problem("rego_compile_error", message, argument.location)
            for variable in pattern_variables(argument):
                if variable.name.startswith("$"):
                    continue
                if variable.name not in self._scopes[0].declared:
                    self._declare(variable, "argument")
        arguments = tuple(self._term(argument) for argument in head.arguments or ())
        self._scopes[0].references.subtract(self._scopes[0].declared.keys())
        body = self._body(clause.body)
        member = None if head.member is None else self._term(head.member)
        resolved = Alternative(
            clause.location,
            arguments,
            tuple(self._term(element) for element in tail),
            member,
            self._term(clause.value),
            body,
        )
        self._check_unused()
        self._arguments.update(self._scopes[0].references)
        return resolved

    def _check_arguments(self, rule: Rule) -> None:
        """In strict mode the arguments of a function have to be used."""
        found = [
            variable for argument in rule.head.arguments or () for variable in pattern_variables(argument)
        ]
        for name in dict.fromkeys(variable.name for variable in found):
            if not name.startswith("$") and not self._arguments[name]:
                message = f"unused argument {name}. (hint: use _ (wildcard variable) instead)"
                self._problem("rego_compile_error", message, rule.head.location)

    def _check_unused(self) -> None:
        """Variables of the innermost scope that are declared and not used; of `:=` in strict mode only."""
        scope = self._scopes[-1]
        if len(self._problems) != self._before:
            return
        kinds: list[How] = ["assigned", "declared"] if self._options.checks == "strict" else ["declared"]
        for kind in kinds:
            unused = [
                name
                for name, how in scope.how.items()
                if how == kind and not scope.references[name] and not name.startswith(GENERATED)
            ]
            for name in unused:
                self._problem("rego_compile_error", f"{kind} var {name} unused", scope.places[name])
            if unused:
                return

    def unused_imports(self) -> list[Problem]:
        """The imports that no rule uses (once all rules are resolved)."""
        return [
            Problem("rego_compile_error", f"{shown_import(imported)} unused", imported.location)
            for imported in self.module.imports
            if imported.path[0] in ROOTS and imported.name not in self._used_imports
        ]

    def _unique(self, name: str) -> str:
        self._counter += 1
        return f"{name}#{self._counter}"

    def _declare(self, variable: Var, how: How, place: Location | None = None) -> None:
        scope = self._scopes[-1]
        name = variable.name
        if name.startswith("$"):
            return
        before = scope.how.get(name)
        if before is not None:
            message = f"arg {name} redeclared" if before == "argument" else f"var {name} {before} above"
            self._problem("rego_compile_error", message, variable.location)
            return
        if name in scope.used:
            self._problem("rego_compile_error", f"var {name} referenced above", variable.location)
            return
        scope.declared[name] = self._unique(name)
        scope.how[name] = how
        scope.places[name] = variable.location if place is None else place

    def _body(self, body: Body) -> Body:
        self._scopes[-1].masked.update(declared_names(body))
        resolved: list[Expr] = []
        for statement in body:
            result = self._statement(statement)
            call = None if result is None else print_call(result)
            if call is not None:
                if self._options.prints == "kept":
                    resolved.append(TermExpr(statement.location, printing(call)))
            elif result is not None:
                resolved.append(result)
        return tuple(resolved)

    def _statement(self, statement: Expr) -> Expr | None:
        location = statement.location
        if isinstance(statement, TermExpr):
            shown = self._metadata_argument(statement.term)
            return shown or TermExpr(location, self._term(statement.term))
        if isinstance(statement, UnifyExpr):
            return UnifyExpr(location, self._term(statement.left), self._term(statement.right))
        if isinstance(statement, AssignExpr):
            right = self._term(statement.right)
            variables = self._assigned(statement.left)
            for variable in variables:
                self._declare(variable, "assigned")
            left = self._term(statement.left)
            self._scopes[-1].references.subtract([variable.name for variable in variables])
            return UnifyExpr(location, left, right, "assignment")
        if isinstance(statement, SomeExpr):
            for variable in statement.variables:
                self._declare(variable, "declared", location)
            return None
        if isinstance(statement, SomeInExpr):
            collection = self._term(statement.collection)
            for pattern in (statement.key, statement.value):
                if pattern is not None:
                    for variable in pattern_variables(pattern):
                        self._declare(variable, "declared")
            key = None if statement.key is None else self._term(statement.key)
            return SomeInExpr(location, key, self._term(statement.value), collection)
        if isinstance(statement, EveryExpr):
            return self._every(statement)
        if isinstance(statement, NotExpr):
            if isinstance(statement.inner, AssignExpr):
                message = "cannot assign vars inside negated expression"
                self._problem("rego_compile_error", message, location)
            inner = self._statement(statement.inner)
            assert isinstance(inner, TermExpr | UnifyExpr | SomeInExpr)
            return NotExpr(location, inner)
        if isinstance(statement, NotBodyExpr):
            return NotBodyExpr(location, self._operand(statement.operand, "negated expression"))
        if isinstance(statement, LogicExpr):
            what = f"implicit {statement.operator} operand"
            operands = tuple(self._operand(operand, what) for operand in statement.operands)
            return LogicExpr(location, statement.operator, operands)
        if isinstance(statement, WithExpr):
            modifiers = tuple(
                With(m.location, self._target(m.target), self._term(m.value)) for m in statement.modifiers
            )
            resolved = self._statement(statement.inner)
            return None if resolved is None else WithExpr(location, resolved, modifiers)
        assert isinstance(statement, BlockExpr)
        return BlockExpr(location, self._body(statement.statements))

    def _operand(self, operand: Operand, what: str) -> Operand:
        """An operand of `and`, `or` or `not`: only one in braces may declare variables."""
        if not operand.braces and isinstance(operand.body[0], AssignExpr):
            message = f"cannot assign vars inside {what}"
            self._problem("rego_compile_error", message, operand.body[0].location)
        if not operand.braces:
            return Operand(operand.location, self._body(operand.body), "")
        self._scopes.append(_Scope())
        body = self._body(operand.body)
        self._check_unused()
        self._scopes.pop()
        return Operand(operand.location, body, operand.braces)

    def _every(self, statement: EveryExpr) -> Expr:
        domain = self._term(statement.domain)
        self._scopes.append(_Scope())
        place = statement.body[0].location
        if statement.key is not None:
            self._declare(statement.key, "declared", place)
        self._declare(statement.value, "declared", place)
        key = None if statement.key is None else self._term(statement.key)
        value = self._term(statement.value)
        self._scopes[-1].references.clear()
        body = self._body(statement.body)
        self._check_unused()
        self._scopes.pop()
        assert key is None or isinstance(key, Var)
        assert isinstance(value, Var)
        return EveryExpr(statement.location, key, value, domain, body)

    def _assigned(self, pattern: Term) -> list[Var]:
        if isinstance(pattern, Var | ArrayTerm | ObjectTerm) or is_root(pattern):
            return pattern_variables(pattern)
        what = "call" if isinstance(pattern, Call) else "ref" if isinstance(pattern, Ref) else "term"
        self._problem("rego_compile_error", f"cannot assign to {what}", pattern.location)
        return []

    def _target(self, target: Ref) -> Ref:
        # `input` and `data` mean the documents here, whatever local has their name.
        if isinstance(target.head, Var) and target.head.name in ROOTS:
            return Ref(target.location, target.head, tuple(self._term(o) for o in target.operands))
        resolved = self._term(target)
        if isinstance(resolved, Ref):
            return resolved
        return target

    def _term(self, term: Term) -> Term:
        if isinstance(term, Scalar):
            return term
        if isinstance(term, Var):
            return self._variable(term)
        if isinstance(term, Ref):
            return self._reference(term)
        if isinstance(term, Call):
            function = term.function
            head = function.head
            metadata = self._metadata(term)
            if metadata is not None:
                return metadata
            if isinstance(head, Var):
                # As in OPA, a rule that is named like the builtin of an operator takes the operator over.
                operator = operator_name(function)
                path = None if operator is None else self._globals.get(operator)
                if path is not None:
                    function = _document(function.location, path)
                elif operator is None:
                    function = self._function(function, head)
            return Call(term.location, function, tuple(self._term(a) for a in term.arguments))
        if isinstance(term, ArrayTerm):
            return ArrayTerm(term.location, tuple(self._term(item) for item in term.items))
        if isinstance(term, SetTerm):
            return SetTerm(term.location, tuple(self._term(item) for item in term.items))
        if isinstance(term, ObjectTerm):
            return ObjectTerm(term.location, tuple((self._term(k), self._term(v)) for k, v in term.items))
        if isinstance(term, Template):
            return Template(term.location, tuple(self._template_part(part) for part in term.parts))
        self._scopes.append(_Scope())
        body = self._body(term.body)
        key = None if term.key is None else self._term(term.key)
        value = self._term(term.value)
        self._check_unused()
        self._scopes.pop()
        return Comprehension(term.location, term.kind, key, value, body)

    def _metadata_argument(self, term: Term) -> Expr | None:
        """`rego.metadata.rule(x)` is `x = rego.metadata.rule()`."""
        if not isinstance(term, Call) or len(term.arguments) != 1:
            return None
        value = self._metadata(Call(term.location, term.function, ()))
        return None if value is None else UnifyExpr(term.location, self._term(term.arguments[0]), value)

    def _metadata(self, call: Call) -> Term | None:
        """The annotations that a call of `rego.metadata.chain` or `rego.metadata.rule` gives, as a literal."""
        if self._annotations is None or self._rule is None or call.arguments:
            return None
        if operator_name(call.function) is not None:
            return None
        name = dotted(call.function)
        if name == "rego.metadata.chain":
            return value_term(call.location, self._annotations.chain(self.module.package, self._rule))
        if name == "rego.metadata.rule":
            return value_term(call.location, self._annotations.rule(self._rule))
        return None

    def _template_part(self, part: str | Term | WithExpr) -> str | Term | WithExpr:
        if isinstance(part, str):
            return part
        if not isinstance(part, WithExpr):
            return self._term(part)
        statement = self._statement(part)
        assert isinstance(statement, WithExpr)
        return statement

    def _local(self, name: str) -> str | None:
        for scope in reversed(self._scopes):
            if name in scope.declared:
                scope.references[name] += 1
                return scope.declared[name]
        return None

    def _variable(self, variable: Var) -> Term:
        name = variable.name
        if name.startswith("$"):
            return variable
        local = self._local(name)
        if local is not None:
            return Var(variable.location, local)
        path = self._globals.get(name)
        self._scopes[-1].used.add(name)
        if path is not None and not any(name in scope.masked for scope in self._scopes):
            self._used_imports.add(name)
            return _document(variable.location, path)
        return variable

    def _function(self, function: Ref, head: Var) -> Ref:
        if self._local(head.name) is not None:
            message = f"called function {dotted(function)} shadowed"
            self._problem("rego_compile_error", message, function.location)
            return function
        path = self._globals.get(head.name)
        if path is None:
            return function
        self._used_imports.add(head.name)
        found = _document(function.location, path)
        return Ref(function.location, found.head, (*found.operands, *function.operands))

    def _reference(self, reference: Ref) -> Term:
        head = reference.head
        operands = tuple(self._term(operand) for operand in reference.operands)
        if isinstance(head, Var):
            if head.name in ROOTS and not any(head.name in scope.declared for scope in self._scopes):
                return Ref(reference.location, head, operands)
            resolved = self._variable(head)
            if isinstance(resolved, Ref):
                return Ref(reference.location, resolved.head, (*resolved.operands, *operands))
            if head.name in ROOTS and not operands:
                return resolved
            return Ref(reference.location, resolved, operands)
        resolved = self._term(head)
        if isinstance(resolved, Ref):
            return Ref(reference.location, resolved.head, (*resolved.operands, *operands))
        return Ref(reference.location, resolved, operands)


def _document(location: Location, path: tuple[str, ...]) -> Ref:
    return Ref(location, Var(location, path[0]), tuple(Scalar(location, part) for part in path[1:]))
