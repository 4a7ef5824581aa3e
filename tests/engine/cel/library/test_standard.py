"""Conversions, texts, timestamps and durations as cel-go 0.26 has them."""

from math import inf, isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.errors import CostError
from lockgate.engine.cel.library import conversions
from lockgate.engine.cel.library.arithmetic import MAX_TIME, MIN_TIME
from lockgate.engine.cel.values import (
    MAX_INT,
    MAX_UINT,
    MIN_INT,
    NONE,
    Duration,
    Map,
    Timestamp,
    TypeValue,
    Uint,
    Value,
)

from tests.engine.cel.library.calling import BY_NAME, as_seen, asked, body, called, told

SECOND = 1_000_000_000
HALF_PAST = Timestamp(1_767_366_245 * SECOND + 123_456_789)  # 2026-01-02T15:04:05.123456789Z

CONVERTED: list[tuple[str, Any, Value]] = [
    ("int", 1, 1),
    ("int", Uint(1), 1),
    ("int", -1.9, -1),
    ("int", "-5", -5),
    ("int", "+5", 5),
    ("int", "007", 7),
    ("int", str(MIN_INT), MIN_INT),
    ("int", Timestamp(-1), -1),
    ("int", Duration(5), 5),
    ("uint", 1, Uint(1)),
    ("uint", 1.9, Uint(1)),
    ("uint", -0.0, Uint(0)),
    ("uint", str(MAX_UINT), Uint(MAX_UINT)),
    ("double", 1, 1.0),
    ("double", Uint(MAX_UINT), 2.0**64),
    ("double", "1.", 1.0),
    ("double", ".5", 0.5),
    ("double", "1e-400", 0.0),
    ("double", "-Infinity", -inf),
    ("double", "+inf", inf),
    ("double", "0x1.8p1", 3.0),
    ("double", "0x_1p-2", 0.25),
    ("double", "1_000.5", 1000.5),
    ("double", "1e1_0", 1e10),
    ("string", 1, "1"),
    ("string", Uint(1), "1"),
    ("string", True, "true"),
    ("string", 1.0, "1"),
    ("string", 0.1, "0.1"),
    ("string", 1e6, "1e+06"),
    ("string", 123456789.0, "1.23456789e+08"),
    ("string", 0.0000001, "1e-07"),
    ("string", -0.0, "-0"),
    ("string", inf, "+Inf"),
    ("string", -inf, "-Inf"),
    ("string", "x", "x"),
    ("string", b"\xc3\xa9", "é"),
    ("string", HALF_PAST, "2026-01-02T15:04:05.123456789Z"),
    ("string", Timestamp(0, 5_400), "1970-01-01T01:30:00+01:30"),
    ("string", Timestamp(MIN_TIME), "0001-01-01T00:00:00Z"),
    ("string", Duration(5_400 * SECOND), "5400s"),
    ("string", Duration(-1_500_000_000), "-1.5s"),
    ("string", Duration(1), "0.000000001s"),
    ("string", Duration(0), "0s"),
    ("bytes", "é", b"\xc3\xa9"),
    ("bytes", b"a", b"a"),
    ("bool", "t", True),
    ("bool", "False", False),
    ("bool", "1", True),
    ("bool", True, True),
    ("dyn", "a", "a"),
    ("type", 1, TypeValue("int")),
    ("type", Uint(1), TypeValue("uint")),
    ("type", 1.0, TypeValue("double")),
    ("type", None, TypeValue("null_type")),
    ("type", {}, TypeValue("map")),
    ("type", Map(), TypeValue("map")),
    ("type", TypeValue("int"), TypeValue("type")),
    ("type", Timestamp(0), TypeValue("google.protobuf.Timestamp")),
    ("type", NONE, TypeValue("optional_type")),
    ("timestamp", 0, Timestamp(0)),
    ("timestamp", -62_135_596_800, Timestamp(MIN_TIME)),
    ("timestamp", "2026-01-02T15:04:05.123456789Z", HALF_PAST),
    ("timestamp", "2026-01-02T15:04:05,123456789Z", HALF_PAST),
    ("timestamp", "2026-01-02T17:04:05.123456789+02:00", HALF_PAST),
    ("timestamp", "9999-12-31T23:59:59.999999999Z", Timestamp(MAX_TIME)),
    ("timestamp", HALF_PAST, HALF_PAST),
    ("duration", "1h30m", Duration(5_400 * SECOND)),
    ("duration", "-1.5s", Duration(-1_500_000_000)),
    ("duration", "1ms2us3ns", Duration(1_002_003)),
    ("duration", "1\u00b5s", Duration(1_000)),
    ("duration", ".5m", Duration(30 * SECOND)),
    ("duration", "0", Duration(0)),
    ("duration", "-0", Duration(0)),
    ("duration", "-9223372036854775808ns", Duration(MIN_INT)),
    ("duration", "9223372036854775807ns", Duration(MAX_INT)),
]

REFUSED: list[tuple[str, Any, str]] = [
    *[
        ("int", text, "type conversion error from 'string' to 'int'")
        for text in ("", " 1", "1.0", "0x1", "1_0", "9223372036854775808", "\u0661")
    ],
    ("int", 2.0**63, "integer overflow"),
    ("int", -(2.0**63), "integer overflow"),
    ("int", float("nan"), "integer overflow"),
    ("int", Uint(MAX_UINT), "integer overflow"),
    ("int", [1], "no such overload: int(list)"),
    ("int", None, "no such overload: int(null_type)"),
    ("int", True, "no such overload: int(bool)"),
    ("uint", -1, "unsigned integer overflow"),
    ("uint", -0.5, "unsigned integer overflow"),
    ("uint", 2.0**64, "unsigned integer overflow"),
    ("uint", "-1", "type conversion error from 'string' to 'uint'"),
    ("uint", "+1", "type conversion error from 'string' to 'uint'"),
    ("uint", "18446744073709551616", "type conversion error from 'string' to 'uint'"),
    *[
        ("double", text, "type conversion error from 'string' to 'double'")
        for text in (
            "",
            "1__0",
            "_1",
            "1_",
            "1._5",
            "1e400",
            "0x1",
            "+nan",
            " 1",
            "1e",
            "infinit",
            "0x1__0p1",
        )
    ],
    ("double", True, "no such overload: double(bool)"),
    ("string", {}, "no such overload: string(map)"),
    ("string", [], "no such overload: string(list)"),
    ("string", None, "no such overload: string(null_type)"),
    ("string", b"\xff", "invalid UTF-8 in bytes, cannot convert to string"),
    ("bytes", 1, "no such overload: bytes(int)"),
    ("bool", "yes", "type conversion error from 'string' to 'bool'"),
    ("bool", 1, "no such overload: bool(int)"),
    *[
        ("timestamp", text, "type conversion error from 'string' to 'google.protobuf.Timestamp'")
        for text in ("", "2026-01-02", "2026-02-30T00:00:00Z", "2026-01-02T15:04:05")
    ],
    ("timestamp", "0001-01-01T00:00:00+01:00", "timestamp overflow"),
    ("timestamp", 253_402_300_800, "timestamp overflow"),
    *[
        ("duration", text, "type conversion error from 'string' to 'google.protobuf.Duration'")
        for text in (
            "",
            "1",
            "1d",
            "h",
            "-",
            "1h-1m",
            "9223372036854775808ns",
            "3000000h",
            "1 h",
            "9" * 30 + "ns",
        )
    ],
    ("duration", 1, "type conversion error from 'int' to 'google.protobuf.Duration'"),
]


@pytest.mark.parametrize(("name", "given_value", "result"), CONVERTED)
def test_a_conversion_gives_what_cel_go_gives(name: str, given_value: Any, result: Value) -> None:
    assert as_seen(called(name, given_value)) == as_seen(result)


@pytest.mark.parametrize(("name", "given_value", "words"), REFUSED)
def test_a_conversion_fails_in_the_words_of_cel_go(name: str, given_value: Any, words: str) -> None:
    assert told(body(name, False, 1), given_value) == words


def test_nan_is_read_and_written() -> None:
    assert isnan(called("double", "NaN"))
    assert called("string", float("nan")) == "NaN"


# 2026-01-02T15:04:05.123456789Z, a Friday.
SHOWN: list[tuple[str, tuple[str, ...], int]] = [
    ("getFullYear", (), 2026),
    ("getMonth", (), 0),
    ("getDayOfYear", (), 1),
    ("getDayOfMonth", (), 1),
    ("getDate", (), 2),
    ("getDayOfWeek", (), 5),
    ("getHours", (), 15),
    ("getMinutes", (), 4),
    ("getSeconds", (), 5),
    ("getMilliseconds", (), 123),
    ("getHours", ("",), 15),
    ("getHours", ("UTC",), 15),
    ("getHours", ("America/Los_Angeles",), 7),
    ("getHours", ("+02:30",), 17),
    ("getMinutes", ("+02:30",), 34),
    ("getMinutes", ("-02:30",), 34),
    ("getHours", ("-02:30",), 12),
    ("getHours", ("02:00",), 17),
    ("getHours", ("+25:00",), 16),
    ("getDate", ("Asia/Tokyo",), 3),
    ("getDayOfWeek", ("+10:00",), 6),
    ("getDayOfWeek", ("Pacific/Auckland",), 6),
    ("getFullYear", ("-14:00",), 2026),
]


@pytest.mark.parametrize(("name", "zone", "shown"), SHOWN)
def test_what_a_clock_and_a_calendar_show(name: str, zone: tuple[str, ...], shown: int) -> None:
    assert asked(name, HALF_PAST, *zone) == shown


def test_a_moment_before_1970_is_shown_by_whole_seconds() -> None:
    assert [asked(name, Timestamp(-1)) for name in ("getFullYear", "getSeconds", "getMilliseconds")] == [
        1969,
        59,
        999,
    ]


SPANS = [
    (Duration(-5_430_500_000_000), [-1, -90, -5430, -5_430_500]),
    (Duration(5_430_500_000_000), [1, 90, 5430, 5_430_500]),
]


@pytest.mark.parametrize(("span", "shown"), SPANS)
def test_a_duration_shows_all_of_it_in_each_unit(span: Duration, shown: list[int]) -> None:
    names = ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
    assert [asked(name, span) for name in names] == shown


ZONES = [
    ("Nowhere/City", "unknown time zone Nowhere/City"),
    ("Nowhere\0City", "unknown time zone Nowhere\0City"),
    ("../../etc/passwd", "time: invalid location name"),
    ("/etc/passwd", "time: invalid location name"),
    ("\\etc", "time: invalid location name"),
    ("a:b", 'strconv.Atoi: parsing "a": invalid syntax'),
    (":", 'strconv.Atoi: parsing "": invalid syntax'),
    ("9" * 18 + ":00", "timestamp overflow"),
]


@pytest.mark.parametrize(("zone", "words"), ZONES)
def test_a_zone_that_there_is_not(zone: str, words: str) -> None:
    assert told(body("getHours", True, 2), HALF_PAST, zone) == words


def test_a_zone_does_not_show_a_year_that_there_is_not() -> None:
    for moment, zone in ((Timestamp(MIN_TIME), "-01:00"), (Timestamp(MAX_TIME), "+01:00")):
        assert told(body("getFullYear", True, 2), moment, zone) == "timestamp overflow"


TEXTS: list[tuple[str, str, str, bool]] = [
    ("contains", "hello world", "o w", True),
    ("contains", "hello", "", True),
    ("startsWith", "hello", "he", True),
    ("startsWith", "hello", "lo", False),
    ("endsWith", "hello", "lo", True),
    ("matches", "123-456", "^[0-9]+(-[0-9]+)?$", True),
    ("matches", "hello", "ell", True),
    ("matches", "hello", "^ell", False),
    # Exponential for a backtracking matcher.
    ("matches", "a" * 1_000 + "b", "^(a+)+$", False),
]


@pytest.mark.parametrize(("name", "text", "part", "result"), TEXTS)
def test_what_a_text_has_in_it(name: str, text: str, part: str, result: bool) -> None:
    assert asked(name, text, part) is result


MISUSED: list[tuple[str, tuple[Any, ...], str]] = [
    ("contains", (1, "a"), "no such overload"),
    ("startsWith", ("a", 1), "no such overload"),
    ("matches", (1, "a"), "no such overload"),
    ("matches", ("a", 1), "no such overload"),
    ("matches", ("a", "("), "error parsing regexp: missing ): ("),
    ("getFullYear", (Duration(1),), "no such overload: getFullYear(google.protobuf.Duration)"),
    ("getHours", ("a",), "no such overload: getHours(string)"),
]


@pytest.mark.parametrize(("name", "arguments", "words"), MISUSED)
def test_a_function_of_other_kinds_fails_in_the_words_of_cel_go(
    name: str, arguments: tuple[Any, ...], words: str
) -> None:
    assert told(body(name, True, len(arguments)), *arguments) == words


def test_each_overload_has_a_name_of_its_own() -> None:
    names = [overload.id for one in BY_NAME.values() for overload in one.overloads]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name",
    [
        *("int", "uint", "double", "duration", "timestamp"),
        *("quantity", "isQuantity", "semver", "isSemver"),
    ],
)
def test_a_text_that_is_too_long_is_not_said_to_be_no_number(name: str) -> None:
    with pytest.raises(CostError):
        called(name, "0" * 1_000_000 + "x")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_read_as_it_was_written(value: float) -> None:
    assert conversions.string_to_double(conversions.double_to_string(value)) == value


@given(st.integers(MIN_TIME, MAX_TIME))
def test_a_timestamp_is_read_as_it_was_written(ns: int) -> None:
    moment = Timestamp(ns)
    assert conversions.string_to_timestamp(conversions.timestamp_to_string(moment)) == moment


@given(st.integers(-(10**14), 10**14))
def test_a_duration_is_read_nearly_as_it_was_written(ns: int) -> None:
    # Seconds are a double, and reading cuts: 1820478669 ns is written as 1.8204786689999999s, by Go too.
    read = conversions.string_to_duration(conversions.duration_to_string(Duration(ns)))
    assert abs(read.ns - ns) <= 1
