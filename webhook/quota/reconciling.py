"""What the ledger should say by the live objects of a cluster, and where it says something else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import EvaluationError
from lockgate.engine.quota.amounts import QuotaKey, Usage
from lockgate.engine.quota.holding import Holding, second
from lockgate.engine.quota.reservation import ObjectKey, Reference, Seen, checked_seen, parse_version
from lockgate.engine.quota.store.ledger import Listing
from lockgate.engine.quota.windows import window_of
from lockgate.engine.record import changed, record
from lockgate.webhook.quota.accounts import Account, Accounts, Refusal, is_over
from lockgate.webhook.quota.paid import NONE_PAID, Paid, Payer, payer_of, read_moment

Object = dict[str, Value]

CLAIMS: Final = "resourceclaims.resource.k8s.io"
PODS: Final = "pods"
_SCHEDULER: Final = "system:kube-scheduler"
_SECOND_NS: Final = 1_000_000_000


@record
class Counted:
    """All objects of a resource as the ledger is told of them. uncounted: those that cannot be, and why."""

    listing: Listing
    uncounted: tuple[str, ...] = ()


@record
class Disagreement:
    """A key of which the ledger says another use than the live objects do."""

    key: QuotaKey
    ledger: int
    cluster: int


def count_objects(
    resource: str,
    objects: Iterable[Object],
    version: str,
    accounts: Accounts,
    namespaces: Mapping[str, Object],
    cluster: str,
    paid: Paid = NONE_PAID,
) -> Counted:
    """Counts the objects of one list. paid: the claims for which pods are charged."""
    seen: list[Seen] = []
    uncounted: list[str] = []
    for value in objects:
        if is_over(value):
            # The ledger takes it for gone.
            continue
        metadata = _mapping(value.get("metadata"))
        namespace, name = _text(metadata.get("namespace")), _text(metadata.get("name"))
        try:
            account = _account(accounts, value, namespace, namespaces.get(namespace), payer_of(value, paid))
        except EvaluationError as error:
            uncounted.append(f"{resource} {namespace}/{name}: {error.message}")
            account = Account(refused=(Refusal("", error.message),))
        else:
            uncounted += [
                f"{resource} {namespace}/{name}: quota {one.quota}: {one.message}" for one in account.refused
            ]
        seen.append(
            Seen(
                ObjectKey(cluster, _text(metadata.get("uid"))),
                Reference(resource, namespace, name),
                parse_version(metadata.get("resourceVersion")),
                account.charges,
                account.timed,
                started_ns(value),
                # What was held for it stays until it can be counted.
                is_known=not account.refused,
            )
        )
    return Counted(Listing(resource, parse_version(version), tuple(seen)), tuple(uncounted))


def _account(
    accounts: Accounts, value: Object, namespace: str, labelled: Object | None, payer: Payer | None
) -> Account:
    """What a live object is charged, by whomever it was made: that cannot be asked any more."""
    whole = accounts.of(value, namespace, labelled)
    if payer is None:
        return whole
    rest = accounts.of(value, namespace, labelled, _SCHEDULER)
    # The pod may be charged no more, such as when the DeviceClass is gone that served the resource.
    paid = _keys(accounts.of(payer.asks, namespace, labelled))
    return rest if _keys(whole) - _keys(rest) <= paid else whole


def _keys(account: Account) -> set[QuotaKey]:
    return {one.key for one in account.charges} | {one.key for one in account.timed}


def started_ns(value: Object) -> int | None:
    """Since when a claim is allocated, or a pod runs (Unix time); None where it does not say so."""
    status = _mapping(value.get("status"))
    told = _mapping(status.get("allocation")).get("allocationTimestamp") or status.get("startTime")
    moment = read_moment(told)
    if moment is None or moment.timestamp() < 0:
        return None
    return int(moment.timestamp()) * _SECOND_NS


def disagreements(usages: Sequence[Usage], listings: Sequence[Listing]) -> tuple[Disagreement, ...]:
    """Where what live objects are charged at one time is not what the ledger says is used."""
    cluster: dict[QuotaKey, int] = {}
    for listing in listings:
        for seen in listing.objects:
            for charge in seen.charges:
                cluster[charge.key] = cluster.get(charge.key, 0) + charge.amount
    return _differing({one.key: one.used for one in usages if not one.key.window}, cluster)


def charged_over_time(listings: Iterable[Listing]) -> tuple[ObjectKey, ...]:
    """The live objects that are charged over time."""
    return tuple([seen.key for listing in listings for seen in listing.objects if seen.timed])


def disagreements_over_time(
    holdings: Mapping[ObjectKey, Holding], listings: Iterable[Listing], now_ns: int
) -> tuple[Disagreement, ...]:
    """Where what is held for live objects, in this window and later ones, is not what a sight of them now would hold.

    holdings: of the ledger, those that are charged over time or are among the live objects that are. What is over is not
    compared: of that the ledger alone knows. Nor are objects that outlive their bound, which are settled as they go.
    """
    live = {seen.key: seen for listing in listings for seen in listing.objects}
    ledger: dict[QuotaKey, int] = {}
    cluster: dict[QuotaKey, int] = {}
    for key in sorted({*holdings, *[one.key for one in live.values() if one.timed]}):
        seen = live.get(key)
        if seen is None:
            _add_held(ledger, holdings[key], now_ns)
            continue
        seen = checked_seen(seen)
        held = holdings.get(key) or Holding(key, seen.reference, "released")
        later = held.sighted(seen, now_ns)
        if not _is_outlived(later, now_ns):
            _add_held(ledger, held, now_ns)
            _add_held(cluster, later, now_ns)
    return _differing(ledger, cluster)


def _is_outlived(holding: Holding, now_ns: int) -> bool:
    now = second(now_ns)
    return any(one.most_s is not None and holding.started_s + one.most_s <= now for one in holding.timed)


def _add_held(totals: dict[QuotaKey, int], holding: Holding, now_ns: int) -> None:
    # What has no window is 0, and the first week began before 1970.
    starts = {one.key: max(window_of(one.period, second(now_ns))[0], 1) for one in holding.timed}
    for one in holding.used:
        start = starts.get(changed(one.key, window=0))
        if one.key.window and start is not None and one.key.window >= start:
            totals[one.key] = totals.get(one.key, 0) + one.amount


def _differing(ledger: Mapping[QuotaKey, int], cluster: Mapping[QuotaKey, int]) -> tuple[Disagreement, ...]:
    return tuple(
        [
            Disagreement(key, ledger.get(key, 0), cluster.get(key, 0))
            for key in sorted(ledger.keys() | cluster.keys())
            if ledger.get(key, 0) != cluster.get(key, 0)
        ]
    )


def _mapping(value: Value) -> Object:
    return value if type(value) is dict else {}


def _text(value: Value) -> str:
    return value if type(value) is str else ""
