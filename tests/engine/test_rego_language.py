"""Every construct of the language against OPA's answers."""

import json

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value, parse_json
from lockgate.engine.errors import EvaluationError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import Program, compile_program
from lockgate.engine.rego.source import Source

from tests.conformance.opa import agrees
from tests.engine import rego_cases, rego_compared_cases, rego_logic_cases, rego_metadata_cases
from tests.engine.rego_cases import Case

CASES = [*rego_cases.CASES, *rego_compared_cases.CASES, *rego_logic_cases.CASES, *rego_metadata_cases.CASES]
ERRORS = [
    *rego_cases.ERRORS,
    *rego_compared_cases.ERRORS,
    *rego_logic_cases.ERRORS,
    *rego_metadata_cases.ERRORS,
]


def compiled(case: Case) -> Program:
    source = Source(f"package test\n\n{case.module}\n", "case.rego", case.version)
    return compile_program([parse_module(source)], entrypoints=["data.test"], capabilities=Capabilities())


def evaluated(case: Case) -> Value | Undefined:
    given = UNDEFINED if case.input is None else parse_json(json.dumps(case.input))
    return compiled(case).prepare().evaluate("data.test", input=given, now_ns=0, limits=Limits())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_value(case: Case) -> None:
    if case.error:
        with pytest.raises(EvaluationError, match=f"^(.*: )?{case.error}: "):
            evaluated(case)
        return
    value = evaluated(case)
    assert not isinstance(value, Undefined)
    assert agrees(value, parse_json(json.dumps(case.value))), value


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.name)
def test_error(case: Case) -> None:
    with pytest.raises(RegoError) as caught:
        compiled(case)
    assert case.error in {problem.code for problem in caught.value.errors}
    first = caught.value.errors[0]
    assert first.location.file == "case.rego"
    assert first.location.line >= 3
