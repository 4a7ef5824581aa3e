"""Scenarios of quotas: what is held at admission, what is refused, and what is free again."""

from lockgate.engine.quota.store.reader import reading_ledger
from lockgate.webhook.quota.ledger_options import DEFAULT_CLUSTER

from tests.e2e.scenarios.installation import Installation
from tests.e2e.scenarios.objects import claim
from tests.e2e.scenarios.scenario import Scenario, Step, denied
from tests.e2e.serving_cluster import until
from tests.gatekeeper.quotas.making import quota

NAME = "quota"
_CLASS = "secret-gpu"
_CLAIM = "resource.k8s.io/v1/ResourceClaim"


def _used(amount: int, installation: Installation) -> None:
    """Until the watch has told of so many devices."""

    def is_so() -> bool:
        with reading_ledger(str(installation.ledger), DEFAULT_CLUSTER) as reader:
            found = [one for one in reader.usages() if one.key.scope == NAME]
        return [(one.used, one.reserved) for one in found] == [(amount, 0)]

    until(is_so)


def _both_used(installation: Installation) -> None:
    _used(2, installation)


def _one_used(installation: Installation) -> None:
    _used(1, installation)


def _created(name: str) -> str:
    return f"resourceclaim.resource.k8s.io/{name} created\n"


SCENARIOS = (
    Scenario(
        NAME,
        [
            Step("create -f -", _created("a"), given=claim("v1", _CLASS, "a")),
            # Another version is counted as the same.
            Step("create -f -", _created("b"), given=claim("v1beta1", _CLASS, "b")),
            Step(
                "create -f -",
                denied(
                    f"[{NAME}] quota {NAME} does not allow it: devices of class {_CLASS}: limit 2, used 2, reserved 0, asked 1; "
                    f"0 left; held by resourceclaims.resource.k8s.io {NAME}/a (1), resourceclaims.resource.k8s.io {NAME}/b (1)"
                ),
                1,
                claim("v1", _CLASS, "c"),
                first=_both_used,
            ),
            Step("delete resourceclaim a", 'resourceclaim.resource.k8s.io "a" deleted\n'),
            Step("create -f -", _created("c"), given=claim("v1", _CLASS, "c"), first=_one_used),
        ],
        in_force=[
            quota(NAME, scope={"namespaces": [NAME]}, limits=[{"class": _CLASS, "hard": 2}]),
        ],
        trail=[
            f"allow CREATE {_CLAIM}",
            "allow CREATE resource.k8s.io/v1beta1/ResourceClaim",
            f"deny CREATE {_CLAIM}",
            f"allow CREATE {_CLAIM}",
        ],
    ),
)
