"""Changed programs and inputs: tokens deleted, doubled, swapped, taken from elsewhere; bytes; values."""

import json
import random
import re
from collections.abc import Sequence
from typing import Any, Final

from tests.differential import texts

_TOKEN: Final = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|:=|==|!=|<=|>=|\s+|."
)
_WORDS: Final = [
    "\n",
    *[
        "true",
        "false",
        "null",
        "0",
        "1",
        "1.0",
        '"a"',
        "[]",
        "{}",
        "set()",
        "_",
        "x",
        "y",
        "input",
        "data",
        "input.x",
        "not",
        "some",
        "every",
        "in",
        "with",
        "as",
        "if",
        "else",
        "contains",
        "default",
        "import",
        "count",
        "=",
        ":=",
        "==",
        "!=",
        "|",
        "&",
        "+",
        "-",
        "*",
        "/",
        "%",
        ",",
        ";",
        ".",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
    ],
]
_NOISE: Final = "\x00\t\r\u00a0\u2028\ud800\U0001f600é\\\"'`$#%{}[]()|&;:.,0eE+-_"


def tokens(text: str) -> list[str]:
    """The text in pieces: words, numbers, strings, operators, white space."""
    return _TOKEN.findall(text)


def mutated(random: random.Random, text: str, others: Sequence[str]) -> str:
    """The text with one to three changes; `others` are texts to take pieces from."""
    pieces = tokens(text)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        if not pieces:
            break
        solid = [at for at, piece in enumerate(pieces) if not piece.isspace()] or [0]
        at = random.choice(solid)
        kind = random.random()
        if kind < 0.08:
            del pieces[at]
        elif kind < 0.11:
            pieces.insert(at, pieces[at])
        elif kind < 0.2:
            other = random.choice(solid)
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif kind < 0.85:
            pieces[at] = _alike(random, pieces, at)
        elif kind < 0.9:
            pieces.insert(at, random.choice(_WORDS))
        elif kind < 0.94:
            spliced = tokens(random.choice(others))
            start = random.randrange(len(spliced) or 1)
            pieces[at:at] = spliced[start : start + random.randint(1, 12)]
        elif kind < 0.97:
            end = min(len(pieces), at + random.randint(2, 20))
            start = random.randrange(len(pieces))
            pieces[start:start] = pieces[at:end]
        else:
            lines = "".join(pieces).split("\n")
            random.shuffle(lines)
            pieces = tokens("\n".join(lines))
    return "".join(pieces)


def _alike(random: random.Random, pieces: list[str], at: int) -> str:
    """Another token of the same sort: a program that is still one, mostly."""
    piece = pieces[at]
    if piece[0].isalpha() or piece[0] == "_":
        words = [p for p in pieces if p[0].isalpha() or p[0] == "_"]
        return random.choice(words)
    if piece[0].isdigit() or piece[0] == '"':
        return texts.scalar(random)
    if piece in ("==", "!=", "<=", ">=", "<", ">", "=", ":="):
        return random.choice(["==", "!=", "<", "<=", "=", ":="])
    return random.choice(_WORDS)


def noisy(random: random.Random, text: str) -> str:
    """The text with characters put in, replaced or cut off."""
    characters = list(text)
    for _ in range(random.choice([1, 2, 5])):
        at = random.randrange(len(characters) + 1)
        kind = random.random()
        if kind < 0.4:
            characters.insert(at, random.choice(_NOISE))
        elif kind < 0.7 and at < len(characters):
            characters[at] = random.choice(_NOISE)
        elif kind < 0.9:
            del characters[at : at + random.randint(1, 9)]
        else:
            del characters[at:]
    return "".join(characters)


def mutated_json(random: random.Random, text: str) -> str:
    """Another JSON document: values replaced, removed, wrapped or moved."""
    document = [json.loads(text)] if text else [None]
    for _ in range(random.choice([1, 1, 2, 3])):
        places = list(_places(document))
        holder, name = random.choice(places)
        kind = random.random()
        if kind < 0.5:
            holder[name] = json.loads(texts.json_text(random, 1))
        elif kind < 0.65:
            holder[name] = [holder[name]]
        elif kind < 0.8:
            other, place = random.choice(places)
            holder[name] = json.loads(json.dumps(other[place]))
        elif isinstance(holder, dict):
            del holder[name]
        else:
            holder[name] = None
    return json.dumps(document[0])


def _places(value: Any) -> Any:
    pending = [value]
    while pending:
        holder = pending.pop()
        for name, item in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            yield holder, name
            if isinstance(item, dict | list):
                pending.append(item)
