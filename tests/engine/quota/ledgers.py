"""Ledgers for tests: one quota of devices, objects that ask for some, and what a cluster says of them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lockgate.engine.quota.amounts import Charge, Limit, QuotaKey, Usage
from lockgate.engine.quota.reservation import Asked, ObjectKey, Reference, ReservationKey, Seen
from lockgate.engine.quota.store.ledger import Ledger, Listing
from lockgate.engine.quota.store.reading import read_usages
from lockgate.engine.quota.store.schema import open_ledger

CLUSTER = "prod"
RESOURCE = "resourceclaims.resource.k8s.io"
GPUS = QuotaKey(CLUSTER, "gpus/team-a", "devices/gpu.nvidia.com")
CLAIMS = QuotaKey(CLUSTER, "gpus/team-a", "objects/claims")
SECOND = 1_000_000_000
# 2026-11-27T10:00:00Z, a Friday.
START = 1_795_773_600 * SECOND


@cache
def _empty() -> bytes:
    """The database of a ledger that may be reserved in; its tables take a while to make."""
    with TemporaryDirectory() as folder:
        place = Path(folder, "ledger.db")
        ledger = Ledger(open_ledger(f"sqlite:///{place}"), CLUSTER)
        ledger.rebuild((), START)
        # The last connection takes the write-ahead log in.
        ledger.engine.dispose()
        return place.read_bytes()


def make_ledger(place: Path, **options: Any) -> Ledger:
    """A ledger that may be reserved in, in a database of its own."""
    database = place / "ledger.db"
    database.write_bytes(_empty())
    return Ledger(open_ledger(f"sqlite:///{database}"), CLUSTER, **options)


def object_key(uid: str) -> ObjectKey:
    return ObjectKey(CLUSTER, uid)


def reference(uid: str) -> Reference:
    return Reference(RESOURCE, "team-a", f"claim-{uid}")


def asked(uid: str, devices: int, *, request: str = "", hard: int | None = 40, **changes: Any) -> Asked:
    """A request that an object of `devices` devices be admitted. hard: the limit of devices."""
    values: dict[str, Any] = {
        "key": ReservationKey(object_key(uid), request or f"create-{uid}"),
        "operation": "CREATE",
        "reference": reference(uid),
        "requester": "ann",
        "charges": (Charge(GPUS, devices), Charge(CLAIMS, 1)),
        "limits": (Limit(GPUS, hard),),
    }
    return Asked(**(values | changes))


def updated(uid: str, devices: int, base: int, request: str, **changes: Any) -> Asked:
    return asked(uid, devices, request=request, operation="UPDATE", base_version=base, **changes)


def seen(uid: str, devices: int, version: int, **changes: Any) -> Seen:
    values: dict[str, Any] = {
        "key": object_key(uid),
        "reference": reference(uid),
        "version": version,
        "charges": (Charge(GPUS, devices), Charge(CLAIMS, 1)),
    }
    return Seen(**(values | changes))


def listing(version: int, *objects: Seen) -> Listing:
    return Listing(RESOURCE, version, objects)


def usages(ledger: Ledger) -> dict[QuotaKey, Usage]:
    with ledger.engine.connect() as connection:
        return {one.key: one for one in read_usages(connection, ledger.cluster)}


def amounts(ledger: Ledger, key: QuotaKey = GPUS) -> tuple[int, int, int]:
    """What a key has used, reserved and spent."""
    found = usages(ledger).get(key)
    return (0, 0, 0) if found is None else (found.used, found.reserved, found.spent)
