"""`lockgate check --base`: files and names that a change brings to be judged otherwise."""

from pathlib import Path
from typing import Any

import pytest
from lockgate.webhook.cli import run

from tests.webhook.test_check import BAD, GOOD, TEMPLATE, constraint
from tests.webhook.test_check_base import CONFIG, ECHO, check, commit, git, tree, turn_off
from tests.webhook.test_check_exemptions import exemption

__all__ = ["tree"]

IN_PROD = '{namespaceSelector: {matchLabels: {tier: prod}}, kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}'
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {owner: x, tier: TIER}}\n"
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: NAMEs.GROUP, labels: {owner: x}}
spec: {group: "GROUP", names: {kind: KIND, plural: NAMEs}, scope: SCOPE}
"""


def definition(group: str, kind: str, scope: str) -> str:
    made = DEFINITION.replace("GROUP", group).replace("KIND", kind).replace("SCOPE", scope)
    return made.replace("NAME", kind.lower())


def rebase(**files: str) -> None:
    """Makes the base anew, with these files and nothing bad; `__` in a name is a folder, and `.yaml` is added."""
    git("checkout", "-q", "main")
    Path("deploy/bad.yaml").unlink(missing_ok=True)
    for name, text in files.items():
        Path(f"{name.replace('__', '/')}.yaml").write_text(text)
    commit()
    git("checkout", "-q", "-B", "change")


@pytest.mark.parametrize("where", ["refs/heads/origin/main", "refs/tags/origin/main"])
@pytest.mark.parametrize("revision", ["origin/main", "origin/main^{commit}", "origin/main~0"])
def test_a_branch_or_tag_that_is_called_like_the_base(
    where: str, revision: str, capsys: pytest.CaptureFixture[str]
) -> None:
    git("update-ref", "refs/remotes/origin/main", "main")
    assert run(["check", "--base", revision]) == 1
    turn_off()
    commit()
    git("update-ref", where, "HEAD")
    capsys.readouterr()
    assert run(["check", "--base", revision]) == 2
    err = capsys.readouterr().err
    assert f"origin/main may be {' or '.join(sorted([where, 'refs/remotes/origin/main']))}" in err
    assert run(["check", "--base", "refs/remotes/origin/main"]) == 1


def test_a_branch_that_is_called_like_a_commit(capsys: pytest.CaptureFixture[str]) -> None:
    git("branch", "abcdef1", "HEAD")
    assert run(["check", "--base", "abcdef1"]) == 2
    assert "abcdef1 may be refs/heads/abcdef1 or a commit" in capsys.readouterr().err


def test_a_base_that_is_checked_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    told = "main is the commit that is checked out: only what is not committed counts as a change"
    commit()
    assert told not in check(capsys)[2]
    git("branch", "-f", "main", "HEAD")
    assert told in check(capsys)[2]


@pytest.mark.parametrize("was_given", [True, False])
def test_policies_that_are_links_in_the_base_are_not_left_out_in_silence(
    was_given: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rebase(policies__loose=constraint(name="loose", action="dryrun"))
    git("checkout", "-q", "main")
    Path("shared").mkdir()
    Path("policies/constraint.yaml").rename("shared/constraint.yaml")
    Path("policies/constraint.yaml").symlink_to("../shared/constraint.yaml")
    commit()
    Path("deploy/bad.yaml").write_text(BAD)
    given = ["-p", "policies"] if was_given else []
    assert run(["check", "--base", "main", *given, "deploy"]) == 2
    assert "policies/constraint.yaml is a link as of main" in capsys.readouterr().err


def test_policies_in_a_submodule_are_not_left_out_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},policies/library")
    git("commit", "-qm", "base")
    assert run(["check", "--base", "main"]) == 2
    assert "policies/library is a submodule as of main" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["README.md", "latest"])
def test_links_that_are_no_policies_do_not_matter(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    Path(f"policies/{name}").symlink_to("../deploy")
    git("add", "policies")
    git("commit", "-qm", "base")
    assert check(capsys)[0] == 1


def test_a_configuration_that_is_a_link_in_the_base(capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "main")
    Path("lockgate.yaml").rename("settings.yaml")
    Path("lockgate.yaml").symlink_to("settings.yaml")
    git("add", "lockgate.yaml", "settings.yaml")
    git("commit", "-qm", "base")
    assert run(["check", "--base", "main", "deploy"]) == 2
    assert "lockgate.yaml is a link as of main" in capsys.readouterr().err


def test_a_namespace_of_the_change_does_not_win_over_the_configuration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rebase(
        lockgate=CONFIG + "namespaces: [{name: default, labels: {tier: prod}}]\n",
        policies__constraint=constraint(match=IN_PROD),
    )
    Path("deploy/bad.yaml").write_text(BAD)
    Path("deploy/space.yaml").write_text(SPACE.replace("TIER", "dev"))
    assert check(capsys)[0] == 1


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_second_manifest_of_a_namespace_does_not_win(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    rebase(deploy__space=SPACE.replace("TIER", "prod"), policies__constraint=constraint(match=IN_PROD))
    Path("deploy/bad.yaml").write_text(BAD)
    Path(f"deploy/{name}.yaml").write_text(SPACE.replace("TIER", "dev"))
    assert check(capsys)[0] == 1


def kind(group: str, name: str) -> str:
    return BAD.replace("v1\n", f"{group}/v1\n" if group else "v1\n").replace("ConfigMap", name)


@pytest.mark.parametrize(
    ("base", "group", "name"),
    [
        ("", "", "ConfigMap"),
        ("", "batch", "Job"),
        ("", "ray.io", "RayJob"),
        ("deploy__kind", "example.com", "Thing"),
    ],
)
@pytest.mark.parametrize("file", ["a", "kind", "z"])
def test_kinds_of_the_change_do_not_win(
    base: str, group: str, name: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scope of a kind that is known before the change stays what it is."""
    files = {base: definition(group, name, "Namespaced")} if base else {}
    rebase(policies__constraint=constraint(match="{scope: Namespaced}"), **files)
    Path("deploy/bad.yaml").write_text(kind(group, name))
    Path(f"deploy/{file}.yaml").write_text(definition(group, name, "Cluster"))
    assert check(capsys)[0] == 1


def test_a_new_kind_of_the_change_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    rebase(policies__constraint=constraint(match="{scope: Namespaced}"))
    Path("deploy/bad.yaml").write_text(kind("example.com", "Thing"))
    Path("deploy/kind.yaml").write_text(definition("example.com", "Thing", "Cluster"))
    code, made, _ = check(capsys)
    assert (code, made["summary"]["notEvaluated"]) == (0, 0)


@pytest.mark.parametrize("folder", ["deploy", "deploy/other"])
@pytest.mark.parametrize("field", ["patches: [{path: PATH}]", "patchesStrategicMerge: [PATH]"])
def test_a_kustomization_of_the_change_hides_nothing_in_silence(
    folder: str, field: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it calls a patch is not judged as an object, and so it is told as not evaluated."""
    Path(folder).mkdir(exist_ok=True)
    text = field.replace("PATH", "bad.yaml" if folder == "deploy" else "../bad.yaml")
    Path(f"{folder}/kustomization.yaml").write_text(text)
    code, made, _ = check(capsys, "--fail-on", "not-evaluated")
    (one,) = made["notEvaluated"]
    assert code == 2 and one["policy"] == "kustomize"
    assert (
        f"{folder}/kustomization.yaml makes, since this change says there that deploy/bad.yaml"
        in one["needs"]
    )


def test_patches_that_the_base_has_are_none_of_the_changes_doing(capsys: pytest.CaptureFixture[str]) -> None:
    rebase(deploy__kustomization="patches: [{path: bad.yaml}]\n", deploy__bad=BAD)
    Path("deploy/bad.yaml").write_text(BAD + "data: {a: b}\n")
    code, made, _ = check(capsys)
    assert (code, made["notEvaluated"]) == (0, [])
    Path("deploy/kustomization.yaml").write_text("patches: [{path: bad.yaml}, {path: good.yaml}]\n")
    (one,) = check(capsys)[1]["notEvaluated"]
    assert "deploy/bad.yaml" in one["needs"]


HIDDEN = "is in the base and would not be judged any more: this change says in deploy/kustomization.yaml that"


@pytest.mark.parametrize("written", [BAD, BAD + "data: {a: b}\n"], ids=["as it was", "changed"])
@pytest.mark.parametrize("place", ["bad", "moved"])
def test_what_the_base_judged_cannot_be_called_a_patch(
    written: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither where it was nor in another file: it would be neither judged nor deleted."""
    rebase(deploy__bad=BAD)
    Path("deploy/bad.yaml").unlink()
    Path(f"deploy/{place}.yaml").write_text(written)
    Path("deploy/kustomization.yaml").write_text(f"patches: [{{path: {place}.yaml}}]\n")
    code, made, _ = check(capsys)
    (error,) = made["errors"]
    assert code == 2 and (error["file"], error["line"]) == (f"deploy/{place}.yaml", 2)
    assert error["message"].startswith("ConfigMap default/a ") and HIDDEN in error["message"]


@pytest.mark.parametrize(
    ("patch", "resource"),
    [
        pytest.param("$patch: delete\n" + BAD, "", id="a patch that deletes it"),
        pytest.param(BAD.replace("name: a", "name: other"), "", id="a patch of something new"),
        pytest.param(BAD, BAD.replace("x: y", "owner: me"), id="a patch beside the resource"),
    ],
)
def test_patches_that_hide_nothing_of_the_base(
    patch: str, resource: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rebase(deploy__bad=BAD)
    Path("deploy/bad.yaml").unlink()
    if resource:
        Path("deploy/resource.yaml").write_text(resource)
    Path("deploy/patch.yaml").write_text(patch)
    Path("deploy/kustomization.yaml").write_text("patches: [{path: patch.yaml}]\n")
    code, made, _ = check(capsys)
    assert (code, made["errors"], len(made["notEvaluated"])) == (0, [], 1)


def test_what_the_base_judged_may_be_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    rebase(deploy__bad=BAD)
    Path("deploy/bad.yaml").unlink()
    Path("deploy/kustomization.yaml").write_text("patches: [{path: bad.yaml}]\n")
    code, made, _ = check(capsys)
    assert (code, made["errors"], made["notEvaluated"]) == (0, [], [])


def test_a_submodule_that_is_not_checked_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},deploy/charts")
    Path("deploy/charts").mkdir()
    Path("deploy/empty").mkdir()
    _, made, _ = check(capsys)
    assert [(one["file"], one["reason"]) for one in made["skipped"]] == [
        ("deploy/charts", "a submodule that is not checked out")
    ]


WEBHOOK = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: gatekeeper}
webhooks:
- name: validation.gatekeeper.sh
  rules: [{operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"]}]
  namespaceSelector: {matchExpressions: [{key: ignore, operator: DoesNotExist}]}
"""
IGNORED = "apiVersion: v1\nkind: Namespace\nmetadata: {name: new, labels: {ignore: x}}\n"


@pytest.mark.parametrize("is_in_base", [True, False])
def test_a_namespace_of_the_change_is_not_kept_from_the_webhook_by_its_labels(
    is_in_base: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rebase(policies__webhook=WEBHOOK, **({"deploy__space": IGNORED} if is_in_base else {}))
    Path("deploy/space.yaml").write_text(IGNORED)
    Path("deploy/bad.yaml").write_text(BAD.replace("name: a", "name: a\n  namespace: new"))
    _, made, _ = check(capsys)
    assert made["summary"]["denied"] == (0 if is_in_base else 2)


@pytest.mark.parametrize("is_in_base", [True, False])
def test_a_namespace_of_the_change_is_not_exempt_by_its_labels(
    is_in_base: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    space = IGNORED.replace("ignore: x", "owner: me, tier: dev")
    selector = {"namespaceSelector": {"matchLabels": {"tier": "dev"}}}
    made_files = {"deploy__space": space} if is_in_base else {}
    rebase(policies__exemption=exemption("new", match=selector), **made_files)
    Path("deploy/space.yaml").write_text(space)
    Path("deploy/bad.yaml").write_text(BAD.replace("name: a", "name: a\n  namespace: new"))
    assert check(capsys)[0] == (0 if is_in_base else 1)


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_link_is_judged_by_the_settings_of_its_own_folder(
    is_folder: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is applied from there, wherever the manifest lies that it points to."""
    rebase(
        policies__constraint=constraint(match="{namespaces: [prod]}"),
        lockgate=CONFIG + "folders: [{path: deploy, namespace: prod}, {path: dev, namespace: dev}]\n",
    )
    Path("dev").mkdir()
    Path("dev/bad.yaml").write_text(BAD)
    if is_folder:
        Path("deploy/more").symlink_to("../dev")
    else:
        Path("deploy/bad.yaml").symlink_to("../dev/bad.yaml")
    code, made, _ = check(capsys)
    assert code == 1 and made["violations"][0]["resource"]["namespace"] == "prod"


def said(made: dict[str, Any]) -> dict[str, str]:
    return {one["file"]: one["message"] for one in made["violations"]}


def test_the_former_state_is_that_of_the_same_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Two files of the base have an object of one name, as overlays do."""
    rebase(
        policies__template=ECHO,
        deploy__a=BAD.replace("x: y", "x: of-a"),
        deploy__b=BAD.replace("x: y", "x: of-b"),
    )
    for name in "ab":
        Path(f"deploy/{name}.yaml").write_text(BAD)
    found = said(check(capsys)[1])
    assert '"x": "of-a"' in found["deploy/a.yaml"] and '"x": "of-b"' in found["deploy/b.yaml"]


@pytest.mark.parametrize("arguments", [(), ("-j", "2")])
def test_a_second_manifest_of_an_object_is_an_update_of_it(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Else what refuses changes would take it for something new."""
    rebase(policies__template=ECHO, deploy__a=BAD.replace("x: y", "x: before"), deploy__c=GOOD)
    Path("deploy/z.yaml").write_text(BAD + "---\n" + BAD.replace("name: a", "name: new"))
    code, made, _ = check(capsys, *arguments)
    messages = [one["message"] for one in made["violations"] if one["file"] == "deploy/z.yaml"]
    assert code == 1 and messages[0].startswith("label UPDATE {") and '"x": "before"' in messages[0]
    assert messages[1].startswith("label CREATE")


def test_the_template_is_what_these_tests_think() -> None:
    assert "not input.review.object.metadata.labels[wanted]" in TEMPLATE
