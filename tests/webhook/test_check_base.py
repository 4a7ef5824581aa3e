"""`lockgate check --base`: a change cannot approve itself, and objects have their former state."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lockgate.webhook.cli import run

from tests.shared_folder import ROOT
from tests.webhook.test_check import BAD, GOOD, TEMPLATE, constraint
from tests.webhook.test_check_exemptions import exemption

CONFIG = "policies: [policies]\nexemptions: [exemptions]\npaths: [deploy]\n"
# Tells what the review holds.
ECHO = TEMPLATE.replace(
    "wanted := input.parameters.labels[_]\n        not input.review.object.metadata.labels[wanted]\n",
    'wanted := sprintf("%v %v", [input.review.operation, object.get(input.review, "oldObject", 0)])\n',
)


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    """A repository whose main branch is clean and well configured, with a change on top that is bad."""
    place = tmp_path / "repository"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    git("init", "-q", "-b", "main")
    for folder in ("policies", "deploy", "exemptions"):
        Path(folder).mkdir()
    Path("policies/template.yaml").write_text(TEMPLATE)
    Path("policies/constraint.yaml").write_text(constraint())
    Path("exemptions/old.json").write_text(exemption("old", match={"name": "elsewhere"}))
    Path("lockgate.yaml").write_text(CONFIG)
    Path("deploy/good.yaml").write_text(GOOD)
    git("add", "-A")
    git("commit", "-qm", "base")
    git("checkout", "-qb", "change")
    Path("deploy/bad.yaml").write_text(BAD)
    return place


def commit() -> None:
    git("add", "-A")
    git("commit", "-qm", "change")


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = run(["check", "--base", "main", "--format", "json", *arguments])
    out, err = capsys.readouterr()
    made = json.loads(out) if out else {}
    if made:
        schema = json.loads((ROOT / "webhook" / "schemas" / "check.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(made)
    return code, made, err


def loosen() -> None:
    Path("policies/constraint.yaml").write_text(constraint(match='{namespaces: ["nowhere"]}'))


def turn_off() -> None:
    Path("policies/constraint.yaml").write_text(constraint(action="dryrun"))


def exempt() -> None:
    Path("exemptions/new.json").write_text(exemption("new"))


def widen() -> None:
    Path("exemptions/old.json").write_text(exemption("old"))


def exempt_among_policies() -> None:
    Path("policies/new.json").write_text(exemption("new"))


def repoint() -> None:
    Path("lockgate.yaml").write_text("policies: [mine]\npaths: [deploy]\n")
    Path("mine").mkdir()
    Path("mine/template.yaml").write_text(TEMPLATE)
    Path("mine/constraint.yaml").write_text(constraint(action="warn"))


def exclude() -> None:
    Path("lockgate.yaml").write_text(CONFIG + "excludes: [bad.yaml]\n")


def look_elsewhere() -> None:
    Path("lockgate.yaml").write_text(CONFIG.replace("[deploy]", "[deploy/good.yaml]"))


def remove_the_configuration() -> None:
    Path("lockgate.yaml").unlink()


def empty_template() -> None:
    Path("policies/template.yaml").write_text(TEMPLATE.replace("not input", "input"))


def link_policies() -> None:
    Path("policies").rename("was")
    Path("policies").symlink_to("was")
    Path("was/constraint.yaml").write_text(constraint(action="dryrun"))


def nearer_configuration() -> None:
    Path("deploy/lockgate.yaml").write_text("policies: [none]\n")


@pytest.mark.parametrize(
    "change",
    [
        loosen,
        turn_off,
        exempt,
        widen,
        exempt_among_policies,
        repoint,
        exclude,
        look_elsewhere,
        remove_the_configuration,
        empty_template,
        link_policies,
        nearer_configuration,
    ],
    ids=lambda change: change.__name__,
)
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_change_cannot_approve_itself(
    change: Any, is_committed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    change()
    if is_committed:
        commit()
    code, made, _ = check(capsys)
    assert code == 1 and made["summary"]["denied"] == 1
    assert made["violations"][0]["file"] == "deploy/bad.yaml"
    assert "exempted" not in made


@pytest.mark.parametrize(
    "given", [("-p", "policies"), ("-p", "policies/constraint.yaml", "-p", "policies/template.yaml")]
)
def test_nor_by_what_the_command_line_names_in_the_repository(
    given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    turn_off()
    assert check(capsys, *given, "deploy")[0] == 1


def test_policies_from_outside_of_the_repository_are_whose_runs_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "template.yaml").write_text(TEMPLATE)
    (outside / "constraint.yaml").write_text(constraint(action="warn"))
    code, made, _ = check(capsys, "-p", str(outside))
    assert code == 0 and made["summary"]["warned"] == 1


def test_what_the_change_would_have_is_told_and_does_not_decide(capsys: pytest.CaptureFixture[str]) -> None:
    turn_off()
    code, made, err = check(capsys)
    assert code == 1
    assert made["base"]["revision"] == "main" and len(made["base"]["commit"]) == 40
    assert made["base"]["proposed"]["denied"] == 0 and made["base"]["proposed"]["dryrun"] == 1
    assert "with this change's own policies, exemptions and settings, which do not decide: 0 denied" in err


def test_nothing_is_told_where_the_change_has_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code, made, err = check(capsys)
    assert code == 1 and made["base"]["proposed"] is None and "do not decide" not in err


def test_policies_of_the_change_that_are_broken(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/constraint.yaml").write_text("kind: [")
    code, made, err = check(capsys)
    assert code == 1 and made["summary"]["denied"] == 1
    assert "what this change has as policies or settings cannot be used (it does not decide)" in err


def test_former_states(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    Path("policies/template.yaml").write_text(ECHO)
    Path("deploy/changed.yaml").write_text(
        BAD.replace("name: a", "name: changed").replace("x: y", "x: before")
    )
    Path("deploy/moved.yaml").write_text(BAD.replace("name: a", "name: moved"))
    git("add", "-A")
    git("commit", "-qm", "base")
    git("checkout", "-q", "-B", "change")
    Path("deploy/changed.yaml").write_text(BAD.replace("name: a", "name: changed"))
    Path("deploy/moved.yaml").rename("deploy/elsewhere.yaml")
    Path("deploy/elsewhere.yaml").write_text("# moved\n" + BAD.replace("name: a", "name: moved"))
    Path("deploy/new.yaml").write_text(BAD.replace("name: a", "name: new"))
    _, made, _ = check(capsys)
    said = {one["resource"]["name"]: one["message"] for one in made["violations"]}
    assert said["new"].startswith("label CREATE null")
    assert said["changed"].startswith("label UPDATE {") and '"x": "before"' in said["changed"]
    assert said["moved"].startswith("label UPDATE {") and said["b"].startswith("label UPDATE {")
    assert '"namespace": "default"' in said["changed"]


def test_namespaces_are_labelled_as_in_the_base(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {owner: x, tier: %s}}\n"
    Path("deploy/space.yaml").write_text(space % "prod")
    Path("policies/constraint.yaml").write_text(
        constraint(
            match='{namespaceSelector: {matchLabels: {tier: prod}}, kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}'
        )
    )
    git("add", "-A")
    git("commit", "-qm", "base")
    git("checkout", "-q", "-B", "change")
    Path("deploy/bad.yaml").write_text(BAD)
    Path("deploy/space.yaml").write_text(space % "dev")
    code, made, _ = check(capsys)
    assert code == 1 and made["summary"]["denied"] == 1
    assert made["base"]["proposed"] is None


def test_user_and_groups(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    Path("policies/template.yaml").write_text(ECHO.replace("input.review.operation", "input.review.userInfo"))
    git("add", "-A")
    git("commit", "-qm", "base")
    _, made, _ = check(capsys)
    assert made["summary"]["notEvaluated"] == 2
    _, made, _ = check(capsys, "--user", "anna", "--group", "dev", "--group", "ml")
    assert '{"groups": ["dev", "ml"], "username": "anna"}' in made["violations"][0]["message"]


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("nowhere", "git knows no commit 'nowhere'"),
        ("--upload-pack=x", "git knows no commit"),
        ("main:deploy", "git knows no commit"),
        ("", "--base takes a branch"),
        ("a\nb", "--base takes a branch"),
        ("x" * 300, "--base takes a branch"),
    ],
)
def test_revisions_that_are_none(base: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--base", base]) == 2
    assert said in capsys.readouterr().err


def test_paths_that_the_base_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    Path("more").mkdir()
    Path("more/constraint.yaml").write_text(constraint())
    assert run(["check", "--base", "main", "-p", "more", "deploy"]) == 2
    err = capsys.readouterr().err
    assert "main has no more, which the check takes policies from" in err


def test_links_of_the_base_are_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    Path("linked").symlink_to("policies")
    git("add", "-A")
    git("commit", "-qm", "base")
    assert run(["check", "--base", "main", "-p", "linked", "deploy"]) == 2
    assert "linked is a link as of main" in capsys.readouterr().err


def test_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "none"
    outside.mkdir()
    monkeypatch.chdir(outside)
    assert run(["check", "--base", "main", "."]) == 2
    assert "--base is for a repository of git" in capsys.readouterr().err


def test_files_of_the_base_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    Path("deploy/good.yaml").write_text("a: [")
    git("add", "-A")
    git("commit", "-qm", "base")
    git("checkout", "-q", "-B", "change")
    Path("deploy/good.yaml").write_text(GOOD)
    _, _, err = check(capsys)
    assert "deploy/good.yaml cannot be read as of the base: its objects count as new" in err


def test_a_repository_of_sha256(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "sha256"
    place.mkdir()
    monkeypatch.chdir(place)
    git("init", "-q", "-b", "main", "--object-format=sha256")
    Path("policies").mkdir()
    Path("policies/template.yaml").write_text(ECHO)
    Path("policies/constraint.yaml").write_text(constraint())
    Path("app.yaml").write_text(GOOD)
    git("add", "-A")
    git("commit", "-qm", "base")
    code = run(["check", "--base", "main", "--format", "json", "-p", "policies", "app.yaml"])
    made = json.loads(capsys.readouterr().out)
    assert code == 1 and made["violations"][0]["message"].startswith("label UPDATE {")
    assert len(made["base"]["commit"]) == 64


SERVICES = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: uniquename}
spec:
  crd: {spec: {names: {kind: UniqueName}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package uniquename
      violation[{"msg": "taken"}] { data.inventory.namespace[_].v1.Service[input.review.object.metadata.name] }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: UniqueName
metadata: {name: unique}
"""
TAKEN = "apiVersion: v1\nkind: Service\nmetadata: {name: NAME, namespace: shop}\n"


@pytest.mark.parametrize("arguments", [(), ("--inventory", "snapshot.yaml")])
def test_a_change_does_not_bring_its_own_inventory(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    git("checkout", "-q", "main")
    Path("policies/unique.yaml").write_text(SERVICES)
    Path("snapshot.yaml").write_text(TAKEN.replace("NAME", "bad"))
    if not arguments:
        Path("lockgate.yaml").write_text(CONFIG + "inventory: {sources: [snapshot.yaml]}\n")
    commit()
    git("checkout", "-q", "-B", "change")
    Path("deploy/bad.yaml").write_text(GOOD.replace("name: b,", "name: bad,"))
    Path("snapshot.yaml").write_text(TAKEN.replace("NAME", "other"))
    commit()
    code, made, _ = check(capsys, *arguments)
    assert (code, [found["message"] for found in made["violations"]]) == (1, ["taken"])
    Path("snapshot.yaml").unlink()
    assert check(capsys, *arguments)[0] == 1
