"""Unit tests of policies: which there are, what becomes of them, what they print, and which statement failed."""

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.explanation import Reason, Text
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.spans import Spans
from lockgate.engine.rego.testing.run import Runner, TestResult, TestRun
from lockgate.engine.rego.version import RegoVersion


def parsed(text: str, version: RegoVersion = "v1", file: str = "p.rego") -> Text:
    spans = Spans()
    source = Source(text, file, version)
    return Text(source, parse_module(source, spans), spans)


def run(
    text: str, *, data: dict[str, Value] | None = None, version: RegoVersion = "v1", only: str = ""
) -> TestRun:
    ticks = iter(range(0, 10**9, 1000))
    runner = Runner([parsed(text, version)], data or {}, Limits(max_steps=100_000), lambda: next(ticks))
    return runner.run(lambda name: only in name, coverage="measured")


def outcomes(found: TestRun) -> dict[str, str]:
    return {result.rule.name: result.outcome for result in found.results}


def one(text: str) -> TestResult:
    (result,) = run("package p\n" + text).results
    return result


CASES = [
    ("test_a if true", "pass"),
    ("test_a := true", "pass"),
    ("test_a if 1", "pass"),
    ("test_a if false", "fail"),
    ("test_a := 1", "fail"),
    ("test_a if input.x", "fail"),
    ("test_a if data.x.y", "pass"),
    ("todo_test_a if false", "skip"),
    ("test_a contains 1", "fail"),
    ("test_a := {}", "fail"),
    ("test_a if false else := true", "pass"),
    ("deep.test_a if true", "pass"),
    ("test_a.below if true", "fail"),
    ("test_a(x) if x", "error"),
    ("test_a := x if some x in [true, false]", "error"),
    (
        "test_a if {\n some x in numbers.range(1, 400)\n some y in numbers.range(1, 400)\n x * y == 0 }",
        "error",
    ),
    ("test_a[x] if some x in [1, 2]", "pass"),
    ("test_a[x] if { some x in [1, 2]; x == 1 }", "fail"),
    ("test_a[x] := y if some x, y in {1: true}", "pass"),
    ("test_a[x] := y if some x, y in {1: false}", "fail"),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_outcome(text: str, expected: str) -> None:
    (result,) = run(f"package p\n{text}", data={"x": {"y": 1}}).results
    assert result.outcome == expected, result.error


def test_tests_of_one_name_are_numbered() -> None:
    found = run("package p\ntest_a if true\ntest_a if false\ntest_b if true\ntest_a if true")
    assert outcomes(found) == {"test_a": "pass", "test_a#01": "fail", "test_b": "pass", "test_a#02": "pass"}
    assert [result.rule.location.line for result in found.results] == [2, 3, 4, 5]
    assert found.count("pass") == 3


def test_cases_of_tests_are_counted_each() -> None:
    text = """package p
test_sum[tc.note] if {
  some tc in [{"note": "one", "x": 1}, {"note": "two", "x": 3}, {"note": "three", "x": 4}]
  tc.x + 1 == 2
}"""
    found = run(text)
    (result,) = found.results
    assert [(case.name, case.failed) for case in result.cases] == [
        ("one", False),
        ("three", True),
        ("two", True),
    ]
    assert (found.count("pass"), found.count("fail")) == (1, 2)
    assert [(reason.case, reason.failed and reason.failed.location.line) for reason in result.reasons] == [
        (["two"], 4),
        (["three"], 4),
    ]


def test_old_rego() -> None:
    found = run("package p\ntest_a { x := 1; x == 1 }\ntest_b[x] { x := 1 }", version="v0")
    assert outcomes(found) == {"test_a": "pass", "test_b": "fail"}


def test_only_wanted_tests_run() -> None:
    assert outcomes(run("package p\ntest_a if true\ntest_b if true", only="data.p.test_b")) == {
        "test_b": "pass"
    }


def test_names_that_are_no_words() -> None:
    (result,) = run('package p["x-y"]\ntest_a if true').results
    assert result.rule.full_name == 'data.p["x-y"].test_a'
    (result,) = run('package p["x.y"]\nimport rego.v1\ntest_a if true').results
    assert (result.rule.full_name, result.outcome) == ('data.p["x.y"].test_a', "pass")
    assert result.outcome == "pass"


def test_what_is_printed_is_kept() -> None:
    result = one('test_a if {\n  print("x is", 1, input.y)\n  false\n}')
    assert [(printed.text, printed.location.line) for printed in result.output] == [("x is 1 <undefined>", 3)]


@pytest.mark.parametrize(
    ("name", "given"),
    [("http.send", '{"url": "http://127.0.0.1:9/", "method": "get"}'), ("net.lookup_ip_addr", '"localhost"')],
)
def test_something_stands_in_for_what_reaches_outside(name: str, given: str) -> None:
    text = f"""package p
answer(x) := {{"got": x}}
asked := {name}({given})
test_a if asked.got == {given} with {name} as answer
test_b if asked
"""
    one, two = run(text).results
    assert (one.outcome, two.outcome) == ("pass", "fail")


def test_policies_that_do_not_compile() -> None:
    with pytest.raises(RegoError, match="undefined function nothing"):
        run("package p\ntest_a if nothing(1)")


def values(reason: Reason) -> dict[str, object]:
    assert reason.failed is not None
    return {named.name: named.value for named in reason.failed.values}


def test_the_statement_that_failed_with_its_values() -> None:
    text = """test_a if {
  x := 3
  some y in [1, 2]
  x + y > 4
  x * y == 7
}"""
    (reason,) = one(text).reasons
    assert reason.failed is not None
    assert (reason.failed.location.line, reason.failed.text) == (6, "x * y == 7")
    assert [step.text for step in reason.held_before] == ["x := 3", "some y in [1, 2]", "x + y > 4"]
    assert values(reason) == {"x": 3, "y": 2, "x * y": 6}


def test_the_rules_that_a_statement_asked() -> None:
    text = """allow if {
  input.user.name == "bob"
}
test_a if allow with input as {"user": {"name": "eve"}}"""
    (reason,) = one(text).reasons
    (below,) = reason.because
    assert below.rule == "data.p.allow"
    assert values(below) == {"input.user.name": "eve"}


def test_what_held_where_it_should_not() -> None:
    text = 'deny contains x if some x in input.xs\ntest_a if not deny with input.xs as ["a"]\n'
    (reason,) = one(text).reasons
    assert [(below.rule, below.gave) for below in reason.because] == [("data.p.deny", ("a",))]


def test_the_statement_inside_of_every() -> None:
    (reason,) = one("test_a if {\n  every x in [1, 2] {\n    y := x + 1\n    y < 3\n  }\n}").reasons
    assert reason.failed is not None
    assert reason.failed.location.line == 3
    assert reason.inner is not None
    assert (reason.inner.location.line, reason.inner.text) == (5, "y < 3")
    assert [(named.name, named.value) for named in reason.inner.values] == [("y", 3)]


def test_else_is_explained_clause_by_clause() -> None:
    reasons = one("test_a if {\n  1 > 2\n} else if {\n  2 > 3\n}").reasons
    assert [reason.failed.text for reason in reasons if reason.failed] == ["1 > 2", "2 > 3"]


def test_coverage_counts_lines() -> None:
    text = """package p
allow if {
  input.a == 1
  input.b == 2
}
never if {
  input.c
}
test_a if not allow with input as {"a": 1, "b": 1}"""
    coverage = run(text).coverage
    assert coverage is not None
    file = coverage.files["p.rego"]
    missed = {line for found in file.not_covered for line in range(found.line, found.end_line + 1)}
    # OPA's index leaves the rule out, as no statement of it can be reached with that input.
    assert missed == {2, 3, 4, 6, 7}
    assert (file.covered_lines, file.not_covered_lines) == (1, 5)
    assert coverage.percentage == pytest.approx(100 / 6)
