"""Errors name file, line and column, quote the line, and all of one pass are shown at once."""

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.errors import EvaluationError, PolicyError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Program, compile_program
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.tokens import MAX_NESTING


def compiled(text: str, capabilities: Capabilities | None = None) -> Program:
    module = parse_module(Source(text, "policy.rego"))
    return compile_program([module], entrypoints=["data.a"], capabilities=capabilities or Capabilities())


def test_place_and_quoted_line() -> None:
    with pytest.raises(RegoError) as caught:
        compiled("package a\n\np if {\n\tx := input.y\n\tz == 1\n}\n")
    problem = caught.value.errors[0]
    assert (problem.location.line, problem.location.column) == (5, 2)
    assert problem.quoted == "\tz == 1"
    assert problem.message == "var z is unsafe"
    assert problem.hint


def test_all_problems_of_a_pass_are_shown() -> None:
    with pytest.raises(RegoError) as caught:
        compiled("package a\np := x\nq := y\nr := nothing(1)\n")
    assert [problem.message for problem in caught.value.errors] == ["undefined function nothing"]
    with pytest.raises(RegoError) as caught:
        compiled("package a\np := x\nq := y\n")
    assert [problem.message for problem in caught.value.errors] == ["var x is unsafe", "var y is unsafe"]


def test_place_inside_a_block_scalar() -> None:
    source = Source("package a\np if { z == 1 }\n", "template.yaml", "v1", line=20, column=9)
    with pytest.raises(RegoError) as caught:
        compile_program([parse_module(source)], entrypoints=["data.a"], capabilities=Capabilities())
    assert str(caught.value.errors[0].location) == "template.yaml:21:16"
    assert caught.value.errors[0].quoted == " " * 8 + "p if { z == 1 }"


def test_runtime_conflict_names_the_rule_and_its_place() -> None:
    program = compiled("package a\np := 1 if input.x\np := 2 if input.y\n")
    with pytest.raises(EvaluationError) as caught:
        program.prepare().evaluate("data.a", input={"x": 1, "y": 1}, now_ns=0, limits=Limits())
    assert caught.value.location is not None
    assert caught.value.location.line == 3
    assert "data.a.p" in str(caught.value)


def test_forbidden_builtin_fails_at_load() -> None:
    with pytest.raises(RegoError) as caught:
        compiled('package a\np := http.send({"url": "x"})\n')
    assert "http.send" in str(caught.value)
    assert caught.value.errors[0].location.line == 2


@pytest.mark.parametrize(
    "text",
    [
        "package a\np contains [x, y, z] if { some x in input.l; some y in input.l; some z in input.l }\n",
        "package a\np := count([1 | input.l[_]; input.l[_]; input.l[_]])\n",
        "package a\np if every x in input.l { every y in input.l { every z in input.l { x + y + z >= 0 } } }\n",
        "package a\nf(x) := count([1 | input.l[_]; input.l[_]])\np := [f(x) | some x in input.l]\n",
    ],
    ids=["rule", "comprehension", "every", "function"],
)
def test_a_policy_that_iterates_too_much_is_stopped(text: str) -> None:
    program = compiled(text)
    with pytest.raises(EvaluationError, match="eval_cancel_error") as caught:
        program.prepare().evaluate(
            "data.a", input={"l": list(range(1_000))}, now_ns=0, limits=Limits(max_steps=100_000)
        )
    assert caught.value.location is not None
    # The process lives on.
    assert program.prepare().evaluate("data.a", input={"l": [1]}, now_ns=0, limits=Limits())


@pytest.mark.parametrize("opening", ["[", "{", "(", "{1: ", "f(", "[x | x := ", "-", "not ", "input["])
def test_nesting_is_bounded(opening: str) -> None:
    text = "package a\np := " + opening * (MAX_NESTING * 40)
    with pytest.raises(RegoError):
        compiled(text)


def test_long_operator_chains_are_bounded() -> None:
    with pytest.raises(RegoError, match="operators in a row"):
        compiled("package a\np := " + " + ".join(["1"] * 5_000))


def test_deep_honest_nesting_compiles_and_runs() -> None:
    depth = 40
    text = "package a\np := " + "[" * depth + "1" + "]" * depth
    value = compiled(text).prepare().evaluate("data.a", input={}, now_ns=0, limits=Limits())
    assert isinstance(value, dict)


def test_more_loops_than_python_nests() -> None:
    depth = 45
    body = "; ".join(f"some x{n} in input.l" for n in range(depth))
    program = compiled(f"package a\np contains x{depth - 1} if {{ {body} }}\nq if {{ {body}; x3 == 7 }}\n")
    value = program.prepare().evaluate("data.a", input={"l": [7]}, now_ns=0, limits=Limits())
    assert isinstance(value, dict)
    assert value["q"] is True
    assert list(value["p"].members.values()) == [7]  # type: ignore[union-attr]


def test_deep_comprehensions_in_loops() -> None:
    text = "package a\np := " + "".join(f"[x{n} | x{n} := " for n in range(20)) + "input.v" + "]" * 20
    value = compiled(text).prepare().evaluate("data.a", input={"v": 1}, now_ns=0, limits=Limits())
    assert isinstance(value, dict)
    found = value["p"]
    for _ in range(20):
        assert isinstance(found, list)
        found = found[0]
    assert found == 1


def test_a_builtin_without_its_library_fails_at_load(monkeypatch: pytest.MonkeyPatch) -> None:
    from lockgate.engine.rego.builtins import catalogue

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RegoError) as caught:
        compiled("package a\n\np := io.jwt.verify_rs256(input.token, input.key)\n")
    problem = caught.value.errors[0]
    assert (problem.location.line, problem.hint) == (3, "pip install lockgate[crypto]")
    assert problem.message == "built-in function io.jwt.verify_rs256 needs a library that is not installed"
    with pytest.raises(PolicyError):
        catalogue.load("io.jwt.verify_rs256")
    assert catalogue.load("io.jwt.decode") is not None
