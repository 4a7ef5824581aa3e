"""Random CEL expressions, mostly well-typed, over small random documents."""

import random
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.conformance.cel_cases import SELECTORS, TOPICS, Question, questions
from tests.engine.cel.random_templates import FITTING, LITERALS, NAMESPACE, PIECES, PLAIN, REQUEST, TEMPLATES

HOLE: Final = re.compile(r"([$@])(\w+(?:\(\w+\))?)")
SCALARS: Final = ("int", "uint", "double", "string", "bool", "dyn")
NAMES: Final = ("x", "y", "z", "k", "object")
MAX_LENGTH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables that macros have made, with their types, innermost last; `depth` is what may still be nested."""

    variables: tuple[tuple[str, str], ...] = ()
    depth: int = 4


class Writer:
    """Writes expressions with the choices of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def root(self, kind: str) -> str:
        """An expression of a type that is no literal, not longer than `MAX_LENGTH`."""
        for depth in (self._random.choice((1, 2, 2, 3, 3, 4)), 1):
            text = self._filled(self._random.choice(self._templates(kind)), Scope(depth=depth))
            if len(text) <= MAX_LENGTH:
                return text
        return self._random.choice(LITERALS["dyn"])

    def expression(self, kind: str, scope: Scope) -> str:
        """An expression of a type; sometimes of another, which is a mistake or an error."""
        choose = self._random
        if kind in PLAIN:
            return choose.choice(PLAIN[kind])
        if kind in FITTING:
            kind, fitting = FITTING[kind]
            if choose.random() < 0.9:
                return self._filled(choose.choice(fitting), replace(scope, depth=scope.depth - 1))
        chance = choose.random()
        if chance < 0.01:
            kind = choose.choice(SCALARS)
        elif chance < 0.05:
            return f"dyn({self._of(choose.choice([*SCALARS, kind, kind]), scope)})"
        return self._of(kind, scope)

    def _of(self, kind: str, scope: Scope) -> str:
        choose = self._random
        known = [name for name, one in dict(scope.variables).items() if one == kind]
        if known and choose.random() < 0.4:
            return choose.choice(known)
        templates = self._templates(kind)
        if kind in LITERALS and (scope.depth <= 0 or choose.random() < 0.25):
            return choose.choice(LITERALS[kind])
        if scope.depth <= 0:
            # The first templates of what has parameters are the plainest.
            templates = templates[:3]
        if scope.depth < -2:
            templates = templates[:1]
        return self._filled(choose.choice(templates), replace(scope, depth=scope.depth - 1))

    def _templates(self, kind: str) -> list[str]:
        shape, _, parameter = kind.partition("(")
        found = list(TEMPLATES.get(kind, ()))
        if parameter:
            item = parameter.removesuffix(")")
            found = [re.sub(r"\bT\b", item, one) for one in TEMPLATES[f"{shape}(T)"]] + found
        return found or list(LITERALS[kind])

    def _filled(self, template: str, scope: Scope) -> str:
        stand_ins = {"T": self._random.choice(SCALARS), "U": self._random.choice(SCALARS)}
        parts: list[str] = []
        taken: set[str] = set()
        place = 0
        for match in HOLE.finditer(template):
            parts.append(template[place : match.start()])
            place = match.end()
            kind = re.sub(r"\b[TU]\b", lambda one: stand_ins[one.group()], match.group(2))
            if match.group(1) == "@":
                name = self._random.choice([one for one in NAMES if one not in taken])
                taken.add(name)
                scope = replace(scope, variables=(*scope.variables, (name, kind)))
                parts.append(name)
            else:
                text = self.expression(kind, scope)
                bare = _closed(text) or self._random.random() < 0.1
                parts.append(text if bare else f"({text})")
        return "".join(parts) + template[place:]

    def document(self) -> dict[str, Any]:
        """A small object, with fields that paths of expressions name."""
        choose = self._random
        return {
            "a": choose.choice(
                [{"b": choose.choice([{"c": 1}, 5, None, "a"])}, None, "text", {"b": {"c": "x"}}]
            ),
            "b": choose.choice([1, 2.5, "a", True, None, 2.0, -1, 9223372036854775807, 1e19]),
            "c": choose.choice([{"a": 1}, {}, {"a": "x", "b": 2}, [1, 2], "abc"]),
            "flags": choose.choice([[True], [True, 1, "a"], [0], [1.0, False], ["a", "1"]]),
            "names": choose.choice([[], ["a"], ["b", "a", "b"], ["é", "x-1.example"]]),
            "numbers": choose.choice([[], [1], [3, 1, 2], [1, 2.5], [2.0]]),
            "items": choose.choice([[], [{"a": 1}, {"a": "x"}], [{"b": None}], [1, "a", None, 1.5]]),
            "n": choose.choice([0, 7, -3]),
            "s": choose.choice(["", "abc", "10.0.0.1", "1Gi"]),
        }


def _closed(text: str) -> bool:
    """Is the text one whole by itself?"""
    return not re.search(r"[-+*/%<>=&|?!:]| in ", text) or bool(
        re.fullmatch(r"'[^']*'|\[[^\[\]]*\]|\{[^{}]*\}|\d[\w.+-]*", text)
    )


def random_question(seed: int) -> Question:
    """The question of a seed; the expression is not longer than `MAX_LENGTH`."""
    writer = Writer(seed)
    kinds = ["bool"] * 5 + [
        "int",
        "string",
        "double",
        "uint",
        "dyn",
        "list(dyn)",
        "map(int)",
        "optional(dyn)",
        "quantity",
    ]
    document = writer.document()
    kind = random.Random(seed).choice(kinds)
    text = writer.root(kind)
    return Question(text, variables={"object": document, "request": REQUEST, "namespaceObject": NAMESPACE})


def changed_question(seed: int) -> Question:
    """A question of the conformance table whose text is changed in some places: most are no CEL any more."""
    choose = random.Random(seed)
    topics = [one for one in TOPICS if one != SELECTORS]
    table = questions(choose.choice(topics))
    question, other = choose.choice(table), choose.choice(table)
    text = question.expression
    for _ in range(choose.choice((1, 1, 2, 3))):
        start = choose.randrange(len(text) + 1)
        end = min(len(text), start + choose.choice((0, 0, 1, 1, 2, 5)))
        piece = choose.choice(
            (choose.choice(PIECES), choose.choice(PIECES), _part(choose, other.expression), "")
        )
        text = text[:start] + piece + text[end:]
    return replace(question, expression=text)


def _part(choose: random.Random, text: str) -> str:
    start = choose.randrange(len(text) + 1)
    return text[start : start + choose.randrange(12)]
