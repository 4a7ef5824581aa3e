"""The operators' overloads, by cel-go's names (`common/operators`, `common/overloads`)."""

from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import arithmetic, containers, costs, equality, ordering
from lockgate.engine.cel.library.declaring import LIST_OF_A, MAP_OF_AB, A, B, Compute, function, total_call
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
    Type,
    optional_of,
)
from lockgate.engine.cel.values import Value

# Kinds by the names that overloads have in them.
_NUMBERS: Final = {"int64": INT, "uint64": UINT, "double": DOUBLE}
# What can be compared, in cel-go's order, which shows: a value of an open type takes the first overload's.
_ORDERED: Final = (
    ("bool", BOOL, BOOL),
    ("int64", INT, INT),
    ("int64_double", INT, DOUBLE),
    ("int64_uint64", INT, UINT),
    ("uint64", UINT, UINT),
    ("uint64_double", UINT, DOUBLE),
    ("uint64_int64", UINT, INT),
    ("double", DOUBLE, DOUBLE),
    ("double_int64", DOUBLE, INT),
    ("double_uint64", DOUBLE, UINT),
    ("string", STRING, STRING),
    ("bytes", BYTES, BYTES),
    ("timestamp", TIMESTAMP, TIMESTAMP),
    ("duration", DURATION, DURATION),
)


def computed_in_place(*_: Value) -> Value:
    """The body of an operator that does not evaluate all of its operands; the compiler writes it out."""
    raise CelError("no such overload")


def _ordering(name: str, label: str, compute: Compute) -> Function:
    """A comparison: numbers of any two kinds, and values of one kind."""
    return function(
        name,
        *[
            total_call(
                f"{label}_{kinds}",
                (left, right),
                BOOL,
                compute,
                costs.of_shorter if left in (STRING, BYTES) else None,
            )
            for kinds, left, right in _ORDERED
        ],
    )


def _arithmetic(name: str, label: str, compute: Compute, kinds: tuple[str, ...]) -> Function:
    """An operator on two numbers of one kind."""
    return function(
        name,
        *[
            total_call(f"{label}_{kind}", (_NUMBERS[kind], _NUMBERS[kind]), _NUMBERS[kind], compute)
            for kind in kinds
        ],
    )


def _sums(name: str, label: str, compute: Compute, of: tuple[tuple[str, Type, Type, Type], ...]) -> Function:
    """An operator by its kinds, operands and results, in cel-go's order."""
    return function(
        name,
        *[
            total_call(
                f"{label}_{kinds}",
                (left, right),
                result,
                compute,
                costs.of_both if result in (STRING, BYTES) else None,
            )
            for kinds, left, right, result in of
        ],
    )


_OPTIONAL_A: Final = optional_of(A)
_OPTIONAL_B: Final = optional_of(B)

FUNCTIONS: Final[tuple[Function, ...]] = (
    function("_?_:_", total_call("conditional", (BOOL, A, A), A, computed_in_place, costs.of_nothing)),
    function("_&&_", total_call("logical_and", (BOOL, BOOL), BOOL, computed_in_place, costs.of_nothing)),
    function("_||_", total_call("logical_or", (BOOL, BOOL), BOOL, computed_in_place, costs.of_nothing)),
    function("!_", total_call("logical_not", (BOOL,), BOOL, arithmetic.logical_not)),
    function("_==_", total_call("equals", (A, A), BOOL, equality.equal, costs.of_shorter)),
    function("_!=_", total_call("not_equals", (A, A), BOOL, equality.not_equal, costs.of_shorter)),
    _sums(
        "_+_",
        "add",
        arithmetic.add,
        (
            ("bytes", BYTES, BYTES, BYTES),
            ("double", DOUBLE, DOUBLE, DOUBLE),
            ("duration_duration", DURATION, DURATION, DURATION),
            ("duration_timestamp", DURATION, TIMESTAMP, TIMESTAMP),
            ("timestamp_duration", TIMESTAMP, DURATION, TIMESTAMP),
            ("int64", INT, INT, INT),
            ("list", LIST_OF_A, LIST_OF_A, LIST_OF_A),
            ("string", STRING, STRING, STRING),
            ("uint64", UINT, UINT, UINT),
        ),
    ),
    _sums(
        "_-_",
        "subtract",
        arithmetic.subtract,
        (
            ("double", DOUBLE, DOUBLE, DOUBLE),
            ("duration_duration", DURATION, DURATION, DURATION),
            ("int64", INT, INT, INT),
            ("timestamp_duration", TIMESTAMP, DURATION, TIMESTAMP),
            ("timestamp_timestamp", TIMESTAMP, TIMESTAMP, DURATION),
            ("uint64", UINT, UINT, UINT),
        ),
    ),
    _arithmetic("_*_", "multiply", arithmetic.multiply, ("double", "int64", "uint64")),
    _arithmetic("_/_", "divide", arithmetic.divide, ("double", "int64", "uint64")),
    _arithmetic("_%_", "modulo", arithmetic.modulo, ("int64", "uint64")),
    function(
        "-_",
        total_call("negate_double", (DOUBLE,), DOUBLE, arithmetic.negate),
        total_call("negate_int64", (INT,), INT, arithmetic.negate),
    ),
    _ordering("_<_", "less", ordering.less),
    _ordering("_<=_", "less_equals", ordering.less_equals),
    _ordering("_>_", "greater", ordering.greater),
    _ordering("_>=_", "greater_equals", ordering.greater_equals),
    function(
        "_[_]",
        total_call("index_list", (LIST_OF_A, INT), A, containers.index),
        total_call("index_map", (MAP_OF_AB, A), B, containers.index),
        total_call("optional_list_index_int", (optional_of(LIST_OF_A), INT), _OPTIONAL_A, containers.index),
        total_call("optional_map_index_value", (optional_of(MAP_OF_AB), A), _OPTIONAL_B, containers.index),
    ),
    function(
        "_[?_]",
        total_call("list_optindex_optional_int", (LIST_OF_A, INT), _OPTIONAL_A, containers.optional_index),
        total_call(
            "optional_list_optindex_optional_int",
            (optional_of(LIST_OF_A), INT),
            _OPTIONAL_A,
            containers.optional_index,
        ),
        total_call("map_optindex_optional_value", (MAP_OF_AB, A), _OPTIONAL_B, containers.optional_index),
        total_call(
            "optional_map_optindex_optional_value",
            (optional_of(MAP_OF_AB), A),
            _OPTIONAL_B,
            containers.optional_index,
        ),
    ),
    function(
        "_?._", total_call("select_optional_field", (DYN, STRING), _OPTIONAL_A, containers.optional_index)
    ),
    function(
        "@in",
        total_call("in_list", (A, LIST_OF_A), BOOL, equality.contained, costs.of_second_size),
        total_call("in_map", (A, MAP_OF_AB), BOOL, equality.contained),
    ),
)
