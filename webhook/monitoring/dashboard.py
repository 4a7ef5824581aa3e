"""The dashboard of Grafana: what is decided, how long it takes, and what the server stands on."""

import json
from typing import Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record

Unit = Literal["reqps", "s", "short", "bytes", "dtdurations", "bool_yes_no"]
Shape = Literal["timeseries", "stat"]

_DATASOURCE: Final[dict[str, Value]] = {"type": "prometheus", "uid": "${datasource}"}
# Replicas that share a ledger say the same of both.
_HELD: Final = "sum by (scope, dimension) (lockgate_quota_held)"
_HARD: Final = 'sum by (scope, dimension) (lockgate_quota_limit{limit="hard"})'
# Grafana's grid has 24 columns.
_COLUMNS: Final = 24
_STAT: Final = (4, 4)
_SERIES: Final = (8, 8)


@record
class Query:
    """An expression and how its series are called (`{{label}}`)."""

    expression: str
    legend: str


@record
class Panel:
    """A panel of a row."""

    title: str
    description: str
    shape: Shape
    unit: Unit
    queries: tuple[Query, ...]


@record
class Row:
    """A row of panels."""

    title: str
    panels: tuple[Panel, ...]


def _stat(title: str, description: str, unit: Unit, expression: str) -> Panel:
    return Panel(title, description, "stat", unit, (Query(expression, ""),))


def _series(title: str, description: str, unit: Unit, *queries: tuple[str, str]) -> Panel:
    return Panel(title, description, "timeseries", unit, tuple([Query(*one) for one in queries]))


def _quantiles(metric: str) -> tuple[tuple[str, str], ...]:
    inner = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
    return tuple(
        [
            (f"histogram_quantile({share}, {inner})", f"P{name}")
            for share, name in ((0.5, 50), (0.9, 90), (0.99, 99))
        ]
    )


ROWS: Final = (
    Row(
        "State",
        (
            _stat(
                "Ready", "Every replica has its policies and inventory.", "bool_yes_no", "min(lockgate_ready)"
            ),
            _stat("Workers", "Workers that answer, in all replicas.", "short", "sum(lockgate_workers)"),
            _stat("Policies", "Policies in force.", "short", "max(lockgate_policies)"),
            _stat(
                "Not in force",
                "Objects of policies with a problem in their status.",
                "short",
                "max(lockgate_policy_problems)",
            ),
            _stat(
                "Break-glass",
                "Grants in force now.",
                "short",
                'max(lockgate_break_glass_grants{state="active"})',
            ),
            _stat(
                "Certificate",
                "Time until the first certificate ends.",
                "dtdurations",
                "min(lockgate_certificate_not_after_timestamp_seconds) - time()",
            ),
            _stat(
                "Exemption",
                "Time until the next active exemption ends.",
                "dtdurations",
                "min(lockgate_exemption_end_timestamp_seconds) - time()",
            ),
        ),
    ),
    Row(
        "Decisions",
        (
            _series(
                "Answers",
                "Requests by what they were answered.",
                "reqps",
                ("sum by (answer) (rate(lockgate_requests_total[$__rate_interval]))", "{{answer}}"),
            ),
            _series(
                "Verdicts",
                "What policies decided; in observe mode nothing of it is denied.",
                "reqps",
                ("sum by (verdict) (rate(lockgate_decisions_total[$__rate_interval]))", "{{verdict}}"),
                ("sum(rate(lockgate_unmatched_total[$__rate_interval]))", "no policy matched"),
            ),
            _series(
                "Broken policies",
                "Reviews that broke a policy: the ten most broken.",
                "reqps",
                (
                    "topk(10, sum by (kind, constraint, action) (rate(lockgate_violating_reviews_total[$__rate_interval])))",
                    "{{kind}}/{{constraint}} {{action}}",
                ),
            ),
            _series(
                "Failing policies and providers",
                "Reviews on which a policy or a provider failed.",
                "reqps",
                (
                    "sum by (kind, constraint) (rate(lockgate_policy_errors_total[$__rate_interval]))",
                    "{{kind}}/{{constraint}}",
                ),
                (
                    "sum by (provider, on_error) (rate(lockgate_provider_failures_total[$__rate_interval]))",
                    "provider {{provider}}: {{on_error}}",
                ),
            ),
            _series(
                "External data",
                "What policies asked providers, each request once in a review, and what came of it.",
                "reqps",
                (
                    "sum by (provider, result) (rate(lockgate_external_data_requests_total[$__rate_interval]))",
                    "{{provider}}: {{result}}",
                ),
            ),
            _series(
                "Providers that answer here",
                "Requests of Gatekeeper's to providers of external data, and the time that 99 % of them need.",
                "reqps",
                (
                    "sum by (provider, answer) (rate(lockgate_provider_requests_total[$__rate_interval]))",
                    "{{provider}}: {{answer}}",
                ),
                (
                    "histogram_quantile(0.99, sum by (le) (rate(lockgate_provider_request_seconds_bucket[$__rate_interval])))",
                    "P99 in seconds",
                ),
            ),
            _series(
                "Quotas of devices",
                "What is held of each quota's hard limit: the ten fullest.",
                "short",
                (
                    f"topk(10, {_HELD} / {_HARD})",
                    "{{scope}} {{dimension}}",
                ),
            ),
            _series(
                "Let through",
                "Reviews that exemptions and break-glass let through.",
                "reqps",
                (
                    "sum by (exemption) (rate(lockgate_exemption_uses_total[$__rate_interval]))",
                    "{{exemption}}",
                ),
                ("sum(rate(lockgate_break_glass_uses_total[$__rate_interval]))", "break-glass"),
            ),
            _series(
                "Refused",
                "Requests that were not judged to their end, by reason.",
                "reqps",
                ("sum by (reason) (rate(lockgate_requests_refused_total[$__rate_interval]))", "{{reason}}"),
            ),
        ),
    ),
    Row(
        "Time",
        (
            _series(
                "Request", "From the last byte to the answer.", "s", *_quantiles("lockgate_request_seconds")
            ),
            _series(
                "Evaluation", "All policies on one review.", "s", *_quantiles("lockgate_evaluation_seconds")
            ),
            _series("Record", "From handing in to the receipt.", "s", *_quantiles("lockgate_record_seconds")),
            _series(
                "In flight",
                "Requests without their answer, and entries without their receipt.",
                "short",
                ("sum(lockgate_requests_in_flight)", "requests"),
                ("sum(lockgate_records_waiting)", "entries"),
            ),
            _series(
                "Memory of workers",
                "Resident memory.",
                "bytes",
                ("lockgate_worker_resident_memory_bytes", "{{instance}} {{worker}}"),
            ),
            _series(
                "Workers that died",
                "Started anew within five minutes.",
                "short",
                ("increase(lockgate_worker_restarts_total[5m])", "{{instance}}"),
            ),
        ),
    ),
    Row(
        "What it stands on",
        (
            _series(
                "Inventory",
                "Objects that policies read, by kind.",
                "short",
                ("max by (kind) (lockgate_inventory_objects)", "{{kind}}"),
            ),
            _series(
                "Since the last change",
                "How old the last change of policies or inventory is, that every worker has.",
                "s",
                ("time() - lockgate_last_change_timestamp_seconds", "{{instance}}"),
            ),
            _series(
                "Trail",
                "Entries a second, by what came of them.",
                "reqps",
                ("sum by (result) (rate(lockgate_records_total[$__rate_interval]))", "{{result}}"),
            ),
            _series(
                "Anchors",
                "Entries that an anchor has not seen.",
                "short",
                ("max by (anchor) (lockgate_trail_anchor_lag_entries)", "{{anchor}}"),
            ),
            _series(
                "Entries",
                "Size of the trail.",
                "short",
                ("max(lockgate_trail_entries)", "entries"),
            ),
            _series(
                "Promotions",
                "Entries about promotions that were read, and seconds since.",
                "short",
                ("max(lockgate_promotions_entries)", "entries"),
                ("max(lockgate_promotions_read_age_seconds)", "age"),
            ),
            _series(
                "Exemptions and grants",
                "By state.",
                "short",
                ("max by (state) (lockgate_exemptions)", "exemptions {{state}}"),
                ("max by (state) (lockgate_break_glass_grants)", "grants {{state}}"),
            ),
        ),
    ),
    Row(
        "Sweep",
        (
            _stat(
                "Sweeping",
                "Replicas that judge what lives in the cluster: one.",
                "short",
                "sum(lockgate_sweep_leader)",
            ),
            _stat("Objects", "Objects that the last pass looked at.", "short", "max(lockgate_sweep_objects)"),
            _stat("Pass", "How long the last pass took.", "s", "max(lockgate_sweep_pass_seconds)"),
            _series(
                "Violations that live",
                "By constraint: what was there before it, or has become wrong since.",
                "short",
                (
                    "sum by (kind, constraint, action) (lockgate_sweep_violations)",
                    "{{kind}}/{{constraint}} {{action}}",
                ),
                (
                    "sum by (kind, constraint) (lockgate_sweep_exempted_violations)",
                    "{{kind}}/{{constraint}} exempted",
                ),
            ),
            _series(
                "Not judged",
                "Objects that a constraint failed on, or could not judge.",
                "short",
                (
                    "sum by (kind, constraint, reason) (lockgate_sweep_unjudged_objects)",
                    "{{kind}}/{{constraint}} {{reason}}",
                ),
            ),
            _series(
                "Sweep",
                "Objects judged anew, and verdicts that changed.",
                "short",
                ("sum(rate(lockgate_sweep_judged_total[$__rate_interval]))", "judged"),
                ("sum(rate(lockgate_sweep_changes_total[$__rate_interval]))", "changed"),
            ),
            _series(
                "Not told",
                "Changes that are not recorded yet, and results that could not be written.",
                "short",
                ("sum(lockgate_sweep_untold_changes)", "not recorded"),
                ("sum(lockgate_sweep_unwritten_results)", "not written"),
            ),
        ),
    ),
)


def dashboard() -> dict[str, Value]:
    """The dashboard's model, as Grafana imports it."""
    panels: list[Value] = []
    top = 0
    for row in ROWS:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": top},
            }
        )
        top += 1
        left = height = 0
        for panel in row.panels:
            wide, high = _STAT if panel.shape == "stat" else _SERIES
            if left + wide > _COLUMNS:
                left, top = 0, top + height
            panels.append(_panel(panel, len(panels) + 1, {"h": high, "w": wide, "x": left, "y": top}))
            left, height = left + wide, high
        top += height
    return {
        "uid": "lockgate",
        "title": "Lockgate",
        "tags": ["lockgate"],
        "schemaVersion": 39,
        "editable": True,
        "timezone": "utc",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
            ]
        },
        "panels": panels,
    }


def _panel(panel: Panel, number: int, place: dict[str, Value]) -> dict[str, Value]:
    targets: list[Value] = [
        {
            "refId": chr(ord("A") + index),
            "datasource": _DATASOURCE,
            "expr": query.expression,
            "legendFormat": query.legend,
        }
        for index, query in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.shape,
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


def dashboard_config_map(namespace: str, labels: dict[str, Value]) -> dict[str, Value]:
    """A ConfigMap of the dashboard, with the label by which Grafana's sidecar finds it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "lockgate-dashboard",
            "namespace": namespace,
            "labels": {**labels, "grafana_dashboard": "1"},
        },
        "data": {"lockgate.json": json.dumps(dashboard(), indent=1)},
    }
