"""Definitions of constraints and the status of what decides, on a real API server: without Gatekeeper and beside it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.webhook.install.definitions import own_definitions
from lockgate.webhook.serving.unsent_kinds import unsent_of

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.gatekeeper import chart_definitions, running_gatekeeper
from tests.e2e.live_cluster import live_beside
from tests.e2e.test_cluster_source import POD, apply, apply_in_one_go, define, delete
from tests.gatekeeper.promotions.making import promotion_policy
from tests.gatekeeper.workbench import constraint, template
from tests.webhook.serving.test_live_gate import BROKEN, EXEMPTION

pytestmark = pytest.mark.e2e

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DEFINITION = f"{DEFINITIONS}/probe.constraints.gatekeeper.sh"
TEMPLATES = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
PROBE = "/apis/constraints.gatekeeper.sh/v1beta1/probe/probe"
PROMOTION_POLICIES = "/apis/promotion.lockgate.dev/v1alpha1/promotionpolicies"
EXEMPTIONS = "/apis/exemptions.lockgate.dev/v1alpha1/exemptions"
SCHEMA = {
    "type": "object",
    "properties": {
        "labels": {"type": "array", "items": {"type": "string", "minLength": 1}},
        "most": {"type": "integer", "default": 3},
    },
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


def get(cluster: Cluster, path: str) -> Any:
    status, value = cluster.ask("GET", path)
    return value if status == 200 else None


def told(cluster: Cluster, path: str) -> Any:
    """The status that the object has."""
    return (get(cluster, path) or {}).get("status") or {}


def test_without_gatekeeper_definitions_and_status_are_ours(cluster: Cluster) -> None:
    define(cluster)
    with live_beside(cluster) as live:
        good = template(schema=SCHEMA)
        apply_in_one_go(cluster, live, good, constraint({"parameters": {"labels": ["a"]}}))
        live.until_says(POD, "hit")
        live.until(lambda: told(cluster, PROBE).get("byPod"))
        (entry,) = told(cluster, PROBE)["byPod"]
        uid = get(cluster, PROBE)["metadata"]["uid"]
        assert entry == {
            "id": "lockgate",
            "operations": ["webhook"],
            "observedGeneration": 1,
            "constraintUID": uid,
            "enforced": True,
            # It is about every kind.
            "notices": [*unsent_of(None).notices()],
        }
        live.until(lambda: told(cluster, f"{TEMPLATES}/probe").get("created") is True)
        # The API server checks parameters by the template's schema, fills in its defaults, and prints columns.
        assert get(cluster, PROBE)["spec"]["parameters"] == {"labels": ["a"], "most": 3}
        wrong = json.dumps(constraint({"parameters": {"labels": [""]}}, name="wrong"))
        refused = kubectl(cluster, "apply", "-f", "-", given=wrong)
        assert refused.returncode != 0
        assert "spec.parameters.labels[0]" in refused.stderr
        shown = kubectl(cluster, "get", "constraints").stdout
        assert "ENFORCEMENT-ACTION" in shown
        assert "deny" in shown

        broken = template(BROKEN, schema=SCHEMA)
        apply(cluster, broken)
        live.until_says(POD)
        live.until(lambda: told(cluster, f"{TEMPLATES}/probe").get("created") is False)
        (error,) = told(cluster, f"{TEMPLATES}/probe")["byPod"][0]["errors"]
        assert error["code"] == "rego_type_error"
        assert error["location"] == "spec.targets[0].rego:4:3"
        live.until(lambda: told(cluster, PROBE)["byPod"][0]["enforced"] is False)
        (error,) = told(cluster, PROBE)["byPod"][0]["errors"]
        assert error["message"].startswith("not enforced: ConstraintTemplate probe is wrong")
        # What is broken keeps its definition, and its constraints.
        assert get(cluster, DEFINITION) is not None

        apply(cluster, template('package p\n\nviolation[{"msg": "mended"}] { true }', schema=SCHEMA))
        live.until_says(POD, "mended")
        delete(cluster, "crd", "probe.constraints.gatekeeper.sh")
        live.until_says(POD)
        apply(cluster, template(schema={"type": "object"}))
        live.until(lambda: get(cluster, DEFINITION) is not None)
        delete(cluster, "constrainttemplate", "probe")
        live.until(lambda: get(cluster, DEFINITION) is None)
        managers = {
            one["manager"] for one in get(cluster, DEFINITIONS)["items"][0]["metadata"]["managedFields"]
        }
        assert "lockgate" not in managers


def test_what_is_not_told_to_the_api_server_again_is_not_written_again(cluster: Cluster) -> None:
    define(cluster)
    with live_beside(cluster) as live:
        apply_in_one_go(cluster, live, template(), constraint())
        live.until(lambda: bool(told(cluster, PROBE)))
        version = get(cluster, PROBE)["metadata"]["resourceVersion"]
    with live_beside(cluster, identity="another") as live:
        apply(cluster, EXEMPTION)
        # What comes later in its rounds is written.
        live.until(lambda: bool(told(cluster, f"{EXEMPTIONS}/x")))
        assert get(cluster, PROBE)["metadata"]["resourceVersion"] == version


def test_beside_gatekeepers_definitions_nothing_is_made(cluster: Cluster) -> None:
    done = kubectl(cluster, "apply", "--server-side", "-f", str(chart_definitions()))
    assert done.returncode == 0, done.stderr
    apply(cluster, *own_definitions())
    with live_beside(cluster) as live:
        live.until(lambda: not live.source.lacking())
        apply(cluster, template(), EXEMPTION, promotion_policy({"to": "prod", "soakTime": "24h"}))
        live.until(lambda: bool(told(cluster, f"{EXEMPTIONS}/x")))
        assert told(cluster, f"{EXEMPTIONS}/x")["created"] is True
        live.until(lambda: told(cluster, f"{PROMOTION_POLICIES}/models").get("created") is True)
        assert get(cluster, DEFINITION) is None
        assert told(cluster, f"{TEMPLATES}/probe") == {}


def test_beside_a_running_gatekeeper_its_constraints_are_judged(cluster: Cluster) -> None:
    with running_gatekeeper(cluster) as gatekeeper, live_beside(cluster) as live:
        gatekeeper.load([template()], [constraint()])
        live.until_says(POD, "hit")
        ids = {one["id"] for one in told(cluster, PROBE)["byPod"]}
        assert "lockgate" not in ids
        assert "lockgate" not in json.dumps(get(cluster, DEFINITION)["metadata"])


def test_one_of_two_leads_and_the_other_takes_over(cluster: Cluster) -> None:
    define(cluster)
    with live_beside(cluster, identity="one") as one:
        one.until(lambda: one.caretaker.is_leader)
        with live_beside(cluster, identity="two") as two:
            lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/lockgate"
            assert get(cluster, lease)["spec"]["holderIdentity"] == "one"
            assert not two.caretaker.is_leader
            one.caretaker.stop()
            assert not one.caretaker.is_leader
            two.until(lambda: two.caretaker.is_leader)
            assert get(cluster, lease)["spec"]["holderIdentity"] == "two"
