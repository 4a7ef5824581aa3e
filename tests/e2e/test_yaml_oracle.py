"""Documents beside kubectl's own YAML library, built from source: the table of cases, random text, the corpus."""

import base64
import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from lockgate.engine.codegen.values import Number, Value, parse_json, render_json
from lockgate.engine.documents.chunks import BadSeparator, split
from lockgate.engine.documents.source_text import decode
from lockgate.engine.documents.yaml_nodes import YamlError, compose
from lockgate.engine.documents.yaml_values import build
from lockgate.engine.errors import InputError

from tests.e2e.programs import program
from tests.engine.kubectl_yaml_cases import CASES
from tests.shared_folder import shared_path

pytestmark = pytest.mark.e2e

RANDOM_TEXTS = 20_000
PIECES = [
    "a",
    "b",
    "c: ",
    "x: ",
    "y: ",
    "- ",
    "? ",
    ": ",
    ":",
    "\n",
    "\n",
    "\n  ",
    "\n    ",
    "  ",
    " ",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "'",
    "#",
    "&a ",
    "*a ",
    "<<: ",
    "!!str ",
    "!!int ",
    "!foo ",
    "1",
    "0",
    ".",
    "-",
    "+",
    "_",
    "e",
    "0x",
    "~",
    "null",
    "true",
    '"k"',
    "---\n",
    "...\n",
    "%",
    "@",
    "é",
    "=",
    "yes",
    "1.5",
    "\\",
    "\n- ",
    "a: 1\n",
    "b:\n",
    "{a: b}",
    "[x, y]",
    "*a : ",
    "2001-01-01",
]


@pytest.fixture(scope="module")
def oracle() -> Path:
    return program("yaml")


def answers(oracle: Path, inputs: Sequence[bytes]) -> list[list[dict[str, Value]]]:
    """The oracle's answers for the documents of each input, empty ones left out."""
    sent = json.dumps([base64.b64encode(data).decode() for data in inputs])
    run = subprocess.run([oracle], input=sent.encode(), capture_output=True, check=True)
    found: list[list[dict[str, Value]]] = [[] for _ in inputs]
    for line in run.stdout.splitlines():
        answer = parse_json(line)
        assert type(answer) is dict and type(answer["input"]) is int
        if "error" in answer or answer.get("json") is not None:
            found[answer["input"]].append(answer)
    return found


def ours(data: bytes) -> Iterator[str | None]:
    """The JSON of each document that is not empty, None for one that is refused; duplicates are marked."""
    try:
        text = decode(data, "a.yaml")
    except InputError:
        yield None
        return
    for chunk in split(text):
        if isinstance(chunk, BadSeparator):
            yield None
            continue
        try:
            root = compose(chunk)
            if root is None:
                continue
            value, duplicates = build(root, chunk)
        except YamlError:
            yield None
            continue
        if value is not None:
            yield render_json(value) + (" twice" if duplicates else "")


def decoded(value: Value) -> Value:
    """The value once apimachinery has decoded its JSON: it reads -0 as an integer, which has no sign then."""
    if type(value) is list:
        return [decoded(item) for item in value]
    if type(value) is dict:
        return {name: decoded(item) for name, item in value.items()}
    return 0 if value == Number("-0") else value


def theirs(found: Sequence[dict[str, Value]]) -> Iterator[str | None]:
    for answer in found:
        twice = " twice" if "strict" in answer else ""
        yield None if "error" in answer else render_json(decoded(answer["json"])) + twice


def test_the_table_is_kubectls(oracle: Path) -> None:
    # The splitter ends every document with a line end, which a block scalar at the end of a text feels.
    texts = [text if text.endswith("\n") else text + "\n" for text, _, _ in CASES]
    differing = [
        text
        for text, found in zip(texts, answers(oracle, [text.encode() for text in texts]), strict=True)
        if list(ours(text.encode())) != list(theirs(found))
    ]
    assert differing == []


def test_random_text_is_read_as_kubectl_reads_it(oracle: Path) -> None:
    """A text may be refused that go-yaml takes, which is safe; a value that differs, or is only ours, is not.

    go-yaml looks a little further ahead after the end of a document, hence a few refusals of its own.
    """
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 14))).encode() for _ in range(RANDOM_TEXTS)]
    accepted = lookahead = 0
    for text, found in zip(texts, answers(oracle, texts), strict=True):
        we, they = list(ours(text)), list(theirs(found))
        if None in we or not we:
            continue
        accepted += 1
        if None in they:
            lookahead += 1
            continue
        assert we == they, (seed, text)
    assert accepted > RANDOM_TEXTS // 4
    assert lookahead <= accepted // 1000, seed


@pytest.mark.parametrize("folder", ["dra", "systems"])
def test_the_corpus_is_read_as_kubectl_reads_it(oracle: Path, folder: str) -> None:
    files = sorted(path for path in shared_path("corpus", folder).rglob("*") if path.is_file())
    contents = [path.read_bytes() for path in files]
    for path, data, found in zip(files, contents, answers(oracle, contents), strict=True):
        assert list(ours(data)) == list(theirs(found)), path
