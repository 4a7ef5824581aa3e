"""`lockgate doctor` on a real API server: installations that are broken in one way each, and what is said of it."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lockgate.webhook.certificates.authority import DAY_NS, make_authority
from lockgate.webhook.certificates.tending import tend
from lockgate.webhook.cli import run
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.cluster.secrets import SecretStore
from lockgate.webhook.cluster.webhook_configurations import WebhookConfigurations
from lockgate.webhook.version import VERSION

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.gatekeeper.promotions.making import environment_map, promotion_policy

pytestmark = pytest.mark.e2e

IMAGE = f"registry.example.com/lockgate@sha256:{'7' * 64}"
ACCOUNT = "system:serviceaccount:lockgate-system:lockgate"
CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/lockgate"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
INSIDE = "/api/v1/namespaces/lockgate-system"
DEPLOYMENT = "/apis/apps/v1/namespaces/lockgate-system/deployments/lockgate"
PROMOTIONS = "/apis/promotion.lockgate.dev/v1alpha1"
SECRET = f"{INSIDE}/secrets/lockgate-certificates"
# There is no kubelet, and nobody provisions volumes: this is what a healthy installation says here.
HEALTHY = {
    ("error", "trail", "it is Pending, and not Bound"),
    ("warning", "webhook", "it has no rules: nothing is sent to be judged"),
    ("warning", "policies", "there are none: nothing is judged"),
}

Json = dict[str, Any]
Break = Callable[[Cluster], None]


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: "", "nobody": ""}) as made:
        yield made


def change(cluster: Cluster, path: str, how: Callable[[Json], None]) -> None:
    status, value = cluster.ask("GET", path)
    assert status == 200, value
    how(value)
    status, value = cluster.ask("PUT", path, value)
    assert status == 200, value


def delete(cluster: Cluster, path: str) -> None:
    status, value = cluster.ask("DELETE", path)
    assert status in (200, 202), value


@pytest.fixture
def cluster(
    running: Cluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Cluster]:
    """An installation that is as it should be, as far as there can be one without nodes."""
    monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig()))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert run(["install", "--image", IMAGE, "--mode", "enforce", "--with-gatekeeper-crds"]) == 0
    text = capfd.readouterr().out
    places = (CONFIGURATION.rpartition("/")[0], f"{INSIDE}/secrets", DEPLOYMENT.rpartition("/")[0])
    for place in (*places, f"{PROMOTIONS}/promotionpolicies", f"{PROMOTIONS}/environmentmaps"):
        assert running.ask("DELETE", place)[0] in (200, 404)
    done = kubectl(running, "apply", "-f", "-", given=text)
    assert done.returncode == 0, done.stderr
    end = time.monotonic() + 60
    while not all(map(is_established, running.ask("GET", DEFINITIONS)[1]["items"])):
        assert time.monotonic() < end
        time.sleep(0.1)
    # Of a kind that was defined a moment ago objects can be listed a moment later.
    while {
        running.ask("GET", f"{PROMOTIONS}/{one}")[0] for one in ("promotionpolicies", "environmentmaps")
    } != {200}:
        assert time.monotonic() < end
        time.sleep(0.1)
    keep(time.time_ns())
    # What the controllers would say.
    status = {"availableReplicas": 1, "readyReplicas": 1, "replicas": 1, "updatedReplicas": 1}
    change(
        running,
        f"{DEPLOYMENT}/status",
        lambda value: value.update(status={"observedGeneration": 1, **status}),
    )
    yield running


def is_established(value: Json) -> bool:
    conditions = value.get("status", {}).get("conditions", [])
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def keep(now_ns: int, name: str = "lockgate.lockgate-system.svc") -> None:
    api = open_client()
    store = SecretStore(api, "lockgate-system", "lockgate-certificates")
    tend(store, WebhookConfigurations(api, ("lockgate",)), (name,), now_ns)


def findings(capfd: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[Json]]:
    capfd.readouterr()
    code = run(["doctor", "--format", "json", *options])
    told = capfd.readouterr()
    assert told.err == ""
    found: list[Json] = json.loads(told.out)["findings"]
    return code, found


def news(found: list[Json]) -> set[tuple[str, str, str]]:
    told = {(one["level"], one["check"], one["message"]) for one in found}
    # No Pod answers: it is told, with the API server's own words.
    return {one for one in told if one[1] != "ready"} - HEALTHY


def webhook(name: str, how: Callable[[Json], None]) -> Break:
    def act(value: Json) -> None:
        (one,) = [one for one in value["webhooks"] if one["name"].startswith(name)]
        how(one)

    return lambda cluster: change(cluster, CONFIGURATION, act)


def expire(cluster: Cluster) -> None:
    delete(cluster, SECRET)
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lockgate-certificates"}}
    assert cluster.ask("POST", f"{INSIDE}/secrets", made)[0] == 201
    keep(time.time_ns() - 80 * DAY_NS)


def foreign(cluster: Cluster) -> None:
    def act(value: Json) -> None:
        for one in value["webhooks"]:
            there = base64.b64decode(one["clientConfig"]["caBundle"]).decode()
            more = make_authority(time.time_ns()).pair.certificate
            one["clientConfig"]["caBundle"] = base64.b64encode((there + more).encode()).decode()

    change(cluster, CONFIGURATION, act)


def lose(cluster: Cluster) -> None:
    """The Secret is lost and made anew, and the API server has not been told."""
    change(cluster, SECRET, lambda value: value.pop("data"))
    api = open_client()
    from lockgate.webhook.certificates.tending import ByHand

    store = SecretStore(api, "lockgate-system", "lockgate-certificates")
    tend(store, ByHand(), ("lockgate.lockgate-system.svc",), time.time_ns())


def rename(cluster: Cluster) -> None:
    keep(time.time_ns(), "other.lockgate-system.svc")


def exclude(cluster: Cluster) -> None:
    def act(value: Json) -> None:
        value["spec"]["template"]["spec"]["containers"][0]["args"].append("--exclude-namespace=prod")

    change(cluster, DEPLOYMENT, act)


def argument(old: str, new: str | None) -> Break:
    def act(value: Json) -> None:
        container = value["spec"]["template"]["spec"]["containers"][0]
        container["args"] = [
            one if not one.startswith(old) else new
            for one in container["args"]
            if new or not one.startswith(old)
        ]

    return lambda cluster: change(cluster, DEPLOYMENT, act)


def annotate(name: str, value: str) -> Break:
    return lambda cluster: change(
        cluster, DEPLOYMENT, lambda found: found["metadata"]["annotations"].update({name: value})
    )


def replicas(count: int) -> Break:
    return lambda cluster: change(cluster, DEPLOYMENT, lambda found: found["spec"].update(replicas=count))


def values(add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> Break:
    def act(one: Json) -> None:
        term = one["namespaceSelector"]["matchExpressions"][0]
        term["values"] = [*[name for name in term["values"] if name not in remove], *add]

    return webhook("validation", act)


def role(resource: str) -> Break:
    def act(value: Json) -> None:
        value["rules"] = [one for one in value["rules"] if resource not in one["resources"]]

    return lambda cluster: change(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterroles/lockgate", act)


def undefine(cluster: Cluster) -> None:
    place = f"{DEFINITIONS}/exemptions.exemptions.lockgate.dev"
    delete(cluster, place)
    end = time.monotonic() + 60
    # The API server takes its objects away first.
    while cluster.ask("GET", place)[0] != 404:
        assert time.monotonic() < end
        time.sleep(0.1)


def install_gatekeeper(cluster: Cluster) -> None:
    name = "gatekeeper-validating-webhook-configuration"
    value = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
    }
    assert cluster.ask("POST", CONFIGURATION.rpartition("/")[0], value)[0] == 201


def past_the_webhook(*objects: Json) -> Break:
    """Nobody answers at the webhook here: it is away for a moment."""

    def act(cluster: Cluster) -> None:
        configuration = cluster.ask("GET", CONFIGURATION)[1]
        delete(cluster, CONFIGURATION)
        for value in objects:
            place = f"{PROMOTIONS}/{value['kind'].lower()}s".replace("policys", "policies")
            assert cluster.ask("POST", place, value)[0] == 201
            if "status" in value:
                change(
                    cluster,
                    f"{place}/{value['metadata']['name']}/status",
                    lambda found, value=value: found.update(status=value["status"]),  # type: ignore[misc]
                )
        kept = {name: configuration["metadata"][name] for name in ("name", "labels", "annotations")}
        again = {**configuration, "metadata": kept}
        assert cluster.ask("POST", CONFIGURATION.rpartition("/")[0], again)[0] == 201

    return act


NOWHERE = promotion_policy({"to": "nowhere", "soakTime": "1h"})
NOT_IN_FORCE = {
    "created": False,
    "byPod": [{"id": "lockgate", "errors": [{"location": "spec.steps[0].to", "message": "it is nowhere"}]}],
}
DEV, PROD = {"name": "dev", "namespaces": ["*"]}, {"name": "prod", "clusters": ["prod-eu"]}

ERROR, WARNING = "error", "warning"
EXPIRES = "the certificate expires in 10 days, and was to be renewed before"
TRUSTS_MORE = "its caBundle trusts authorities that are not Lockgate's"
NOT_VERIFIED = "its caBundle does not verify the certificate that the server shows: every call fails"
CASES: list[tuple[str, Break, set[tuple[str, str, str]]]] = [
    ("healthy", lambda cluster: None, set()),
    (
        "no configuration",
        lambda cluster: delete(cluster, CONFIGURATION),
        {(ERROR, "webhook", "it is not there: nothing is judged")},
    ),
    (
        "a webhook is gone",
        lambda cluster: change(cluster, CONFIGURATION, lambda value: value["webhooks"].pop()),
        {(ERROR, "webhook", "it is not there")},
    ),
    (
        "it lets pass what it could not judge",
        webhook("validation", lambda one: one.update(failurePolicy="Ignore")),
        {(ERROR, "failure-policy", "its failurePolicy is Ignore, in mode enforce: what could not be judged passes")},
    ),
    (
        "more namespaces are left out",
        values(add=("prod", "dev")),
        {(ERROR, "exclusions", "it leaves out dev, prod as well: nothing in there is judged")},
    ),
    (
        "its own namespace is gated",
        values(remove=("lockgate-system",)),
        {(ERROR, "deadlock", "it does not leave out lockgate-system: once Lockgate is down, it could not be started again")},
    ),
    (
        "kube-system is gated",
        values(remove=("kube-system",)),
        {
            (
                ERROR,
                "deadlock",
                "it does not leave out kube-system: a cluster could not start without Lockgate, nor Lockgate without the cluster",
            )
        },
    ),
    (
        "namespaces are selected by a label of anybody's",
        webhook(
            "validation",
            lambda one: one["namespaceSelector"]["matchExpressions"].append({"key": "skip", "operator": "DoesNotExist"}),
        ),
        {(ERROR, "exclusions", "it selects namespaces by skip, which whoever may label one can change")},
    ),
    (
        "objects are selected by their labels",
        webhook("validation", lambda one: one.update(objectSelector={"matchLabels": {"judge": "yes"}})),
        {(ERROR, "exclusions", "its objectSelector leaves out what whoever makes an object chooses by its labels")},
    ),
    (
        "a condition leaves a user out",
        webhook(
            "validation",
            lambda one: one["matchConditions"].append({"name": "me", "expression": "request.userInfo.username != 'me'"}),
        ),
        {(WARNING, "exclusions", "its match condition me is not Lockgate's, and leaves requests out")},
    ),
    (
        "a condition is gone",
        webhook("validation", lambda one: one["matchConditions"].pop()),
        {(WARNING, "webhook", "a match condition is gone: what every node writes all the time is sent too")},
    ),
    (
        "exact versions only",
        webhook("validation", lambda one: one.update(matchPolicy="Exact")),
        {(WARNING, "webhook", "its matchPolicy is Exact, and not Equivalent")},
    ),
    (
        "it calls somebody else",
        webhook("policies", lambda one: one["clientConfig"]["service"].update(name="other")),
        {(ERROR, "webhook", "it calls Service lockgate-system/other/v1/admit, and not Service lockgate-system/lockgate")},
    ),
    (
        "no bundle",
        webhook("policies", lambda one: one["clientConfig"].pop("caBundle")),
        {(ERROR, "ca-bundle", "it has no caBundle: no call will be made")},
    ),
    ("the certificates were lost and made anew", lose, {(ERROR, "ca-bundle", NOT_VERIFIED)}),
    ("a foreign authority is trusted", foreign, {(WARNING, "ca-bundle", TRUSTS_MORE)}),
    ("a certificate that nobody renewed", expire, {(WARNING, "certificates", EXPIRES)}),
    (
        "a certificate for another name",
        rename,
        {
            (
                ERROR,
                "certificates",
                "the certificate is for other.lockgate-system.svc, and the API server calls lockgate.lockgate-system.svc",
            )
        },
    ),
    (
        "no Secret of certificates",
        lambda cluster: delete(cluster, SECRET),
        {(ERROR, "certificates", "it is not there")},
    ),
    (
        "an empty Secret",
        lambda cluster: change(cluster, SECRET, lambda value: value.pop("data")),
        {(ERROR, "certificates", "there is no certificate in it yet")},
    ),
    (
        "rubbish in the Secret",
        lambda cluster: change(cluster, SECRET, lambda value: value["data"].update({"state.json": "e30="})),
        {
            (
                ERROR,
                "certificates",
                "Secret lockgate-system/lockgate-certificates holds no certificates of Lockgate, version 1",
            )
        },
    ),
    (
        "a right is gone",
        role("namespaces"),
        {
            (ERROR, "rights", f"it may not {verb} namespaces (for: labels that policies select by)")
            for verb in ("get", "list", "watch")
        },
    ),
    (
        "no Deployment",
        lambda cluster: delete(cluster, DEPLOYMENT),
        # What it was installed with is not known any more: as usual, which is to observe.
        {
            (ERROR, "workload", "it is not there"),
            (
                WARNING,
                "failure-policy",
                "its failurePolicy is Fail, in mode observe: requests fail while nobody answers, though nothing is to be denied",
            ),
        },
    ),
    ("no replicas", replicas(0), {(ERROR, "workload", "it has no replicas")}),
    (
        "two replicas on SQLite",
        replicas(2),
        {
            (ERROR, "workload", "it has 2 replicas, and SQLite has one writer"),
            (WARNING, "workload", "1 of 2 replicas are available"),
        },
    ),
    (
        "another version",
        annotate("lockgate.dev/version", "0.0.9"),
        {(WARNING, "workload", f"it was installed by Lockgate 0.0.9, and this is {VERSION}")},
    ),
    (
        "nothing is recorded",
        argument("--trail", None),
        {(ERROR, "trail", "the server has no --trail: nothing is recorded")},
    ),
    (
        "the server only observes",
        argument("--mode", "--mode=observe"),
        {(ERROR, "mode", "the server does not run with --mode=enforce")},
    ),
    (
        "the server leaves out more",
        exclude,
        {(ERROR, "exclusions", "the server leaves out prod as well")},
    ),
    ("Gatekeeper beside", install_gatekeeper, {(ERROR, "gatekeeper", "Gatekeeper runs here too, and both make the definitions of constraints")}),
    (
        "the database's namespace is gated",
        annotate(
            "lockgate.dev/install-options",
            f"--image={IMAGE} --mode=enforce --replicas=1 --database=postgres --database-namespace=pg",
        ),
        {
            (ERROR, "deadlock", "it does not leave out pg: once the database is down, it could not be started again"),
            (ERROR, "trail", "it is not there"),
        },
    ),
    (
        "promotions may not be read",
        role("promotionpolicies"),
        {
            (ERROR, "rights", f"it may not {verb} promotionpolicies, environmentmaps.promotion.lockgate.dev (for: promotions)")
            for verb in ("get", "list", "watch")
        },
    ),
    (
        "a promotion policy without a map",
        past_the_webhook(promotion_policy({"to": "prod", "soakTime": "1h"})),
        {(WARNING, "promotions", "there is none, and without it the environment of everything is unknown")},
    ),
    (
        "a promotion policy that is not in force, and another cluster's map",
        past_the_webhook({**NOWHERE, "status": NOT_IN_FORCE}, environment_map(DEV, PROD)),
        {
            (ERROR, "promotions", "it is not in force: spec.steps[0].to: it is nowhere"),
            (ERROR, "promotions", "no environment has the cluster cluster, so that the environment of everything in it is unknown"),
        },
    ),
    (
        "a definition is gone",
        undefine,
        {(ERROR, "definitions", "it is not there")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "act", "expected"), CASES, ids=[one[0] for one in CASES])
def test_what_is_broken_is_told(
    name: str,
    act: Break,
    expected: set[tuple[str, str, str]],
    cluster: Cluster,
    capfd: pytest.CaptureFixture[str],
) -> None:
    act(cluster)
    code, found = findings(capfd)
    assert news(found) == expected
    assert code == 1
    # Each says what to do.
    assert all(one["where"] and one["fix"] for one in found), found


def test_what_doctor_says_mends_it(cluster: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    values(add=("prod",))(cluster)
    _, found = findings(capfd)
    (fix,) = {one["fix"] for one in found if one["check"] == "exclusions"}
    command, pipe, rest = fix.partition(" | ")
    assert (pipe, rest) == (" | ", "kubectl apply -f -")
    assert run(command.split()[1:]) == 0
    done = kubectl(cluster, "apply", "-f", "-", given=capfd.readouterr().out)
    assert done.returncode == 0, done.stderr
    assert news(findings(capfd)[1]) == set()


def test_whoever_may_not_look_is_told_so(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, found = findings(capfd, "--kubeconfig", str(cluster.kubeconfig("nobody")))
    assert code == 2
    unknown = [one for one in found if one["level"] == "unknown"]
    assert {"webhook", "workload", "certificates", "definitions"} <= {one["check"] for one in unknown}


def test_the_server_itself_asks_what_it_may_do(cluster: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    role("namespaces")(cluster)
    # A colon ends a path of a kubeconfig.
    kubeconfig = cluster.folder / "account.kubeconfig"
    kubeconfig.write_text(cluster.kubeconfig(ACCOUNT).read_text())
    _, found = findings(capfd, "--kubeconfig", str(kubeconfig))
    assert len([one for one in found if one["check"] == "rights"]) == 3


def test_an_api_server_that_is_not_there_is_told(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    gone = cluster.folder / "gone.kubeconfig"
    gone.write_text(cluster.kubeconfig().read_text().replace(cluster.url, "https://127.0.0.1:9"))
    assert run(["doctor", "--kubeconfig", str(gone)]) == 2
    told = capfd.readouterr()
    assert "does not answer" in told.err
    assert "Traceback" not in told.err
    assert run(["doctor", "--kubeconfig", str(cluster.folder / "absent")]) == 2
    assert "there is no access to a cluster" in capfd.readouterr().err
