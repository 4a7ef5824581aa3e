"""The extension for strings, format() and regular expressions; results are cel-go 0.26's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.errors import CelError, CostError
from lockgate.engine.cel.library import quantity_value, strings
from lockgate.engine.cel.library.formatting import format_text
from lockgate.engine.cel.library.limits import MAX_ITEMS
from lockgate.engine.cel.values import NONE, Duration, Map, Optional, Timestamp, TypeValue, Uint, Value
from lockgate.engine.codegen.budget import MAX_TEXT
from lockgate.engine.codegen.values import Number

from tests.engine.cel.library.calling import asked, body, called, told

HOUR = Duration(3_600_000_000_000)

RESULTS: list[tuple[str, tuple[Any, ...], Value]] = [
    ("charAt", ("h\u00e9", 1), "é"),
    ("charAt", ("a", 1), ""),
    ("indexOf", ("abcb", "b"), 1),
    ("indexOf", ("abcb", "b", 2), 3),
    ("indexOf", ("abcb", "b", 99), -1),
    ("indexOf", ("abcb", "", -1), -1),
    ("indexOf", ("\U0001f600b", "b"), 1),
    ("lastIndexOf", ("abcb", "b"), 3),
    ("lastIndexOf", ("abcb", "b", 2), 1),
    ("lastIndexOf", ("abcb", "b", 9), -1),
    ("lastIndexOf", ("abcb", ""), 4),
    ("lastIndexOf", ("ab", "abc"), -1),
    ("lastIndexOf", ("", "a"), -1),
    ("lowerAscii", ("ÉAB",), "Éab"),
    ("upperAscii", ("éab",), "éAB"),
    ("replace", ("aaa", "a", "b"), "bbb"),
    ("replace", ("aaa", "a", "b", 2), "bba"),
    ("replace", ("aaa", "a", "b", 0), "aaa"),
    ("replace", ("aaa", "a", "b", -1), "bbb"),
    ("replace", ("aé", "", "-"), "-a-é-"),
    ("replace", ("aé", "", "-", 2), "-a-é"),
    ("split", ("a,b,c", ","), ["a", "b", "c"]),
    ("split", ("a,b,c", ",", 0), []),
    ("split", ("a,b,c", ",", 1), ["a,b,c"]),
    ("split", ("a,b,c", ",", 2), ["a", "b,c"]),
    ("split", ("a,b,c", ",", -1), ["a", "b", "c"]),
    ("split", ("", ","), [""]),
    ("split", ("", ""), []),
    ("split", ("", "", 1), []),
    ("split", ("abc", ""), ["a", "b", "c"]),
    ("split", ("abc", "", 2), ["a", "bc"]),
    ("split", ("abc", "", 9), ["a", "b", "c"]),
    ("substring", ("abc", 3), ""),
    ("substring", ("h\u00e9llo", 1, 3), "él"),
    ("trim", (" \t\u0085\u3000a b\u00a0",), "a b"),
    # Python would strip it.
    ("trim", ("\x1ca",), "\x1ca"),
    ("join", ([],), ""),
    ("join", (["a", "b"],), "ab"),
    ("join", (["a", "b"], ", "), "a, b"),
    ("find", ("aXbX", "X."), "Xb"),
    ("find", ("abc", "x"), ""),
    ("findAll", ("abc", "[a-b]"), ["a", "b"]),
    ("findAll", ("abc", "x*"), ["", "", "", ""]),
    ("findAll", ("abc", "[a-c]", 0), []),
    ("findAll", ("abc", "[a-c]", 2), ["a", "b"]),
    ("findAll", ("abc", "[a-c]", -5), ["a", "b", "c"]),
]

ERRORS: list[tuple[str, tuple[Any, ...], str]] = [
    ("charAt", ("a", 2), "index out of range: 2"),
    ("charAt", ("a", -1), "index out of range: -1"),
    ("charAt", (1, 1), "no such overload: charAt(int, int)"),
    ("indexOf", ("a", "a", -1), "index out of range: -1"),
    ("lastIndexOf", ("a", "a", -1), "index out of range: -1"),
    ("substring", ("abc", 4), "index out of range: 4"),
    ("substring", ("abc", 0, 9), "index out of range: 9"),
    ("substring", ("abc", -1, 1), "index out of range: -1"),
    ("substring", ("abc", 2, 1), "invalid substring range. start: 2, end: 1"),
    ("join", (["a", 1],), "join: invalid input: 1"),
    ("join", (["a", Number("1.5")],), "join: invalid input: 1.5"),
    ("join", (["a", [1, "b", {"c": True}]],), "join: invalid input: [1, b, {c: true}]"),
    ("join", (["a", Optional(1)],), "join: invalid input: optional(1)"),
    ("join", (["a", NONE],), "join: invalid input: optional.none()"),
    ("join", (["a", b"ab"],), "join: invalid input: [97 98]"),
    ("join", (["a", None],), "join: invalid input: 0"),
    ("join", (["a", TypeValue("int")],), "join: invalid input: int"),
    ("join", (["a", quantity_value.parse("1.5")],), "join: invalid input: 1500m"),
    ("join", (["a", Duration(3_600_500_000_000)],), "join: invalid input: 1h0m0.5s"),
    ("join", (["a", Duration(-1_500)],), "join: invalid input: -1.5\u00b5s"),
    ("join", (["a", Duration(0)],), "join: invalid input: 0s"),
    ("join", (["a", Timestamp(500_000_000)],), "join: invalid input: 1970-01-01 00:00:00.5 +0000 UTC"),
    ("join", (["a", Timestamp(0, 7_200)],), "join: invalid input: 1970-01-01 02:00:00 +0200 +0200"),
    ("join", ([1],), "no such overload: join(list)"),
    ("find", ("a", "("), "Illegal regex: error parsing regexp: missing ): ("),
    ("find", (1, "a"), "no such overload"),
    ("findAll", ("a", "a", "a"), "no such overload"),
    ("format", ("%s", 1), "no such overload: format(string, int)"),
]


@pytest.mark.parametrize(("name", "arguments", "result"), RESULTS)
def test_a_function_of_texts_gives_what_cel_go_gives(
    name: str, arguments: tuple[Any, ...], result: Value
) -> None:
    assert asked(name, *arguments) == result


@pytest.mark.parametrize(("name", "arguments", "words"), ERRORS)
def test_a_function_of_texts_fails_in_the_words_of_cel_go(
    name: str, arguments: tuple[Any, ...], words: str
) -> None:
    assert told(body(name, True, len(arguments)), *arguments) == words


def test_a_quoted_text_escapes_what_cel_has_escapes_for() -> None:
    assert called("strings.quote", 'a"b\\\a\b\f\n\r\t\v\u200b\0') == (
        '"a\\"b\\\\\\a\\b\\f\\n\\r\\t\\v\u200b\0"'
    )


FORMATTED: list[tuple[str, list[Any], str]] = [
    ("no substitution", [], "no substitution"),
    ("%%%s%%", ["text"], "%text%"),
    ("%s %d", ["a", 1], "a 1"),
    ("%.3s", ["abcdef"], "abcdef"),
    ("%s", [1.0], "1"),
    ("%s", [2e-9], "2e-09"),
    ("%s", [float("inf")], "+Inf"),
    ("%s", [None], "null"),
    ("%s", [b"xyz"], "xyz"),
    ("%s", [TypeValue("string")], "string"),
    ("%s", [Duration(2)], "0.000000002s"),
    ("%s", [Timestamp(0, 7_200)], "1970-01-01T02:00:00+02:00"),
    ("%s", [[2.71, Number("2.5"), "a", None, [9], Timestamp(0), HOUR, TypeValue("int"), True, Uint(1)]],
     '[2.710000, 2.500000, "a", null, [9], timestamp("1970-01-01T00:00:00Z"), duration("3600s"), int, true, 1]'),
    ("%s", [[float("nan"), float("inf"), float("-inf")]], '["NaN", "+Inf", "-Inf"]'),
    ("%s", [["\n\u200bé", b"x\x01"]], '["\\n\\u200bé", b"x\\x01"]'),
    ("%s", [[1e30]], "[1000000000000000019884624838656.000000]"),
    ("%s", [{"b": 1, "a": b"xyz"}], '{"a":b"xyz", "b":1}'),
    ("%s", [Map([(1, "x"), (Uint(2), "y"), (True, "z")])], '{1:"x", 2:"y", true:"z"}'),
    ("%d", [Uint(64)], "64"),
    ("%f", [2.71828], "2.718280"),
    ("%.3f", [1234567.5], "1,234,567.500"),
    ("%.0f", [2.5], "2"),
    ("%.0f", [-0.4], "-0"),
    ("%f", [-0.0], "0.000000"),
    ("%f", [-1234.5], "-1,234.500000"),
    ("%f", ["NaN"], "NaN"),
    ("%f", ["-Infinity"], "-∞"),
    ("%f", [float("inf")], "∞"),
    ("%.20f", [0.1], "0.10000000000000000555"),
    # The precision is kept in a byte.
    ("%.257f", [0.5], "0.5"),
    ("%e", [1052.032911275], "1.052033\u00d710\u2070\u00b3"),
    ("%e", [5e-324], "4.940656\u00d710\u207b\u00b3\u00b2\u2074"),
    ("%e", [1e100], "1.000000\u00d710\u00b9\u2070\u2070"),
    # The precision is the width.
    ("%.20e", [2.5], "       2.500000\u00d710\u2070\u2070"),
    ("%.0e", [-2.5], "-2.500000\u00d710\u2070\u2070"),
    ("%e", ["NaN"], "   NaN"),
    ("%.3e", ["Infinity"], "  ∞"),
    ("%b", [-5], "-101"),
    ("%b", [True], "1"),
    ("%o", [Uint(65535)], "177777"),
    ("%x", [-30], "-1e"),
    ("%X", ["Hello"], "48656C6C6F"),
    ("%x", ["é"], "c3a9"),
    ("%x", [b"\x00\x01"], "0001"),
]  # fmt: skip

UNFORMATTED: list[tuple[str, list[Any], str]] = [
    ("%s %s", ["a"], "index 1 out of range"),
    ("%", ["a"], "unexpected end of string"),
    ("%", [], "index 0 out of range"),
    (
        "%.",
        [1],
        (
            "could not parse formatting clause: error while parsing precision: "
            "could not find end of precision specifier"
        ),
    ),
    (
        "%.f",
        [1.0],
        (
            "could not parse formatting clause: error while parsing precision: "
            'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax'
        ),
    ),
    (
        "%.99999999999999999999f",
        [1.0],
        (
            "could not parse formatting clause: error while parsing precision: error while converting precision "
            'to integer: strconv.Atoi: parsing "99999999999999999999": value out of range'
        ),
    ),
    ("%q", [1], 'could not parse formatting clause: unrecognized formatting clause "q"'),
    ("%é", [1], 'could not parse formatting clause: unrecognized formatting clause "Ã"'),
    ("%d", [1.5], "error during formatting: decimal clause can only be used on integers, was given double"),
    ("%f", [1], "error during formatting: fixed-point clause can only be used on doubles, was given int"),
    ("%e", ["x"], "error during formatting: scientific clause can only be used on doubles, was given string"),
    (
        "%x",
        [True],
        "error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given bool",
    ),
    (
        "%b",
        ["a"],
        "error during formatting: only integers and bools can be formatted as binary, was given string",
    ),
    ("%o", [True], "error during formatting: octal clause can only be used on integers, was given bool"),
    (
        "%s",
        [NONE],
        (
            "error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, "
            "lists, types, durations, and timestamps, was given optional_type"
        ),
    ),
    ("%s", [[NONE]], "error during formatting: no formatting function for optional_type"),
    (
        "%s",
        [b"\xff"],
        (
            'error during formatting: could not convert argument "invalid UTF-8 in bytes, '
            'cannot convert to string" to string'
        ),
    ),
]


@pytest.mark.parametrize(("template", "arguments", "text"), FORMATTED)
def test_a_template_is_filled_in_as_by_cel_go(template: str, arguments: list[Any], text: str) -> None:
    assert asked("format", template, arguments) == text


@pytest.mark.parametrize(("template", "arguments", "words"), UNFORMATTED)
def test_a_template_fails_in_the_words_of_cel_go(template: str, arguments: list[Any], words: str) -> None:
    assert told(body("format", True, 2), template, arguments) == words


def test_texts_without_end_are_not_made() -> None:
    half = "x" * (MAX_TEXT // 2 + 1)
    many: list[tuple[str, tuple[Any, ...]]] = [
        ("replace", (half, "x", "xx")),
        ("replace", (half, "", "x")),
        ("join", ([half, half],)),
        ("join", (["a", "b", "c"], half)),
        ("format", ("%s%s", [half, half])),
        ("split", ("," * (MAX_ITEMS + 1), ",")),
        ("split", ("," * (MAX_ITEMS + 1), "")),
        ("findAll", ("," * (MAX_ITEMS + 1), ",")),
    ]
    for name, arguments in many:
        with pytest.raises(CostError):
            asked(name, *arguments)


def test_a_value_of_shared_parts_is_not_written_out() -> None:
    shared: list[Any] = ["x" * 1_000]
    for _ in range(60):
        shared = [shared, shared]
    with pytest.raises(CostError):
        format_text("%s", [shared])
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(CostError):
        format_text("%s", [deep])
    # A message shows a part of it, and of a long text too.
    assert len(told(body("join", True, 1), ["a", ["x" * 1_000_000] * 10_000])) < 20_000
    assert told(body("join", True, 1), ["a", deep]).startswith("join: invalid input: [[")
    assert told(body("join", True, 1), ["a", shared]).startswith("join: invalid input: [[")


@given(st.text(max_size=8), st.text(min_size=1, max_size=2))
def test_what_is_split_is_joined_again(text: str, separator: str) -> None:
    assert strings.join(list(strings.split(text, separator)), separator) == text


@given(st.text(max_size=8), st.text(max_size=2), st.integers(-2, 9))
def test_where_a_part_was_found_it_is(text: str, part: str, start: int) -> None:
    try:
        places = [strings.index_of(text, part, start), strings.last_index_of_before(text, part, start)]
    except CelError:
        return
    for place in places:
        if part and place >= 0:
            assert text[place:].startswith(part)
