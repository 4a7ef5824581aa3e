"""Calls of the API server with objects as JSON, as it sends them: no field is lost that a client library does not know."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from kubernetes import client
from lockgate.engine.errors import LockgateError
from lockgate.engine.record import record
from lockgate.webhook.cluster.connection import Sent, failure_reason, printable_reason, request
from urllib3.exceptions import HTTPError

# Seconds for one call; the API server answers in milliseconds.
TIMEOUT_S: Final = 10.0
# A webhook configuration or a Secret has at most 1.5 MiB in etcd.
MAX_ANSWER: Final = 64 * 1024 * 1024
MANAGER: Final = "lockgate"
_SHOWN_TEXT: Final = 2_000

Json = dict[str, Any]


class ClusterError(LockgateError):
    """The API server does not answer, or not as it should."""


@record
class ClusterAnswer:
    """Status and JSON of an answer; message: what the API server says of a failure."""

    status: int
    value: Json
    message: str
    date: str


def call(
    api: client.ApiClient,
    method: str,
    path: str,
    body: Json | None = None,
    query: Mapping[str, str] | None = None,
) -> ClusterAnswer:
    """The answer, whatever its status. Raises ClusterError where there is none, or it is no JSON object."""
    return _answer(_request(api, method, path, body, dict(query or {})), path)


def ask_text(api: client.ApiClient, path: str) -> tuple[int, str]:
    """Status and the start of the text of a GET, such as of something behind the API server's proxy.

    A failure of the API server's own is told by its message. Raises ClusterError.
    """
    answer = _request(api, "GET", path, None, {})
    text = bytes(answer.data)[:_SHOWN_TEXT].decode("utf-8", "replace")
    try:
        value = json.loads(answer.data)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and value.get("kind") == "Status" and isinstance(value.get("message"), str):
        text = value["message"]
    return int(answer.status), printable_reason(text)


def _request(api: client.ApiClient, method: str, path: str, body: Json | None, given: dict[str, str]) -> Any:
    if method in ("POST", "PUT"):
        given["fieldManager"] = MANAGER
    sent = None if body is None else Sent(json.dumps(body).encode())
    try:
        return request(api, method, path, given, TIMEOUT_S, body=sent)
    except (HTTPError, OSError, ValueError) as error:
        asking: Any = api
        raise ClusterError(
            f"the API server at {asking.configuration.host} does not answer: {failure_reason(error)}",
            hint="is the address of the kubeconfig right, and is there a way to it?",
        ) from None


def _answer(answer: Any, path: str) -> ClusterAnswer:
    date = answer.headers.get("Date") or ""
    status: int = answer.status
    try:
        if len(answer.data) > MAX_ANSWER:
            raise ValueError
        value = json.loads(answer.data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        if status >= 400:
            return ClusterAnswer(status, {}, printable_reason(answer.reason or ""), date)
        raise ClusterError(f"the API server answered {path} with something that is no JSON object")
    said = value.get("message")
    message = printable_reason(said if isinstance(said, str) and status >= 400 else answer.reason or "")
    return ClusterAnswer(status, value, message, date)


def refused(answer: ClusterAnswer, what: str) -> ClusterError:
    """The error of an answer that says no."""
    hint = ""
    if answer.status == 401:
        hint = "the credentials are not known to this cluster, or have expired"
    elif answer.status == 403:
        hint = "apply what `lockgate install` prints; `lockgate doctor` tells which right is missing"
    return ClusterError(f"{what}: the API server answered {answer.status} ({answer.message})", hint=hint)


def segment(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")
