"""Laws of which types fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.cel.admission import ADMISSION_REQUEST
from lockgate.engine.cel.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    ERROR,
    INT,
    IP,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    AnyType,
    TypeVariable,
    list_of,
    map_of,
    optional_of,
    type_of,
)
from lockgate.engine.cel.unify import (
    MAX_TYPE_DEPTH,
    Substitution,
    TypeSizeError,
    is_equivalent,
    most_general,
    render_type,
)

PLAIN = (BOOL, BYTES, DOUBLE, DURATION, INT, IP, NULL, STRING, TIMESTAMP, UINT, ADMISSION_REQUEST)


def _larger(types: st.SearchStrategy[AnyType]) -> st.SearchStrategy[AnyType]:
    return st.one_of(
        types.map(list_of), types.map(optional_of), types.map(type_of), st.builds(map_of, types, types)
    )


CLOSED: st.SearchStrategy[AnyType] = st.recursive(st.sampled_from([*PLAIN, DYN, ANY]), _larger, max_leaves=6)
OPEN: st.SearchStrategy[AnyType] = st.recursive(
    st.sampled_from([*PLAIN, DYN, *[TypeVariable(name) for name in "ABC"]]), _larger, max_leaves=6
)

# Given, wanted, and whether it fits.
FITS = [
    (INT, INT, True),
    (INT, UINT, False),
    (INT, DOUBLE, False),
    (INT, DYN, True),
    (DYN, INT, True),
    (ANY, INT, True),
    (ERROR, INT, True),
    (NULL, NULL, True),
    (NULL, INT, False),
    (NULL, list_of(INT), False),
    (NULL, type_of(INT), False),
    (NULL, ADMISSION_REQUEST, True),
    (DURATION, NULL, True),
    (IP, NULL, True),
    (list_of(INT), list_of(DYN), True),
    (list_of(INT), list_of(STRING), False),
    (list_of(INT), map_of(INT, INT), False),
    (type_of(INT), type_of(STRING), True),
    (optional_of(INT), optional_of(STRING), False),
    (ADMISSION_REQUEST, ADMISSION_REQUEST, True),
    (ADMISSION_REQUEST, IP, False),
]


@pytest.mark.parametrize(("given_type", "wanted", "fits"), FITS)
def test_fits(given_type: AnyType, wanted: AnyType, fits: bool) -> None:
    assert Substitution().fits(given_type, wanted) is fits


@given(CLOSED)
def test_a_type_fits_itself_and_its_variable(one: AnyType) -> None:
    assert Substitution().fits(one, one)
    substitution = Substitution()
    variable = substitution.fresh()
    assert substitution.fits(list_of(one), list_of(variable))
    assert substitution.resolved(variable) == one


@given(CLOSED, CLOSED)
def test_fitting_has_no_direction(left: AnyType, right: AnyType) -> None:
    assert Substitution().fits(left, right) == Substitution().fits(right, left)


@given(CLOSED, CLOSED)
def test_the_most_general_is_one_of_both_and_fits(left: AnyType, right: AnyType) -> None:
    if Substitution().fits(left, right):
        general = most_general(left, right)
        assert general in (left, right)
        assert Substitution().fits(left, general)
        assert Substitution().fits(right, general)


@given(st.lists(OPEN, max_size=3), st.lists(OPEN, max_size=3), OPEN)
def test_a_failed_attempt_leaves_nothing(first: list[AnyType], second: list[AnyType], asked: AnyType) -> None:
    substitution = Substitution()
    substitution.all_fit(first, first[::-1])
    before = substitution.resolved(asked)
    if not substitution.all_fit(first, second):
        assert substitution.resolved(asked) == before


@given(OPEN, OPEN)
def test_nothing_stands_for_what_has_it_inside(left: AnyType, right: AnyType) -> None:
    substitution = Substitution()
    substitution.fits(left, right)
    # Ends, and says the same when it is asked again.
    closed = substitution.closed(left)
    assert substitution.closed(closed) == closed


@given(CLOSED)
def test_equivalence(one: AnyType) -> None:
    assert is_equivalent(one, one)
    assert not is_equivalent(one, list_of(one))


def test_variables_of_an_overload_are_new_each_time() -> None:
    substitution = Substitution()
    variable = TypeVariable("T")
    first = substitution.instantiated([variable, list_of(variable)])
    second = substitution.instantiated([variable])
    assert first[1] == list_of(first[0])
    assert first[0] != second[0]


def test_a_type_with_too_many_parts() -> None:
    one: AnyType = INT
    for _ in range(40):
        one = map_of(one, one)
    with pytest.raises(TypeSizeError):
        Substitution().resolved(one)
    deep: AnyType = INT
    for _ in range(MAX_TYPE_DEPTH):
        deep = list_of(deep)
    assert Substitution().resolved(deep) == deep
    with pytest.raises(TypeSizeError):
        Substitution().resolved(list_of(deep))


def test_types_are_shown_in_the_words_of_cel_go() -> None:
    shown = map_of(STRING, optional_of(list_of(TIMESTAMP)))
    assert render_type(shown) == "map(string, optional_type(list(timestamp)))"
    assert [render_type(one) for one in (NULL, DURATION, ERROR, DYN, ADMISSION_REQUEST)] == [
        "null",
        "duration",
        "!error!",
        "dyn",
        "kubernetes.AdmissionRequest",
    ]
