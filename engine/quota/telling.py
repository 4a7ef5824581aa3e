"""What people are told of a ceiling: by the admission server, in CI and by `lockgate quota` in the same words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.outcome import Shortage
from lockgate.engine.record import record

# Holders that a message names; `lockgate quota show` has all.
MOST_HOLDERS: Final = 5
_SECONDS: Final = "gpu-seconds/"
_HOUR_S: Final = 3_600
_FAMILIES: Final = {
    "devices/": "devices of class {}",
    "drivers/": "devices of driver {}",
    "products/": "devices that are {}",
    "resources/": "{}",
    _SECONDS: "GPU-hours of class {}",
}
# A name in a message; those of objects may be longer.
_LONGEST: Final = 80


@record
class HeldBy:
    """An object that holds something, as it is told: `Pod ml/train`, and how much."""

    shown: str
    amount: int


def tell_shortage(shortage: Shortage, holders: Sequence[HeldBy], *, is_soft: bool = False) -> str:
    """Why a request is refused, or warned of: quota, ceiling, what is used, reserved and asked for, and the largest holders."""
    key = shortage.key
    taken = shortage.used + shortage.reserved + shortage.spent
    parts = [f"used {tell_amount(key, shortage.used)}", f"reserved {tell_amount(key, shortage.reserved)}"]
    if key.window:
        parts.append(f"spent {tell_amount(key, shortage.spent)}")
    parts.append(f"asked {tell_amount(key, shortage.asked)}")
    told = (
        f"quota {_cut(key.scope)} {'warns of' if is_soft else 'does not allow'} it: {tell_dimension(key)}: "
        f"{'soft limit' if is_soft else 'limit'} {tell_amount(key, shortage.limit)}, {', '.join(parts)}; "
        f"{tell_amount(key, max(shortage.limit - taken, 0))} left"
    )
    largest = tell_holders(key, holders)
    return f"{told}; held by {largest}" if largest else told


def tell_dimension(key: QuotaKey) -> str:
    """What is counted, in words."""
    if key.dimension == "objects/claims":
        return "ResourceClaims"
    for family, words in _FAMILIES.items():
        if key.dimension.startswith(family):
            return words.format(_cut(key.dimension.removeprefix(family)))
    return _cut(key.dimension)


def tell_window(key: QuotaKey) -> str:
    """Since when the window of a key is, to be put behind its dimension; "" without one."""
    if not key.window:
        return ""
    return datetime.fromtimestamp(key.window, UTC).strftime(" from %Y-%m-%d %H:%M")


def tell_amount(key: QuotaKey, amount: int) -> str:
    """An amount; seconds are told as hours."""
    if not key.dimension.startswith(_SECONDS):
        return str(amount)
    hours, seconds = divmod(amount, _HOUR_S)
    if 0 < amount < _HOUR_S // 100:
        return f"{amount} s"
    # Two digits, cut off: integers, since these are larger than floating point is exact.
    rest = seconds * 100 // _HOUR_S
    return f"{hours}.{rest:02d}".rstrip("0") + " h" if rest else f"{hours} h"


def tell_holders(key: QuotaKey, holders: Sequence[HeldBy]) -> str:
    """The largest holders, and how many more there are; "" where there is none."""
    ordered = sorted(holders, key=lambda one: (-one.amount, one.shown))
    told = [f"{_cut(one.shown)} ({tell_amount(key, one.amount)})" for one in ordered[:MOST_HOLDERS]]
    more = len(ordered) - MOST_HOLDERS
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
