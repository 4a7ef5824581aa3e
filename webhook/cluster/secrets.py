"""Keeps the certificates in one Secret of the cluster, for every replica.

It comes, empty, with the manifests, so that only it may be read and written. A write carries the resourceVersion that was
read, and the API server refuses one that comes too late: no replica has to lead.
"""

import base64
import binascii
from typing import Final

from kubernetes import client
from lockgate.webhook.certificates.state import CertificateState, parse_state, render_state
from lockgate.webhook.certificates.tending import Kept
from lockgate.webhook.cluster.calls import ClusterError, Json, call, refused, segment

KEY: Final = "state.json"


class SecretStore:
    """The state in a Secret that exists."""

    def __init__(self, api: client.ApiClient, namespace: str, name: str) -> None:
        self._api: Final = api
        self._shown: Final = f"Secret {namespace}/{name}"
        self._path: Final = f"/api/v1/namespaces/{segment(namespace)}/secrets/{segment(name)}"
        self._missing: Final = f"kubectl -n {namespace} create secret generic {name}"

    def load(self) -> Kept:
        """What is kept; nothing in an empty Secret. Raises ClusterError, or UsageError for something else."""
        value = self._read()
        mark = value["metadata"]["resourceVersion"]
        data = (value.get("data") or {}).get(KEY)
        if data is None:
            return Kept(CertificateState(), mark)
        try:
            decoded = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError, TypeError):
            decoded = b""
        return Kept(parse_state(decoded, self._shown), mark)

    def replace(self, before: Kept, state: CertificateState) -> bool:
        """Keeps another state in place of `before`; False when the Secret has changed. Raises ClusterError."""
        value = self._read()
        if value["metadata"]["resourceVersion"] != before.mark:
            return False
        value["data"] = {**(value.get("data") or {}), KEY: base64.b64encode(render_state(state)).decode()}
        answer = call(self._api, "PUT", self._path, value)
        if answer.status == 409:
            return False
        if answer.status != 200:
            raise refused(answer, f"cannot write {self._shown}")
        return True

    def _read(self) -> Json:
        answer = call(self._api, "GET", self._path)
        if answer.status == 404:
            raise ClusterError(
                f"{self._shown} is not there", hint=f"it comes with the manifests; or: {self._missing}"
            )
        if answer.status != 200:
            raise refused(answer, f"cannot read {self._shown}")
        return answer.value
