"""`lockgate policy rollout` on a real API server: what lives there, under its policies and under those to be."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, render_moment

from tests.e2e.cluster import Cluster, running_cluster
from tests.e2e.live_cluster import live_beside
from tests.e2e.test_cluster_source import apply, apply_in_one_go, define, delete
from tests.gatekeeper.exemptions.making import exemption
from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.helpers import run_lockgate

pytestmark = pytest.mark.e2e

LABELLED = """package probe

violation[{"msg": msg}] {
  input.review.object.metadata.labels[input.parameters.label]
  msg := sprintf("%v has the label %v", [input.review.object.metadata.name, input.parameters.label])
}
"""
# What is called as another object is, in the inventory.
TWICE = """package twice

violation[{"msg": msg}] {
  some other
  data.inventory.namespace[other].v1.ConfigMap[input.review.object.metadata.name]
  other != input.review.object.metadata.namespace
  msg := sprintf("%v is in %v too", [input.review.object.metadata.name, other])
}
"""
MATCH = {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]}
SCHEMA = {"type": "object", "properties": {"label": {"type": "string"}}}


def labelled(name: str, label: str, action: str = "deny") -> Any:
    spec = {"match": MATCH, "enforcementAction": action, "parameters": {"label": label}}
    return constraint(spec, name=name)


def config(name: str, namespace: str = "default", **labels: str) -> Any:
    return manifest("ConfigMap", name, namespace=namespace, labels=labels)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        define(made)
        with live_beside(made) as live:
            apply_in_one_go(made, live, template(LABELLED, schema=SCHEMA), labelled("old", "old"))
        apply(
            made,
            manifest("Namespace", "gatekeeper-system"),
            manifest("Namespace", "team"),
            manifest("Namespace", "excluded"),
            {
                "apiVersion": "config.gatekeeper.sh/v1alpha1",
                "kind": "Config",
                "metadata": {"name": "config", "namespace": "gatekeeper-system"},
                "spec": {
                    "match": [{"processes": ["*"], "excludedNamespaces": ["excluded"]}],
                    "sync": {"syncOnly": [{"group": "", "version": "v1", "kind": "ConfigMap"}]},
                },
            },
            config("good"),
            config("one", old="yes"),
            config("two", new="yes"),
            config("three", "team", new="yes", old="yes"),
            config("three", "excluded", new="yes"),
            config("four", "team", new="yes"),
            config("good", "team"),
        )
        yield made


@pytest.fixture
def folder(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig()))
    return tmp_path


def written(folder: Path, name: str, *values: Any) -> str:
    place = folder / name
    place.mkdir()
    for number, value in enumerate(values):
        (place / f"{number}.json").write_text(json.dumps(value))
    return str(place)


def rolled_out(folder: Path, *arguments: str, code: int = 0) -> Mapping[str, Any]:
    ran = run_lockgate("policy", "rollout", *arguments, "--format", "json", cwd=folder, env=dict(os.environ))
    assert ran.code == code, ran.err + ran.out
    made: dict[str, Any] = json.loads(ran.out)
    return made


def changes(part: Mapping[str, Any]) -> dict[str, int]:
    return {name: count for name, count in part["difference"]["changes"].items() if count}


def names(part: Mapping[str, Any], effect: str) -> list[str]:
    return [
        f"{one['resource']['namespace']}/{one['resource']['name']}"
        for one in part["difference"]["objects"]
        if effect in one["changes"]
    ]


def test_what_would_be_denied_that_is_not(folder: Path) -> None:
    new = written(folder, "new", template(LABELLED, schema=SCHEMA), labelled("new", "new"))
    live = rolled_out(folder, new)["live"]
    assert live["errors"] == []
    # What the cluster's Config excludes stays so, though the policies to be have none.
    assert names(live, "denied") == ["default/two", "team/four"]
    assert names(live, "letThrough") == ["default/one"]
    assert names(live, "saidOtherwise") == ["team/three"]
    assert live["difference"]["compared"] > 6
    assert rolled_out(folder, new, "--max-new-denials", "1", code=1)["newDenials"] == {"objects": 2}
    assert rolled_out(folder, new, "--max-new-denials", "2")["newDenials"] == {"objects": 2}


def test_the_same_policies_change_nothing(folder: Path) -> None:
    same = written(folder, "same", template(LABELLED, schema=SCHEMA), labelled("old", "old"))
    live = rolled_out(folder, same, "--max-new-denials", "0")["live"]
    assert (changes(live), live["errors"], live["policies"] != "") == ({}, [], True)


def test_policies_in_force_from_files_and_a_bundle(folder: Path) -> None:
    old = written(folder, "old", template(LABELLED, schema=SCHEMA), labelled("all", "new", "warn"))
    new = written(folder, "new", template(LABELLED, schema=SCHEMA), labelled("all", "new"))
    assert run_lockgate("policy", "bundle", new, "-o", str(folder / "new.tar.gz")).code == 0
    live = rolled_out(folder, "new.tar.gz", "-p", old)["live"]
    # Nothing excludes anything here: what is in files counts as a whole.
    assert names(live, "denied") == ["default/two", "excluded/three", "team/four", "team/three"]


def test_what_needs_the_inventory_is_told_it(folder: Path) -> None:
    twice = template(TWICE, kind="Twice", schema={"type": "object"})
    new = written(folder, "new", twice, constraint({"match": MATCH}, kind="Twice", name="all"))
    live = rolled_out(folder, new)["live"]
    assert live["errors"] == []
    assert names(live, "unknown") == []
    assert {"default/good", "team/good"} <= set(names(live, "denied"))


def test_exemptions_of_the_cluster_stay(folder: Path, cluster: Cluster) -> None:
    now_ns = time.time_ns()
    apply(
        cluster,
        exemption(
            policies=[{"kind": "Probe", "name": "new"}],
            match={"namespaces": ["team"]},
            issuedAt=render_moment(now_ns - 60 * SECOND_NS),
            expiresAt=render_moment(now_ns + 3_600 * SECOND_NS),
        ),
    )
    try:
        new = written(folder, "new", template(LABELLED, schema=SCHEMA), labelled("new", "new"))
        assert names(rolled_out(folder, new)["live"], "denied") == ["default/two"]
        # So they do beside those that are given, which count on both sides.
        more = exemption(
            "more",
            policies=[{"kind": "Probe", "name": "new"}],
            match={"namespaces": ["default"]},
            issuedAt=render_moment(now_ns - 60 * SECOND_NS),
            expiresAt=render_moment(now_ns + 3_600 * SECOND_NS),
        )
        given = written(folder, "given", more)
        assert changes(rolled_out(folder, new, "--exemptions", given)["live"]).get("denied", 0) == 0
    finally:
        delete(cluster, "exemption", "one")


def test_records_are_replayed_under_the_cluster_s_policies(folder: Path) -> None:
    with chdir(folder):
        assert run_lockgate("audit", "init", "trail", "--origin", "example.com/lockgate/sweep").code == 0
        swept = run_lockgate("sweep", "--trail", "trail", env=dict(os.environ))
        assert swept.code == 1, swept.err
    new = written(folder, "new", template(LABELLED, schema=SCHEMA), labelled("new", "new"))
    made = rolled_out(folder, new, "--trail", "trail")
    trail = made["trail"]
    # A sweep records what is denied.
    assert (trail["replayed"], trail["fidelity"]["same"], trail["fidelity"]["misses"]) == (2, 2, [])
    assert trail["policies"] == made["live"]["policies"]
    assert names(trail, "letThrough") == ["default/one"]
    assert names(trail, "saidOtherwise") == ["team/three"]


def test_no_cluster_at_all(folder: Path) -> None:
    new = written(folder, "new", template(LABELLED, schema=SCHEMA), labelled("new", "new"))
    ran = run_lockgate("policy", "rollout", new, cwd=folder, env={"KUBECONFIG": "/nowhere"})
    assert (ran.code, ran.out) == (2, "")
    assert "there is no access to a cluster" in ran.err
