"""Requests that are made all the time while something happens to the server. All are dry runs."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import final

from tests.e2e.cluster import Cluster
from tests.e2e.scenarios.objects import OWNED, config_map

SENDERS = 2


@final
class Traffic:
    """What became of the requests. wrong: of those that were answered otherwise than the policies say."""

    def __init__(self, cluster: Cluster, namespace: str, denial: str) -> None:
        self._cluster = cluster
        self._path = f"/api/v1/namespaces/{namespace}/configmaps?dryRun=All"
        self._denial = denial
        self._ends = Event()
        self._lock = Lock()
        self._more = Event()
        self._asked = 0
        self.wrong: list[str] = []

    def send(self) -> None:
        """Asks until it is to end: for what is allowed and for what is denied, in turn."""
        while not self._ends.is_set():
            for labels in (OWNED, {}):
                self._send_one(labels)
                with self._lock:
                    self._asked += 1

    def _send_one(self, labels: dict[str, str]) -> None:
        try:
            status, said = self._cluster.ask("POST", self._path, config_map("asked", labels=labels))
        except (OSError, http.client.HTTPException) as error:
            self.wrong.append(str(error))
            return
        if labels and status != 201:
            self.wrong.append(str(said))
        if not labels and (status != 403 or not said["message"].endswith(self._denial)):
            self.wrong.append(str(said))

    def more(self, count: int) -> None:
        """Waits until so many more requests have been answered."""
        wanted = self._asked + count
        while self._asked < wanted:
            self._more.wait(0.02)

    def stop(self) -> None:
        """Ends it; what is on its way is waited for by `traffic`."""
        self._ends.set()


@contextmanager
def traffic(cluster: Cluster, namespace: str, denial: str) -> Iterator[Traffic]:
    """Traffic in a namespace where ConfigMaps without an owner are denied with these last words; none of it fails."""
    made = Traffic(cluster, namespace, denial)
    senders = [Thread(target=made.send) for _ in range(SENDERS)]
    for one in senders:
        one.start()
    try:
        yield made
    finally:
        made.stop()
        for one in senders:
            one.join()
    assert made.wrong == []
