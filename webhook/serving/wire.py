"""AdmissionReviews as they come over the wire, read as an API server's other side reads them.

Go's decoders (sigs.k8s.io/json) ignore unknown fields, take the last of two equal keys, let null stand for what is
absent, and tell upper from lower case. What has another type than the field is an error, and so is anything behind the
review.
"""

from hashlib import sha256
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.json_values import JsonError, JsonReader, skip_space
from lockgate.engine.errors import InputError, LockgateError
from lockgate.engine.record import light_record
from lockgate.gatekeeper.admission import GROUP, KIND, parse_admission_request

Object = dict[str, Value]

API_VERSIONS: Final = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
# The API server's are UUIDs.
MAX_UID: Final = 256
_NAMESPACE: Final = ("", "v1", "Namespace")


class WireError(LockgateError):
    """A body that is no AdmissionReview. uid, api_version: what can be answered, where the review says so much."""

    def __init__(self, message: str, uid: str = "", api_version: str = "") -> None:
        super().__init__(message)
        self.uid = uid
        self.api_version = api_version


@light_record
class AdmissionCall:
    """A review that is to be answered. request: as `parse_admission_request` gives it; body: as it came.

    kind: group, version and kind of what is judged. namespace: the one that the request falls in; a Namespace falls in
    itself. name: the object's; empty where the API server makes one. is_dry_run: nothing may come of it, not even a
    record. small_integers_only: every number in it is an integer below a million in size.
    """

    api_version: str
    uid: str
    request: Object
    operation: str
    kind: tuple[str, str, str]
    namespace: str
    name: str
    is_dry_run: bool
    body: bytes
    small_integers_only: bool

    @property
    def digest(self) -> str:
        """SHA-256 of the body."""
        return sha256(self.body).hexdigest()


@final
class CallReader:
    """Reads reviews, one after the other. Not for several threads at a time."""

    __slots__ = ("_json",)

    def __init__(self) -> None:
        self._json: Final = JsonReader()

    def read(self, body: bytes) -> AdmissionCall:
        """The review in a request's body. Raises WireError."""
        reader = self._json
        # Go's decoder puts U+FFFD for what is no UTF-8.
        text = body.decode("utf-8", "replace")
        try:
            value, end = reader.read(text, 0 if text.startswith("{") else skip_space(text, 0))
        except JsonError as error:
            raise WireError(f"not a valid AdmissionReview: {error.message} (at {error.index})") from None
        if end != len(text) and skip_space(text, end) != len(text):
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
            known = parse_admission_request(request)
        except InputError as error:
            raise WireError(error.message, uid, api_version) from None
        return _call(api_version, uid, known, body, reader.small_integers_only)


def _call(
    api_version: str, uid: str, request: Object, body: bytes, small_integers_only: bool
) -> AdmissionCall:
    named = request["kind"]
    assert isinstance(named, dict)
    kind = (_text(named, "group"), _text(named, "version"), _text(named, "kind"))
    namespace, name = _text(request, "namespace"), _text(request, "name")
    if not namespace and kind == _NAMESPACE:
        namespace = name
    return AdmissionCall(
        api_version,
        uid,
        request,
        _text(request, "operation"),
        kind,
        namespace,
        name,
        request.get("dryRun") is True,
        body,
        small_integers_only,
    )


def _text(value: Object, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
