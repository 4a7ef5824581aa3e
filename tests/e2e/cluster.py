"""A Kubernetes API server of its own for a test: etcd and kube-apiserver in a temporary folder, on free ports.

It has no nodes and no controllers but those of the API server itself. Users are known by bearer tokens. With
LOCKGATE_KUBERNETES=newest it is the newest version that builds.
"""

import http.client
import json
import os
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.e2e.processes import free_port, running, wait_until
from tests.e2e.programs import program

ADMIN = "admin"
MASTERS = "system:masters"
SECONDS = 30
SERVER = "kube-apiserver-newest" if os.environ.get("LOCKGATE_KUBERNETES") == "newest" else "kube-apiserver"


class Daemon:
    """The process of etcd or of an API server, which can be stopped and started again with what is kept."""

    def __init__(self, command: Sequence[str | Path], log: Path, is_ready: Callable[[], bool]) -> None:
        self._command = command
        self._log = log
        self._is_ready = is_ready
        self._running = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Runs it, and waits until it is ready."""
        self._process = self._running.enter_context(running(self._command, self._log))
        wait_until(self._is_ready, self._process, self._log)

    def stop(self) -> None:
        """Ends it."""
        self._running.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It neither answers nor hangs up meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends it at once, as a machine that is lost does; it may be started again."""
        if self._process is not None:
            self._process.kill()
        self._running.close()


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running API server; each user's token is `token-of-NAME`. server: its process; etcd: where etcd answers.

    store: the process of etcd.
    """

    folder: Path
    port: int
    etcd: str = ""
    daemons: list[Daemon] = field(default_factory=list)

    @property
    def store(self) -> Daemon:
        return self.daemons[0]

    @property
    def server(self) -> Daemon:
        return self.daemons[1]

    def compact(self) -> None:
        """Makes etcd forget every state but the present one."""
        revision = self._ask_etcd("/v3/kv/range", {"key": "Lw=="})["header"]["revision"]
        self._ask_etcd("/v3/kv/compaction", {"revision": revision, "physical": True})

    def _ask_etcd(self, path: str, body: Any) -> Any:
        connection = http.client.HTTPConnection(self.etcd.removeprefix("http://"), timeout=SECONDS)
        try:
            connection.request("POST", path, json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text)
        finally:
            connection.close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The file of the certificate that it shows."""
        return self.folder / "certificates" / "apiserver.crt"

    def token(self, user: str = ADMIN) -> str:
        return f"token-of-{user}"

    def kubeconfig(self, user: str = ADMIN) -> Path:
        """A file for clients, with one context by the user's name."""
        place = self.folder / f"{user}.kubeconfig"
        cluster = {"server": self.url, "certificate-authority": str(self.authority)}
        configuration = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": user, "context": {"cluster": "test", "user": user}}],
            "current-context": user,
        }
        # JSON is YAML.
        place.write_text(json.dumps(configuration))
        place.chmod(0o600)
        return place

    def ask(self, method: str, path: str, body: Any = None, user: str = ADMIN) -> tuple[int, Any]:
        """The status and the JSON of a request's answer."""
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=SECONDS, context=context)
        try:
            headers = {"Authorization": f"Bearer {self.token(user)}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        is_json = (answer.headers.get("Content-Type") or "").startswith("application/json")
        # A watch of nothing says nothing.
        return answer.status, json.loads(text) if is_json and text else text.decode()


def _write_account_keys(folder: Path) -> tuple[Path, Path]:
    key = rsa.generate_private_key(65537, 2048)
    private, public = folder / "accounts.key", folder / "accounts.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def _make_etcd(folder: Path) -> tuple[str, Daemon]:
    """Where it will answer, and its process."""
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command: list[str | Path] = [program("etcd"), "--data-dir", folder / "etcd", "--log-level", "error"]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
    # What is in it dies with the test.
    command += ["--initial-cluster", f"default={peer}", "--unsafe-no-fsync"]
    log = folder / "etcd.log"

    def is_healthy() -> bool:
        return _status(client.removeprefix("http://"), "/health") == 200

    return client, Daemon(command, log, is_healthy)


def _status(address: str, path: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@contextmanager
def running_cluster(
    users: Mapping[str, str] = MappingProxyType({}),
    options: Sequence[str] = (),
    without: Sequence[str] = ("ServiceAccount",),
) -> Iterator[Cluster]:
    """Runs a cluster with an administrator and other users, each with its group, "" for none; gone afterwards.

    without: admission plugins that are off; with ServiceAccount, no Pod is accepted before its account is there.
    """
    server = program(SERVER)
    with TemporaryDirectory(prefix="lockgate-cluster-") as name, ExitStack() as running:
        folder = Path(name)
        etcd, store = _make_etcd(folder)
        running.callback(store.stop)
        store.start()
        cluster = Cluster(folder, free_port(), etcd)
        private, public = _write_account_keys(folder)
        tokens = [
            f'{cluster.token(user)},{user},{user},"{group}"'
            for user, group in {ADMIN: MASTERS, **users}.items()
        ]
        (folder / "tokens.csv").write_text("\n".join(tokens) + "\n")
        command: list[str | Path] = [server, f"--etcd-servers={etcd}", "--bind-address=127.0.0.1"]
        command += [f"--secure-port={cluster.port}", f"--cert-dir={cluster.authority.parent}"]
        command += [f"--service-account-key-file={public}", f"--service-account-signing-key-file={private}"]
        command += ["--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC"]
        command += [f"--token-auth-file={folder / 'tokens.csv'}", "--service-cluster-ip-range=10.0.0.0/24"]
        command += [*(f"--disable-admission-plugins={name}" for name in without), *options]
        made = Daemon(command, folder / "kube-apiserver.log", lambda: _is_ready(cluster))
        cluster.daemons.extend([store, made])
        running.callback(made.stop)
        made.start()
        yield cluster


def _is_ready(cluster: Cluster) -> bool:
    if not cluster.authority.exists():
        return False
    try:
        # The namespace is made a moment after the server is ready.
        paths = ("/readyz", "/api/v1/namespaces/default")
        return all(cluster.ask("GET", path)[0] == 200 for path in paths)
    except (OSError, http.client.HTTPException):
        return False


def kubectl(
    cluster: Cluster, *arguments: str, given: str = "", user: str = ADMIN
) -> subprocess.CompletedProcess[str]:
    """Runs kubectl as a user."""
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig(user)), *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=SECONDS * 2, check=False
    )
