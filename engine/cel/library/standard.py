"""The functions of the language itself: conversions, `size`, texts, timestamps and durations (cel-go `common/stdlib`)."""

from typing import Final

from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.library import containers, conversions, costs, texts, timestamps
from lockgate.engine.cel.library.declaring import (
    LIST_OF_A,
    MAP_OF_AB,
    A,
    Compute,
    call,
    function,
    method,
    total_call,
    total_method,
)
from lockgate.engine.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    Type,
    type_of,
)

_SIZED: Final[tuple[tuple[str, AnyType], ...]] = (
    ("bytes", BYTES),
    ("list", LIST_OF_A),
    ("map", MAP_OF_AB),
    ("string", STRING),
)

# The conversions to each type: overload, operand's type, body.
_CONVERSIONS: Final[tuple[tuple[str, Type, tuple[tuple[str, Type, Compute], ...]], ...]] = (
    (
        "bool",
        BOOL,
        (("bool_to_bool", BOOL, conversions.same), ("string_to_bool", STRING, conversions.string_to_bool)),
    ),
    (
        "bytes",
        BYTES,
        (
            ("bytes_to_bytes", BYTES, conversions.same),
            ("string_to_bytes", STRING, conversions.string_to_bytes),
        ),
    ),
    (
        "double",
        DOUBLE,
        (
            ("double_to_double", DOUBLE, conversions.same),
            ("int64_to_double", INT, conversions.integer_to_double),
            ("string_to_double", STRING, conversions.string_to_double),
            ("uint64_to_double", UINT, conversions.integer_to_double),
        ),
    ),
    (
        "duration",
        DURATION,
        (
            ("duration_to_duration", DURATION, conversions.same),
            ("int64_to_duration", INT, conversions.int_to_duration),
            ("string_to_duration", STRING, conversions.string_to_duration),
        ),
    ),
    (
        "int",
        INT,
        (
            ("int64_to_int64", INT, conversions.same),
            ("double_to_int64", DOUBLE, conversions.double_to_int),
            ("duration_to_int64", DURATION, conversions.duration_to_int),
            ("string_to_int64", STRING, conversions.string_to_int),
            ("timestamp_to_int64", TIMESTAMP, conversions.timestamp_to_int),
            ("uint64_to_int64", UINT, conversions.uint_to_int),
        ),
    ),
    (
        "string",
        STRING,
        (
            ("string_to_string", STRING, conversions.same),
            ("bool_to_string", BOOL, conversions.bool_to_string),
            ("bytes_to_string", BYTES, conversions.bytes_to_string),
            ("double_to_string", DOUBLE, conversions.double_to_string),
            ("duration_to_string", DURATION, conversions.duration_to_string),
            ("int64_to_string", INT, conversions.integer_to_string),
            ("timestamp_to_string", TIMESTAMP, conversions.timestamp_to_string),
            ("uint64_to_string", UINT, conversions.integer_to_string),
        ),
    ),
    (
        "timestamp",
        TIMESTAMP,
        (
            ("timestamp_to_timestamp", TIMESTAMP, conversions.same),
            ("int64_to_timestamp", INT, conversions.int_to_timestamp),
            ("string_to_timestamp", STRING, conversions.string_to_timestamp),
        ),
    ),
    (
        "uint",
        UINT,
        (
            ("uint64_to_uint64", UINT, conversions.same),
            ("double_to_uint64", DOUBLE, conversions.double_to_uint),
            ("int64_to_uint64", INT, conversions.int_to_uint),
            ("string_to_uint64", STRING, conversions.string_to_uint),
        ),
    ),
)

# What a timestamp shows: function, overload, that with a time zone, body, and overload and body for a duration.
_GETTERS: Final[tuple[tuple[str, str, str, Compute, tuple[str, Compute] | None], ...]] = (
    ("getFullYear", "timestamp_to_year", "timestamp_to_year_with_tz", timestamps.full_year, None),
    ("getMonth", "timestamp_to_month", "timestamp_to_month_with_tz", timestamps.month, None),
    (
        "getDayOfYear",
        "timestamp_to_day_of_year",
        "timestamp_to_day_of_year_with_tz",
        timestamps.day_of_year,
        None,
    ),
    (
        "getDayOfMonth",
        "timestamp_to_day_of_month",
        "timestamp_to_day_of_month_with_tz",
        timestamps.day_of_month,
        None,
    ),
    (
        "getDate",
        "timestamp_to_day_of_month_1_based",
        "timestamp_to_day_of_month_1_based_with_tz",
        timestamps.day_of_month_from_one,
        None,
    ),
    (
        "getDayOfWeek",
        "timestamp_to_day_of_week",
        "timestamp_to_day_of_week_with_tz",
        timestamps.day_of_week,
        None,
    ),
    (
        "getHours",
        "timestamp_to_hours",
        "timestamp_to_hours_with_tz",
        timestamps.hours,
        ("duration_to_hours", timestamps.duration_hours),
    ),
    (
        "getMinutes",
        "timestamp_to_minutes",
        "timestamp_to_minutes_with_tz",
        timestamps.minutes,
        ("duration_to_minutes", timestamps.duration_minutes),
    ),
    (
        "getSeconds",
        "timestamp_to_seconds",
        "timestamp_to_seconds_tz",
        timestamps.seconds,
        ("duration_to_seconds", timestamps.duration_seconds),
    ),
    (
        "getMilliseconds",
        "timestamp_to_milliseconds",
        "timestamp_to_milliseconds_with_tz",
        timestamps.milliseconds,
        ("duration_to_milliseconds", timestamps.duration_milliseconds),
    ),
)


def _conversion(name: str, result: Type, overloads: tuple[tuple[str, Type, Compute], ...]) -> Function:
    return function(
        name,
        *[
            call(label, (operand,), result, compute, costs.of_first if label in _WALKS else None)
            for label, operand, compute in overloads
        ],
    )


# Conversions that look at each character.
_WALKS: Final = ("string_to_bytes", "bytes_to_string")


def _getter(
    name: str, plain: str, zoned: str, compute: Compute, of_duration: tuple[str, Compute] | None
) -> Function:
    overloads: list[Overload] = [
        method(plain, (TIMESTAMP,), INT, compute),
        method(zoned, (TIMESTAMP, STRING), INT, compute),
    ]
    if of_duration:
        overloads.append(method(of_duration[0], (DURATION,), INT, of_duration[1]))
    return function(name, *overloads)


FUNCTIONS: Final[tuple[Function, ...]] = (
    function(
        "size",
        *[
            one
            for name, kind in _SIZED
            for one in (
                total_call(f"size_{name}", (kind,), INT, containers.size),
                total_method(f"{name}_size", (kind,), INT, containers.size),
            )
        ],
    ),
    function("type", total_call("type", (A,), type_of(A), conversions.type_of_value)),
    function("dyn", total_call("to_dyn", (A,), DYN, conversions.same)),
    *[_conversion(*one) for one in _CONVERSIONS],
    function(
        "contains", total_method("contains_string", (STRING, STRING), BOOL, texts.contains, costs.of_product)
    ),
    function(
        "endsWith", total_method("ends_with_string", (STRING, STRING), BOOL, texts.ends_with, costs.of_first)
    ),
    function(
        "startsWith",
        total_method("starts_with_string", (STRING, STRING), BOOL, texts.starts_with, costs.of_first),
    ),
    function(
        "matches",
        total_call("matches", (STRING, STRING), BOOL, texts.matches, costs.of_matching),
        total_method("matches_string", (STRING, STRING), BOOL, texts.matches, costs.of_matching),
    ),
    *[_getter(*one) for one in _GETTERS],
)
