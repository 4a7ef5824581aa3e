"""`lockgate serve` as processes of its own for a test: certificates, a start, questions over TLS, and an end."""

import http.client
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

Json = dict[str, Any]

ADDRESS = "127.0.0.1"
# Generous: the machine may be busy.
SECONDS = 90
STEP_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Identity:
    """A self-signed certificate and its key, as files."""

    certificate: Path
    key: Path


def write_identity(folder: Path, name: str = "server") -> Identity:
    """Makes a certificate for 127.0.0.1 that is its own authority."""
    made = Identity(folder / f"{name}.crt", folder / f"{name}.key")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    made.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def issue_identity(folder: Path, authority: Identity, name: str, *others: str) -> Identity:
    """Makes a client's certificate by an authority, with a common name and further DNS names."""
    made = Identity(folder / f"client-{name or 'nobody'}.crt", folder / f"client-{name or 'nobody'}.key")
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    signing = load_pem_private_key(authority.key.read_bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    building = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
    )
    if others:
        names = x509.SubjectAlternativeName([x509.DNSName(one) for one in others])
        building = building.add_extension(names, not name)
    certificate = building.sign(signing, hashes.SHA256())
    made.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. port: of reviews; probes: of main's plain port."""

    process: subprocess.Popen[bytes]
    log: Path
    identity: Identity
    port: int
    probes: int

    def connect(self, client: Identity | None = None) -> http.client.HTTPSConnection:
        """A connection over TLS that verifies the server."""
        context = ssl.create_default_context(cafile=str(self.identity.certificate))
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        return http.client.HTTPSConnection(ADDRESS, self.port, timeout=SECONDS, context=context)

    def post(self, body: bytes, path: str = "/v1/admit?timeout=10s", client: Identity | None = None) -> Any:
        """Status and JSON of the answer to a body, over a connection of its own."""
        connection = self.connect(client)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text)
        finally:
            connection.close()

    def admit(self, review: Json, path: str = "/v1/admit?timeout=10s") -> Json:
        """The AdmissionResponse to a review."""
        status, body = self.post(json.dumps(review).encode(), path)
        assert status == 200, body
        response: Json = body["response"]
        return response

    def probe(self, path: str) -> tuple[int, str]:
        """Status and text of main's plain port."""
        connection = http.client.HTTPConnection(ADDRESS, self.probes, timeout=SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def events(self, name: str) -> list[Json]:
        """The log's lines of an event."""
        return [line for line in log_lines(self.log) if line.get("event") == name]

    def wait_for(self, name: str, count: int = 1) -> Json:
        """Waits until an event is in the log so many times, and gives the last of them."""
        end = time.monotonic() + SECONDS
        while len(found := self.events(name)) < count:
            said = self.log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < end, said
            assert self.process.poll() is None, said
            time.sleep(STEP_SECONDS)
        return found[-1]


def log_lines(log: Path) -> list[Json]:
    """The log's lines of JSON."""
    lines = log.read_text(errors="replace").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]


@contextmanager
def running_server(
    folder: Path,
    policies: Path | None,
    options: Sequence[str] = (),
    own: str = "",
    event: str = "ready",
    environment: Mapping[str, str] | None = None,
    identity: Identity | None = None,
) -> Iterator[Server]:
    """Runs a server with two workers on free ports, from when it is ready (or tells of another event); its log is `serve.log` in the folder.

    policies: None where a cluster tells them. own: where it keeps certificates of its own, in place of one that is made here,
    or of `identity`.
    """
    if identity is None:
        identity = Identity(Path(own, "ca.crt"), Path(own, "tls.key")) if own else write_identity(folder)
    log = folder / "serve.log"
    command = [sys.executable, "-m", "lockgate.webhook", "serve"]
    command += [] if policies is None else ["-p", str(policies)]
    command += ["--listen", f"{ADDRESS}:0", "--probes", f"{ADDRESS}:0", "--workers", "2"]
    if own:
        command += ["--certificates", own, *options]
    else:
        command += ["--tls-cert", str(identity.certificate), "--tls-key", str(identity.key), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    try:
        server = Server(process, log, identity, 0, 0)
        server.wait_for(event)
        ports = [
            int(server.wait_for(event)["address"].rpartition(":")[2]) for event in ("listening", "probes")
        ]
        yield Server(process, log, identity, ports[0], ports[1])
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


TEMPLATE = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: needsowner}
spec:
  crd: {spec: {names: {kind: NeedsOwner}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package needsowner
      violation[{"msg": msg}] {
        not input.review.object.metadata.labels.owner
        msg := sprintf("%v has no owner", [input.review.object.metadata.name])
      }
"""

CONSTRAINT = """\
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: NeedsOwner
metadata: {name: owners}
spec:
  enforcementAction: deny
  match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}
"""


def write_policies(folder: Path, *texts: str) -> Path:
    """A folder of policies: each text a file."""
    place = folder / "policies"
    place.mkdir()
    for index, text in enumerate(texts or (TEMPLATE, CONSTRAINT)):
        (place / f"{index}.yaml").write_text(text)
    return place


def config_map(name: str = "settings", **metadata: Any) -> Json:
    """A ConfigMap in the namespace `default`."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", **metadata},
    }


def review_of(value: Json, uid: str = "u-1", **fields: Any) -> Json:
    """The AdmissionReview of a creation, as the API server sends it."""
    group, _, version = value["apiVersion"].rpartition("/")
    kind = {"group": group, "version": version, "kind": value["kind"]}
    resource = {"group": group, "version": version, "resource": f"{value['kind'].lower()}s"}
    request = {
        "uid": uid,
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": value["metadata"].get("name", ""),
        "namespace": value["metadata"].get("namespace", ""),
        "operation": "CREATE",
        "userInfo": {"username": "admin", "groups": ["system:masters"]},
        "object": value,
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        **fields,
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
