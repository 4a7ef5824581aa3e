"""The formats of test reports: parsed back, valid, and every outcome told apart from a pass."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element, fromstring

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.cli import run
from lockgate.webhook.render_junit import render_junit
from lockgate.webhook.render_tap import render_tap
from lockgate.webhook.report import FailOn, JudgedObject, Report, Resource, make_report
from lockgate.webhook.report_cases import report_cases

from tests.webhook.reports import RESOURCE, full_report, hostile_report, make_finding
from tests.webhook.test_render import HOSTILE

DENY: Final[frozenset[FailOn]] = frozenset({"deny"})
ALL: Final[frozenset[FailOn]] = frozenset({"deny", "warn", "not-evaluated"})
EMPTY: Final = make_report(0, 0, [], [], [], [], [])

# junit-10.xsd of Jenkins' xUnit plugin: element → attributes (required ones with !), elements inside
SCHEMA: Final[Mapping[str, tuple[str, str]]] = {
    "testsuites": ("name time tests failures disabled errors", "testsuite"),
    "testsuite": (
        "name! tests! failures errors time disabled skipped skips timestamp hostname id package",
        "properties testcase system-out system-err",
    ),
    "testcase": (
        "name! assertions time classname status class file line score",
        "skipped error failure system-out system-err",
    ),
    "failure": ("type message", ""),
    "error": ("type message", ""),
    "skipped": ("type message", ""),
    "system-out": ("", ""),
}


def check_schema(element: Element) -> None:
    attributes, children = (part.split() for part in SCHEMA[element.tag])
    assert set(element.keys()) <= {one.rstrip("!") for one in attributes}
    assert {one[:-1] for one in attributes if one.endswith("!")} <= set(element.keys())
    for child in element:
        assert child.tag in children
        check_schema(child)
    if element.tag in ("testsuites", "testsuite"):
        cases = list(element.iter("testcase"))
        assert int(element.get("tests", "")) == len(cases)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if element.get(name) is not None:
                assert int(element.get(name, "")) == len(list(element.iter(tag)))
    if element.tag == "testcase":
        assert len(element) <= 1


def outcomes(text: str) -> dict[str, str]:
    """Each case's name with what is in it."""
    root = fromstring(text)
    check_schema(root)
    return {
        f"{case.get('classname')}: {case.get('name')}": "".join([child.tag for child in case]) or "passed"
        for case in root.iter("testcase")
    }


POINT = re.compile(r"(not )?ok (\d+) - ((?:[^#\\]|\\.)*?)(?: # (SKIP) (.*))?")


def points(text: str) -> list[tuple[bool, str, str | None, Any]]:
    """The test points of a TAP 14 document: ok, description, directive, diagnostic."""
    lines = text.split("\n")
    assert lines[0] == "TAP version 14"
    assert lines.pop() == ""
    plan = re.fullmatch(r"1\.\.(\d+)( # SKIP .*)?", lines[1])
    assert plan is not None
    found: list[tuple[bool, str, str | None, Any]] = []
    rest = lines[2:]
    while rest:
        line = rest.pop(0)
        if line.startswith("# "):
            continue
        match = POINT.fullmatch(line)
        assert match is not None, line
        assert int(match[2]) == len(found) + 1
        diagnostic = None
        if rest and rest[0] == "  ---":
            end = rest.index("  ...")
            diagnostic = yaml.safe_load("\n".join(rest[1:end]))
            rest = rest[end + 1 :]
        found.append((match[1] is None, re.sub(r"\\(.)", r"\1", match[3]), match[4], diagnostic))
    assert len(found) == int(plan[1])
    assert found or plan[2]
    return found


def judged_report() -> Report:
    """The full report, with an object that is clean beside those of which something is said."""
    report = full_report()
    clean = Resource("v1", "ConfigMap", "shop", "clean")
    objects = [JudgedObject("deploy/web.yaml", 10, RESOURCE), JudgedObject("deploy/web.yaml", 40, clean)]
    return make_report(
        report.documents,
        report.files,
        list(report.findings),
        list(report.errors),
        list(report.skipped),
        list(report.not_evaluated),
        list(report.notices),
        objects,
    )


def test_every_outcome_is_told_apart() -> None:
    found = outcomes(render_junit(judged_report(), DENY))
    assert found["deploy/web.yaml: ConfigMap shop/clean"] == "passed"
    assert found["deploy/web.yaml: Deployment shop/web: LockgateImmutableImages/pinned"] == "failure"
    assert found["deploy/web.yaml: Deployment shop/web: LockgateImmutableImages/trial"] == "system-out"
    assert found["broken.yaml: line 4, column 2: not judged"] == "error"
    assert sorted(set(found.values())) == ["error", "failure", "passed", "skipped", "system-out"]
    tap = {
        told: (ok, directive, more) for ok, told, directive, more in points(render_tap(judged_report(), DENY))
    }
    assert len(tap) == len(found)
    assert tap["deploy/web.yaml: ConfigMap shop/clean"] == (True, None, None)
    assert tap["broken.yaml: line 4, column 2: not judged"][2]["outcome"] == "error"
    skipped = [more["outcome"] for _, directive, more in tap.values() if directive]
    assert sorted(set(skipped)) == ["not evaluated", "skipped"]


@pytest.mark.parametrize("fail_on", [DENY, ALL])
def test_what_fails_is_what_the_exit_code_counts(fail_on: frozenset[FailOn]) -> None:
    report = judged_report()
    outcomes_of = {case.outcome for case in report_cases(report, fail_on)}
    assert ("not evaluated" in outcomes_of) == ("not-evaluated" not in fail_on)
    ok = all(point[0] for point in points(render_tap(report, fail_on)))
    assert ok == (report.exit_code(fail_on) == 0)


def test_a_warning_fails_where_it_is_asked_for() -> None:
    report = make_report(1, 1, [make_finding(actions=("warn",))], [], [], [], [])
    for fail_on, tag in ((DENY, "system-out"), (ALL, "failure")):
        assert list(outcomes(render_junit(report, fail_on)).values()) == [tag]
        (point,) = points(render_tap(report, fail_on))
        assert point[0] == (tag == "system-out")
        assert point[3]["kind"] == "warn"


def test_nothing_to_judge() -> None:
    assert outcomes(render_junit(EMPTY, DENY)) == {}
    assert points(render_tap(EMPTY, DENY)) == []


def test_an_object_on_which_a_policy_failed_has_not_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policy.yaml").write_text(FAILING)
    (tmp_path / "app.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"
    )
    for chosen in ("junit", "tap"):
        code = run(["check", "-p", f"{tmp_path}/policy.yaml", "--format", chosen, f"{tmp_path}/app.yaml"])
        assert code == 2
        text = capsys.readouterr().out
        if chosen == "junit":
            assert sorted(outcomes(text).values()) == ["error", "passed"]
        else:
            assert [point[0] for point in points(text)] == [False, True]


FAILING = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8sno}
spec:
  crd: {spec: {names: {kind: K8sNo}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8sno
      x = 1 { true }
      x = 2 { input.review.object.kind == "Pod" }
      violation[{"msg": "no"}] { x == 2 }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sNo
metadata: {name: never}
"""


@given(HOSTILE)
def test_hostile_text_stays_where_it_is(text: str) -> None:
    report = hostile_report(text)
    assert len(outcomes(render_junit(report, DENY))) == len(points(render_tap(report, DENY)))


@given(st.text(min_size=1, max_size=20))
def test_any_text_is_xml_and_tap(text: str) -> None:
    report = make_report(1, 1, [make_finding(message=text, file=text, fix=text)], [], [], [], [text])
    assert list(outcomes(render_junit(report, DENY)).values()) == ["failure"]
    assert [point[0] for point in points(render_tap(report, DENY))] == [False]


def test_the_message_is_read_back() -> None:
    message = 'a "quoted" <b> & \\ # c\nwith\ttwo lines \x1b[31m'
    report = make_report(1, 1, [make_finding(message=message)], [], [], [], [])
    shown = 'a "quoted" <b> & \\ # c\nwith\\x09two lines \\x1b[31m'
    (failure,) = fromstring(render_junit(report, DENY)).iter("failure")
    assert failure.get("message") == shown.replace("\n", " ")
    assert shown in (failure.text or "")
    ((_, _, _, diagnostic),) = points(render_tap(report, DENY))
    assert diagnostic["message"] == shown
