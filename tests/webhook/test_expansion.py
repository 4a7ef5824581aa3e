"""Expansion in `check`: what is implied is judged with its parent, at its place in the parent's file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.gatekeeper.expansion_cases import expansion_template
from tests.gatekeeper.test_sync import config
from tests.gatekeeper.workbench import Json, constraint, template
from tests.webhook.helpers import run_lockgate
from tests.webhook.test_check_exemptions import exemption
from tests.webhook.test_inventory import write

IMAGES = """package probe

violation[{"msg": msg, "details": {"path": ["spec", "containers", i, "image"], "fix": "use a digest"}}] {
  image := input.review.object.spec.containers[i].image
  msg := sprintf("%v of %v", [image, input.review.name])
}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    metadata:
      labels: {a: b}
    spec:
      containers:
      - name: c
        image: registry/app:1
"""
PODS = {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}}


def check(folder: Path, *arguments: str) -> Any:
    ran = run_lockgate("check", "-p", "policies", "--format", "json", *arguments, "deploy", cwd=folder)
    assert "Traceback" not in ran.err
    return json.loads(ran.out)


def tree(folder: Path, *policies: Json, spec: Json | None = None, manifest: str = DEPLOYMENT) -> Path:
    write(
        folder / "policies" / "all.yaml",
        template(IMAGES),
        constraint(PODS if spec is None else spec),
        *policies,
    )
    (folder / "deploy").mkdir()
    (folder / "deploy" / "all.yaml").write_text(manifest)
    return folder


def test_places_lead_into_the_parents_file(tmp_path: Path) -> None:
    (found,) = check(tree(tmp_path, expansion_template("pods")))["violations"]
    assert found["message"] == "[Implied by pods] registry/app:1 of web-pod"
    assert (found["line"], found["column"], found["exact"]) == (12, 16, True)
    assert found["path"] == ["spec", "template", "spec", "containers", 0, "image"]
    assert found["resource"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "default",
        "name": "web",
    }
    assert (found["actions"], found["fix"]) == (["deny"], "use a digest")


def test_without_a_template_nothing_is_implied(tmp_path: Path) -> None:
    assert check(tree(tmp_path))["violations"] == []


@pytest.mark.parametrize(("action", "denied", "warned", "dryrun"), [("warn", 0, 1, 0), ("dryrun", 0, 0, 1)])
def test_the_templates_action_counts(
    tmp_path: Path, action: str, denied: int, warned: int, dryrun: int
) -> None:
    summary = check(tree(tmp_path, expansion_template(enforcementAction=action)))["summary"]
    assert (summary["denied"], summary["warned"], summary["dryrun"]) == (denied, warned, dryrun)


def test_what_the_api_server_would_add_is_no_place(tmp_path: Path) -> None:
    rego = 'package probe\n\nviolation[{"msg": "x", "details": {"path": ["metadata", "name"]}}] { true }'
    folder = tree(tmp_path, expansion_template())
    write(folder / "policies" / "all.yaml", template(rego), constraint(PODS), expansion_template())
    (found,) = check(folder)["violations"]
    assert (found["line"], found["exact"]) == (8, False)


def test_what_cannot_be_expanded_is_an_error(tmp_path: Path) -> None:
    made = check(tree(tmp_path, expansion_template("pods", templateSource="spec.podTemplate")))
    assert made["summary"]["errors"] == 1
    message = made["errors"][0]["message"]
    assert "ExpansionTemplate/pods could not be evaluated on Deployment default/web" in message
    assert (
        'unable to expand object: could not find source field "spec.podTemplate" in resource web' in message
    )


def test_a_failure_names_what_implied_it(tmp_path: Path) -> None:
    rego = 'package probe\n\nviolation[{"msg": "x"}] { p == 1 }\np = 1 { true }\np = 2 { true }'
    folder = tree(tmp_path, expansion_template())
    write(folder / "policies" / "all.yaml", template(rego), constraint(PODS), expansion_template("pods"))
    (error,) = check(folder)["errors"]
    assert "[Implied by pods] " in error["message"] and "Deployment default/web" in error["message"]


def test_excluded_namespaces_imply_nothing(tmp_path: Path) -> None:
    excluded = config({"match": [{"processes": ["webhook"], "excludedNamespaces": ["default"]}]})
    assert check(tree(tmp_path, expansion_template(), excluded))["violations"] == []


def test_a_generated_object_has_no_user(tmp_path: Path) -> None:
    """Gatekeeper shows none, so nothing is unknown there."""
    folder = tree(tmp_path, expansion_template())
    rego = 'package probe\n\nviolation[{"msg": "x"}] { not input.review.userInfo.username }'
    write(folder / "policies" / "all.yaml", template(rego), constraint(PODS), expansion_template("pods"))
    made = check(folder)
    assert [found["message"] for found in made["violations"]] == ["[Implied by pods] x"]
    assert made["notEvaluated"] == []


def test_an_exemption_of_the_parent_holds(tmp_path: Path) -> None:
    folder = tree(tmp_path, expansion_template())
    made = json.loads(exemption("e", match={"name": "web"}))
    made["spec"]["policies"] = [{"kind": "Probe", "name": "probe"}]
    write(folder / "exemptions" / "e.yaml", made)
    assert check(folder, "--exemptions", "exemptions")["violations"] == []


def test_explain_tells_of_what_is_implied(tmp_path: Path) -> None:
    folder = tree(tmp_path, expansion_template())
    ran = run_lockgate("explain", "-p", "policies", "deploy/all.yaml", cwd=folder)
    assert "Pod default/web-pod" in ran.out and "registry/app:1 of web-pod" in ran.out


def test_mutators_are_not_evaluated_by_name(tmp_path: Path) -> None:
    mutator = {
        "apiVersion": "mutations.gatekeeper.sh/v1",
        "kind": "Assign",
        "metadata": {"name": "pull-always"},
        "spec": {"match": {"source": "Generated"}},
    }
    (found,) = check(tree(tmp_path, expansion_template(), mutator))["notEvaluated"]
    assert (found["policy"], found["constraint"]) == ("Assign", "pull-always")
    assert "mutation" in found["needs"]


def test_templates_that_are_wrong_end_the_check(tmp_path: Path) -> None:
    folder = tree(tmp_path, expansion_template("pods", generatedGVK={}))
    ran = run_lockgate("check", "-p", "policies", "deploy", cwd=folder)
    assert ran.code == 2 and ran.out == ""
    assert "empty generatedGVK field" in ran.err and "policies/all.yaml:" in ran.err
