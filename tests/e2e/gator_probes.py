"""Policies beside the shared library for the list of differences: each shows one thing that the two know in their ways."""

import json
from datetime import datetime, timedelta

from tests.gatekeeper.expansion_cases import expansion_template
from tests.gatekeeper.workbench import HIT, Json, constraint, template

_SHOWN = 'package probe\n\nviolation[{{"msg": msg}}] {{ msg := sprintf("{0}: %v", [{1}]) }}\n'
_FAILS = """package probe

value(_) := 1
value(x) := 2 { x.metadata.name }

violation[{"msg": "never"}] { value(input.review.object) == 3 }
"""
_PROVIDER = """package probe

violation[{"msg": msg}] {
  answer := external_data({"provider": "classes", "keys": [input.review.object.metadata.name]})
  msg := sprintf("the provider says %v", [answer.system_error])
}
"""


def _on(*kinds: tuple[str, str], **match: object) -> Json:
    return {"match": {"kinds": [{"apiGroups": [group], "kinds": [kind]} for group, kind in kinds], **match}}


def _probe(name: str, rego: str, spec: Json, **target: object) -> list[Json]:
    kind = f"Probe{name}"
    return [template(rego, kind=kind, **target), constraint(spec, kind=kind, name=f"probe-{name.lower()}")]


def _scoped(*actions: tuple[str, str]) -> Json:
    made = [{"action": action, "enforcementPoints": [{"name": point}]} for action, point in actions]
    return {"enforcementAction": "scoped", "scopedEnforcementActions": made}


_ACCOUNTS = _on(("", "ServiceAccount"))

PROBES: list[Json] = [
    *_probe("Operation", _SHOWN.format("operation", "input.review.operation"), _on(("", "Namespace"))),
    *_probe(
        "NamespaceObject",
        _SHOWN.format("labels", 'object.get(input.review.namespaceObject, ["metadata", "labels"], {})'),
        _on(("apps", "StatefulSet")),
    ),
    *_probe(
        "Selector",
        HIT,
        _on(
            ("apps", "DaemonSet"),
            namespaceSelector={"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]},
        ),
    ),
    *_probe(
        "Cluster",
        HIT,
        _on(("rbac.authorization.k8s.io", "ClusterRole"), ("", "ServiceAccount"), scope="Cluster"),
    ),
    *_probe(
        "Namespaced",
        HIT,
        _on(("rbac.authorization.k8s.io", "ClusterRole"), ("", "ServiceAccount"), scope="Namespaced"),
    ),
    *_probe(
        "Points",
        HIT,
        {**_ACCOUNTS, **_scoped(("warn", "gator.gatekeeper.sh"), ("deny", "validation.gatekeeper.sh"))},
    ),
    *_probe("Audit", HIT, {**_ACCOUNTS, **_scoped(("deny", "audit.gatekeeper.sh"))}),
    *_probe("Everywhere", HIT, {**_ACCOUNTS, **_scoped(("deny", "*"), ("warn", "*"))}),
    *_probe("Deletions", HIT, _on(("", "PersistentVolumeClaim")), operations=["DELETE"]),
    *_probe("Fails", _FAILS, _on(("rbac.authorization.k8s.io", "RoleBinding"))),
    *_probe("Namespaces", HIT, _on(("", "Namespace"))),
    *_probe("Policies", HIT, _on(("templates.gatekeeper.sh", "ConstraintTemplate"))),
    *_probe(
        "Secrets",
        _SHOWN.format("data", 'object.get(input.review.object, "stringData", {})'),
        _on(("", "Secret")),
    ),
]

# gator cannot load it.
ASKING: list[Json] = _probe("Provider", _PROVIDER, _on(("resource.k8s.io", "DeviceClass")))

EXPANSION = expansion_template("workloads")
CONFIG: Json = {
    "apiVersion": "config.gatekeeper.sh/v1alpha1",
    "kind": "Config",
    "metadata": {"name": "config", "namespace": "gatekeeper-system"},
    "spec": {"match": [{"excludedNamespaces": ["kubeflow"], "processes": ["webhook"]}]},
}
WEBHOOK: Json = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "gatekeeper"},
    "webhooks": [
        {
            "name": "validation.gatekeeper.sh",
            "rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}],
            "objectSelector": {"matchExpressions": [{"key": "control-plane", "operator": "DoesNotExist"}]},
        }
    ],
}


def exemption(now: datetime) -> Json:
    """Of the images' tags of Pods in `default`, for a day."""
    moments = {"issuedAt": now, "expiresAt": now + timedelta(days=1)}
    return {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": "tags"},
        "spec": {
            "policies": [{"kind": "K8sDisallowedTags"}],
            "match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "namespaces": ["default"]},
            "reason": "samples",
            "owner": "team",
            **{name: moment.strftime("%Y-%m-%dT%H:%M:%SZ") for name, moment in moments.items()},
        },
    }


# What the provider answers, as `--external-data` has it.
ANSWERS: Json = {
    "apiVersion": "externaldata.lockgate.dev/v1alpha1",
    "kind": "ExternalData",
    "metadata": {"name": "answers"},
    "providers": [{"provider": "classes", "systemError": "it is down"}],
}


def written(*values: Json) -> str:
    return "\n---\n".join(json.dumps(value, indent=1) for value in values) + "\n"
