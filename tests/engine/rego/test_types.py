"""Static types: what OPA refuses is refused, with its messages, and nothing else."""

from dataclasses import replace

import pytest
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.flatten import Flattener
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.query import compile_query
from lockgate.engine.rego.resolve import Alternative, Resolver, package_names
from lockgate.engine.rego.ruletree import RuleTree, check_recursion
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.term_parser import dotted
from lockgate.engine.rego.types.rules import TypeFacts, check_types
from lockgate.engine.rego.types.texts import type_text

from tests.engine.rego.type_cases import CASES


def facts_of(text: str) -> tuple[TypeFacts, Alternative]:
    """What is known of a module's types, and its first rule."""
    module = parse_module(Source(text, "module.rego"))
    problems: list[Problem] = []
    resolver = Resolver(module, package_names([module]), problems)
    tree = RuleTree()
    for rule in module.rules:
        tree.add(resolver.definition(rule), problems)
    tree.gather()
    flattener = Flattener(
        lambda function: ENTRIES[dotted(function)].arity if dotted(function) in ENTRIES else None
    )
    for group in tree.groups:
        group.definitions = [
            replace(d, alternatives=tuple(flattener.alternative(a) for a in d.alternatives))
            for d in group.definitions
        ]
    facts = check_types(tree, check_recursion(tree, problems))
    assert not problems
    return facts, tree.groups[0].definitions[0].alternatives[0]


HINT = (
    "hint  : both sides are arrays but their types differ, so they can never be equal"
    " (see https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error)"
)


def problems_of(*texts: str) -> tuple[Problem, ...]:
    modules = [parse_module(Source(text, f"module-{number}.rego")) for number, text in enumerate(texts)]
    try:
        compile_program(modules, entrypoints=["data.t"], capabilities=Capabilities())
    except RegoError as error:
        return error.errors
    return ()


@pytest.mark.parametrize(("subject", "rules", "wanted"), CASES)
def test_types_are_judged_as_by_opa(subject: str, rules: str, wanted: list[tuple[int, str]]) -> None:
    found = problems_of(f"package t\n{rules}")
    assert {problem.code for problem in found} <= {"rego_type_error"}
    assert sorted((problem.location.line - 1, problem.message) for problem in found) == wanted, subject


@pytest.mark.parametrize(
    ("rules", "details"),
    [
        (
            'p if startswith(1, "a")',
            ("have: (number, string)", "want: (search: string, base: string, result: boolean)"),
        ),
        (
            'p if { x := startswith(1, "a") }',
            ("have: (number, string, ???)", "want: (search: string, base: string, result: boolean)"),
        ),
        ("f(x) := x + 1\np if f({})", ("have: (object)", "want: (number, number)")),
        (
            'p if { x := {"b": [1], "a": input.x}; x == 1 }',
            ("left  : object<a: any, b: array<number>>", "right : number"),
        ),
        (
            'p if [1] == [input.x, {y | y := {"a", 1}[_]}]',
            (
                "left  : array<number>",
                "right : array<any, set[any<number, string>]>",
                HINT,
            ),
        ),
        (
            'q := {"a": 1}\np if q.b',
            ("data.t.q.b", "         ^", '         have: "b"', '         want (one of): ["a"]'),
        ),
        (
            "q := [1]\np if { i := {}; q[i] }",
            ("data.t.q[i]", "         ^", "         have (type): object", "         want (type): number"),
        ),
        ('p if { x := startswith("a") }', ("have: (string, ???)", "want: (search: string, base: string)")),
        # What both sides have in common is left out of wide ones.
        (
            (
                'p if { {"a": {"b": 1, "c": "x"}, "d": [1, 2, 3], "e": {"f": "g"}, "h": null}'
                ' == {"a": {"b": 1, "c": 2}, "d": [1, 2, 3], "e": {"f": "g"}, "i": input.x} }'
            ),
            (
                "left  : object<a: object<c: string, ...>, h: null, ...>",
                "right : object<a: object<c: number, ...>, i: any, ...>",
                HINT.replace("arrays", "objects"),
            ),
        ),
        (
            (
                'p if [[1, "a", null, true, {"a": 1}], {"a", 1, null}, 1, 1, 1, 1, 1]'
                ' == [[1, "a", null, true, {"a": 2}], {"b"}, 2, 2, 2, 2, "x"]'
            ),
            (
                "left  : array<array<...>, set[any<null, number, string>], number, number, number, number, number>",
                "right : array<array<...>, set[string], number, number, number, number, string>",
                HINT,
            ),
        ),
        (
            'p if { x := [{"a": {"b": {"c": "d"}, "e": [[[1]]]}, "f": {"g": 1, "h": {"i": 1}}}]; startswith(x, "a") }',
            ("have: (array<...>, string)", "want: (search: string, base: string, result: boolean)"),
        ),
        ('p if { time.clock("a") }', ("have: (string)", "want: (x: any<...>, output: array<...>)")),
        ("q := 1\np if { q.a.b }", ("data.t.q.a.b", "^^^^^^^^", "have: number")),
    ],
)
def test_details_are_opas(rules: str, details: tuple[str, ...]) -> None:
    (problem,) = problems_of(f"package t\n{rules}")
    assert problem.details == details


def test_a_problem_tells_what_there_is_and_what_is_wanted() -> None:
    (problem,) = problems_of("package t\np if count(5)")
    assert problem.advice == ("have: (number); want: (collection: any<...>, n: number)")


@pytest.mark.parametrize(
    ("rules", "known"),
    [
        ('p := x if x := {"a": [1, input.y]}', "object<a: array<number, any>>"),
        ('p contains x if { some i; x := split(input.a, ",")[i] }', "string"),
        ("p := [x] if { q[x] }\nq contains 1\nq contains {}", "array<any<number, object>>"),
        ("p[x] := count(x) if { x := [y | y := input.x] }", "number"),
        # The arguments of functions have the types that their bodies ask for, whatever they are called with.
        ("p(x) := x + 1", None),
        # Any document may stand in the place of `q`.
        ("p := q\nq := 1\nr if p with data.t.q as 2", None),
    ],
)
def test_sure_types_are_told(rules: str, known: str | None) -> None:
    facts, alternative = facts_of(f"package t\n{rules}")
    found = facts.type_of(
        alternative, alternative.value if alternative.member is None else alternative.member
    )
    assert (None if found is None else type_text(found)) == known


def test_types_pass_between_modules_whatever_their_order() -> None:
    library = "package lib\nlimit := 5\nname(x) := concat(x, [])"
    policy = 'package t\nimport data.lib\np if lib.limit == "5"\nq if lib.name(1)'
    for texts in ((library, policy), (policy, library)):
        found = sorted(problem.message for problem in problems_of(*texts))
        assert found == ["data.lib.name: invalid argument(s)", "match error"]


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        # No rule gives `p[y].c`, so that `q` is checked before the rule whose type would refuse it.
        ("q if p[y].c.d\np[x].a := 1 if x := input", []),
        ("p[x].a := 1 if x := input\nq if p[y].c.d", ["undefined ref: data.t.p[y].c.d"]),
        ("q if p[y].a.d\np[x].a := 1 if x := input", ["undefined ref: data.t.p[y].a.d"]),
        # Nothing stands at a number in `data.other`.
        ("q if { k := 1; not data.other[k] }", []),
    ],
)
def test_rules_are_checked_after_what_they_refer_to(rules: str, wanted: list[str]) -> None:
    found = problems_of(f"package t\n{rules}", "package other\nr := 1")
    assert [problem.message for problem in found] == wanted


def test_a_rule_with_a_mistake_causes_no_other() -> None:
    (problem,) = problems_of('package t\nq := startswith(1, "a")\np if q == "x"')
    assert problem.location.line == 2


def test_unsafe_variables_come_before_types() -> None:
    found = problems_of('package t\np if 1 == "a"\nq if not input.xs[i] == i')
    assert {problem.code for problem in found} == {"rego_unsafe_var_error"}


def test_in_a_query_equality_gives_false() -> None:
    compile_query('x := 1 == "a"', [], capabilities=Capabilities())
    compile_query('1 == "a"', [], capabilities=Capabilities())
    with pytest.raises(RegoError, match="match error"):
        compile_query('1 = "a"', [], capabilities=Capabilities())


@pytest.mark.parametrize(
    "rules",
    [
        # Types that double with each rule.
        "\n".join(["p0 := 1", *[f"p{n} := [p{n - 1}, p{n - 1}, {{p{n - 1}}}]" for n in range(1, 400)]]),
        "\n".join(["p0 := 1", *[f'p{n} := {{"a": p{n - 1}, "b": [p{n - 1}]}}' for n in range(1, 300)]])
        + '\nq if { p299 == p298; p299 == {"a": p298, "b": p297} }',
        # Comprehensions that OPA looks at again at each level.
        "p if { " + "x := [1 | " * 15 + "true" + "]" * 15 + " }",
        # A union of many types.
        "\n".join(f'p contains {{"k{n}": 1}}' for n in range(2_500)) + "\nq if { some x in p; x == 1 }",
        "p := {" + ", ".join(f'{{"k{n}": 1}}' for n in range(2_500)) + "}",
        # A chain of rules, each needing the next.
        "\n".join(f"p{n} if p{n + 1}" for n in range(1_500)) + "\np1500 := 1",
    ],
    ids=["arrays", "objects", "comprehensions", "members", "literal", "chain"],
)
def test_hostile_types_end_soon(rules: str) -> None:
    problems_of(f"package t\n{rules}")
