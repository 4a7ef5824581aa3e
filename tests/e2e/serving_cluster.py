"""`lockgate serve` from a cluster, installed by the manifests of `lockgate install` as far as there are no Pods."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.cluster import Cluster, kubectl
from tests.webhook.serving.server_processes import Server, running_server

Json = dict[str, Any]

ACCOUNT = "system:serviceaccount:lockgate-system:lockgate"
CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/lockgate"
IMAGE = f"registry.example.com/lockgate@sha256:{'7' * 64}"
SECONDS = 120


def manifests(*options: str) -> list[Json]:
    """What `lockgate install` prints."""
    command = [sys.executable, "-m", "lockgate.webhook", "install", "--image", IMAGE]
    done = subprocess.run(
        [*command, "--with-gatekeeper-crds", "--mode", "enforce", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def apply_text(cluster: Cluster, text: str) -> tuple[int, str]:
    """The exit code of `kubectl apply` and what it said to people."""
    done = kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", given=text)
    return done.returncode, done.stderr


def apply_values(cluster: Cluster, *values: Any) -> tuple[int, str]:
    """As `apply_text`."""
    return apply_text(cluster, json.dumps({"apiVersion": "v1", "kind": "List", "items": [*values]}))


def until(is_done: Callable[[], bool], said: Callable[[], object] = lambda: "") -> None:
    """Waits until something is so."""
    end = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < end, said()
        time.sleep(0.1)


def install(cluster: Cluster, *options: str) -> list[Json]:
    """Applies everything but the webhooks, which are given back: nobody is there yet to answer them."""
    found = manifests(*options)
    configurations = [one for one in found if one["kind"] == "ValidatingWebhookConfiguration"]
    others = [one for one in found if one["kind"] != "ValidatingWebhookConfiguration"]
    # Their kinds are known a moment later than they are defined.
    until(lambda: apply_values(cluster, *others)[0] == 0, lambda: apply_values(cluster, *others))
    return configurations


def register(cluster: Cluster, configurations: Sequence[Json], server: Server) -> None:
    """Applies the webhooks with the server's address in place of the Service's; rules are left to the server."""
    authority = base64.b64encode(server.identity.certificate.read_bytes()).decode()
    for configuration in configurations:
        for webhook in configuration["webhooks"]:
            path = webhook["clientConfig"].pop("service")["path"]
            webhook["clientConfig"] = {
                "url": f"https://127.0.0.1:{server.port}{path}",
                "caBundle": authority,
            }
        code, said = apply_values(cluster, configuration)
        assert code == 0, said


@contextmanager
def serving_cluster(cluster: Cluster, folder: Path, options: Sequence[str] = ()) -> Iterator[Server]:
    """A server with the rights of the account that is installed, asked by the cluster that tells it its policies."""
    configurations = install(cluster)
    kubeconfig = folder / "account.kubeconfig"
    kubeconfig.write_text(cluster.kubeconfig(ACCOUNT).read_text())
    given = ["--kubeconfig", str(kubeconfig), *options]
    with running_server(folder, None, given) as server:
        register(cluster, configurations, server)
        yield server
