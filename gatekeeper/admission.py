"""AdmissionReviews: the wire form of a request, decoded strictly and written back as Go writes it.

After k8s.io/api/admission/v1 types.go: unknown fields are an error; empty optional fields are left out.
"""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import InputError
from lockgate.engine.kinds import split_api_version

GROUP: Final = "admission.k8s.io"
KIND: Final = "AdmissionReview"

Object = dict[str, Value]

KIND_FIELDS: Final = ("group", "version", "kind")
RESOURCE_FIELDS: Final = ("group", "version", "resource")
# Whatever is in them is an object's own.
EMBEDDED: Final = ("object", "oldObject", "options")
REQUEST_FIELDS: Final = frozenset(
    {
        "uid",
        "kind",
        "resource",
        "subResource",
        "requestKind",
        "requestResource",
        "requestSubResource",
        "name",
        "namespace",
        "operation",
        "userInfo",
        "dryRun",
        *EMBEDDED,
    }
)
USER_FIELDS: Final = ("username", "uid", "groups", "extra")
PARTS: Final = {
    "kind": KIND_FIELDS,
    "requestKind": KIND_FIELDS,
    "resource": RESOURCE_FIELDS,
    "requestResource": RESOURCE_FIELDS,
    "userInfo": USER_FIELDS,
}


def is_admission_review(value: Mapping[str, Value]) -> bool:
    """Is the object an AdmissionReview, of any version?"""
    return value.get("kind") == KIND and split_api_version(value.get("apiVersion"))[0] == GROUP


def parse_admission_review(value: Mapping[str, Value]) -> Object:
    """The AdmissionRequest of an AdmissionReview with exactly the fields that Gatekeeper's policies see.

    Raises InputError for unknown fields, wrong types, and a request without an object to judge.
    """
    for name in value:
        if name not in ("apiVersion", "kind", "metadata", "request", "response"):
            raise InputError(f"not a valid AdmissionReview object: unknown field {name!r}")
    request = value.get("request")
    if request is None:
        raise InputError("missing an AdmissionRequest object: the AdmissionReview has no request")
    if not isinstance(request, dict):
        raise InputError("not a valid AdmissionReview object: request must be an object")
    for name in request:
        if name not in REQUEST_FIELDS:
            raise InputError(f'not a valid AdmissionReview object: unknown field "request.{name}"')
    for name, fields in PARTS.items():
        part = request.get(name)
        if isinstance(part, dict):
            for key in part:
                if key not in fields:
                    raise InputError(
                        f'not a valid AdmissionReview object: unknown field "request.{name}.{key}"'
                    )
    return parse_admission_request(request)


def parse_admission_request(request: Mapping[str, Value]) -> Object:
    """The AdmissionRequest with exactly the fields that Gatekeeper's policies see; others are left out.

    Raises InputError for wrong types, and a request without an object to judge.
    """
    result: Object = {
        "uid": _text(request, "uid"),
        "kind": _triple(request, "kind", KIND_FIELDS),
        "resource": _triple(request, "resource", RESOURCE_FIELDS),
        "operation": _text(request, "operation"),
        "userInfo": _user(request),
    }
    for name in ("subResource", "requestSubResource", "name", "namespace"):
        text = _text(request, name)
        if text:
            result[name] = text
    for name, fields in (("requestKind", KIND_FIELDS), ("requestResource", RESOURCE_FIELDS)):
        if request.get(name) is not None:
            result[name] = _triple(request, name, fields)
    dry_run = request.get("dryRun")
    if dry_run is not None:
        if not isinstance(dry_run, bool):
            raise InputError("not a valid AdmissionReview object: request.dryRun must be true or false")
        result["dryRun"] = dry_run
    for name in EMBEDDED:
        result[name] = _embedded(request, name)
    if result["object"] is None and result["oldObject"] is None:
        raise InputError(
            'no object or oldObject found to review: AdmissionRequest does not contain an "object" or "oldObject"'
        )
    return result


def _text(value: Mapping[str, Value], name: str) -> str:
    found = value.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise InputError(f"not a valid AdmissionReview object: {name} must be a string")
    return found


def _triple(request: Mapping[str, Value], name: str, fields: tuple[str, str, str]) -> Object:
    found = request.get(name)
    if found is None:
        found = {}
    if not isinstance(found, dict):
        raise InputError(f"not a valid AdmissionReview object: request.{name} must be an object")
    first, second, third = fields
    made: Object = {first: found.get(first), second: found.get(second), third: found.get(third)}
    if not type(made[first]) is type(made[second]) is type(made[third]) is str:
        return {key: _text(found, key) for key in fields}
    return made


def _user(request: Mapping[str, Value]) -> Object:
    found = request.get("userInfo")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError("not a valid AdmissionReview object: request.userInfo must be an object")
    user: Object = {}
    for name in ("username", "uid"):
        text = _text(found, name)
        if text:
            user[name] = text
    groups = found.get("groups")
    if isinstance(groups, list) and all(isinstance(group, str) for group in groups):
        if groups:
            user["groups"] = groups
    elif groups is not None:
        raise InputError("not a valid AdmissionReview object: request.userInfo.groups must be strings")
    extra = found.get("extra")
    if isinstance(extra, dict):
        for values in extra.values():
            if values is not None and not (
                isinstance(values, list) and all(isinstance(v, str) for v in values)
            ):
                raise InputError(
                    "not a valid AdmissionReview object: request.userInfo.extra must be lists of strings"
                )
        if extra:
            user["extra"] = extra
    elif extra is not None:
        raise InputError("not a valid AdmissionReview object: request.userInfo.extra must be an object")
    return user


def _embedded(request: Mapping[str, Value], name: str) -> Value:
    found = request.get(name)
    if found is None:
        return None
    if not isinstance(found, dict):
        raise InputError(f"object or oldObject cannot be unmarshalled: request.{name} must be an object")
    if name != "options" and not (isinstance(found.get("kind"), str) and found["kind"]):
        raise InputError(f"object or oldObject cannot be unmarshalled: request.{name} has no kind")
    return found
