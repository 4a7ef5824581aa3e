"""The shipped rules in the real opa, gator and Conftest, and over the corpus of public manifests."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Undefined, parse_json, render_json
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source
from lockgate.webhook.policy_folder import Rule, Sample

from tests.e2e.programs import run_program
from tests.policies.corpus import documents_in
from tests.policies.shipped import INTERNAL, POLICIES, RULES, rule_ids
from tests.shared_folder import ROOT, shared_path

pytestmark = pytest.mark.e2e

DENIED_CLAIM = (
    POLICIES.root / "claims" / "approved_device_classes" / "samples" / "alternatives" / "denied.yaml"
)
ALLOWED_CLAIM = DENIED_CLAIM.with_name("allowed.yaml")
PARAMETERS = {
    "claims": {"approved_device_classes": {"allowedDeviceClasses": ["gpu.nvidia.com", "mig.nvidia.com"]}},
    "workloads": {"immutable_images": {"allowedRepositories": ["registry.example.com/ml"]}},
}


def test_opa_runs_the_unit_tests() -> None:
    # Five seconds for each test, unless told, are too few where the machine is busy.
    done = run_program("opa", "test", "-b", "policies", "--timeout", "100s", "--format", "json", cwd=ROOT)
    results = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    packages = {result["package"] for result in results}
    assert packages >= {f"data.{rule.package}_test" for rule in RULES}
    assert not [result for result in results if result.get("fail") or result.get("skip")]


def test_opa_checks_and_formats() -> None:
    assert run_program("opa", "check", "-b", "--strict", "policies", cwd=ROOT).returncode == 0
    formatted = run_program("opa", "fmt", "--list", "policies", cwd=ROOT)
    assert (formatted.returncode, formatted.stdout) == (0, "")


def test_opa_builds_a_bundle_without_samples(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar.gz"
    done = run_program("opa", "build", "-b", "policies", "--ignore", "*_test.rego", "-o", bundle, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    with tarfile.open(bundle) as archive:
        names = [Path(name) for name in archive.getnames()]
    assert {name.suffix for name in names} <= {".rego", ".json", ""}
    assert {name for name in names if name.name == "src.rego"} == {
        Path("/policies", rule.key, "src.rego") for rule in RULES
    }


def test_gator_verifies_every_suite() -> None:
    done = run_program("gator", "verify", "-v", "./policies/...", cwd=ROOT)
    assert done.returncode == 0, done.stdout
    cases = sum(len(s.allowed) + len(s.denied) for rule in INTERNAL for s in rule.samples())
    leaves = [
        line
        for line in done.stdout.splitlines()
        if line.strip().startswith("--- PASS: ") and line.startswith("    ")
    ]
    assert len(leaves) == cases
    skipped = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("=== SKIP")]
    assert skipped == [s.name for rule in RULES if rule not in INTERNAL for s in rule.samples()]


# What `gator test` does not take for an object that it judges, as suites do: constraints are its own, and it knows no requests.
NOT_JUDGED = ("admission.k8s.io/", "constraints.gatekeeper.sh/")


def _gator_tests(rule: Rule, sample: Sample, *paths: Path) -> list[dict[str, Any]]:
    """What gator says of some of a sample's denied objects; all that it says has a fix and a place."""
    files = [word for path in (rule.template, sample.constraint, *paths) for word in ("-f", path)]
    done = run_program("gator", "test", "-o", "json", *files, cwd=ROOT)
    # gator fails for what is denied, and tells what is warned of.
    code = 1 if load(sample.constraint)["spec"]["enforcementAction"] == "deny" else 0
    assert done.returncode == code, (paths, done.stderr)
    results: list[dict[str, Any]] = json.loads(done.stdout)
    for result in results:
        details = result["metadata"]["details"]
        assert details["fix"] and isinstance(details["path"], list)
        assert result["msg"].endswith(f"; fix: {details['fix']}")
        assert _is_place(result["violatingObject"], details["path"])
    return results


@pytest.mark.parametrize("rule", INTERNAL, ids=rule_ids(INTERNAL))
def test_gator_tests_samples_with_a_path_in_the_details(rule: Rule) -> None:
    for sample in rule.samples():
        # Its starts cost most, so it is given all of a sample; alone again where another's name hid an object.
        denied = [path for path in sample.denied if not load(path)["apiVersion"].startswith(NOT_JUDGED)]
        objects = [one["violatingObject"] for one in _gator_tests(rule, sample, *denied)] if denied else []
        for path in denied:
            assert load(path) in objects or _gator_tests(rule, sample, path), path


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def _is_place(value: Any, path: list[Any]) -> bool:
    """Does the path lead to something, or to a field that is lacking?"""
    for element in path:
        if isinstance(value, dict):
            if element not in value:
                return isinstance(element, str)
            value = value[element]
        elif isinstance(value, list) and isinstance(element, int):
            value = value[element]
        else:
            return False
    return True


def test_conftest_runs_the_unit_tests() -> None:
    command = ("conftest", "verify", "-p", "policies")
    done = run_program(*command, cwd=ROOT)
    # Conftest gives each test five seconds and cannot be told otherwise: a machine that is busy is asked again.
    for _ in range(3):
        if "eval_cancel_error" in done.stdout + done.stderr:
            done = run_program(*command, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def _conftest(
    tmp_path: Path, parameters: dict[str, Any], *manifests: Path
) -> tuple[int, list[dict[str, Any]]]:
    data = tmp_path / "params.yaml"
    data.write_text(yaml.safe_dump({"parameters": parameters}), "utf-8")
    done = run_program("conftest", "test", "-o", "json", "-p", "policies", "-d", data, *manifests, cwd=ROOT)
    return done.returncode, json.loads(done.stdout)


def test_conftest_reads_parameters_from_data(tmp_path: Path) -> None:
    code, results = _conftest(tmp_path, PARAMETERS, DENIED_CLAIM)
    assert code == 1
    [failure] = results[0]["failures"]
    assert failure["msg"].startswith(
        "DeviceClass is not approved at spec.devices.requests[0].firstAvailable[1]"
    )
    assert failure["metadata"]["details"]["path"][-1] == "deviceClassName"
    code, results = _conftest(tmp_path, PARAMETERS, ALLOWED_CLAIM)
    assert (code, results[0].get("failures", [])) == (0, [])


def test_conftest_says_what_is_not_configured(tmp_path: Path) -> None:
    code, results = _conftest(tmp_path, {"workloads": PARAMETERS["workloads"]}, DENIED_CLAIM)
    assert code == 0
    said = sorted([one["msg"] for one in results[0]["warnings"]])
    assert said[0].startswith("claims/approved_device_classes is not configured, and 2 places are not judged")
    assert said[1].startswith("claims/dangling_references is not configured, and 2 places are not judged")
    assert said[2] == (
        "claims/reachable_devices is not evaluated: it asks external data, which Conftest does not have, about 2 places"
    )
    assert said[3].startswith("claims/team_device_classes is not configured, and 2 places are not judged")
    assert said[4].startswith("claims/unused_claims is not configured, and 1 places are not judged")
    assert len(said) == 5


def test_conftest_judges_the_items_of_a_list(tmp_path: Path) -> None:
    manifest = tmp_path / "list.yaml"
    items = [load(DENIED_CLAIM), load(ALLOWED_CLAIM)]
    manifest.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}), "utf-8")
    code, results = _conftest(tmp_path, PARAMETERS, manifest)
    assert (code, len(results[0]["failures"])) == (1, 1)


CORPUS_QUERY = """package corpus

judged[file] := found if {
	some file, object in data.documents
	found := {
		"claims": [v.details | some v in data.lockgate.claims.approved_device_classes.violation with input as {
			"review": {"object": object}, "parameters": {"allowedDeviceClasses": ["approved.example.com"]},
		}],
		"images": [v.details | some v in data.lockgate.workloads.immutable_images.violation with input as {
			"review": {"object": object}, "parameters": {"allowedRepositories": []},
		}],
	}
}
"""


def _occurrences(value: Any, keys: set[str], path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, child in value.items():
            if key in keys and isinstance(child, str):
                yield (*path, key)
            yield from _occurrences(child, keys, (*path, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _occurrences(child, keys, (*path, number))


@dataclass(frozen=True, slots=True)
class Judged:
    """A part of the corpus: its documents, and what OPA says of each."""

    documents: dict[str, Any]
    said: dict[str, Any]


@pytest.fixture(scope="module", params=["dra", "systems"])
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    documents = documents_in(shared_path("corpus", request.param))
    return Judged(documents, _judge(tmp_path_factory.mktemp("corpus"), documents))


def _judge(tmp_path: Path, documents: dict[str, Any]) -> dict[str, Any]:
    data = tmp_path / "documents.json"
    data.write_text(json.dumps({"documents": documents}), "utf-8")
    query = tmp_path / "corpus.rego"
    query.write_text(CORPUS_QUERY, "utf-8")
    sources = [argument for rule in RULES for argument in ("-d", rule.source)]
    done = run_program(
        "opa", "eval", "--strict-builtin-errors", "-f", "json", "-d", "policies/lib", *sources,
        "-d", query, "-d", data, "data.corpus.judged", cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[:2000]
    said: dict[str, Any] = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    return said


def test_the_corpus_is_judged_without_errors_and_no_class_is_missed(judged: Judged) -> None:
    documents = judged.documents
    assert judged.said.keys() == documents.keys()
    for file, found in judged.said.items():
        for details in found.values():
            paths = [json.dumps(one["path"]) for one in details]
            assert len(paths) == len(set(paths)), file
            for one in details:
                assert _is_place(documents[file], one["path"])
    for file, document in documents.items():
        if document["kind"] not in ("ResourceClaim", "ResourceClaimTemplate"):
            continue
        told = [tuple(one["path"]) for one in judged.said[file]["claims"]]
        for path in _occurrences(document, {"deviceClassName", "resourceClassName"}):
            assert any(path[: len(one)] == one for one in told), (file, path)


WORKLOADS = {
    "CronJob", "DaemonSet", "Deployment", "InferenceService", "Job", "JobSet", "LLMInferenceService", "LeaderWorkerSet",
    "MPIJob", "Notebook", "Pod", "PyTorchJob", "RayCluster", "RayJob", "RayService", "ReplicaSet", "Rollout",
    "StatefulSet", "TrainJob", "Workflow", "WorkflowTemplate",
}  # fmt: skip


# What is no image to run: a status, parameters of a workflow, tasks of another system, and InferenceServices of a version long gone.
NOT_READ = {"status", "withItems", "taskSpec", "custom", "default"}


def test_no_image_of_a_workload_in_the_corpus_is_missed(judged: Judged) -> None:
    # Some examples write pods under the group of claims, which no API server takes.
    documents = judged.documents
    missed = [
        (file, path)
        for file, document in documents.items()
        if document["kind"] in WORKLOADS and not document["apiVersion"].startswith("resource.k8s.io/")
        for path in _occurrences(document, {"image"})
        if not NOT_READ & set(path)
        if path not in {tuple(one["path"]) for one in judged.said[file]["images"]}
    ]
    assert missed == []


def test_lockgate_and_opa_agree_over_the_corpus(judged: Judged) -> None:
    documents = judged.documents
    rules = {
        "claims": ("claims.approved_device_classes", {"allowedDeviceClasses": ["approved.example.com"]}),
        "images": ("workloads.immutable_images", {"allowedRepositories": []}),
    }
    paths = [*sorted(POLICIES.root.glob("lib/*.rego")), *(rule.source for rule in RULES)]
    modules = [parse_module(Source(path.read_text("utf-8"), path.name, "v1")) for path in paths]
    entrypoints = [f"data.lockgate.{name}.violation" for name, _ in rules.values()]
    modules = [module for module in modules if module.package != ("main",)]
    program = compile_program(modules, entrypoints=entrypoints, capabilities=Capabilities()).prepare()
    for file, document in documents.items():
        for short, (name, parameters) in rules.items():
            value = parse_json(json.dumps({"review": {"object": document}, "parameters": parameters}))
            found = program.evaluate(
                f"data.lockgate.{name}.violation", input=value, now_ns=0, limits=Limits(), strict="builtins"
            )
            assert not isinstance(found, Undefined), file
            ours = sorted(
                json.dumps(one["details"], sort_keys=True) for one in json.loads(render_json(found))
            )
            theirs = sorted(json.dumps(one, sort_keys=True) for one in judged.said[file][short])
            assert ours == theirs, file
