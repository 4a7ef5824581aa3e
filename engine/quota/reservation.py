"""What is asked of the ledger, and what it is told of live objects.

A Reservation is made for one admission request, named by (cluster, object's uid, request's uid), and is

    reserved → confirmed (a watch, or a read, has seen what became of the request) → released

The object that it is for has one *holding*, which all reservations of its uid share: under each key it holds the most of
what the object was last seen with and what any reservation that is still open asks for. So concurrent updates of one
object hold whichever is largest, and an update reserves its delta alone.
"""

from typing import Final, Literal

from lockgate.engine.quota.amounts import (
    MAX_AMOUNT,
    Charge,
    HoldingState,
    Limit,
    check_key,
    check_limit,
    check_name,
    saturated,
    sum_charges,
)
from lockgate.engine.quota.errors import AmountError
from lockgate.engine.quota.windows import TimedCharge, check_timed
from lockgate.engine.record import ordered_record, record

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
# What etcd counts revisions in.
MAX_VERSION: Final = 2**63 - 1
# What an object's version is taken for where it cannot be read: a reservation then ends by a read alone.
UNKNOWN_VERSION: Final = MAX_VERSION
MAX_TIMED: Final = 256


@ordered_record
class ObjectKey:
    """A live object of a cluster, by its uid."""

    cluster: str
    uid: str


@record
class ReservationKey:
    """Names a reservation: an object of a cluster, and the admission request about it."""

    object: ObjectKey
    request: str


@record
class Reference:
    """Where an object is read: `resourceclaims.resource.k8s.io` (or `pods`), namespace ("" without one) and name."""

    resource: str
    namespace: str
    name: str


@record
class Asked:
    """A request that wants to be admitted.

    charges: what the object is charged in full, after the request. timed: what it is charged over time.
    limits: the ceilings in force, of every key that has some; a key without one is counted alone.
    requester: who asks, for the bound on open reservations. base_version: `resourceVersion` of the old object as a number,
    0 for a CREATE, UNKNOWN_VERSION where it is none. dry_run: nothing is to be kept.
    """

    key: ReservationKey
    operation: Operation
    reference: Reference
    requester: str
    charges: tuple[Charge, ...]
    limits: tuple[Limit, ...]
    timed: tuple[TimedCharge, ...] = ()
    base_version: int = 0
    dry_run: bool = False


@record
class Seen:
    """A live object, by a watch, a list or a read.

    version: its `resourceVersion` as a number. charges, timed: as in `Asked`. started_ns: when its devices were allocated
    (Unix time), None where it is not known; then it is the moment of the first sight. is_known: could all that it is
    charged be told? Else nothing that is held for it is given back, since it may be more: a DeviceClass is gone, say.
    """

    key: ObjectKey
    reference: Reference
    version: int
    charges: tuple[Charge, ...]
    timed: tuple[TimedCharge, ...] = ()
    started_ns: int | None = None
    is_known: bool = True


@record
class Reservation:
    """A reservation as the ledger has it."""

    key: ReservationKey
    state: HoldingState
    requester: str
    reference: Reference
    created_ns: int


def parse_version(text: object) -> int:
    """A `resourceVersion` as a number; UNKNOWN_VERSION where it is none that can be compared."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    return UNKNOWN_VERSION


def checked_asked(asked: Asked) -> Asked:
    """The same with its charges summed up and sorted. Raises AmountError for what is out of bounds."""
    key = asked.key.object
    _check_object(key, asked.reference)
    check_name(asked.key.request, "request's uid")
    check_name(asked.requester, "requester")
    _check_version(asked.base_version)
    for limit in asked.limits:
        check_limit(limit)
        if limit.key.window:
            raise AmountError(f"the limit of {limit.key} is one window's", hint="limits are for every window")
    charges = sum_charges(asked.charges)
    _check_charges(key, charges, asked.timed)
    return Asked(
        asked.key,
        asked.operation,
        asked.reference,
        asked.requester,
        charges,
        asked.limits,
        asked.timed,
        asked.base_version,
        asked.dry_run,
    )


def checked_seen(seen: Seen) -> Seen:
    """The same with its charges summed up, sorted, and cut to MAX_AMOUNT. Raises AmountError for what is out of bounds."""
    _check_object(seen.key, seen.reference)
    _check_version(seen.version)
    for one in seen.charges:
        check_key(one.key)
    charges = saturated(seen.charges)
    timed = tuple([_cut(one) for one in seen.timed])
    _check_charges(seen.key, charges, timed)
    return Seen(seen.key, seen.reference, seen.version, charges, timed, seen.started_ns, seen.is_known)


def _cut(charge: TimedCharge) -> TimedCharge:
    most_s = None if charge.most_s is None else min(charge.most_s, MAX_AMOUNT)
    return TimedCharge(charge.key, min(charge.devices, MAX_AMOUNT), charge.period, most_s)


def _check_object(key: ObjectKey, reference: Reference) -> None:
    check_name(key.cluster, "cluster's name")
    check_name(key.uid, "object's uid")
    check_name(reference.resource, "resource")
    check_name(reference.name, "object's name")
    if reference.namespace:
        check_name(reference.namespace, "namespace")


def _check_version(version: int) -> None:
    if type(version) is not int or not 0 <= version <= MAX_VERSION:
        raise AmountError("the version of an object is no number of 63 bits")


def _check_charges(key: ObjectKey, charges: tuple[Charge, ...], timed: tuple[TimedCharge, ...]) -> None:
    if len(timed) > MAX_TIMED:
        raise AmountError(f"the object {key.uid} is charged over time under more than {MAX_TIMED} keys")
    for one in timed:
        check_timed(one)
    for quota in (*[one.key for one in charges], *[one.key for one in timed]):
        if quota.cluster != key.cluster:
            raise AmountError(f"the object {key.uid} of {key.cluster} is charged to {quota.cluster}")
    over_time = {one.key for one in timed}
    for charge in charges:
        if charge.key.window or charge.key in over_time:
            raise AmountError(f"{charge.key} is counted over time", hint="charge it by `timed` alone")
