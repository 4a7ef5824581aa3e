"""Kubernetes' own CEL, asked through the program in `oracles/cel`."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from tests.conformance.cel_cases import Question
from tests.e2e.programs import program

TIMEOUT_SECONDS = 600
# So many times is an expression evaluated that most orders of a map's keys, which Go draws, are met.
REPEAT = 24


def ask(questions: Sequence[Question], repeat: int = REPEAT) -> list[dict[str, Any]]:
    """The answers to the questions, in their order: see `oracles/cel/main.go`."""
    lines = []
    for one in questions:
        question = {"expression": one.expression, "environment": one.environment, "repeat": repeat}
        question |= {"variables": one.variables or {}, "composed": list(one.composed)}
        lines.append(json.dumps(question))
    done = subprocess.run(
        [program("cel")],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def recorded(answer: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an answer: all but the cost, and other results in an order of their own."""
    # Which of several comes first is chance.
    first, *others = [json.loads(text) for text in sorted(_outcomes(answer))]
    return {**first, "others": others} if others else dict(first)


def is_recorded(answer: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether each result of an answer is one of the record's: which of several orders of a map are met is chance."""
    return _outcomes(answer) <= _outcomes(record)


def _outcomes(answer: Mapping[str, Any]) -> set[str]:
    def kept(one: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in one.items() if name not in ("cost", "others")}

    everything = [kept(answer), *[{"type": answer["type"], **kept(one)} for one in answer.get("others", ())]]
    return {json.dumps(one, sort_keys=True) for one in everything}
