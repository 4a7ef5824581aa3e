"""Who of several replicas writes: a Lease of coordination.k8s.io, as client-go's leader election uses it.

Clocks of replicas are not compared: who does not hold the Lease takes it over when it has not seen it renewed for its
whole duration by its own clock. Who holds it, and has not been able to renew it for two thirds of that, stops before.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol, final
from urllib.parse import quote

from kubernetes.client import ApiClient
from lockgate.engine.record import record
from lockgate.webhook.cluster.connection import Sent, get, send
from urllib3.exceptions import HTTPError

Json = dict[str, Any]

DURATION_S: Final = 15
_RENEW_S: Final = 4.0
_GIVE_UP_S: Final = 10.0
_ASK_S: Final = 2.0
_TIMEOUT_S: Final = 4.0


class LeaseError(Exception):
    """The Lease cannot be read or written at present."""


class LeaseStore(Protocol):
    """Keeps one Lease. Raises LeaseError."""

    def load(self) -> Json | None:
        """The Lease; None when there is none."""
        ...

    def create(self, lease: Json) -> bool:
        """Makes it; False when somebody else has by now."""
        ...

    def replace(self, lease: Json) -> bool:
        """Replaces it; False when it has changed since it was loaded."""
        ...


@record
class _Seen:
    """The Lease as it was when it last changed, and when that was seen."""

    holder: str
    renewed: str
    at_s: float


@final
class Leadership:
    """Whether this replica is the one that writes. identity: unlike that of any other. clock: seconds, never backwards."""

    def __init__(self, store: LeaseStore, identity: str, clock: Callable[[], float]) -> None:
        self._store: Final = store
        self._identity: Final = identity
        self._clock: Final = clock
        self._renewed_s: float | None = None
        self._asked_s: float | None = None
        self._seen: _Seen | None = None

    def is_leader(self) -> bool:
        """Is it, now? Asks and renews when it is time to."""
        now = self._clock()
        wait = _ASK_S if self._renewed_s is None else _RENEW_S
        if self._asked_s is None or now - self._asked_s >= wait:
            self._asked_s = now
            try:
                self._renewed_s = now if self._take() else None
            except LeaseError:
                # It is held as long as nobody else can have taken it.
                pass
        if self._renewed_s is not None and self._clock() - self._renewed_s > _GIVE_UP_S:
            self._renewed_s = None
        return self._renewed_s is not None

    def release(self) -> None:
        """Lets another one have it at once."""
        if self._renewed_s is None:
            return
        self._renewed_s = None
        try:
            lease = self._store.load()
            if lease is not None and _spec(lease).get("holderIdentity") == self._identity:
                self._store.replace({**lease, "spec": {**_spec(lease), "holderIdentity": ""}})
        except LeaseError:
            return

    def _take(self) -> bool:
        """Renews the Lease, or takes it where nobody holds it."""
        lease = self._store.load()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        held: Json = {"holderIdentity": self._identity, "leaseDurationSeconds": DURATION_S, "renewTime": now}
        if lease is None:
            return self._store.create({"spec": {**held, "acquireTime": now, "leaseTransitions": 0}})
        spec = _spec(lease)
        holder, renewed = str(spec.get("holderIdentity") or ""), str(spec.get("renewTime") or "")
        if holder == self._identity:
            return self._store.replace({**lease, "spec": {**spec, **held}})
        seen = self._seen
        if seen is None or (seen.holder, seen.renewed) != (holder, renewed):
            seen = self._seen = _Seen(holder, renewed, self._clock())
        duration = spec.get("leaseDurationSeconds")
        longest = max(DURATION_S, duration) if type(duration) is int else DURATION_S
        if holder and self._clock() - seen.at_s <= longest:
            return False
        transitions = spec.get("leaseTransitions")
        count = transitions + 1 if type(transitions) is int else 1
        taken = {**spec, **held, "acquireTime": now, "leaseTransitions": count}
        return self._store.replace({**lease, "spec": taken})


@final
class ClusterLease:
    """One Lease of a cluster."""

    def __init__(self, api: ApiClient, namespace: str, name: str) -> None:
        self._api: Final = api
        self._name: Final = name
        self._all: Final = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, '')}/leases"
        self._one: Final = f"{self._all}/{quote(name, '')}"

    def load(self) -> Json | None:
        """The Lease; None when there is none."""
        status, data = self._ask("GET", self._one, None)
        if status == 404:
            return None
        if status != 200:
            raise LeaseError(f"the API server answered {status}")
        try:
            found = json.loads(data)
        except ValueError:
            raise LeaseError("the API server's answer is no JSON") from None
        if not isinstance(found, dict):
            raise LeaseError("the API server's answer is no object")
        return found

    def create(self, lease: Json) -> bool:
        """Makes it; False when somebody else has by now."""
        named = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": self._name}}
        return self._is_done(*self._ask("POST", self._all, {**named, **lease}))

    def replace(self, lease: Json) -> bool:
        """Replaces it; False when it has changed since it was loaded."""
        return self._is_done(*self._ask("PUT", self._one, lease))

    def _is_done(self, status: int, data: bytes) -> bool:
        if status == 409:
            return False
        if status not in (200, 201):
            raise LeaseError(f"the API server answered {status}")
        return True

    def _ask(self, method: str, path: str, body: Json | None) -> tuple[int, bytes]:
        try:
            if body is None:
                status, _, data = get(self._api, path, {}, _TIMEOUT_S)
            else:
                sent = Sent(json.dumps(body).encode())
                status, _, data = send(self._api, method, path, {}, sent, _TIMEOUT_S)
        except (HTTPError, OSError, ValueError) as error:
            raise LeaseError(str(error)) from None
        return status, data


def _spec(lease: Json) -> Json:
    spec = lease.get("spec")
    return spec if isinstance(spec, dict) else {}
