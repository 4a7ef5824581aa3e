"""The policies of the scenarios. A constraint is about its scenario's namespace, so that all are in force at once."""

from pathlib import Path

import yaml

from tests.e2e.scenarios.scenario import Json
from tests.gatekeeper.workbench import constraint, template

ROOT = Path(__file__).resolve().parents[3]

_OWNER = """package needsowner

violation[{"msg": msg}] {
  asked := input.review.object
  not asked.metadata.labels.owner
  name := object.get(asked.metadata, "generateName", asked.metadata.name)
  msg := sprintf("%v %v has no owner", [asked.kind, name])
}
"""
# Says what it is asked, where it is asked for it.
_ASKED = """package asked

violation[{"msg": msg}] {
  input.review.operation == input.parameters.operation
  object.get(input.review, "subResource", "") == object.get(input.parameters, "subResource", "")
  msg := sprintf("%v asks for %v of %v in %v", [
    input.review.userInfo.username, input.review.operation, input.review.kind.kind, input.review.namespace,
  ])
}
"""
_SHELLS = """package noshells

violation[{"msg": msg}] {
  shell := input.review.object.command[_]
  shell == "sh"
  msg := sprintf("no shell in %v", [input.review.name])
}
"""
_MOST = """package mostreplicas

violation[{"msg": msg}] {
  asked := input.review.object.spec.replicas
  asked > input.parameters.most
  msg := sprintf("%v replicas of at most %v", [asked, input.parameters.most])
}
"""
_IMAGES = """package images

violation[{"msg": msg}] {
  of := {"containers", "initContainers", "ephemeralContainers"}
  container := input.review.object.spec[of[_]][_]
  not startswith(container.image, "registry.example/")
  msg := sprintf("container %v: %v is not of registry.example", [container.name, container.image])
}
"""
_MEMORY = """package memory

violation[{"msg": msg}] {
  container := input.review.object.spec.containers[_]
  asked := container.resources.requests.memory
  units.parse_bytes(asked) > units.parse_bytes(input.parameters.most)
  msg := sprintf("container %v: %v of memory, at most %v", [container.name, asked, input.parameters.most])
}
"""
_KEPT = """package kept

violation[{"msg": msg}] {
  input.review.operation == "DELETE"
  input.review.oldObject.metadata.labels.keep == "yes"
  msg := sprintf("%v is kept", [input.review.oldObject.metadata.name])
}
"""
_NO_CHANGE = """package fixed

violation[{"msg": msg}] {
  input.review.operation == "UPDATE"
  old := object.get(input.review.oldObject, "data", {})
  new := object.get(input.review.object, "data", {})
  old != new
  msg := sprintf("the data of %v is fixed", [input.review.name])
}
"""
_UNIQUE = """package uniquehost

violation[{"msg": msg}] {
  host := input.review.object.spec.rules[_].host
  other := data.inventory.namespace[place][_].Ingress[name]
  other.spec.rules[_].host == host
  [place, name] != [input.review.namespace, input.review.object.metadata.name]
  msg := sprintf("%v is of %v/%v already", [host, place, name])
}
"""
_CEL = {
    "apiVersion": "templates.gatekeeper.sh/v1",
    "kind": "ConstraintTemplate",
    "metadata": {"name": "celowner"},
    "spec": {
        "crd": {"spec": {"names": {"kind": "CelOwner"}}},
        "targets": [
            {
                "target": "admission.k8s.gatekeeper.sh",
                "code": [
                    {
                        "engine": "K8sNativeValidation",
                        "source": {
                            "validations": [
                                {
                                    "expression": "has(object.metadata.labels) && 'owner' in object.metadata.labels",
                                    "messageExpression": "object.metadata.name + ' has no owner, says CEL'",
                                }
                            ]
                        },
                    }
                ],
            }
        ],
    },
}
_NUMBER = {"type": "object", "properties": {"most": {"type": "integer"}}}
_TEXT = {"type": "object", "properties": {"most": {"type": "string"}}}
_ASKS = {
    "type": "object",
    "properties": {"operation": {"type": "string"}, "subResource": {"type": "string"}},
}
_EVERY = {"operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"]}


def _shipped(rule: str) -> Json:
    """The template of a rule that is shipped."""
    value: Json = yaml.safe_load((ROOT / "policies" / rule / "template.yaml").read_text())
    return value


TEMPLATES: tuple[Json, ...] = (
    template(_OWNER, kind="NeedsOwner"),
    template(_ASKED, kind="Asked", schema=_ASKS, **_EVERY),
    template(_SHELLS, kind="NoShells", operations=["CONNECT"]),
    template(_MOST, kind="MostReplicas", schema=_NUMBER),
    template(_IMAGES, kind="OurImages"),
    template(_MEMORY, kind="MostMemory", schema=_TEXT),
    template(_KEPT, kind="Kept", operations=["DELETE"]),
    template(_NO_CHANGE, kind="FixedData", operations=["UPDATE"]),
    template(_UNIQUE, kind="UniqueHost"),
    _CEL,
    _shipped("claims/admin_access"),
    _shipped("claims/approved_device_classes"),
    _shipped("claims/controller_fields"),
    _shipped("claims/device_counts"),
    _shipped("claims/guarded_namespaces"),
    _shipped("claims/pinned_device_classes"),
    _shipped("claims/resource_slices"),
)


def rule(
    kind: str,
    name: str,
    namespace: str,
    *kinds: str,
    action: str = "deny",
    match: Json | None = None,
    **parameters: object,
) -> Json:
    """A constraint on kinds (`group/Kind`, the core group's without a group) of a namespace, "" for any."""
    listed = [one.rpartition("/") for one in kinds]
    matched: Json = {"kinds": [{"apiGroups": [group], "kinds": [kind]} for group, _, kind in listed]}
    if namespace:
        matched["namespaces"] = [namespace]
    spec: Json = {"enforcementAction": action, "match": {**matched, **(match or {})}}
    if parameters:
        spec["parameters"] = parameters
    return constraint(spec, kind=kind, name=name)
