"""Numbers of a review: a table of Go's texts, and laws."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.codegen.values import Number, Value, equal, parse_json, render_json
from lockgate.gatekeeper.review_numbers import review_number, review_value


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("7", "7"),
        ("-999999", "-999999"),
        ("1000000", "1e+06"),
        ("1234567890", "1.23456789e+09"),
        ("9007199254740993", "9.007199254740992e+15"),
        ("12345678901234567890", "1.2345678901234567e+19"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("1e5", "100000"),
        ("0.1", "0.1"),
        ("0.0001", "0.0001"),
        ("0.00012", "0.00012"),
        ("0.00001", "1e-05"),
        ("1.5e300", "1.5e+300"),
        ("5e-324", "5e-324"),
        ("123456.75", "123456.75"),
        ("1234567.5", "1.2345675e+06"),
        ("1e22", "1e+22"),
    ],
)
def test_texts_of_go(given_text: str, shown: str) -> None:
    assert render_json(review_value(parse_json(given_text))) == shown


@given(st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_keeps_its_float_in_the_fewest_digits(number: float) -> None:
    shown = render_json(review_number(number if isinstance(number, int) else Number(repr(number))))
    assert float(shown) == float(number)
    assert _digits(shown) == _digits(repr(float(number)))
    power = Decimal(shown).adjusted()
    assert ("e" in shown) is (bool(float(number)) and not -4 <= power < 6)


def _digits(text: str) -> str:
    return text.lstrip("-").partition("e")[0].replace(".", "").strip("0")


VALUES: st.SearchStrategy[Value] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_values_stay_equal_and_are_never_changed(value: Value) -> None:
    before = render_json(value)
    found = review_value(value)
    assert equal(found, value) and render_json(value) == before
    assert render_json(review_value(found)) == render_json(found)
    if before == render_json(found):
        assert found is value
