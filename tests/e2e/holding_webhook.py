"""A second webhook beside Lockgate's for a test: it sees every request, and holds or refuses them as it is told."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.e2e.cluster import Cluster, kubectl
from tests.webhook.serving.server_processes import write_identity

Json = dict[str, Any]
SECONDS = 60


class HoldingWebhook:
    """asked: the requests that came."""

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.refuses = False
        self._is_holding = False
        self._held = threading.Event()
        self._released = threading.Event()

    def hold(self) -> None:
        """The next request waits for its answer until `release`; those behind it do not."""
        self._is_holding = True

    def wait_for_one(self) -> None:
        """Waits until one is held."""
        assert self._held.wait(SECONDS)

    def release(self) -> None:
        """What is held is answered."""
        self._released.set()

    def answer(self, review: Json) -> Json:
        """The review with its answer."""
        request = review["request"]
        self.asked.append(request)
        if self._is_holding:
            self._is_holding = False
            self._held.set()
            assert self._released.wait(SECONDS)
        response: Json = {"uid": request["uid"], "allowed": not self.refuses}
        if self.refuses:
            response["status"] = {"message": "no, thanks"}
        return {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        answer = json.dumps(server.webhook.answer(json.loads(body))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@contextmanager
def holding_webhook(cluster: Cluster, namespace: str, group: str, resource: str) -> Iterator[HoldingWebhook]:
    """One that the API server asks about a resource in a namespace."""
    with TemporaryDirectory() as folder:
        identity = write_identity(Path(folder))
        made = HoldingWebhook()
        server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.webhook = made
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        name = f"holding-{namespace}"
        try:
            given = json.dumps(_configuration(name, namespace, group, resource, server.server_port, identity))
            done = kubectl(cluster, "apply", "-f", "-", given=given)
            assert done.returncode == 0, done.stderr
            yield made
        finally:
            kubectl(cluster, "delete", "validatingwebhookconfiguration", name)
            made.release()
            server.shutdown()
            server.server_close()
            thread.join()


def _configuration(name: str, namespace: str, group: str, resource: str, port: int, identity: Any) -> Json:
    authority = base64.b64encode(identity.certificate.read_bytes()).decode()
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "holding.example.com",
                "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": authority},
                "rules": [
                    {
                        "apiGroups": [group],
                        "apiVersions": ["*"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": [resource],
                    }
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 30,
            }
        ],
    }
