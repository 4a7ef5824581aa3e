"""Policies that read the inventory, beside the real gator: in suites, and over trees of objects."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.programs import run_program
from tests.gatekeeper.inventory_cases import INVENTORY_CASES
from tests.gatekeeper.workbench import Json, SuiteFolder, constraint, manifest, template
from tests.shared_folder import shared_path
from tests.webhook.helpers import run_lockgate

pytestmark = pytest.mark.e2e

READERS = ("uniqueingresshost", "uniqueserviceselector", "poddisruptionbudget", "horizontalpodautoscaler")
KINDS = (
    "v1/Service",
    "networking.k8s.io/v1/Ingress",
    "networking.k8s.io/v1beta1/Ingress",
    "policy/v1/PodDisruptionBudget",
    "apps/v1/Deployment",
    "apps/v1/StatefulSet",
)
SEED = 20_261_126


def test_what_policies_find(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path)
    for case in INVENTORY_CASES:
        rego = f'package probe\n\nviolation[{{"msg": "hit"}}] {{ {case.body} }}'
        assertion = {"violations": 1 if case.holds else 0}
        suite.test(case.name, template(rego), constraint({}), [(manifest(), case.inventory, [assertion])])
    said = run_program("gator", "verify", suite.write().name, cwd=tmp_path).stdout
    assert "FAIL" not in said, said


def write_policies(folder: Path) -> None:
    """The library's templates that read the inventory, each with its first constraint."""
    folder.mkdir()
    library = shared_path("vectors", "gatekeeper-library") / "general"
    for name in READERS:
        shutil.copy(library / name / "template.yaml", folder / f"{name}-template.yaml")
        found = sorted((library / name / "samples").rglob("constraint.yaml"))
        shutil.copy(found[0], folder / f"{name}-constraint.yaml")


def objects(chance: random.Random, count: int) -> list[Json]:
    """Services, Ingresses, budgets, workloads and autoscalers that name each other often."""

    def name() -> str:
        return f"n{chance.randrange(12)}"

    def metadata() -> Json:
        return {"name": name(), "namespace": f"ns{chance.randrange(4)}"}

    def labels() -> Json:
        return {chance.choice("ab"): chance.choice("xyz") for _ in range(chance.randrange(1, 3))}

    def workload(kind: str) -> Json:
        labelled = labels()
        spec = {
            "replicas": chance.randrange(1, 4),
            "selector": {"matchLabels": labelled},
            "template": {"metadata": {"labels": labelled}, "spec": {"containers": []}},
        }
        return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata(), "spec": spec}

    def one() -> Json:
        kind = chance.randrange(6)
        if kind == 0:
            return {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata(),
                "spec": {"selector": labels()},
            }
        if kind == 1:
            version = chance.choice(["networking.k8s.io/v1", "networking.k8s.io/v1beta1"])
            spec: Json = {"rules": [{"host": f"{name()}.example.com"} for _ in range(2)]}
            return {"apiVersion": version, "kind": "Ingress", "metadata": metadata(), "spec": spec}
        if kind == 2:
            limit = chance.choice(
                [{"maxUnavailable": chance.randrange(2)}, {"minAvailable": chance.randrange(4)}]
            )
            spec = {"selector": {"matchLabels": labels()}, **limit}
            return {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": metadata(),
                "spec": spec,
            }
        if kind == 3:
            target = {
                "apiVersion": "apps/v1",
                "kind": chance.choice(["Deployment", "StatefulSet"]),
                "name": name(),
            }
            spec = {"minReplicas": chance.randrange(1, 5), "maxReplicas": chance.randrange(3, 9)}
            return {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": metadata(),
                "spec": {**spec, "scaleTargetRef": target},
            }
        return workload("Deployment" if kind == 4 else "StatefulSet")

    made: dict[Any, Json] = {}
    for _ in range(count):
        value = one()
        about = value["metadata"]
        made[value["apiVersion"], value["kind"], about["namespace"], about["name"]] = value
    return list(made.values())


def place(value: Json) -> tuple[str, str, str, str]:
    about = value["metadata"]
    return value["apiVersion"], value["kind"], about.get("namespace", ""), about["name"]


def test_trees(tmp_path: Path) -> None:
    """Every violation of every object of a random tree, all of which is the inventory of both."""
    write_policies(tmp_path / "policies")
    values = objects(random.Random(SEED), 400)
    deploy = tmp_path / "deploy"
    deploy.mkdir()
    (deploy / "all.yaml").write_text("\n---\n".join(map(json.dumps, values)))
    done = run_program("gator", "test", "-f", "policies", "-f", "deploy", "-o", "json", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    theirs = sorted(
        [
            (*place(found["violatingObject"]), found["constraint"]["metadata"]["name"], found["msg"])
            for found in json.loads(done.stdout) or []
            if found["violatingObject"]["kind"] != "ConstraintTemplate"
        ]
    )
    kinds = [part for kind in KINDS for part in ("--inventory-kind", kind)]
    arguments = ["-p", "policies", "--engine", "rego", "--format", "json", "--inventory", "tree", *kinds]
    ran = run_lockgate("check", *arguments, "deploy", cwd=tmp_path)
    report = json.loads(ran.out)
    ours = sorted(
        [
            (
                *[found["resource"][name] for name in ("apiVersion", "kind", "namespace", "name")],
                found["constraint"],
                found["message"],
            )
            for found in report["violations"]
        ]
    )
    assert ours == theirs
    assert len({found[4] for found in ours}) == len(READERS), "every policy found something"
    assert report["notEvaluated"] == []
