"""A template for Zabbix 7.0: what the server's metrics say, read over HTTP, and triggers for what somebody has to do something about.

Zabbix reads one page of metrics and takes the items out of it. Quantiles of histograms it cannot take: what is slow is for Prometheus' alerts.

https://www.zabbix.com/documentation/7.0/en/manual/xml_export_import/templates
https://www.zabbix.com/documentation/7.0/en/manual/config/items/itemtypes/prometheus
"""

from hashlib import sha256
from typing import Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.webhook.monitoring.alerts import ALERTS

TEMPLATE: Final = "Lockgate by HTTP"
MASTER: Final = "lockgate.metrics"
URL_MACRO: Final = "{$LOCKGATE.URL}"
_GROUP: Final = "Templates/Applications"
_PRIORITIES: Final = {"critical": "HIGH", "warning": "WARNING", "info": "INFO"}
# A server with several label sets of a metric, or none yet.
_NONE: Final = "0"

Function = Literal["sum", "min", "max"]


@record
class Watch:
    """An item. pattern: which series of the page, as Prometheus selects them. rate: change by second of what only grows.

    alert: the name of one of `ALERTS` that the item has a trigger for; `condition` is the trigger's, with ITEM for the item.
    """

    key: str
    name: str
    pattern: str
    function: Function = "sum"
    rate: bool = False
    alert: str = ""
    condition: str = ""


WATCHES: Final = (
    Watch(
        "build",
        "Lockgate: is there",
        "lockgate_build_info",
        "max",
        alert="LockgateDown",
        condition="nodata(ITEM,3m)=1",
    ),
    Watch(
        "ready",
        "Lockgate: is ready",
        "lockgate_ready",
        "min",
        alert="LockgateNotReady",
        condition="max(ITEM,5m)=0",
    ),
    Watch("allowed", "Requests: allowed", 'lockgate_requests_total{answer="allowed"}', rate=True),
    Watch("denied", "Requests: denied", 'lockgate_requests_total{answer="denied"}', rate=True),
    Watch(
        "failed",
        "Requests: denied since they cannot be judged or recorded",
        'lockgate_requests_total{answer="failed"}',
        rate=True,
        alert="LockgateFailsClosed",
        condition="min(ITEM,5m)>0",
    ),
    Watch(
        "refused",
        "Requests: refused",
        'lockgate_requests_refused_total{reason!="malformed"}',
        rate=True,
        alert="LockgateRefuses",
        condition="min(ITEM,5m)>0",
    ),
    Watch(
        "policy_errors",
        "Policies: failures",
        "lockgate_policy_errors_total",
        rate=True,
        alert="LockgatePolicyFails",
        condition="max(ITEM,10m)>0",
    ),
    Watch(
        "policy_problems",
        "Policies: not in force",
        "lockgate_policy_problems",
        "max",
        alert="LockgatePolicyNotInForce",
        condition="min(ITEM,10m)>0",
    ),
    Watch(
        "policy_drift",
        "Policies: other than promoted",
        "lockgate_policy_drift",
        "max",
        alert="LockgatePolicyDrift",
        condition="min(ITEM,5m)>0",
    ),
    Watch(
        "webhook_problems",
        "Webhooks: not as installed",
        "lockgate_webhook_problems",
        "max",
        alert="LockgateWebhookChanged",
        condition="min(ITEM,1m)>0",
    ),
    Watch(
        "provider_failures",
        "External data: failures",
        'lockgate_external_data_requests_total{result="failed"}',
        rate=True,
        alert="LockgateProviderFails",
        condition="min(ITEM,10m)>0",
    ),
    Watch("recorded", "Trail: entries recorded", 'lockgate_records_total{result="recorded"}', rate=True),
    Watch(
        "not_recorded",
        "Trail: entries not recorded",
        'lockgate_records_total{result="failed"}',
        rate=True,
        alert="LockgateNotRecorded",
        condition="min(ITEM,2m)>0",
    ),
    Watch("records_waiting", "Trail: entries that wait", "lockgate_records_waiting"),
    Watch("trail_entries", "Trail: length", "lockgate_trail_entries", "max"),
    Watch(
        "anchor_lag",
        "Trail: entries that an anchor has not seen",
        "lockgate_trail_anchor_lag_entries",
        "max",
        alert="LockgateAnchorBehind",
        condition="min(ITEM,1h)>0",
    ),
    Watch(
        "promotions_trouble",
        "Promotions: cannot be read",
        "lockgate_promotions_trouble",
        "max",
        alert="LockgatePromotionsNotRead",
        condition="min(ITEM,2m)>0",
    ),
    Watch(
        "certificate_end",
        "Certificates: the next end",
        "lockgate_certificate_not_after_timestamp_seconds",
        "min",
        alert="LockgateCertificateEnds",
        condition="last(ITEM)>0 and last(ITEM)-now()<259200",
    ),
    Watch(
        "worker_restarts",
        "Workers: died",
        "lockgate_worker_restarts_total",
        alert="LockgateWorkersDie",
        condition="change(ITEM)>0 and last(ITEM)-min(ITEM,15m)>2",
    ),
    Watch(
        "sweep_end",
        "Sweep: the last whole pass",
        "lockgate_sweep_last_pass_timestamp_seconds",
        "max",
        alert="LockgateSweepLate",
        condition="last(ITEM)<now()-7200",
    ),
    Watch(
        "sweep_failed_kinds",
        "Sweep: kinds that cannot be judged",
        "lockgate_sweep_failed_kinds",
        "max",
        alert="LockgateSweepIncomplete",
        condition="min(ITEM,30m)>0",
    ),
    Watch(
        "drifting_models",
        "Models: out of their bounds",
        'lockgate_sweep_violations{kind="LockgateModelEvaluation"}',
        "max",
        alert="LockgateRunningModelDrifts",
        condition="min(ITEM,10m)>0",
    ),
    Watch(
        "unpromoted_models",
        "Models: run without a promotion",
        'lockgate_sweep_violations{kind="LockgatePromotedModels"}',
        "max",
        alert="LockgateRunningModelNotPromoted",
        condition="min(ITEM,10m)>0",
    ),
    Watch(
        "break_glass",
        "Break-glass: grants in force",
        'lockgate_break_glass_grants{state="active"}',
        "max",
        alert="LockgateBreakGlass",
        condition="last(ITEM)>0",
    ),
    Watch(
        "break_glass_refused",
        "Break-glass: grants without effect",
        'lockgate_break_glass_grants{state="refused"}',
        "max",
        alert="LockgateBreakGlassRefused",
        condition="last(ITEM)>0",
    ),
    Watch(
        "exemption_end",
        "Exemptions: the next end",
        "lockgate_exemption_end_timestamp_seconds",
        "min",
        alert="LockgateExemptionEnds",
        condition="last(ITEM)>0 and last(ITEM)-now()<604800",
    ),
    Watch(
        "exemptions_expired",
        "Exemptions: expired",
        'lockgate_exemptions{state="expired"}',
        "max",
        alert="LockgateExemptionsExpired",
        condition="min(ITEM,1h)>0",
    ),
)


def zabbix_template(url: str) -> dict[str, Value]:
    """The template as an export; `url` is where the metrics are, as the macro says it at first."""
    items: list[Value] = [_master(), *[_item(one) for one in WATCHES]]
    return {
        "zabbix_export": {
            "version": "7.0",
            "template_groups": [{"uuid": _uuid(_GROUP), "name": _GROUP}],
            "templates": [
                {
                    "uuid": _uuid(TEMPLATE),
                    "template": TEMPLATE,
                    "name": TEMPLATE,
                    "description": "The admission server of Lockgate, by the metrics of its plain port.",
                    "groups": [{"name": _GROUP}],
                    "items": items,
                    "macros": [{"macro": URL_MACRO, "value": url, "description": "Where the metrics are."}],
                    "tags": [{"tag": "class", "value": "software"}, {"tag": "target", "value": "lockgate"}],
                }
            ],
        }
    }


def _master() -> dict[str, Value]:
    return {
        "uuid": _uuid(MASTER),
        "name": "Metrics",
        "type": "HTTP_AGENT",
        "key": MASTER,
        "delay": "30s",
        "history": "0",
        "trends": "0",
        "value_type": "TEXT",
        "url": URL_MACRO,
        "tags": [{"tag": "component", "value": "raw"}],
    }


def _item(watch: Watch) -> dict[str, Value]:
    key = f"lockgate.{watch.key}"
    taken: dict[str, Value] = {
        "type": "PROMETHEUS_PATTERN",
        "parameters": [watch.pattern, "function", watch.function],
    }
    if watch.key != "build":
        # A series that is not there yet counts nothing; without the page there is no value at all.
        taken |= {"error_handler": "CUSTOM_VALUE", "error_handler_params": _NONE}
    steps: list[Value] = [taken]
    if watch.rate:
        steps.append({"type": "CHANGE_PER_SECOND", "parameters": [""]})
    made: dict[str, Value] = {
        "uuid": _uuid(key),
        "name": watch.name,
        "type": "DEPENDENT",
        "key": key,
        "delay": "0",
        "value_type": "FLOAT",
        "preprocessing": steps,
        "master_item": {"key": MASTER},
        "tags": [{"tag": "component", "value": watch.name.partition(":")[0].lower()}],
    }
    if watch.alert:
        alert = next(one for one in ALERTS if one.name == watch.alert)
        made["triggers"] = [
            {
                "uuid": _uuid(alert.name),
                "expression": watch.condition.replace("ITEM", f"/{TEMPLATE}/{key}"),
                # An item has no labels of series to name.
                "name": watch.name if "{{" in alert.summary else alert.summary,
                "priority": _PRIORITIES[alert.severity],
                "description": alert.action,
                "tags": [{"tag": "alert", "value": alert.name}],
            }
        ]
    return made


def _uuid(name: str) -> str:
    """The same for the same name in each export, in the form that Zabbix takes (RFC 9562, version 4, without dashes)."""
    text = sha256(f"lockgate zabbix {name}".encode()).hexdigest()[:32]
    return f"{text[:12]}4{text[13:16]}{'89ab'[int(text[16], 16) % 4]}{text[17:]}"
