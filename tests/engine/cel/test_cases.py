"""The conformance table: what Kubernetes' own CEL answers is what is answered here."""

from collections.abc import Callable
from typing import Final

import pytest
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.compiler import compile_checked
from lockgate.engine.cel.environment import Environment
from lockgate.engine.cel.errors import ExpressionError
from lockgate.engine.cel.expression import Expression
from lockgate.engine.cel.parser import parse

from tests.conformance.cel_cases import SELECTORS, TOPICS, Case, cases
from tests.engine.cel.answering import SYNTAX, answer, careful_expression, difference, type_answer

# Where Lockgate differs on purpose: the words that an expression starts with, and why.
KNOWN: Final = {
    "google.protobuf.Timestamp{": "messages are not made in expressions",
    "google.protobuf.Duration{": "messages are not made in expressions",
    "google.protobuf.Int64Value{": "messages are not made in expressions",
    "google.protobuf.BoolValue{": "messages are not made in expressions",
    "google.protobuf.StringValue{": "messages are not made in expressions",
    "google.protobuf.Struct{": "messages are not made in expressions",
    "kubernetes.AdmissionRequest{": "messages are not made in expressions",
    "object{": "messages are not made in expressions",
}


def is_known(case: Case) -> bool:
    return case.question.expression.startswith(tuple(KNOWN))


@pytest.mark.parametrize("topic", TOPICS)
def test_what_can_be_parsed(topic: str) -> None:
    differing = []
    for case in cases(topic):
        mistakes = [one["message"] for one in case.answer.get("mistakes", ())]
        try:
            parse(case.question.expression)
            found = ""
        except ExpressionError as error:
            found = str(error)
        if (found and not mistakes) or (not found and any(one.startswith(SYNTAX) for one in mistakes)):
            differing.append((case.question.expression, found or mistakes))
    assert differing == []


@pytest.mark.parametrize("compiled", [compile_checked, careful_expression])
@pytest.mark.parametrize("topic", sorted({*TOPICS} - {SELECTORS}))
def test_answers_are_those_of_kubernetes(
    topic: str, compiled: Callable[[Checked, Environment], Expression]
) -> None:
    differing = []
    for case in cases(topic):
        found = difference(answer(case.question, compiled), case.answer)
        if bool(found) != is_known(case):
            differing.append((case.question.expression, found or "no difference any more", case.answer))
    assert differing == []


def test_selectors_are_checked_as_those_of_kubernetes() -> None:
    differing = []
    for case in cases(SELECTORS):
        theirs = {name: value for name, value in case.answer.items() if name in ("type", "mistakes")}
        if theirs.get("mistakes", [{}])[0].get("message", "").startswith("must evaluate to bool"):
            # What a selector has to be is looked at where it is read.
            continue
        found = difference(type_answer(case.question), theirs)
        if found:
            differing.append((case.question.expression, found, theirs))
    assert differing == []
