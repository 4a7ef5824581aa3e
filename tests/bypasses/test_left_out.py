"""Tricks to be left out: by who asks, by labels, by names, and by ways to an object that nobody thought of.

What the API server sends is read from the manifests that `lockgate install` prints, as the API server reads them.
"""

import json
from typing import Any

import pytest
import yaml
from lockgate.gatekeeper.target import placed_request, review_request
from lockgate.gatekeeper.webhook_scope import Scopes, load_scopes
from lockgate.webhook.cluster.rules_keeper import rules_of
from lockgate.webhook.install.settings import InstallSettings
from lockgate.webhook.install.webhooks import NEVER_SENT, NODES, POLICIES, webhook_configuration
from lockgate.webhook.serving.admitting import Terms
from lockgate.webhook.serving.ignore_label import IGNORE
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.webhook_rules import guess_names, policy_demands, render_rule, webhook_rules
from lockgate.webhook.serving.wire import CallReader

from tests.bypasses.gate import Gate, gate
from tests.webhook.helpers import make_document
from tests.webhook.serving.builders import as_value, present
from tests.webhook.serving.server_processes import config_map, review_of

Json = dict[str, Any]

TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: refused}
spec:
  crd: {spec: {names: {kind: Refused}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    operations: ["*"]
    rego: |
      package refused
      violation[{"msg": msg}] {
        not owned
        msg := sprintf("%v of %v", [input.review.operation, input.review.kind.kind])
      }
      owned { input.review.object.metadata.labels.owner }
"""
CONSTRAINT = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Refused
metadata: {name: all}
spec:
  match:
    kinds:
    - {apiGroups: [""], kinds: [ConfigMap, Pod, Namespace, PodExecOptions, Service]}
    - {apiGroups: [apps], kinds: [Deployment]}
    - {apiGroups: [autoscaling], kinds: [Scale]}
    - {apiGroups: [resource.k8s.io], kinds: [ResourceClaim, ResourceClaimTemplate]}
"""
EXCLUDED = Terms(excluded_namespaces=frozenset({"kube-system", "lockgate-system"}))


@pytest.fixture(scope="module")
def known() -> Gate:
    return gate(TEMPLATE, CONSTRAINT, terms=EXCLUDED)


@pytest.fixture(scope="module")
def scopes() -> Scopes:
    """What the API server sends of an installation that enforces."""
    live = LiveGate()
    live.apply(present(yaml.safe_load(TEMPLATE), yaml.safe_load(CONSTRAINT)), frozenset())
    assert live.state is not None
    demands = policy_demands(live.state.gate.policies.policies, live.state.templates)
    rules = [render_rule(one) for one in webhook_rules(demands, guess_names)]
    made = webhook_configuration(InstallSettings("image", mode="enforce"), rules)
    assert {one["matchPolicy"] for one in made["webhooks"]} == {"Equivalent"}
    return load_scopes([make_document(as_value(made))])


def unsent(scopes: Scopes, review: Json, labels: dict[str, str] | None = None) -> str:
    """Why the API server does not send it; labels: more of its namespace's."""
    request = placed_request(CallReader().read(json.dumps(review).encode()).request)
    inside = request.get("namespace")
    namespace: Any = None
    if isinstance(inside, str) and inside:
        told = {"kubernetes.io/metadata.name": inside, **(labels or {})}
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": inside, "labels": told},
        }
    return scopes.unseen(review_request(request, namespace, "Namespaced" if inside else "Cluster"))


def of(api_version: str, kind: str, name: str = "app", namespace: str = "default", **metadata: Any) -> Json:
    placed = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **placed, **metadata}}


# Most Pods and claims are made by controllers; exempting accounts or groups exempts what they are told to make
# in turn by whoever may create a Deployment or a ResourceClaimTemplate.
@pytest.mark.parametrize(
    "user",
    [
        {"username": "system:admin", "groups": ["system:masters"]},
        {"username": "system:kube-scheduler"},
        {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        {"username": "system:serviceaccount:kube-system:generic-garbage-collector"},
        {"username": "system:node:a", "groups": ["system:nodes"]},
        {"username": "system:apiserver", "groups": ["system:masters"]},
        # Lockgate's own account, on what is not its own.
        {"username": "system:serviceaccount:lockgate-system:lockgate"},
        {"username": "system:anonymous", "groups": []},
        {"username": "", "groups": []},
    ],
    ids=lambda one: one["username"],
)
def test_nobody_is_left_out_by_who_they_are(user: Json, known: Gate, scopes: Scopes) -> None:
    review = review_of(config_map(), userInfo=user)
    assert known.denies(review)
    assert unsent(scopes, review) == ""


# Gatekeeper leaves out namespaces with a label, which a webhook of its own guards
# (https://open-policy-agent.github.io/gatekeeper/website/docs/exempt-namespaces).
@pytest.mark.parametrize(
    "labels",
    [
        {IGNORE: "no-self-managing"},
        {"lockgate.dev/ignore": "true"},
        {"lockgate.dev/exempt": "true"},
        {"app.kubernetes.io/name": "lockgate"},
        {"control-plane": "controller-manager"},
        {"pod-security.kubernetes.io/enforce": "privileged"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_no_label_of_a_namespace_leaves_it_out(labels: dict[str, str], scopes: Scopes) -> None:
    assert unsent(scopes, review_of(config_map()), labels) == ""


def test_the_label_of_gatekeeper_is_for_namespaces_that_are_left_out_anyway(known: Gate) -> None:
    for operation in ("CREATE", "UPDATE"):
        made = of("v1", "Namespace", "team", "", labels={IGNORE: "yes"})
        said = known.admit(review_of(made, operation=operation, oldObject=made), "/v1/admitlabel")
        assert (said["allowed"], said["status"]["code"]) == (False, 403)
    # Also where the name is still to be made, and whatever the label says.
    generated = of("v1", "Namespace", "", "", generateName="kube-system", labels={IGNORE: ""})
    assert known.admit(review_of(generated), "/v1/admitlabel")["allowed"] is False


# What is left out is left out by the namespace that the object is in, and nothing else that is called so.
@pytest.mark.parametrize(
    "value",
    [
        of("v1", "ConfigMap", "kube-system"),
        of("v1", "ConfigMap", namespace="kube-system-2"),
        of("v1", "ConfigMap", namespace="kube-public"),
        of("v1", "ConfigMap", namespace="kube-node-lease"),
        of("v1", "ConfigMap", namespace="KUBE-SYSTEM"),
        of("v1", "ConfigMap", labels={"kubernetes.io/metadata.name": "kube-system"}),
        of("v1", "ConfigMap", ownerReferences=[{"kind": "Namespace", "name": "kube-system"}]),
        of("v1", "Namespace", "", "", generateName="kube-system"),
    ],
    ids=lambda one: json.dumps(one["metadata"]),
)
def test_only_a_namespace_on_the_list_is_left_out(value: Json, known: Gate, scopes: Scopes) -> None:
    assert known.denies(review_of(value))
    assert unsent(scopes, review_of(value)) == ""


def test_who_asks_from_a_namespace_on_the_list_is_judged(known: Gate) -> None:
    user = {
        "username": "system:serviceaccount:kube-system:default",
        "groups": ["system:serviceaccounts:kube-system"],
    }
    assert known.denies(review_of(config_map(), userInfo=user))
    assert not known.denies(review_of(of("v1", "ConfigMap", namespace="kube-system")))


# An object has as many ways to it as its kind has served versions; a rule for `v1` alone misses a claim that is made through
# v1beta1 where matchPolicy is Exact; Equivalent knows only versions that the server serves
# (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchpolicy).
@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1beta1", "v1alpha3", "v2"])
@pytest.mark.parametrize("kind", ["ResourceClaim", "ResourceClaimTemplate"])
def test_every_version_is_sent_and_judged(version: str, kind: str, known: Gate, scopes: Scopes) -> None:
    review = review_of(of(f"resource.k8s.io/{version}", kind))
    assert known.denies(review)
    assert unsent(scopes, review) == ""


# A rule for `pods`, or for `*`, does not take their subresources, which have to be named
# (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules).
@pytest.mark.parametrize(
    ("value", "below"),
    [
        (of("v1", "Pod"), "ephemeralcontainers"),
        (of("v1", "Pod"), "resize"),
        (of("v1", "Service"), "status"),
        (of("resource.k8s.io/v1", "ResourceClaim"), "status"),
        (of("autoscaling/v1", "Scale"), "scale"),
    ],
    ids=lambda one: one if isinstance(one, str) else one["kind"],
)
def test_subresources_are_sent_and_judged(value: Json, below: str, known: Gate, scopes: Scopes) -> None:
    review = review_of(value, operation="UPDATE", oldObject=value, subResource=below)
    assert known.denies(review)
    if value["kind"] == "Scale":
        # Scale comes as a kind of its own, to the resource of what is scaled.
        assert any("*/scale" in rule.resources for rule in scopes.webhooks[0].rules)
    else:
        assert unsent(scopes, review) == ""


def test_a_connection_and_a_deletion_are_judged_where_a_template_says_so(known: Gate, scopes: Scopes) -> None:
    options = {"apiVersion": "v1", "kind": "PodExecOptions", "command": ["sh"], "metadata": {}}
    connect = review_of(options, operation="CONNECT", subResource="exec", namespace="default", name="app")
    assert known.denies(connect)
    assert any(
        "pods/exec" in rule.resources and "CONNECT" in rule.operations for rule in scopes.webhooks[0].rules
    )
    delete = review_of(config_map(), operation="DELETE", object=None, oldObject=config_map())
    assert known.denies(delete)
    assert unsent(scopes, delete) == ""
    # It is judged as it was: a name that the request alone has takes nothing along.
    kept = config_map(labels={"owner": "me"})
    assert not known.denies(review_of(config_map(), operation="DELETE", object=None, oldObject=kept))


# `kubectl` sends the items of a List one by one, and the API server has no resource for a List itself: there is no wrapping
# that goes through whole (tests/e2e/scenarios: `list`). What comes as one all the same is what it says that it is.
def test_a_list_is_no_wrapping() -> None:
    every = yaml.safe_load(CONSTRAINT)
    every["spec"]["match"] = {}
    value = {**of("v1", "List"), "items": [config_map(labels={"owner": "me"})]}
    assert gate(TEMPLATE, yaml.safe_dump(every)).denies(review_of(value))


def test_a_name_that_is_still_to_be_made(known: Gate, scopes: Scopes) -> None:
    value = of("v1", "Pod", "")
    value["metadata"] = {"generateName": "app-", "namespace": "default"}
    review = review_of(value)
    assert known.denies(review)
    assert unsent(scopes, review) == ""


# Of two equal keys Go takes the last one; who judges the first judges another object.
def test_the_last_of_two_equal_keys_is_judged(known: Gate) -> None:
    text = json.dumps(review_of(config_map(labels={"owner": "me"})))
    owned = '"labels": {"owner": "me"}'
    assert owned in text
    twice = text.replace(owned, f'{owned}, "labels": {{}}')
    status, body = known.post(twice.encode())
    assert (status, body["response"]["allowed"]) == (200, False)
    other_way = text.replace(owned, f'"labels": {{}}, {owned}')
    assert known.post(other_way.encode())[1]["response"]["allowed"] is True
    # Escapes are no second key, and case is one of its own.
    escaped = text.replace(owned, f'{owned}, "\\u006cabels": {{}}')
    assert known.post(escaped.encode())[1]["response"]["allowed"] is False
    upper = text.replace(owned, '"Labels": {"owner": "me"}')
    assert known.post(upper.encode())[1]["response"]["allowed"] is False


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"kind":"AdmissionReview"}', b"\xff", b"{" * 100_000],
    ids=lambda one: repr(one[:20]),
)
def test_what_is_no_review_is_no_permission(body: bytes, known: Gate) -> None:
    status, answer = known.post(body)
    assert status == 400
    assert "response" not in answer


def test_what_can_be_answered_of_a_broken_review_is_closed(known: Gate) -> None:
    # With a uid the API server takes the answer, so that it has to be a denial under failurePolicy: Ignore too.
    broken = review_of(config_map())
    broken["request"]["object"] = "a text"
    assert known.denies(broken)


NODE_AGENTS = [
    {"username": "system:node:a", "groups": ["system:nodes", "system:authenticated"]},
    {"username": "system:bootstrap:abcdef", "groups": ["system:bootstrappers", "system:authenticated"]},
    {
        "username": "system:serviceaccount:kube-system:node-controller",
        "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system"],
    },
    {"username": "system:kube-controller-manager", "groups": ["system:authenticated"]},
    {"username": "system:kube-scheduler"},
    {"username": "system:serviceaccount:karpenter:karpenter", "groups": ["system:serviceaccounts:karpenter"]},
    {"username": "a", "groups": ["autoscalers"]},
]
OTHERS = [
    {"username": "system:admin", "groups": ["system:masters"]},
    {"username": "kubernetes-admin", "groups": ["kubeadm:cluster-admins"]},
    {"username": "jane", "groups": ["system:authenticated"]},
    {"username": "system:nodes", "groups": []},
    {"username": "system:node:a", "groups": ["system:authenticated"]},
    {"username": "autoscalers"},
    {"username": "group:autoscalers"},
    {"username": "x", "groups": ["system:kube-scheduler", "system:serviceaccounts:kube-system-2"]},
    {"username": "", "groups": []},
    # Lockgate's own account, and one of a namespace that is left out.
    {
        "username": "system:serviceaccount:lockgate-system:lockgate",
        "groups": ["system:serviceaccounts:lockgate-system"],
    },
]
ABOUT_NODES = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Refused
metadata: {name: nodes}
spec:
  match:
    kinds:
    - {apiGroups: [""], kinds: [Node, NodeProxyOptions]}
    - {apiGroups: [storage.k8s.io], kinds: [CSINode, VolumeAttachment]}
    - {apiGroups: [certificates.k8s.io], kinds: [CertificateSigningRequest]}
"""
AROUND_NODES = [
    of("v1", "Node", "worker", ""),
    of("storage.k8s.io/v1", "CSINode", "worker", ""),
    of("storage.k8s.io/v1", "VolumeAttachment", "disk", ""),
    of("certificates.k8s.io/v1", "CertificateSigningRequest", "join", ""),
]


def scopes_about(*constraints: str) -> Scopes:
    """What the API server sends of an installation with these, and an autoscaler that nodes come up by."""
    live = LiveGate()
    live.apply(present(yaml.safe_load(TEMPLATE), *map(yaml.safe_load, constraints)), frozenset())
    assert live.state is not None
    rules = rules_of(live.state, ())
    settings = InstallSettings(
        "image",
        mode="enforce",
        node_agents=("group:autoscalers", "system:serviceaccount:karpenter:karpenter"),
    )
    rendered = {name: [render_rule(one) for one in some] for name, some in rules.items()}
    made = webhook_configuration(settings, rendered[POLICIES], rendered[NODES])
    return load_scopes([make_document(as_value(made))])


# Where a policy names it, what nodes come up by is sent when anybody else writes it; a cluster comes up without Lockgate
# all the same. Who is one of those is told by what the API server authenticated, and not by what a name looks like.
@pytest.mark.parametrize("value", AROUND_NODES, ids=lambda one: one["kind"])
def test_what_nodes_come_up_by_is_gated_for_everybody_else(value: Json) -> None:
    sent = scopes_about(ABOUT_NODES)
    for user in OTHERS:
        assert unsent(sent, review_of(value, userInfo=user)) == "", user
    for user in NODE_AGENTS:
        assert unsent(sent, review_of(value, userInfo=user)) != "", user
    # Their heartbeats.
    for below in ("status", "approval"):
        review = review_of(value, operation="UPDATE", oldObject=value, subResource=below, userInfo=OTHERS[0])
        assert unsent(sent, review) != ""


@pytest.mark.parametrize("value", AROUND_NODES, ids=lambda one: one["kind"])
def test_a_policy_on_everything_waits_for_no_node(value: Json) -> None:
    every = yaml.safe_load(CONSTRAINT)
    every["spec"]["match"] = {}
    for user in (*OTHERS, *NODE_AGENTS):
        assert unsent(scopes_about(yaml.safe_dump(every)), review_of(value, userInfo=user)) != ""


# Whoever may use a node's proxy reaches the kubelet, and runs what he likes in its Pods.
def test_the_way_through_a_node_is_sent() -> None:
    options = {"apiVersion": "v1", "kind": "NodeProxyOptions", "path": "exec", "metadata": {}}
    connect = review_of(options, operation="CONNECT", subResource="proxy", name="worker")
    kept_back = [condition for name, condition in scopes_about(ABOUT_NODES).webhooks[0].conditions]
    request = placed_request(CallReader().read(json.dumps(connect).encode()).request)
    assert all(condition(review_request(request, None, "Cluster")) is True for condition in kept_back)


def test_what_is_never_sent_holds_nothing_that_runs() -> None:
    # Leases, events, reviews of tokens and access, what a node needs to come up again after the whole cluster was
    # down (the server's own Pod waits for one), and what lets one in when all is down.
    assert {(group, resource, but) for group, resource, but in NEVER_SENT} == {
        ("", "events", None),
        ("events.k8s.io", "events", None),
        # What goes through a node is sent.
        ("", "nodes", "proxy"),
        ("authentication.k8s.io", "selfsubjectreviews", None),
        ("authentication.k8s.io", "tokenreviews", None),
        ("authorization.k8s.io", "localsubjectaccessreviews", None),
        ("authorization.k8s.io", "selfsubjectaccessreviews", None),
        ("authorization.k8s.io", "selfsubjectrulesreviews", None),
        ("authorization.k8s.io", "subjectaccessreviews", None),
        ("breakglass.lockgate.dev", "breakglasses", None),
        ("breakglass.lockgate.dev", "breakglasspolicies", None),
        ("certificates.k8s.io", "certificatesigningrequests", None),
        ("coordination.k8s.io", "leases", None),
        ("storage.k8s.io", "csinodes", None),
        ("storage.k8s.io", "volumeattachments", None),
    }


@pytest.mark.parametrize(
    ("group", "name", "below"),
    [
        # Its own account writes status and definitions, and nothing else unseen.
        ("templates.gatekeeper.sh/v1", "ConstraintTemplate", ""),
        ("constraints.gatekeeper.sh/v1beta1", "Refused", ""),
        ("exemptions.lockgate.dev/v1alpha1", "Exemption", ""),
    ],
)
def test_lockgates_own_account_cannot_change_policies_unseen(group: str, name: str, below: str) -> None:
    made = webhook_configuration(InstallSettings("image", mode="enforce"))
    own = {**made, "webhooks": [{**made["webhooks"][1], "name": "validation.lockgate.dev"}]}
    scopes = load_scopes([make_document(as_value(own))])
    value = of(group, name, namespace="")
    user = {"username": "system:serviceaccount:lockgate-system:lockgate"}
    review = review_of(value, operation="UPDATE", oldObject=value, userInfo=user, subResource=below)
    assert unsent(scopes, review) == ""
