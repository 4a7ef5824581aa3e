"""Servers for one scenario, beside the installed one: with a webhook of their own for the scenario's namespace."""

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.e2e.cluster import kubectl
from tests.e2e.scenarios.installation import Installation
from tests.webhook.serving.server_processes import ADDRESS, Server, running_server, write_policies

WEBHOOK = "beside.lockgate.test"


def start(
    installation: Installation, namespace: str, options: Sequence[str] = (), policies: Path | None = None
) -> Server:
    """A server of its own, asked from now on; without other policies it denies ConfigMaps without an owner
    (`[owners] … has no owner`)."""
    folder = Path(mkdtemp(dir=installation.folder))
    place = write_policies(folder) if policies is None else policies
    # One worker does, and a second one takes a third of the time to start.
    starting = running_server(folder, place, ["--workers", "1", *options])
    server = installation.beside.enter_context(starting)
    ask(installation, server, namespace)
    return server


def ask(installation: Installation, server: Server, namespace: str) -> None:
    """From now on this server is asked about the ConfigMaps of the namespace."""
    given = json.dumps(webhook_for(server, namespace, "/v1/admit"))
    done = kubectl(installation.cluster, "apply", "-f", "-", given=given)
    assert done.returncode == 0, done.stderr


def webhook_for(server: Server, namespace: str, path: str) -> dict[str, Any]:
    """What makes the API server ask this server, at a path, about the ConfigMaps of a namespace."""
    webhook: dict[str, Any] = {
        "name": WEBHOOK,
        "clientConfig": {
            "url": f"https://{ADDRESS}:{server.port}{path}",
            "caBundle": base64.b64encode(server.identity.certificate.read_bytes()).decode(),
        },
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE"],
                "resources": ["configmaps"],
            }
        ],
        "failurePolicy": "Fail",
        "sideEffects": "NoneOnDryRun",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 8,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"beside-{namespace}"},
        "webhooks": [webhook],
    }


def starting(namespace: str, *options: str) -> Callable[[Installation], None]:
    """What happens first: a server starts."""

    def first(installation: Installation) -> None:
        start(installation, namespace, options)

    return first
