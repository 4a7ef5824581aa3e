"""`lockgate explain` and `lockgate check --trace`: why each policy says what it says."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.shared_folder import ROOT
from tests.webhook.helpers import Ran, run_lockgate
from tests.webhook.test_check import BAD, GOOD, TEMPLATE, constraint

SECRET = "c2VjcmV0LXZhbHVlLW9mLWNhbmFyeQ=="

GAVE = '{"details": {"fix": "add the label owner", "path": ["metadata", "labels"]}, "msg": "label owner is missing"}'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a policy, a constraint for all and one for Pods, and two manifests."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "template.yaml").write_text(TEMPLATE)
    pods = constraint("pods", match='{kinds: [{apiGroups: [""], kinds: [Pod]}]}')
    (policies / "constraints.yaml").write_text(constraint() + "---\n" + pods)
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


def explain(tree: Path, *arguments: str, stdin: bytes = b"") -> Ran:
    return run_lockgate("explain", "-p", "policies", *arguments, cwd=tree, stdin=stdin)


def test_text(tree: Path) -> None:
    ran = explain(tree, "bad.yaml", "good.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "bad.yaml:2  ConfigMap default/a",
        "  NeededLabels/owner  violated",
        "    held    violation  policies/template.yaml:17:7",
        f"      gave {GAVE}",
        "    deny: label owner is missing",
        "  NeededLabels/pods  not matched",
        "    match.kinds: v1 ConfigMap is not among match.kinds",
        '      match.kinds = [{"apiGroups": [""], "kinds": ["Pod"]}]',
        "",
        "good.yaml:2  ConfigMap default/b",
        "  NeededLabels/owner  clean",
        "    failed  violation  policies/template.yaml:17:7",
        "      held 18:9  wanted := input.parameters.labels[_]",
        "      at 19:9  not input.review.object.metadata.labels[wanted]",
        '        wanted = "owner"',
        '        input.review.object.metadata.labels[wanted] = "me"',
        "  NeededLabels/pods  not matched",
        "    match.kinds: v1 ConfigMap is not among match.kinds",
        '      match.kinds = [{"apiGroups": [""], "kinds": ["Pod"]}]',
    ]


def test_json(tree: Path) -> None:
    ran = explain(tree, "--format", "json", "good.yaml", "--constraint", "owner")
    report = json.loads(ran.out)
    (found,) = report["explanations"]
    assert (found["constraint"], found["outcome"], found["resource"]["name"]) == ("owner", "clean", "b")
    (rule,) = found["rules"]
    assert rule["failed"]["line"] == 19
    assert [step["line"] for step in rule["heldBefore"]] == [18]
    assert rule["failed"]["values"]["wanted"] == '"owner"'


@pytest.mark.parametrize("name", ["a", "ConfigMap/a", "configmap/A"])
def test_one_object(tree: Path, name: str) -> None:
    out = explain(tree, "--object", name, "bad.yaml", "good.yaml").out
    assert "ConfigMap default/a" in out
    assert "ConfigMap default/b" not in out


@pytest.mark.parametrize("name", ["pods", "NeededLabels/pods"])
def test_one_constraint(tree: Path, name: str) -> None:
    out = explain(tree, "--constraint", name, "bad.yaml").out
    assert "NeededLabels/pods" in out
    assert "NeededLabels/owner" not in out


def test_nothing_to_explain_and_wrong_input(tree: Path) -> None:
    ran = explain(tree, "--object", "other", "bad.yaml")
    assert (ran.code, "nothing to explain" in ran.err) == (2, True)
    assert explain(tree, "absent.yaml").code == 2
    (tree / "broken.yaml").write_text("a: [\n")
    ran = explain(tree, "broken.yaml", "good.yaml")
    assert (ran.code, "error: broken.yaml:" in ran.err, "clean" in ran.out) == (2, True, True)


def test_standard_input_and_help(tree: Path) -> None:
    assert "clean" in explain(tree, "-", stdin=GOOD.encode()).out
    assert "lockgate explain deploy/app.yaml" in explain(tree, "--help").out


def test_what_is_not_known_is_said(tree: Path) -> None:
    match = "{namespaceSelector: {matchLabels: {a: b}}}"
    (tree / "policies" / "more.yaml").write_text(constraint("selected", match=match))
    out = explain(tree, "--constraint", "selected", "bad.yaml").out
    assert "not evaluated" in out
    assert "needs the labels of Namespace 'default'" in out


def test_secrets_are_masked(tree: Path) -> None:
    secret = (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, labels: {{owner: x}}}}\ndata:\n  key: {SECRET}\n"
    )
    (tree / "secret.yaml").write_text(secret)
    rego = TEMPLATE.replace(
        "[wanted]\n        msg", "[wanted]\n        input.review.object.data.key\n        msg"
    )
    rego = rego.replace(
        "not input.review.object.metadata.labels[wanted]", "input.review.object.data.key == wanted"
    )
    (tree / "policies" / "template.yaml").write_text(rego)
    for chosen in ("text", "json"):
        out = explain(tree, "--format", chosen, "secret.yaml").out
        assert "input.review.object.data.key" in out
        assert SECRET not in out
        assert "***" in out


def test_trace_of_a_check(tree: Path) -> None:
    ran = run_lockgate("check", "--trace", "-p", "policies", "bad.yaml", "good.yaml", cwd=tree)
    assert ran.code == 1
    report, _, trace = ran.out.partition("0 not evaluated\n\n")
    assert "label owner is missing" in report
    assert "NeededLabels/owner  violated" in trace
    assert "NeededLabels/owner  clean" in trace
    assert "not matched" not in trace
    assert run_lockgate("check", "--trace", "--format", "json", "-p", "policies", ".", cwd=tree).code == 2


def test_check_explains_also_what_does_not_match(tree: Path) -> None:
    command = ("check", "--explain", "-p", "policies", "bad.yaml", "good.yaml")
    ran = run_lockgate(*command, cwd=tree)
    assert ran.code == 1
    assert ran.out.partition("0 not evaluated\n\n")[2] == explain(tree, "bad.yaml", "good.yaml").out
    made = json.loads(run_lockgate(*command, "--format", "json", cwd=tree).out)
    jsonschema.validate(made, json.loads((ROOT / "webhook" / "schemas" / "check.schema.json").read_text()))
    told = json.loads(explain(tree, "--format", "json", "bad.yaml", "good.yaml").out)
    assert made["explanations"] == told["explanations"]
    ran = run_lockgate(*command, "--format", "sarif", cwd=tree)
    assert (ran.code, "--explain is told in text and json" in ran.err) == (2, True)


CEL_TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: ownedobjects}
spec:
  crd: {spec: {names: {kind: OwnedObjects}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: K8sNativeValidation
          source:
            variables:
              - name: labels
                expression: 'has(object.metadata.labels) ? object.metadata.labels : {}'
            validations:
              - expression: |
                  object.kind == 'ConfigMap' &&
                  'owner' in variables.labels
                message: an owner is missing
              - expression: object.data.all(name, object.data[name] != '')
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: OwnedObjects
metadata: {name: owned}
spec: {match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}}
"""


def test_expressions(tree: Path) -> None:
    (tree / "cel.yaml").write_text(CEL_TEMPLATE)
    (tree / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: dev}\ndata: {a: x, b: ''}\n"
    )
    ran = run_lockgate("explain", "-p", "cel.yaml", "map.yaml", cwd=tree)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "map.yaml:2  ConfigMap dev/m",
        "  OwnedObjects/owned  violated",
        "    failed  validations[0]  cel.yaml:16:19",
        '      at 17:19  "owner" in variables.labels',
        "        variables.labels = {}",
        "        held    variables.labels  cel.yaml:13:30",
        "          gave {}",
        "    failed  validations[1]  cel.yaml:19:29",
        '      at 19:29  object.data.all(name, object.data[name] != "")',
        '        object.data = {"a": "x", "b": ""}',
        '      in it, at 19:51  object.data[name] != ""',
        '        object.data[name] = ""',
        "    deny: an owner is missing",
        "    deny: failed expression: object.data.all(name, object.data[name] != '')",
    ]
    found = json.loads(
        run_lockgate("explain", "-p", "cel.yaml", "--format", "json", "map.yaml", cwd=tree).out
    )
    (one,) = found["explanations"]
    assert [rule["rule"] for rule in one["rules"]] == ["validations[0]", "validations[1]"]
    assert one["rules"][0]["because"][0]["gave"] == ["{}"]
    # Of what does not match, the match.
    (tree / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: dev}\n")
    out = run_lockgate("explain", "-p", "cel.yaml", "pod.yaml", cwd=tree).out
    assert 'match.kinds = [{"apiGroups": [""], "kinds": ["ConfigMap"]}]' in out


def test_expressions_show_no_secret(tree: Path) -> None:
    text = CEL_TEMPLATE.replace("ConfigMap]}", "Secret]}")
    (tree / "cel.yaml").write_text(text)
    (tree / "secret.yaml").write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: dev}}\ndata: {{key: {SECRET}, other: ''}}\n"
    )
    for chosen in ("text", "json"):
        out = run_lockgate("explain", "-p", "cel.yaml", "--format", chosen, "secret.yaml", cwd=tree).out
        assert "object.data" in out
        assert SECRET not in out
        assert "secret-value-of-canary" not in out
