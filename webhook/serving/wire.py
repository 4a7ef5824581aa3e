"""AdmissionReviews as they come over the wire, read as an API server's other side reads them.

Go's decoders (sigs.k8s.io/json) ignore unknown fields, take the last of two equal keys, let null stand for what is
absent, and tell upper from lower case. What has another type than the field is an error, and so is anything behind the
review.
"""

from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.json_values import JsonError, read_value, skip_space
from lockgate.engine.errors import InputError, LockgateError
from lockgate.engine.record import light_record
from lockgate.gatekeeper.admission import (
    GROUP,
    KIND,
    KIND_FIELDS,
    REQUEST_FIELDS,
    RESOURCE_FIELDS,
    USER_FIELDS,
    parse_admission_review,
)

Object = dict[str, Value]

API_VERSIONS: Final = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
# The API server's are UUIDs.
MAX_UID: Final = 256
_PARTS: Final = {
    "kind": KIND_FIELDS,
    "requestKind": KIND_FIELDS,
    "resource": RESOURCE_FIELDS,
    "requestResource": RESOURCE_FIELDS,
    "userInfo": tuple(USER_FIELDS),
}


class WireError(LockgateError):
    """A body that is no AdmissionReview. uid, api_version: what can be answered, where the review says so much."""

    def __init__(self, message: str, uid: str = "", api_version: str = "") -> None:
        super().__init__(message)
        self.uid = uid
        self.api_version = api_version


@light_record
class AdmissionCall:
    """A review that is to be answered. request: as `parse_admission_review` gives it; digest: SHA-256 of the body."""

    api_version: str
    uid: str
    request: Object
    digest: str = ""

    @property
    def operation(self) -> str:
        """CREATE, UPDATE, DELETE or CONNECT."""
        return _text(self.request, "operation")

    @property
    def namespace(self) -> str:
        """The namespace that the request falls in; a Namespace falls in itself."""
        named = _text(self.request, "namespace")
        if not named and self.kind == ("", "v1", "Namespace"):
            named = _text(self.request, "name")
        return named

    @property
    def name(self) -> str:
        """The object's name; empty where the API server makes one."""
        return _text(self.request, "name")

    @property
    def kind(self) -> tuple[str, str, str]:
        """Group, version and kind of what is judged."""
        found = self.request.get("kind")
        kind = found if isinstance(found, dict) else {}
        return _text(kind, "group"), _text(kind, "version"), _text(kind, "kind")

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing may come of it, not even a record."""
        return self.request.get("dryRun") is True


def parse_call(body: bytes) -> AdmissionCall:
    """The review in a request's body. Raises WireError."""
    # Go's decoder puts U+FFFD for what is no UTF-8.
    text = body.decode("utf-8", "replace")
    try:
        value, end, _ = read_value(text, skip_space(text, 0))
    except JsonError as error:
        raise WireError(f"not a valid AdmissionReview: {error.message} (at {error.index})") from None
    if skip_space(text, end) != len(text):
        raise WireError(f"not a valid AdmissionReview: there is more behind the object (at {end})")
    if not isinstance(value, dict):
        raise WireError("not a valid AdmissionReview: it is no object")
    api_version = value.get("apiVersion")
    if value.get("kind") != KIND or api_version not in API_VERSIONS:
        raise WireError(f"not an AdmissionReview of {' or '.join(API_VERSIONS)}")
    assert isinstance(api_version, str)
    request = value.get("request")
    if not isinstance(request, dict):
        raise WireError("not a valid AdmissionReview: it has no request")
    uid = request.get("uid")
    if not isinstance(uid, str) or not 0 < len(uid) <= MAX_UID:
        raise WireError("not a valid AdmissionReview: request.uid is no text that can be answered")
    try:
        known = parse_admission_review({"request": _known(request)})
    except InputError as error:
        raise WireError(error.message, uid, api_version) from None
    return AdmissionCall(api_version, uid, known, sha256(body).hexdigest())


def _known(request: Object) -> Object:
    """The request without the fields that nobody knows."""
    made: Object = {}
    for name, value in request.items():
        if name in REQUEST_FIELDS:
            fields = _PARTS.get(name)
            if fields is not None and isinstance(value, dict):
                value = {inner: value[inner] for inner in fields if inner in value}
            made[name] = value
    return made


def _text(value: Object, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
