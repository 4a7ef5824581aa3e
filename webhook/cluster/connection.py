"""A connection to an API server: of the cluster that this runs in, or of a context of the kubeconfig."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException
from lockgate.engine.errors import UsageError


def open_client(context: str = "") -> client.ApiClient:
    """A client; "" is the cluster around, else the current context. Raises UsageError where there is no access."""
    configuration = client.Configuration()
    configuration.retries = False
    loading: Any = config
    try:
        if not context and "KUBERNETES_SERVICE_HOST" in os.environ:
            loading.load_incluster_config(client_configuration=configuration)
        else:
            # The library reads KUBECONFIG when it is imported.
            loading.load_kube_config(
                os.environ.get("KUBECONFIG"), context or None, client_configuration=configuration
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
    asking: Any = api
    headers = {"Accept": "application/json"}
    for setting in asking.configuration.auth_settings().values():
        if setting.get("in") == "header":
            headers[setting["key"]] = setting["value"]
    url = f"{asking.configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
    pool: Any = asking.rest_client.pool_manager
    answer = pool.request("GET", url, headers=headers, timeout=seconds, retries=False, redirect=False)
    return answer.status, answer.reason or "", answer.data


def printable_reason(text: str) -> str:
    """The start of what somebody else says, on one line."""
    return "".join([one if one.isprintable() else " " for one in text[:200]]).strip()


def failure_reason(error: Exception) -> str:
    """Why a connection failed."""
    return printable_reason(str(getattr(error, "reason", "") or error)) or type(error).__name__
