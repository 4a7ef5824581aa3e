"""What a pass of the sweep comes to: totals, statuses, reports, and the file of what was told."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.decision import PolicyKey
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_reports import MAX_REPORTS, MAX_RESULTS, ReportKey, policy_reports
from lockgate.webhook.serving.sweep_findings import (
    Finding,
    Findings,
    merge_findings,
    verdict_mark,
)
from lockgate.webhook.serving.sweep_memory import read_memory, write_memory
from lockgate.webhook.serving.sweep_totals import ConstraintTotal, constraint_status, constraint_totals

from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.test_live_gate import made
from tests.webhook.serving.test_sweep import World, pod, said

POD = GroupVersionKind("", "v1", "Pod")
KEY = PolicyKey("Probe", "probe")
MANY = """package many

violation[{"msg": msg}] {
  input.review.object.metadata.labels[name]
  msg := name
}
"""


def named(name: str, namespace: str = "a") -> ObjectKey:
    return ObjectKey(POD, namespace, name)


def finding(*messages: str, count: int = 0, **fields: Any) -> Finding:
    values: dict[str, Any] = {
        "policy": KEY,
        "outcome": "violation",
        "actions": ("deny",),
        "exemption": "",
        **fields,
    }
    return Finding(**values, count=count or len(messages), messages=messages)


def total(found: Sequence[tuple[ObjectKey, Findings]], spec: Any = None) -> ConstraintTotal:
    gate = made(template(), constraint(spec)).gate
    assert gate is not None
    (one,) = constraint_totals(gate.policies.policies, found)
    return one


def test_totals_count_everything_and_show_the_first() -> None:
    found = [(named(f"p{number:02}"), (finding("x", "y", count=3),)) for number in range(30)]
    one = total(found)
    assert (one.violations, len(one.shown)) == (90, 20)
    assert [shown.key.name for shown in one.shown[:4]] == ["p00", "p00", "p01", "p01"]
    status = constraint_status(one, "2026-01-01T00:00:00Z")
    assert status["totalViolations"] == 90
    listed: Any = status["violations"]
    # The last first, as Gatekeeper's audit has them.
    assert [(row["name"], row["message"]) for row in listed[:2]] == [("p09", "y"), ("p09", "x")]


def test_totals_tell_what_is_no_violation_apart() -> None:
    one = total(
        [
            (named("p"), (finding("x", outcome="exempted", exemption="e"), finding("y"))),
            (named("q"), (finding("x", outcome="failure", actions=()),)),
            (named("r"), (finding("x", outcome="unknown", actions=()),)),
        ]
    )
    assert (one.violations, one.exempted, one.failed, one.unknown) == (1, 1, 1, 1)
    nothing = constraint_status(total([]), "2026-01-01T00:00:00Z")
    assert nothing == {"auditTimestamp": "2026-01-01T00:00:00Z", "totalViolations": 0}


def test_a_scoped_action_is_named_as_gatekeeper_names_it() -> None:
    points = [{"action": "warn", "enforcementPoints": [{"name": "*"}]}]
    one = total(
        [(named("p"), (finding("x", actions=("warn",)),))],
        {"enforcementAction": "scoped", "scopedEnforcementActions": points},
    )
    status: Any = constraint_status(one, "")
    (row,) = status["violations"]
    assert (row["enforcementAction"], row["enforcementActions"]) == ("scoped", ["warn"])


def test_messages_that_were_not_kept_are_counted() -> None:
    one = total([(named("p"), (finding(count=4),))])
    assert one.violations == 4
    assert [shown.message for shown in one.shown] == [
        "(the message was not kept: there are too many violations)"
    ]


def test_reports_are_one_a_namespace_and_go_on_in_others_when_they_are_large() -> None:
    many = [(named(f"p{number}"), (finding("x"),)) for number in range(MAX_RESULTS * MAX_REPORTS + 1)]
    reports = policy_reports([*many, (named("n", ""), (finding("x", actions=("warn",)),))])
    assert [*reports] == [
        ReportKey("", "lockgate"),
        ReportKey("a", "lockgate"),
        *[ReportKey("a", f"lockgate-{number}") for number in range(2, MAX_REPORTS + 1)],
    ]
    first: Any = reports[ReportKey("a", "lockgate")]
    # What does not fit is in the sum.
    assert first["summary"]["fail"] == MAX_RESULTS * MAX_REPORTS + 1
    assert len(first["results"]) == MAX_RESULTS
    of_cluster: Any = reports[ReportKey("", "lockgate")]
    assert of_cluster["kind"] == "ClusterPolicyReport"
    assert of_cluster["summary"] == {"error": 0, "fail": 0, "skip": 0, "warn": 1}


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({}, "fail"),
        ({"actions": ("deny", "warn")}, "fail"),
        ({"actions": ("dryrun",)}, "warn"),
        ({"outcome": "exempted", "exemption": "e"}, "skip"),
        ({"outcome": "failure", "actions": ()}, "error"),
        ({"outcome": "unknown", "actions": ()}, "skip"),
    ],
)
def test_results_in_the_words_of_reports(fields: dict[str, Any], result: str) -> None:
    reports: Any = policy_reports([(named("p"), (finding("x", **fields),))])
    ((row,),) = [one["results"] for one in reports.values()]
    assert row["result"] == result


def test_a_policy_with_many_violations_of_one_object_is_kept_small() -> None:
    world = World()
    world.tell(manifest("Namespace", "a"), template(MANY), constraint())
    world.put(pod(**{f"l{number:03}": "x" for number in range(200)}))
    world.passes()
    ((one,),) = said(world.sweep).values()
    assert (one.count, len(one.messages), one.messages[0]) == (200, 20, "l000")


def test_what_a_policy_quotes_of_a_secret_is_masked() -> None:
    world = World()
    quoting = 'package q\n\nviolation[{"msg": msg}] { msg := sprintf("it is %v", [input.review.object.stringData.key]) }'
    world.tell(manifest("Namespace", "a"), template(quoting), constraint())
    world.put({**manifest("Secret", "s", namespace="a"), "stringData": {"key": "correct-horse-battery"}})
    world.passes()
    ((one,),) = said(world.sweep).values()
    assert one.count == 1
    assert "horse" not in repr(one)


def test_the_part_of_a_policy_is_replaced() -> None:
    other = PolicyKey("Other", "o")
    before = (finding("old", policy=other), finding("old"))
    now = (finding("new"),)
    assert merge_findings(before, frozenset({KEY}), now) == (finding("old", policy=other), finding("new"))
    assert merge_findings(before, frozenset({KEY}), ()) == (finding("old", policy=other),)
    assert merge_findings((), frozenset({KEY}), now) == now


def test_a_mark_names_the_verdict_and_not_its_words() -> None:
    assert verdict_mark((finding("x"),)) == verdict_mark((finding("y", "z"),)) != 0
    assert verdict_mark((finding("x", actions=("warn",)),)) != verdict_mark((finding("x"),))
    assert verdict_mark((finding("x", outcome="unknown", actions=()),)) == verdict_mark(()) == 0


def test_what_was_told_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    told = {named("p"): 2**64 - 1, named("n", ""): 7}
    write_memory(str(path), told.items())
    assert read_memory(str(path)) == told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"v":2,"told":[]}',
        '{"v":1,"told":{}}',
        '{"v":1,"told":[["","v1","Pod","a","p"]]}',
        '{"v":1,"told":[["","v1","Pod","a",1,1]]}',
        '{"v":1,"told":[["","v1","Pod","a","p","1"]]}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_wrong_tells_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sweep.json"
    path.write_text(text)
    assert read_memory(str(path)) == {}
    assert read_memory(str(tmp_path / "absent")) == {}
