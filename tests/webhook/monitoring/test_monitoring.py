"""Each metric and label that an alert or a panel names is one that the server has."""

import json
import re
from pathlib import Path

import pytest
from lockgate.engine.codegen.values import Value
from lockgate.webhook.app.metrics import SERVED, STATES, Metrics, Totals
from lockgate.webhook.monitoring.alerts import ALERTS, Alert, prometheus_rule
from lockgate.webhook.monitoring.dashboard import ROWS, Query, dashboard, dashboard_config_map
from lockgate.webhook.monitoring.scraping import service_monitor
from lockgate.webhook.serving.measures import ANSWERS, EXCHANGED, REFUSALS, RESULTS
from lockgate.webhook.serving.metric_families import FAMILIES
from lockgate.webhook.serving.quota_metrics import CEILINGS
from lockgate.webhook.serving.server_state import ServerState

from tests.policies.shipped import RULES, load
from tests.webhook.monitoring.expressions import OF_COUNTER, OF_RANGE, parse_expression

# Given to each series by whoever scrapes.
SCRAPED = frozenset(("instance", "job", "namespace", "pod"))
QUERIES = [query for row in ROWS for panel in row.panels for query in panel.queries]
# Of the templates that come with Lockgate.
KINDS = frozenset(
    [load(rule.folder / "template.yaml")["spec"]["crd"]["spec"]["names"]["kind"] for rule in RULES]
)
VALUES = {
    ("lockgate_requests_total", "answer"): ANSWERS,
    ("lockgate_requests_refused_total", "reason"): REFUSALS,
    ("lockgate_records_total", "result"): RESULTS,
    ("lockgate_external_data_requests_total", "result"): EXCHANGED,
    ("lockgate_break_glass_grants", "state"): STATES,
    ("lockgate_exemptions", "state"): STATES,
    ("lockgate_quota_limit", "limit"): CEILINGS,
    ("lockgate_sweep_violations", "kind"): KINDS,
}


def registered() -> dict[str, tuple[str, frozenset[str]]]:
    """The type and labels by name in expressions, of what the registry really has."""
    made: dict[str, tuple[str, frozenset[str]]] = {}
    metrics = Metrics(Totals(), ServerState)
    for metric in metrics.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        family = SERVED[name]
        labels = frozenset(family.labels)
        for sample in metric.samples:
            assert set(sample.labels) - {"le"} == labels, sample
        for shown in family.samples:
            made[shown] = (metric.type, labels | ({"le"} if shown.endswith("_bucket") else frozenset()))
    return made


REGISTERED = registered()


def check(expression: str, shown: str) -> None:
    """`shown`: a text with `{{label}}` or `{{ $labels.label }}` for the labels of the result."""
    found = parse_expression(expression)
    labels: frozenset[str] = frozenset()
    for selector in found.selectors:
        assert selector.name in REGISTERED, selector.name
        kind, own = REGISTERED[selector.name]
        labels |= own
        assert set(selector.matchers) <= own, selector
        for label, value in selector.matchers.items():
            assert value in VALUES[selector.name, label], (selector.name, label, value)
        is_growing = kind in ("counter", "histogram")
        assert (selector.around in OF_RANGE) == selector.has_range, selector
        assert (selector.around in OF_COUNTER) == is_growing, f"{selector.name} is a {kind}"
    for group in found.by:
        assert set(group) <= labels, group
    kept = frozenset().union(*found.by) if found.by else labels | SCRAPED
    for label in re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", shown):
        assert label in kept, label
        assert found.by or not re.match(r"(sum|max|min)\(", expression)
    if "histogram_quantile" in expression:
        assert [one.name for one in found.selectors if one.name.endswith("_bucket")]
        assert ("le",) in found.by


@pytest.mark.parametrize("alert", ALERTS, ids=[one.name for one in ALERTS])
def test_an_alert_names_what_there_is(alert: Alert) -> None:
    check(alert.expression, f"{alert.summary} {alert.action}")
    assert re.fullmatch(r"(\d+[mh])?", alert.lasts)


@pytest.mark.parametrize("query", QUERIES, ids=[one.expression[:60] for one in QUERIES])
def test_a_panel_names_what_there_is(query: Query) -> None:
    check(query.expression, query.legend)


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    named = {
        selector.name
        for text in [*[one.expression for one in QUERIES], *[one.expression for one in ALERTS]]
        for selector in parse_expression(text).selectors
    }
    missing = [name for name, family in SERVED.items() if not named & {name, *family.samples}]
    assert missing == []


@pytest.mark.parametrize(
    "expression",
    [
        "lockgate_nothing",
        "sum(lockgate_requests_total)",
        "rate(lockgate_workers[5m])",
        "rate(lockgate_requests_total)",
        'rate(lockgate_requests_total{reason="x"}[5m])',
        'rate(lockgate_requests_total{answer="perhaps"}[5m])',
        "sum by (verdict) (rate(lockgate_requests_total[5m]))",
        "rates(lockgate_requests_total[5m])",
        "sum(rate(lockgate_requests_total[5m])",
        "rate(lockgate_requests_total[soon])",
        "histogram_quantile(0.9, sum(rate(lockgate_request_seconds_bucket[5m])))",
        "lockgate_ready = {",
        "#",
    ],
)
def test_the_check_finds_what_is_wrong(expression: str) -> None:
    with pytest.raises((AssertionError, ValueError, KeyError)):
        check(expression, "")


def test_the_check_finds_a_label_that_is_aggregated_away() -> None:
    with pytest.raises(AssertionError):
        check("sum by (kind) (rate(lockgate_policy_errors_total[5m]))", "{{ $labels.constraint }}")


def test_the_files_are_whole() -> None:
    labels: dict[str, Value] = {"app.kubernetes.io/name": "lockgate"}
    rule = prometheus_rule("lockgate-system", labels)
    assert rule["metadata"] == {"name": "lockgate", "namespace": "lockgate-system", "labels": labels}
    monitor = service_monitor("lockgate-system", labels, labels, "plain")
    endpoint = {"port": "plain", "path": "/metrics", "interval": "30s"}
    assert isinstance(monitor["spec"], dict)
    assert monitor["spec"]["endpoints"] == [endpoint]
    data = dashboard_config_map("lockgate-system", labels)["data"]
    assert isinstance(data, dict)
    text = data["lockgate.json"]
    assert isinstance(text, str)
    assert json.loads(text) == dashboard()


def test_panels_lie_beside_each_other() -> None:
    panels = dashboard()["panels"]
    assert isinstance(panels, list)
    taken: set[tuple[int, int]] = set()
    numbers: list[object] = []
    for panel in panels:
        assert isinstance(panel, dict)
        numbers.append(panel["id"])
        place = panel["gridPos"]
        assert isinstance(place, dict)
        left, top, wide, high = [place[name] for name in ("x", "y", "w", "h")]
        assert (
            isinstance(left, int) and isinstance(top, int) and isinstance(wide, int) and isinstance(high, int)
        )
        cells = {(x, y) for x in range(left, left + wide) for y in range(top, top + high)}
        assert left + wide <= 24
        assert not cells & taken
        taken |= cells
    assert numbers == [*range(1, len(panels) + 1)]


def test_the_page_about_metrics_has_the_table_as_it_is() -> None:
    page = (Path(__file__).parents[3] / "docs" / "observability.md").read_text()
    for family in FAMILIES.values():
        labels = ", ".join([f"`{label}`" for label in family.labels]) or "none"
        assert f"| `{family.name}` | {family.kind} | {labels} | {family.help} |\n" in page
