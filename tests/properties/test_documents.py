"""Laws of documents: what is written is read, and every value is found where it stands."""

import json
import math
import random
import string

from hypothesis import example, given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Number, Value, equal
from lockgate.engine.documents.go_numbers import float_text, from_float
from lockgate.engine.documents.yaml_nodes import YamlError

from tests.engine.reading_helpers import one_yaml_value, read, scalars, text_at

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

# JSON text may hold any character but a lone surrogate; YAML text no controls beside those that escapes write.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TRICKY = st.sampled_from(
    [
        "y",
        "n",
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
        "~",
        "0",
        "-0",
        "07",
        "08",
        "0777",
        "0o7",
        "0b1",
        "0x1F",
        "1_000",
        "1e3",
        ".5",
        "5.",
        "1.0",
        ".inf",
        ".nan",
        "=",
        "<<",
        "-",
        "?",
        ":",
        "#",
        "&",
        "*",
        "!",
        "2001-01-01",
        "12:30:45",
        "a:",
        "b",
        "#x",
        "{}",
        "[]",
        "{{a}}",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "1e400",
        "18446744073709551616",
    ]
)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
LEAVES = st.none() | st.booleans() | INTEGERS | FINITE | TEXT | TRICKY
VALUES: st.SearchStrategy[Json] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | TRICKY, inner, max_size=4),
    max_leaves=25,
)


def expected(value: Json) -> Value:
    """The value as it is read: floats take Go's form."""
    if isinstance(value, float):
        return from_float(value)
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return {name: expected(item) for name, item in value.items()}
    return value


def holder(value: Json) -> dict[str, Json]:
    return {"apiVersion": "v1", "kind": "Holder", "value": value}


# Characters that a plain scalar may hold without a second thought.
_PLAIN = frozenset(string.ascii_letters)


def emit(value: Json, indent: int, chance: random.Random) -> str:
    """YAML of a value in a style of chance, to stand after a key or a dash."""
    pad = " " * indent
    if isinstance(value, dict) and value and chance.random() < 0.7:
        lines = [
            f"{pad}{scalar(name, chance)}:{emit(item, indent + 2, chance)}" for name, item in value.items()
        ]
        return "\n" + "\n".join(lines)
    if isinstance(value, list) and value and chance.random() < 0.7:
        return "\n" + "\n".join(f"{pad}-{emit(item, indent + 2, chance)}" for item in value)
    if isinstance(value, (dict, list)):
        return " " + flow(value, chance)
    if isinstance(value, str) and chance.random() < 0.3 and _fits_block(value):
        end = "-" if not value.endswith("\n") else ""
        body = "\n".join(f"{pad} {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
        return f" |{end}\n{body}"
    return " " + scalar(value, chance)


def _fits_block(text: str) -> bool:
    lines = text.split("\n")
    return all(set(line) <= _PLAIN for line in lines) and lines[0] != "" and not text.endswith("\n\n")


def flow(value: Json, chance: random.Random) -> str:
    space = chance.choice(["", " ", "\n   "])
    if isinstance(value, dict):
        pairs = [f"{scalar(name, chance)}: {flow(item, chance)}" for name, item in value.items()]
        return "{" + space + f",{space} ".join(pairs) + space + "}"
    if isinstance(value, list):
        return "[" + space + f",{space} ".join(flow(item, chance) for item in value) + space + "]"
    return scalar(value, chance)


def scalar(value: Json, chance: random.Random) -> str:
    """A scalar, unquoted, in single or in double quotes."""
    if value is None:
        return chance.choice(["null", "~", "Null"])
    if isinstance(value, bool):
        return chance.choice(["true", "yes", "on", "Y"] if value else ["false", "no", "off", "N"])
    if isinstance(value, float):
        return repr(value)
    if not isinstance(value, str):
        return str(value)
    if len(value) > 1 and set(value) <= _PLAIN and value.lower() not in _WORDS and chance.random() < 0.6:
        return value
    if value.isprintable() and value.isascii() and chance.random() < 0.5:
        return "'" + value.replace("'", "''") + "'"
    return (
        json.dumps(value) if max(value, default="") <= "\uffff" else '"' + "".join(map(_escape, value)) + '"'
    )


_WORDS = frozenset(("yes", "no", "on", "off", "true", "false", "null"))


def _escape(character: str) -> str:
    return f"\\U{ord(character):08x}"


@given(VALUES)
@example(["\ud7ff\ue000\uffff😀", "\x00\x1f\x7f", "\u2028\x85", {"": {"": [[]]}}])
@example([1e21, 1e-7, 5e-324, -0.0, 1.0, 2**64 - 1, -(2**63)])
def test_json_is_read_as_written(value: Json) -> None:
    for text in [
        json.dumps(holder(value)),
        json.dumps(holder(value), ensure_ascii=False),
        json.dumps(holder(value), indent="\t"),
    ]:
        reading = read(text, "a.json")
        assert reading.errors == ()
        (document,) = reading.documents
        assert equal(document.value["value"], expected(value))


@given(VALUES, st.integers(0, 2**32))
@example({"a": ["x", {"y": None}], "b": "two\nlines\n"}, 1)
def test_yaml_is_read_as_written(value: Json, seed: int) -> None:
    text = f"value:{emit(value, 2, random.Random(seed))}\n"
    read_back, duplicates = one_yaml_value(text)
    assert type(read_back) is dict
    assert equal(read_back["value"], expected(value))
    assert duplicates == []


@given(VALUES, st.integers(0, 2**32))
def test_scalars_of_yaml_are_where_they_are_said_to_be(value: Json, seed: int) -> None:
    text = f"kind: Holder\nvalue:{emit(value, 2, random.Random(seed))}\napiVersion: v1\n"
    (document,) = read(text).documents
    for path, found in scalars(document.value):
        located = document.locate(path)
        assert located.exact and located.path == path
        covered = text_at(text, located.span)
        # A block scalar is parsed with the indentation that its lines have in the file.
        again, _ = one_yaml_value(" " * (located.span.column - 1) + covered + "\n")
        if type(found) is str and covered.startswith("|"):
            assert type(again) is str and again.rstrip("\n") == found.rstrip("\n")
        else:
            assert equal(again, found)


@given(VALUES, st.sampled_from([None, 1, "\t"]))
def test_scalars_of_json_are_where_they_are_said_to_be(value: Json, indent: int | str | None) -> None:
    text = json.dumps(holder(value), indent=indent, ensure_ascii=False)
    (document,) = read(text, "a.json").documents
    for path, found in scalars(document.value):
        located = document.locate(path)
        assert located.exact and located.path == path
        assert equal(expected(json.loads(text_at(text, located.span))), found)


@given(
    VALUES,
    st.integers(0, 2**32),
    st.lists(st.integers(0, 3) | st.sampled_from(["value", "a", ""]), max_size=4),
)
def test_any_path_has_a_place(value: Json, seed: int, path: list[int | str]) -> None:
    text = f"kind: Holder\nvalue:{emit(value, 2, random.Random(seed))}\napiVersion: v1\n"
    (document,) = read(text).documents
    located = document.locate(path)
    assert tuple(path)[: len(located.path)] == located.path
    assert located.exact is (len(located.path) == len(path))
    assert document.locate(located.path).exact
    assert (located.span.line, located.span.column) <= (located.span.end_line, located.span.end_column)


@given(FINITE)
def test_a_float_survives_its_text(number: float) -> None:
    text = float_text(number)
    assert float(text) == number
    assert math.copysign(1, float(text)) == math.copysign(1, number)
    value = from_float(number)
    assert type(value) is int or type(value) is Number
    assert value == Number(repr(number))


@given(st.text(st.sampled_from("ab:-?[]{}\n \t'\"|>#&*!<~01.ey\r\u2028é"), max_size=40))
@example("!")
@example("&a *a")
@example("? ")
@example("'\u2028'\n: @")
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    reading = read(text)
    lines = text.count("\n") + 2
    for error in reading.errors:
        assert error.message and 1 <= error.line <= lines and error.column >= 1
    assert reading.documents or reading.errors or reading.skipped
    try:
        one_yaml_value(text)
    except YamlError as error:
        assert 1 <= error.line <= lines and error.column >= 1


@given(st.binary(max_size=60))
def test_any_bytes_are_accounted_for(data: bytes) -> None:
    reading = read(data)
    assert reading.documents or reading.errors or reading.skipped
