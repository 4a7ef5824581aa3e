"""Builds Reviews: `input.review` as Gatekeeper's target makes it, from a manifest or an AdmissionReview.

After github.com/open-policy-agent/gatekeeper pkg/target/target.go and the JSON of k8s.io/api/admission/v1: `object`,
`oldObject` and `options` are null when absent, `name`, `namespace` and `dryRun` are left out when empty, and
`namespaceObject` is an empty object when the Namespace is not known.
"""

from collections.abc import Mapping
from typing import Final, Literal, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.defaulting import Complete, as_it_is
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import InputError
from lockgate.engine.kinds import Kinds, split_api_version
from lockgate.engine.review import ObjectSource, Review, Scope
from lockgate.gatekeeper.admission import EMBEDDED
from lockgate.gatekeeper.match import is_namespace
from lockgate.gatekeeper.review_numbers import review_value

DEFAULT_NAMESPACE: Final = "default"

Object = dict[str, Value]
Operation = Literal["", "CREATE", "UPDATE"]
# Integers below a million in size are the same to policies as they are written.
Numbers = Literal["any", "small integers"]
# Shared by all reviews: values are never mutated.
_EMPTY: Final[Object] = {}
_NO_RESOURCE: Final[Object] = {"group": "", "version": "", "resource": ""}
# A request without its kind, object, name and namespaces.
_REQUEST: Final[Object] = {
    "uid": "",
    "kind": _EMPTY,
    "resource": _NO_RESOURCE,
    "operation": "",
    "userInfo": _EMPTY,
    "object": None,
    "oldObject": None,
    "options": None,
    "namespaceObject": _EMPTY,
}
# Kinds and Namespaces that are remembered, and a kind's letters: bounded, since whoever sends objects chooses them.
_MOST_REMEMBERED: Final = 1_024
_LONGEST_REMEMBERED: Final = 512


@final
class Cluster:
    """What is known of the cluster that manifests are for.

    kinds: the scope of kinds. namespaces: Namespace objects by name.
    namespace: the one that namespaced objects without a namespace go to, as kubectl's `--namespace` does; "" keeps
    objects as they are, which is how `gator verify` reviews them.
    complete: what the API server makes of an object before it is judged; gator judges it as it is.
    """

    __slots__ = ("_of_kind", "_shown", "complete", "kinds", "namespace", "namespaces")

    def __init__(
        self,
        kinds: Kinds | None = None,
        namespaces: Mapping[str, Object] | None = None,
        namespace: str = DEFAULT_NAMESPACE,
        complete: Complete = as_it_is,
    ) -> None:
        self.kinds: Final = Kinds() if kinds is None else kinds
        self.namespaces: Final[Mapping[str, Object]] = {} if namespaces is None else namespaces
        self.namespace: Final = namespace
        self.complete: Final = complete
        self._of_kind: dict[tuple[Value, Value], tuple[Object, Scope]] = {}
        self._shown: dict[str, Value] = {}

    def kind_of(self, value: Object) -> tuple[Object, Scope]:
        """The object's kind as `input.review.kind` has it, and the kind's scope."""
        named = (value.get("apiVersion"), value.get("kind"))
        try:
            return self._of_kind[named]
        except (KeyError, TypeError):
            return self._find(*named)

    def _find(self, api_version: Value, named: Value) -> tuple[Object, Scope]:
        group, version = split_api_version(api_version)
        kind = named if isinstance(named, str) else ""
        shown: Object = {"group": group, "version": version, "kind": kind}
        found = (shown, self.kinds.scope(group, kind))
        # Values that are no text would be found for others that are equal to Python.
        is_text = isinstance(api_version, str) and isinstance(named, str)
        if is_text and len(f"{api_version}{named}") <= _LONGEST_REMEMBERED:
            if len(self._of_kind) >= _MOST_REMEMBERED:
                self._of_kind.clear()
            self._of_kind[api_version, named] = found
        return found

    def shown(self, namespace: str, known: Object) -> Value:
        """A Namespace as `input.review.namespaceObject` has it."""
        found = self._shown.get(namespace)
        if found is None:
            found = review_value(known)
            if len(self._shown) < _MOST_REMEMBERED:
                self._shown[namespace] = found
        return found


def find_namespaces(objects: "Mapping[str, Object] | list[Object]") -> dict[str, Object]:
    """The Namespace objects among the objects, by name."""
    values = objects.values() if isinstance(objects, Mapping) else objects
    return {
        name: value for value in values if is_namespace(value) and (name := _metadata_text(value, "name"))
    }


def review_document(
    document: Document,
    cluster: Cluster,
    source: ObjectSource = "Original",
    operation: Operation = "",
    *,
    old: Object | None = None,
    user: Object | None = None,
) -> Review:
    """The review of one manifest.

    operation: what is asked of the cluster; `gator` names none. old: its former state, where it has one. user: who
    asks, as `userInfo` has it, where it is known.
    """
    written = document.value
    kind, scope = cluster.kind_of(written)
    value = cluster.complete(written)
    # Only a Job has a default of a million or more.
    is_plain = document.small_integers_only and (value is written or kind["kind"] != "Job")
    if old is not None:
        old = value if old is written else cluster.complete(old)
    name = namespace = ""
    metadata = value.get("metadata")
    if type(metadata) is dict:
        named, inside = metadata.get("name"), metadata.get("namespace")
        if type(named) is str:
            name = named
        if type(inside) is str:
            namespace = inside
    if not namespace and scope == "Namespaced" and cluster.namespace:
        namespace = cluster.namespace
        value = _in_namespace(value, namespace)
    if old is not None and namespace and scope == "Namespaced":
        old = _in_namespace(old, namespace)
    request = _REQUEST.copy()
    request["kind"] = kind
    request["operation"] = operation
    request["object"] = value if is_plain else review_value(value)
    if old is not None:
        request["oldObject"] = review_value(old)
    if user is not None:
        request["userInfo"] = user
    if name:
        request["name"] = name
    known = None
    if namespace:
        request["namespace"] = namespace
        if cluster.namespaces and not is_namespace(value):
            known = cluster.namespaces.get(namespace)
            if known is not None:
                request["namespaceObject"] = cluster.shown(namespace, known)
    return Review(request, value, old, known, document, scope, source)


def review_request(
    request: Object, namespace: Object | None, scope: Scope, numbers: Numbers = "any"
) -> Review:
    """The review of an AdmissionRequest in the form that `parse_admission_request` gives it.

    numbers: those in its objects, where that is known.
    """
    value, old = request.get("object"), request.get("oldObject")
    if request.get("operation") == "DELETE":
        if old is None:
            raise InputError("oldObject cannot be nil for DELETE operations")
        value = old
    shown = request.copy()
    if numbers == "any":
        # Whatever else there is has none.
        for name in EMBEDDED:
            shown[name] = review_value(request.get(name))
    shown["object"] = shown["oldObject"] if value is old and old is not None else shown.get("object")
    shown["namespaceObject"] = {} if namespace is None else review_value(namespace)
    return Review(
        request=shown,
        object=value if isinstance(value, dict) else None,
        old_object=old if isinstance(old, dict) else None,
        namespace=namespace,
        scope=scope,
    )


def review_implied(value: Object, parent: Review) -> Review:
    """The review of an object that the parent's implies: at the same operation, in the same Namespace, by nobody."""
    group, version = split_api_version(value.get("apiVersion"))
    name, namespace = _metadata_text(value, "name"), _metadata_text(value, "namespace")
    request = _REQUEST.copy()
    request["kind"] = {"group": group, "version": version, "kind": _text(value, "kind")}
    request["operation"] = parent.request.get("operation", "")
    request["namespaceObject"] = parent.request.get("namespaceObject", _EMPTY)
    request["object"] = review_value(value)
    old = value if request["operation"] == "DELETE" else None
    if old is not None:
        request["oldObject"] = request["object"]
    if name:
        request["name"] = name
    if namespace:
        request["namespace"] = namespace
    scope: Scope = "Namespaced" if namespace else "Cluster"
    return Review(request, value, old, parent.namespace, parent.document, scope, "Generated")


def placed_request(request: Object) -> Object:
    """The AdmissionRequest as Gatekeeper's webhook judges it: one for a Namespace is in no namespace.

    The API server names a Namespace's own name there, or nothing, by how it was sent (gatekeeper#792).
    """
    kind = request.get("kind")
    named = (_text(kind, "group"), _text(kind, "kind")) if isinstance(kind, dict) else ("", "")
    if named != ("", "Namespace") or "namespace" not in request:
        return request
    return {name: value for name, value in request.items() if name != "namespace"}


def _in_namespace(value: Object, namespace: str) -> Object:
    """A copy of the object in the namespace, as kubectl sends it."""
    metadata = value.get("metadata")
    inner: Object = dict(metadata) if isinstance(metadata, dict) else {}
    inner["namespace"] = namespace
    return {**value, "metadata": inner}


def _text(value: Mapping[str, Value], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _metadata_text(value: Mapping[str, Value], name: str) -> str:
    metadata = value.get("metadata")
    return _text(metadata, name) if isinstance(metadata, dict) else ""
