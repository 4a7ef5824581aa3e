"""CEL expressions by topic, with what Kubernetes' own compiler and interpreter make of them.

`cel/TOPIC.cel` holds an expression a line. A line that starts with `//` is a comment; one that starts with `!` holds the
expression as a JSON string. `cel/answers/TOPIC.jsonl` holds the answers in the same order, as the program in
`tests/e2e/oracles/cel` gave them; `python -m tests.e2e.record_cel` makes them again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "cel"
ANSWERS = FOLDER / "answers"
TOPICS: tuple[str, ...] = tuple(sorted(path.stem for path in FOLDER.glob("*.cel")))
# The topics whose expressions see other variables than those of an admission review.
SELECTORS = "dra"
COMPOSED = "composed"


@dataclass(frozen=True, slots=True)
class Question:
    """An expression, and what it is evaluated on. environment: `admission` or `dra`.

    variables: by name, as JSON. composed: variables of a policy that are expressions, in their order.
    """

    expression: str
    environment: str = "admission"
    variables: Mapping[str, Any] | None = None
    composed: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the answer: see `tests/e2e/oracles/cel/main.go` for what is in it."""

    question: Question
    answer: Mapping[str, Any]


def questions(topic: str) -> list[Question]:
    """The questions of a topic."""
    variables = json.loads((FOLDER / "variables.json").read_text())
    environment = "dra" if topic == SELECTORS else "admission"
    composed = [(name, text) for name, text in variables[COMPOSED]] if topic == COMPOSED else ()
    return [
        Question(expression, environment, variables[environment], composed)
        for expression in expressions((FOLDER / f"{topic}.cel").read_text())
    ]


def expressions(text: str) -> list[str]:
    """The expressions of a topic's text."""
    lines = [line for line in text.split("\n") if line and not line.startswith("//")]
    return [json.loads(line[1:]) if line.startswith('!"') else line for line in lines]


def cases(topic: str) -> list[Case]:
    """The questions of a topic with their recorded answers."""
    lines = (ANSWERS / f"{topic}.jsonl").read_text().splitlines()
    found = []
    for question, line in zip(questions(topic), lines, strict=True):
        answer = json.loads(line)
        assert answer.pop("expression") == question.expression, (
            f"record the answers again: {topic}.cel has changed"
        )
        found.append(Case(question, answer))
    return found
