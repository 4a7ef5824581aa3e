"""What reaches the webhook: rules, selectors and match conditions as the API server applies them."""

from typing import Any

import pytest
from lockgate.engine.errors import PolicyError
from lockgate.engine.kinds import Kinds
from lockgate.gatekeeper.target import Cluster, Operation, review_document
from lockgate.gatekeeper.webhook_scope import load_scopes, plural

from tests.gatekeeper.workbench import Json, document

NAMESPACES: dict[str, Json] = {
    "ml": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml", "labels": {"tier": "prod"}}},
    "free": {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "free", "labels": {"admission.gatekeeper.sh/ignore": "x"}},
    },
}
EVERYTHING = {
    "operations": ["CREATE", "UPDATE"],
    "apiGroups": ["*"],
    "apiVersions": ["*"],
    "resources": ["*"],
}
IGNORED = {"matchExpressions": [{"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"}]}


def configuration(*rules: Json, name: str = "validation.gatekeeper.sh", **webhook: Any) -> Json:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "gatekeeper"},
        "webhooks": [{"name": name, "rules": list(rules or [EVERYTHING]), **webhook}],
    }


def rule(**fields: Any) -> Json:
    return {**EVERYTHING, **fields}


def unseen(
    *configurations: Json,
    kind: str = "Pod",
    group: str = "v1",
    namespace: str = "ml",
    operation: Operation = "CREATE",
    labels: Any = None,
) -> str:
    value: Json = {"apiVersion": group, "kind": kind, "metadata": {"name": "a", "labels": labels or {}}}
    if namespace:
        value["metadata"]["namespace"] = namespace
    review = review_document(document(value), Cluster(Kinds(), NAMESPACES), operation=operation)
    return load_scopes([document(one) for one in configurations]).unseen(review)


def test_without_a_configuration_everything_is_seen() -> None:
    assert unseen() == ""
    assert unseen(kind="ValidatingWebhookConfiguration", group="admissionregistration.k8s.io/v1") == ""
    assert unseen(configuration(rule(resources=[]), name="check-ignore-label.gatekeeper.sh")) == ""


@pytest.mark.parametrize(
    ("fields", "asked", "seen"),
    [
        ({}, {}, True),
        ({"operations": ["*"]}, {"operation": "UPDATE"}, True),
        ({"operations": ["CREATE"]}, {"operation": "UPDATE"}, False),
        ({"operations": []}, {}, False),
        ({"apiGroups": [""]}, {}, True),
        ({"apiGroups": ["apps"]}, {}, False),
        ({"apiGroups": ["apps"]}, {"kind": "Deployment", "group": "apps/v1"}, True),
        ({"apiVersions": ["v1"]}, {}, True),
        ({"resources": ["pods"]}, {}, True),
        ({"resources": ["Pods"]}, {}, False),
        ({"resources": ["pods/status"]}, {}, False),
        ({"resources": ["pods/*"]}, {}, True),
        ({"resources": ["*/*"]}, {}, True),
        ({"resources": ["*/scale"]}, {}, False),
        (
            {"resources": ["services", "ingresses"]},
            {"kind": "Ingress", "group": "networking.k8s.io/v1"},
            True,
        ),
        (
            {"resources": ["networkpolicies"]},
            {"kind": "NetworkPolicy", "group": "networking.k8s.io/v1"},
            True,
        ),
        # What a CRD calls its resource is its own business, also where it is not in the plural.
        ({"resources": ["gateways"]}, {"kind": "Gateway", "group": "x.io/v1"}, True),
        ({"resources": ["relays"]}, {"kind": "Relay", "group": "x.io/v1"}, True),
        ({"resources": ["kafka"]}, {"kind": "Kafka", "group": "x.io/v1"}, True),
        ({"resources": ["indexes"]}, {"kind": "Index", "group": "x.io/v1"}, True),
        ({"resources": ["others"]}, {"kind": "Relay", "group": "x.io/v1"}, False),
        ({"scope": "Namespaced"}, {}, True),
        ({"scope": "Cluster"}, {}, False),
        ({"scope": "Cluster"}, {"kind": "Namespace", "namespace": ""}, True),
        ({"scope": "Cluster"}, {"kind": "Thing", "group": "example.com/v1"}, True),
    ],
)
def test_rules(fields: Json, asked: dict[str, Any], *, seen: bool) -> None:
    said = unseen(configuration(rule(**fields)), **asked)
    assert said == ("" if seen else "no rule of the webhook validation.gatekeeper.sh is for it")


@pytest.mark.parametrize(("policy", "seen"), [("Exact", False), ("Equivalent", True), (None, True)])
def test_versions(policy: str | None, *, seen: bool) -> None:
    given = {} if policy is None else {"matchPolicy": policy}
    made = configuration(rule(apiVersions=["v2"]), **given)
    assert (unseen(made) == "") is seen


@pytest.mark.parametrize(
    ("namespace", "kind", "seen"),
    [("ml", "Pod", True), ("free", "Pod", False), ("unknown", "Pod", True), ("", "PersistentVolume", True)],
)
def test_namespaces(namespace: str, kind: str, *, seen: bool) -> None:
    said = unseen(configuration(namespaceSelector=IGNORED), namespace=namespace, kind=kind)
    assert said == ("" if seen else "the webhook validation.gatekeeper.sh does not select its namespace")


def test_a_namespace_goes_by_its_own_labels() -> None:
    made = configuration(namespaceSelector=IGNORED)
    assert unseen(made, kind="Namespace", namespace="") == ""
    assert unseen(made, kind="Namespace", namespace="", labels={"admission.gatekeeper.sh/ignore": ""})


def test_objects() -> None:
    made = configuration(objectSelector={"matchLabels": {"judged": "yes"}})
    assert unseen(made, labels={"judged": "yes"}) == ""
    assert unseen(made) == "the webhook validation.gatekeeper.sh does not select it by its labels"


@pytest.mark.parametrize(
    ("expression", "seen"),
    [
        ("true", True),
        ("object.metadata.name != 'a'", False),
        ("request.operation == 'CREATE'", True),
        ("request.namespace == 'other'", False),
        # Who asks is not known: what cannot be told is judged.
        ("!('system:nodes' in request.userInfo.groups)", True),
        ("object.spec.missing == 1", True),
        ("namespaceObject.metadata.labels.tier == 'dev'", False),
    ],
)
def test_match_conditions(expression: str, *, seen: bool) -> None:
    made = configuration(matchConditions=[{"name": "one", "expression": expression}])
    said = unseen(made)
    assert said == (
        "" if seen else "the match condition one of the webhook validation.gatekeeper.sh leaves it out"
    )


def test_one_of_several_webhooks_is_enough() -> None:
    none = configuration(rule(resources=["services"]))
    assert unseen(none, configuration(name="validation.lockgate.dev")) == ""
    assert unseen(none, none) == "no rule of the webhook validation.gatekeeper.sh is for it"


def test_what_is_sent_to_no_webhook() -> None:
    said = unseen(
        configuration(), kind="MutatingWebhookConfiguration", group="admissionregistration.k8s.io/v1"
    )
    assert said == "the API server sends objects of its kind to no webhook"
    assert unseen(configuration(), kind="MutatingWebhookConfiguration", group="example.com/v1") == ""


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (configuration(rule(operations=["create"])), "'create' is no operation"),
        (configuration(rule(scope="namespaced")), "'namespaced' is no scope"),
        (configuration(matchPolicy="exact"), "'exact' is no matchPolicy"),
        (configuration(matchConditions=[{"name": "a", "expression": "object."}]), "is no valid expression"),
        (configuration(matchConditions=[{"name": "a", "expression": "true"}] * 65), "65 match conditions"),
        (configuration(namespaceSelector={"matchLabels": {"a": 1}}), "must be a string"),
        (configuration(rule(resources="pods")), "must be a list"),
    ],
)
def test_what_is_refused(made: Json, said: str) -> None:
    with pytest.raises(PolicyError, match=said) as caught:
        load_scopes([document(made)])
    assert caught.value.location is not None


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("Endpoints", "endpoints"),
        ("ResourceClass", "resourceclasses"),
        ("Gateway", "gateways"),
        ("", "s"),
    ],
)
def test_plurals(kind: str, resource: str) -> None:
    assert plural(kind) == resource
