"""`lockgate check` as its users run it: a process, its output and its exit code."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lockgate.webhook.version import VERSION

from tests.shared_folder import ROOT
from tests.webhook.helpers import Ran, run_lockgate

TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: neededlabels}
spec:
  crd:
    spec:
      names: {kind: NeededLabels}
      validation:
        openAPIV3Schema:
          type: object
          properties:
            labels: {type: array, items: {type: string}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package neededlabels
      violation[{"msg": msg, "details": {"path": ["metadata", "labels"], "fix": fix}}] {
        wanted := input.parameters.labels[_]
        not input.review.object.metadata.labels[wanted]
        msg := sprintf("label %v is missing", [wanted])
        fix := sprintf("add the label %v", [wanted])
      }
"""


def constraint(name: str = "owner", action: str = "deny", match: str = "{}") -> str:
    return (
        "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: NeededLabels\n"
        f"metadata: {{name: {name}}}\nspec:\n  enforcementAction: {action}\n  match: {match}\n"
        "  parameters: {labels: [owner]}\n"
    )


BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    x: y\n"
GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, labels: {owner: me}}\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with policies and two manifests, one of them bad."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "template.yaml").write_text(TEMPLATE)
    (policies / "constraint.yaml").write_text(constraint())
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    (deploy / "bad.yaml").write_text(BAD)
    (deploy / "good.yaml").write_text(GOOD)
    return tmp_path


def check(tree: Path, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Ran:
    return run_lockgate("check", *arguments, cwd=tree, stdin=stdin, env=env)


def as_json(tree: Path, *arguments: str, stdin: bytes = b"") -> tuple[dict[str, Any], int]:
    ran = check(tree, "--format", "json", "-p", "policies", *arguments, stdin=stdin)
    made = json.loads(ran.out)
    schema = json.loads((ROOT / "webhook" / "schemas" / "check.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(made)
    return made, ran.code


def test_text(tree: Path) -> None:
    ran = check(tree, "-p", "policies", "deploy")
    assert ran.err == ""
    assert ran.code == 1
    assert ran.out == (
        "deploy/bad.yaml\n"
        "  deploy/bad.yaml:6:5  deny  NeededLabels/owner  ConfigMap default/a\n"
        "    6 |     x: y\n"
        "      |     ^^^^\n"
        "    label owner is missing\n"
        "    fix: add the label owner\n"
        "\n"
        "2 objects in 2 files: 1 denied, 0 warned, 0 dry-run, 0 errors, 0 skipped, 0 not evaluated\n"
    )


def test_the_code_of_a_policy_can_be_shown(tree: Path) -> None:
    plain = check(tree, "-p", "policies", "deploy")
    shown = check(tree, "-p", "policies", "deploy", env={"LOCKGATE_DEBUG": "code"})
    assert (shown.code, shown.out) == (plain.code, plain.out)
    assert "# NeededLabels\n" in shown.err
    assert "def r0_violation(c):" in shown.err


def test_json_of_a_violation(tree: Path) -> None:
    made, code = as_json(tree, "deploy")
    assert code == 1
    assert made["summary"] == {
        "documents": 2,
        "denied": 1,
        "warned": 0,
        "dryrun": 0,
        "errors": 0,
        "skipped": 0,
        "notEvaluated": 0,
    }
    assert made["violations"][0]["path"] == ["metadata", "labels"]
    assert made["violations"][0]["exact"] is True


@pytest.mark.parametrize(
    ("action", "arguments", "code"),
    [
        ("deny", (), 1),
        ("warn", (), 0),
        ("warn", ("--fail-on", "warn"), 1),
        ("warn", ("--fail-on", "deny,warn"), 1),
        ("warn", ("--fail-on", "not-evaluated"), 0),
        ("dryrun", ("--fail-on", "warn"), 0),
        ("deny", ("--fail-on", "warn", "--fail-on", "not-evaluated"), 1),
    ],
)
def test_what_fails(tree: Path, action: str, arguments: tuple[str, ...], code: int) -> None:
    (tree / "policies" / "constraint.yaml").write_text(constraint(action=action))
    assert check(tree, "-p", "policies", *arguments, "deploy").code == code


def test_two_beats_one(tree: Path) -> None:
    (tree / "deploy" / "broken.yaml").write_text("a: [\n")
    made, code = as_json(tree, "deploy")
    assert code == 2
    assert made["summary"]["denied"] == 1
    assert made["errors"][0]["file"] == "deploy/broken.yaml"


# Arguments, standard input, a part of standard error.
REFUSED: list[tuple[tuple[str, ...], bytes, str]] = [
    ((), b"", "no path to check"),
    (("absent.yaml",), b"", "absent.yaml does not exist"),
    (("empty",), b"", "empty has no manifest under it"),
    (("-",), b"", "standard input is empty"),
    (("-",), b" \n\n", "standard input is empty"),
    (("-p", "empty", "deploy"), b"", "empty has no ConstraintTemplate and no constraint"),
    (("-p", "nowhere", "deploy"), b"", "the policy path nowhere does not exist"),
    (("-p", "deploy", "deploy"), b"", "deploy has no ConstraintTemplate"),
    (("-p", "policies/template.yaml", "deploy"), b"", "no constraint, so nothing would be judged"),
    (("--fail-on", "never", "deploy"), b"", "never"),
    (("--format", "xml", "deploy"), b"", "xml"),
    (("--namespace", "A B", "deploy"), b"", "no name of a namespace"),
    (("--config", "nowhere.yaml", "deploy"), b"", "cannot read the configuration nowhere.yaml"),
    (("--output", "nowhere/x.json", "-p", "policies", "deploy"), b"", "cannot write nowhere/x.json"),
    (("--colour", "deploy"), b"", "--colour"),
]


@pytest.mark.parametrize(("arguments", "stdin", "message"), REFUSED)
def test_wrong_usage_is_two_and_says_why(
    tree: Path, arguments: tuple[str, ...], stdin: bytes, message: str
) -> None:
    (tree / "empty").mkdir()
    ran = check(tree, *arguments, stdin=stdin)
    assert ran.code == 2
    assert message in ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err


# What the policy file is, and how its mistake is told.
BROKEN_POLICIES: list[tuple[str, str, list[str]]] = [
    (
        "template.yaml",
        TEMPLATE.replace("wanted := input", "wanted := := input"),
        ["template.yaml:18:", "rego_parse_error", "wanted := := input", "^"],
    ),
    (
        "template.yaml",
        TEMPLATE.replace("name: neededlabels}", "name: other}"),
        ["template.yaml:3:", "other", "^"],
    ),
    (
        "constraint.yaml",
        constraint().replace("NeededLabels", "NeedLabels"),
        ["constraint.yaml:2:", "NeedLabels", "did you mean"],
    ),
    ("constraint.yaml", constraint().replace("[owner]", "owner"), ["constraint.yaml:7:", "labels", "^"]),
    (
        "constraint.yaml",
        constraint().replace("parameters: {labels", "parameters: {lables"),
        ["constraint.yaml:7:", "lables"],
    ),
    ("constraint.yaml", constraint() + "  parameters: {}\n", ["constraint.yaml:8:3", "already set"]),
    ("constraint.yaml", constraint() + " bad: [\n", ["constraint.yaml:", "invalid YAML"]),
]


@pytest.mark.parametrize(("file", "text", "parts"), BROKEN_POLICIES)
def test_mistakes_in_policies_are_told_with_their_line(
    tree: Path, file: str, text: str, parts: list[str]
) -> None:
    (tree / "policies" / file).write_text(text)
    ran = check(tree, "-p", "policies", "deploy")
    assert ran.code == 2
    assert ran.out == ""
    for part in parts:
        assert part in ran.err
    assert "Traceback" not in ran.err


def test_a_policy_that_fails_on_an_object_is_an_error(tree: Path) -> None:
    failing = TEMPLATE.replace('sprintf("label %v is missing", [wanted])', "msg_of(wanted)").replace(
        "package neededlabels", 'package neededlabels\n      msg_of(_) = "a"\n      msg_of(_) = "b"'
    )
    (tree / "policies" / "template.yaml").write_text(failing)
    made, code = as_json(tree, "deploy/bad.yaml")
    assert code == 2
    message = made["errors"][0]["message"]
    assert message.startswith("NeededLabels/owner could not be evaluated on ConfigMap default/a: ")
    assert "eval_conflict_error" in message


def test_standard_input(tree: Path) -> None:
    text = BAD + "---\n# Source: chart/templates/x.yaml\n" + BAD.replace("name: a", "name: c")
    made, code = as_json(tree, "-", stdin=text.encode())
    assert code == 1
    assert [one["file"] for one in made["violations"]] == ["<stdin>", "chart/templates/x.yaml"]


def test_unrendered_input_is_an_error_unless_allowed(tree: Path) -> None:
    (tree / "deploy" / "chart.yaml").write_text("a: {{ .Values.a }}\n{{ if .Values.b }}\nb: 1\n{{ end }}\n")
    made, code = as_json(tree, "deploy")
    assert code == 2
    assert "Helm template" in made["errors"][0]["message"]
    made, code = as_json(tree, "--allow-unrendered", "deploy")
    assert code == 1
    assert made["errors"] == []
    assert made["skipped"][0]["file"] == "deploy/chart.yaml"


def test_no_objects(tree: Path) -> None:
    (tree / "other").mkdir()
    (tree / "other" / "values.yaml").write_text("a: 1\n")
    ran = check(tree, "-p", "policies", "other")
    assert ran.code == 0
    assert "note: no Kubernetes object was found" in ran.out
    assert check(tree, "-p", "policies", "--require-objects", "other").code == 2


def test_namespaces(tree: Path) -> None:
    (tree / "policies" / "constraint.yaml").write_text(constraint(match="{namespaces: [team-*]}"))
    assert check(tree, "-p", "policies", "deploy").code == 0
    assert check(tree, "-p", "policies", "--namespace", "team-a", "deploy").code == 1
    (tree / "lockgate.yaml").write_text("folders: [{path: deploy, namespace: team-b}]\n")
    made, code = as_json(tree, "deploy")
    assert code == 1
    assert made["violations"][0]["resource"]["namespace"] == "team-b"
    assert check(tree, "-p", "policies", "--namespace", "other", "deploy").code == 0


def test_labels_of_namespaces(tree: Path) -> None:
    match = "{namespaceSelector: {matchLabels: {tier: gold}}}"
    (tree / "policies" / "constraint.yaml").write_text(constraint(match=match))
    made, code = as_json(tree, "deploy/bad.yaml")
    assert code == 0
    assert made["summary"]["notEvaluated"] == 1
    assert "default" in made["notEvaluated"][0]["needs"]
    assert as_json(tree, "--fail-on", "not-evaluated", "deploy/bad.yaml")[1] == 2
    (tree / "lockgate.yaml").write_text("namespaces: [{name: default, labels: {tier: gold}}]\n")
    assert as_json(tree, "deploy/bad.yaml")[1] == 1
    (tree / "deploy" / "namespace.yaml").write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {tier: base, owner: me}}\n"
    )
    made, code = as_json(tree, "deploy")
    assert (code, made["notEvaluated"]) == (0, [])


def test_the_tree_defines_its_own_kinds(tree: Path) -> None:
    (tree / "deploy" / "bad.yaml").write_text("apiVersion: x.example/v1\nkind: Thing\nmetadata: {name: t}\n")
    ran = check(tree, "-p", "policies", "deploy")
    assert "not known whether these kinds are namespaced: x.example/v1 Thing" in ran.out
    (tree / "deploy" / "crd.json").write_text(
        json.dumps(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "things.x.example", "labels": {"owner": "me"}},
                "spec": {"group": "x.example", "scope": "Namespaced", "names": {"kind": "Thing"}},
            }
        )
    )
    ran = check(tree, "-p", "policies", "deploy")
    assert "Thing default/t" in ran.out
    assert "not known" not in ran.out


def test_the_configuration(tree: Path) -> None:
    (tree / "lockgate.yaml").write_text(
        "policies: [policies]\npaths: [deploy]\nexcludes: [good.yaml]\nfailOn: [warn]\n"
    )
    (tree / "policies" / "constraint.yaml").write_text(constraint(action="warn"))
    ran = check(tree, "--format", "json")
    assert ran.code == 1
    assert json.loads(ran.out)["summary"]["documents"] == 1
    assert "excluded" in ran.err
    (tree / "lockgate.yaml").write_text("polices: [policies]\n")
    ran = check(tree, "deploy")
    assert ran.code == 2
    assert "lockgate.yaml:1:1" in ran.err
    assert "did you mean policies?" in ran.err
    assert "1 | polices: [policies]" in ran.err


@pytest.mark.parametrize("name", ["kustomization.yaml", "Kustomization"])
def test_patches_of_kustomizations_are_no_objects(tree: Path, name: str) -> None:
    (tree / "deploy" / name).write_text("resources: [good.yaml]\npatches: [{path: bad.yaml}]\n")
    made, code = as_json(tree, "deploy")
    assert code == 0
    assert made["summary"]["documents"] == 1
    assert {one["file"]: one["reason"] for one in made["skipped"]} == {
        "deploy/bad.yaml": f"a kustomize patch of deploy/{name}",
        f"deploy/{name}": "a kustomization",
    }
    assert as_json(tree, "deploy/bad.yaml")[1] == 1


def test_samples_of_a_suite_are_no_policies(tree: Path) -> None:
    samples = tree / "policies" / "samples" / "case"
    samples.mkdir(parents=True)
    (samples / "constraint.yaml").write_text(constraint(name="sample"))
    found = [one["constraint"] for one in as_json(tree, "deploy")[0]["violations"]]
    assert found == ["owner", "sample"]
    (tree / "policies" / "suite.yaml").write_text("apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\n")
    found = [one["constraint"] for one in as_json(tree, "deploy")[0]["violations"]]
    assert found == ["owner"]
    named = as_json(tree, "-p", "policies/samples/case/constraint.yaml", "deploy")[0]
    assert [one["constraint"] for one in named["violations"]] == ["owner", "sample"]


def test_policies_in_the_tree_are_no_unknown_kinds(tree: Path) -> None:
    (tree / "policies" / "constraint.yaml").write_text(constraint(action="dryrun"))
    ran = check(tree, "-p", "policies", ".")
    assert ran.code == 0
    assert "not known" not in ran.out


def test_without_policies_the_baseline_is_used_and_says_what_it_lacks(tree: Path) -> None:
    (tree / "deploy" / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'nginx:1'}]}\n"
    )
    ran = check(tree, "--format", "json", "deploy")
    made = json.loads(ran.out)
    assert ran.code == 0
    assert [one["constraint"] for one in made["violations"]] == ["baseline-immutable-images"]
    assert made["violations"][0]["line"] == 4
    needs = {one["policy"]: one["needs"] for one in made["notEvaluated"]}
    assert "allowedDeviceClasses" in needs["LockgateApprovedDeviceClasses"]
    assert all(one["resource"] is None for one in made["notEvaluated"])


@pytest.mark.parametrize("chosen", ["text", "json", "sarif", "github"])
def test_output_goes_to_a_file_at_once(tree: Path, chosen: str) -> None:
    straight = check(tree, "-p", "policies", "--format", chosen, "deploy")
    (tree / "out").write_text("former")
    ran = check(tree, "-p", "policies", "--format", chosen, "--output", "out", "deploy")
    assert (ran.code, ran.out) == (1, "")
    assert (tree / "out").read_text() == straight.out
    assert sorted(path.name for path in tree.iterdir()) == ["deploy", "out", "policies"]


def test_colours(tree: Path) -> None:
    assert "\x1b[" not in check(tree, "-p", "policies", "deploy").out
    assert "\x1b[31" in check(tree, "-p", "policies", "--color", "always", "deploy").out


def test_escapes_of_manifests_do_not_reach_the_terminal(tree: Path) -> None:
    (tree / "deploy" / "bad.yaml").write_text(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "a\\e]0;x\\a", labels: {"b\u202e": c}}\n'
    )
    ran = check(tree, "-p", "policies", "deploy")
    assert ran.code == 1
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out


def shuffled_copy(source: Path, target: Path, seed: int) -> None:
    """A copy whose files were made in another order, so that the folder lists them otherwise."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    random.Random(seed).shuffle(files)
    for path in files:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


@pytest.mark.parametrize("chosen", ["text", "json", "sarif", "github"])
def test_the_bytes_do_not_depend_on_hashing_or_the_folders_order(
    tree: Path, tmp_path: Path, chosen: str
) -> None:
    for number in range(8):
        (tree / "deploy" / f"m{number}.yaml").write_text(BAD.replace("name: a", f"name: n{number}"))
    for name in "cab":
        (tree / "policies" / f"{name}.yaml").write_text(constraint(name=name))
    outputs = set()
    for seed in ("0", "1", "77"):
        copy = tmp_path / f"copy{seed}" / "same"
        shuffled_copy(tree / "deploy", copy / "deploy", int(seed))
        shuffled_copy(tree / "policies", copy / "policies", int(seed))
        ran = check(copy, "-p", "policies", "--format", chosen, "deploy", env={"PYTHONHASHSEED": seed})
        assert ran.code == 1
        outputs.add(ran.out)
    assert len(outputs) == 1


def test_the_map_of_commands() -> None:
    ran = run_lockgate()
    assert ran.code == 0
    for name in ("check", "verify", "policy"):
        assert re.search(rf"^  {name} ", ran.out, re.MULTILINE)
    assert run_lockgate("nothing").code == 2


@pytest.mark.parametrize("command", ["check", "verify"])
def test_help_has_an_example(command: str) -> None:
    ran = run_lockgate(command, "--help")
    assert ran.code == 0
    assert f"  lockgate {command} " in ran.out
    assert "Exit codes" in ran.out


def test_version() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert VERSION == project["project"]["version"]
    assert run_lockgate("--version").out == f"lockgate {VERSION}\n"


def test_verify(tree: Path) -> None:
    (tree / "policies" / "suite.yaml").write_text(
        "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\ntests:\n- name: labels\n  template: template.yaml\n"
        "  constraint: constraint.yaml\n  cases:\n  - {name: bad, object: ../deploy/bad.yaml, assertions: "
        "[{violations: 1}]}\n  - {name: good, object: ../deploy/good.yaml, assertions: [{violations: no}]}\n"
    )
    ran = run_lockgate("verify", "policies", cwd=tree)
    assert (ran.code, ran.out.splitlines()[-2:]) == (0, ["PASS", "2 passed, 0 failed"])
    assert "--- PASS: good" in run_lockgate("verify", "-v", "policies/...", cwd=tree).out
    (tree / "deploy" / "good.yaml").write_text(BAD)
    ran = run_lockgate("verify", "policies/suite.yaml", cwd=tree)
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "1 passed, 1 failed")
    assert run_lockgate("verify", "--run", "bad", "policies", cwd=tree).code == 0
    assert run_lockgate("verify", "deploy", cwd=tree).code == 2
    assert run_lockgate("verify", cwd=tree).code == 2


def test_a_closed_pipe_is_quiet(tree: Path) -> None:
    for number in range(300):
        (tree / "deploy" / f"m{number}.yaml").write_text(BAD)
    command = f"{sys.executable} -m lockgate.webhook check -p policies deploy | true"
    done = subprocess.run(["bash", "-c", command], cwd=tree, capture_output=True, check=False)
    assert done.stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_told(tree: Path) -> None:
    command = f"{sys.executable} -m lockgate.webhook check -p policies deploy > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=tree, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr == b"error: cannot write standard output: no space left on device\n"


def test_internal_errors_show_no_traceback(tree: Path) -> None:
    code = (
        "import sys; from lockgate.webhook import failures\n"
        "def broken(): raise ValueError('Canary001xQ7z')\n"
        "sys.exit(failures.guard(broken))"
    )
    for debug, shown in (("0", False), ("1", True)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "LOCKGATE_DEBUG": debug},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 2
        assert (b"Traceback" in done.stderr) is shown
        assert (b"Canary" in done.stderr) is shown
        assert shown or b"internal error (ValueError)" in done.stderr


def test_compiled_policies_are_kept_in_the_users_own_folder(tree: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "XDG_CACHE_HOME": "", "CI": ""}
    plain = check(tree, "-p", "policies", "--no-cache", "deploy", env=env)
    assert list(home.rglob("*")) == []
    assert check(tree, "-p", "policies", "deploy", env=env | {"CI": "true"}) == plain
    assert list(home.rglob("*")) == []
    assert check(tree, "-p", "policies", "deploy", env=env) == plain
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert check(tree, "-p", "policies", "--cache", "deploy", env=env | {"CI": "true"}) == plain
    assert [path for path in home.rglob("*") if path.is_file()] == kept
    assert [path.stat().st_mode & 0o077 for path in (kept[0], kept[0].parent)] == [0, 0]


def test_what_does_not_reach_the_webhook_is_not_judged_and_told(tree: Path) -> None:
    (tree / "policies" / "webhook.yaml").write_text(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: g}\n"
        "webhooks:\n- name: validation.gatekeeper.sh\n  rules:\n"
        "  - {operations: ['*'], apiGroups: [''], apiVersions: ['*'], resources: [configmaps]}\n"
        "  namespaceSelector: {matchExpressions: [{key: free, operator: DoesNotExist}]}\n"
    )
    (tree / "deploy" / "space.yaml").write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: free, labels: {free: yes-it-is}}\n"
    )
    (tree / "deploy" / "free.yaml").write_text(BAD.replace("name: a", "name: c\n  namespace: free"))
    (tree / "deploy" / "service.yaml").write_text(BAD.replace("ConfigMap", "Service"))
    for jobs in ("1", "2"):
        ran = check(tree, "-p", "policies", "-j", jobs, "deploy")
        assert ran.code == 1
        assert (
            "note: 1 objects are not judged: the webhook validation.gatekeeper.sh does not select its namespace\n"
            "note: 2 objects are not judged: no rule of the webhook validation.gatekeeper.sh is for it\n"
            "5 objects in 5 files: 1 denied"
        ) in ran.out
