"""CustomResourceDefinitions of constraints: made from templates where no Gatekeeper does it, and pruned with them.

As Gatekeeper's (frameworks constraint/pkg/client/crds/crds.go): cluster-scoped, v1beta1 stored and v1alpha1 served, the
template's parameters in the schema. Lockgate touches only what carries its label, and where Gatekeeper is, nothing.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final, final
from urllib.parse import quote

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.gvk import GroupVersionKind
from lockgate.gatekeeper.constraint import GROUP, VERSIONS
from lockgate.gatekeeper.constraint_schema import constraint_schema
from lockgate.gatekeeper.schema_json import schema_json
from lockgate.gatekeeper.template import GROUP as TEMPLATES
from lockgate.gatekeeper.template import Template
from lockgate.webhook.cluster.connection import Sent, failure_reason, get, printable_reason, send
from urllib3.exceptions import HTTPError

Json = dict[str, Value]

MANAGER: Final = "lockgate"
# A group that only Gatekeeper's own definitions have.
GATEKEEPER_GROUP: Final = "status.gatekeeper.sh"
LABELS: Final[dict[str, Value]] = {
    "app.kubernetes.io/managed-by": "lockgate",
    "gatekeeper.sh/constraint": "yes",
}
_DIGEST: Final = "lockgate.dev/definition"
_OURS: Final = {"labelSelector": "app.kubernetes.io/managed-by=lockgate,gatekeeper.sh/constraint=yes"}
_ALL: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_TEMPLATES: Final = f"/apis/{TEMPLATES}/v1/constrainttemplates"
_APPLY: Final = "application/apply-patch+yaml"
_TIMEOUT_S: Final = 10.0
_NOT_FOUND: Final = 404


def is_gatekeeper_there(kinds: Iterable[GroupVersionKind]) -> bool:
    """Does a cluster that serves these kinds have Gatekeeper, which makes the definitions itself?"""
    return any(kind.group == GATEKEEPER_GROUP for kind in kinds)


def constraint_definition(template: Template) -> Json:
    """The definition of the template's constraints."""
    schema = schema_json(constraint_schema(template.schema))
    del schema["x-kubernetes-embedded-resource"]
    properties = schema["properties"]
    assert isinstance(properties, dict)
    properties.update({"apiVersion": {"type": "string"}, "kind": {"type": "string"}})
    lower = template.kind.lower()
    names: Json = {
        "kind": template.kind,
        "listKind": f"{template.kind}List",
        "plural": lower,
        "singular": lower,
        "categories": ["constraint", "constraints"],
    }
    short = _at(template.document.value, "spec", "crd", "spec", "names", "shortNames")
    if isinstance(short, list) and short:
        names["shortNames"] = short
    columns: list[Value] = [
        _column("enforcement-action", "string", ".spec.enforcementAction", "What a violation leads to"),
        _column("total-violations", "integer", ".status.totalViolations", "How many there are"),
    ]
    versions: list[Value] = [
        {
            "name": version,
            "served": True,
            "storage": version == VERSIONS[0],
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
            "additionalPrinterColumns": columns,
        }
        for version in VERSIONS
    ]
    spec: Json = {"group": GROUP, "names": names, "scope": "Cluster", "versions": versions}
    metadata: Json = {
        "name": f"{lower}.{GROUP}",
        "labels": LABELS,
        "annotations": {_DIGEST: sha256(render_json(spec).encode()).hexdigest()},
    }
    uid = _at(template.document.value, "metadata", "uid")
    if isinstance(uid, str):
        # The cluster's own collector prunes it as well.
        owner: Json = {
            "apiVersion": f"{TEMPLATES}/v1",
            "kind": "ConstraintTemplate",
            "name": template.name,
            "uid": uid,
            "controller": True,
        }
        metadata["ownerReferences"] = [owner]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


@final
class ConstraintDefinitions:
    """Those of one cluster."""

    def __init__(self, api: ApiClient) -> None:
        self._api: Final = api

    def reconcile(self, templates: Iterable[Template], present: Iterable[str]) -> Mapping[str, str]:
        """Makes the definitions of templates, and prunes those whose template is gone.

        present: the names of all templates, also of those that do not compile: what they had stays. Gives what could
        not be done, by the template's name; "" for all of them.
        """
        failures: dict[str, str] = {}
        try:
            known = self._known()
        except _RefusedError as error:
            return {"": str(error)}
        wanted = {str(_at(made, "metadata", "name")): made for made in map(constraint_definition, templates)}
        for name, made in sorted(wanted.items()):
            if name not in known or _digest(known[name]) != _digest(made):
                self._try(failures, name, "PATCH", {"fieldManager": MANAGER, "force": "true"}, made)
        there = {f"{name}.{GROUP}" for name in present}
        for name in sorted(set(known) - set(wanted) - there):
            if self._is_template_gone(name.removesuffix(f".{GROUP}")):
                uid = _at(known[name], "metadata", "uid")
                self._try(failures, name, "DELETE", {}, {"preconditions": {"uid": uid}})
        return failures

    def _try(
        self, failures: dict[str, str], name: str, method: str, query: Mapping[str, str], body: Json
    ) -> None:
        kind = _APPLY if method == "PATCH" else "application/json"
        try:
            status, reason, data = send(
                self._api,
                method,
                f"{_ALL}/{quote(name, '')}",
                query,
                Sent(render_json(body).encode("utf-8", "surrogatepass"), kind),
                _TIMEOUT_S,
            )
        except (HTTPError, OSError, ValueError) as error:
            failures[name.removesuffix(f".{GROUP}")] = failure_reason(error)
            return
        if status >= 300 and not (method == "DELETE" and status == _NOT_FOUND):
            failures[name.removesuffix(f".{GROUP}")] = _message(status, reason, data)

    def _known(self) -> dict[str, Json]:
        """Our definitions, by name."""
        status, reason, data = self._get(_ALL, _OURS)
        if status != 200:
            raise _RefusedError(_message(status, reason, data))
        items = _at(_parsed(data), "items")
        found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        return {str(_at(item, "metadata", "name")): item for item in found}

    def _is_template_gone(self, name: str) -> bool:
        # With a definition all of its constraints go: what was told once is asked for again.
        try:
            return self._get(f"{_TEMPLATES}/{quote(name, '')}", {})[0] == _NOT_FOUND
        except _RefusedError:
            return False

    def _get(self, path: str, query: Mapping[str, str]) -> tuple[int, str, bytes]:
        try:
            return get(self._api, path, query, _TIMEOUT_S)
        except (HTTPError, OSError, ValueError) as error:
            raise _RefusedError(failure_reason(error)) from None


class _RefusedError(Exception):
    """The API server does not tell."""


def _column(name: str, kind: str, path: str, description: str) -> Json:
    return {"name": name, "type": kind, "jsonPath": path, "description": description}


def _digest(value: Json) -> Value:
    return _at(value, "metadata", "annotations", _DIGEST)


def _at(value: Any, *names: str) -> Value:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    found: Value = value
    return found


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def _message(status: int, reason: str, data: bytes) -> str:
    said = _at(_parsed(data), "message")
    return printable_reason(said if isinstance(said, str) else f"the API server answered {status} ({reason})")
