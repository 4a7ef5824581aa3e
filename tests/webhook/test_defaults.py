"""`lockgate check` judges objects as the API server would have them: with their defaults, unless told not to."""

import json
from pathlib import Path
from typing import Any

import pytest
from lockgate.webhook.cli import run

from tests.webhook.test_check_base import git

TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: seen}
spec:
  crd: {spec: {names: {kind: Seen}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package seen
      violation[{"msg": msg, "details": {"path": ["spec", "template", "spec", "containers", 0, "imagePullPolicy"]}}] {
        container := input.review.object.spec.template.spec.containers[_]
        msg := sprintf("pulled %v", [object.get(container, "imagePullPolicy", "as it comes")])
      }
      violation[{"msg": msg}] {
        input.review.object.kind == "Job"
        msg := sprintf("tried again %v times", [object.get(input.review.object.spec, "backoffLimit", "some")])
      }
      violation[{"msg": msg}] {
        msg := sprintf("replicas were %v", [input.review.oldObject.spec.replicas])
      }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Seen
metadata: {name: seen}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - name: app
        image: nginx
"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec: {backoffLimitPerIndex: 1, template: {spec: {containers: [{name: a, image: "nginx:1"}]}}}
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(TEMPLATE)
    Path("deploy.yaml").write_text(DEPLOYMENT)
    Path("job.yaml").write_text(JOB)


def findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    run(["check", "-p", "policy.yaml", "--format", "json", "--no-cache", *arguments])
    made: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["violations"]
    return made


def messages(found: list[dict[str, Any]]) -> list[str]:
    return sorted([one["message"] for one in found])


def test_policies_see_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = findings(capsys, "deploy.yaml")
    assert found["message"] == "pulled Always"
    # The field is not in the file: the container is shown.
    assert found["exact"] is False
    assert found["line"] == 10


def test_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert messages(findings(capsys, "--no-defaults", "deploy.yaml")) == ["pulled as it comes"]


def test_numbers_are_as_gatekeeper_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert messages(findings(capsys, "job.yaml")) == [
        "pulled IfNotPresent",
        "tried again 2.147483647e+09 times",
    ]


@pytest.mark.parametrize(("option", "shown"), [((), "Always"), (("--no-defaults",), "as it comes")])
def test_an_explanation_sees_the_same(
    option: tuple[str, ...], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", "-p", "policy.yaml", *option, "deploy.yaml"]) == 0
    assert f"pulled {shown}" in capsys.readouterr().out


SUITE = """\
apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
tests:
- name: as it is written
  template: policy.yaml
  constraint: constraint.yaml
  cases:
  - name: no defaults
    object: deploy.yaml
    assertions: [{violations: 1, message: pulled as it comes}]
"""


def test_suites_see_objects_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    template, constraint = TEMPLATE.split("---\n")
    Path("policy.yaml").write_text(template)
    Path("constraint.yaml").write_text(constraint)
    Path("suite.yaml").write_text(SUITE)
    assert run(["verify", "suite.yaml"]) == 0, capsys.readouterr()


def test_the_former_state_has_defaults_too(capsys: pytest.CaptureFixture[str]) -> None:
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "base")
    Path("deploy.yaml").write_text(DEPLOYMENT.replace("image: nginx", "image: nginx:1"))
    git("commit", "-qam", "change")
    told = messages(findings(capsys, "--base", "HEAD~1", "deploy.yaml"))
    assert told == ["pulled IfNotPresent", "replicas were 1"]
