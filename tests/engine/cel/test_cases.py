"""The conformance table: what Kubernetes' own CEL answers is what is answered here."""

import pytest
from lockgate.engine.cel.errors import ExpressionError
from lockgate.engine.cel.parser import parse

from tests.conformance.cel_cases import TOPICS, cases

SYNTAX = "Syntax error"


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
