"""The metrics of promotions that a server reads from a trail."""

from typing import Final

from lockgate.webhook.serving.metric_families import Family
from lockgate.webhook.serving.quota_metrics import Sample

ENTRIES: Final = Family(
    "lockgate_promotions_entries",
    "gauge",
    "Entries about promotions and their keys that were read from the trail of --promotions.",
)
AGE: Final = Family(
    "lockgate_promotions_read_age_seconds",
    "gauge",
    "Seconds since that trail was last read; without a value where it never was.",
)
TROUBLE: Final = Family(
    "lockgate_promotions_trouble",
    "gauge",
    "1 while that trail cannot be read, or does not prove what it says: what takes a promotion is refused.",
)
FAMILIES: Final = (ENTRIES, AGE, TROUBLE)


def promotion_samples(entries: int, age_s: float | None, *, is_troubled: bool) -> tuple[Sample, ...]:
    """The samples of a server that reads a trail."""
    age: tuple[Sample, ...] = () if age_s is None else ((AGE.name, (), age_s),)
    return ((ENTRIES.name, (), float(entries)), *age, (TROUBLE.name, (), float(is_troubled)))
