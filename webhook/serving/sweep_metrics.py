"""The metrics of a sweep, in Prometheus' text format: one table, and what it says after a pass.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lockgate.engine.record import record
from lockgate.webhook.serving.metric_families import MAX_LABEL, MAX_SERIES, Family
from lockgate.webhook.serving.sweep_totals import ConstraintTotal

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

VIOLATIONS: Final = Family(
    "lockgate_sweep_violations",
    "gauge",
    "Violations by live objects, by the template's kind, the constraint's name and its actions.",
    ("kind", "constraint", "action"),
)
EXEMPTED: Final = Family(
    "lockgate_sweep_exempted_violations",
    "gauge",
    "Violations by live objects that are exempt.",
    ("kind", "constraint"),
)
UNJUDGED: Final = Family(
    "lockgate_sweep_unjudged_objects",
    "gauge",
    "Live objects that a constraint failed on, or that it could not judge since something is not known.",
    ("kind", "constraint", "reason"),
)
OBJECTS: Final = Family("lockgate_sweep_objects", "gauge", "Objects that the last pass looked at.")
JUDGED: Final = Family("lockgate_sweep_judged_total", "counter", "Objects judged, by all policies or some.")
CHANGES: Final = Family("lockgate_sweep_changes_total", "counter", "Changes of verdicts that were told.")
UNTOLD: Final = Family(
    "lockgate_sweep_untold_changes", "gauge", "Changes of verdicts that could not be recorded yet."
)
FAILED: Final = Family("lockgate_sweep_failed_kinds", "gauge", "Kinds that could not be looked at in full.")
UNWRITTEN: Final = Family(
    "lockgate_sweep_unwritten_results", "gauge", "Statuses and reports that could not be written."
)
SECONDS: Final = Family("lockgate_sweep_pass_seconds", "gauge", "How long the last pass took.")
LAST: Final = Family(
    "lockgate_sweep_last_pass_timestamp_seconds",
    "gauge",
    "When the last pass ended; 0 before the first, and where another replica leads.",
)
LEADER: Final = Family("lockgate_sweep_leader", "gauge", "1 where this replica sweeps.")

FAMILIES: Final = (
    VIOLATIONS,
    EXEMPTED,
    UNJUDGED,
    OBJECTS,
    JUDGED,
    CHANGES,
    UNTOLD,
    FAILED,
    UNWRITTEN,
    SECONDS,
    LAST,
    LEADER,
)

# A family, the values of its labels, and the value.
Sample = tuple[Family, tuple[str, ...], float]


@record
class SweepNumbers:
    """What a sweep has come to; judged and changed since it began. last_pass_s: Unix time."""

    objects: int = 0
    judged: int = 0
    changed: int = 0
    untold: int = 0
    failed_kinds: int = 0
    unwritten: int = 0
    seconds: float = 0.0
    last_pass_s: float = 0.0
    is_leader: bool = False


def sweep_samples(numbers: SweepNumbers, totals: Sequence[ConstraintTotal]) -> tuple[Sample, ...]:
    """The samples, family by family, of each MAX_SERIES at most."""
    single: dict[Family, float] = {
        OBJECTS: numbers.objects,
        JUDGED: numbers.judged,
        CHANGES: numbers.changed,
        UNTOLD: numbers.untold,
        FAILED: numbers.failed_kinds,
        UNWRITTEN: numbers.unwritten,
        SECONDS: numbers.seconds,
        LAST: numbers.last_pass_s,
        LEADER: int(numbers.is_leader),
    }
    samples: Mapping[Family, Iterable[tuple[tuple[str, ...], float]]] = {
        VIOLATIONS: [
            ((one.policy.kind, one.policy.name, ",".join(one.actions)), one.violations) for one in totals
        ],
        EXEMPTED: [((one.policy.kind, one.policy.name), one.exempted) for one in totals],
        UNJUDGED: [
            ((one.policy.kind, one.policy.name, reason), count)
            for one in totals
            for reason, count in (("failed", one.failed), ("unknown", one.unknown))
        ],
        **{family: [((), value)] for family, value in single.items()},
    }
    return tuple(
        [
            (family, tuple([label[:MAX_LABEL] for label in labels]), value)
            for family in FAMILIES
            for labels, value in [*samples[family]][:MAX_SERIES]
        ]
    )


def render_sweep_metrics(numbers: SweepNumbers, totals: Sequence[ConstraintTotal]) -> str:
    """All families, those without a sample too."""
    by_family: dict[Family, list[str]] = {family: [] for family in FAMILIES}
    for family, labels, value in sweep_samples(numbers, totals):
        by_family[family].append(f"{family.name}{_labels(family.labels, labels)} {value:.17g}")
    lines: list[str] = []
    for family, samples in by_family.items():
        lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}", *samples]
    return "\n".join(lines) + "\n"


def _labels(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    shown = [f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)]
    return "{" + ",".join(shown) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
