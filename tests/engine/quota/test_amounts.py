"""Bounds of what is charged and limited: nothing negative, huge or odd reaches a database."""

from typing import Any

import pytest
from lockgate.engine.quota.amounts import (
    MAX_AMOUNT,
    MAX_CHARGES,
    Charge,
    Limit,
    QuotaKey,
    check_limit,
    sum_charges,
)
from lockgate.engine.quota.errors import AmountError
from lockgate.engine.quota.reservation import (
    UNKNOWN_VERSION,
    Asked,
    ObjectKey,
    Reference,
    ReservationKey,
    checked_asked,
    parse_version,
)
from lockgate.engine.quota.windows import TimedCharge

KEY = QuotaKey("prod", "gpus/team-a", "devices/gpu.nvidia.com")
OTHER = QuotaKey("prod", "gpus/team-a", "objects/claims")

HUGE = pytest.param(1 << 5000, id="huge")
ODD: list[Any] = [-1, MAX_AMOUNT + 1, 2**63, 2**64, HUGE, True, 1.5, "1", None]


def asked(*charges: Charge, timed: tuple[TimedCharge, ...] = (), **changes: Any) -> Asked:
    values: dict[str, Any] = {
        "key": ReservationKey(ObjectKey("prod", "u1"), "r1"),
        "operation": "CREATE",
        "reference": Reference("resourceclaims.resource.k8s.io", "team-a", "c1"),
        "requester": "ann",
        "limits": (Limit(KEY, 40),),
    }
    return Asked(charges=charges, timed=timed, **(values | changes))


@pytest.mark.parametrize("amount", ODD)
def test_amounts_that_are_none(amount: Any) -> None:
    with pytest.raises(AmountError, match="cannot be charged"):
        sum_charges([Charge(KEY, amount)])


@pytest.mark.parametrize("ceiling", [-1, *ODD[2:-1]])
def test_limits_that_are_none(ceiling: Any) -> None:
    for limit in (Limit(KEY, ceiling), Limit(KEY, 40, ceiling)):
        with pytest.raises(AmountError, match="cannot be limited to"):
            check_limit(limit)


def test_charges_of_a_key_are_summed_and_zeros_dropped() -> None:
    found = sum_charges([Charge(OTHER, 1), Charge(KEY, 2), Charge(KEY, 3), Charge(KEY, 0)])
    assert found == (Charge(KEY, 5), Charge(OTHER, 1))
    assert sum_charges([Charge(KEY, 0)]) == ()


def test_a_sum_is_bounded_too() -> None:
    with pytest.raises(AmountError, match="cannot be charged"):
        sum_charges([Charge(KEY, MAX_AMOUNT), Charge(KEY, 1)])


def test_the_number_of_keys_is_bounded() -> None:
    many = [Charge(QuotaKey("prod", "s", f"devices/{number}"), 1) for number in range(MAX_CHARGES + 1)]
    with pytest.raises(AmountError, match="more than 2048 keys"):
        sum_charges(many)


@pytest.mark.parametrize("name", ["", "a\x00b", "a\nb", "x" * 513, "\ud800"])
def test_names_that_are_none(name: str) -> None:
    for key in (QuotaKey(name, "s", "d"), QuotaKey("c", name, "d"), QuotaKey("c", "s", name)):
        with pytest.raises(AmountError, match="printable"):
            sum_charges([Charge(key, 1)])
    odd: list[dict[str, Any]] = [
        {"requester": name},
        {"key": ReservationKey(ObjectKey("prod", name), "r1")},
        {"key": ReservationKey(ObjectKey("prod", "u1"), name)},
    ]
    for changes in odd:
        with pytest.raises(AmountError, match="printable"):
            checked_asked(asked(Charge(KEY, 1), **changes))


@pytest.mark.parametrize("window", [-1, 2**63, 1.0, True])
def test_windows_that_are_none(window: Any) -> None:
    with pytest.raises(AmountError, match="starts at no second"):
        sum_charges([Charge(QuotaKey("c", "s", "d", window), 1)])


def test_what_another_cluster_has_is_not_charged_here() -> None:
    with pytest.raises(AmountError, match="the object u1 of prod is charged to test"):
        checked_asked(asked(Charge(QuotaKey("test", "s", "d"), 1)))


def test_a_key_is_counted_over_time_or_not() -> None:
    over_time = TimedCharge(KEY, 1, "day", 60)
    with pytest.raises(AmountError, match="is counted over time"):
        checked_asked(asked(Charge(KEY, 1), timed=(over_time,)))
    with pytest.raises(AmountError, match="is counted over time"):
        checked_asked(asked(Charge(QuotaKey("prod", "s", "d", 86_400), 1)))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("0", 0),
        ("4711", 4711),
        ("999999999999999999", 999_999_999_999_999_999),
        *[(odd, UNKNOWN_VERSION) for odd in ("", "-1", "1a", "\u0661", "9" * 19, None, 7)],
    ],
)
def test_versions(text: object, version: int) -> None:
    assert parse_version(text) == version
