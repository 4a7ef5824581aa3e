"""What a live object is charged in the ledger: under which keys, how much, and what the ceilings of these keys are.

It is charged for itself alone, a claim for its devices and a pod for its extended resources: what follows from an object is
charged when it is created. What cannot be counted is refused.
"""

from collections.abc import Sequence
from typing import Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.engine.quota.amounts import MAX_AMOUNT, Charge, Limit, QuotaKey
from lockgate.engine.quota.telling import tell_dimension
from lockgate.engine.quota.windows import TimedCharge
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import render_path
from lockgate.gatekeeper.quotas.device_quota import Ceiling, DeviceQuota
from lockgate.gatekeeper.quotas.scope import Unknown
from lockgate.webhook.claims.asked import Amount
from lockgate.webhook.quota.charging import Charger, Charges

Object = dict[str, Value]


@record
class Refusal:
    """Why an object cannot be charged under a quota. path: of what cannot be counted, None where it is nothing in the object."""

    quota: str
    message: str
    path: Path | None = None
    fix: str = ""


@record
class Account:
    """What an object is charged under all quotas that are for it. refused: it may not be admitted, whatever is left.

    limits: of every key that it is charged under.
    """

    charges: tuple[Charge, ...] = ()
    timed: tuple[TimedCharge, ...] = ()
    limits: tuple[Limit, ...] = ()
    refused: tuple[Refusal, ...] = ()


@final
class Accounts:
    """Charges the objects of a cluster under its quotas."""

    def __init__(self, cluster: str, quotas: Sequence[DeviceQuota], charger: Charger) -> None:
        self.quotas: Final = tuple(sorted(quotas, key=lambda one: one.name))
        self._cluster = cluster
        self._charger = charger

    def of(self, value: Object, namespace: str, labelled: Object | None, user: str = "") -> Account:
        """The charges of an object. labelled: its Namespace, None where that is not known; user: who has sent the object.

        Raises EvaluationError where the object is too large to be read.
        """
        if is_over(value):
            return Account()
        charges: list[Charge] = []
        timed: list[TimedCharge] = []
        limits: list[Limit] = []
        refused: list[Refusal] = []
        for quota in self.quotas:
            part = quota.scope.part(namespace, labelled)
            if part is None:
                continue
            found = self._charger.charge(value, namespace, quota, user)
            refused += [
                Refusal(quota.name, f"{one.what} at {render_path(one.path)}", one.path, one.fix)
                for one in found.refused
            ]
            if isinstance(part, Unknown):
                if found.own:
                    refused.append(Refusal(quota.name, f"{part.needs} are not known"))
                continue
            for ceiling in quota.ceilings:
                key = QuotaKey(self._cluster, quota.holder(part), ceiling.dimension)
                outcome = _charge(quota, ceiling, key, found)
                if isinstance(outcome, Refusal):
                    refused.append(outcome)
                elif isinstance(outcome, Charge):
                    charges.append(outcome)
                elif isinstance(outcome, TimedCharge):
                    timed.append(outcome)
                if outcome is not None:
                    limits.append(Limit(key, ceiling.hard, ceiling.soft))
        return Account(tuple(charges), tuple(timed), tuple(limits), tuple(refused))


def is_over(value: Object) -> bool:
    """Has a pod ended? It holds nothing then, as for ResourceQuota. The API server lets nobody create one that has."""
    status = value.get("status")
    phase = status.get("phase") if type(status) is dict else None
    return value.get("kind") == "Pod" and phase in ("Succeeded", "Failed")


def _charge(
    quota: DeviceQuota, ceiling: Ceiling, key: QuotaKey, found: Charges
) -> Charge | TimedCharge | Refusal | None:
    """What is charged under a ceiling; None for nothing."""
    family, _, name = ceiling.dimension.partition("/")
    if family in ("drivers", "products") and found.own.get(f"{family}/", 0) != 0:
        return Refusal(quota.name, f"which {family} its requests can reach cannot be told")
    if ceiling.period is None:
        amount = found.own.get(ceiling.dimension, 0)
        path = found.places.get(ceiling.dimension)
        if not _is_countable(amount):
            return Refusal(quota.name, f"{tell_dimension(key)} cannot be counted", path, "ask for a number")
        return Charge(key, amount) if isinstance(amount, int) and amount else None
    devices = found.own.get(f"devices/{name}", 0)
    path = found.places.get(f"devices/{name}")
    if not _is_countable(devices):
        return Refusal(quota.name, f"{tell_dimension(key)} cannot be counted", path, "ask for a number")
    if not isinstance(devices, int) or not devices:
        return None
    seconds = found.seconds
    return TimedCharge(key, devices, ceiling.period, seconds if isinstance(seconds, int) else None)


def _is_countable(amount: Amount) -> bool:
    return isinstance(amount, int) and 0 <= amount <= MAX_AMOUNT
