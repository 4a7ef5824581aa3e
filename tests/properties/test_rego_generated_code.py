"""No text of a policy becomes code: hostile strings come out of generated code as the strings they are."""

import ast
import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.runtime import NAMES
from lockgate.engine.codegen.values import Set, Value
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import PARAMETERS, Mode, Program, compile_program
from lockgate.engine.rego.source import Source

HOSTILE = st.one_of(
    st.sampled_from(
        [
            "'); import os; os.system('x') #",
            '"""',
            "'''",
            "\\",
            "\\'",
            "\n    return 1\n",
            "\r\n",
            "\u2028",
            "\u2029",
            "{}",
            "{0.__class__}",
            "%s%n%(x)s",
            "__import__('os')",
            "lambda: 0",
            "\x00",
            "\ud7ff\ue000\U0001f600",
            "if",
            "None",
            "c",
            "U",
            "a" * 500,
        ]
    ),
    st.text(max_size=30).filter(lambda text: not any(0xD800 <= ord(c) <= 0xDFFF for c in text)),
)
MODES: tuple[Mode, ...] = ("plain", "traced", "covered")
# Names of generated code: its functions, constants, builtins, parameters and locals.
GENERATED = re.compile(
    r"([rdskbt]\d+(_\w*)?|v\d+(_\w*)?|a\d+|value|other|table|below|part|result|error|c|_|P|M|F)\Z", re.ASCII
)
ALLOWED = {
    *NAMES,
    "Unanswered",
    "called",
    "text_of",
    "bool",
    "dict",
    "frozenset",
    "int",
    "len",
    "list",
    "str",
    "type",
}
ATTRIBUTES = {
    "append", "setdefault", "budget", "covered", "data", "endswith", "fixed", "get", "input", "isascii", "left", "lower", "members",
    "memo", "removeprefix", "replace", "removesuffix", "startswith", "tracer", "add", "enter", "gave", "leave", "tried",
}  # fmt: skip


def policy(texts: list[str]) -> str:
    one, two, three, four = [json.dumps(text, ensure_ascii=True) for text in texts]
    return f"""package test[{one}]
constant := {one}
member contains {two}
keyed[{two}] := {three}
looked := input[{one}][{two}]
compared if input.x == {three}
negated if not input.x == {four}
built := {{{one}: [{two}, {{{three}}}], {two}: input.y}}
f({four}) := {one}
called := f({four})
formatted := sprintf(concat("", [{one}, "%v"]), [{two}])
direct := sprintf("<%v> %s", [{two}, {three}])
prefixed if startswith(input.x, {one})
replaced := x if {{ x := input.x with input.x as {three} }}
comprehended := {{k: v | some k, v in {{{one}: {two}}}}}
"""


PARAMETRIC = """package test
among if input.x == input.parameters.list[_]
picked := input.parameters.map[input.parameters.list[0]]
begins contains p if { some p in input.parameters.list; startswith(input.x, p) }
shown contains sprintf("%v: %v", [input.x, p]) if some p in input.parameters.list
known contains p if { some p in input.parameters.list; f(p) != "" }
f(p) := concat("", [p, "!"])
"""


def compiled(texts: list[str], mode: Mode) -> Program:
    source = Source(policy(texts), "hostile\n.rego", "v1")
    entry = "data.test"
    return compile_program(
        [parse_module(source)], entrypoints=[entry], capabilities=Capabilities(), mode=mode
    )


def refuse_other_code(source: str) -> None:
    """Names and attributes of generated code are known ones."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.ClassDef | ast.Lambda)
        if isinstance(node, ast.Name):
            assert node.id in ALLOWED or GENERATED.match(node.id), node.id
        elif isinstance(node, ast.Attribute):
            assert node.attr in ATTRIBUTES, node.attr
        elif isinstance(node, ast.FunctionDef):
            assert GENERATED.match(node.name), node.name


@settings(max_examples=100)
@given(st.lists(HOSTILE, min_size=3, max_size=12, unique=True))
def test_hostile_parameters_stay_values(texts: list[str]) -> None:
    parameters: dict[str, Value] = {"list": list(texts), "map": {text: text for text in texts}}
    program = compile_program(
        [parse_module(Source(PARAMETRIC, "hostile.rego", "v1"))],
        entrypoints=["data.test"],
        capabilities=Capabilities(),
        bound={PARAMETERS: parameters},
    )
    refuse_other_code(program.artifact.source)
    prepared = program.prepare({PARAMETERS: parameters})
    for asked in (texts[0], texts[-1] + "x"):
        value = prepared.evaluate(
            "data.test", input={"x": asked, "parameters": parameters}, now_ns=0, limits=Limits()
        )
        assert isinstance(value, dict)
        assert value.get("among", False) is (asked in texts)
        assert value["picked"] == texts[0]
        for name, wanted in (
            ("begins", {text for text in texts if asked.startswith(text)}),
            ("shown", {f"{asked}: {text}" for text in texts}),
            ("known", set(texts)),
        ):
            found = value[name]
            assert isinstance(found, Set) and set(found) == wanted, name


@settings(max_examples=150, deadline=None)
@given(st.lists(HOSTILE, min_size=4, max_size=4, unique=True), st.sampled_from(MODES))
def test_hostile_strings_stay_strings(texts: list[str], mode: Mode) -> None:
    one, two, three, _ = texts
    program = compiled(texts, mode)
    refuse_other_code(program.artifact.source)
    value = program.prepare().evaluate(
        "data.test", input={"x": "x", "y": "y"}, now_ns=0, limits=Limits(max_steps=10_000)
    )
    assert isinstance(value, dict)
    found = value[one]
    assert isinstance(found, dict)
    assert found["constant"] == one
    assert found["called"] == one
    assert found["keyed"] == {two: three}
    assert found["replaced"] == three
    assert found["comprehended"] == {one: two}
    assert found["direct"] == f"<{two}> {three}"
    assert isinstance(found["built"], dict)
    assert found["built"].keys() == {one, two}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    from lockgate.engine.rego.errors import RegoError

    for source in (text, f"package a\np := {text}", f"package a\np if {{ {text} }}"):
        try:
            module = parse_module(Source(source, "any.rego"))
            compile_program([module], entrypoints=["data.a"], capabilities=Capabilities())
        except RegoError as error:
            assert error.errors
