"""Claims for which pods are charged: those that the scheduler made for extended resources.

Which these are, only the status of a pod says, and by name. A name is used again: whoever deletes the claim, or waits until its pod
has ended, can create another under it. So the claim has to be the pod's, and as old as the pod's place on a node: the scheduler
makes it before it binds the pod.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.webhook.quota.accounts import is_over

Object = dict[str, Value]


@record
class Payer:
    """The pod that is charged for a claim: its uid, when it was bound to a node, and what it asks for, as a Pod."""

    uid: str
    bound: datetime
    asks: Object


# By the claim's namespace and name.
Paid = Mapping[tuple[str, str], Payer]
NONE_PAID: Final[Paid] = {}


def paid_claims(pods: Iterable[Object]) -> dict[tuple[str, str], Payer]:
    """The claims for which pods that have not ended are charged."""
    found: dict[tuple[str, str], Payer] = {}
    for pod in pods:
        metadata, status = _mapping(pod.get("metadata")), _mapping(pod.get("status"))
        name = _text(_mapping(status.get("extendedResourceClaimStatus")).get("resourceClaimName"))
        bound = _bound(status.get("conditions"))
        if name and bound is not None and not is_over(pod):
            place = _text(metadata.get("namespace")), name
            found[place] = Payer(_text(metadata.get("uid")), bound, _asks(pod))
    return found


def payer_of(claim: Object, paid: Paid) -> Payer | None:
    """The pod that is charged for a claim, as far as it is; None where the claim is charged itself."""
    metadata = _mapping(claim.get("metadata"))
    payer = paid.get((_text(metadata.get("namespace")), _text(metadata.get("name"))))
    created = read_moment(metadata.get("creationTimestamp"))
    if payer is None or created is None or created > payer.bound:
        return None
    is_its = any(
        owner.get("controller") is True and owner.get("uid") == payer.uid
        for owner in _mappings(metadata.get("ownerReferences"))
    )
    return payer if is_its else None


def read_moment(told: Value) -> datetime | None:
    """A moment as objects tell it; None for what is none."""
    if not isinstance(told, str):
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def _bound(conditions: Value) -> datetime | None:
    for one in _mappings(conditions):
        if one.get("type") == "PodScheduled" and one.get("status") == "True":
            return read_moment(one.get("lastTransitionTime"))
    return None


def _asks(pod: Object) -> Object:
    """The pod with no more than it is charged for: many of them are kept."""
    metadata, spec = _mapping(pod.get("metadata")), _mapping(pod.get("spec"))
    asking: Object = {}
    for field in ("containers", "initContainers"):
        asking[field] = [
            {"name": one.get("name"), "resources": one.get("resources")} for one in _mappings(spec.get(field))
        ]
    named: Object = {"name": metadata.get("name"), "namespace": metadata.get("namespace")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": asking}


def _mappings(value: Value) -> list[Object]:
    return [one for one in value if type(one) is dict] if type(value) is list else []


def _mapping(value: Value) -> Object:
    return value if type(value) is dict else {}


def _text(value: Value) -> str:
    return value if type(value) is str else ""
