"""/metrics: what workers told and the state of main, in Prometheus' formats."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import PolicyKey
from lockgate.webhook.app.metrics import Metrics, Totals
from lockgate.webhook.serving.exemption_states import ExemptionCounts
from lockgate.webhook.serving.measures import Answer, Delta, Measures
from lockgate.webhook.serving.metric_families import FAMILIES, MAX_SERIES, OTHER, SECONDS
from lockgate.webhook.serving.server_state import ServerState, TrailState
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families

OPEN = "application/openmetrics-text; version=1.0.0"
STATE = ServerState(
    is_ready=True,
    workers=2,
    worker_restarts=1,
    policies=(PolicyKey("A", "a"), PolicyKey("A", "b"), PolicyKey("B", "a")),
    policy_problems=1,
    webhook_problems=2,
    inventory={"v1/Namespace": 7, 'x"y\\z\n': 1},
    last_change_s=1_800_000_000.5,
    certificates={"serving": 1_900_000_000.0},
    trail=TrailState(10, {"witness": 8, "ahead": 12}),
    exemptions=ExemptionCounts({"active": 2}, 1_850_000_000.5),
    grants={"active": 1},
)

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(totals: Totals, state: ServerState = STATE, accept: str = "") -> Values:
    body, _ = Metrics(totals, lambda: state).render(accept)
    parse = parse_open if accept else text_string_to_metric_families
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(body.decode())
        for sample in family.samples
    }


def labelled(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


def test_the_state_is_shown() -> None:
    found = scraped(Totals())
    assert found[labelled("lockgate_ready")] == 1
    assert found[labelled("lockgate_workers")] == 2
    assert found[labelled("lockgate_worker_restarts_total")] == 1
    assert found[labelled("lockgate_policies")] == 3
    assert found[labelled("lockgate_policy_problems")] == 1
    assert found[labelled("lockgate_webhook_problems")] == 2
    assert found[labelled("lockgate_inventory_objects", kind="v1/Namespace")] == 7
    assert found[labelled("lockgate_inventory_objects", kind='x"y\\z\n')] == 1
    assert found[labelled("lockgate_last_change_timestamp_seconds")] == 1_800_000_000.5
    assert (
        found[labelled("lockgate_certificate_not_after_timestamp_seconds", certificate="serving")]
        == 1_900_000_000
    )
    assert found[labelled("lockgate_trail_entries")] == 10
    assert found[labelled("lockgate_trail_anchor_lag_entries", anchor="witness")] == 2
    assert found[labelled("lockgate_trail_anchor_lag_entries", anchor="ahead")] == 0
    assert found[labelled("lockgate_exemptions", state="active")] == 2
    assert found[labelled("lockgate_exemptions", state="expired")] == 0
    assert found[labelled("lockgate_exemption_end_timestamp_seconds")] == 1_850_000_000.5
    assert found[labelled("lockgate_break_glass_grants", state="active")] == 1


def test_what_is_counted_begins_at_nothing() -> None:
    found = scraped(Totals(), ServerState())
    assert found[labelled("lockgate_requests_total", answer="denied")] == 0
    assert found[labelled("lockgate_requests_refused_total", reason="deadline")] == 0
    assert found[labelled("lockgate_records_total", result="failed")] == 0
    assert found[labelled("lockgate_break_glass_uses_total")] == 0
    assert found[labelled("lockgate_request_seconds_bucket", le="+Inf")] == 0
    assert labelled("lockgate_trail_entries") not in found
    assert labelled("lockgate_exemption_end_timestamp_seconds") not in found


def test_failures_of_policies_in_force_begin_at_nothing() -> None:
    totals = Totals()
    totals.add("0", Delta({("lockgate_policy_errors_total", "A", "b"): 2}, {}, {}))
    found = scraped(totals)
    errors = {key: value for key, value in found.items() if key[0] == "lockgate_policy_errors_total"}
    assert errors == {
        labelled("lockgate_policy_errors_total", kind="A", constraint="a"): 0,
        labelled("lockgate_policy_errors_total", kind="A", constraint="b"): 2,
        labelled("lockgate_policy_errors_total", kind="B", constraint="a"): 0,
    }


def test_workers_add_up_and_gauges_are_by_worker() -> None:
    totals = Totals()
    for worker in ("0", "1"):
        measures = Measures()
        measures.answered("allowed", 0.002)
        totals.add(worker, measures.take({"lockgate_requests_in_flight": 3}))
    totals.drop("0")
    totals.drop("never was")
    found = scraped(totals)
    assert found[labelled("lockgate_requests_total", answer="allowed")] == 2
    assert found[labelled("lockgate_request_seconds_count")] == 2
    assert found[labelled("lockgate_request_seconds_sum")] == pytest.approx(0.004)
    assert found[labelled("lockgate_request_seconds_bucket", le="0.001")] == 0
    assert found[labelled("lockgate_request_seconds_bucket", le="0.0025")] == 2
    assert found[labelled("lockgate_requests_in_flight", worker="1")] == 3
    assert labelled("lockgate_requests_in_flight", worker="0") not in found


def test_both_formats_say_the_same() -> None:
    totals = Totals()
    measures = Measures()
    measures.answered("denied", 3)
    totals.add("0", measures.take({}))
    plain, open_metrics = scraped(totals), scraped(totals, accept=OPEN)
    ours = [key for key in plain if key[0].startswith("lockgate_")]
    assert {name for name, _ in ours} >= {
        "lockgate_requests_total",
        "lockgate_record_seconds_bucket",
        "lockgate_ready",
    }
    assert {key: open_metrics[key] for key in ours} == {key: plain[key] for key in ours}


def test_every_family_of_the_table_is_scraped_as_it_says() -> None:
    body, _ = Metrics(Totals(), lambda: STATE).render("")
    text = body.decode()
    for family in FAMILIES.values():
        assert f"# TYPE {family.name} {family.kind}\n" in text


@pytest.mark.parametrize("name", FAMILIES)
def test_names_follow_the_conventions(name: str) -> None:
    one = FAMILIES[name]
    assert one.name == name
    assert one.name.startswith("lockgate_")
    assert one.name.endswith("_total") == (one.kind == "counter")
    assert bool(one.buckets) == (one.kind == "histogram")
    assert list(one.buckets) == sorted(set(one.buckets))
    assert one.help.endswith(".")
    assert "le" not in one.labels


def test_main_bounds_the_series_of_all_workers_together() -> None:
    totals = Totals()
    for number in range(MAX_SERIES + 10):
        series = ("lockgate_exemption_uses_total", str(number))
        totals.add("0", Delta({series: 1}, {}, {}))
    mine = {key: count for key, count in totals.counts.items() if key[0] == "lockgate_exemption_uses_total"}
    assert len(mine) == MAX_SERIES + 1
    assert mine["lockgate_exemption_uses_total", OTHER] == 10


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["allowed", "denied", "failed"]), st.floats(0, 20))
    )
)
def test_a_histogram_never_shrinks_and_counts_everything(events: list[tuple[str, Answer, float]]) -> None:
    totals = Totals()
    for worker, answer, seconds in events:
        measures = Measures()
        measures.answered(answer, seconds)
        totals.add(worker, measures.take({}))
        counts, _ = totals.timings["lockgate_request_seconds"]
        assert sum(counts) == sum(
            count for key, count in totals.counts.items() if key[0] == "lockgate_requests_total"
        )
    before = scraped(totals)
    rising = [
        before[labelled("lockgate_request_seconds_bucket", le=str(bound))] for bound in (*SECONDS, "+Inf")
    ]
    assert rising == sorted(rising)
    assert rising[-1] == len(events) == before[labelled("lockgate_request_seconds_count")]


def test_what_the_sweep_found_is_shown() -> None:
    found = scraped(
        Totals(),
        replace(
            STATE,
            sweep=[("lockgate_sweep_violations", ("A", "a", "deny"), 3), ("lockgate_sweep_leader", (), 1)],
        ),
    )
    assert found[labelled("lockgate_sweep_violations", kind="A", constraint="a", action="deny")] == 3
    assert found[labelled("lockgate_sweep_leader")] == 1
