"""`check --quota-snapshot`: puts the quotas of a snapshot beside the policies, with what the tree knows of claims and devices."""

from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.kinds import DEVICE_CLASS, GROUP, RESOURCE_SLICE
from lockgate.engine.errors import UsageError
from lockgate.engine.kinds import split_api_version
from lockgate.engine.policy import Policy, PolicySet
from lockgate.engine.record import record
from lockgate.gatekeeper.loader import make_policy_set
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.quota.charging import Charger, Known
from lockgate.webhook.quota.prediction import QuotaPolicy
from lockgate.webhook.quota.reaching import make_reach
from lockgate.webhook.quota.snapshot import read_snapshot

if TYPE_CHECKING:
    from lockgate.engine.codegen.cache import CodeCache

_TEMPLATE: Final = "ResourceClaimTemplate"


@record
class QuotaSource:
    """A file with a snapshot, and the cache of compiled code. Relative paths count from `cwd`."""

    path: str
    shown: str
    cache: "CodeCache | None"

    def beside(self, policies: PolicySet, objects: Iterable[dict[str, Value]]) -> PolicySet:
        """The policies, and one for each quota. objects: of the tree. Raises UsageError or PolicyError for a wrong snapshot."""
        snapshot = read_snapshot(self.path, self.shown)
        if not snapshot.quotas:
            raise UsageError(
                f"{self.shown} has no quota, so that nothing would be judged by it",
                hint="see `lockgate quota show --help`",
            )
        charger = Charger(open_library(SHIPPED, self.cache, "quota"), learn_known(objects))
        made = [
            QuotaPolicy(
                one, snapshot, charger, sha256(f"{one.digest} {snapshot.digest}".encode()).hexdigest()
            )
            for one in snapshot.quotas
        ]
        all_policies: list[Policy] = [*policies.policies, *made]
        whole = make_policy_set(all_policies, policies.others)
        momentary = {one.key for one in made if one.is_momentary}
        return PolicySet(
            whole.policies,
            whole.digest,
            whole.others,
            policies.momentary | momentary,
            policies.asking,
        )


@final
class _Learning:
    """What objects tell."""

    def __init__(self) -> None:
        self.templates: dict[tuple[str, str], dict[str, Value]] = {}
        self.workloads: dict[tuple[str, str, str], dict[str, Value]] = {}
        self.classes: list[dict[str, Value]] = []
        self.slices: list[dict[str, Value]] = []

    def add(self, value: dict[str, Value]) -> None:
        """Takes in an object."""
        kind = value.get("kind")
        metadata = value.get("metadata")
        fields = metadata if type(metadata) is dict else {}
        place, name = str(fields.get("namespace")), str(fields.get("name"))
        spec = value.get("spec")
        if type(spec) is dict and "template" in spec:
            self.workloads[place, str(kind), name] = value
        if split_api_version(value.get("apiVersion"))[0] != GROUP:
            return
        if kind == DEVICE_CLASS:
            self.classes.append(value)
        elif kind == RESOURCE_SLICE:
            self.slices.append(value)
        elif kind == _TEMPLATE:
            self.templates[place, name] = value


def learn_known(objects: Iterable[dict[str, Value]]) -> Known:
    """What objects, as the cluster would have them, say to others: templates, and the classes and devices there are."""
    learning = _Learning()
    for value in objects:
        learning.add(value)
    reach = make_reach(learning.classes, learning.slices)
    return Known(learning.templates, reach.served(), reach, learning.workloads)
