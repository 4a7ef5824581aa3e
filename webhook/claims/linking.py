"""Joins objects by name: workloads to the claims and templates that they name, requests to classes and to devices."""

from collections.abc import Sequence

from lockgate.engine.record import record
from lockgate.webhook.claims.asked import Amount, Asked, Charge, Named, added, times
from lockgate.webhook.claims.drivers import Drivers, Reach


@record
class Row:
    """One line of the table: what an object asks for, and what it costs.

    name: the request, or the pod's claim with a request in it. target: the claim or template that a pod names ("" for
    what the object itself asks for); known: was it among the files?
    """

    asked: Asked
    name: str
    class_name: str
    resource: str
    reach: Reach
    devices: Amount
    pods: Amount
    charge: Amount
    how: str
    target: str = ""
    known: bool = True


Targets = dict[tuple[str, str, str], Asked]


def link(asked: Sequence[Asked], drivers: Drivers) -> list[Row]:
    """The rows, in the order of the objects."""
    targets: Targets = {
        (one.resource.kind, one.resource.namespace, one.resource.name): one for one in asked if one.is_claim
    }
    rows: list[Row] = []
    for one in asked:
        rows += [_own(one, charge, drivers) for charge in one.charges]
        for named in one.named:
            rows += _named(one, named, targets, drivers)
    return rows


def _own(asked: Asked, charge: Charge, drivers: Drivers) -> Row:
    class_name = charge.class_name or drivers.class_of(charge.resource)
    reach = drivers.reach(class_name, charge.selectors)
    # What a template asks for is charged with the pods that name it.
    total: Amount = 0 if charge.how == "template" else charge.total
    return Row(
        asked,
        charge.name,
        class_name,
        charge.resource,
        reach,
        charge.devices,
        charge.pods,
        total,
        charge.how,
    )


def _named(asked: Asked, named: Named, targets: Targets, drivers: Drivers) -> list[Row]:
    kind = "ResourceClaimTemplate" if named.is_template else "ResourceClaim"
    target = targets.get((kind, asked.resource.namespace, named.reference))
    shown = f"{kind} {named.reference}"
    if target is None:
        unknown = drivers.reach("", ())
        charge: Amount = "unknown" if named.is_template else 0
        return [
            Row(asked, named.name, "", "", unknown, "unknown", named.pods, charge, "pod", shown, known=False)
        ]
    rows = []
    for one in target.charges:
        # A claim that is named is charged once, where it is.
        charge = times(one.devices, named.pods) if named.is_template else 0
        name = f"{named.name}: {one.name}" if one.name else named.name
        reach = drivers.reach(one.class_name, one.selectors)
        rows.append(
            Row(
                asked,
                name,
                one.class_name,
                one.resource,
                reach,
                one.devices,
                named.pods,
                charge,
                "pod",
                shown,
            )
        )
    return rows


def totals(rows: Sequence[Row]) -> dict[str, Amount]:
    """What all objects together are charged, by class, or by resource where no class is known to serve it."""
    found: dict[str, Amount] = {}
    for row in rows:
        name = row.class_name or row.resource
        if name and row.charge != 0:
            found[name] = added(found.get(name, 0), row.charge)
    return dict(sorted(found.items()))
