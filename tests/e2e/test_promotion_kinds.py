"""PromotionPolicies and the EnvironmentMap on a real API server: `kubectl apply` is told what is wrong, and their status whether they are in force."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.serving_cluster import ACCOUNT, apply_values, install, serving_cluster, until
from tests.gatekeeper.promotions.making import environment_map, promotion_policy
from tests.webhook.serving.server_processes import Server

pytestmark = pytest.mark.e2e

Json = dict[str, Any]

GROUP = "/apis/promotion.lockgate.dev/v1alpha1"
POLICIES = f"{GROUP}/promotionpolicies"
MAP = f"{GROUP}/environmentmaps/cluster"
DENIED = 'Error from server: admission webhook "policies.lockgate.dev" denied the request: '
PROD: Json = {
    "to": "prod",
    "evidence": [
        {"kind": "facts"},
        {"kind": "drift", "maxAge": "30d", "maximumShare": 0.3},
        {"kind": "evaluation", "metric": "auc", "minimum": 0.91},
    ],
    "approvals": [{"group": "ml-leads", "count": 2}],
    "soakTime": "24h",
}
# Before there was anybody to refuse it.
EARLIER = {**promotion_policy({"to": "nowhere", "soakTime": "1h"}), "metadata": {"name": "earlier"}}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: ""}) as made:
        yield made


@pytest.fixture(scope="module")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    install(cluster)
    until(lambda: apply_values(cluster, EARLIER)[0] == 0, lambda: apply_values(cluster, EARLIER))
    with serving_cluster(cluster, tmp_path_factory.mktemp("serve")) as made:
        yield made


def told(cluster: Cluster, name: str) -> Json:
    """The status that it has."""
    found: Json = cluster.ask("GET", f"{POLICIES}/{name}")[1].get("status") or {}
    return found


def test_what_is_applied_is_told_to_be_in_force(cluster: Cluster, server: Server) -> None:
    value = promotion_policy(PROD)
    done = kubectl(cluster, "apply", "-f", "-", given=json.dumps(value))
    assert (done.returncode, done.stdout) == (
        0,
        "promotionpolicy.promotion.lockgate.dev/models created\n",
    ), done.stderr
    # Nothing was dropped of it.
    assert cluster.ask("GET", f"{POLICIES}/models")[1]["spec"] == value["spec"]
    until(lambda: told(cluster, "models").get("created") is True, lambda: server.log.read_text()[-3000:])
    entry = {"id": "lockgate", "operations": ["webhook"], "observedGeneration": 1}
    assert told(cluster, "models") == {"created": True, "byPod": [entry]}
    shown = kubectl(cluster, "get", "promotionpolicy", "models").stdout.split()
    assert shown[:4] == ["NAME", "IN-FORCE", "ENVIRONMENTS", "AGE"]
    assert shown[4:7] == ["models", "true", '["dev","staging","prod"]']
    # The status is of what is there now.
    assert apply_values(cluster, promotion_policy({**PROD, "soakTime": "48h"})) == (0, "")
    until(lambda: told(cluster, "models")["byPod"][0]["observedGeneration"] == 2)


MISSPELT = "spec.steps[0].soakTmie: unknown field spec.steps[0].soakTmie (known are approvals, blockedWhileUnhealthy, deviceHealth, evidence, separationOfDuties, soakTime, to)"
NO_AGE = "spec.steps[0].evidence[0]: spec.steps[0].evidence[0] does not say how old a report on drift may be (set maxAge, such as 30d)"
NOWHERE = (
    "spec.steps[0].to: spec.steps[0].to is 'production', none of spec.environments (one of staging, prod)"
)
# By its definition, before Lockgate is asked.
BY_DEFINITION = 'The PromotionPolicy "refused" is invalid: spec.steps[0].evidence[0].kind: Unsupported value: "hope": supported values: "facts", "signature", "evaluation", "drift", "provenance", "tests"'


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({**PROD, "to": "production"}, f"{DENIED}{NOWHERE}"),
        ({**PROD, "soakTmie": "24h"}, f"{DENIED}{MISSPELT}"),
        ({**PROD, "evidence": [{"kind": "drift"}]}, f"{DENIED}{NO_AGE}"),
        ({**PROD, "evidence": [{"kind": "hope"}]}, BY_DEFINITION),
    ],
    ids=["environment", "misspelt", "age", "evidence"],
)
def test_a_malformed_one_is_refused_in_these_words(
    step: Json, said: str, cluster: Cluster, server: Server
) -> None:
    value = {**promotion_policy(step), "metadata": {"name": "refused"}}
    code, found = apply_values(cluster, value)
    assert (code, found) == (1, f"{said}\n")
    assert cluster.ask("GET", f"{POLICIES}/refused")[0] == 404


def test_a_malformed_one_that_was_there_before_says_so_and_can_be_mended(
    cluster: Cluster, server: Server
) -> None:
    until(lambda: told(cluster, "earlier").get("created") is False, lambda: told(cluster, "earlier"))
    (entry,) = told(cluster, "earlier")["byPod"]
    assert entry["errors"] == [
        {
            "code": "ingest_error",
            "location": "spec.steps[0].to",
            "message": "spec.steps[0].to is 'nowhere', none of spec.environments (one of staging, prod)",
        }
    ]
    mended = {**promotion_policy(PROD), "metadata": {"name": "earlier"}}
    assert apply_values(cluster, mended) == (0, "")
    until(lambda: told(cluster, "earlier").get("created") is True, lambda: told(cluster, "earlier"))
    assert "errors" not in told(cluster, "earlier")["byPod"][0]


DEV: Json = {"name": "dev", "namespaces": ["*"]}
STAGING: Json = {"name": "staging", "namespaces": ["*-staging"]}
PRODUCTION: Json = {"name": "prod", "clusters": ["prod-*"], "namespaces": ["prod"]}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            environment_map(DEV, PRODUCTION, name="mine"),
            "metadata.name: the EnvironmentMap is named 'mine', and there is one, which is named 'cluster' (name it cluster)",
        ),
        (
            environment_map(DEV, {**PRODUCTION, "namespaces": ["prod", "Prod"]}),
            "spec.environments[1].namespaces[1]: 'Prod' is no name of a namespace (lower-case letters, digits and '-', and * in it)",
        ),
        (
            environment_map(DEV, {**PRODUCTION, "namespace": ["prod"]}),
            "spec.environments[1].namespace: unknown field spec.environments[1].namespace (known are clusters, name, namespaces)",
        ),
    ],
    ids=["name", "namespace", "misspelt"],
)
def test_a_malformed_map_is_refused_in_these_words(
    value: Json, said: str, cluster: Cluster, server: Server
) -> None:
    assert apply_values(cluster, value) == (1, f"{DENIED}{said}\n")


def test_a_map_is_in_force_and_a_policy_in_another_order_is_not(cluster: Cluster, server: Server) -> None:
    backwards = promotion_policy({"to": "dev", "soakTime": "1h"}, environments=["prod", "dev"])
    backwards["metadata"] = {"name": "backwards"}
    value = environment_map(DEV, STAGING, PRODUCTION)
    assert apply_values(cluster, value, backwards) == (0, "")
    until(lambda: (cluster.ask("GET", MAP)[1].get("status") or {}).get("created") is True)
    assert cluster.ask("GET", MAP)[1]["spec"] == value["spec"]
    shown = kubectl(cluster, "get", "environmentmaps").stdout.split()
    assert shown[:5] == ["NAME", "IN-FORCE", "AGE", "cluster", "true"]
    until(lambda: told(cluster, "backwards").get("created") is False, lambda: told(cluster, "backwards"))
    (error,) = told(cluster, "backwards")["byPod"][0]["errors"]
    assert error == {
        "code": "ingest_error",
        "location": "spec.environments[1]",
        "message": "spec.environments has prod below dev, and the EnvironmentMap has it above (write them in the same order)",
    }
    # The map decides, so that who may raise a Namespace is asked too.
    label = {"lockgate.dev/environment": "prod"}
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "raised", "labels": label}}
    may = ["clusterrolebinding", "alice", "--clusterrole=cluster-admin", "--user=alice"]
    assert kubectl(cluster, "create", *may).returncode == 0
    refused = kubectl(cluster, "create", "--as=alice", "-f", "-", given=json.dumps(space))
    assert "lockgate.dev/environment (none → 'prod')" in refused.stderr, refused.stderr
    assert kubectl(cluster, "delete", "environmentmap", "cluster").returncode == 0
    until(lambda: told(cluster, "backwards").get("created") is True, lambda: told(cluster, "backwards"))
