"""What objects imply, and which templates are refused."""

from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.errors import InputError
from lockgate.gatekeeper.expansion import MAX_IMPLIED, Expansion, load_expansion
from lockgate.gatekeeper.suite_report import render_report
from lockgate.gatekeeper.suite_run import run_suites

from tests.gatekeeper.expansion_cases import (
    CONTAINERS,
    CRON,
    EXPANSION_CASES,
    JOB,
    POD,
    ExpansionCase,
    applies,
    expansion_template,
    workload,
)
from tests.gatekeeper.workbench import Json, SuiteFolder, constraint, document, manifest, template


def load(*templates: Json) -> Expansion:
    expansion, errors = load_expansion([document(value) for value in templates])
    assert not errors, errors
    return expansion


@pytest.mark.parametrize("case", EXPANSION_CASES, ids=lambda case: case.name)
def test_what_is_implied(case: ExpansionCase) -> None:
    expansion, namespace = load(*case.templates), case.parent["metadata"].get("namespace", "")
    if case.error:
        with pytest.raises(InputError, match=case.error):
            expansion.expand(case.parent, namespace)
        return
    found = expansion.expand(case.parent, namespace)
    shown = [(f"{one.value['apiVersion']}/{one.value['kind']}", one.value["metadata"]) for one in found]
    assert shown == list(case.implied)


def test_places_lead_to_the_parent() -> None:
    parent = {
        **manifest("CronJob", "tick", group="batch/v1"),
        "spec": {"jobTemplate": {"spec": {"template": {"spec": CONTAINERS}}}},
    }
    paths = [one.path for one in load(*CRON).expand(parent, None)]
    assert paths == [
        ("spec", "jobTemplate"),
        ("spec", "jobTemplate", "spec", "template"),
    ]


def test_a_namespace_that_nobody_knows_stays_that_of_the_template() -> None:
    (one,) = load(expansion_template()).expand(workload({"metadata": {"namespace": "other"}}), None)
    assert one.value["metadata"]["namespace"] == "other"  # type: ignore[index,call-overload]


def test_the_parent_is_not_changed() -> None:
    parent = workload({"metadata": {"labels": {"a": "b"}}, "spec": CONTAINERS})
    before = repr(parent)
    load(expansion_template()).expand(parent, "shop")
    assert repr(parent) == before


SETS = expansion_template(
    applyTo=applies("jobset.x-k8s.io", "JobSet", "v1alpha2"),
    templateSource="spec.replicatedJobs[*].template.spec.template",
)


def job_set(jobs: Any) -> Json:
    return {**manifest("JobSet", "train", group="jobset.x-k8s.io/v1alpha2"), "spec": {"replicatedJobs": jobs}}


def test_each_element_of_a_list() -> None:
    jobs: Any = [{"template": {"spec": {"template": {"spec": {"containers": []}}}}} for _ in range(2)]
    found = load(SETS).expand(job_set(jobs), "shop")
    assert [(one.value["metadata"]["name"], one.path) for one in found] == [  # type: ignore[index,call-overload]
        (f"train-pod-{index}", ("spec", "replicatedJobs", index, "template", "spec", "template"))
        for index in range(2)
    ]
    assert load(SETS).expand(job_set([]), "shop") == []


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ({}, "replicatedJobs is no list"),
        (None, "replicatedJobs is no list"),
        (["text"], r"replicatedJobs\[0\] is no object"),
        ([{}], "could not find source field"),
        (
            [{"template": {"spec": {"template": []}}}],
            r"replicatedJobs\[0\]\.template\.spec\.template is no object",
        ),
    ],
)
def test_lists_that_do_not_lead_anywhere(jobs: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(SETS).expand(job_set(jobs), "shop")


def test_an_object_does_not_imply_without_end() -> None:
    jobs: Any = [{"template": {"spec": {"template": {}}}}] * (MAX_IMPLIED + 1)
    with pytest.raises(InputError, match="implies more than"):
        load(SETS).expand(job_set(jobs), "shop")
    # Each of these doubles what is there.
    chain = [
        expansion_template(
            f"t{step}{side}", applyTo=applies("x", f"K{step}"), generatedGVK=kind, templateSource="s"
        )
        for step in range(40)
        for side in "ab"
        for kind in [{"group": "x", "version": "v1", "kind": f"K{step + 1}"}]
    ]
    value: Json = {}
    for _ in range(40):
        value = {"s": value}
    with pytest.raises(InputError, match=r"implies more than|recursion depth of 30"):
        load(*chain).expand({**manifest("K0", "a", group="x/v1"), **value}, "shop")
    with pytest.raises(InputError, match="maximum recursion depth of 30 reached"):
        load(*chain[::2]).expand({**manifest("K0", "a", group="x/v1"), **value}, "shop")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (expansion_template(""), "empty name field"),
        (expansion_template("a" * 64), "less than 64 characters"),
        (expansion_template(templateSource=""), "empty source field"),
        (expansion_template(templateSource="spec..template"), "has an empty name"),
        (expansion_template(templateSource="spec.[*]"), "has an empty name"),
        (expansion_template(templateSource=["spec"]), "must be a string"),
        (expansion_template(generatedGVK={}), "empty generatedGVK field"),
        (expansion_template(generatedGVK={"kind": "Pod"}), "needs a version and a kind"),
        (expansion_template(applyTo=[]), "must specify ApplyTo"),
        (expansion_template(applyTo=applies("", "Pod")), "also applies to that same kind"),
        (
            expansion_template(applyTo=[{"groups": ["a"] * 1001, "versions": ["v"], "kinds": ["k"]}]),
            "more than 1000",
        ),
        (expansion_template(enforcementAction="scoped"), "unrecognized enforcementAction: 'scoped'"),
        (expansion_template(enforcementAction="denied"), "unrecognized enforcementAction: 'denied'"),
    ],
)
def test_templates_that_are_wrong(value: Json, message: str) -> None:
    _, errors = load_expansion([document(value)])
    (error,) = errors
    assert message in error.message and error.location is not None


def test_a_name_of_63_characters() -> None:
    assert load(expansion_template("a" * 63)).templates


def test_circles_are_refused_with_their_members() -> None:
    circle = [
        expansion_template("a", applyTo=applies("", "Pod"), generatedGVK=JOB),
        expansion_template("b", applyTo=applies("batch", "Job"), generatedGVK=POD),
    ]
    beside = expansion_template("c")
    _, errors = load_expansion(list(map(document, [*circle, beside])))
    assert [error.message for error in errors] == ["template forms expansion cycle: a, b"] * 2
    assert load(circle[1], beside).templates


def test_two_of_one_name() -> None:
    _, errors = load_expansion([document(expansion_template())] * 2)
    assert len(errors) == 1 and "defined twice" in errors[0].message


def test_suites(tmp_path: Path) -> None:
    generated = {"match": {"source": "Generated"}}
    suite = SuiteFolder(tmp_path)
    good = suite.file("good.yaml", [expansion_template()])
    pods = workload({"spec": CONTAINERS})
    prefixed = [{"violations": 1, "message": r"^\[Implied by expand\] hit$"}]
    suite.test("implied", template(), constraint(generated), [(pods, (), prefixed)], expansion=good)
    both: list[Json] = [{"violations": 2}, {"violations": 1, "message": "^hit$"}]
    suite.test("parent too", template(), constraint({}), [(pods, (), both)], expansion=good)
    suite.test(
        "no match", template(), constraint(generated), [(manifest(), (), [{"violations": 0}])], expansion=good
    )
    assert not (report := run_suites([str(suite.write())])).failed, render_report(report)
    broken = workload("text")
    wrong = suite.file("wrong.yaml", [expansion_template(templateSource="")])
    for name, file, value in (("a", "absent.yaml", pods), ("b", wrong, pods), ("c", good, broken)):
        suite.test(name, template(), constraint({}), [(value, (), prefixed)], expansion=file)
    suite.test(
        "d", template(), constraint({}), [(pods, (), prefixed)], expansion=suite.file("e.yaml", [manifest()])
    )
    assert run_suites([str(suite.write())]).count("failed") == 4
