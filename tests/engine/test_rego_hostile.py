"""Endless and explosive policies end with an error that names rule and line, in bounded memory."""

import json

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.spending import LimitError
from lockgate.engine.codegen.values import parse_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source

from tests.engine.hostile_policies import POLICIES, Hostile

LIMITS = Limits(max_steps=100_000)
HEADER = "package a\n"
ENTRY = "data.a.p"


def ended_with(hostile: Hostile, limits: Limits = LIMITS) -> LimitError | None:
    """The error with which a policy ends."""
    module = parse_module(Source(HEADER + hostile.text + "\n", "hostile.rego"))
    program = compile_program([module], entrypoints=[ENTRY], capabilities=Capabilities())
    given = parse_json(json.dumps(hostile.given))
    try:
        program.prepare().evaluate(ENTRY, input=given, now_ns=0, limits=limits)
    except LimitError as error:
        return error
    return None


@pytest.mark.parametrize("hostile", POLICIES, ids=lambda hostile: hostile.name)
def test_ends_with_rule_and_line(hostile: Hostile) -> None:
    error = ended_with(hostile)
    assert error is not None
    assert str(error.message).startswith("eval_cancel_error: ")
    assert "rule data.a." in error.message
    assert error.location is not None and error.location.line > 1
    if hostile.rule:
        assert (
            f"rule data.a.{hostile.rule}:" in error.message or f"rule data.a.{hostile.rule} " in error.message
        )
        assert error.location.line == hostile.line + 1


def test_names_are_unlike() -> None:
    names = [hostile.name for hostile in POLICIES]
    assert len(set(names)) == len(names) >= 60
