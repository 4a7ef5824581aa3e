"""Values of CEL: what a document's numbers are read as, and what keeps apart."""

from math import inf

import pytest
from lockgate.engine.cel.values import MAX_INT, MIN_INT, Map, Timestamp, Uint, Value, native
from lockgate.engine.codegen.values import Number

READ: list[tuple[object, Value]] = [
    ("1", "1"),
    (None, None),
    (True, True),
    (MAX_INT, MAX_INT),
    (MIN_INT, MIN_INT),
    (MAX_INT + 1, 9.223372036854775807e18),
    (MIN_INT - 1, -9.223372036854775809e18),
    (10**400, inf),
    (-(10**400), -inf),
    (Number("1.0"), 1.0),
    (Number("1e400"), inf),
]


@pytest.mark.parametrize(("written", "read"), READ)
def test_a_document_s_value_is_read_as_kubernetes_decodes_json(written: object, read: Value) -> None:
    found = native(written)
    assert type(found) is type(read)
    assert found == read


def test_a_map_tells_true_from_one_and_finds_a_number_of_any_kind() -> None:
    entries = Map([(1, "one"), (True, "yes")]).entries
    assert [len(entries), entries[(False, Uint(1))][1], entries[(False, 1.0)][1]] == [2, "one", "one"]
    assert entries[(True, True)][1] == "yes"


def test_moments_are_equal_wherever_they_were_written() -> None:
    assert Timestamp(5, 3_600) == Timestamp(5)
    assert hash(Timestamp(5, 3_600)) == hash(Timestamp(5))
