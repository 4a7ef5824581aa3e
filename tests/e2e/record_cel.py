"""Asks Kubernetes' own CEL about every expression of the conformance table again: `python -m tests.e2e.record_cel`."""

import json
from collections import Counter

from tests.conformance.cel_cases import ANSWERS, TOPICS, questions
from tests.e2e.cel_oracle import ask, recorded


def main() -> None:
    """Writes the answers of each topic beside its expressions, and prints how many of each kind there are."""
    ANSWERS.mkdir(exist_ok=True)
    for topic in TOPICS:
        asked = questions(topic)
        kinds: Counter[str] = Counter()
        lines = []
        for question, answer in zip(asked, ask(asked), strict=True):
            kinds[next(name for name in ("crash", "mistakes", "error", "result") if name in answer)] += 1
            kinds["with others"] += "others" in answer
            line = {"expression": question.expression, **recorded(answer)}
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
        (ANSWERS / f"{topic}.jsonl").write_text("".join(lines))
        print(f"{topic}: {len(asked)} {dict(kinds)}")


if __name__ == "__main__":
    main()
