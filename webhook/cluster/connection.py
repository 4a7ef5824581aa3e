"""A connection to an API server: of the cluster that this runs in, or of a context of the kubeconfig."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from urllib3 import BaseHTTPResponse
from urllib3.util import Timeout

# An API server that does not take a connection in this time is another one's to answer for.
_CONNECT_S: Final = 10.0
_CONNECTIONS: Final = 256


@record
class Sent:
    """The body of a request."""

    data: bytes
    content_type: str = "application/json"


def open_client(context: str = "", kubeconfig: str = "") -> client.ApiClient:
    """A client; "" is the cluster around, else the current context. Raises UsageError where there is no access.

    kubeconfig: a file in place of KUBECONFIG's.
    """
    configuration = client.Configuration()
    configuration.retries = False
    # Each watch has one of its own; beyond these, connections are closed after their answer, with a warning.
    configuration.connection_pool_maxsize = _CONNECTIONS
    loading: Any = config
    try:
        if not context and not kubeconfig and "KUBERNETES_SERVICE_HOST" in os.environ:
            loading.load_incluster_config(client_configuration=configuration)
        else:
            # The library reads KUBECONFIG when it is imported.
            loading.load_kube_config(
                kubeconfig or os.environ.get("KUBECONFIG"),
                context or None,
                client_configuration=configuration,
            )
    except (ConfigException, OSError) as error:
        raise UsageError(
            f"there is no access to a cluster: {printable_reason(str(error))}",
            hint="set KUBECONFIG, or run in a pod",
        ) from None
    return client.ApiClient(configuration)


def get(api: client.ApiClient, path: str, query: Mapping[str, str], seconds: float) -> tuple[int, str, bytes]:
    """Status, reason and bytes of the answer to a GET. Raises what urllib3 raises.

    The client's own ways to ask for a path differ from version to version; its pool of connections, which has its
    certificates, does not.
    """
    answer = request(api, "GET", path, query, seconds)
    return answer.status, answer.reason or "", answer.data


def send(
    api: client.ApiClient, method: str, path: str, query: Mapping[str, str], body: Sent, seconds: float
) -> tuple[int, str, bytes]:
    """As `get`, of another method."""
    answer = request(api, method, path, query, seconds, body=body)
    return answer.status, answer.reason or "", answer.data


@contextmanager
def streaming(
    api: client.ApiClient, path: str, query: Mapping[str, str], seconds: float
) -> Iterator[BaseHTTPResponse]:
    """The answer to a GET, whose body is read as it comes; each read takes so many seconds at most."""
    answer = request(api, "GET", path, query, seconds, preload_content=False)
    try:
        yield answer
    finally:
        # What has not been read stays in the connection.
        answer.close()
        answer.release_conn()


def request(
    api: client.ApiClient,
    method: str,
    path: str,
    query: Mapping[str, str],
    seconds: float,
    *,
    body: Sent | None = None,
    preload_content: bool = True,
) -> Any:
    """The answer of urllib3, whose headers are there too. Raises what urllib3 raises."""
    asking: Any = api
    headers = {"Accept": "application/json"}
    # Asked for each time: tokens of service accounts change, and the client reads their file anew.
    for setting in asking.configuration.auth_settings().values():
        if setting.get("in") == "header":
            headers[setting["key"]] = setting["value"]
    if body is not None:
        headers["Content-Type"] = body.content_type
    url = f"{asking.configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
    pool: Any = asking.rest_client.pool_manager
    return pool.request(
        method,
        url,
        headers=headers,
        body=None if body is None else body.data,
        timeout=Timeout(connect=min(seconds, _CONNECT_S), read=seconds),
        retries=False,
        redirect=False,
        preload_content=preload_content,
    )


def printable_reason(text: str) -> str:
    """The start of what somebody else says, on one line."""
    return "".join([one if one.isprintable() else " " for one in text[:200]]).strip()


def failure_reason(error: Exception) -> str:
    """Why a connection failed."""
    return printable_reason(str(getattr(error, "reason", "") or error)) or type(error).__name__
