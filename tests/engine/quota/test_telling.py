"""What is told of a shortage."""

from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.outcome import Shortage
from lockgate.engine.quota.telling import MOST_HOLDERS, HeldBy, tell_amount, tell_dimension, tell_shortage

KEY = QuotaKey("c", "gpus/fraud", "devices/gpu.example.com")
HOURS = QuotaKey("c", "gpus", "gpu-seconds/gpu.example.com", 1_000)


def test_everything_is_named() -> None:
    told = tell_shortage(
        Shortage(KEY, 8, 5, 1, 0, 3), [HeldBy("Pod ml/b", 1), HeldBy("ResourceClaim ml/a", 4)]
    )
    assert told == (
        "quota gpus/fraud does not allow it: devices of class gpu.example.com: limit 8, used 5, reserved 1, asked 3; "
        "2 left; held by ResourceClaim ml/a (4), Pod ml/b (1)"
    )


def test_soft_ones_warn() -> None:
    told = tell_shortage(Shortage(KEY, 4, 5, 0, 0, 1), [], is_soft=True)
    assert told == (
        "quota gpus/fraud warns of it: devices of class gpu.example.com: soft limit 4, used 5, reserved 0, asked 1; 0 left"
    )


def test_hours() -> None:
    told = tell_shortage(Shortage(HOURS, 360_000, 3_600, 0, 1_800, 36), [])
    assert told.endswith(
        "GPU-hours of class gpu.example.com: limit 100 h, used 1 h, reserved 0 h, spent 0.5 h, asked 0.01 h; 98.5 h left"
    )
    assert [tell_amount(HOURS, n) for n in (0, 35, 4_500, 2**60 + 1)] == [
        "0 h",
        "35 s",
        "1.25 h",
        "320255973501901.93 h",
    ]


def test_dimensions() -> None:
    told = [
        tell_dimension(QuotaKey("c", "s", one))
        for one in ("objects/claims", "drivers/d", "products/H100", "resources/a/b", "x")
    ]
    assert told == ["ResourceClaims", "devices of driver d", "devices that are H100", "a/b", "x"]


def test_few_holders_are_named_and_long_names_are_cut() -> None:
    holders = [HeldBy(f"Pod ml/{n}", n) for n in range(MOST_HOLDERS + 3)]
    assert tell_shortage(Shortage(KEY, 8, 8, 0, 0, 1), holders).endswith("Pod ml/3 (3) and 3 more")
    long = tell_shortage(
        Shortage(QuotaKey("c", "q" * 500, "devices/a"), 1, 1, 0, 0, 1), [HeldBy("x" * 600, 1)]
    )
    assert len(long) < 400
