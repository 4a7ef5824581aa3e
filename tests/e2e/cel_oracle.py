"""Kubernetes' own CEL, asked through the program in `oracles/cel`."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.conformance.cel_cases import Question
from tests.e2e.programs import program

TIMEOUT_SECONDS = 600
# So many times is an expression evaluated that an order of a map's keys of Go's would have to be the same by chance.
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

    def kept(one: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in one.items() if name not in ("cost", "others")}

    # Which of several comes first is chance.
    everything = [kept(answer), *[{"type": answer["type"], **kept(one)} for one in answer.get("others", ())]]
    texts = sorted({json.dumps(one, sort_keys=True) for one in everything})
    first, *others = [json.loads(text) for text in texts]
    return {**first, "others": others} if others else dict(first)
