"""Canonical JSON: the examples of RFC 8785, equality with another implementation, and what has no canonical form."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.canonical import MAX_DEPTH, MAX_INTEGER, MAX_SIZE, Json, canonical_bytes, parse_canonical
from lockgate.audit.errors import FormatError

from tests.vectors import vector_path

# Examples with null, fractions, or keys beyond ASCII have no form here; the others have the author's.
EXAMPLES = {
    "arrays": False,
    "french": False,
    "structures": False,
    "unicode": True,
    "values": False,
    "weird": False,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_specification(name: str) -> None:
    folder = vector_path("canonical", "testdata")
    assert {one.stem for one in (folder / "input").iterdir()} == set(EXAMPLES)
    value = json.loads((folder / "input" / f"{name}.json").read_bytes())
    expected = (folder / "output" / f"{name}.json").read_bytes()
    if EXAMPLES[name]:
        assert canonical_bytes(value) == expected
        assert parse_canonical(expected) == value
    else:
        with pytest.raises(FormatError):
            canonical_bytes(value)
        with pytest.raises(FormatError):
            parse_canonical(expected)
    admitted, dropped = restrict(value)
    assert dropped != EXAMPLES[name]
    # What is left of an example without them is what the other implementation makes of it.
    assert canonical_bytes(admitted) == rfc8785.dumps(admitted)


def restrict(value: Any) -> tuple[Any, bool]:
    """A value without what has no form here, and whether anything is left out."""
    if isinstance(value, dict):
        parts = {
            key: restrict(part)
            for key, part in value.items()
            if key.isascii() and key.isprintable() and part is not None and not isinstance(part, float)
        }
        made: Any = {key: part for key, (part, _) in parts.items()}
        return made, len(made) != len(value) or any(dropped for _, dropped in parts.values())
    if isinstance(value, list):
        rows = [restrict(part) for part in value if part is not None and not isinstance(part, float)]
        return [part for part, _ in rows], len(rows) != len(value) or any(dropped for _, dropped in rows)
    return value, False


def test_the_strings_of_the_specification() -> None:
    """RFC 8785 3.2.2.2, by the string of 3.2.3 that has them."""
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    assert canonical_bytes(text) == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    every = "".join(map(chr, range(0x20)))
    assert canonical_bytes(every) == (
        b'"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f'
        b"\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f"
        b'"'
    )
    assert canonical_bytes("\x7f\u2028</script>") == '"\x7f\u2028</script>"'.encode()


texts = st.text(st.characters(codec="utf-8"))
keys = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))
values: st.SearchStrategy[Json] = st.recursive(
    texts | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.booleans(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=30,
)


@given(values)
def test_equal_to_another_implementation(value: Json) -> None:
    made = canonical_bytes(value)
    assert made == rfc8785.dumps(value)
    assert parse_canonical(made) == value


@given(values, st.sampled_from([{"indent": 1}, {"ensure_ascii": True}, {"separators": (", ", ":")}]))
def test_one_value_has_one_text(value: Json, layout: dict[str, Any]) -> None:
    made = canonical_bytes(value)
    other = json.dumps(
        value, **{"ensure_ascii": False, "separators": (",", ":"), "sort_keys": True, **layout}
    ).encode()
    if other == made:
        assert parse_canonical(other) == value
    else:
        with pytest.raises(FormatError):
            parse_canonical(other)


NO_FORM: dict[str, Any] = {
    "null": None,
    "null inside": {"a": [None]},
    "a fraction": 0.5,
    "a fraction that is whole": 1.0,
    "infinity": float("inf"),
    "no number": float("nan"),
    "2**53": 2**53,
    "-2**53": -(2**53),
    "an integer that Python does not write": 10**10_000,
    "half of a surrogate pair": "\ud800",
    "the other half": "a\udfffb",
    "halves the wrong way round": "\udc00\ud800",
    "a half in a list": ["\ud83d"],
    "a key beyond ASCII": {"é": 1},
    "a key with a control character": {"\n": 1},
    "a key that is DEL": {"\x7f": 1},
    "a key that is a number": {1: 1},
    "a key that is true": {True: 1},
    "a tuple": (1,),
    "a set": {1},
    "bytes": b"a",
    "a string of another class": type("Text", (str,), {})("a"),
    "an integer of another class": type("Number", (int,), {})(1),
    "a list of another class": type("Row", (list,), {})([1]),
    "too deep": json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)),
    "much too deep": json.loads("[" * 900 + "]" * 900),
}


@pytest.mark.parametrize("name", NO_FORM)
def test_no_form(name: str) -> None:
    with pytest.raises(FormatError):
        canonical_bytes(NO_FORM[name])


def test_as_deep_as_may_be() -> None:
    text = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert canonical_bytes(parse_canonical(text)) == text


REFUSED: dict[str, bytes] = {
    "empty": b"",
    "a space before it": b" 1",
    "a newline behind it": b"1\n",
    "two values": b"1 2",
    "trailing bytes": b"{}x",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "no UTF-8": b'"\xff"',
    "half of a surrogate pair": b'"\xed\xa0\x80"',
    "half of a surrogate pair, escaped": b'"\\ud800"',
    "an overlong byte": b'"\xc0\x80"',
    "keys not sorted": b'{"b":1,"a":1}',
    "a key twice": b'{"a":1,"a":1}',
    "a key twice, other values": b'{"a":1,"a":2}',
    "spaces": b'{"a": 1}',
    "a comma too many": b"[1,]",
    "an escape that is not needed": b'"\\u0041"',
    "a slash escaped": b'"\\/"',
    "an escape in capitals": b'"\\u001F"',
    "a long escape": b'"\\u000a"',
    "a pair escaped": b'"\\ud83d\\ude02"',
    "a control character": b'"\n"',
    "-0": b"-0",
    "a fraction": b"1.0",
    "a power": b"1e2",
    "a zero before it": b"01",
    "a plus": b"+1",
    "2**53": b"9007199254740992",
    "a very long integer": b"1" * 10_000,
    "null": b"null",
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "True": b"True",
    "a single quote": b"'a'",
    "a comment": b"1//",
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deeper than may be": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "long": b" " * (MAX_SIZE + 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_canonical(REFUSED[name])


@given(st.binary(max_size=40) | values.map(canonical_bytes), st.data())
def test_any_bytes_are_canonical_or_refused(text: bytes, data: st.DataObject) -> None:
    changed = bytearray(text)
    if changed:
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        value = parse_canonical(bytes(changed))
    except FormatError:
        return
    assert canonical_bytes(value) == bytes(changed)
