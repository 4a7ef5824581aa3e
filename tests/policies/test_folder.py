"""Every shipped rule is a complete folder, its copies and pages are current, and its constraints fit."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from lockgate.webhook.policy_docs import pages
from lockgate.webhook.policy_folder import Rule, read_metadata
from lockgate.webhook.policy_sync import synced
from lockgate.webhook.profiles.assembly import assembled
from lockgate.webhook.profiles.assembly import profiled
from lockgate.webhook.profiles.pages import profile_pages

from tests.policies.shipped import (
    POLICIES,
    RULES,
    constraints_of,
    known_kinds,
    load,
    matched_kinds,
    rule_ids,
    schema_of,
)

each_rule = pytest.mark.parametrize("rule", RULES, ids=rule_ids())
CLAIM_KINDS = {
    ("resource.k8s.io", "ResourceClaim"),
    ("resource.k8s.io", "ResourceClaimTemplate"),
    ("scheduling.k8s.io", "CompositePodGroup"),
    ("scheduling.k8s.io", "PodGroup"),
    ("scheduling.k8s.io", "Workload"),
}


def test_rules_are_shipped() -> None:
    assert set(rule_ids()) >= {"claims/approved_device_classes", "workloads/immutable_images"}


def test_every_folder_is_complete() -> None:
    assert list(POLICIES.problems()) == []


def test_templates_and_the_conftest_entry_are_current() -> None:
    assert [file.path for file in synced(POLICIES) if not file.is_current()] == []


def test_profiles_are_current() -> None:
    assert [file.path for file in assembled(POLICIES) if not file.is_current()] == []


def test_pages_are_current() -> None:
    made = (*pages(POLICIES), *profile_pages(POLICIES, profiled(POLICIES)))
    assert [file.path for file in made if not file.is_current()] == []


@each_rule
def test_the_suite_runs_every_sample(rule: Rule) -> None:
    suite = load(rule.folder / "suite.yaml")
    run = {(test["constraint"], case["object"]) for test in suite["tests"] for case in test["cases"]}
    there = {
        (f"samples/{sample.name}/constraint.yaml", f"samples/{sample.name}/{path.name}")
        for sample in rule.samples()
        for path in (*sample.allowed, *sample.denied)
    }
    assert run == there


@each_rule
def test_the_suite_expects_what_the_names_of_samples_say(rule: Rule) -> None:
    for test in load(rule.folder / "suite.yaml")["tests"]:
        for case in test["cases"]:
            expected = [assertion["violations"] for assertion in case["assertions"]]
            allowed = Path(case["object"]).name.startswith("allowed")
            assert expected == [False] if allowed else all(number >= 1 for number in expected), case["object"]


@each_rule
def test_parameters_of_samples_fit_the_schema(rule: Rule) -> None:
    validator = jsonschema.Draft202012Validator(schema_of(rule))
    for path in constraints_of(rule):
        validator.validate(load(path)["spec"]["parameters"])


@each_rule
def test_the_schema_is_described_and_typed_throughout(rule: Rule) -> None:
    schema = schema_of(rule)
    assert schema["description"]
    for name, field in schema["properties"].items():
        assert field["description"] and field["type"], name
        if field["type"] == "array":
            assert field["items"]["type"] and field["maxItems"], name


WRONG_PARAMETERS = [
    ("claims/approved_device_classes", {}),
    ("claims/approved_device_classes", {"allowedDeviceClasses": "gpu.nvidia.com"}),
    ("claims/approved_device_classes", {"allowedDeviceClasses": ["*"]}),
    ("claims/approved_device_classes", {"allowedDeviceClasses": ["GPU"]}),
    ("claims/approved_device_classes", {"allowedDeviceClasses": [], "allowed": []}),
    ("claims/approved_device_classes", {"allowedDeviceClasses": [], "allowedExtendedResources": ["cpu"]}),
    ("workloads/immutable_images", {}),
    ("workloads/immutable_images", {"allowedRepositories": ["gcr.io/*"]}),
    ("workloads/immutable_images", {"allowedRepositories": ["gcr.io/"]}),
    ("workloads/immutable_images", {"allowedRepositories": ["https://gcr.io"]}),
    ("workloads/immutable_images", {"allowedRepositories": ["library"]}),
    ("workloads/immutable_images", {"allowedRepositories": ["gcr.io/foo:v1"]}),
    ("workloads/immutable_images", {"allowedRepositories": ["GCR.io/foo"]}),
    ("workloads/immutable_images", {"allowedRepositories": ["*"], "undecidable": "warn"}),
    ("workloads/immutable_images", {"allowedRepositories": ["*"], "requireDigest": "no"}),
]


@pytest.mark.parametrize(("key", "parameters"), WRONG_PARAMETERS, ids=json.dumps)
def test_wrong_parameters_are_refused(key: str, parameters: dict[str, object]) -> None:
    rule = next(rule for rule in RULES if rule.key == key)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema_of(rule)).validate(parameters)


PLACES = [
    "gcr.io",
    "gcr.io/foo",
    "registry.example.com:5000/a/b-c",
    "localhost",
    "localhost:5000/a",
    "docker.io/library",
    "*",
]


@pytest.mark.parametrize("place", PLACES)
def test_places_are_accepted(place: str) -> None:
    rule = next(rule for rule in RULES if rule.key == "workloads/immutable_images")
    jsonschema.Draft202012Validator(schema_of(rule)).validate({"allowedRepositories": [place]})


# What a rule reads, and the kinds that hold it.
PODS = re.compile(r"workloads\.(pod|container|image)_paths")
CLAIMS = re.compile(r"data\.lib\.lockgate\.claims\b")


def kinds_for(rule: Rule) -> set[tuple[str, str]]:
    """What a constraint of the rule has to match at least."""
    text = rule.source.read_text("utf-8")
    reads_claims = CLAIMS.search(text) is not None
    expected = known_kinds() if reads_claims or PODS.search(text) else set()
    return expected | (CLAIM_KINDS if reads_claims else set())


@each_rule
def test_constraints_of_samples_match_every_known_kind(rule: Rule) -> None:
    for path in constraints_of(rule):
        assert kinds_for(rule) <= matched_kinds(load(path)), path


@each_rule
def test_the_template_names_its_rule(rule: Rule) -> None:
    template = load(rule.template)
    assert template["metadata"]["annotations"]["lockgate.dev/rule"] == rule.key
    kind = template["spec"]["crd"]["spec"]["names"]["kind"]
    assert template["metadata"]["name"] == kind.lower()
    assert {load(path)["kind"] for path in constraints_of(rule)} == {kind}


@each_rule
def test_metadata_says_what_is_needed(rule: Rule) -> None:
    metadata = read_metadata(rule.source)
    assert metadata.title and metadata.description and metadata.controls and metadata.systems
    assert re.fullmatch(r"LG-[A-Z]\d{3}", metadata.identifier)


def test_roots_of_the_opa_bundle_hold_every_package() -> None:
    roots = json.loads((POLICIES.root / ".manifest").read_text("utf-8"))["roots"]
    for path in POLICIES.root.rglob("*.rego"):
        package = re.search(r"^package (\S+)$", path.read_text("utf-8"), re.MULTILINE)
        assert package and package[1].split(".")[0] in roots, path


def test_gatekeeper_would_refuse_the_import_of_rego_v1() -> None:
    for path in POLICIES.root.rglob("*.rego"):
        assert "import rego.v1" not in path.read_text("utf-8"), path


def test_profiles_hold_constraints_of_shipped_rules_only() -> None:
    kinds = {load(rule.template)["spec"]["crd"]["spec"]["names"]["kind"]: rule for rule in RULES}
    profiles = sorted((POLICIES.root / "profiles").glob("*.yaml"))
    assert profiles
    for path in profiles:
        for constraint in yaml.safe_load_all(path.read_text("utf-8")):
            rule = kinds[constraint["kind"]]
            jsonschema.Draft202012Validator(schema_of(rule)).validate(constraint["spec"]["parameters"])
            assert matched_kinds(constraint) >= kinds_for(rule), path
            # What the samples match, which is more than the rule's own text tells.
            samples = [matched_kinds(load(sample)) for sample in constraints_of(rule)]
            assert matched_kinds(constraint) in samples, constraint["kind"]


def test_every_rule_is_in_a_profile_or_says_what_it_needs() -> None:
    profiles = [path.read_text("utf-8") for path in sorted((POLICIES.root / "profiles").glob("*.yaml"))]
    assert len(profiles) == 3
    configured = {constraint["kind"] for text in profiles for constraint in yaml.safe_load_all(text)}
    for rule in RULES:
        template = load(rule.template)
        needs = schema_of(rule).get("required") or template["metadata"]["annotations"].get(
            "lockgate.dev/needs"
        )
        assert template["spec"]["crd"]["spec"]["names"]["kind"] in configured or needs, rule.key
