"""Random CEL expressions here and in Kubernetes' own CEL."""

import re
from collections import Counter
from dataclasses import dataclass, field

from tests.conformance.cel_cases import Question
from tests.e2e.cel_oracle import ask
from tests.engine.cel.answering import answer, careful_expression, difference
from tests.engine.cel.random_expressions import changed_question, random_question

# Of so many questions one is a changed one of the conformance table.
CHANGED = 4
# What a changed question may not have: messages, which are not made here.
MESSAGE = re.compile(r"google\.|\w\s*\{\s*\w+\s*:")
# So often is an expression asked again whose answer is none of the oracle's: it may depend on the order of a map.
REPEAT = 500


@dataclass(slots=True)
class Differences:
    """What was found in a run; `counts` says how many answers of each kind the oracle gave."""

    counts: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)


def compare(seeds: range, run: Differences) -> None:
    """Asks both about the questions of some seeds."""
    questions = [question_of(seed) for seed in seeds]
    for seed, question, theirs in zip(seeds, questions, ask(questions, 2), strict=True):
        run.counts[next(name for name in ("crash", "mistakes", "error", "result") if name in theirs)] += 1
        for ours in (answer(question), answer(question, careful_expression)):
            shown = difference(ours, theirs)
            if not shown or not _still(question, ours):
                continue
            run.counts["differences"] += 1
            run.found.append(
                f"seed {seed}: {question.expression}\n{question.variables}\nhere {shown}\nthere {theirs}"
            )


def question_of(seed: int) -> Question:
    """The question of a seed."""
    if seed % CHANGED:
        return random_question(seed)
    question = changed_question(seed)
    return random_question(seed) if MESSAGE.search(question.expression) else question


def _still(question: Question, ours: dict[str, object]) -> bool:
    [theirs] = ask([question], REPEAT)
    return bool(difference(ours, theirs))
