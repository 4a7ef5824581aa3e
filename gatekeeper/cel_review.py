"""A review as expressions see it: `object`, `oldObject`, `request` and `namespaceObject`.

After Gatekeeper's pkg/drivers/k8scel (driver.go, transform/request.go) and k8s.io/apiserver's
pkg/admission/plugin/cel/condition.go: on DELETE there is no object; Go leaves empty texts of the request out.
"""

import threading
from typing import Final, final

from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.documents import native_document
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.review import Review

Object = dict[str, Value]

_KIND: Final = ("group", "version", "kind")
_RESOURCE: Final = ("group", "version", "resource")
# Values are never mutated.
_NO_RESOURCE: Final[Object] = {"group": "", "version": "", "resource": ""}
# What a request has whatever it asks for.
_REQUEST: Final[Object] = {
    "uid": "",
    "kind": None,
    "resource": _NO_RESOURCE,
    "requestKind": None,
    "requestResource": _NO_RESOURCE,
    "operation": "",
    "userInfo": {},
    "dryRun": False,
    "object": None,
    "oldObject": None,
    "options": None,
}

# What a Namespace shows, of its metadata (CreateNamespaceObject).
_NAMESPACE_METADATA: Final = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "finalizers",
)


@final
class ReviewValues:
    """The variables of one review; those that few policies read are made when they are asked for."""

    __slots__ = (
        "_budget",
        "_namespace",
        "_request",
        "any_object",
        "object",
        "old_object",
        "operation",
        "review",
    )

    def __init__(self, review: Review) -> None:
        self.review: Final = review
        request = review.request
        self.operation: Final = _text(request, "operation")
        is_deletion = self.operation == "DELETE"
        self.object: Final[Value] = None if is_deletion else _native(review.object, request.get("object"))
        self.old_object: Final[Value] = _native(review.old_object, request.get("oldObject"))
        # The object, or the one that is deleted.
        self.any_object: Final[Value] = self.old_object if is_deletion else self.object
        self._budget: CostBudget | None = None
        self._request: Object | None = None
        self._namespace: Object | None = None

    def budget(self, limits: Limits) -> CostBudget:
        """A budget for one policy; the one that the policy before it had, which is done with it."""
        found = self._budget
        if found is None or found.limits is not limits:
            found = self._budget = CostBudget(limits)
        else:
            found.begin_again()
        return found

    @property
    def request(self) -> Object:
        """The request without its objects."""
        found = self._request
        if found is None:
            found = self._request = _request(self.review.request)
        return found

    @property
    def namespace(self) -> Object | None:
        """The Namespace that the request falls in; None where there is none, or it is not shown to policies."""
        known = self.review.namespace
        if known is None or not self.review.request.get("namespaceObject"):
            return None
        found = self._namespace
        if found is None:
            found = self._namespace = _namespace(native_document(known))
        return found


@final
class LastReview(threading.local):
    """Keeps the values of the review that a thread is judging, which all policies with CEL share."""

    def __init__(self) -> None:
        self._values: ReviewValues | None = None

    def values(self, review: Review) -> ReviewValues:
        """The values of the review."""
        found = self._values
        if found is None or found.review is not review:
            found = self._values = ReviewValues(review)
        return found


def _native(value: Value, shown: Value) -> Value:
    """The object as expressions see it. shown: as Rego sees it: where that is the object itself it has small integers only."""
    return value if shown is value else native_document(value)


def _request(given: Object) -> Object:
    kind, options = _texts(given.get("kind"), _KIND), given.get("options")
    made = _REQUEST.copy()
    made["kind"] = made["requestKind"] = kind
    resource = given.get("resource")
    if resource != _NO_RESOURCE:
        made["resource"] = made["requestResource"] = _texts(resource, _RESOURCE)
    made["operation"] = _text(given, "operation")
    if given.get("userInfo"):
        made["userInfo"] = _user(given["userInfo"])
    if given.get("dryRun") is True:
        made["dryRun"] = True
    if options is not None:
        made["options"] = native_document(options)
    for name in ("name", "namespace"):
        text = given.get(name)
        if text and type(text) is str:
            made[name] = text
    subresource = _text(given, "subResource")
    if subresource:
        made["subResource"] = made["requestSubResource"] = subresource
    return made


def _user(given: Value) -> Object:
    if not isinstance(given, dict):
        return {}
    made: Object = {}
    for name in ("username", "uid"):
        text = given.get(name)
        if text and type(text) is str:
            made[name] = text
    groups = given.get("groups")
    if isinstance(groups, list) and groups:
        made["groups"] = [one for one in groups if isinstance(one, str)]
    extra = given.get("extra")
    if isinstance(extra, dict) and extra:
        made["extra"] = {
            name: [one for one in values if isinstance(one, str)]
            for name, values in extra.items()
            if isinstance(values, list)
        }
    return made


def _namespace(given: Object) -> Object:
    metadata = given.get("metadata")
    shown: Object = {"creationTimestamp": None}
    if isinstance(metadata, dict):
        shown.update({name: metadata[name] for name in _NAMESPACE_METADATA if name in metadata})
    return {"metadata": shown, "spec": given.get("spec") or {}, "status": given.get("status") or {}}


def _texts(given: Value, names: tuple[str, ...]) -> Object:
    """The texts under the names, "" where there is none; the object itself where it has these and no more."""
    if not isinstance(given, dict):
        return dict.fromkeys(names, "")
    for name in names:
        if type(given.get(name)) is not str:
            return {name: _text(given, name) for name in names}
    return given if len(given) == len(names) else {name: given[name] for name in names}


def _text(given: Object, name: str) -> str:
    found = given.get(name)
    return found if isinstance(found, str) else ""
