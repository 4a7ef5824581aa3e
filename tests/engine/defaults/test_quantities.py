"""Quantities as the API server prints them; that they are is checked beside it in `make e2e`."""

import pytest
from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.defaults.quantities import complete_list, quantity

QUANTITIES: list[tuple[Value, str]] = [
    ("1", "1"),
    (2, "2"),
    (0, "0"),
    (Number("0.5"), "500m"),
    ("0.5", "500m"),
    (".5", "500m"),
    ("5.", "5."),
    ("1.500", "1.500"),
    ("0.10", "100m"),
    ("12Gi", "12Gi"),
    ("1000000", "1M"),
    ("1000m", "1"),
    ("1500m", "1500m"),
    ("1000", "1k"),
    ("1500", "1500"),
    ("1024", "1024"),
    ("1024Mi", "1Gi"),
    ("1.5Gi", "1536Mi"),
    ("512Mi", "512Mi"),
    ("0.5Ki", "512"),
    ("1e3", "1e3"),
    ("1E3", "1E3"),
    ("1000E3", "1e6"),
    ("2e-3", "2e-3"),
    ("1e1", "10"),
    ("100G", "100G"),
    ("1000Gi", "1000Gi"),
    ("+1", "+1"),
    ("0Gi", "0"),
    ("0.00000000001", "1n"),
    ("1Ei", "1Ei"),
    ("8Ei", "9223372036854775807"),
]


@pytest.mark.parametrize(("written", "shown"), QUANTITIES)
def test_shown(written: Value, shown: str) -> None:
    assert quantity(written) == shown


@pytest.mark.parametrize(
    "value", ["", "Mi", "1 Mi", "1Kb", "one", "1e999", "1" * 41, 2**70, True, None, [], {}, "${CPU}", "."]
)
def test_what_is_no_quantity_stays(value: Value) -> None:
    assert quantity(value) is value


def test_negative_ones() -> None:
    assert quantity("-1000m") == "-1"


def test_a_list_is_rounded_up_to_thousandths() -> None:
    amounts: Value = {"cpu": "0.0001", "memory": "1Gi"}
    assert complete_list(amounts) == {"cpu": "1m", "memory": "1Gi"}
    assert amounts == {"cpu": "0.0001", "memory": "1Gi"}
    same: Value = {"cpu": "1", "memory": "1Gi"}
    assert complete_list(same) is same
