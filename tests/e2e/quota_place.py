"""Servers that share a ledger behind one webhook of a real API server, and quotas in force there."""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lockgate.engine.quota.store.reader import reading_ledger

from tests.e2e.balancer import Balancer, balancing
from tests.e2e.cluster import Cluster, kubectl
from tests.e2e.serving_cluster import ACCOUNT, apply_values, install, until
from tests.gatekeeper.quotas.making import quota
from tests.webhook.quota.making import claim
from tests.webhook.serving.server_processes import Server, review_of, running_server, write_identity

Json = dict[str, Any]
CLUSTER_NAME = "e2e"


@dataclass(frozen=True)
class Place:
    """Servers behind one address, their ledger, and a namespace for a test's objects."""

    cluster: Cluster
    servers: tuple[Server, ...]
    balancer: Balancer
    ledger: str
    folder: Path

    ttl_s: int

    def options(self) -> list[str]:
        return server_options(self.folder, self.ledger, self.ttl_s)

    def held(self, name: str, prefix: str = "devices/") -> tuple[int, int, int]:
        """What counts under a quota in all scopes and windows: used, reserved, spent."""
        with reading_ledger(self.ledger, CLUSTER_NAME) as reader:
            found = [
                one
                for one in reader.usages()
                if one.key.scope == name and one.key.dimension.startswith(prefix)
            ]
        return (
            sum(one.used for one in found),
            sum(one.reserved for one in found),
            sum(one.spent for one in found),
        )


def server_options(folder: Path, ledger: str, ttl_s: int = 2) -> list[str]:
    return [
        "--kubeconfig",
        str(folder / "account.kubeconfig"),
        "--ledger",
        ledger,
        "--cluster-name",
        CLUSTER_NAME,
        "--reservation-ttl",
        str(ttl_s),
    ]


@contextmanager
def quota_servers(
    cluster: Cluster,
    folder: Path,
    ledger: str,
    *,
    count: int = 2,
    ttl_s: int = 2,
    options: Sequence[str] = (),
) -> Iterator[Place]:
    """So many servers, which the cluster's API server asks in turn."""
    identity = write_identity(folder)
    configurations = install(cluster)
    (folder / "account.kubeconfig").write_text(cluster.kubeconfig(ACCOUNT).read_text())
    with ExitStack() as stack:
        servers = []
        for number in range(count):
            own = folder / f"server-{number}"
            own.mkdir()
            all_options = [*server_options(folder, ledger, ttl_s), *options]
            servers.append(stack.enter_context(running_server(own, None, all_options, identity=identity)))
        balancer = stack.enter_context(balancing([one.port for one in servers]))
        authority = base64.b64encode(identity.certificate.read_bytes()).decode()
        for configuration in configurations:
            for webhook in configuration["webhooks"]:
                path = webhook["clientConfig"].pop("service")["path"]
                url = f"https://127.0.0.1:{balancer.port}{path}"
                webhook["clientConfig"] = {"url": url, "caBundle": authority}
            assert apply_values(cluster, configuration)[0] == 0
        yield Place(cluster, tuple(servers), balancer, ledger, folder, ttl_s)
        kubectl(cluster, "delete", "validatingwebhookconfigurations", "--all")
        kubectl(cluster, "delete", "devicequotas,pods,resourceclaims", "--all", "--all-namespaces")


@contextmanager
def quota_in_force(place: Place, name: str, **spec: Any) -> Iterator[None]:
    """A namespace of that name with a quota for it, which the API server asks about."""
    space: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    made = quota(name, scope={"namespaces": [name]}, **spec)
    until(lambda: apply_values(place.cluster, space)[0] == 0, lambda: apply_values(place.cluster, space))
    until(lambda: apply_values(place.cluster, made)[0] == 0, lambda: apply_values(place.cluster, made))
    # In force once what is too much by itself is refused, at every server.
    for server in place.servers:
        until(partial(is_refusing, server, name), partial(tail, server))
    until(lambda: "does not allow it" in create(place, claim(1_000, "large", name), "--dry-run=server"))
    try:
        yield
    finally:
        kubectl(place.cluster, "delete", "devicequota", name)


def is_refusing(server: Server, namespace: str) -> bool:
    return is_refusal(server.admit(too_much(namespace)))


def too_much(namespace: str) -> Json:
    """A review of a claim that asks for more than there is, and leaves nothing behind."""
    value = claim(1_000, "large", namespace)
    value["metadata"]["uid"] = "dry"
    return review_of(value, namespace=namespace, dryRun=True)


def is_refusal(response: Json) -> bool:
    """Whether it is refused for that."""
    return "does not allow it" in response.get("status", {}).get("message", "")


def tail(server: Server) -> str:
    return server.log.read_text(errors="replace")[-3000:]


def create(place: Place, value: Json, *options: str) -> str:
    """What kubectl says to a creation."""
    done = kubectl(place.cluster, "create", *options, "-f", "-", given=json.dumps(value))
    return done.stdout + done.stderr


def delete(place: Place, kind: str, namespace: str, *names: str) -> None:
    done = kubectl(place.cluster, "delete", kind, "-n", namespace, *names)
    assert done.returncode == 0, done.stderr
