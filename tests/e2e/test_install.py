"""`lockgate install` on a real API server: it takes every manifest, and the server's account may do what it has to."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from lockgate.webhook.certificates.authority import AUTHORITY_NS, SECOND_NS
from lockgate.webhook.certificates.files import TlsFiles
from lockgate.webhook.certificates.keeper import CertificateKeeper
from lockgate.webhook.certificates.rotation import AUTHORITY_RENEWAL_NS, PROPAGATION_NS
from lockgate.webhook.cli import run
from lockgate.webhook.cluster.calls import ClusterError
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.cluster.provider_bundles import ProviderBundles
from lockgate.webhook.cluster.secrets import SecretStore
from lockgate.webhook.cluster.webhook_configurations import WebhookConfigurations
from lockgate.webhook.install.webhooks import NODES
from lockgate.webhook.serving.unsent_kinds import NODE_KINDS
from lockgate.webhook.serving.webhook_rules import Demand, guess_names, node_rules, render_rule, webhook_rules

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.serving_cluster import until

pytestmark = pytest.mark.e2e

IMAGE = f"registry.example.com/lockgate@sha256:{'7' * 64}"
ACCOUNT = "system:serviceaccount:lockgate-system:lockgate"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
SECRET = "/api/v1/namespaces/lockgate-system/secrets/lockgate-certificates"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: ""}) as made:
        yield made


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    """The cluster without the configuration that an earlier test may have left, which may call a server of its own."""
    assert running.ask("DELETE", f"{CONFIGURATIONS}/lockgate")[0] in (200, 404)
    return running


def manifests(capfd: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["install", "--image", IMAGE, "--with-gatekeeper-crds", *options]) == 0
    return capfd.readouterr().out


def apply(cluster: Cluster, text: str, *options: str) -> str:
    done = kubectl(cluster, "apply", "-f", "-", *options, given=text)
    assert done.returncode == 0, done.stderr
    # kubectl warns of what it is about to lose, and the API server of what it does not know.
    assert done.stderr == "", done.stderr
    return done.stdout


@pytest.fixture
def account(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cluster:
    """The cluster with everything applied, and the server's account as who this is."""
    apply(cluster, manifests(capfd))
    kubeconfig = cluster.folder / "account.kubeconfig"
    kubeconfig.write_text(cluster.kubeconfig(ACCOUNT).read_text())
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    # Rights and definitions are known to the API server a moment after they are applied.
    paths = (SECRET, "/apis/templates.gatekeeper.sh/v1/constrainttemplates")
    until(lambda: all(cluster.ask("GET", path, user=ACCOUNT)[0] == 200 for path in paths))
    return cluster


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--mode=enforce", "--database=postgres", "--database-namespace=pg", "--api-server=10.0.0.1"),
        ("--beside-gatekeeper",),
        ("--api-server=10.0.0.1", "--token-file=FOLDER/token", "--node-agent=group:a"),
    ],
)
def test_the_api_server_takes_every_manifest(
    options: tuple[str, ...], cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("0123456789abcdef01234567")
    options = tuple([one.replace("FOLDER", str(tmp_path)) for one in options])
    given = ("--with-gatekeeper-crds",) if "--beside-gatekeeper" not in options else ()
    assert run(["install", "--image", IMAGE, *given, *options]) == 0
    text = capfd.readouterr().out
    # A dry run makes no namespace for those that come after it.
    kubectl(cluster, "create", "--save-config", "namespace", "lockgate-system")
    told = apply(cluster, text, "--dry-run=server", "--validate=strict")
    assert told.count("(server dry run)") == len([one for one in yaml.safe_load_all(text) if one])


def test_what_is_applied_again_changes_nothing(account: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    lines = apply(account, manifests(capfd)).splitlines()
    changed = [one for one in lines if not one.endswith(" unchanged")]
    # kubectl sends the selector of a budget each time, whatever it is.
    assert changed == ["poddisruptionbudget.policy/lockgate configured"]


def test_a_folder_is_applied_by_kustomize(
    cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["install", "--image", IMAGE, "--output", str(tmp_path / "base")]) == 0
    kubectl(cluster, "create", "--save-config", "namespace", "lockgate-system")
    done = kubectl(cluster, "apply", "--dry-run=server", "-k", str(tmp_path / "base"))
    assert done.returncode == 0, done.stderr


def webhooks(cluster: Cluster, name: str = "lockgate") -> list[Json]:
    status, value = cluster.ask("GET", f"{CONFIGURATIONS}/{name}")
    assert status == 200
    found: list[Json] = value["webhooks"]
    return found


def keeper(
    folder: Path, names: tuple[str, ...], configurations: tuple[str, ...], changed: Any
) -> CertificateKeeper:
    api = open_client()
    store = SecretStore(api, "lockgate-system", "lockgate-certificates")
    folder.mkdir(exist_ok=True)
    return CertificateKeeper(store, WebhookConfigurations(api, configurations), names, folder, changed)


def test_the_account_keeps_certificates_and_tells_the_api_server(
    account: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import time

    made = keeper(tmp_path / "a", ("lockgate.lockgate-system.svc",), ("lockgate",), lambda paths: None)
    made.step(time.time_ns())
    first = [one["clientConfig"]["caBundle"] for one in webhooks(account)]
    assert len(first) == 4
    assert len(set(first)) == 1
    # Another replica has the same, and applying the manifests again takes nothing away.
    other = keeper(tmp_path / "b", ("lockgate.lockgate-system.svc",), ("lockgate",), lambda paths: None)
    apply(account, manifests(capfd))
    other.step(time.time_ns())
    assert [one["clientConfig"]["caBundle"] for one in webhooks(account)] == first
    assert (tmp_path / "a" / "tls.crt").read_bytes() == (tmp_path / "b" / "tls.crt").read_bytes()
    status, secret = account.ask("GET", SECRET)
    assert (status, sorted(secret["data"])) == (200, ["state.json"])


def test_providers_that_are_answered_here_trust_what_the_webhooks_trust(
    account: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    place = "/apis/externaldata.gatekeeper.sh/v1beta1/providers"

    def provider(name: str, url: str) -> None:
        spec = {"url": url, "timeout": 3, "caBundle": "b2xk"}
        value = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "Provider"}
        assert account.ask("POST", place, {**value, "metadata": {"name": name}, "spec": spec})[0] == 201

    def bundles() -> dict[str, str]:
        found = account.ask("GET", place)[1]["items"]
        return {one["metadata"]["name"]: one["spec"]["caBundle"] for one in found}

    provider("ours", "https://lockgate.lockgate-system.svc:443/providers/signatures")
    provider("theirs", "https://provider.example.svc:8090/validate")
    provider("elsewhere", "https://lockgate.lockgate-system.svc.example.com/providers/signatures")
    kept = ProviderBundles(open_client(), ("lockgate.lockgate-system.svc",))
    # Without Gatekeeper's questions the account has no right to write any.
    with pytest.raises(ClusterError, match="cannot write Provider ours"):
        kept.keep("new")
    apply(account, manifests(capfd, "--with=external-data", "--with=gatekeeper-providers"))
    asking = ("auth", "can-i", "update", "providers.externaldata.gatekeeper.sh", f"--as={ACCOUNT}")
    until(lambda: kubectl(account, *asking).stdout == "yes\n")
    assert kept.keep("new") == ("ours",)
    assert bundles() == {"ours": "bmV3", "theirs": "b2xk", "elsewhere": "b2xk"}
    assert kept.keep("new") == ()
    assert kept.keep("newer") == ("ours",)


def test_the_account_may_do_nothing_else(account: Cluster) -> None:
    def status(method: str, path: str, body: Any = None) -> int:
        return account.ask(method, path, body, ACCOUNT)[0]

    assert status("GET", SECRET) == 200
    assert status("GET", "/api/v1/namespaces/lockgate-system/secrets") == 403
    assert status("GET", "/api/v1/secrets") == 403
    # The sweep lists, and what records claim is watched for; nothing is read by its name, and nothing that is not judged.
    assert status("GET", "/api/v1/pods") == 200
    # Quotas let go of what a read by name and uid says is gone.
    assert status("GET", "/api/v1/namespaces/default/pods/any") == 404
    assert status("GET", "/apis/apps/v1/namespaces/default/deployments/any") == 403
    asked = kubectl(account, "auth", "can-i", "watch", "pods", "--all-namespaces", f"--as={ACCOUNT}")
    assert asked.stdout == "yes\n"
    assert status("GET", "/api/v1/configmaps") == 403
    assert status("GET", "/api/v1/nodes") == 403
    assert status("GET", CONFIGURATIONS) == 403
    assert status("DELETE", f"{CONFIGURATIONS}/lockgate") == 403
    assert status("GET", "/apis/templates.gatekeeper.sh/v1/constrainttemplates") == 200
    assert status("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin") == 403
    assert (
        status("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {"metadata": {"name": "x"}}) == 403
    )
    exemption = {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": "x"},
    }
    assert status("POST", "/apis/exemptions.lockgate.dev/v1alpha1/exemptions", exemption) == 403


def test_what_is_misspelt_in_an_exemption_reaches_lockgate(account: Cluster) -> None:
    spec = {
        "policies": [{"kind": "A", "nmae": "one"}],
        "match": {"kinds": [{"kinds": ["Pod"]}], "namespacse": ["a"]},
        "reason": "r",
        "owner": "o",
        "issuedAt": "2026-11-01T00:00:00Z",
        "expiresAt": "2026-12-01T00:00:00Z",
    }
    value = {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": "misspelt"},
        "spec": spec,
    }
    # The server's webhook is not there, and the mode is observe: it is taken, with all that it says.
    status, made = account.ask("POST", "/apis/exemptions.lockgate.dev/v1alpha1/exemptions", value)
    assert (status, made["spec"]) == (201, spec)
    assert account.ask("DELETE", "/apis/exemptions.lockgate.dev/v1alpha1/exemptions/misspelt")[0] == 200
    bad = {**value, "spec": {**spec, "reason": ""}}
    assert account.ask("POST", "/apis/exemptions.lockgate.dev/v1alpha1/exemptions", bad)[0] == 422


def test_the_account_writes_the_rules_that_policies_ask_for(account: Cluster) -> None:
    configurations = WebhookConfigurations(open_client(), ("lockgate",))
    everything = Demand(("*",), ("*",), ("CREATE", "UPDATE", "DELETE", "CONNECT"))
    some = Demand(("apps", "batch"), ("Deployment", "Scale", "Job"), ("CREATE", "UPDATE"))
    mixed = [everything, some, Demand(("",), ("Pod", "PodExecOptions"), ("CONNECT", "UPDATE"))]
    for demands in ([some], [everything], mixed, []):
        rules = webhook_rules(demands, guess_names)
        assert configurations.write_rules({"validation.lockgate.dev": rules})
        first, *others = webhooks(account)
        assert len(first.get("rules", [])) == len(rules)
        assert {one["name"] for one in others if not one.get("rules")} == {NODES}
    # As the API server takes them.
    every = [Demand(("*",), tuple([one.kind for one in NODE_KINDS]), ("CREATE", "UPDATE", "DELETE"))]
    assert configurations.write_rules({NODES: node_rules(every)})
    (found,) = [one for one in webhooks(account) if one["name"] == NODES]
    assert found["rules"] == [render_rule(one) for one in node_rules(every)]


def test_a_missing_secret_is_told(account: Cluster, tmp_path: Path) -> None:
    store = SecretStore(open_client(), "lockgate-system", "nothing")
    with pytest.raises(ClusterError) as caught:
        store.load()
    # RBAC knows the one name, and does not tell whether there is another.
    assert "403" in caught.value.message
    assert "lockgate doctor" in caught.value.hint


class Answering:
    """A webhook that allows all, with a certificate that can be replaced while it runs."""

    def __init__(self, server: ThreadingHTTPServer, context: ssl.SSLContext) -> None:
        self.url = f"https://127.0.0.1:{server.server_port}/v1/admit"
        self.context = context
        self.asked = 0

    def use(self, files: TlsFiles) -> None:
        self.context.load_cert_chain(files.certificate, files.key)


@contextmanager
def answering() -> Iterator[Answering]:
    made: Answering

    class Handler(BaseHTTPRequestHandler):
        # Each call is a connection of its own, so that each meets the certificate that is shown now.
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked += 1
            response = {"uid": review["request"]["uid"], "allowed": True}
            body = json.dumps(
                {**{name: review[name] for name in ("apiVersion", "kind")}, "response": response}
            )
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[Any, Any]:
            connection, address = super().get_request()
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with Server(("127.0.0.1", 0), Handler) as server:
        made = Answering(server, context)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def configuration(url: str) -> Json:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "lockgate"},
        "webhooks": [
            {
                "name": "validation.lockgate.dev",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"url": url},
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "rules": [rule],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gated"}},
            }
        ],
    }


def test_the_api_server_verifies_each_certificate_of_a_rotation(account: Cluster, tmp_path: Path) -> None:
    import time

    assert kubectl(account, "create", "namespace", "gated").returncode == 0
    assert account.ask("DELETE", f"{CONFIGURATIONS}/lockgate")[0] == 200
    # Whatever earlier tests kept is not of this story.
    _, secret = account.ask("GET", SECRET)
    secret.pop("data", None)
    assert account.ask("PUT", SECRET, secret)[0] == 200
    now_ns = time.time_ns()
    minute_ns = 60 * SECOND_NS
    # The authority is so old that its succession is due half an hour ago.
    begun_ns = now_ns - (AUTHORITY_NS - AUTHORITY_RENEWAL_NS) - 30 * minute_ns
    due_ns = now_ns - 29 * minute_ns
    count = iter(range(10_000))
    with answering() as webhook:
        assert account.ask("POST", CONFIGURATIONS, configuration(webhook.url))[0] == 201
        made = keeper(
            tmp_path / "tls", ("127.0.0.1",), ("lockgate",), lambda paths: webhook.use(TlsFiles(*paths))
        )

        def ask() -> int:
            value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{next(count)}"}}
            return account.ask("POST", "/api/v1/namespaces/gated/configmaps", value)[0]

        shown, bundles = set(), set()
        for moment_ns in (
            begun_ns,
            # Renewed by the old authority, since a year has passed; then succeeded, and moved to the new one.
            now_ns - 60 * minute_ns,
            due_ns,
            due_ns + PROPAGATION_NS + SECOND_NS,
        ):
            made.step(moment_ns)
            if moment_ns == begun_ns:
                continue
            shown.add((tmp_path / "tls" / "tls.crt").read_bytes())
            bundles.add(webhooks(account)[0]["clientConfig"]["caBundle"])
            # The API server watches its configurations: until it has this one it may not know the first authority.
            end = time.monotonic() + 30
            while ask() != 201:
                assert len(shown) == 1
                assert time.monotonic() < end
            assert [ask() for _ in range(5)] == [201] * 5
        assert len(shown) == 2
        assert len(bundles) == 2
        assert webhook.asked >= 18
