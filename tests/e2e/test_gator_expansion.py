"""Expansion beside the real gator: what is implied, what is said of it, and by which action."""

import json
import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from lockgate.gatekeeper.suite_report import render_report
from lockgate.gatekeeper.suite_run import run_suites

from tests.e2e.programs import run_program
from tests.gatekeeper.expansion_cases import CONTAINERS, CRON, EXPANSION_CASES, expansion_template, workload
from tests.gatekeeper.workbench import DUMP_REVIEW, Json, SuiteFolder, constraint, manifest, template
from tests.webhook.helpers import run_lockgate

pytestmark = pytest.mark.e2e

GENERATED = {"match": {"source": "Generated"}}


def test_what_is_implied(tmp_path: Path) -> None:
    """The whole review of each implied object, or the error."""
    suite = SuiteFolder(tmp_path)
    for number, case in enumerate(EXPANSION_CASES):
        file = suite.file(f"expansion-{number}.yaml", case.templates)
        # It fails, so that what was found is told.
        assertion = {"violations": 99}
        suite.test(
            case.name,
            template(DUMP_REVIEW),
            constraint(GENERATED),
            [(case.parent, (), [assertion])],
            expansion=file,
        )
    path = suite.write()
    theirs = run_program("gator", "verify", path.name, cwd=tmp_path).stdout
    with chdir(tmp_path):
        ours = render_report(run_suites([path.name]))
    for case in EXPANSION_CASES:
        said, wanted = (_of(text, case.name) for text in (ours, theirs))
        if case.error:
            assert case.error in said and case.error in wanted, (case.name, said, wanted)
        else:
            assert _messages(said) == _messages(wanted), case.name
            assert len(_messages(said)) == len(case.implied)


def _of(text: str, name: str) -> str:
    """What is said of the one case of a test: it stands before the test's own line."""
    before = text.split(f"--- FAIL: {name}\t")[0]
    return before.rsplit("--- FAIL: 0\t", 1)[1]


def _messages(text: str) -> list[str]:
    found = re.search(r"got messages \[(.*)\]", text)
    assert found is not None, text
    return sorted(re.findall(r"\[Implied by [^\]]*\] \{.*?\}(?= \[Implied|$)", found[1]))


LABELS = 'package probe\n\nviolation[{"msg": msg}] { not input.review.object.metadata.labels.a; msg := sprintf("%v has no label", [input.review.object.kind]) }'
ACTIONS = ("deny", "warn", "dryrun")


def policies(action: str, override: str, spec: Json) -> list[Json]:
    more = {"enforcementAction": override} if override else {}
    expansions = [expansion_template(**more), *CRON]
    return [template(LABELS), constraint({"enforcementAction": action, **spec}), *expansions]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("override", ["", *ACTIONS])
@pytest.mark.parametrize(
    "spec",
    [
        {},
        GENERATED,
        {"match": {"source": "Original"}},
        {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}},
        {"match": {"namespaces": ["shop"]}},
        {"match": {"scope": "Namespaced"}},
        {"match": {"namespaceSelector": {"matchLabels": {"x": "y"}}}},
        {"match": {"name": "web-pod"}},
    ],
    ids=json.dumps,
)
def test_actions(tmp_path: Path, action: str, override: str, spec: Json) -> None:
    objects: list[Json] = [
        workload({"metadata": {"labels": {"b": "c"}}, "spec": CONTAINERS}, name="web", namespace="shop"),
        workload({"spec": CONTAINERS}, name="api", namespace="other"),
        {
            **manifest("CronJob", "tick", group="batch/v1", namespace="shop"),
            "spec": {"jobTemplate": {"spec": {"template": {"spec": CONTAINERS}}}},
        },
        manifest("Namespace", "shop", labels={"x": "y", "a": "b"}),
        manifest("Namespace", "other", labels={"a": "b"}),
    ]
    for name, values in (("policies", policies(action, override, spec)), ("deploy", objects)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "all.yaml").write_text("\n---\n".join(map(json.dumps, values)))
    done = run_program("gator", "test", "-f", "policies", "-f", "deploy", "-o", "json", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    theirs = [
        (one["violatingObject"]["metadata"]["name"], one["msg"], one["enforcementAction"])
        for one in json.loads(done.stdout) or []
        # gator judges the policies too.
        if one["violatingObject"]["kind"] in ("Deployment", "CronJob", "Namespace")
    ]
    ran = run_lockgate("check", "-p", "policies", "--format", "json", "deploy", cwd=tmp_path)
    report: Any = json.loads(ran.out)
    ours = [
        (one["resource"]["name"], one["message"], action)
        for one in report["violations"]
        for action in one["actions"]
    ]
    assert sorted(ours) == sorted(theirs)
    assert report["errors"] == [] and report["notEvaluated"] == []
