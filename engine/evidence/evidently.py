"""Reports of Evidently (https://docs.evidentlyai.com): drift, by its scores. Since 0.7, and before.

`tests`, `drift_detected` and `dataset_drift` are the report's own verdicts and are not read. The share of drifted columns is a
count under the report's own thresholds; it is told with them and with each column's score, and is held against the scores.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from lockgate.engine.evidence.evidence import Evidence, moment, text_of
from lockgate.engine.foreign_documents import Part

_COUNT: Final = "evidently:metric_v2:DriftedColumnsCount"
_COLUMN: Final = "evidently:metric_v2:ValueDrift"
_MOST_METRICS: Final = 10_000
# A low p-value says drift, a large distance does; Evidently's names of methods say which they are.
_P_VALUE: Final = "p_value"
_DISTANCES: Final = ("distance", "psi", "divergence", "drift")
_EXACT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    method: str
    threshold: float | int | None
    score: float | int

    @property
    def measure(self) -> Literal["p-value", "distance", "unknown"]:
        """What the score is, by the method's name."""
        if _P_VALUE in self.method:
            return "p-value"
        return "distance" if any(one in self.method.lower() for one in _DISTANCES) else "unknown"

    @property
    def drifted(self) -> bool | None:
        """By its score and the report's threshold; None where these do not tell."""
        measure = self.measure
        if self.threshold is None or measure == "unknown":
            return None
        return self.score < self.threshold if measure == "p-value" else self.score >= self.threshold

    def as_json(self) -> dict[str, Any]:
        """As the facts have it."""
        return {
            "column": self.name,
            "method": self.method,
            "measure": self.measure,
            "score": self.score,
            "threshold": self.threshold,
        }


def is_evidently(whole: Part) -> bool:
    """Is it a report of Evidently, by its metrics?"""
    listed = whole.value.get("metrics")
    if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
        return False
    first = listed[0]
    return ("metric" in first and "result" in first) or ("value" in first and "config" in first)


def _number(part: Part | None) -> float | int | None:
    return None if part is None else _finite(part)


def _finite(part: Part) -> float | int:
    value = part.number()
    if not math.isfinite(value):
        part.refuse("is no finite number")
    return value


def _new(metric: Part, columns: list[_Column]) -> tuple[float | int | None, float | int | None]:
    """A metric since 0.7: the share and the count, where it is they."""
    kind = text_of(metric.at("config", "type"))
    value = metric.maybe("value")
    if value is None:
        return None, None
    if kind == _COUNT:
        return _finite(value.get("share")), _finite(value.get("count"))
    if kind == _COLUMN:
        config = metric.get("config")
        columns.append(
            _Column(
                config.get("column").text(),
                text_of(config.maybe("method")),
                _number(config.maybe("threshold")),
                _finite(value),
            )
        )
    return None, None


def _old_column(result: Part) -> _Column:
    return _Column(
        result.get("column_name").text(),
        text_of(result.maybe("stattest_name")),
        _number(result.maybe("stattest_threshold") or result.maybe("threshold")),
        _finite(result.get("drift_score")),
    )


def _old(metric: Part, columns: list[_Column]) -> tuple[float | int | None, float | int | None]:
    """A metric before 0.7."""
    name, result = metric.get("metric").text(), metric.maybe("result")
    if result is None:
        return None, None
    if name == "ColumnDriftMetric":
        columns.append(_old_column(result))
    elif name in ("DatasetDriftMetric", "DataDriftTable"):
        by_column = result.maybe("drift_by_columns")
        if by_column is not None:
            columns += [_old_column(by_column.get(column)) for column in sorted(by_column.mapping())]
        share = _number(result.maybe("share_of_drifted_columns"))
        count = _number(result.maybe("number_of_drifted_columns"))
        of = _number(result.maybe("number_of_columns"))
        if (
            share is not None
            and count is not None
            and of is not None
            and abs(share * of - count) > _EXACT * abs(of)
        ):
            result.refuse(f"tells {count:g} drifted columns of {of:g}, which is no share of {share:g}")
        return share, count
    return None, None


def _metrics(whole: Part) -> Iterator[Part]:
    yield from whole.get("metrics").items(_MOST_METRICS)


def read_evidently(whole: Part) -> Evidence:
    """The drift that a report tells. Raises InputError for a share that its own columns contradict."""
    columns: list[_Column] = []
    shares: list[float | int] = []
    counts: list[float | int] = []
    for metric in _metrics(whole):
        share, count = _old(metric, columns) if metric.maybe("metric") else _new(metric, columns)
        if share is not None:
            shares.append(share)
        if count is not None:
            counts.append(count)
    if any(not 0 <= share <= 1 for share in shares):
        whole.refuse("has a share of drifted columns that is none: it is between 0 and 1")
    unique = {one.name: one for one in columns}
    _check(whole, list(unique.values()), shares, counts)
    fields: dict[str, Any] = {"columns": [unique[name].as_json() for name in sorted(unique)]}
    if shares:
        # Of several, the worst.
        fields["share"] = max(shares)
    if counts:
        fields["count"] = max(counts)
    at = moment(whole.maybe("timestamp") or whole.at("metadata", "timestamp"))
    version = whole.maybe("version")
    producer = (
        f"evidently {version.text(40)}"
        if version is not None and isinstance(version.value, str)
        else "evidently"
    )
    return Evidence("drift", producer, at, (), fields)


def _check(whole: Part, columns: list[_Column], shares: list[float | int], counts: list[float | int]) -> None:
    """The scores have to give the worst share that is told, where every column of it is there, and no more drift than that in any case."""
    if not counts or len(shares) != len(counts):
        return
    share, count = max(zip(shares, counts, strict=True))
    verdicts = [one.drifted for one in columns]
    found = sum(1 for one in verdicts if one)
    total = count / share if share else 0
    # Where there are more columns than it has, it is about others.
    is_whole = None not in verdicts and abs(total - len(columns)) <= _EXACT * len(columns)
    if found > count or (is_whole and found != count) or bool(share) != bool(count):
        whole.refuse(f"tells {count:g} drifted columns, and its own scores make {found}")
