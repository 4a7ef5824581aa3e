"""Only what was promoted is in force: what `kubectl` changes of policies, exemptions and quotas decides nothing, and is told."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from lockgate.engine.quota.store.schema import open_ledger

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.serving_cluster import ACCOUNT, apply_text, apply_values, install, register, until
from tests.gatekeeper.promotions.making import promotion_policy
from tests.gatekeeper.quotas.making import quota
from tests.webhook.promoting.office import Office, open_office
from tests.webhook.promoting.test_policy_promotions import STEP, bundle, promoted, write_sources
from tests.webhook.quota.making import claim
from tests.webhook.serving.server_processes import CONSTRAINT, TEMPLATE, Server, config_map, running_server

pytestmark = pytest.mark.e2e

Json = dict[str, Any]

CONSTRAINTS: Final = "/apis/constraints.gatekeeper.sh/v1beta1/needsowner/owners"
NOW_S: Final = time.time()
DENIED: Final = "settings has no owner"


def exemption(name: str, exempted: str) -> Json:
    def at(days: int) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_S + days * 86_400))

    return {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": name},
        "spec": {
            "policies": [{"kind": "NeedsOwner", "name": "owners"}],
            "match": {"name": exempted},
            "reason": "until it is moved",
            "owner": "team",
            "issuedAt": at(-1),
            "expiresAt": at(10),
        },
    }


@dataclass(frozen=True)
class Place:
    """A cluster whose server has in force what an office has promoted."""

    cluster: Cluster
    server: Server
    office: Office

    def says(self, value: Json) -> str:
        """What the API server says to a creation that is not kept; "" where it is let through."""
        done = kubectl(self.cluster, "create", "--dry-run=server", "-f", "-", given=json.dumps(value))
        return "" if done.returncode == 0 else done.stderr

    def drifted(self) -> dict[str, str]:
        """What the log tells of drift, the last word of each object."""
        found: dict[str, str] = {}
        for line in self.server.log.read_text().splitlines():
            if line.startswith("{"):
                told = json.loads(line)
                if told.get("event") == "policy drifted":
                    found[told["what"]] = told["reason"]
                if told.get("event") == "policy as promoted again":
                    found.pop(told["what"], None)
        return found

    def errors(self, path: str) -> list[str]:
        """What the status of an object says to be wrong."""
        status = self.cluster.ask("GET", path)[1].get("status") or {}
        entries = [one for one in status.get("byPod", []) if one["id"] == "lockgate"]
        return [
            f"{error['location']}: {error['message']}" for one in entries for error in one.get("errors", [])
        ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    office = open_office(tmp_path_factory.mktemp("office"))
    office.write_policy_of(STEP)
    write_sources(office)
    office.write("sources/promotion.yaml", json.dumps(promotion_policy({"to": "prod", "soakTime": "1h"})))
    office.write("sources/exemption.yaml", json.dumps(exemption("known", "exempted")))
    office.write("sources/quota.yaml", json.dumps(quota(limits=[{"class": "gpu.example.com", "hard": 2}])))
    digest = bundle(office, "one")
    promoted(office, "one")
    assert office.history()[-1]["version"] == digest
    # Of its own: a log in SQLite has one writer.
    made = office.run("audit", "init", "served", "--origin", "example.com/s", "--administrator", "us")
    assert made.code == 0, made.err
    folder = tmp_path_factory.mktemp("serve")
    ledger = f"sqlite:///{folder / 'ledger.db'}"
    open_ledger(ledger)
    with running_cluster({ACCOUNT: ""}) as cluster:
        configurations = install(cluster)
        (folder / "account.kubeconfig").write_text(cluster.kubeconfig(ACCOUNT).read_text())
        options = ["--inventory", "cluster", "--kubeconfig", str(folder / "account.kubeconfig")]
        options += ["--ledger", ledger, "--trail", str(office.folder / "served")]
        options += ["--promotions", str(office.folder / "trail"), "--promoted-policies", "platform"]
        options += ["--environment", "prod"]
        with running_server(folder, office.folder / "bundles", options) as server:
            register(cluster, configurations, server)
            found = Place(cluster, server, office)
            space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}
            until(lambda: apply_values(cluster, space)[0] == 0, lambda: apply_values(cluster, space))
            until(lambda: DENIED in found.says(config_map()), lambda: server.log.read_text()[-3000:])
            yield found


def what_was_promoted_decides(place: Place) -> None:
    """Constraints, exemptions and quotas of the bundle, whether or not the cluster has them."""
    assert place.says(config_map("exempted")) == ""
    assert "does not allow it" in place.says(claim(3, "large"))
    assert place.says(claim(2, "small")) == ""
    # Where the cluster has the same, it is told to be in force.
    assert apply_text(place.cluster, TEMPLATE) == (0, "")
    until(
        lambda: apply_text(place.cluster, CONSTRAINT)[0] == 0, lambda: apply_text(place.cluster, CONSTRAINT)
    )
    policy = promotion_policy({"to": "prod", "soakTime": "1h"})
    assert apply_values(place.cluster, policy, exemption("known", "exempted")) == (0, "")
    path = "/apis/promotion.lockgate.dev/v1alpha1/promotionpolicies/models"
    until(lambda: (place.cluster.ask("GET", path)[1].get("status") or {}).get("created") is True)
    until(lambda: bool((place.cluster.ask("GET", CONSTRAINTS)[1].get("status") or {}).get("byPod")))
    assert place.errors(CONSTRAINTS) == []


def an_edit_of_a_constraint(place: Place) -> None:
    edited = CONSTRAINT.replace("enforcementAction: deny", "enforcementAction: dryrun")
    assert apply_text(place.cluster, edited) == (0, "")
    name = "NeedsOwner.constraints.gatekeeper.sh/owners"
    until(lambda: name in place.drifted(), lambda: place.server.log.read_text()[-3000:])
    said = place.drifted()[name]
    assert said.startswith(
        "spec.enforcementAction: not in force as it is: it differs from PolicyBundle platform"
    )
    assert "lockgate policy promote BUNDLE --name platform --to prod" in said
    until(lambda: place.errors(CONSTRAINTS) == [said])
    assert [*place.drifted()] == [name]
    assert "lockgate_policy_drift 1.0" in place.server.probe("/metrics")[1]
    assert DENIED in place.says(config_map())
    # The command that it names restores it.
    command = said.partition("to restore it: ")[2].removesuffix(" | kubectl apply -f -)")
    archive, name_in_it = command.split()[2:]
    assert (Path(archive), name_in_it) == (place.office.folder / "bundles" / "one.tar.gz", "constraint.yaml")
    assert apply_text(place.cluster, CONSTRAINT) == (0, "")
    until(lambda: name not in place.drifted())
    until(lambda: place.errors(CONSTRAINTS) == [])


def an_exemption_and_a_quota(place: Place) -> None:
    more = quota(limits=[{"class": "gpu.example.com", "hard": 100}])
    assert apply_values(place.cluster, exemption("smuggled", "settings"), more) == (0, "")
    names = {"Exemption.exemptions.lockgate.dev/smuggled", "DeviceQuota.quota.lockgate.dev/gpus"}
    until(lambda: names <= {*place.drifted()}, lambda: place.server.log.read_text()[-3000:])
    said = place.drifted()
    assert "does not have it" in said["Exemption.exemptions.lockgate.dev/smuggled"]
    assert (
        "kubectl delete Exemption.exemptions.lockgate.dev smuggled"
        in said["Exemption.exemptions.lockgate.dev/smuggled"]
    )
    assert said["DeviceQuota.quota.lockgate.dev/gpus"].startswith("spec.limits[0].hard: ")
    assert DENIED in place.says(config_map())
    assert "does not allow it" in place.says(claim(3, "large"))
    path = "/apis/exemptions.lockgate.dev/v1alpha1/exemptions/smuggled"
    until(lambda: (place.cluster.ask("GET", path)[1].get("status") or {}).get("created") is False)
    shown = place.office.run("audit", "show", "--trail", "served", "--kind", "policy", "--format", "json")
    found = [one["entry"] for one in json.loads(shown.out)["entries"]]
    recorded = [one for one in found if one.get("policy") == "PolicyBundle/drift"][-1]
    assert recorded["event"] == "changed"


def a_promotion(place: Place) -> None:
    place.office.write("sources/smuggled.yaml", json.dumps(exemption("smuggled", "settings")))
    bundle(place.office, "two")
    promoted(place.office, "two")
    until(lambda: place.says(config_map()) == "", lambda: place.server.log.read_text()[-3000:])
    until(lambda: [*place.drifted()] == ["DeviceQuota.quota.lockgate.dev/gpus"], place.drifted)
    # A quota that was promoted stays when the cluster's is taken away.
    assert kubectl(place.cluster, "delete", "devicequota", "gpus").returncode == 0
    until(lambda: place.drifted() == {}, place.drifted)
    assert "does not allow it" in place.says(claim(3, "large"))


def test_only_what_was_promoted_is_in_force(place: Place) -> None:
    """One after the other: each step is of what the one before left."""
    what_was_promoted_decides(place)
    an_edit_of_a_constraint(place)
    an_exemption_and_a_quota(place)
    a_promotion(place)
