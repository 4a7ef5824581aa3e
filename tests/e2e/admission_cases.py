"""Policies and AdmissionReviews that Gatekeeper's webhook and ours are both asked about.

Policies: the shared library, the rules that are shipped, constraints with every way to match and to enforce, and one
that shows all of `input.review`. Reviews: the library's and the rules' samples, and a part of the corpus, created,
updated and deleted by several users.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockgate.engine.codegen.values import render_json
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.kinds import BUILT_IN, split_api_version
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.suite import is_suite
from lockgate.gatekeeper.template import is_template
from lockgate.gatekeeper.webhook_scope import plural

from tests.gatekeeper.match_cases import MATCH_CASES
from tests.gatekeeper.workbench import DUMP_REVIEW, Json, constraint, manifest, template
from tests.policies.shipped import kinds_that_ask
from tests.shared_folder import ROOT, shared_path

# Objects of the corpus: every so manieth.
CORPUS_STEP = 12
LARGEST_OBJECT = 60_000
OPERATIONS = ("CREATE", "CREATE", "CREATE", "UPDATE", "UPDATE", "DELETE")
USERS: tuple[Json, ...] = (
    {"username": "jane", "groups": ["dev", "system:authenticated"]},
    {"username": "system:serviceaccount:shop:deployer", "uid": "7", "groups": ["system:serviceaccounts"]},
    {"username": "root", "groups": ["system:masters"], "extra": {"scopes": ["a", "b"]}},
    {},
)
NAMED = 'package named\n\nviolation[{"msg": msg}] { msg := input.parameters.says }\n'
SAYS = {"type": "object", "properties": {"says": {"type": "string"}}}
ASKED = """package asked

violation[{"msg": msg}] { input.review.userInfo.username == "jane"; msg := "jane" }
violation[{"msg": msg}] { input.review.namespaceObject.metadata.labels.env == "prod"; msg := "in prod" }
violation[{"msg": "changed", "details": {"from": old}}] {
  old := input.review.oldObject
  old != null
  old != input.review.object
}
violation[{"msg": msg}] { input.review.subResource; msg := sprintf("%v/%v", [input.review.resource.resource, input.review.subResource]) }
violation[{"details": "has no message"}] { true }
"""
# What policies do that fail on some reviews.
CONFLICT = """package conflict

f(x) := 1 { x }
f(x) := 2 { x }
violation[{"msg": msg}] { input.parameters.says == "fails"; msg := sprintf("%v", [f(true)]) }
violation[{"msg": msg}] { input.parameters.says != "fails"; msg := input.parameters.says }
"""
NUMBER = 'package number\n\nviolation[{"msg": 7}] { true }\n'
KEPT = """package kept

violation[{"msg": msg}] {
  spaced := [[place, kind, name] | data.inventory.namespace[place][_][kind][name]]
  msg := sprintf("%v", [sort(spaced)])
}
"""
# A name for objects that only some constraints match.
BROKEN = "broken-by-policy"
EXCLUDED = "logging"
CONFIG: Json = {
    "apiVersion": "config.gatekeeper.sh/v1alpha1",
    "kind": "Config",
    "metadata": {"name": "config", "namespace": "gatekeeper-system"},
    "spec": {
        "sync": {
            "syncOnly": [
                {"group": "", "version": "v1", "kind": "Service"},
                {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
                {"group": "policy", "version": "v1", "kind": "PodDisruptionBudget"},
                {"group": "apps", "version": "v1", "kind": "Deployment"},
                {"group": "apps", "version": "v1", "kind": "StatefulSet"},
            ]
        },
        "match": [
            {"excludedNamespaces": [f"{EXCLUDED}*"], "processes": ["webhook"]},
            {"excludedNamespaces": ["default"], "processes": ["audit"]},
        ],
    },
}
# Of one kind of policy: each form of enforcement by what its constraint is called.
ENFORCED: Mapping[str, Json] = {
    "denies": {},
    "warns": {"enforcementAction": "warn"},
    "tries": {"enforcementAction": "dryrun"},
    "scoped-deny": {
        "enforcementAction": "scoped",
        "scopedEnforcementActions": [
            {"action": "deny", "enforcementPoints": [{"name": "validation.gatekeeper.sh"}]},
            {"action": "warn", "enforcementPoints": [{"name": "audit.gatekeeper.sh"}]},
        ],
    },
    "scoped-both": {
        "enforcementAction": "scoped",
        "scopedEnforcementActions": [
            {"action": "deny", "enforcementPoints": [{"name": "*"}]},
            {"action": "warn", "enforcementPoints": [{"name": "validation.gatekeeper.sh"}]},
        ],
    },
    "scoped-elsewhere": {
        "enforcementAction": "scoped",
        "scopedEnforcementActions": [
            {
                "action": "deny",
                "enforcementPoints": [{"name": "audit.gatekeeper.sh"}, {"name": "vap.k8s.io"}],
            },
        ],
    },
    "unscoped": {
        "enforcementAction": "warn",
        "scopedEnforcementActions": [{"action": "deny", "enforcementPoints": [{"name": "*"}]}],
    },
}
CEL: Json = {
    "variables": [
        {"name": "owner", "expression": "variables.anyObject.metadata.?labels['owner'].orValue('nobody')"}
    ],
    "validations": [
        {
            "expression": "!has(request.userInfo.username) || request.userInfo.username != 'jane'",
            "messageExpression": "'jane ' + request.operation + ' of ' + variables.owner",
        },
        {
            "expression": "namespaceObject == null || !('env' in namespaceObject.metadata.labels)",
            "message": "the namespace has an environment",
        },
        {"expression": "oldObject == null || object == null || object == oldObject", "message": "it changes"},
    ],
}


@dataclass(frozen=True, slots=True)
class Policies:
    """What both are given, in the order in which it has to be applied."""

    templates: tuple[Json, ...]
    constraints: tuple[Json, ...]


def _read(files: Sequence[Path]) -> Iterator[Json]:
    for file in sorted(files):
        for document in read_documents(file.read_bytes(), str(file), duplicates="last").documents:
            yield json.loads(render_json(document.value))


def policies() -> Policies:
    """All templates and constraints; of constraints with one name the first.

    Rules that need external data, or objects that are synced for them, are compared apart (test_reachable_devices.py).
    """
    apart = kinds_that_ask()
    templates: dict[str, Json] = {}
    constraints: dict[tuple[str, str], Json] = {}
    for root in (shared_path("vectors", "gatekeeper-library"), ROOT / "policies"):
        for value in _read([*root.rglob("*.yaml")]):
            name = str(value["metadata"].get("name")) if isinstance(value.get("metadata"), dict) else ""
            if is_template(value) and value["spec"]["crd"]["spec"]["names"]["kind"] not in apart:
                templates.setdefault(name, value)
            elif is_constraint(value) and value["kind"] not in apart:
                constraints.setdefault((value["kind"], name), value)
    made = [
        template(NAMED, schema=SAYS),
        template(DUMP_REVIEW, kind="Shown"),
        template(ASKED, kind="Asked"),
        template(NAMED, kind="ForCreate", schema=SAYS, operations=["CREATE"]),
        template(NAMED, kind="ForOthers", schema=SAYS, operations=["UPDATE", "DELETE"]),
        _cel_template(CEL, "Judged"),
        template(CONFLICT, kind="Conflict", schema=SAYS),
        template(NUMBER, kind="Number"),
        template(KEPT, kind="Kept"),
    ]
    bound = [constraint({"enforcementAction": "warn"}, kind="Shown", name="shown")]
    for says in ("fails", "holds"):
        for name, enforced in (("denies", {}), ("warns", {"enforcementAction": "warn"})):
            spec = {"match": {"name": f"{BROKEN}-{name}"}, "parameters": {"says": says}, **enforced}
            bound.append(constraint(spec, kind="Conflict", name=f"{says}-{name}"))
    bound.append(constraint({"match": {"name": f"{BROKEN}-inventory"}}, kind="Kept", name="kept"))
    bound.append(constraint({"match": {"name": f"{BROKEN}-message"}}, kind="Number", name="number"))
    for number, case in enumerate(MATCH_CASES):
        said: Json = {"enforcementAction": "warn", "parameters": {"says": case.name}}
        if case.match is not None:
            said["match"] = case.match
        bound.append(constraint(said, name=f"match-{number}"))
    bound += [
        constraint({"enforcementAction": "warn", "parameters": {"says": kind}}, kind=kind, name=kind.lower())
        for kind in ("ForCreate", "ForOthers")
    ]
    for name, enforced in ENFORCED.items():
        # They do not deny all, so that others' denials are seen alone too.
        match = {"labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}
        bound.append(constraint({"match": match, **enforced}, kind="Asked", name=f"asked-{name}"))
        spec = {"match": match, "parameters": {"says": f"this {name}"}, **enforced}
        bound.append(constraint(spec, name=name))
        bound.append(constraint({"match": match, **enforced}, kind="Judged", name=f"judged-{name}"))
    return Policies((*templates.values(), *made), (*constraints.values(), *bound))


def _cel_template(source: Json, kind: str) -> Json:
    made = template(kind=kind)
    code = [{"engine": "K8sNativeValidation", "source": source}]
    made["spec"]["targets"] = [{"target": "admission.k8s.gatekeeper.sh", "code": code}]
    return made


def objects() -> list[Json]:
    """Samples of the library and of the rules, the objects of the match cases, and a part of the corpus."""
    samples = [*shared_path("vectors", "gatekeeper-library").rglob("samples/**/*.yaml")]
    samples += (ROOT / "policies").rglob("samples/**/*.yaml")
    found = [value for value in _read(samples) if _is_object(value)]
    found += [deepcopy(case.value) for case in MATCH_CASES]
    corpus = [
        value
        for folder in ("dra", "systems")
        for value in _read([*shared_path("corpus", folder).rglob("*.y*ml")])
        if _is_object(value)
    ]
    return [*found, *corpus[::CORPUS_STEP]]


def _is_object(value: Json) -> bool:
    if (
        is_template(value)
        or is_constraint(value)
        or is_suite(value)
        or value.get("kind") == "AdmissionReview"
    ):
        return False
    metadata = value.get("metadata")
    group = split_api_version(value.get("apiVersion"))[0]
    return (
        isinstance(metadata, dict)
        and not group.endswith("gatekeeper.sh")
        and len(json.dumps(value)) <= LARGEST_OBJECT
    )


def reviews(values: Sequence[Json]) -> list[Json]:
    """An AdmissionReview for each object, of every operation in turn, and more of the first ones."""
    made = [_review(number, value) for number, value in enumerate(values)]
    subresources = (("status", "Pod"), ("ephemeralcontainers", "Pod"), ("scale", "Deployment"))
    for sub, kind in subresources:
        for value in [one for one in values if one["kind"] == kind][:5]:
            made.append(_review(len(made), value, operation="UPDATE", subResource=sub))
    return made


def special_reviews() -> dict[str, Json]:
    """AdmissionReviews that cannot be judged, that policies fail on, and of namespaces that are left alone, by name."""
    made = {name: named_review(name) for name in ("denies", "warns", "message", "inventory")}
    made["unknown namespace"] = _review(0, manifest(namespace="nowhere"))
    made["excluded namespace"] = _review(0, manifest(namespace=EXCLUDED))
    made["deleted in an excluded namespace"] = _review(5, manifest(namespace=EXCLUDED))
    made["excluded Namespace"] = _review(0, manifest("Namespace", EXCLUDED))
    for operation in ("CREATE", "DELETE"):
        review = made[f"{operation} without an object"] = _review(0, manifest(), operation=operation)
        review["request"] |= {"object": None, "oldObject": None}
    return made


def named_review(name: str) -> Json:
    """The creation of a ConfigMap that only the constraints match which this name is for."""
    return _review(0, manifest("ConfigMap", f"{BROKEN}-{name}"))


def inventory() -> list[Json]:
    """Objects that are synced where the API server takes them: what the library's suites have as inventory."""
    kinds = {one["kind"] for one in CONFIG["spec"]["sync"]["syncOnly"]}
    found = _read([*shared_path("vectors", "gatekeeper-library").rglob("samples/**/*inventory*.yaml")])
    return [value for value in found if value["kind"] in kinds]


def namespaced(value: Json) -> bool:
    """Is the object in a namespace? Kinds that nobody knows are, where they name one."""
    group = split_api_version(value.get("apiVersion"))[0]
    scope = BUILT_IN.get((group, value["kind"]))
    return scope == "Namespaced" if scope else bool(value["metadata"].get("namespace"))


def _review(number: int, value: Json, operation: str = "", **more: Any) -> Json:
    value = deepcopy(value)
    group, version = split_api_version(value["apiVersion"])
    operation = operation or OPERATIONS[number % len(OPERATIONS)]
    metadata = value["metadata"]
    if namespaced(value):
        metadata.setdefault("namespace", "default")
    old = None
    if operation == "DELETE":
        value, old = None, value  # type: ignore[assignment]
    elif operation == "UPDATE":
        old = deepcopy(value)
        if number % 2:
            old["metadata"]["labels"] = {**(metadata.get("labels") or {}), "app": "old"}
    kind = (value or old or {})["kind"]
    named = {"group": group, "version": version, "kind": kind}
    resource = {"group": group, "version": version, "resource": plural(kind)}
    request: Json = {
        "uid": f"00000000-0000-0000-0000-{number:012}",
        "kind": named,
        "resource": resource,
        "operation": operation,
        "userInfo": USERS[number % len(USERS)],
        "object": value,
        "oldObject": old,
        "dryRun": bool(number % 3),
        "options": {"kind": f"{operation.title()}Options", "apiVersion": "meta.k8s.io/v1"},
        **more,
    }
    if number % 2:
        request |= {"requestKind": named, "requestResource": resource}
    if metadata.get("name"):
        request["name"] = metadata["name"]
    if metadata.get("namespace"):
        request["namespace"] = metadata["namespace"]
    elif kind == "Namespace" and group == "":
        # The API server sends its own name, or nothing, by how it was written.
        request["namespace"] = metadata.get("name", "") if number % 2 else ""
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
