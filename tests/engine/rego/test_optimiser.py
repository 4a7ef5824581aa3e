"""Policies that optimised code once judged otherwise, or that did not compile: all modes answer as expected."""

import json
from typing import Any, Final, Literal

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, Value, parse_json, render_json
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.options import CompileOptions
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import NO_VALUES, PARAMETERS, Mode, Prepared, compile_program
from lockgate.engine.rego.source import Source

USUAL: Final = (("input", "review"), ("input", "review", "object"))
UNDEFINED: Final = "undefined"

# Name: rules, then (parameters, review, the value of `data.test.p`) in turn, all asked of one prepared program.
CASES: Final[dict[str, tuple[str, list[tuple[Any, Any, Any]]]]] = {
    "what is named like the parameters inside of a review is no constant": (
        """p := z if { x := input.review; y := x.parameters.s; z := lower(y) }""",
        [("Q", {"parameters": {"s": "AA"}}, "aa"), ("Q", {"parameters": {"s": "BB"}}, "bb")],
    ),
    "the same in what a loop goes through": (
        """p := z if { some x in [input.review.a]; y := x.parameters.s; z := sprintf("<%v>", [y]) }""",
        [("Q", {"a": {"parameters": {"s": 1}}}, "<1>"), ("Q", {"a": {"parameters": {"s": 2}}}, "<2>")],
    ),
    "a function that cannot hold after a call that may fail": (
        """f(x) := y if { y := to_number(x); 1 == 2 }
        p := sprintf("%v", [z]) if { z := f(input.review.a) }""",
        [("Q", {"a": "1"}, UNDEFINED), ("Q", {"a": "b"}, UNDEFINED)],
    ),
    "a function that is null by default": (
        """default f(_) := null
        f(x) if x == 1
        p := [x | some x in [1, 2, input.review.a]; not f(x)]""",
        [("Q", {"a": 1}, []), ("Q", {"a": 3}, [])],
    ),
    "parameters that a with replaces": (
        """r := input.parameters.s
        f(x) := [x, input.parameters.s]
        p := x if { x := [r, f(1)] with input.parameters.s as "R" }""",
        [("Q", {}, ["R", [1, "R"]])],
    ),
    "parameters of an input that a with replaces": (
        """f(x) := [x, object.get(input, "parameters", "none")]
        p := x if { x := f(1) with input as {"review": 1} }""",
        [("Q", {}, [1, "none"])],
    ),
    "what a try before has read, though it was left": (
        """p contains x if { input.review.a.b == 1; x := "first" }
        p contains x if { input.review.a.b == 2; input.review.a.c == 3; x := "second" }
        p contains x if { input.review.a.c == 3; x := "third" }""",
        [
            ("Q", {"a": {"b": 1}}, ["first"]),
            ("Q", {"a": {"b": 2, "c": 3}}, ["second", "third"]),
            ("Q", {"a": {"c": 3}}, ["third"]),
            ("Q", {"a": 1}, []),
        ],
    ),
    "a builtin that fails, called again": (
        """p contains x if { to_number(input.review.a) == 1; x := "one" }
        p contains x if { not to_number(input.review.a); x := "none" }
        p contains x if { x := to_number(input.review.a) + 1 }""",
        [("Q", {"a": "1"}, [2, "one"]), ("Q", {"a": "x"}, ["none"]), ("Q", {"a": "0"}, [1])],
    ),
    "a member that a function finds or another does": (
        """has(o, f) if o[f]
        has(o, f) if o[f] == false
        get(o, f, d) := o[f]
        get(o, f, d) := d[f] if not has(o, f)
        p := [get(input.review.a, "s", input.review.d), has(input.review.a, "s")]""",
        [
            ("Q", {"a": {"s": False}, "d": {"s": 2}}, [False, True]),
            ("Q", {"a": {"s": None}, "d": {"s": 2}}, [None, True]),
            ("Q", {"a": {}, "d": {"s": 2}}, UNDEFINED),
        ],
    ),
    "the same where nothing is there": (
        """has(o, f) if o[f]
        has(o, f) if o[f] == false
        get(o, f, d) := o[f]
        get(o, f, d) := d[f] if not has(o, f)
        p := [x | some o in input.review.all; x := get(o, "s", input.review.d)]""",
        [("Q", {"all": [{"s": False}, {}, {"s": 1}, 3], "d": {"s": 2}}, [False, 2, 1, 2])],
    ),
    "a function for known arguments with a default": (
        """default f(_, _) := "none"
        f(kind, xs) := x if { some x in xs; x == kind }
        p := [f(input.parameters.s, input.review.a), f("b", input.review.a), f(input.review.b, input.review.a)]""",
        [("Q", {"a": ["a", "b"], "b": "a"}, ["none", "b", "a"]), ("Q", {"a": [], "b": 1}, ["none"] * 3)],
    ),
    "a function that has no value for what it is given": (
        """f(rule, x) := msg if { rule == "A"; some y in x; msg := sprintf("%v", [y]) }
        p contains f("B", input.review.a)
        p contains f("A", input.review.a)
        p contains "neither" if not f("B", input.review.a)""",
        [("Q", {"a": [1]}, ["1", "neither"]), ("Q", {"a": []}, ["neither"])],
    ),
    "outputs of a function that disagree": (
        """f(x) := x.a
        f(x) := x.b
        p := y if { y := f(input.review) }""",
        [("Q", {"a": 1}, 1), ("Q", {"b": 1}, 1), ("Q", {"a": 2, "b": 2}, 2)],
    ),
    "a document and its members, gone through again below a loop": (
        """xs contains x if { some x in input.review.a }
        p contains sprintf("%v-%v", [k, x]) if { some k in ["s", "t", input.parameters.s]; some x in xs }""",
        [("Q", {"a": [1, 2]}, ["Q-1", "Q-2", "s-1", "s-2", "t-1", "t-2"]), ("Q", {"a": []}, [])],
    ),
    "equal objects of texts in a set": (
        """v contains {"msg": m, "field": "f"} if { some x in input.review.a; m := sprintf("%v", [x]) }
        p := {"all": v, "few": count(v)}""",
        [
            ("Q", {"a": [1, "1"]}, {"all": [{"field": "f", "msg": "1"}], "few": 1}),
            (
                "Q",
                {"a": [3, 1, "1", 2, 2]},
                {"all": [{"field": "f", "msg": str(n)} for n in (1, 2, 3)], "few": 3},
            ),
        ],
    ),
    "objects that only Python finds equal": (
        """v contains {"a": x} if some x in input.review.a
        p := count(v)""",
        [("Q", {"a": [1, True]}, 2), ("Q", {"a": ["x", 0, False]}, 3), ("Q", {"a": [1, 1.0]}, 1)],
    ),
    "sets of texts in a message": (
        """p := sprintf("%v %v", [{x | some x in input.review.a}, {"only"}])""",
        [
            ("Q", {"a": ["b", "a", 'q"']}, '{"a", "b", "q\\""} {"only"}'),
            ("Q", {"a": [2, "b", 1]}, '{1, 2, "b"} {"only"}'),
            ("Q", {"a": []}, 'set() {"only"}'),
        ],
    ),
    "arguments that nothing equals": (
        """f({x}, {y}) := x if { x == y }
        f(1, 1) := 2
        f({x}, x) := 3
        p := [x | some a in [input.review.a, 1, {1}]; x := f(a, a)]""",
        [("Q", {"a": 1}, [2, 2]), ("Q", {"a": [1]}, [2])],
    ),
}


def value(plain: Any) -> Value:
    return parse_json(json.dumps(plain))


Values = Literal["shared", "made anew"]


def prepared(
    text: str, mode: Mode, parameters: Value, usual: bool, bound: bool, values: Values = "shared"
) -> Prepared:
    constants: dict[tuple[str, ...], Value] = {PARAMETERS: parameters}
    program = compile_program(
        [parse_module(Source(f"package test\n{text}", "test.rego"))],
        entrypoints=["data.test.p"],
        capabilities=Capabilities(),
        mode=mode,
        usual=USUAL if usual else (),
        bound=constants if bound else NO_VALUES,
        options=CompileOptions(values=values),
    )
    return program.prepare(constants)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("usual", [False, True])
@pytest.mark.parametrize(
    ("mode", "bound", "values"),
    [
        ("plain", False, "shared"),
        ("plain", True, "shared"),
        ("plain", True, "made anew"),
        ("traced", False, "shared"),
    ],
)
def test_optimised_code_answers_as_expected(
    name: str, mode: Mode, bound: bool, values: Values, usual: bool
) -> None:
    text, asked = CASES[name]
    programs: dict[str, Prepared] = {}
    for s, review, expected in asked:
        parameters = value({"s": s})
        program = programs.setdefault(
            render_json(parameters), prepared(text, mode, parameters, usual, bound, values)
        )
        given: Value = {"parameters": parameters, "review": value(review)}
        found = program.evaluate("data.test.p", input=given, now_ns=0, limits=Limits())
        assert (UNDEFINED if isinstance(found, Undefined) else json.loads(render_json(found))) == expected


def code_of(text: str, parameters: Any = None) -> str:
    """The code of a policy, made for parameters."""
    program = compile_program(
        [parse_module(Source(f"package test\n{text}", "test.rego"))],
        entrypoints=["data.test.p"],
        capabilities=Capabilities(),
        bound={PARAMETERS: value(parameters)},
    )
    return program.artifact.source


def test_many_clauses_below_a_loop_keep_the_loop() -> None:
    clauses = [
        f'p contains {number} if {{ some x in input.parameters.xs; input.review.a == x; input.review.b == "{number}" }}'
        for number in range(600)
    ]
    few, many = (
        code_of("\n".join(clauses[:5]), {"xs": ["a", 1]}),
        code_of("\n".join(clauses), {"xs": ["a", 1]}),
    )
    assert "for " not in few
    assert "for " in many
    assert len(many) < 600 * len(clauses)


def test_clauses_that_go_on_from_one_another_compile_at_any_number() -> None:
    clauses = [
        f"p contains {number} if {{ {'; '.join([f'input.review.a{part} == {part}' for part in range(number + 1)])} }}"
        for number in range(110)
    ]
    program = compile_program(
        [parse_module(Source("package test\n" + "\n".join(clauses), "test.rego"))],
        entrypoints=["data.test.p"],
        capabilities=Capabilities(),
    )
    given: Value = {"review": {f"a{part}": part for part in range(100)}}
    found = program.prepare().evaluate("data.test.p", input=given, now_ns=0, limits=Limits())
    assert not isinstance(found, Undefined)
    assert json.loads(render_json(found)) == list(range(100))


def test_a_long_body_of_a_set_is_refused() -> None:
    statements = "\n".join([f"input.review.a{number}" for number in range(10_001)])
    with pytest.raises(RegoError, match="more than 10000 statements"):
        code_of(f"p contains 1 if {{\n{statements}\n}}", {})


def test_copies_of_functions_are_bounded() -> None:
    functions = [f"f{n}(x) if {{ {'; '.join([f'f{n + 1}(x)'] * 9)} }}\nf{n}(x) if x == 2" for n in range(12)]
    code = code_of("\n".join([*functions, "f12(x) if x == 1", "p if f0(1)"]))
    assert code.count("\n") < 40_000


@pytest.mark.parametrize(
    "function",
    [
        "f(x) := z if { some y in input.parameters.xs; y.a == x; z := y.b }",
        "f(x) if strings.any_prefix_match(x[0], input.parameters.ss)",
    ],
)
def test_what_goes_through_known_parameters_costs_steps(function: str) -> None:
    parameters = value(
        {
            "xs": [{"a": number, "b": 1} for number in range(2_000)],
            "ss": [f"a{number}" for number in range(2_000)],
        }
    )
    program = prepared(
        f"""{function}
        p if {{ some x in input.review.ys; f([x]) == 3 }}""",
        "plain",
        parameters,
        usual=True,
        bound=True,
    )
    given: Value = {"parameters": parameters, "review": value({"ys": ["b"] * 200})}
    with pytest.raises(EvaluationError, match="more than 2000 steps"):
        program.evaluate("data.test.p", input=given, now_ns=0, limits=Limits(max_steps=2_000))


@pytest.mark.parametrize(
    "rule",
    [
        'r := [1 | not [x, y] = input.os] if { "v" < "v" }',
        "r contains x if { 1 == 2; x := input.y; count(z) > 1 }",
        "f(a) := b if { a == 1; 2 == 3; b := c }",
    ],
)
def test_what_is_left_out_is_checked(rule: str) -> None:
    module = parse_module(Source(f"package test\n{rule}\n", "dead.rego"))
    with pytest.raises(RegoError) as caught:
        compile_program([module], entrypoints=["data.test"], capabilities=Capabilities())
    assert caught.value.code == "rego_unsafe_var_error"
