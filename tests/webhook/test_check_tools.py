"""`lockgate check` over documents of tools: judged by constraints that name their group, skipped otherwise."""

import subprocess
from pathlib import Path

import pytest

from tests.webhook.helpers import run_lockgate
from tests.webhook.test_check import TEMPLATE, as_json, check, constraint

PIPELINES = "{kinds: [{apiGroups: [documents.lockgate.dev], kinds: [KubeflowPipeline]}]}"
RULE = TEMPLATE.replace("neededlabels", "images").replace("NeededLabels", "Images")
RULE = (
    RULE[: RULE.index("      violation")]
    + """\
      violation[{"msg": "no digest", "details": {"path": path}}] {
        image := input.review.object.spec.deploymentSpec.executors[name].container.image
        not contains(image, "@")
        path := ["spec", "deploymentSpec", "executors", name, "container", "image"]
      }
"""
)
PIPELINE = "pipelineInfo: {name: p}\ndeploymentSpec:\n  executors:\n    exec-a:\n      container: {image: python:3.11}\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A compiled pipeline, a kustomization and a Kptfile, and a rule on images of pipelines."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "template.yaml").write_text(RULE)
    files = tmp_path / "files"
    files.mkdir()
    (files / "pipeline.yaml").write_text(PIPELINE)
    (files / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    (files / "Kptfile").write_text("apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {name: p}\n")
    (files / "MLmodel").write_text("flavors: {sklearn: {}}\n")
    return tmp_path


def constrain(tree: Path, match: str) -> None:
    text = constraint(match=match).replace("NeededLabels", "Images")
    (tree / "policies" / "constraint.yaml").write_text(text)


def test_a_pipeline_is_judged_where_its_group_is_named(tree: Path) -> None:
    constrain(tree, PIPELINES)
    made, code = as_json(tree, "files")
    assert code == 1
    (found,) = made["violations"]
    place = {name: found[name] for name in ("file", "line", "column", "endLine", "endColumn", "exact")}
    assert place == {
        "file": "files/pipeline.yaml",
        "line": 5,
        "column": 26,
        "endLine": 5,
        "endColumn": 37,
        "exact": True,
    }
    assert found["path"] == ["spec", "deploymentSpec", "executors", "exec-a", "container", "image"]
    assert found["resource"] == {
        "apiVersion": "documents.lockgate.dev/v1alpha1",
        "kind": "KubeflowPipeline",
        "namespace": "",
        "name": "p",
    }
    assert made["summary"]["documents"] == 1
    assert [one["file"] for one in made["skipped"]] == [
        "files/Kptfile",
        "files/MLmodel",
        "files/kustomization.yaml",
    ]


@pytest.mark.parametrize(
    "match",
    [
        "{}",
        '{kinds: [{apiGroups: ["*"], kinds: ["*"]}]}',
        '{kinds: [{apiGroups: ["*"], kinds: [KubeflowPipeline, Kustomization]}]}',
        "{kinds: [{kinds: [KubeflowPipeline]}]}",
        '{kinds: [{apiGroups: [apps], kinds: ["*"]}]}',
        "{kinds: [{apiGroups: [documents.lockgate.dev], kinds: [GrafanaDashboard]}]}",
    ],
)
def test_no_other_constraint_gets_it(tree: Path, match: str) -> None:
    constrain(tree, match)
    made, code = as_json(tree, "files")
    assert (code, made["violations"], made["summary"]["documents"]) == (0, [], 0)
    (skipped,) = [one for one in made["skipped"] if one["file"] == "files/pipeline.yaml"]
    assert skipped["reason"] == "a compiled Kubeflow pipeline (IR)"
    assert skipped["hint"] == "judged by constraints that name documents.lockgate.dev KubeflowPipeline"


def test_a_constraint_for_everything_beside_one_that_names_the_group(tree: Path) -> None:
    constrain(tree, PIPELINES)
    everything = constraint("all").replace("NeededLabels", "Images")
    (tree / "policies" / "all.yaml").write_text(everything)
    made, _ = as_json(tree, "files")
    assert [one["constraint"] for one in made["violations"]] == ["owner"]
    told = run_lockgate("explain", "-p", "policies", "files/pipeline.yaml", cwd=tree).out
    assert "is not among match.kinds" in told


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("kustomize.config.k8s.io", "Kustomization"),
        ("kpt.dev", "Kptfile"),
        ("documents.lockgate.dev", "MLmodel"),
    ],
)
def test_files_of_other_tools_are_judged_where_their_group_is_named(
    tree: Path, group: str, kind: str
) -> None:
    constrain(tree, f"{{kinds: [{{apiGroups: [{group}], kinds: ['*']}}]}}")
    made, _ = as_json(tree, "files", "--exclude", "pipeline.yaml")
    assert made["summary"]["documents"] == 1
    assert made["errors"] == []
    assert kind not in [Path(one["file"]).name for one in made["skipped"]]


def test_a_webhooks_configuration_does_not_hide_it(tree: Path) -> None:
    constrain(tree, PIPELINES)
    (tree / "policies" / "webhook.yaml").write_text(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: g}\n"
        "webhooks:\n- name: validation.gatekeeper.sh\n  rules:\n"
        "  - {operations: ['*'], apiGroups: [''], apiVersions: ['*'], resources: [pods]}\n"
    )
    ran = check(tree, "-p", "policies", "files/pipeline.yaml")
    assert ran.code == 1, ran.out
    assert "no digest" in ran.out


def test_what_an_unchanged_file_says_is_its_own_former_state(tree: Path) -> None:
    """With a base the pipeline of an unchanged file is an update that changes nothing."""
    constrain(tree, PIPELINES)
    text = (tree / "policies" / "template.yaml").read_text()
    text = text.replace(
        "        not contains", '        input.review.operation == "CREATE"\n        not contains'
    )
    (tree / "policies" / "template.yaml").write_text(text)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], cwd=tree, check=True)
    subprocess.run([*git, "add", "."], cwd=tree, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "base"], cwd=tree, check=True)
    assert check(tree, "-p", "policies", "files", "--base", "HEAD").code == 0
    changed = PIPELINE.replace("3.11", "3.12")
    (tree / "files" / "pipeline.yaml").write_text(changed)
    assert check(tree, "-p", "policies", "files", "--base", "HEAD").code == 0
    (tree / "files" / "pipeline.yaml").write_text(changed.replace("name: p", "name: q"))
    assert check(tree, "-p", "policies", "files", "--base", "HEAD").code == 1
