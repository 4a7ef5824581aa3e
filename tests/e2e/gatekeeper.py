"""Gatekeeper's own webhook for a test: the manager beside a cluster, with the CRDs of its chart, answering over TLS."""

import http.client
import ipaddress
import json
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.e2e.cluster import Cluster, kubectl
from tests.e2e.processes import free_port, running, wait_until
from tests.e2e.programs import absent, program, version_of

Json = dict[str, Any]

ADDRESS = "127.0.0.1"
NAMESPACE = "gatekeeper-system"
MODULE = "github.com/open-policy-agent/gatekeeper/v3"
SECONDS = 60
STEP_SECONDS = 0.2
# Of each template and constraint, until the webhook has it.
LOAD_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """A running webhook. connection: one that is kept open. process: the manager's number."""

    cluster: Cluster
    connection: http.client.HTTPSConnection
    process: int

    @property
    def url(self) -> str:
        """Where AdmissionReviews are sent."""
        return f"https://{self.connection.host}:{self.connection.port}/v1/admit"

    def admit(self, review: Json) -> Json:
        """The AdmissionResponse to an AdmissionReview."""
        self.connection.request("POST", "/v1/admit", json.dumps(review), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        response: Json = body["response"]
        return response

    def apply(self, values: Sequence[Json]) -> None:
        """Creates or replaces objects in the cluster."""
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(values)})
        done = kubectl(self.cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", given=given)
        assert done.returncode == 0, done.stderr

    def load(self, templates: Sequence[Json], constraints: Sequence[Json]) -> None:
        """Applies templates and constraints, and waits until the webhook says that it enforces them."""
        self.apply(templates)
        plurals = {_kind(value): _kind(value).lower() for value in templates}
        paths = [
            f"/apis/templates.gatekeeper.sh/v1/constrainttemplates/{_name(value)}" for value in templates
        ]
        self._wait(paths)
        # Their resources are known to the API server a moment after their definitions are.
        for plural in sorted(set(plurals.values())):
            self._wait_for(
                f"/apis/constraints.gatekeeper.sh/v1beta1/{plural}", lambda status, _: status == 200
            )
        self.apply(constraints)
        self._wait(
            [
                f"/apis/constraints.gatekeeper.sh/v1beta1/{plurals[value['kind']]}/{_name(value)}"
                for value in constraints
            ]
        )
        # Loading takes its time, and the webhook has ended what was idle meanwhile: the next request opens it anew.
        self.connection.close()

    def _wait(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._wait_for(path, _is_enforced)

    def _wait_for(self, path: str, is_done: Any) -> None:
        end = time.monotonic() + LOAD_SECONDS
        while True:
            status, value = self.cluster.ask("GET", path)
            if is_done(status, value):
                return
            assert time.monotonic() < end, (path, status, value)
            time.sleep(STEP_SECONDS)


def _is_enforced(status: int, value: Any) -> bool:
    if status != 200:
        return False
    pods = (value.get("status") or {}).get("byPod") or []
    errors = [error for pod in pods for error in pod.get("errors") or []]
    if errors and all(_passes(error) for error in errors):
        return False
    assert not errors, errors
    seen = [pod for pod in pods if pod.get("observedGeneration") == value["metadata"]["generation"]]
    return bool(seen) and all(pod.get("enforced", True) for pod in seen)


def _passes(error: Json) -> bool:
    """Whether Gatekeeper tries again by itself: its view of the cluster lagged behind the definition it had made."""
    return error.get("code") == "create_error" and str(error.get("message", "")).endswith("already exists")


def _kind(template: Json) -> str:
    return str(template["spec"]["crd"]["spec"]["names"]["kind"])


def _name(value: Json) -> str:
    return str(value["metadata"]["name"])


def chart_definitions() -> Path:
    """The folder of the CRDs of Gatekeeper's chart, as the module has it that the manager is built from."""
    done = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=False)
    path = Path(done.stdout.strip(), f"{MODULE}@v{version_of('gatekeeper')}", "charts", "gatekeeper", "crds")
    if not path.is_dir():
        absent(f"{path} is absent: build the real programs with `make e2e`")
    return path


def write_certificate(folder: Path) -> Path:
    """A certificate of its own for 127.0.0.1; gives its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gatekeeper")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir()
    (folder / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path = folder / "tls.crt"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


@contextmanager
def running_gatekeeper(cluster: Cluster, options: Sequence[str] = ()) -> Iterator[Gatekeeper]:
    """Runs the webhook on a cluster that has none of its definitions yet."""
    manager = program("gatekeeper")
    definitions = chart_definitions()
    done = kubectl(cluster, "apply", "--server-side", "-f", str(definitions))
    assert done.returncode == 0, done.stderr
    assert kubectl(cluster, "create", "namespace", NAMESPACE).returncode == 0
    waited = ("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    assert kubectl(cluster, *waited).returncode == 0
    port, folder = free_port(), cluster.folder
    certificate = write_certificate(folder / "webhook")
    command: list[str | Path] = ["env", f"POD_NAMESPACE={NAMESPACE}", "POD_NAME=gatekeeper", manager]
    command += ["-kubeconfig", cluster.kubeconfig(), "-host", ADDRESS, "-port", str(port)]
    command += ["-cert-dir", certificate.parent, "-disable-cert-rotation", "-debug-use-fake-pod"]
    command += ["-operation", "webhook", "-operation", "status", "-operation", "generate"]
    command += ["-health-addr", f"{ADDRESS}:{free_port()}", "-prometheus-port", str(free_port())]
    command += ["-log-level", "ERROR", "-shutdown-delay", "0", *options]
    log = folder / "gatekeeper.log"
    context = ssl.create_default_context(cafile=str(certificate))
    connection = http.client.HTTPSConnection(ADDRESS, port, timeout=SECONDS, context=context)

    def answers() -> bool:
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            connection.close()
            return False
        return True

    with running(command, log) as process:
        try:
            wait_until(answers, process, log)
            yield Gatekeeper(cluster, connection, process.pid)
        finally:
            connection.close()
