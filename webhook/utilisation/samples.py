"""Measurements of what containers use, from an answer of Prometheus' HTTP API or a table (CSV).

`query_range` answers `{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {label: text}, "values": [[seconds, "number"], …]}]}}`
(https://prometheus.io/docs/prometheus/latest/querying/api/#range-vectors). A table has a header with the same labels, and the columns `time` (seconds since
1970, or RFC 3339) and `value`.
"""

import csv
import io
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import Part, parse_foreign_json
from lockgate.engine.record import record

# A month of 300 containers at one sample in five minutes, as Prometheus spells them: 25 characters each.
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_SAMPLES: Final = 4_000_000
MAX_SERIES: Final = 200_000
# Names of Kubernetes have 253 characters at most.
_MAX_NAME: Final = 253
# The year 9999.
_LAST: Final = 253_402_300_799
# What a message quotes.
_SHOWN: Final = 80

Sample: TypeAlias = tuple[float, float]
"""When, in seconds since 1970, and how much."""


@record
class Labels:
    """Which labels, or columns, say of which container a measurement is."""

    namespace: str = "namespace"
    workload: str = "workload"
    container: str = "container"


@record
class Container:
    """Of what something was measured. workload: the name of the object whose pods have the container."""

    namespace: str
    workload: str
    name: str


def read_samples(data: bytes, what: str, labels: Labels) -> dict[Container, list[Sample]]:
    """What was measured of each container, of all its pods together. what: the file, for messages.

    What is no number (`NaN`, `+Inf`) was not measured and is left out. Raises InputError.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{what} is larger than {MAX_BYTES >> 20} MiB")
    found: dict[Container, list[Sample]] = {}
    rows = _matrix(data, what, labels) if data.lstrip()[:1] == b"{" else _table(data, what, labels)
    for number, (container, sample) in enumerate(rows):
        if number >= MAX_SAMPLES:
            raise InputError(f"{what} has more than {MAX_SAMPLES} measurements: ask for a larger step")
        if math.isfinite(sample[1]):
            found.setdefault(container, []).append(sample)
    return found


def _matrix(data: bytes, what: str, labels: Labels) -> Iterator[tuple[Container, Sample]]:
    given = parse_foreign_json(data, what, MAX_BYTES)
    status = given.get("status")
    if status.text(_SHOWN) != "success":
        status.refuse("is not success: Prometheus refused the query")
    kind = given.get("data").get("resultType")
    if kind.text(_SHOWN) != "matrix":
        kind.refuse("is not matrix: ask query_range, which answers for a window of time")
    for series in given.get("data").get("result").items(MAX_SERIES):
        metric = series.get("metric")
        container = Container(
            *[_name(metric, label) for label in (labels.namespace, labels.workload, labels.container)]
        )
        values = series.get("values")
        if not isinstance(values.value, list):
            values.refuse("is no list")
        for place, one in enumerate(values.value):
            sample = _sample(one)
            if sample is None:
                Part(one, what, f"{values.path}[{place}]").refuse("is no time with a number")
            yield container, sample


def _name(metric: Part, label: str) -> str:
    found = metric.get(label).text(_MAX_NAME)
    if not found:
        metric.get(label).refuse("is empty")
    return found


def _sample(one: Any) -> Sample | None:
    if not isinstance(one, list) or len(one) != 2 or isinstance(one[0], bool):
        return None
    if not isinstance(one[0], (int, float)) or not 0 <= one[0] <= _LAST or not isinstance(one[1], str):
        return None
    value = _value(one[1])
    return None if value is None else (float(one[0]), value)


def _value(text: str) -> float | None:
    """The number, None for what is none and for less than nothing."""
    if len(text) > _SHOWN or "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return None if value < 0 else value


def _table(data: bytes, what: str, labels: Labels) -> Iterator[tuple[Container, Sample]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{what} is neither JSON nor UTF-8") from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns = (labels.namespace, labels.workload, labels.container, "time", "value")
    try:
        header = next(rows, [])
        missing = [one for one in columns if header.count(one) != 1]
        if missing:
            raise InputError(
                f"{what} is neither an answer of Prometheus nor a table with one column {missing[0][:_SHOWN]!r}"
            )
        places = [header.index(one) for one in columns]
        for row in rows:
            if row:
                yield _row(row, len(header), places, f"line {rows.line_num} of {what}")
    except csv.Error as error:
        raise InputError(f"line {rows.line_num} of {what} is no row of a table: {error}") from None


def _row(row: list[str], width: int, places: list[int], where: str) -> tuple[Container, Sample]:
    if len(row) != width:
        raise InputError(f"{where} has {len(row)} columns, and the header {width}")
    namespace, workload, name, time, value = [row[place] for place in places]
    if not all(0 < len(one) <= _MAX_NAME for one in (namespace, workload, name)):
        raise InputError(f"{where} does not say of which container it is")
    measured = _value(value)
    if measured is None:
        raise InputError(f"{where} has no number as value: {value[:_SHOWN]!r}")
    return Container(namespace, workload, name), (_seconds(time, where), measured)


def _seconds(text: str, where: str) -> float:
    number = _value(text)
    if number is None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = datetime.min
        if moment.tzinfo is None:
            raise InputError(
                f"{where} has no time in seconds since 1970 or as RFC 3339 has it: {text[:_SHOWN]!r}"
            )
        number = (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    if not 0 <= number <= _LAST:
        raise InputError(f"{where} has a time that is none: {text[:_SHOWN]!r}")
    return number
