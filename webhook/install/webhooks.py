"""The ValidatingWebhookConfiguration: what the API server sends, and what it does when nobody answers.

- `failurePolicy: Fail` where Lockgate enforces: what could not be judged does not pass. Where it only observes, nothing
  may be denied, by its absence either: Ignore. Namespaces that are enforced while the others are observed have webhooks
  of their own, which fail.
- `matchPolicy: Equivalent`, with every version in the rules: an object may be asked for through any version that is
  served, as a claim through resource.k8s.io/v1beta1, and whatever stands for it is sent. Exact would leave out the ways
  to the same object that a rule does not name, such as a group that is an older name of it.
- What is left out is left out by the object's namespace, under the label that the API server itself sets, and by
  resource; never by who asks, but for what Lockgate writes to its own objects: most Pods and claims are made by
  controllers. The kinds around nodes are the exception: what machinery writes of them is what a cluster comes up by, so
  there a webhook of its own is asked about everybody else.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from lockgate.gatekeeper.webhook_scope import GROUP as API_SERVERS_GROUP
from lockgate.gatekeeper.webhook_scope import plural
from lockgate.webhook.install.settings import CONFIGURATION, GROUP, NAME, InstallSettings
from lockgate.webhook.serving.unsent_kinds import NEVER_SENT_KINDS, NODE_KINDS

Json = dict[str, Any]
# Of each Namespace; the API server sets it.
NAME_LABEL: Final = "kubernetes.io/metadata.name"
# The API server waits this long for an answer, and whoever asks with it. Reviews take milliseconds; the rest is for
# providers of external data and a loaded machine. The default of 10 s adds up, where several webhooks are asked in turn.
TIMEOUT_S: Final = 8
POLICIES: Final = "validation.lockgate.dev"
OWN_KINDS: Final = "policies.lockgate.dev"
NAMESPACES: Final = "namespaces.lockgate.dev"
# Of namespaces that are enforced where the others are observed.
ENFORCED: Final = "enforcement.lockgate.dev"
# For the kinds around nodes, where a policy names them.
NODES: Final = "nodes.lockgate.dev"
ENFORCED_LABELS: Final = "enforced-namespaces.lockgate.dev"
# Kinds of ours and of Gatekeeper's, which are validated before they can break what decides.
OWN_GROUPS: Final = (
    "config.gatekeeper.sh",
    "constraints.gatekeeper.sh",
    "exemptions.lockgate.dev",
    "expansion.gatekeeper.sh",
    "externaldata.gatekeeper.sh",
    "promotion.lockgate.dev",
    "quota.lockgate.dev",
    "syncset.gatekeeper.sh",
    "templates.gatekeeper.sh",
)
# What the webhook of all policies is never sent, by group and resource, but for one subresource where it says so. Written by
# every node and controller all the time, or asked while a request is authorised, or what nodes come up by: a node that
# joins, loses a taint or gets a volume is what Lockgate itself may wait for. The way through a node is no such thing.
NEVER_SENT: Final[tuple[tuple[str, str, str | None], ...]] = (
    *[
        (group, plural(kind), None)
        for group, kinds in NEVER_SENT_KINDS.items()
        for kind in kinds
        # These the API server keeps back itself.
        if group != API_SERVERS_GROUP
    ],
    *[(one.group, one.resource, "proxy" if one.resource == "nodes" else None) for one in NODE_KINDS],
)
# Who writes what nodes come up by: nodes and those about to be one, kube-system's accounts, and the control plane. Of the
# kinds around nodes nothing of theirs is sent, so that a cluster comes up while Lockgate is down.
NODE_GROUPS: Final = ("system:bootstrappers", "system:nodes", "system:serviceaccounts:kube-system")
NODE_USERS: Final = (
    "system:apiserver",
    "system:cloud-controller-manager",
    "system:kube-controller-manager",
    "system:kube-scheduler",
)
# The API server's own Service, which it keeps itself: without its addresses nothing in the cluster reaches it.
_API_SERVER: Final = (
    "request.namespace == 'default' && request.name == 'kubernetes' && "
    "request.resource.resource in ['services', 'endpoints', 'endpointslices']"
)


def webhook_configuration(
    settings: InstallSettings,
    rules: Sequence[Json] = (),
    node_rules: Sequence[Json] = (),
    token: str = "",
) -> Json:
    """The configuration. rules: of the webhook that judges by policies; node_rules: of that for the kinds around nodes.

    Where they are empty the server writes them. token: what the paths end in; "" for none.

    Without a `caBundle`, and without rules, applying it again leaves in place what the server wrote.
    """
    metadata: dict[str, Any] = {"name": CONFIGURATION, "labels": {"app.kubernetes.io/name": NAME}}
    metadata["annotations"] = {"lockgate.dev/mode": settings.mode}
    if settings.certificates == "cert-manager":
        metadata["annotations"]["cert-manager.io/inject-ca-from"] = f"{settings.namespace}/{NAME}"
    policies = _webhook(settings, POLICIES, "/v1/admit", rules)
    own = _webhook(settings, OWN_KINDS, "/v1/admit", [_own_rule()])
    # Namespaces that are left out leave nothing out here: policies are the whole cluster's.
    del own["namespaceSelector"]
    own["matchConditions"] = own["matchConditions"][1:]
    namespaces = _webhook(settings, NAMESPACES, "/v1/admitlabel", [_namespace_rule()])
    del namespaces["matchConditions"]
    nodes = _webhook(settings, NODES, "/v1/admit", node_rules)
    # They are in no namespace.
    del nodes["namespaceSelector"]
    nodes["matchConditions"] = [
        {"name": "not-what-nodes-come-up-by", "expression": _by_node_agents(settings)}
    ]
    webhooks = [policies, own, namespaces, nodes]
    if settings.enforced_namespaces:
        webhooks += _enforced(settings, policies, namespaces)
    if token:
        for one in webhooks:
            service = one["clientConfig"]["service"]
            one["clientConfig"] = {"service": {**service, "path": f"{service['path']}/{token}"}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": metadata,
        "webhooks": webhooks,
    }


def _enforced(settings: InstallSettings, policies: Json, namespaces: Json) -> list[Json]:
    """The webhooks of the namespaces that are enforced where the others are observed; those leave them to these."""
    within = {"matchExpressions": [_named("In", settings.enforced_namespaces)]}
    others = namespace_selector((*settings.fixed_namespaces, *settings.enforced_namespaces))
    policies["namespaceSelector"] = namespaces["namespaceSelector"] = others
    closed = {"failurePolicy": "Fail", "namespaceSelector": within}
    # A selector of namespaces takes everything that is in none; that is sent to the first already.
    inside = {"name": "in-a-namespace", "expression": "has(request.namespace) && request.namespace != ''"}
    return [
        {**policies, **closed, "name": ENFORCED, "matchConditions": [*policies["matchConditions"], inside]},
        {**namespaces, **closed, "name": ENFORCED_LABELS},
    ]


def _webhook(
    settings: InstallSettings, name: str, path: str, rules: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    service = {"name": NAME, "namespace": settings.namespace, "path": path, "port": 443}
    made: dict[str, Any] = {
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": service},
        "failurePolicy": "Fail" if settings.mode == "enforce" else "Ignore",
        "matchPolicy": "Equivalent",
        # It records, and a dry run is not recorded.
        "sideEffects": "NoneOnDryRun",
        "timeoutSeconds": TIMEOUT_S,
        "namespaceSelector": namespace_selector(settings.fixed_namespaces),
        "matchConditions": match_conditions(settings.namespace),
    }
    if rules:
        made["rules"] = [*rules]
    return made


def namespace_selector(excluded: Sequence[str]) -> dict[str, Any]:
    """Selects every namespace but these, by the label that the API server sets and lets nobody change."""
    return {"matchExpressions": [_named("NotIn", excluded)]}


def _named(operator: Literal["In", "NotIn"], names: Sequence[str]) -> Json:
    return {"key": NAME_LABEL, "operator": operator, "values": sorted(names)}


def match_conditions(namespace: str) -> list[dict[str, str]]:
    """What is sent at all, in CEL; each name says what it leaves out."""
    made = [{"name": "not-high-traffic", "expression": _never_sent()}]
    account = f"system:serviceaccount:{namespace}:{NAME}"
    own = (
        f"!(request.userInfo.username == '{account}' && ("
        f"(request.resource.group in [{_quoted(OWN_GROUPS)}] && request.subResource == 'status') || "
        "(request.resource.group == 'apiextensions.k8s.io' && request.resource.resource == 'customresourcedefinitions'"
        " && request.name.endsWith('.constraints.gatekeeper.sh'))))"
    )
    made.append({"name": "not-the-api-servers-service", "expression": f"!({_API_SERVER})"})
    return [*made, {"name": "not-its-own-writes", "expression": own}]


def _by_node_agents(settings: InstallSettings) -> str:
    """Is it by nobody who nodes come up by?"""
    users = [*NODE_USERS, *[one for one in settings.node_agents if not one.startswith(GROUP)]]
    groups = [
        *NODE_GROUPS,
        *[one.removeprefix(GROUP) for one in settings.node_agents if one.startswith(GROUP)],
    ]
    return (
        f"!(request.userInfo.username in [{_quoted(users)}] || (has(request.userInfo.groups) && "
        f"request.userInfo.groups.exists(one, one in [{_quoted(groups)}])))"
    )


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join([f"'{one}'" for one in sorted(texts)])


def _never_sent() -> str:
    parts: list[str] = []
    for group, resource, but in NEVER_SENT:
        part = f"request.resource.group == '{group}' && request.resource.resource == '{resource}'"
        # A request for the object itself has no such field.
        parts.append(
            part
            if but is None
            else f"{part} && !(has(request.subResource) && request.subResource == '{but}')"
        )
    return " && ".join([f"!({part})" for part in parts])


def _own_rule() -> dict[str, Any]:
    return {
        "apiGroups": [*OWN_GROUPS],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": ["*"],
        "scope": "*",
    }


def _namespace_rule() -> dict[str, Any]:
    return {
        "apiGroups": [""],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        # Through either subresource labels can be changed too.
        "resources": ["namespaces", "namespaces/finalize", "namespaces/status"],
        "scope": "Cluster",
    }
