"""`lockgate check` with policies that read the inventory: where it comes from, and what it is known to cover."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.gatekeeper.test_sync import POD, config, sync_set
from tests.gatekeeper.workbench import Json, constraint, manifest, template
from tests.webhook.helpers import Ran, run_lockgate

# Two Services of a name are one too many, and so is a Namespace that is not there.
UNIQUE = """package probe

violation[{"msg": msg}] {
  other := data.inventory.namespace[ns].v1.Service[input.review.object.metadata.name]
  ns != input.review.object.metadata.namespace
  msg := sprintf("%v is in %v too", [other.metadata.name, ns])
}
"""
TWO_KINDS = """package probe

violation[{"msg": "both"}] {
  data.inventory.cluster.v1.Node[_]
  data.inventory.namespace[_]["apps/v1"].Deployment[_]
}
"""
SECRETS = """package probe

violation[{"msg": msg, "details": {"seen": s.data.password}}] {
  s := data.inventory.namespace[_].v1.Secret[_]
  msg := sprintf("password %v, which is %v", [s.data.password, base64.decode(s.data.password)])
}
"""


def services(*places: tuple[str, str]) -> list[Json]:
    return [manifest("Service", name, namespace=namespace) for namespace, name in places]


def listed(kind: str, items: list[Json], version: str = "v1") -> Json:
    return {"apiVersion": version, "kind": kind, "items": items}


def write(path: Path, *values: Json) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n---\n".join([json.dumps(value, indent=1) for value in values]))
    return path


def tree(folder: Path, rego: str, *policies: Json) -> Path:
    """A folder with a policy, and a tree of two Services of one name."""
    write(folder / "policies" / "all.yaml", template(rego), constraint({}), *policies)
    write(folder / "deploy" / "all.yaml", *services(("a", "web"), ("b", "web")))
    return folder


def check(folder: Path, *arguments: str) -> dict[str, Any]:
    """What came of it: the messages, the needs of what was not evaluated, and the remarks."""
    ran = run_lockgate("check", "-p", "policies", "--format", "json", *arguments, cwd=folder)
    assert "Traceback" not in ran.err
    made = json.loads(ran.out)
    return {
        "messages": sorted({one["message"] for one in made["violations"]}),
        "needs": sorted({one["needs"] for one in made["notEvaluated"]}),
        "remarks": ran.err,
        "code": ran.code,
    }


def test_without_an_inventory_nothing_is_evaluated_and_the_kind_is_named(tmp_path: Path) -> None:
    found = check(tree(tmp_path, UNIQUE), "deploy")
    assert found["messages"] == []
    assert found["needs"] == ["the inventory of the cluster (data.inventory) with v1/Service"]


def test_the_tree(tmp_path: Path) -> None:
    found = check(tree(tmp_path, UNIQUE), "--inventory", "tree", "deploy")
    assert (found["messages"], found["needs"]) == (["web is in a too", "web is in b too"], [])
    assert "the inventory has 2 objects that policies can reach: v1/Service" in found["remarks"]


def test_objects_of_the_tree_are_where_the_cluster_has_them(tmp_path: Path) -> None:
    folder = tree(tmp_path, UNIQUE)
    write(folder / "deploy" / "all.yaml", manifest("Service", "web"), *services(("b", "web")))
    found = check(folder, "--inventory", "tree", "--namespace", "c", "deploy")
    assert found["messages"] == ["web is in b too", "web is in c too"]


SNAPSHOTS: list[tuple[str, list[Json], list[str], bool]] = [
    ("objects", services(("c", "web")), ["web is in c too"], True),
    ("a List", [listed("List", services(("c", "web")))], ["web is in c too"], True),
    (
        "a typed List, whose items do not name their kind",
        [listed("ServiceList", [{"metadata": {"name": "web", "namespace": "c"}}])],
        ["web is in c too"],
        True,
    ),
    ("a typed List without items", [listed("ServiceList", [])], [], True),
    ("a List without items, which tells nothing", [listed("List", [])], [], False),
    ("another kind", [manifest("Pod", "web", namespace="c")], [], False),
]


@pytest.mark.parametrize(
    ("name", "values", "messages", "evaluated"), SNAPSHOTS, ids=lambda row: str(row)[:40]
)
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_snapshots(
    tmp_path: Path, name: str, values: list[Json], messages: list[str], evaluated: bool, suffix: str
) -> None:
    folder = tree(tmp_path, UNIQUE)
    path = folder / f"snapshot.{suffix}"
    path.write_text(("\n---\n" if suffix == "yaml" else "\n").join(map(json.dumps, values)))
    if suffix == "yaml":
        path.write_text("# YAML\n" + path.read_text())
    found = check(folder, "--inventory", path.name, "deploy")
    assert found["messages"] == messages
    assert (found["needs"] == []) is evaluated


def test_a_folder_of_snapshots_and_the_tree_together(tmp_path: Path) -> None:
    folder = tree(tmp_path, UNIQUE)
    write(folder / "cluster" / "one.json", *services(("c", "web")))
    write(folder / "cluster" / "more" / "two.yaml", *services(("d", "web")))
    found = check(folder, "--inventory", "cluster/", "--inventory", "tree", "deploy")
    assert found["messages"] == [f"web is in {namespace} too" for namespace in "abcd"]


def test_kinds_by_the_users_word(tmp_path: Path) -> None:
    folder = tree(tmp_path, TWO_KINDS)
    write(folder / "nodes.json", manifest("Node", "n"))
    needs = check(folder, "--inventory", "nodes.json", "deploy")["needs"]
    assert len(needs) == 1 and "with apps/v1/Deployment:" in needs[0]
    arguments = ("--inventory", "nodes.json", "--inventory-kind", "apps/v1/Deployment", "deploy")
    assert check(folder, *arguments)["needs"] == []


def test_kinds_that_are_not_synced_are_not_in_the_inventory(tmp_path: Path) -> None:
    found = check(tree(tmp_path, UNIQUE, config({}), sync_set(POD)), "--inventory", "tree", "deploy")
    assert found["messages"] == []
    assert len(found["needs"]) == 1 and "v1/Service" in found["needs"][0]
    service = {"version": "v1", "kind": "Service"}
    shutil.rmtree(tmp_path / "policies")
    found = check(tree(tmp_path, UNIQUE, sync_set(service)), "--inventory", "tree", "deploy")
    assert (found["messages"], found["needs"]) == (["web is in a too", "web is in b too"], [])


def excluding(process: str, namespace: str) -> Json:
    kinds = {"syncOnly": [{"version": "v1", "kind": "Service"}]}
    return config({"sync": kinds, "match": [{"processes": [process], "excludedNamespaces": [namespace]}]})


@pytest.mark.parametrize(
    ("process", "messages"),
    [
        ("sync", ["web is in a too"]),
        ("webhook", ["web is in b too"]),
        ("audit", ["web is in a too", "web is in b too"]),
        ("*", []),
    ],
)
def test_namespaces_that_the_config_excludes(tmp_path: Path, process: str, messages: list[str]) -> None:
    found = check(tree(tmp_path, UNIQUE, excluding(process, "b*")), "--inventory", "tree", "deploy")
    assert (found["messages"], found["needs"]) == (messages, [])
    excluded = "1 objects are not judged: the Config excludes their namespaces from the webhook"
    assert (excluded in found["remarks"]) is (process in ("webhook", "*"))


def test_a_kind_that_may_be_namespaced_is_not_covered(tmp_path: Path) -> None:
    rego = 'package probe\n\nviolation[{"msg": "x"}] { not data.inventory.cluster["new.example/v1"].Thing.a }'
    folder = tree(tmp_path, rego)
    write(folder / "deploy" / "thing.yaml", manifest("Thing", "a", group="new.example/v1"))
    needs = check(folder, "--inventory", "tree", "deploy")["needs"]
    assert len(needs) == 1 and "with new.example/v1/Thing:" in needs[0]


def test_secrets_of_the_inventory_are_not_shown(tmp_path: Path) -> None:
    folder = tree(tmp_path, SECRETS)
    secret = {**manifest("Secret", "s", namespace="c"), "data": {"password": "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"}}
    write(folder / "snapshot.json", secret)
    for chosen in ("text", "json", "sarif", "github"):
        ran = run_lockgate(
            "check",
            "-p",
            "policies",
            "--format",
            chosen,
            "--inventory",
            "snapshot.json",
            "deploy",
            cwd=folder,
        )
        assert "password ***, which is ***" in ran.out
        for text in (ran.out, ran.err):
            assert "correct-horse" not in text and "Y29ycmVjdC1ob3Jz" not in text


@pytest.mark.parametrize(
    "command",
    [
        ["check", "--trace"],
        ["check", "--explain"],
        ["check", "--explain", "--format", "json"],
        ["check", "--format", "junit"],
        ["check", "--format", "tap"],
        ["explain"],
        ["explain", "--format", "json"],
    ],
)
def test_nor_where_it_is_told_why(tmp_path: Path, command: list[str]) -> None:
    folder = tree(tmp_path, SECRETS)
    secret = {**manifest("Secret", "s", namespace="c"), "data": {"password": "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"}}
    write(folder / "snapshot.json", secret)
    ran = run_lockgate(*command, "-p", "policies", "--inventory", "snapshot.json", "deploy", cwd=folder)
    assert "***" in ran.out
    for text in (ran.out, ran.err):
        assert "correct-horse" not in text and "Y29ycmVjdC1ob3Jz" not in text


def test_explain_has_the_inventory_too(tmp_path: Path) -> None:
    folder = tree(tmp_path, UNIQUE)
    ran = run_lockgate("explain", "-p", "policies", "--inventory", "tree", "deploy/all.yaml", cwd=folder)
    assert "web is in b too" in ran.out


def test_configured(tmp_path: Path) -> None:
    folder = tree(tmp_path, TWO_KINDS)
    write(folder / "snap" / "nodes.json", manifest("Node", "n"))
    (folder / "lockgate.yaml").write_text(
        "inventory:\n  sources: [tree, snap]\n  kinds: [apps/v1/Deployment]\n"
    )
    assert check(folder, "deploy")["needs"] == []
    # What is on the command line stands in its place.
    assert check(folder, "--inventory", "tree", "deploy")["needs"] != []
    (folder / "lockgate.yaml").write_text("inventory:\n  sources: [tree, snap]\n")
    assert check(folder, "--inventory-kind", "apps/v1/Deployment", "deploy")["needs"] == []


def refused(folder: Path, *arguments: str) -> Ran:
    ran = run_lockgate("check", "-p", "policies", *arguments, "deploy", cwd=folder)
    assert ran.code == 2 and ran.out == "" and "Traceback" not in ran.err
    return ran


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--inventory", "nowhere"), "the snapshot nowhere does not exist"),
        (("--inventory-kind", "v1/Service"), "there is no inventory"),
        (("--inventory", "tree", "--inventory-kind", "Service"), "'Service' is no kind"),
        (("--inventory", "broken.json"), "broken.json:2:1"),
        (("--inventory", "broken.yaml"), "broken.yaml:2:1: invalid yaml"),
        (("--inventory", "values.yaml"), "values.yaml:1:1: invalid yaml: an object has no kind"),
        (("--inventory", "scalar.json"), "what is no object"),
        (("--inventory", "item.json"), "an item of a list of objects is no Kubernetes object"),
        (("--inventory", "binary.json"), "not UTF-8"),
        (("--inventory", "pipe"), "no regular file"),
    ],
)
def test_snapshots_that_cannot_be_read(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    folder = tree(tmp_path, UNIQUE)
    (folder / "broken.json").write_text('{"kind":\n}')
    (folder / "broken.yaml").write_text("a: [\n")
    (folder / "values.yaml").write_text("replicas: 3\n")
    (folder / "scalar.json").write_text("[1]")
    (folder / "item.json").write_text(json.dumps(listed("List", [manifest(), {"x": 1}])))
    (folder / "binary.json").write_bytes(b'{"a": "\xff"}')
    (folder / "pipe").symlink_to("/dev/null")
    assert message in refused(folder, *arguments).err


def test_without_a_policy_that_reads_it_no_source_is_opened(tmp_path: Path) -> None:
    folder = tree(tmp_path, 'package probe\n\nviolation[{"msg": "x"}] { true }')
    assert check(folder, "--inventory", "nowhere", "deploy")["messages"] == ["x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inventory: {}", "has no sources"),
        ("inventory: {sources: []}", "has no sources"),
        ("inventory: {sources: [cluster]}", "names no cluster"),
        ("inventory: {sources: ['cluster:prod']}", "names no cluster"),
        ("inventory: {sources: [../up]}", "outside of the repository"),
        ("inventory: {sources: [tree], kinds: [Service]}", "is no kind"),
        ("inventory: {source: [tree]}", "did you mean sources"),
    ],
)
def test_configurations_that_are_wrong(tmp_path: Path, text: str, message: str) -> None:
    folder = tree(tmp_path, UNIQUE)
    (folder / "lockgate.yaml").write_text(text + "\n")
    assert message in refused(folder).err
