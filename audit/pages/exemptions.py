"""Exemptions, and what was granted of devices and quotas beyond what is approved."""

from typing import Any, Final

from lockgate.audit.pages.facts import answer_value, as_of_value, row_value
from lockgate.audit.pages.questions import given_of
from lockgate.audit.pages.site import Asked, Site, View
from lockgate.audit.query.answers.exceptions import a2_exemptions, a9_devices
from lockgate.audit.query.engine import Asking
from lockgate.audit.query.question import Question
from lockgate.audit.recorder import QUOTA_LEDGER

_ROWS: Final = 100


def exemptions(site: Site, asked: Asked) -> View:
    """Exemptions: what stands, what ends soon, what was used."""
    value = answer_value(a2_exemptions(site.engine, given_of(site, asked), site.opener))
    order = {"active": 0, "revoked": 1, "expired": 2}
    value["lines"].sort(key=lambda one: (order.get(one["state"], 3), one["until"], one["exemption"]))
    return View("exemptions.html", "Exemptions", {**value, "sealed": site.opener is None})


def quotas(site: Site, asked: Asked) -> View:
    """Devices and quotas."""
    engine = site.engine
    value = answer_value(a9_devices(engine, given_of(site, asked), site.opener))
    value["count"] = len(value["lines"])
    value["lines"] = list(reversed(value["lines"]))[:_ROWS]
    changed = engine.ask(Question(stream="configuration", walk="complete"), Asking(limit=_ROWS))
    repairs: list[dict[str, Any]] = [
        row_value(row) for row in changed.rows if row.entry.value.get("policy") == QUOTA_LEDGER
    ]
    data = {
        **value,
        "sealed": site.opener is None,
        "repairs": repairs,
        "asOf": as_of_value(engine.as_of(engine.size)),
    }
    return View("quotas.html", "Devices and quotas", data)
