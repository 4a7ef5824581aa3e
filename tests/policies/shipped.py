"""The shipped rules, for the tests that go over all of them."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from lockgate.gatekeeper.inventory_needs import SYNC_ANNOTATION
from lockgate.webhook.policy_folder import PolicyFolder, Rule, read_metadata

from tests.shared_folder import ROOT

POLICIES = PolicyFolder(ROOT / "policies")
RULES = POLICIES.rules()
# Those that gator can load: it has no external data.
INTERNAL = tuple([rule for rule in RULES if not read_metadata(rule.source).external])
WORKLOADS = POLICIES.root / "lib" / "workloads.rego"


def rule_ids(rules: Iterable[Rule] = RULES) -> list[str]:
    """The names of the rules, for pytest."""
    return [rule.key for rule in rules]


def load(path: Path) -> Any:
    """The one YAML document of a file."""
    # LibYAML's parser: the templates hold whole libraries, and every worker loads them all.
    return yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)


def constraints_of(rule: Rule) -> list[Path]:
    """The constraints in a rule's samples."""
    return [sample.constraint for sample in rule.samples()]


@cache
def kinds_that_ask() -> frozenset[str]:
    """The kinds of the rules that need more than the object: external data, or objects that are synced for them."""
    return frozenset(
        [
            template["spec"]["crd"]["spec"]["names"]["kind"]
            for rule in RULES
            for template in [load(rule.template)]
            if rule not in INTERNAL or SYNC_ANNOTATION in template["metadata"].get("annotations", {})
        ]
    )


def schema_of(rule: Rule) -> dict[str, Any]:
    """The schema of a rule's parameters, in which unknown names are wrong, as Gatekeeper has it."""
    schema: dict[str, Any] = load(rule.template)["spec"]["crd"]["spec"]["validation"]["openAPIV3Schema"]
    return {**schema, "additionalProperties": False}


def known_kinds() -> set[tuple[str, str]]:
    """Group and kind of every workload that the helpers know."""
    found = re.findall(r'"([a-z0-9.-]*)/([A-Z][A-Za-z0-9]*)"', WORKLOADS.read_text("utf-8"))
    return {(group, kind) for group, kind in found}


def matched_kinds(constraint: dict[str, Any]) -> set[tuple[str, str]]:
    """Group and kind of everything that a constraint matches."""
    return {
        (group, kind)
        for entry in constraint["spec"]["match"]["kinds"]
        for group in entry["apiGroups"]
        for kind in entry["kinds"]
    }
