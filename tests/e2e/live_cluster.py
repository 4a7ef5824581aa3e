"""A source and a live gate beside a cluster, as a server's main process has them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from kubernetes import client, config
from lockgate.gatekeeper.target import Cluster as Known
from lockgate.gatekeeper.target import review_document
from lockgate.webhook.cluster.caretaker import Caretaker, in_force
from lockgate.webhook.cluster.discovery import PoliciesFrom
from lockgate.webhook.cluster.leases import ClusterLease, Leadership
from lockgate.webhook.cluster.source import ClusterSource
from lockgate.webhook.serving.live_gate import LiveGate

from tests.e2e.cluster import Cluster
from tests.gatekeeper.workbench import document

SECONDS = 90


@dataclass(frozen=True, slots=True)
class Live:
    """What a main process does: takes changes, applies them, and asks for what policies need then."""

    source: ClusterSource
    gate: LiveGate
    caretaker: Caretaker

    def step(self) -> None:
        batch = self.source.take(0.1)
        if batch is not None:
            self.gate.apply(batch.changes, batch.covered)
            self.source.want(self.gate.needs)
            assert self.gate.state is not None
            self.caretaker.tell(in_force(self.gate.state, self.source.objects, self.source.resources()))

    def until(self, is_done: Callable[[], bool]) -> None:
        """Goes on until something is so."""
        end = time.monotonic() + SECONDS
        while not is_done():
            assert time.monotonic() < end, (
                self.source.lacking(),
                self.gate.problems,
                self.source.kinds(),
                self.caretaker.failures,
            )
            self.step()

    def until_says(self, value: Any, *messages: str) -> None:
        """Goes on until an object is judged so."""
        self.until(lambda: self.says(value) == sorted(messages))

    def says(self, value: Any) -> list[str]:
        gate, state = self.gate.gate_at(time.time_ns()), self.gate.state
        if gate is None or state is None:
            return ["nothing is in force"]
        known = Known(namespaces=state.namespaces)
        decision = gate.judge(document(value), lambda one: review_document(one, known)).decision
        needed = [f"needs {one.needs}" for one in decision.not_evaluated]
        return sorted([*[one.message for one in decision.violations], *needed])


def api_client(kubeconfig: Path) -> client.ApiClient:
    """A client by a file, without retries, as `open_client` makes it."""
    configuration = client.Configuration()
    configuration.retries = False
    loading: Any = config
    loading.load_kube_config(str(kubeconfig), client_configuration=configuration)
    return client.ApiClient(configuration)


@contextmanager
def live_beside(
    cluster: Cluster, policies_from: PoliciesFrom = "cluster", identity: str = "one"
) -> Iterator[Live]:
    """A source that runs, and what it tells."""
    api: Any = api_client(cluster.kubeconfig())
    source = ClusterSource(api, policies_from, Random(1))
    lease = ClusterLease(api, "default", "lockgate")
    caretaker = Caretaker(api, Leadership(lease, identity, time.monotonic), Random(1))
    source.start()
    caretaker.start()
    try:
        yield Live(source, LiveGate(), caretaker)
    finally:
        caretaker.stop()
        source.stop()
        api.close()
