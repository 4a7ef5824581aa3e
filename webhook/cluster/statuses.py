"""The status of objects that decide: in force or not, and what is wrong, where `kubectl get` and `describe` show it.

Shaped like Gatekeeper's `byPod`, with an entry of Lockgate's own, so that those who know one can read the other. It is
written by server-side apply under a field manager of its own, and only where it differs.
"""

from collections.abc import Mapping
from typing import Final, final
from urllib.parse import quote

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.json_values import JsonError, read_value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.webhook.cluster.connection import Sent, failure_reason, send
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_kinds import is_constraint_kind, is_template_kind
from lockgate.webhook.serving.unsent_kinds import Unsent, unsent_of
from urllib3.exceptions import HTTPError

Json = dict[str, Value]

MANAGER: Final = "lockgate-status"
ID: Final = "lockgate"
_OPERATIONS: Final[list[Value]] = ["webhook"]
_TIMEOUT_S: Final = 5.0
# Written in one go, so that a thousand changes are no flood.
MOST_AT_ONCE: Final = 20


@record
class Standing:
    """An object as the API server has it, whether it is in force, and what is wrong with it."""

    data: bytes
    created: bool
    problems: tuple[LiveProblem, ...]


def wanted_status(key: ObjectKey, value: Json, standing: Standing) -> Json:
    """What the status of the object has to say."""
    metadata = value.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    entry: Json = {"id": ID, "operations": _OPERATIONS, "observedGeneration": about.get("generation") or 0}
    if is_template_kind(key.kind):
        entry["templateUID"] = about.get("uid")
    elif is_constraint_kind(key.kind):
        entry["constraintUID"] = about.get("uid")
        entry["enforced"] = standing.created
        notices = _unsent(value).notices()
        if notices:
            entry["notices"] = list(notices)
    if standing.problems:
        entry["errors"] = [_error(problem) for problem in standing.problems]
    status: Json = {"byPod": [entry]}
    if not is_constraint_kind(key.kind):
        status["created"] = standing.created
    return status


def _unsent(constraint: Json) -> Unsent:
    spec = constraint.get("spec")
    return unsent_of(spec.get("match") if isinstance(spec, dict) else None)


def _error(problem: LiveProblem) -> Json:
    code, colon, _ = problem.message.partition(":")
    hint = f" ({problem.hint})" if problem.hint else ""
    return {
        "code": code if colon and code.startswith("rego_") else "ingest_error",
        "message": f"{problem.message}{hint}",
        "location": problem.location,
    }


def is_told(value: Json, wanted: Json) -> bool:
    """Does the object's status say so already?"""
    status = value.get("status")
    return isinstance(status, dict) and all(status.get(name) == item for name, item in wanted.items())


@final
class StatusWriter:
    """Writes what differs, and remembers of which objects it has looked at what they are now."""

    def __init__(self, api: ApiClient) -> None:
        self._api: Final = api
        self._seen: Final[dict[ObjectKey, tuple[bytes, bool, tuple[LiveProblem, ...]]]] = {}

    def write(
        self,
        standings: Mapping[ObjectKey, Standing],
        resources: Mapping[GroupVersionKind, Resource],
    ) -> tuple[int, Mapping[ObjectKey, str]]:
        """Writes some of what differs: how many objects are left, and what could not be written.

        resources: by kind, where objects are; those of other kinds are left alone.
        """
        failures: dict[ObjectKey, str] = {}
        for key in [key for key in self._seen if key not in standings]:
            del self._seen[key]
        due = [key for key, one in standings.items() if self._seen.get(key) != _mark(one)]
        written = 0
        for place, key in enumerate(due):
            if written == MOST_AT_ONCE:
                return len(due) - place, failures
            standing, resource = standings[key], resources.get(key.kind)
            if resource is None:
                continue
            value = _read(standing.data)
            if value is not None:
                wanted = wanted_status(key, value, standing)
                if not is_told(value, wanted):
                    written += 1
                    failure = self._apply(key, resource, wanted)
                    if failure:
                        failures[key] = failure
                        continue
            self._seen[key] = _mark(standing)
        return 0, failures

    def _apply(self, key: ObjectKey, resource: Resource, status: Json) -> str:
        """Writes one; gives what went wrong."""
        metadata: Json = {"name": key.name}
        path = resource.path
        if resource.is_namespaced:
            metadata["namespace"] = key.namespace
            before, _, plural = path.rpartition("/")
            path = f"{before}/namespaces/{quote(key.namespace, '')}/{plural}"
        body: Json = {
            "apiVersion": key.kind.api_version,
            "kind": key.kind.kind,
            "metadata": metadata,
            "status": status,
        }
        sent = Sent(render_json(body).encode("utf-8", "surrogatepass"), "application/apply-patch+yaml")
        query = {"fieldManager": MANAGER, "force": "true"}
        try:
            code, _, _ = send(
                self._api, "PATCH", f"{path}/{quote(key.name, '')}/status", query, sent, _TIMEOUT_S
            )
        except (HTTPError, OSError, ValueError) as error:
            return failure_reason(error)
        # Gone by now, or of a definition without a status.
        return "" if code < 300 or code == 404 else f"the API server answered {code}"


def _mark(standing: Standing) -> tuple[bytes, bool, tuple[LiveProblem, ...]]:
    return standing.data, standing.created, standing.problems


def _read(data: bytes) -> Json | None:
    try:
        value = read_value(data.decode(), 0)[0]
    except (JsonError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None
