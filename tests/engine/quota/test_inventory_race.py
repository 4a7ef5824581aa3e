"""The same load against a policy that reads the inventory, which is what the ledger is for: it admits too many.

The policy is right about what it sees. It sees what the watch has told of, and not what is being admitted beside it.
"""

from pathlib import Path

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.evaluate import evaluate
from lockgate.gatekeeper.inventory import facts_of
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.target import Cluster, review_document

from tests.engine.quota.ledgers import START, amounts, asked, make_ledger
from tests.faults.quota_race import LIMIT, REQUESTS
from tests.gatekeeper.workbench import Json, constraint, document, template

REGO = """package probe

devices(claim) := sum([request.exactly.count | request := claim.spec.devices.requests[_]])

used := sum([devices(claim) | claim := data.inventory.namespace["team-a"]["resource.k8s.io/v1"].ResourceClaim[_]])

violation[{"msg": msg}] {
  wanted := used + devices(input.review.object)
  wanted > 40
  msg := sprintf("%v devices of 40", [wanted])
}
"""


def claim(name: str) -> Json:
    request = {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 1}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "team-a"},
        "spec": {"devices": {"requests": [request]}},
    }


def admitted_by_inventory(at_once: int, behind: int) -> int:
    """How many of the requests a policy admits that come `at_once`, where the watch is `behind` by so many such groups."""
    loaded = load_policies(
        [document(template(REGO)), document(constraint({}))], point="validation.gatekeeper.sh"
    )
    assert not loaded.errors
    stored: list[list[Json]] = [[] for _ in range(behind)]
    for start in range(0, REQUESTS, at_once):
        seen = facts_of([one for group in stored[: len(stored) - behind] for one in group])
        group = [claim(f"c{number}") for number in range(start, start + at_once)]
        stored.append(
            [
                one
                for one in group
                if evaluate(
                    review_document(document(one), Cluster()),
                    loaded.policies,
                    seen,
                    now_ns=START,
                    limits=Limits(),
                ).verdict
                == "allow"
            ]
        )
    return sum(map(len, stored))


@pytest.mark.parametrize(
    ("at_once", "behind", "admitted"),
    # One after the other, each of which the watch has told of: that is what such a policy is right for.
    [(1, 0, 40), (1, 8, 48), (8, 1, 48), (16, 0, 48), (64, 0, 64)],
)
def test_a_policy_over_the_inventory_admits_too_many(at_once: int, behind: int, admitted: int) -> None:
    assert admitted_by_inventory(at_once, behind) == admitted


def test_the_ledger_admits_as_many_as_there_are(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    for number in range(REQUESTS):
        ledger.reserve(asked(f"c{number}", 1), START)
    # Nothing was told of by any watch.
    assert amounts(ledger) == (0, LIMIT, 0)
    ledger.engine.dispose()
