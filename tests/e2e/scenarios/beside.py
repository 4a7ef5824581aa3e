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


def start(installation: Installation, namespace: str, options: Sequence[str] = ()) -> Server:
    """A server of its own, which denies ConfigMaps without an owner (`[owners] … has no owner`), asked from now on."""
    folder = Path(mkdtemp(dir=installation.folder))
    server = installation.beside.enter_context(running_server(folder, write_policies(folder), options))
    ask(installation, server, namespace)
    return server


def ask(installation: Installation, server: Server, namespace: str) -> None:
    """From now on this server is asked about the ConfigMaps of the namespace."""
    webhook: dict[str, Any] = {
        "name": WEBHOOK,
        "clientConfig": {
            "url": f"https://{ADDRESS}:{server.port}/v1/admit",
            "caBundle": base64.b64encode(server.identity.certificate.read_bytes()).decode(),
        },
        "rules": [
            {"apiGroups": [""], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["configmaps"]}
        ],
        "failurePolicy": "Fail",
        "sideEffects": "NoneOnDryRun",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 8,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"beside-{namespace}"},
        "webhooks": [webhook],
    }
    done = kubectl(installation.cluster, "apply", "-f", "-", given=json.dumps(configuration))
    assert done.returncode == 0, done.stderr


def starting(namespace: str, *options: str) -> Callable[[Installation], None]:
    """What happens first: a server starts."""

    def first(installation: Installation) -> None:
        start(installation, namespace, options)

    return first
