"""What workers count: nothing is lost or counted twice on the way to main, and nobody can fill its memory."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import (
    Action,
    Decision,
    Exchange,
    Exempted,
    Failure,
    OnErrorUse,
    PolicyKey,
    Reply,
    Verdict,
    Violation,
)
from lockgate.webhook.serving.measure_frames import MeasuresError, parse_delta, render_delta
from lockgate.webhook.serving.measures import Answer, Delta, Measures
from lockgate.webhook.serving.metric_families import FAMILIES, MAX_LABEL, MAX_SERIES, OTHER, SECONDS

KEY = PolicyKey("K8sAllowedRepos", "repos")
OTHER_KEY = PolicyKey("K8sAllowedRepos", "more")


def decided(
    verdict: Verdict = "allow",
    *violations: Violation,
    failures: tuple[Failure, ...] = (),
    exempted: tuple[Exempted, ...] = (),
    on_error: tuple[OnErrorUse, ...] = (),
    exchanges: tuple[Exchange, ...] = (),
) -> Decision:
    return Decision(
        verdict,
        violations,
        failures,
        (),
        "p",
        "f",
        matched=1,
        exempted=exempted,
        exchanges=exchanges,
        on_error=on_error,
    )


def violation(key: PolicyKey, *actions: Action) -> Violation:
    return Violation(key, "no", actions)


def counted(decision: Decision, operation: str = "CREATE") -> dict[tuple[str, ...], int]:
    measures = Measures()
    measures.judged(decision, operation, 0.001)
    return dict(measures.take({}).counts)


def test_a_decision_is_counted_by_verdict_and_operation() -> None:
    assert counted(decided()) == {("lockgate_decisions_total", "allow", "CREATE"): 1}


def test_an_operation_that_does_not_exist_is_no_label_of_its_own() -> None:
    assert counted(decided(), "x" * 9000) == {("lockgate_decisions_total", "allow", OTHER): 1}


def test_a_policy_counts_once_a_review_and_action() -> None:
    found = counted(
        decided(
            "deny",
            violation(KEY, "deny", "warn"),
            violation(KEY, "deny"),
            violation(OTHER_KEY, "dryrun"),
        )
    )
    assert found == {
        ("lockgate_decisions_total", "deny", "CREATE"): 1,
        ("lockgate_violating_reviews_total", "K8sAllowedRepos", "repos", "deny"): 1,
        ("lockgate_violating_reviews_total", "K8sAllowedRepos", "repos", "warn"): 1,
        ("lockgate_violating_reviews_total", "K8sAllowedRepos", "more", "dryrun"): 1,
    }


def test_failures_exemptions_and_providers_are_counted() -> None:
    exempted = Exempted(violation(KEY, "deny"), "fraud", "team", "T-1", 1)
    found = counted(
        decided(
            "error",
            failures=(Failure(KEY, "x"), Failure(KEY, "y")),
            exempted=(exempted, exempted),
            on_error=(OnErrorUse(KEY, "warn", "images", "down"),),
            exchanges=(
                Exchange("images", ("a",), Reply(None, 500, "down")),
                Exchange("images", ("b",), Reply((), 200)),
                Exchange("models", ("a",), Reply((), 0)),
            ),
        )
    )
    assert found == {
        ("lockgate_decisions_total", "error", "CREATE"): 1,
        ("lockgate_policy_errors_total", "K8sAllowedRepos", "repos"): 1,
        ("lockgate_exemption_uses_total", "fraud"): 1,
        ("lockgate_provider_failures_total", "images", "warn"): 1,
        ("lockgate_external_data_requests_total", "images", "failed"): 1,
        ("lockgate_external_data_requests_total", "images", "answered"): 1,
        ("lockgate_external_data_requests_total", "models", "answered"): 1,
    }


def test_what_no_policy_matched_is_counted_beside() -> None:
    assert counted(Decision("allow", (), (), (), "p", "f")) == {
        ("lockgate_decisions_total", "allow", "CREATE"): 1,
        ("lockgate_unmatched_total",): 1,
    }


def test_labels_are_bounded_in_number_and_length() -> None:
    measures = Measures()
    for number in range(MAX_SERIES + 50):
        measures.judged(decided("deny", violation(PolicyKey("K" * 300, str(number)), "deny")), "CREATE", 0)
    counts = measures.take({}).counts
    assert len(counts) <= MAX_SERIES + len(FAMILIES)
    assert max(len(label) for series in counts for label in series) == MAX_LABEL
    assert counts["lockgate_violating_reviews_total", OTHER, OTHER, OTHER] == 51
    broken = [amount for series, amount in counts.items() if series[0] == "lockgate_violating_reviews_total"]
    assert sum(broken) == MAX_SERIES + 50


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(-1.0, 0), (0.0, 0), (SECONDS[0], 0), (0.00011, 1), (10.0, len(SECONDS) - 1), (11.0, len(SECONDS))],
)
def test_a_time_is_in_the_first_bucket_that_holds_it(seconds: float, bucket: int) -> None:
    measures = Measures()
    measures.recorded(seconds)
    taken = measures.take({}).timings["lockgate_record_seconds"]
    assert [place for place, count in enumerate(taken.counts) if count] == [bucket]
    assert taken.total == max(0.0, seconds)


@given(st.lists(st.tuples(st.sampled_from(["allowed", "denied"]), st.floats(0, 20), st.booleans())))
def test_what_is_taken_at_any_moments_adds_up(events: list[tuple[Answer, float, bool]]) -> None:
    measures = Measures()
    taken: list[Delta] = []
    for answer, seconds, takes in events:
        measures.answered(answer, seconds)
        if takes:
            taken.append(measures.take({}))
    taken.append(measures.take({}))
    told = [parse_delta(render_delta(one)) for one in taken]
    assert told == taken
    timings = [one.timings["lockgate_request_seconds"] for one in told if one.timings]
    for answer in ("allowed", "denied"):
        found = sum(one.counts.get(("lockgate_requests_total", answer), 0) for one in told)
        assert found == sum(1 for event in events if event[0] == answer)
    assert sum(sum(one.counts) for one in timings) == len(events)
    assert sum(one.total for one in timings) == pytest.approx(sum(event[1] for event in events))


GOOD: dict[str, object] = {"counts": [], "timings": {}, "gauges": {}}
BAD: dict[str, object] = {
    "no object": [],
    "a part too few": {"counts": [], "timings": {}},
    "another shape": {**GOOD, "counts": {}},
    "an unknown counter": {**GOOD, "counts": [["nobody_total", 1]]},
    "a gauge as counter": {**GOOD, "counts": [["lockgate_workers", 1]]},
    "too few labels": {**GOOD, "counts": [["lockgate_requests_total", 1]]},
    "a label that is none": {**GOOD, "counts": [["lockgate_requests_total", 3, 1]]},
    "a long label": {**GOOD, "counts": [["lockgate_requests_total", "x" * 254, 1]]},
    "less than nothing": {**GOOD, "counts": [["lockgate_requests_total", "allowed", -1]]},
    "a truth": {**GOOD, "counts": [["lockgate_requests_total", "allowed", True]]},
    "too many": {**GOOD, "counts": [["lockgate_unmatched_total", 1]] * (MAX_SERIES + 100)},
    "an unknown histogram": {**GOOD, "timings": {"nobody": [0.0, 1]}},
    "other buckets": {**GOOD, "timings": {"lockgate_record_seconds": [0.0, 1]}},
    "a negative bucket": {**GOOD, "timings": {"lockgate_record_seconds": [0.0, -1, *[0] * len(SECONDS)]}},
    "no number": {**GOOD, "timings": {"lockgate_record_seconds": ["x", *[0] * (len(SECONDS) + 1)]}},
    "a gauge of main": {**GOOD, "gauges": {"lockgate_workers": 1}},
    "infinity": {**GOOD, "gauges": {"lockgate_requests_in_flight": float("inf")}},
    "not a number": {**GOOD, "gauges": {"lockgate_requests_in_flight": float("nan")}},
}


@pytest.mark.parametrize("frame", BAD.values(), ids=BAD.keys())
def test_a_frame_that_no_worker_sends_is_refused(frame: object) -> None:
    with pytest.raises(MeasuresError):
        parse_delta(json.dumps(frame).encode())


@pytest.mark.parametrize("frame", [b"", b"{", b"[" * 200_000, b" " * (9 << 20)])
def test_a_frame_that_is_no_json_or_too_long_is_refused(frame: bytes) -> None:
    with pytest.raises(MeasuresError):
        parse_delta(frame)
