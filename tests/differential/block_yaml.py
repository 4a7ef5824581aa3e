"""Documents read without a tree beside the tree: whatever is taken must be LibYAML's, and to the value."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from lockgate.engine.documents.block_yaml import read_block_value
from lockgate.engine.documents.chunks import Chunk, split
from lockgate.engine.documents.go_numbers import only_small_integers
from lockgate.engine.documents.scalars import PLAIN, WORDS
from lockgate.engine.documents.yaml_nodes import MappingNode, Node, ScalarNode, YamlError, compose, has_more
from lockgate.engine.documents.yaml_values import build

# What is put into texts, and what random documents are made of.
PIECES = (
    *("a: ", "b: ", "- ", "-", "  ", " ", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "- - ", "x", "\n\n", "\n \n"),
    *("y", "on", "null", "~", "1", "-1", "0x1", "1e3", ".5", ".inf", "1_0", "08", "=", "<<", "<<: ", "1: ", "y: "),
    *(":", ":x", "#", " #", " #c", "# c", '"a"', "'a'", '"', "'", "''", "\\", "\\n", '\\"', "\\/", "\\\n", '"x": '),
    *("[", "]", "{", "}", ",", ", ", "[a, b]", "{a: b}", '["a"]', "[a,\n  b]", "{a: b,\n a: c}", "[ 'a # b' ]"),
    *("|", ">", "|-", ">+", "|2", "| #c", "a: |\n", "a: >\n", "a: |\n  t\n", "a: >-\n  t\n\n  u\n", "- |\n  t\n"),
    *("\n   t", "\n \t", "&a", "*a", "!", "!!str ", "%", "%YAML 1.1\n", "@", "`", "?", "? ", "---", "--- ", "...", "...\n"),
    *("\t", "é", "日本", "http://x#y", "a:\n- b\n", "k: v\n", "- a: b\n", "\n   b: c", "kind: Pod\n", "\r", "\u2028"),
    *("\x85", "\x7f", "\x07", "\ufeff", "\xa0", "\ufffe", "a: b\n  c\n", "a:\n  'b'\n", "-   a: b\n    c: d\n"),
)  # fmt: skip
_MARGINS = ("", "", " ", "  ", "  ", "    ", "      ", "        ")


@dataclass
class Comparison:
    """How many documents were looked at and taken, and those that LibYAML reads otherwise, with the reason."""

    counts: Counter[str] = field(default_factory=Counter)
    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Compares all documents of a text."""
        for chunk in split(text):
            if not isinstance(chunk, Chunk):
                continue
            self.counts["documents"] += 1
            self.counts["characters"] += len(chunk.text)
            difference = differs(chunk)
            if difference is None:
                continue
            self.counts["taken"] += 1
            self.counts["characters taken"] += len(chunk.text)
            if difference:
                self.found.append((difference, chunk.text))


def words(root: Node) -> tuple[str, ...]:
    """The booleans of a tree as they are written, in order."""
    if isinstance(root, ScalarNode):
        is_word = root.tag == PLAIN and type(WORDS.get(root.value)) is bool
        return (root.value,) if is_word else ()
    below: list[Node] = (
        [node for pair in root.value for node in pair[1:]] if isinstance(root, MappingNode) else root.value
    )
    return tuple([word for node in below for word in words(node)])


def differs(chunk: Chunk) -> str | None:
    """What the tree says otherwise of a document that is read without one; None where it is not, "" for nothing."""
    found = read_block_value(chunk)
    if found is None:
        return None
    try:
        root = compose(chunk)
        if root is None:
            return "" if found.value is None else "no document"
        value, duplicates = build(root, chunk)
    except YamlError as error:
        return error.message
    if duplicates:
        return "a key given twice"
    if has_more(chunk, root) is not None:
        return "text after the end"
    if found.value is None or repr(value) != repr(found.value):
        return f"{value!r}, and not {found.value!r}"
    written = words(root)
    if found.words is not None and found.words != written:
        return f"booleans written {written}, and not {found.words}"
    if found.small_integers_only and not only_small_integers(value):
        return "numbers that are no small integers"
    return ""


def changed(text: str, chance: random.Random) -> str:
    """The text with a few changes of characters, lines and indentation."""
    lines = text.split("\n")
    if len(lines) > 40 and chance.random() < 0.8:
        start = chance.randrange(len(lines) - 20)
        lines = lines[start : start + chance.randint(2, 40)]
    for _ in range(chance.randint(1, 5)):
        _change(lines, chance)
    return "\n".join(lines) + "\n"


def _change(lines: list[str], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    line = lines[at]
    place = chance.randint(0, len(line))
    kind = chance.randrange(9)
    if kind == 0:
        lines[at] = chance.choice(_MARGINS) + line
    elif kind == 1:
        lines[at] = line[chance.randint(0, 4) :]
    elif kind == 2:
        lines.insert(at, chance.choice(lines))
    elif kind == 3 and len(lines) > 1:
        del lines[at]
    elif kind == 4:
        lines.insert(at, chance.choice(_MARGINS) + chance.choice(PIECES))
    elif kind == 5 and at + 1 < len(lines):
        lines[at] = line + lines.pop(at + 1)
    elif kind == 6:
        lines[at] = line[:place] + line[place + chance.randint(1, 3) :]
    elif kind == 7:
        lines[at : at + 1] = [line[:place], chance.choice(_MARGINS) + line[place:]]
    else:
        lines[at] = line[:place] + chance.choice(PIECES) + line[place:]


def made(chance: random.Random) -> str:
    """A text of pieces, or of entries that are nearly block style."""
    if chance.random() < 0.3:
        return "".join([chance.choice(PIECES) for _ in range(chance.randint(1, 14))]) + "\n"
    lines: list[str] = []
    margin = 0
    for number in range(chance.randint(1, 10)):
        margin = max(0, margin + chance.choice((-4, -2, -2, -1, 0, 0, 0, 0, 1, 2, 2, 4)))
        dash = chance.choice(("", "", "- ", "-  ", "- - "))
        key = chance.choice(
            ("", f"k{number}: ", f"k{number}: ", f"k{number}:\n{' ' * (margin + 2)}", "'k': ", '"k": ')
        )
        lines.append(f"{' ' * margin}{dash}{key}{_value(chance)}")
    return "\n".join(lines) + "\n"


def _value(chance: random.Random) -> str:
    kind = chance.randrange(6)
    if kind < 2:
        return ""
    if kind == 2:
        return chance.choice(PIECES)
    if kind == 3:
        body = [
            " " * chance.randint(0, 6) + chance.choice(("t", "", "t u", "\tt", "- t", "t: u", "# t"))
            for _ in range(3)
        ]
        return chance.choice(("|", ">", "|-", ">-", "|+", ">+", "| # c", "|1")) + "\n" + "\n".join(body)
    return "".join(
        [
            chance.choice(("t", " ", ": ", ":", " #", "#", "'", '"', "\n  ", ", ", "[", "]", "-"))
            for _ in range(4)
        ]
    )


def compare(seed: int, texts: Sequence[str], comparison: Comparison) -> None:
    """One text of chance: of `texts` with changes, or made."""
    chance = random.Random(seed)
    text = changed(chance.choice(texts), chance) if texts and chance.random() < 0.6 else made(chance)
    comparison.add(text)
