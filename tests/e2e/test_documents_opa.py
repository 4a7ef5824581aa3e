"""GraphQL, JSON Schema and templates beside a running opa: texts of the cases, changed at random."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.engine.codegen.values import UNDEFINED, Value, parse_json, render_json
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.builtins.errors import BuiltinError

from tests.e2e.rego_server import Server, opa_server
from tests.engine.builtin_cases import Case, call, read_cases

pytestmark = pytest.mark.e2e

SEED = 20
ROUNDS = 900
NAMES = ("graphql.parse", "graphql.parse_query", "graphql.parse_schema", "strings.render_template")
CASES = [case for case in read_cases() if case.name in NAMES and isinstance(case.operands[0], str)]
PIECES = re.compile(r'\{\{|\}\}|"[^"\n]*"|[.$]?\w+|\s+|.', re.DOTALL)
MORE = {
    "g": [
        "{",
        "}",
        "(",
        ")",
        "!",
        "[",
        "]",
        "$",
        "@",
        "#x\n",
        '"d" ',
        '"""b\n x\n"""',
        "...",
        " on ",
        "-0.5e3",
        "é",
    ],
    "s": [
        "{{",
        "}}",
        "{{- ",
        " -}}",
        ".",
        "|",
        "(",
        ")",
        "nil",
        " ",
        "1",
        '"x"',
        "$x",
        "range",
        "end",
        "else",
        ".",
    ],
}
# Go's maps have another order each time, which decides what is suggested of types that are equally near.
ANY_ORDER = re.compile(r"Unknown type .* Did you mean")


def changed(decide: random.Random, text: str, more: list[str]) -> str:
    """The text with a few of its pieces moved, removed, repeated or replaced."""
    pieces = PIECES.findall(text)
    for _ in range(decide.choice((1, 1, 2, 3))):
        if not pieces:
            break
        at = decide.randrange(len(pieces))
        kind = decide.randrange(4)
        if kind == 0:
            del pieces[at]
        elif kind == 1:
            pieces.insert(at, decide.choice(pieces))
        elif kind == 2:
            pieces[at] = decide.choice(pieces)
        else:
            pieces.insert(at, decide.choice(more))
    return "".join(pieces)


def questions() -> Iterator[tuple[str, list[Any]]]:
    """Calls with changed texts."""
    decide = random.Random(SEED)
    for _ in range(ROUNDS):
        case: Case = decide.choice(CASES)
        operands = [json.loads(render_json(operand)) for operand in case.operands]
        at = decide.choice([n for n, operand in enumerate(operands) if isinstance(operand, str)])
        operands[at] = changed(decide, operands[at], MORE[case.name[0]])
        yield case.name, operands


def ours(name: str, operands: list[Any]) -> tuple[str, str]:
    """Our answer: its JSON, or the error's code and message."""
    try:
        found: Value | Any = call(name, *[parse_json(json.dumps(operand)) for operand in operands])
    except BuiltinError as error:
        return error.code, f"{name}: {error.message}"
    except EvaluationError as error:
        return "limit", error.message
    assert found is not UNDEFINED
    return "", render_json(found)


def test_changed_texts_have_opas_answers() -> None:
    policy = "package documents\n"
    for name in NAMES:
        operands = ", ".join([f"input[{at}]" for at in range(ENTRIES[name].arity)])
        policy += f"{name.replace('.', '_')} := {name}({operands})\n"
    errors = 0
    with opa_server({}) as server:
        assert server.policy(policy) == set()
        for name, given in questions():
            expected = _theirs(server, name, given)
            found = ours(name, given)
            errors += bool(expected[0])
            if name.startswith("strings.") and expected[0]:
                # The words of Go's templates are not repeated one by one.
                assert found[0] == expected[0], (name, given, found, expected)
            elif not ANY_ORDER.search(expected[1]):
                assert found == expected, (name, given)
    assert ROUNDS // 4 < errors < ROUNDS


def _theirs(server: Server, name: str, operands: list[Any]) -> tuple[str, str]:
    path = f"/v1/data/documents/{name.replace('.', '_')}?strict-builtin-errors=true"
    _, answer = server.ask("POST", path, json.dumps({"input": operands}))
    if "result" in answer:
        return "", render_json(parse_json(json.dumps(answer["result"])))
    error = answer["errors"][0]
    return error["code"], error["message"]
