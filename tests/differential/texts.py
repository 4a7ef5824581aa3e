"""Random values as text: JSON for inputs, Rego for literals. Pools are small, so that values often meet."""

import json
import random
from typing import Final

STRINGS: Final = [
    "a",
    "b",
    "k",
    "v",
    "",
    "ab",
    "a-b",
    "1",
    "B",
    "é",
    "a.b",
    "日本",
    "x\n",
    '"q"',
    "<&>",
    " a ",
]
NUMBERS: Final = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "10",
    "1.0",
    "1e0",
    "1.5",
    "-2.5",
    "0.1",
    "0.2",
    "1e2",
    "100",
    "2.50",
]
ODD_NUMBERS: Final = [
    "-0",
    "1e-7",
    "123456789.125",
    "9007199254740993",
    "12345678901234567890",
    "-9223372036854775808",
    "18446744073709551616",
    "1e19",
    "1e30",
    "0.30000000000000004",
    "4.35",
    "1000000",
    "1e6",
    "3.0e1",
    "2147483648",
]


def number(random: random.Random) -> str:
    """A number's text."""
    return random.choice(ODD_NUMBERS if random.random() < 0.15 else NUMBERS)


def scalar(random: random.Random) -> str:
    """A scalar's text."""
    choice = random.random()
    if choice < 0.45:
        return json.dumps(random.choice(STRINGS), ensure_ascii=False)
    if choice < 0.8:
        return number(random)
    return random.choice(["true", "false", "null"])


def json_text(random: random.Random, depth: int = 0) -> str:
    """A JSON value."""
    if depth > 3 or random.random() < 0.35 + 0.15 * depth:
        return scalar(random)
    size = random.choice([0, 1, 2, 2, 3, 4])
    if random.random() < 0.5:
        return "[" + ", ".join([json_text(random, depth + 1) for _ in range(size)]) + "]"
    names = random.sample(STRINGS, size)
    return "{" + ", ".join([f"{json.dumps(n)}: {json_text(random, depth + 1)}" for n in names]) + "}"


def literal(random: random.Random, depth: int = 0) -> str:
    """A Rego value of literals: sets and keys of any type too."""
    if depth > 3 or random.random() < 0.35 + 0.15 * depth:
        return scalar(random)
    size = random.choice([0, 1, 2, 2, 3])
    parts = [literal(random, depth + 1) for _ in range(size)]
    kind = random.randrange(3)
    if kind == 0:
        return "[" + ", ".join(parts) + "]"
    if kind == 1:
        return "{" + ", ".join(parts) + "}" if parts else "set()"
    keys = [scalar(random) if random.random() < 0.7 else literal(random, depth + 2) for _ in parts]
    return "{" + ", ".join([f"{k}: {v}" for k, v in zip(keys, parts, strict=True)]) + "}"


# Fields of every input and of base data, with what they mostly hold.
_SHAPES: Final = {
    "xs": "[",
    "ys": "[",
    "m": "{",
    "o": "{",
    "s": '"',
    "t": '"',
    "n": "1",
    "any": "",
}
FIELDS: Final = tuple(_SHAPES)


def document(random: random.Random) -> str:
    """An input: an object with most of FIELDS, mostly of the usual kinds."""
    pairs = []
    for name, kind in _SHAPES.items():
        if random.random() < 0.12:
            continue
        text = json_text(random, 1)
        if random.random() < 0.8:
            if kind == "[":
                text = "[" + ", ".join([json_text(random, 2) for _ in range(random.randrange(5))]) + "]"
            elif kind == "{":
                names = random.sample(["a", "b", "k", "v", "1", "é"], random.randrange(5))
                text = "{" + ", ".join([f"{json.dumps(n)}: {json_text(random, 2)}" for n in names]) + "}"
            elif kind == '"':
                text = json.dumps(random.choice(STRINGS))
            elif kind == "1":
                text = number(random)
        pairs.append(f"{json.dumps(name)}: {text}")
    return "{" + ", ".join(pairs) + "}"
