"""A ConfigMap as an anchor: it keeps the log's latest signed checkpoint in the cluster, outside of the log's database.

The ConfigMap is made once, by a person, and Lockgate may only read and patch that one (`docs/trail-anchors.md` has the
manifest): one that is gone is not made again as if nothing had been seen. Writes carry the resourceVersion that was
read, so that the API server refuses those that come too late.
"""

from collections.abc import Sequence
from typing import Any, Final

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from lockgate.audit.anchors.note_anchor import MAX_KEPT, Kept, NoteAnchor
from lockgate.audit.note import VerifierKey
from lockgate.audit.witness.errors import RefusedError, UnreachableError
from lockgate.engine.errors import UsageError
from lockgate.webhook.cluster.connection import failure_reason, open_client, printable_reason
from urllib3.exceptions import HTTPError

KEY: Final = "checkpoint"
# Seconds for one call; the API server answers in milliseconds.
TIMEOUT_S: Final = 5.0


class ConfigMapMemory:
    """Keeps a note under `checkpoint` in one ConfigMap."""

    def __init__(self, api: client.CoreV1Api, namespace: str, name: str) -> None:
        self._api: Final[Any] = api
        self._namespace: Final = namespace
        self._name: Final = name

    @property
    def _shown(self) -> str:
        return f"ConfigMap {self._namespace}/{self._name}"

    def load(self) -> Kept:
        """What the ConfigMap keeps. Raises UnreachableError or RefusedError."""
        try:
            found = self._api.read_namespaced_config_map(
                self._name, self._namespace, _request_timeout=TIMEOUT_S
            )
        except ApiException as error:
            raise self._failure(error) from None
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableError(f"{self._shown}: {failure_reason(error)}") from None
        note = (found.data or {}).get(KEY)
        if note is None:
            return Kept(None, found.metadata.resource_version)
        data = note.encode("utf-8", "surrogatepass")
        if len(data) > MAX_KEPT:
            raise RefusedError(f"{self._shown} keeps more than any checkpoint has ({MAX_KEPT} bytes)")
        return Kept(data, found.metadata.resource_version)

    def replace(self, before: Kept, note: bytes) -> bool:
        """Patches the ConfigMap as it was read; False when it has changed since."""
        # With a resourceVersion in it, a patch is refused when the object has another by now.
        body = {"metadata": {"resourceVersion": before.mark}, "data": {KEY: note.decode()}}
        try:
            self._api.patch_namespaced_config_map(
                self._name, self._namespace, body, _request_timeout=TIMEOUT_S
            )
        except ApiException as error:
            if error.status == 409:
                return False
            raise self._failure(error) from None
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableError(f"{self._shown}: {failure_reason(error)}") from None
        return True

    def close(self) -> None:
        """Closes the client's connections."""
        self._api.api_client.close()

    def _failure(self, error: ApiException) -> Exception:
        status = error.status or 0
        message = f"{self._shown}: the API server answered {status} ({printable_reason(error.reason or '')})"
        if status == 404:
            return RefusedError(
                f"{self._shown} is not there",
                hint="it is made by hand, once: docs/trail-anchors.md. If it was there before, find out who removed it",
            )
        if status in (401, 403):
            return RefusedError(message, hint="give the service account `get` and `patch` on this ConfigMap")
        if status == 422:
            return RefusedError(message, hint="is the ConfigMap immutable?")
        return UnreachableError(message)


def open_api(context: str = "") -> client.CoreV1Api:
    """The API of the cluster that this runs in, or of a context of the kubeconfig. Raises RefusedError."""
    try:
        return client.CoreV1Api(open_client(context))
    except UsageError as error:
        raise RefusedError(error.message, hint=error.hint) from None


def configmap_anchor(
    api: client.CoreV1Api,
    namespace: str,
    name: str,
    administrator: str,
    origin: str,
    keys: Sequence[VerifierKey],
) -> NoteAnchor:
    """The anchor in a ConfigMap that exists."""
    memory = ConfigMapMemory(api, namespace, name)
    return NoteAnchor(f"ConfigMap {namespace}/{name}", administrator, origin, keys, memory)
