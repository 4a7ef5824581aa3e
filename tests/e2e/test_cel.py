"""The recorded answers of Kubernetes' own CEL are what it answers now, and its limits are ours."""

from collections.abc import Callable, Mapping
from typing import Final

import pytest

from tests.conformance.cel_cases import TOPICS, Question, cases
from tests.e2e.cel_oracle import ask, is_recorded
from tests.engine.cel.answering import type_answer

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("topic", TOPICS)
def test_recorded_answers_are_true(topic: str) -> None:
    table = cases(topic)
    answers = ask([case.question for case in table])
    differing = [
        (case.question.expression, case.answer, answer)
        for case, answer in zip(table, answers, strict=True)
        if not is_recorded(answer, case.answer)
    ]
    assert differing == []


# By name: an expression that is nested or chained n times.
DEEP: Final[Mapping[str, Callable[[int], str]]] = {
    "parentheses": lambda n: "(" * n + "1" + ")" * n,
    "lists": lambda n: "[" * n + "1" + "]" * n,
    "maps": lambda n: "{'a': " * n + "1" + "}" * n,
    "calls": lambda n: "dyn(" * n + "1" + ")" * n,
    "selections": lambda n: "object" + ".a" * n,
    "indexes": lambda n: "object" + "[0]" * n,
    "methods": lambda n: "'a'" + ".trim()" * n,
    "conditions": lambda n: "true ? 1 : " * n + "1",
    "sums": lambda n: "1" + " + 1" * n,
    "conjunctions": lambda n: "true" + " && true" * n,
    "disjunctions": lambda n: "false" + " || false" * n,
    "negations": lambda n: "!" * n + "true",
    "macros": lambda n: "[1].all(x, " * n + "true" + ")" * n,
    "items": lambda n: f"[{', '.join(['1'] * n)}]",
    "text": lambda n: f"'{'a' * n}'",
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_too_deep_or_long_is_the_same(name: str) -> None:
    # Between these sizes Lockgate may refuse what Kubernetes takes: it counts nodes of the tree, and twice where
    # cel-go counts a call of its parser.
    questions = [
        Question(DEEP[name](size), variables={"object": {}})
        for size in (1, 10, 100, 300, 1_000, 30_000, 100_000)
    ]
    accepted = ["mistakes" not in one for one in ask(questions, 0)]
    assert [not is_refused(one) for one in questions] == accepted
    assert accepted[:3] == [True, True, True]
    assert not accepted[-1]


def is_refused(question: Question) -> bool:
    return "mistakes" in type_answer(question)
