"""Which rules of a policy are its tests.

After OPA's v1/tester/runner.go: a rule is a test if a part of its name begins with `test_`, and one to be skipped if
it begins with `todo_test_`. Tests of one name are numbered (`test_a`, `test_a#01`). What follows the name in a rule's
head, as in `test_concat[tc.note]`, names a case of a test; a call of `internal.test_case` as early as its name is known
tells which cases there are, even of those that fail.
"""

from collections.abc import Sequence
from dataclasses import replace

from lockgate.engine.errors import Location
from lockgate.engine.record import record
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    EveryExpr,
    Module,
    Rule,
    Scalar,
    Term,
    TermExpr,
    Var,
    children,
    walk,
)
from lockgate.engine.rego.entrypoints import reference_text
from lockgate.engine.rego.term_parser import builtin_reference, dotted, operator_name

PREFIX = "test_"
SKIPPED_PREFIX = "todo_test_"
CASE_BUILTIN = "internal.test_case"


@record
class TestRule:
    """A test. `path` leads from `data` to the rule; `has_cases`: does its head name cases?

    is_function: the rule takes arguments, and cannot be evaluated by itself.
    """

    # Not a class of tests, whatever pytest may think of its name.
    __test__ = False

    path: tuple[str, ...]
    package: tuple[str, ...]
    location: Location
    has_cases: bool
    is_function: bool

    @property
    def name(self) -> str:
        """The rule's name in its package."""
        first, *rest = self.path[len(self.package) :]
        return first + reference_text(rest)

    @property
    def package_name(self) -> str:
        """The package as a reference."""
        return "data" + reference_text(self.package)

    @property
    def full_name(self) -> str:
        """Its name as a reference, which filters look at."""
        return "data" + reference_text(self.path)

    @property
    def skipped(self) -> bool:
        """Is the test to be skipped?"""
        return any(part.startswith(SKIPPED_PREFIX) for part in self.path[len(self.package) :])


def find_tests(modules: Sequence[Module]) -> tuple[list[Module], list[TestRule]]:
    """The modules with tests numbered and their cases told, and the tests in the order of the modules."""
    counts: dict[tuple[str, ...], int] = {}
    changed: list[Module] = []
    found: list[TestRule] = []
    for module in modules:
        rules: list[Rule] = []
        for rule in module.rules:
            made = _numbered(module, rule, counts)
            length = _name_length(made)
            if length:
                path = (*module.package, *_strings(made.head.path[:length]))
                has_cases = any(not isinstance(part, Scalar) for part in made.head.path[length:])
                is_function = made.head.arguments is not None
                found.append(TestRule(path, module.package, rule.location, has_cases, is_function))
                if path[-1].startswith(PREFIX):
                    made = _told(made, made.head.path[length:])
            rules.append(made)
        changed.append(replace(module, rules=tuple(rules)))
    return changed, found


def _strings(path: Sequence[Term]) -> list[str]:
    return [str(part.value) for part in path if isinstance(part, Scalar)]


def _name_length(rule: Rule) -> int:
    """How many parts of a rule's name lead to the one that makes it a test; 0 when it is none."""
    for number, part in enumerate(rule.head.path):
        if not isinstance(part, Scalar):
            break
        if isinstance(part.value, str) and part.value.startswith((PREFIX, SKIPPED_PREFIX)):
            return number + 1
    return 0


def _numbered(module: Module, rule: Rule, counts: dict[tuple[str, ...], int]) -> Rule:
    """The rule with a number in its name, where earlier rules have that name."""
    length = _name_length(rule)
    path = rule.head.path
    if not length or not _strings(path[:length])[-1].startswith(PREFIX):
        return rule
    key = (*module.package, *_strings(path[:length]))
    count = counts.get(key, 0)
    counts[key] = count + 1
    if not count:
        return rule
    last = Scalar(path[length - 1].location, f"{key[-1]}#{count:02}")
    return replace(rule, head=replace(rule.head, path=(*path[: length - 1], last, *path[length:])))


def _told(rule: Rule, names: tuple[Term, ...]) -> Rule:
    """The rule with a call that tells the name of each case, unless it has one."""
    if not names:
        return rule
    clauses = []
    for clause in rule.clauses:
        calls = any(isinstance(node, Call) and _called(node) == CASE_BUILTIN for node in walk(clause.body))
        if not calls:
            clause = replace(clause, body=_with_call(clause.body, names, clause.location))
        clauses.append(clause)
    return replace(rule, clauses=tuple(clauses))


def _called(call: Call) -> str:
    return operator_name(call.function) or dotted(call.function)


def _with_call(body: Body, names: tuple[Term, ...], location: Location) -> Body:
    """The body with the call after the statement by which all variables in the names are mentioned."""
    mentioned = {name: number for number in reversed(range(len(body))) for name in _own_names(body[number])}
    place = max([mentioned.get(name, -1) for name in _own_names(names)], default=-1) + 1
    function = builtin_reference(location, CASE_BUILTIN)
    call = TermExpr(location, Call(location, function, (ArrayTerm(location, names),)))
    return (*body[:place], call, *body[place:])


def _own_names(node: object) -> set[str]:
    """The variables in a node outside of bodies in it."""
    found: set[str] = set()
    pending: list[object] = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, Var):
            found.add(part.name)
        elif isinstance(part, EveryExpr):
            pending.append(part.domain)
        elif isinstance(part, Call):
            pending.extend(part.arguments)
        elif not isinstance(part, Comprehension):
            pending.extend(children(part))
    return found
