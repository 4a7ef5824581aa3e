"""What `lockgate install` prints: the same each time, as it is kept, judged by our own baseline, and for each choice."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.gatekeeper.target import review_request
from lockgate.gatekeeper.webhook_scope import load_scopes
from lockgate.webhook.cli import run
from lockgate.webhook.install.rights import rights
from lockgate.webhook.install.settings import InstallSettings
from lockgate.webhook.serving.policy_reports import GROUP as REPORTS

from tests.webhook.helpers import make_document
from tests.webhook.serving.builders import as_value

IMAGE = f"registry.example.com/lockgate@sha256:{'7' * 64}"
GOLDEN = Path(__file__).parent / "golden"
POLICIES = str(Path(__file__).parents[3] / "policies")
VARIANTS = {
    "sqlite": ("--with-gatekeeper-crds",),
    "postgres": (
        "--mode=enforce",
        "--database=postgres",
        "--database-namespace=databases",
        "--exclude-namespace=backup",
        "--api-server=10.1.0.0/24",
        "--api-server=10.2.0.5",
        "--certificates=cert-manager",
        "--beside-gatekeeper",
        "--with=monitoring",
        "--sweep-interval=300",
        "--client-name=kube-apiserver",
        "--with=external-data",
        "--with=gatekeeper-providers",
        "--with=promotions",
        "--with=raised-namespaces",
        "--provider-port=8090",
        "--node-agent=system:serviceaccount:karpenter:karpenter",
        "--guarded-label=example.com/tier",
        "--cluster-name=prod-eu",
    ),
}

Json = dict[str, Any]


def printed(capfd: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["install", "--image", IMAGE, *options]) == 0
    return capfd.readouterr().out


def objects(text: str) -> list[Json]:
    return list(yaml.safe_load_all(text))


def only(found: Sequence[Json], kind: str, name: str = "lockgate") -> Json:
    (one,) = [one for one in found if one["kind"] == kind and one["metadata"]["name"] == name]
    return one


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_printed_as_it_is_kept(variant: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = printed(capfd, *VARIANTS[variant])
    assert text == printed(capfd, *VARIANTS[variant])
    # Made by `lockgate install` with these options; look at what changes before it is committed.
    assert text == (GOLDEN / f"{variant}.yaml").read_text()


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_passes_our_own_baseline(
    variant: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "all.yaml").write_text(printed(capfd, *VARIANTS[variant]))
    monkeypatch.chdir(tmp_path)
    assert run(["check", "--fail-on", "warn", "--format", "json", "all.yaml"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["violations"] == []
    summary = told["summary"]
    assert (summary["denied"], summary["errors"], summary["skipped"]) == (0, 0, 0)


def test_a_folder_is_a_base_for_kustomize(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = printed(capfd, "--with-gatekeeper-crds")
    assert printed(capfd, "--with-gatekeeper-crds", "--output", str(tmp_path / "base")) == ""
    listed = yaml.safe_load((tmp_path / "base" / "kustomization.yaml").read_text())["resources"]
    assert {one.name for one in (tmp_path / "base").iterdir()} == {*listed, "kustomization.yaml"}
    found = [one for name in listed for one in objects((tmp_path / "base" / name).read_text())]
    assert found == objects(text)


def test_nothing_runs_with_more_than_it_needs(capfd: pytest.CaptureFixture[str]) -> None:
    for options in VARIANTS.values():
        spec = only(objects(printed(capfd, *options)), "Deployment")["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in (*spec["containers"], *spec["initContainers"]):
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"]
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert not context["allowPrivilegeEscalation"]
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"]["cpu"]


def test_sqlite_has_one_writer_and_postgresql_many(capfd: pytest.CaptureFixture[str]) -> None:
    one = objects(printed(capfd))
    assert only(one, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert only(one, "Deployment")["spec"]["replicas"] == 1
    assert only(one, "PersistentVolumeClaim", "lockgate-trail")
    many = objects(printed(capfd, "--database", "postgres"))
    assert only(many, "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert only(many, "Deployment")["spec"]["replicas"] == 3
    assert [found for found in many if found["kind"] == "PersistentVolumeClaim"] == []


def test_observing_denies_nothing_by_being_away_and_enforcing_lets_nothing_pass(
    capfd: pytest.CaptureFixture[str],
) -> None:
    for mode, policy in (("observe", "Ignore"), ("enforce", "Fail")):
        found = objects(printed(capfd, "--mode", mode))
        webhooks = only(found, "ValidatingWebhookConfiguration")["webhooks"]
        assert {one["failurePolicy"] for one in webhooks} == {policy}
        assert (
            f"--mode={mode}" in only(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
        )
        assert {one["sideEffects"] for one in webhooks} == {"NoneOnDryRun"}
        assert {one["matchPolicy"] for one in webhooks} == {"Equivalent"}


def test_namespaces_are_enforced_one_by_one_while_the_others_are_observed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    options = ("--enforce-namespace", "shop", "--enforce-namespace", "bank", "-p", POLICIES)
    found = objects(printed(capfd, *options))
    configuration = only(found, "ValidatingWebhookConfiguration")
    policies = {one["name"]: one["failurePolicy"] for one in configuration["webhooks"]}
    assert policies == {
        "validation.lockgate.dev": "Ignore",
        "policies.lockgate.dev": "Ignore",
        "namespaces.lockgate.dev": "Ignore",
        "nodes.lockgate.dev": "Ignore",
        "enforcement.lockgate.dev": "Fail",
        "enforced-namespaces.lockgate.dev": "Fail",
    }
    arguments = only(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--mode=observe", "--enforce-namespace=bank", "--enforce-namespace=shop"} <= set(arguments)
    scopes = load_scopes([make_document(as_value(configuration))])

    def sent(kind: str, namespace: str) -> list[str]:
        """The webhooks that an object is sent to."""
        group = "rbac.authorization.k8s.io" if kind == "ClusterRole" else ""
        inside = namespace if kind != "Namespace" else ""
        name = namespace if kind == "Namespace" else "x"
        placed = {"namespace": inside} if inside else {}
        labels = {"kubernetes.io/metadata.name": namespace}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
        value = {
            "apiVersion": f"{group}/v1".removeprefix("/"),
            "kind": kind,
            "metadata": {"name": name, **placed},
        }
        request = {
            "kind": {"group": group, "version": "v1", "kind": kind},
            "resource": {"group": group, "version": "v1", "resource": f"{kind.lower()}s"},
            "operation": "CREATE",
            "name": name,
            **({"namespace": namespace} if kind != "ClusterRole" else {}),
            "userInfo": {"username": "alice"},
            "object": value if kind != "Namespace" else space,
        }
        review = review_request(
            as_value(request), as_value(space) if inside else None, "Namespaced" if inside else "Cluster"
        )
        namespace_value = as_value(space) if kind != "ClusterRole" else None
        return [one.name for one in scopes.webhooks if one.unseen(review, namespace_value) == ""]

    # Each request is sent once.
    assert sent("Pod", "shop") == ["enforcement.lockgate.dev"]
    assert sent("Pod", "other") == ["validation.lockgate.dev"]
    assert sent("Pod", "kube-system") == []


@pytest.mark.parametrize(
    "options",
    [
        ("--mode", "enforce", "--enforce-namespace", "shop"),
        ("--enforce-namespace", "kube-system"),
        ("--enforce-namespace", "backup", "--exclude-namespace", "backup"),
        ("--enforce-namespace", "No_Name"),
        ("--namespace-editor", "-x"),
        ("--provider-port", "0"),
        ("--provider-port", "65536"),
        ("--client-name", ""),
    ],
)
def test_what_does_not_fit_together(options: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["install", "--image", IMAGE, *options]) == 2


def test_only_names_of_namespaces_leave_objects_out(capfd: pytest.CaptureFixture[str]) -> None:
    found = objects(
        printed(
            capfd, "--database", "postgres", "--database-namespace", "pg", "--exclude-namespace", "backup"
        )
    )
    webhooks = {one["name"]: one for one in only(found, "ValidatingWebhookConfiguration")["webhooks"]}
    assert all("objectSelector" not in one for one in webhooks.values())
    (term,) = webhooks["validation.lockgate.dev"]["namespaceSelector"]["matchExpressions"]
    assert term == {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["backup", "kube-system", "lockgate-system", "pg"],
    }
    assert "namespaceSelector" not in webhooks["policies.lockgate.dev"]
    arguments = only(found, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
    for name in term["values"]:
        assert f"--exclude-namespace={name}" in arguments
    assert "username" not in webhooks["validation.lockgate.dev"]["matchConditions"][0]["expression"]


def test_check_reads_the_webhook_that_policies_are_judged_by(capfd: pytest.CaptureFixture[str]) -> None:
    found = only(objects(printed(capfd, "-p", POLICIES)), "ValidatingWebhookConfiguration")
    scope, nodes = load_scopes([make_document(found)]).webhooks
    assert (scope.name, nodes.name) == ("validation.lockgate.dev", "nodes.lockgate.dev")
    # None of these policies is about nodes.
    assert nodes.rules == ()
    groups = {group for rule in scope.rules for group in rule.groups}
    assert {"", "apps", "batch"} <= groups


def test_without_policies_the_server_says_what_is_sent(capfd: pytest.CaptureFixture[str]) -> None:
    found = only(objects(printed(capfd)), "ValidatingWebhookConfiguration")
    assert "rules" not in found["webhooks"][0]
    # To apply it again takes away nothing that the server wrote.
    assert all("caBundle" not in one["clientConfig"] for one in found["webhooks"])


def test_the_database_and_the_api_server_are_all_that_is_let_through(
    capfd: pytest.CaptureFixture[str],
) -> None:
    options = [one for one in VARIANTS["postgres"] if "provider" not in one]
    spec = only(objects(printed(capfd, *options)), "NetworkPolicy")["spec"]
    assert len(spec["ingress"]) == 2
    blocks = [one["ipBlock"]["cidr"] for one in spec["ingress"][0]["from"]]
    assert blocks == ["10.1.0.0/24", "10.2.0.5/32"]
    ports = {port["port"] for rule in spec["egress"] for port in rule["ports"]}
    assert ports == {53, 443, 6443, 5432}
    # What a provider needs, and Gatekeeper, is added where it is asked for.
    spec = only(objects(printed(capfd, *VARIANTS["postgres"])), "NetworkPolicy")["spec"]
    (asking,) = [one for one in spec["ingress"] if "namespaceSelector" in one.get("from", [{}])[0]]
    assert asking["ports"] == [{"port": 8443, "protocol": "TCP"}]
    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {*ports, 8090}


def test_rights_are_named_and_have_a_reason() -> None:
    for beside in (True, False):
        table = rights(InstallSettings(IMAGE, beside_gatekeeper=beside))
        for one in table:
            assert "*" not in one.verbs
            assert one.group != "*"
            assert one.reason
            # Whoever may write something that is not its own kind may do so by name only, but for reports of the sweep.
            if one.group == REPORTS:
                continue
            writes = set(one.verbs) & {"create", "update", "patch", "delete"}
            assert not writes or one.names or one.resources[0].endswith("/status") or not beside
        secrets = [one for one in table if "secrets" in one.resources]
        assert [one.where for one in secrets] == ["namespace"]
    for settings in (InstallSettings(IMAGE, beside_gatekeeper=True), InstallSettings(IMAGE, sweep_s=0)):
        creating = {one.group for one in rights(settings) if "create" in one.verbs}
        assert creating == ({REPORTS} if settings.sweep_s else {"apiextensions.k8s.io"})


def test_the_sweep_lists_and_reads_no_more() -> None:
    without = rights(InstallSettings(IMAGE, sweep_s=0))
    added = [one for one in rights(InstallSettings(IMAGE)) if one not in without]
    assert {one.verbs for one in added if one.group != REPORTS} == {("list", "watch")}
    assert {one.where for one in added} == {"cluster"}
    core = {name for one in added if one.group == "" for name in one.resources}
    assert not core & {"*", "secrets", "configmaps", "nodes"}
    # What runs in Namespaces that rise is listed too, and reported on by nobody.
    raised = rights(InstallSettings(IMAGE, sweep_s=0, judges_raised=True))
    assert {one for one in added if one.group != REPORTS} == {one for one in raised if one not in without}


BAD = [
    (("--image", "Ünsinn"), "is no image"),
    (("--replicas", "2"), "SQLite has one writer"),
    (("--replicas", "0"), "0 replicas"),
    (("--namespace", "Big"), "is no name of a namespace"),
    (("--exclude-namespace", "a.b"), "is no name of a namespace"),
    (("--database-namespace", "pg"), "is for PostgreSQL"),
    (("--with", "promotions"), "nobody could record a promotion beside it"),
    (("--with", "raised-namespaces", "--database=postgres"), "no Namespace has an environment"),
    (("--api-server", "10.1.0.0/99"), "is no range of addresses"),
    (("--storage", "many"), "is no size"),
    (("--sweep-interval", "3601"), "a sweep every 3601 seconds"),
    (("--sweep-interval", "-1"), "a sweep every -1 seconds"),
    (("--print", "--output", "x"), "--print and --output"),
    (("--beside-gatekeeper", "--with-gatekeeper-crds"), "Gatekeeper has its definitions already"),
    (("-p", "nowhere"), "nowhere"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_what_does_not_fit_together_is_refused(
    options: tuple[str, ...], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["install", "--image", IMAGE, *options]) == 2
    told = capfd.readouterr()
    assert message in told.err
    assert told.out == ""


TOKEN = "0123456789abcdef01234567"


def test_a_token_is_in_the_webhooks_paths_and_in_a_secret_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    options = (
        "--token-file",
        str(tmp_path / "token"),
        "--api-server",
        "10.0.0.1",
        "--enforce-namespace",
        "shop",
    )
    text = printed(capfd, *options)
    found = objects(text)
    webhooks = only(found, "ValidatingWebhookConfiguration")["webhooks"]
    paths = {one["clientConfig"]["service"]["path"] for one in webhooks}
    assert paths == {f"/v1/admit/{TOKEN}", f"/v1/admitlabel/{TOKEN}"}
    deployment = only(found, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert "--token-file=/mnt/token/token" in pod["containers"][0]["args"]
    assert {"name": "token", "secret": {"secretName": "lockgate-token", "defaultMode": 0o440}} in pod[
        "volumes"
    ]
    # Whoever may read Deployments does not have it.
    assert text.count(TOKEN) == len(webhooks)
    assert "--token-file=token" in deployment["metadata"]["annotations"]["lockgate.dev/install-options"]
    (ingress, _) = only(found, "NetworkPolicy")["spec"]["ingress"]
    assert ingress["from"] == [{"ipBlock": {"cidr": "10.0.0.1/32"}}]


def test_a_token_is_for_use_with_a_network_policy(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "short").write_text("secret")
    assert run(["install", "--image", IMAGE, "--token-file", str(tmp_path / "token")]) == 2
    assert "--api-server" in capfd.readouterr().err
    named = ["install", "--image", IMAGE, "--api-server", "10.0.0.1", "--token-file"]
    assert run([*named, str(tmp_path / "short")]) == 2
    assert "is not 24 or more letters" in capfd.readouterr().err
    assert run([*named, str(tmp_path / "none")]) == 2
    assert "cannot read the token" in capfd.readouterr().err


def test_memory_and_workers(capfd: pytest.CaptureFixture[str]) -> None:
    def server(*options: str) -> Json:
        pod = only(objects(printed(capfd, *options)), "Deployment")["spec"]["template"]["spec"]
        made: Json = pod["containers"][0]
        return made

    usual = server()
    assert usual["resources"]["limits"] == {"memory": "1Gi"}
    assert not [one for one in usual["args"] if one.startswith("--workers")]
    large = server("--memory", "4Gi", "--workers", "6")
    assert (large["resources"]["limits"], "--workers=6" in large["args"]) == ({"memory": "4Gi"}, True)
    for wrong in (
        ("--memory", "1G"),
        ("--memory", "100Mi"),
        ("--workers", "65"),
        ("--workers", "-1"),
        ("--cluster-name", "a b"),
    ):
        assert run(["install", "--image", IMAGE, *wrong]) == 2
