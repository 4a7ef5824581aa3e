"""Every builtin against the answers of OPA, and what holds for all of them."""

import inspect

import pytest
from lockgate.engine.codegen.values import render_rego
from lockgate.engine.rego.builtins.catalogue import ENTRIES, load

from tests.engine.builtin_cases import Case, answer, read_cases

CASES = read_cases()
IMPLEMENTED = sorted(entry.name for entry in ENTRIES.values() if entry.module)

# Answered by tests of their own: relations, comparison of any values, and what depends on the time.
TESTED_ELSEWHERE = {
    *(
        "walk",
        "assign",
        "eq",
        "equal",
        "neq",
        "lt",
        "lte",
        "gt",
        "gte",
        "internal.member_2",
        "internal.member_3",
    ),
    *("internal.template_string", "internal.test_case", "rand.intn", "time.now_ns", "uuid.rfc4122"),
    *("external_data", "http.send", "net.lookup_ip_addr", "opa.runtime", "rego.parse_module", "test.sleep"),
}

# What they say about a document is an answer that policies and their authors read.
WORD_BY_WORD = {
    "base64.decode",
    "base64url.decode",
    "graphql.parse",
    "graphql.parse_query",
    "graphql.parse_schema",
    "json.match_schema",
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_answers_as_opa(case: Case) -> None:
    result, error = answer(case)
    assert result == case.result
    if case.error is None:
        assert error is None
    elif case.error[0] == "eval_type_error" or case.name in WORD_BY_WORD:
        assert error == case.error
    else:
        # What Go's libraries say is not repeated word by word.
        assert error is not None
        assert error[0] == case.error[0]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_leaves_its_operands_alone(case: Case) -> None:
    before = list(map(render_rego, case.operands))
    answer(case)
    assert list(map(render_rego, case.operands)) == before


def test_every_implemented_builtin_has_cases() -> None:
    assert {case.name for case in CASES} | TESTED_ELSEWHERE == set(IMPLEMENTED)


@pytest.mark.parametrize("name", IMPLEMENTED)
def test_takes_as_many_operands_as_it_says(name: str) -> None:
    entry = ENTRIES[name]
    parameters = list(inspect.signature(load(name)).parameters)
    leading = {"": [], "context": ["context"], "outside": ["outside", "context"]}[entry.context]
    assert len(parameters) == entry.arity + len(leading)
    assert parameters[: len(leading)] == leading


def test_what_is_not_implemented_cannot_be_loaded() -> None:
    with pytest.raises(KeyError):
        load("rego.metadata.rule")
