"""How the policies changed, each change with what it added, changed and took away."""

from collections.abc import Mapping
from typing import Any

from lockgate.audit.pages.facts import answer_value
from lockgate.audit.pages.questions import given_of
from lockgate.audit.pages.site import Asked, Site, View
from lockgate.audit.query.answers.people import details_of
from lockgate.audit.query.answers.policies import a10_policies


def policies(site: Site, asked: Asked) -> View:
    """The page. Diffs are between what bodies say was in force, for whom they may be opened."""
    engine = site.engine
    value = answer_value(a10_policies(engine, given_of(site, asked), site.opener))
    before: dict[str, Mapping[str, Any]] = {}
    for line in value["lines"]:
        line["diff"] = None
        if site.opener is None:
            continue
        details = details_of(site.opener, line["entry"], engine.row(line["entry"]).raw)
        now = details.get("inForce")
        if isinstance(now, Mapping):
            # Each instance has its own.
            instance = str(details.get("instance", ""))
            line["diff"] = differences(before.get(instance, {}), now)
            before[instance] = now
    value["lines"].reverse()
    data = {**value, "sealed": site.opener is None}
    return View("policies.html", "Policies", data)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, str]]:
    """What became of each part, in order of their names."""
    told: list[dict[str, str]] = []
    for name in sorted({*before, *now}):
        old, new = str(before.get(name, "")), str(now.get(name, ""))
        if old != new:
            sign = "added" if not old else "removed" if not new else "changed"
            told.append({"sign": sign, "policy": name, "before": old, "after": new})
    return told
