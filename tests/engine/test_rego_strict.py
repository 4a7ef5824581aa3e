"""What is refused in strict mode only (`opa check --strict`), and what is unused and refused always."""

import pytest
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.options import CompileOptions
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion

USUAL, STRICT = CompileOptions(), CompileOptions(checks="strict")


def problems(module: str, options: CompileOptions, version: RegoVersion = "v1") -> list[str]:
    try:
        parsed = parse_module(Source(f"package test\n{module}\n", "s.rego", version))
        compile_program([parsed], entrypoints=["data.test"], capabilities=Capabilities(), options=options)
    except RegoError as error:
        return [
            f"{one.location.line}:{one.location.column} {one.code}: {one.message}" for one in error.errors
        ]
    return []


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        ("p if { x := 1 }", "2:8 rego_compile_error: assigned var x unused"),
        ("p := [1 | x := 1]", "2:11 rego_compile_error: assigned var x unused"),
        ("p if { [x, y] := [1, 2]; x == 1 }", "2:12 rego_compile_error: assigned var y unused"),
        (
            "f(x) := 1",
            "2:1 rego_compile_error: unused argument x. (hint: use _ (wildcard variable) instead)",
        ),
        ("import data.foo", "2:1 rego_compile_error: import data.foo unused"),
        ("import input.foo as bar\nfoo := 1", "2:1 rego_compile_error: import input.foo as bar unused"),
    ],
)
def test_strict(module: str, problem: str) -> None:
    rest = "" if "p " in module or "f(" in module else "\nq := 1"
    assert problems(module + rest, USUAL) == []
    assert problems(module + rest, STRICT) == [problem]


@pytest.mark.parametrize(
    "module",
    [
        "p := x if x := 1",
        "p contains [x] if x := 1",
        "p[x] := 1 if x := `a`",
        "p if { x := 1; not x == 2 }",
        "p if { x := 1; y := [z | z := x]; y }",
        "p if { _ := 1 }",
        "f(_) := 1",
        "f(x) := 1 if false else := 2 if x",
        "f([x, y]) := x + y",
        "import data.foo\np := foo",
        "import data.foo.bar\np := bar.x(1) if bar.y",
        "import rego.v1\np := 1",
        "p if every x in [1] { x }",
        "p if { some x; [1][x] }",
        "p if { x := 1; print(x) }",
        "p := $`{x}` if x := 1",
    ],
)
def test_used(module: str) -> None:
    assert [one for one in problems(module, STRICT) if "unused" in one] == []


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        ("p if { some x }", "2:8 rego_compile_error: declared var x unused"),
        ("p if every x in [1] { true }", "2:23 rego_compile_error: declared var x unused"),
        ("p if every k, v in [1] { v }", "2:26 rego_compile_error: declared var k unused"),
        ("p := [1 | some x]", "2:11 rego_compile_error: declared var x unused"),
    ],
)
def test_declared_and_unused(module: str, problem: str) -> None:
    assert problems(module, USUAL) == [problem]


def test_old_modules_are_checked_like_new_ones_in_strict_mode() -> None:
    module = "import data.a\nimport input.a\np { any([a]); input := 1; input == 1 }"
    assert problems(module, USUAL, "v0") == []
    found = problems(module, STRICT, "v0")
    for part in ("import must not shadow import data.a", "variables must not shadow input"):
        assert any(part in one for one in found), found
    assert problems("p { any([1]) }", USUAL, "v0") == []
    (deprecated,) = problems("p { any([1]) }", STRICT, "v0")
    assert "deprecated built-in function calls in expression: any" in deprecated


def test_annotations_are_checked_in_strict_mode() -> None:
    module = "# METADATA\n# scope: nowhere\np := 1"
    assert problems(module, USUAL) == []
    (found,) = problems(module, STRICT)
    assert found.startswith("2:1 rego_parse_error: invalid annotation scope 'nowhere'")


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("f(x + 1) := 1", "rego_compile_error"),
        ("p if true with eq as 1", "rego_compile_error"),
        ("p if true with walk as 1", "rego_compile_error"),
        ("p if true with print as 1", "rego_compile_error"),
        ("p if true with internal.print as 1", "rego_compile_error"),
        ("p if true with rego.metadata.rule as 1", "rego_compile_error"),
        ("p if true with nothing.of.it as 1", "rego_type_error"),
        ("q := {`a`: 1}\np if q with data.test.q.a as 2", "rego_compile_error"),
        ("p if { f := 1; f(2) }\nf(x) := x", "rego_compile_error"),
    ],
)
def test_refused(module: str, code: str) -> None:
    assert problems(module, USUAL)[0].split(" ")[1] == f"{code}:"
