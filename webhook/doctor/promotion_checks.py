"""Checks of what is about promotions: is it in force, and does it say in which environment this cluster is?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from lockgate.engine.promotions.mapping import matches
from lockgate.webhook.doctor.case import Case, unseen
from lockgate.webhook.doctor.facts import Json, Seen
from lockgate.webhook.doctor.finding import Finding

_CHECK: Final = "promotions"


def check_promotions(case: Case) -> Iterator[Finding]:
    """Are PromotionPolicies and the EnvironmentMap in force, and fit each other and the cluster?"""
    seen = {
        "PromotionPolicies": case.facts.promotion_policies,
        "EnvironmentMaps": case.facts.environment_maps,
    }
    for what, one in seen.items():
        yield from unseen(one, _CHECK, what)
    policies, maps = _items(case.facts.promotion_policies), _items(case.facts.environment_maps)
    for kind, items in (("PromotionPolicy", policies), ("EnvironmentMap", maps)):
        for value in items:
            yield from _not_in_force(kind, value)
    if policies and not maps and not case.facts.environment_maps.refused:
        message = "there is none, and without it the environment of everything is unknown"
        fix = "kubectl apply -f an EnvironmentMap (docs/promotions.md#environments)"
        yield Finding("warning", _CHECK, "EnvironmentMap cluster", message, fix)
    for value in maps:
        clusters = _clusters(value)
        name = case.settings.cluster_name
        if clusters and not any(matches(pattern, name) for pattern in clusters):
            message = f"no environment has the cluster {name}, so that the environment of everything in it is unknown"
            named = replace(case, settings=replace(case.settings, cluster_name="NAME"))
            fix = f"{named.again}, with the name that the map has; or add {name} to the clusters of an environment"
            yield Finding("error", _CHECK, f"EnvironmentMap {_name(value)}", message, fix)


def _not_in_force(kind: str, value: Json) -> Iterator[Finding]:
    status = value.get("status") or {}
    if status.get("created") is not False:
        # Nothing is said of one that was applied a moment ago, or by a server that does not run.
        return
    errors = [error for entry in status.get("byPod") or () for error in entry.get("errors") or ()]
    why = (
        "; ".join([f"{error.get('location')}: {error.get('message')}" for error in errors])
        or "nothing says why"
    )
    fix = f"mend it: kubectl edit {kind.lower()} {_name(value)}"
    yield Finding("error", _CHECK, f"{kind} {_name(value)}", f"it is not in force: {why}", fix)


def _items(seen: Seen) -> Sequence[Json]:
    return (seen.value or {}).get("items") or ()


def _clusters(value: Json) -> list[str]:
    environments = (value.get("spec") or {}).get("environments") or ()
    return [name for one in environments for name in one.get("clusters") or () if isinstance(name, str)]


def _name(value: Json) -> str:
    return str((value.get("metadata") or {}).get("name"))
