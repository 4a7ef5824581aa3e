"""The ValidatingWebhookConfiguration: what the API server sends, and what it does when nobody answers.

- `failurePolicy: Fail` where Lockgate enforces: what could not be judged does not pass. Where it only observes, nothing
  may be denied, by its absence either: Ignore.
- `matchPolicy: Equivalent`, with every version in the rules: an object may be asked for through any version that is
  served, as a claim through resource.k8s.io/v1beta1, and whatever stands for it is sent. Exact would leave out the ways
  to the same object that a rule does not name, such as a group that is an older name of it.
- What is left out is left out by the object's namespace, under the label that the API server itself sets, and by
  resource; never by who asks, but for what Lockgate writes to its own objects: most Pods and claims are made by
  controllers.
"""

from collections.abc import Sequence
from typing import Any, Final

from lockgate.webhook.install.settings import CONFIGURATION, NAME, InstallSettings

# The API server waits this long for an answer, and whoever asks with it. Reviews take milliseconds; the rest is for
# providers of external data and a loaded machine. The default of 10 s adds up, where several webhooks are asked in turn.
TIMEOUT_S: Final = 8
POLICIES: Final = "validation.lockgate.dev"
OWN_KINDS: Final = "policies.lockgate.dev"
NAMESPACES: Final = "namespaces.lockgate.dev"
# Kinds of ours and of Gatekeeper's, which are validated before they can break what decides.
OWN_GROUPS: Final = (
    "config.gatekeeper.sh",
    "constraints.gatekeeper.sh",
    "exemptions.lockgate.dev",
    "expansion.gatekeeper.sh",
    "externaldata.gatekeeper.sh",
    "syncset.gatekeeper.sh",
    "templates.gatekeeper.sh",
)
# Written by every node and controller all the time, or asked while a request is authorised: no policy is about them,
# and to wait for them would slow or lock the whole cluster. Break-glass has to get past what does not answer; it is
# signed. (group, resource, subresource; None: any)
NEVER_SENT: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("", "events", None),
    ("", "nodes", "status"),
    ("authentication.k8s.io", "selfsubjectreviews", None),
    ("authentication.k8s.io", "tokenreviews", None),
    ("authorization.k8s.io", "localsubjectaccessreviews", None),
    ("authorization.k8s.io", "selfsubjectaccessreviews", None),
    ("authorization.k8s.io", "selfsubjectrulesreviews", None),
    ("authorization.k8s.io", "subjectaccessreviews", None),
    ("breakglass.lockgate.dev", "breakglasses", None),
    ("breakglass.lockgate.dev", "breakglasspolicies", None),
    ("coordination.k8s.io", "leases", None),
    ("events.k8s.io", "events", None),
)


def webhook_configuration(settings: InstallSettings, rules: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The configuration. rules: of the webhook that judges by policies; empty: the server writes them.

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
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": metadata,
        "webhooks": [policies, own, namespaces],
    }


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
    values = sorted(excluded)
    return {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": values}]
    }


def match_conditions(namespace: str) -> list[dict[str, str]]:
    """What is sent at all, in CEL; each name says what it leaves out."""
    made = [{"name": "not-high-traffic", "expression": _never_sent()}]
    account = f"system:serviceaccount:{namespace}:{NAME}"
    groups = ", ".join([f"'{one}'" for one in OWN_GROUPS])
    own = (
        f"!(request.userInfo.username == '{account}' && ("
        f"(request.resource.group in [{groups}] && request.subResource == 'status') || "
        "(request.resource.group == 'apiextensions.k8s.io' && request.resource.resource == 'customresourcedefinitions'"
        " && request.name.endsWith('.constraints.gatekeeper.sh'))))"
    )
    return [*made, {"name": "not-its-own-writes", "expression": own}]


def _never_sent() -> str:
    parts: list[str] = []
    for group, resource, below in NEVER_SENT:
        part = f"request.resource.group == '{group}' && request.resource.resource == '{resource}'"
        parts.append(part if below is None else f"{part} && request.subResource == '{below}'")
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
        "resources": ["namespaces"],
        "scope": "Cluster",
    }
