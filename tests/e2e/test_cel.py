"""The recorded answers of Kubernetes' own CEL are what it answers now."""

import pytest

from tests.conformance.cel_cases import TOPICS, cases
from tests.e2e.cel_oracle import ask, recorded

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("topic", TOPICS)
def test_recorded_answers_are_true(topic: str) -> None:
    table = cases(topic)
    answers = ask([case.question for case in table])
    differing = [
        (case.question.expression, case.answer, answer)
        for case, answer in zip(table, answers, strict=True)
        if recorded(answer) != case.answer
    ]
    assert differing == []
