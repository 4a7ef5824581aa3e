"""Builtins beside the opa binary: the table of cases asked again, and random arithmetic and formatting."""

import json
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.codegen.values import Number, Object, Set, Value, make_number, render_json
from lockgate.engine.rego.builtins.errors import BuiltinError

from tests.e2e.programs import program, run_program
from tests.engine.builtin_cases import Case, call, read_cases

pytestmark = pytest.mark.e2e

INFIX = {"plus": "+", "minus": "-", "mul": "*", "div": "/", "rem": "%", "and": "&", "or": "|"}
RANDOM_CALLS = 4_000
VERBS = [
    "%v",
    "%d",
    "%s",
    "%.3f",
    "%e",
    "%g",
    "%x",
    "%8.2f",
    "%+v",
    "%06.1f",
    "%G",
    "%.0f",
    "%#v",
    "%5d",
    "%b",
    "%X",
]
VERBS += [
    "%.2e",
    "%.10g",
    "%q",
    "%c",
    "%U",
    "%o",
    "%t",
    "%-12v|",
    "% d",
    "%020v",
    "%+.3e",
    "%#x",
    "%#g",
    "%.1x",
]


def is_json(value: Value) -> bool:
    """Has the value neither sets nor keys that are no strings?"""
    if type(value) is list:
        return all(map(is_json, value))
    if type(value) is dict:
        return all(map(is_json, value.values()))
    return type(value) is not Set and type(value) is not Object


def expression(value: Value, path: str, plain: dict[str, Any]) -> str:
    """Rego for a value whose JSON parts are in the input, where the type checker does not see their types."""
    if is_json(value):
        plain[path] = value
        return f"input.{path}"
    if type(value) is Set and all(map(is_json, value)):
        plain[path] = list(value)
        return f"{{x | x := input.{path}[_]}}"
    if type(value) is Object:
        members = list(value.members.values())
    elif type(value) is dict:
        members = [(name, item) for name, item in value.items()]
    else:
        assert type(value) is list or type(value) is Set
        items = [expression(item, f"{path}_{at}", plain) for at, item in enumerate(value)]
        return "[" + ", ".join(items) + "]" if type(value) is list else "{" + ", ".join(items) + "}"
    pairs = [
        (render_json(name), expression(item, f"{path}_{at}", plain))
        for at, (name, item) in enumerate(members)
    ]
    return "{" + ", ".join(f"{name}: {item}" for name, item in pairs) + "}"


def ask(folder: Path, numbered: tuple[int, Case]) -> tuple[Case, str | None, tuple[str, str] | None]:
    """What opa answers to a case now."""
    index, case = numbered
    plain: dict[str, Any] = {}
    operands = [expression(value, f"p{at}", plain) for at, value in enumerate(case.operands)]
    if case.name in INFIX:
        asked = f"({operands[0]} {INFIX[case.name]} {operands[1]})"
    else:
        asked = f"{case.name}({', '.join(operands)})"
    (folder / f"{index}.json").write_text(render_json(plain))
    arguments = ["eval", "--v0-compatible", "--strict-builtin-errors", "-f", "json", "-i", f"{index}.json"]
    said = json.loads(run_program("opa", *arguments, f'sprintf("%v", [[{asked}]])', cwd=folder).stdout)
    if "errors" in said:
        first = said["errors"][0]
        return case, None, (first["code"], first["message"])
    if "result" not in said:
        return case, None, None
    return case, said["result"][0]["expressions"][0]["value"][1:-1], None


def unordered(case: Case, result: str | None) -> str | None:
    """The result where opa gives the same one each time: errors of a schema come in the order of a Go map."""
    if case.name != "json.match_schema" or result is None:
        return result
    valid, errors = json.loads(result)
    return json.dumps([valid, sorted(errors, key=json.dumps)])


def test_the_table_is_what_opa_says(tmp_path: Path) -> None:
    program("opa")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(partial(ask, tmp_path), enumerate(read_cases())))
    assert [(c.name, unordered(c, result), error) for c, result, error in answers] == [
        (c.name, unordered(c, c.result), c.error) for c, _, _ in answers
    ]


def random_number(source: random.Random) -> str:
    """The text of a number, of all sizes, many of them near where representations change."""
    sign = source.choice(["", "-"])
    kinds: list[Callable[[], str]] = [
        lambda: str(source.randint(0, 100)),
        lambda: str(source.getrandbits(source.randint(1, 140))),
        lambda: f"{source.randint(0, 1000)}.{source.randint(0, 999)}",
        lambda: f"{source.randint(0, 10 ** source.randint(0, 25))}.{source.getrandbits(60)}",
        lambda: f"{source.randint(0, 99)}e{source.randint(-30, 30)}",
        lambda: f"{source.randint(0, 99)}.{source.randint(0, 99)}e{source.randint(-320, 320)}",
        lambda: str(2 ** source.randint(0, 130)) + source.choice(["", ".5", ".0", ".25"]),
    ]
    return sign + source.choice(kinds)()


def random_call(source: random.Random) -> tuple[str, list[Value], str]:
    """A builtin, its operands, and Rego for the call in which `{}` stands for each number."""
    numbers: list[Value] = [make_number(random_number(source)) for _ in range(source.randint(1, 5))]
    kind = source.choice(["operator", "operator", "function", "collection", "format"])
    if kind == "operator":
        name = source.choice(["plus", "minus", "mul", "div", "rem"])
        return name, [numbers[0], numbers[-1]], f"{{}} {INFIX[name]} {{}}"
    if kind == "function":
        name = source.choice(["abs", "ceil", "floor", "round"])
        return name, numbers[:1], f"{name}({{}})"
    if kind == "collection":
        name = source.choice(["sum", "product"])
        return name, [numbers], f"{name}([{', '.join(['{}'] * len(numbers))}])"
    verb = source.choice(VERBS)
    return "sprintf", [verb, numbers[:1]], f'sprintf("{verb}", [{{}}])'


def test_random_numbers(tmp_path: Path) -> None:
    program("opa")
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    source = random.Random(seed)
    calls = [random_call(source) for _ in range(RANDOM_CALLS)]
    inputs: list[str] = []
    lines = ["package random"]
    for index, (_, operands, text) in enumerate(calls):
        flat = operands if type(operands[-1]) is not list else operands[-1]
        shown = [item.text if type(item) is Number else str(item) for item in flat]
        references = [f"input[{len(inputs) + at}]" for at in range(len(shown))]
        inputs += shown
        lines.append(f'r["{index}"] := x if x := ' + text.format(*references))
    (tmp_path / "random.rego").write_text("\n".join(lines) + "\n")
    (tmp_path / "input.json").write_text(f"[{','.join(inputs)}]")
    arguments = ["eval", "-d", "random.rego", "-i", "input.json", "-f", "json", "data.random.r"]
    output = run_program("opa", *arguments, cwd=tmp_path).stdout
    said = json.loads(output, parse_float=str, parse_int=str)["result"][0]["expressions"][0]["value"]
    different = []
    for index, (name, operands, _) in enumerate(calls):
        try:
            found = call(name, *operands)
        except BuiltinError:
            ours = None
        else:
            ours = found if isinstance(found, str) else render_json(found)
        if ours != said.get(str(index)):
            different.append((name, operands, ours, said.get(str(index))))
    assert not different
