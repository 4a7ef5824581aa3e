"""What an expression of an alert comes to on two scrapes: PromQL as far as the alerts use it.

`rate` and `increase` need a series in both scrapes, as Prometheus does: what is counted for the first time has grown by
nothing. https://prometheus.io/docs/prometheus/latest/querying/
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.webhook.monitoring.expressions import tokens

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPUTE: Mapping[str, Callable[[float, float], float]] = {"-": operator.sub, "*": operator.mul}
_AGGREGATE: Mapping[str, Callable[[list[float]], float]] = {"sum": sum, "min": min, "max": max}


@dataclass(frozen=True)
class Scrape:
    """All samples at a moment (Unix seconds), by name."""

    moment: float
    samples: Mapping[str, Vector]


def parse_scrape(text: str, moment: float) -> Scrape:
    """The samples of Prometheus' text format."""
    found: dict[str, Vector] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return Scrape(moment, found)


def evaluate(text: str, before: Scrape, now: Scrape) -> Vector:
    """The series that an expression has at the later of two scrapes. Raises ValueError or TypeError for what is not understood."""
    reader = _Reader(tokens(text), before, now)
    made = reader.comparison()
    if reader.place != len(reader.tokens):
        raise ValueError(f"not understood: {reader.tokens[reader.place :]}")
    return made if isinstance(made, dict) else {frozenset(): made}


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    before: Scrape
    now: Scrape
    place: int = 0

    def next(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        found = self.next()
        if wanted and found != wanted:
            raise ValueError(f"{found!r} in place of {wanted!r}")
        self.place += 1
        return found

    def comparison(self) -> Vector | float:
        left = self.sum()
        if self.next() not in _COMPARE:
            return left
        compare, right = _COMPARE[self.take()], self.sum()
        if not isinstance(left, dict) or isinstance(right, dict):
            raise TypeError("only series are compared, and with numbers")
        return {labels: value for labels, value in left.items() if compare(value, right)}

    def sum(self) -> Vector | float:
        return self.operation("-", self.product)

    def product(self) -> Vector | float:
        return self.operation("*", self.value)

    def operation(self, sign: str, part: Callable[[], Vector | float]) -> Vector | float:
        left = part()
        while self.next() == sign:
            self.take()
            left = _combined(_COMPUTE[sign], left, part())
        return left

    def value(self) -> Vector | float:
        kind, token = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            return float(token)
        if token in _AGGREGATE:
            return self.aggregation(_AGGREGATE[token])
        if self.next() != "(":
            return self.selector(token)[1]
        self.take("(")
        made = self.function(token)
        self.take(")")
        return made

    def aggregation(self, aggregate: Callable[[list[float]], float]) -> Vector:
        kept: list[str] = []
        if self.next() == "by":
            self.take()
            self.take("(")
            while self.next() != ")":
                name = self.take()
                kept += [] if name == "," else [name]
            self.take(")")
        self.take("(")
        inner = self.comparison()
        self.take(")")
        if not isinstance(inner, dict):
            raise TypeError("only series are aggregated")
        groups: dict[Labels, list[float]] = {}
        for labels, value in inner.items():
            groups.setdefault(frozenset([one for one in labels if one[0] in kept]), []).append(value)
        return {labels: aggregate(values) for labels, values in groups.items()}

    def function(self, name: str) -> Vector | float:
        if name == "time":
            return self.now.moment
        if name == "histogram_quantile":
            share = float(self.take())
            self.take(",")
            inner = self.comparison()
            assert isinstance(inner, dict)
            return _quantile(share, inner)
        before, now = self.selector(self.take())
        if name == "absent":
            return {} if now else {frozenset(): 1.0}
        if name == "min_over_time":
            return {labels: min(value, before.get(labels, value)) for labels, value in now.items()}
        grown = {labels: value - before[labels] for labels, value in now.items() if labels in before}
        if name == "increase":
            return grown
        if name == "rate":
            seconds = self.now.moment - self.before.moment
            return {labels: value / seconds for labels, value in grown.items()}
        raise ValueError(f"unknown function {name}")

    def selector(self, name: str) -> tuple[Vector, Vector]:
        """The series before and now."""
        matchers: list[tuple[str, str, str]] = []
        if self.next() == "{":
            self.take()
            while self.next() != "}":
                matchers.append((self.take(), self.take(), self.take().strip('"')))
                if self.next() == ",":
                    self.take()
            self.take("}")
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "range":
            self.take()

        def chosen(scrape: Scrape) -> Vector:
            return {
                labels: value
                for labels, value in scrape.samples.get(name, {}).items()
                if all(
                    (dict(labels).get(label, "") == wanted) == (sign == "=")
                    for label, sign, wanted in matchers
                )
            }

        return chosen(self.before), chosen(self.now)


def _combined(
    compute: Callable[[float, float], float], left: Vector | float, right: Vector | float
) -> Vector | float:
    if isinstance(right, dict):
        raise TypeError("the right side is a number in alerts")
    if isinstance(left, dict):
        return {labels: compute(value, right) for labels, value in left.items()}
    return compute(left, right)


def _quantile(share: float, buckets: Vector) -> Vector:
    """The upper bound of the bucket that the share falls into, of one histogram without labels."""
    bounds = sorted([(float(dict(labels)["le"]), count) for labels, count in buckets.items()])
    if not bounds or bounds[-1][1] == 0:
        return {}
    return {
        frozenset(): next(bound for bound, count in bounds if count >= share * bounds[-1][1]),
    }
