"""Values of documents, and what CEL makes of them."""

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.documents import native_document
from lockgate.engine.cel.values import MAX_INT, MIN_INT
from lockgate.engine.codegen.values import Number, Value

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["0.5", "1e400", "10.0"]).map(Number),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Number("0.5"), 0.5),
        (MAX_INT, MAX_INT),
        (MIN_INT, MIN_INT),
        (MAX_INT + 1, 9.223372036854775808e18),
        (Number("1e400"), inf),
        ([1, Number("1.0")], [1, 1.0]),
        ({"a": [{"b": Number("2.5")}]}, {"a": [{"b": 2.5}]}),
    ],
)
def test_numbers(value: Value, expected: Any) -> None:
    found = native_document(value)
    assert found == expected
    assert type(found) is type(expected)


def _is_native(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_native, value.values()))
    if isinstance(value, list):
        return all(map(_is_native, value))
    return type(value) is not int or MIN_INT <= value <= MAX_INT


def _has_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_number, value.values()))
    return any(map(_has_number, value)) if isinstance(value, list) else type(value) is Number


@given(JSON)
def test_only_what_has_to_change_does(value: Value) -> None:
    before = repr(value)
    found = native_document(value)
    assert repr(value) == before
    assert _is_native(found)
    assert not _has_number(found)
    assert (found is value) is (_is_native(value) and not _has_number(value))
