"""Blocks of one turn that need not be blocks: a test that nothing but conditions decide is an expression."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# Of a value: it is undefined, it is false, or it is anything else.
IS_UNDEFINED: Final = 1
IS_FALSE: Final = 2
IS_OTHER: Final = 4
ANY_STATE: Final = IS_UNDEFINED | IS_FALSE | IS_OTHER

_STEP: Final = " " * 4
_LEAVES: Final = re.compile(r"\b(?:break|continue|return)\b", re.ASCII)
_IS: Final = re.compile(r"([A-Za-z_]\w*) is (not )?(U|False)", re.ASCII)
_NOT: Final = re.compile(r"not \(((?:[^()]|\([^()]*\))*)\)", re.ASCII)
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*) = (.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A block of one turn: what it does whatever holds, conditions that then leave it in turn, and what it assigns at
    its end."""

    lines: list[str]
    exits: list[str]
    name: str
    value: str

    @property
    def told(self) -> tuple[str, int] | None:
        """The value whose state alone decides whether its end is reached, and the states for which it is."""
        return _joined([state_of(f"not ({text})") for text in self.exits], " and ") if self.exits else None

    @property
    def condition(self) -> str:
        """The condition under which its end is reached."""
        told = self.told
        if told is not None and 0 < told[1] < ANY_STATE:
            return state_test(*told, ANY_STATE)
        return " and ".join([f"({text})" for text in map(_negated, self.exits)]) or "True"


def unfolded(lines: Sequence[str]) -> Unfolded | None:
    """A block of one turn, from its `while True:` to its last `break`; None where there is more to it."""
    if len(lines) < 3 or lines[0].strip() != "while True:" or lines[-1].strip() != "break":
        return None
    inner = lines[0][: _indent(lines[0])] + _STEP
    own = list(lines[1:-1])
    last = own.pop()
    assignment = _ASSIGNMENT.fullmatch(last.removeprefix(inner))
    if assignment is None or _indent(last) != len(inner):
        return None
    exits: list[str] = []
    comments: list[str] = []
    while own:
        if own[-1].lstrip().startswith("#"):
            comments.insert(0, own.pop())
        elif len(own) > 1 and own[-1] == f"{inner}{_STEP}break" and _is_condition(own[-2], inner):
            exits.insert(0, own[-2][len(inner) + len("if ") : -1])
            del own[-2:]
        else:
            break
    if _may_leave(own, len(inner)):
        return None
    return Unfolded([line[len(_STEP) :] for line in (*own, *comments)], exits, *assignment.groups())


def state_of(condition: str) -> tuple[str, int] | None:
    """The name whose state alone a condition asks for, and the states for which it holds; None for other conditions."""
    negated = _NOT.fullmatch(condition)
    if negated is not None:
        found = state_of(negated[1])
        return None if found is None else (found[0], ANY_STATE & ~found[1])
    for word in (" or ", " and "):
        parts = condition.split(word)
        if len(parts) > 1:
            return _joined([state_of(part) for part in parts], word)
    told = _IS.fullmatch(condition)
    if told is None:
        return None
    states = IS_UNDEFINED if told[3] == "U" else IS_FALSE
    return told[1], ANY_STATE & ~states if told[2] else states


def state_test(name: str, states: int, possible: int) -> str:
    """A condition that holds for some of the states that are possible; there are others."""
    wanted, others = states & possible, possible & ~states
    if wanted & IS_OTHER:
        parts, word, how = others, " and ", "is not"
    else:
        parts, word, how = wanted, " or ", "is"
    asked = [text for state, text in ((IS_FALSE, "False"), (IS_UNDEFINED, "U")) if parts & state]
    return word.join([f"{name} {how} {text}" for text in asked])


def _joined(parts: Sequence[tuple[str, int] | None], word: str) -> tuple[str, int] | None:
    name, states = "", ANY_STATE if word == " and " else 0
    for part in parts:
        if part is None or name not in ("", part[0]):
            return None
        name = part[0]
        states = states & part[1] if word == " and " else states | part[1]
    return name, states


def _negated(condition: str) -> str:
    inner = _NOT.fullmatch(condition)
    if inner is not None:
        return inner[1]
    told = state_of(condition)
    if told is not None and 0 < told[1] < ANY_STATE:
        return state_test(told[0], ANY_STATE & ~told[1], ANY_STATE)
    return f"not ({condition})"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_condition(line: str, inner: str) -> bool:
    return line.startswith(f"{inner}if ") and line.endswith(":")


def _may_leave(lines: Sequence[str], inner: int) -> bool:
    """May one of the lines leave the block around them, or are there functions among them?"""
    loops: list[int] = []
    for line in lines:
        indent = _indent(line)
        while loops and indent <= loops[-1]:
            loops.pop()
        text = line[indent:]
        if indent < inner or text.startswith(("def ", "return", "nonlocal ")):
            return True
        if text.startswith(("while ", "for ")):
            loops.append(indent)
        elif not loops and _LEAVES.search(text):
            return True
    return False
