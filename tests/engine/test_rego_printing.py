"""`print`: what an evaluation gives its sink, and what may be printed. Expectations are OPA 1.22.2's (`opa eval`)."""

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.printing import Printed
from lockgate.engine.codegen.values import parse_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.options import CompileOptions
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Program, compile_program
from lockgate.engine.rego.source import Source

KEPT = CompileOptions(prints="kept")


def program(rules: str, options: CompileOptions = KEPT) -> Program:
    module = parse_module(Source(f"package test\n\n{rules}\n", "p.rego"))
    return compile_program(
        [module], entrypoints=["data.test.p"], capabilities=Capabilities(), options=options
    )


def printed(rules: str, options: CompileOptions = KEPT) -> list[Printed]:
    lines: list[Printed] = []
    program(rules, options).prepare().evaluate(
        "data.test.p",
        input=parse_json('{"xs": [1, "b"]}'),
        now_ns=0,
        limits=Limits(),
        print_sink=lines.append,
    )
    return lines


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        (
            'p if { print("a", 1, true, null, {"k": [1, "s"]}, {2, 1}) }',
            ['a 1 true null {"k": [1, "s"]} {1, 2}'],
        ),
        ('p if { print("before", input.none, input.xs[7]) }', ["before <undefined> <undefined>"]),
        ("p if { print() }", [""]),
        ("p if { some x in input.xs; print(x); false }", ["1", "b"]),
        ("p := [1 | some x in input.xs; print(x)]", ["1", "b"]),
        ("p if { every x in input.xs { print(x) } }", ["1", "b"]),
        ('p if { some x in [1, 2]; count([1 | print("inner")]) == 3 }', ["inner", "inner"]),
        ("p if { print(q); print(q) }\nq := 1 if print(2)", ["2", "1", "1"]),
        ("p if not print(1)", ["1"]),
        ("p if f(1)\nf(x) if print(x) with input as 2", ["1"]),
        ('p := $"{input.none}" if { print($"{input.none}") }', ["<undefined>"]),
    ],
)
def test_prints(rules: str, lines: list[str]) -> None:
    assert [line.text for line in printed(rules)] == lines


def test_a_line_has_its_place() -> None:
    (line,) = printed("p if {\n\ttrue\n\tprint(1)\n}")
    assert (line.location.file, line.location.line, line.location.column) == ("p.rego", 5, 2)


def test_without_a_sink_nothing_happens() -> None:
    prepared = program("p if print(input.x)").prepare()
    assert prepared.evaluate("data.test.p", input={}, now_ns=0, limits=Limits()) is True


def test_left_out_by_default() -> None:
    rules = 'p := [1 | print("never")] if { not { print("never") } or print("never") }'
    imports = "import future.keywords.not\nimport future.keywords.or\n"
    with pytest.raises(RegoError, match="operand of `or` cannot consist only of calls to `print`"):
        program(imports + rules)
    rules = 'p := [1 | print("never")] if { print(x, "never"); every x in [1] { print(x) } }'
    assert printed(rules, CompileOptions()) == []


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("p := print(1)", "rego_type_error"),
        ("p if { print(x); x = 1 }", "rego_compile_error"),
        ("p if { print(x); x := 1 }", "rego_compile_error"),
        ("p if { print(input.xs[_]) }", "rego_compile_error"),
        ('p if { y = $"{x + 1}"; x = 1 }', "rego_compile_error"),
    ],
)
def test_refused(rules: str, code: str) -> None:
    with pytest.raises(RegoError) as caught:
        program(rules)
    assert caught.value.code == code
