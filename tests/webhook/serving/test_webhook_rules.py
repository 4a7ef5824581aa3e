"""The rules of the webhook: whatever a policy matches is sent, and the API server takes the rules."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.review import Review
from lockgate.gatekeeper.loader import load_policies
from lockgate.webhook.serving.webhook_rules import (
    Demand,
    guess_names,
    node_rules,
    parent_demands,
    policy_demands,
    served_names,
    webhook_rules,
)

from tests.webhook.helpers import make_document

BOTH = ("CREATE", "UPDATE")
GROUPS = ["", "apps", "batch", "resource.k8s.io", "ray.io", "*"]
KINDS = ["Pod", "Deployment", "Job", "ResourceClaim", "RayCluster", "Service", "NetworkPolicy", "*"]
POD = GroupVersionKind("", "v1", "Pod")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")

TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1",
    "kind": "ConstraintTemplate",
    "metadata": {"name": "never"},
    "spec": {
        "crd": {"spec": {"names": {"kind": "Never"}}},
        "targets": [
            {
                "target": "admission.k8s.gatekeeper.sh",
                "rego": 'package never\nviolation[{"msg": "no"}] { false }\n',
            }
        ],
    },
}


def template(operations: list[str] | None) -> dict[str, Any]:
    if operations is None:
        return TEMPLATE
    target = {**TEMPLATE["spec"]["targets"][0], "operations": operations}  # type: ignore[index]
    return {**TEMPLATE, "spec": {**TEMPLATE["spec"], "targets": [target]}}  # type: ignore[dict-item]


def constraint(kinds: Any, name: str = "a", action: str = "deny") -> dict[str, Any]:
    spec: dict[str, Any] = {"enforcementAction": action}
    if kinds is not None:
        spec["match"] = {"kinds": kinds}
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "Never",
        "metadata": {"name": name},
        "spec": spec,
    }


def demands(*constraints: dict[str, Any], operations: list[str] | None = None) -> frozenset[Demand]:
    values = [template(operations), *constraints]
    loaded = load_policies([make_document(one, file=str(place)) for place, one in enumerate(values)])
    assert not loaded.errors
    return policy_demands(loaded.policies.policies, loaded.templates)


def shown(found: Iterable[Demand]) -> list[tuple[str, str, str]]:
    rules = webhook_rules(found, guess_names)
    return [("|".join(one.operations), "|".join(one.groups), "|".join(one.resources)) for one in rules]


CASES: list[tuple[str, list[dict[str, Any]], list[str] | None, list[tuple[str, str, str]]]] = [
    (
        "pods with what changes them",
        [constraint([{"apiGroups": [""], "kinds": ["Pod"]}])],
        None,
        [("CREATE", "", "pods"), ("UPDATE", "", "pods|pods/ephemeralcontainers|pods/resize")],
    ),
    (
        "claims with their allocation",
        [constraint([{"apiGroups": ["resource.k8s.io"], "kinds": ["ResourceClaim"]}])],
        None,
        [
            ("CREATE", "resource.k8s.io", "resourceclaims"),
            ("UPDATE", "resource.k8s.io", "resourceclaims|resourceclaims/status"),
        ],
    ),
    (
        "no kinds are all kinds",
        [constraint(None)],
        None,
        [
            ("CREATE", "*", "*"),
            (
                "UPDATE",
                "*",
                "*|*/scale|pods/ephemeralcontainers|pods/resize|resourceclaims/status|services/status",
            ),
        ],
    ),
    (
        "all kinds swallow single ones",
        [constraint([{"apiGroups": ["apps"], "kinds": ["*"]}]), constraint([{"apiGroups": ["apps"], "kinds": ["Deployment"]}], "b")],
        None,
        [("CREATE", "apps", "*"), ("UPDATE", "apps", "*|*/scale")],
    ),
    (
        "groups with the same resources are one rule",
        [constraint([{"apiGroups": ["extensions", "apps"], "kinds": ["Deployment", "ReplicaSet"]}])],
        None,
        [("CREATE|UPDATE", "apps|extensions", "deployments|replicasets")],
    ),
    (
        "a template for deletions asks for them",
        [constraint([{"apiGroups": ["apps"], "kinds": ["Deployment"]}])],
        ["DELETE"],
        [("DELETE", "apps", "deployments")],
    ),
    (
        "every operation that is asked for by its name",
        [constraint([{"apiGroups": ["apps"], "kinds": ["Deployment"]}])],
        ["*"],
        [("CREATE|UPDATE|DELETE", "apps", "deployments")],
    ),
    (
        "exec is a connection",
        [constraint([{"apiGroups": [""], "kinds": ["PodExecOptions"]}])],
        ["CONNECT"],
        [("CONNECT", "", "pods/exec")],
    ),
    (
        "a scale comes from every group",
        [constraint([{"apiGroups": ["autoscaling"], "kinds": ["Scale"]}])],
        None,
        [("UPDATE", "*", "*/scale"), ("CREATE|UPDATE", "autoscaling", "scales")],
    ),
    (
        "a constraint that is enforced elsewhere asks for nothing",
        [
            {
                **constraint(None),
                "spec": {
                    "enforcementAction": "scoped",
                    "scopedEnforcementActions": [
                        {"action": "deny", "enforcementPoints": [{"name": "audit.gatekeeper.sh"}]}
                    ],
                },
            }
        ],
        None,
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "constraints", "operations", "expected"), CASES, ids=[one[0] for one in CASES]
)
def test_what_policies_ask_for(
    name: str,
    constraints: list[dict[str, Any]],
    operations: list[str] | None,
    expected: list[tuple[str, str, str]],
) -> None:
    assert shown(demands(*constraints, operations=operations)) == expected


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "apiGroups": st.lists(st.sampled_from(GROUPS), max_size=3),
            "kinds": st.lists(st.sampled_from(KINDS), max_size=3),
        },
    ),
    max_size=3,
)


@given(
    st.lists(ENTRIES, min_size=1, max_size=3),
    st.sampled_from(GROUPS[:-1]),
    st.sampled_from(KINDS[:-1]),
    st.sampled_from(BOTH),
)
def test_whatever_a_policy_matches_is_sent(
    entries: list[list[dict[str, Any]]], group: str, kind: str, operation: str
) -> None:
    values = [template(None), *[constraint(one, f"c{place}") for place, one in enumerate(entries)]]
    loaded = load_policies([make_document(one, file=str(place)) for place, one in enumerate(values)])
    rules = webhook_rules(policy_demands(loaded.policies.policies, loaded.templates), guess_names)
    value: dict[str, Any] = {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "y"},
    }
    request: dict[str, Any] = {
        "operation": operation,
        "kind": {"group": group, "version": "v1", "kind": kind},
        "namespace": "y",
    }
    review = Review(request, value, None, None)
    matched = bool(loaded.policies.candidates(review))
    assert any(rule.takes(review, any_version=True) for rule in rules) >= matched
    for rule in rules:
        # The API server refuses a wildcard beside what it takes.
        plain = [one for one in rule.resources if "/" not in one]
        assert plain == ["*"] or "*" not in plain
        assert rule.groups == ("*",) or "*" not in rule.groups


def test_what_implies_a_demanded_kind_is_demanded_too() -> None:
    pods = Demand(("",), ("Pod",), BOTH)
    job = GroupVersionKind("batch", "v1", "Job")
    cron = GroupVersionKind("batch", "v1", "CronJob")
    found = parent_demands([pods], [((DEPLOYMENT, job), POD), ((cron,), job), ((POD,), cron)])
    assert {(one.groups[0], one.kinds[0]) for one in found} == {
        ("", "Pod"),
        ("apps", "Deployment"),
        ("batch", "Job"),
        ("batch", "CronJob"),
    }
    assert parent_demands([Demand(("apps",), ("*",), BOTH)], [((job,), POD)]) == {
        Demand(("apps",), ("*",), BOTH)
    }


def test_names_are_those_that_the_cluster_serves() -> None:
    names = served_names(
        {("expansion.gatekeeper.sh", "ExpansionTemplate"): ["expansiontemplate"], ("a.b", "X"): ["xen"]}
    )
    assert set(names("expansion.gatekeeper.sh", "ExpansionTemplate")) == {"expansiontemplate"}
    assert set(names("*", "X")) == {"xen"}
    # What is not served yet is guessed, so that it is not passed over when it is.
    assert "widgets" in set(names("c.d", "Widget"))


NODE = {"apiGroups": [""], "kinds": ["Node"]}
AROUND = {"apiGroups": ["storage.k8s.io"], "kinds": ["CSINode", "VolumeAttachment"]}


@pytest.mark.parametrize(
    ("kinds", "operations", "expected"),
    [
        # What nodes come up by is sent where it is meant, and not where a policy is about everything.
        (None, None, []),
        ([{"apiGroups": ["*"], "kinds": ["*"]}], ["*"], []),
        ([{"apiGroups": [""], "kinds": ["*"]}], None, []),
        ([{"apiGroups": ["apps"], "kinds": ["Node"]}], None, []),
        ([NODE], None, [("CREATE|UPDATE", "", "nodes")]),
        ([{"apiGroups": ["*"], "kinds": ["*", "Node"]}], None, [("CREATE|UPDATE", "", "nodes")]),
        ([NODE], ["*"], [("CREATE|UPDATE|DELETE", "", "nodes")]),
        ([NODE], ["CONNECT"], []),
        # Of an attachment nothing but metadata can change, and drivers write that.
        (
            [AROUND],
            None,
            [
                ("CREATE", "storage.k8s.io", "volumeattachments"),
                ("CREATE|UPDATE", "storage.k8s.io", "csinodes"),
            ],
        ),
        (
            [{"apiGroups": ["certificates.k8s.io"], "kinds": ["CertificateSigningRequest"]}],
            None,
            [("CREATE|UPDATE", "certificates.k8s.io", "certificatesigningrequests")],
        ),
    ],
)
def test_kinds_around_nodes_are_sent_where_they_are_named(
    kinds: Any, operations: list[str] | None, expected: list[tuple[str, str, str]]
) -> None:
    rules = node_rules(demands(constraint(kinds), operations=operations))
    told = [("|".join(one.operations), "|".join(one.groups), "|".join(one.resources)) for one in rules]
    assert told == expected
