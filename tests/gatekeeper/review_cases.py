"""Facts of `input.review`: the JSON that a policy sees for an object, each put to real gator too."""

import json
from dataclasses import dataclass
from typing import Any

from tests.gatekeeper.workbench import Json, manifest


@dataclass(frozen=True)
class ReviewCase:
    """An object (or AdmissionReview), the Namespaces known to the match, and `json.marshal(input.review)`."""

    name: str
    value: Json
    shown: str
    namespaces: tuple[Json, ...] = ()


def _marshal(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _review(kind: tuple[str, str, str], value: Any, **more: Any) -> Json:
    group, version, name = kind
    return {
        "kind": {"group": group, "version": version, "kind": name},
        "namespaceObject": {},
        "object": value,
        "oldObject": None,
        "operation": "",
        "options": None,
        "resource": {"group": "", "version": "", "resource": ""},
        "uid": "",
        "userInfo": {},
        **more,
    }


def _plain(title: str, value: Json, kind: tuple[str, str, str], *namespaces: Json, **more: Any) -> ReviewCase:
    return ReviewCase(title, value, _marshal(_review(kind, value, **more)), namespaces)


def _numbers(name: str, given: Any, shown: str) -> ReviewCase:
    value = {**manifest("Gauge", group="x.io/v1"), "n": given}
    text = _marshal(_review(("x.io", "v1", "Gauge"), {**value, "n": "@"}, name="a"))
    return ReviewCase(f"number {name}", value, text.replace('"@"', shown))


POD = ("", "v1", "Pod")


def admission(**request: Any) -> Json:
    """An AdmissionReview with this request."""
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def _request(name: str, request: Json, shown: Json) -> ReviewCase:
    return ReviewCase(f"request {name}", admission(**request), _marshal(shown))


_POD_KIND = {"group": "", "version": "v1", "kind": "Pod"}
_INNER = manifest(namespace="shop")
_NO_RESOURCE = {"group": "", "version": "", "resource": ""}

REVIEW_CASES: tuple[ReviewCase, ...] = (
    _plain("namespaced object", manifest(namespace="shop"), POD, name="a", namespace="shop"),
    _plain("object without namespace", manifest(), POD, name="a"),
    _plain(
        "the Namespace serves the match, policies see none of it",
        manifest(namespace="shop"),
        POD,
        manifest("Namespace", "shop", labels={"env": "prod"}),
        name="a",
        namespace="shop",
    ),
    _plain(
        "object without name", {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}}, POD
    ),
    _plain(
        "group and version", manifest("Deployment", group="apps/v1"), ("apps", "v1", "Deployment"), name="a"
    ),
    _plain("Namespace", manifest("Namespace", "shop"), ("", "v1", "Namespace"), name="shop"),
    _plain(
        "nulls, booleans and empties stay",
        {**manifest(), "spec": {"a": None, "b": [], "c": {}, "d": False, "e": "", "f": [None, True]}},
        POD,
        name="a",
    ),
    _numbers("plain", 999999, "999999"),
    _numbers("million", 1000000, "1e+06"),
    _numbers("negative", -1234567, "-1.234567e+06"),
    _numbers("many digits", 99999999, "9.9999999e+07"),
    _numbers("beyond float64", 9007199254740993, "9.007199254740992e+15"),
    _numbers("fraction", 0.25, "0.25"),
    _numbers("small", 0.0001, "0.0001"),
    _numbers("smaller", 0.00001, "1e-05"),
    _numbers("whole float", 2.0, "2"),
    _numbers("long fraction", 123456.789, "123456.789"),
    _numbers("large float", 1234567.5, "1.2345675e+06"),
    _numbers("in a list in an object", [{"m": [1, 2000000]}], '[{"m":[1,2e+06]}]'),
    _request(
        "with everything",
        {
            "uid": "u1",
            "kind": _POD_KIND,
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "subResource": "status",
            "requestKind": _POD_KIND,
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "requestSubResource": "status",
            "name": "a",
            "namespace": "shop",
            "operation": "UPDATE",
            "userInfo": {"username": "ann", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]}},
            "object": _INNER,
            "oldObject": _INNER,
            "dryRun": True,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "UpdateOptions"},
        },
        {
            "dryRun": True,
            "kind": _POD_KIND,
            "name": "a",
            "namespace": "shop",
            "namespaceObject": {},
            "object": _INNER,
            "oldObject": _INNER,
            "operation": "UPDATE",
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "UpdateOptions"},
            "requestKind": _POD_KIND,
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "requestSubResource": "status",
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "subResource": "status",
            "uid": "u1",
            "userInfo": {"username": "ann", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]}},
        },
    ),
    _request(
        "with an object alone",
        {"object": _INNER},
        {**_review(("", "", ""), _INNER)},
    ),
    _request(
        "without dry run",
        {"object": _INNER, "dryRun": False, "operation": "CREATE", "kind": _POD_KIND},
        {**_review(POD, _INNER), "operation": "CREATE", "dryRun": False},
    ),
    _request(
        "to delete: the object is the old one",
        {"oldObject": _INNER, "operation": "DELETE", "kind": _POD_KIND},
        {**_review(POD, _INNER), "operation": "DELETE", "oldObject": _INNER},
    ),
    _request(
        "to delete: an object beside the old one is replaced",
        {"object": manifest(name="b"), "oldObject": _INNER, "operation": "DELETE", "kind": _POD_KIND},
        {**_review(POD, _INNER), "operation": "DELETE", "oldObject": _INNER},
    ),
    _request(
        "with an old object alone, to update",
        {"oldObject": _INNER, "operation": "UPDATE"},
        {**_review(("", "", ""), None), "operation": "UPDATE", "oldObject": _INNER},
    ),
    _request(
        "with empty names, groups and extra",
        {
            "object": _INNER,
            "name": "",
            "namespace": "",
            "userInfo": {"groups": [], "extra": {}, "username": ""},
        },
        {**_review(("", "", ""), _INNER)},
    ),
)

# AdmissionReviews that are refused, with a part of what is said.
REFUSED_REVIEWS: tuple[tuple[str, Json, str], ...] = (
    (
        "no request",
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"},
        "missing an AdmissionRequest",
    ),
    ("unknown field of the request", admission(object=_INNER, colour="red"), "unknown field"),
    ("unknown field of the review", {**admission(object=_INNER), "colour": "red"}, "unknown field"),
    ("unknown field of the user", admission(object=_INNER, userInfo={"colour": "red"}), "unknown field"),
    ("unknown field of the kind", admission(object=_INNER, kind={"colour": "red"}), "unknown field"),
    ("no object", admission(operation="CREATE"), "no object or oldObject"),
    ("null objects", admission(object=None, oldObject=None), "no object or oldObject"),
    ("object without kind", admission(object={"metadata": {}}), "no kind"),
    (
        "delete without the old object",
        admission(object=_INNER, operation="DELETE"),
        "oldObject cannot be nil",
    ),
    ("number for a name", admission(object=_INNER, name=3), "must be a string"),
)
