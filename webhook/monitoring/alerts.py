"""The alerts: what somebody has to do something about, and what it is. Metrics are those of `serving/metric_families.py`."""

from typing import Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record

Severity = Literal["critical", "warning", "info"]


@record
class Alert:
    """One alert. lasts: how long `expression` has to hold (empty: at once). summary, action: for who is called."""

    name: str
    severity: Severity
    expression: str
    lasts: str
    summary: str
    action: str


ALERTS: Final = (
    Alert(
        "LockgateDown",
        "critical",
        "absent(lockgate_build_info)",
        "2m",
        "No Lockgate is scraped: where its webhook fails closed, nothing that it gates can be created",
        "Look at its Pods and the webhook configuration; docs/break-glass.md says how to go on without it.",
    ),
    Alert(
        "LockgateNotReady",
        "critical",
        "lockgate_ready == 0",
        "5m",
        "A Lockgate is not ready: its policies, or the inventory that they need, are not loaded",
        "Its log says what is missing; so does /readyz.",
    ),
    Alert(
        "LockgateFailsClosed",
        "critical",
        'sum(rate(lockgate_requests_total{answer="failed"}[5m])) > 0',
        "5m",
        "Requests are denied since they cannot be judged or recorded",
        "The log's lines with answer=failed have the reason, and the metric of refused requests its kind.",
    ),
    Alert(
        "LockgateRefuses",
        "warning",
        'sum by (reason) (rate(lockgate_requests_refused_total{reason!="malformed"}[5m])) > 0',
        "5m",
        "Requests are refused: {{ $labels.reason }}",
        "overload: more workers or replicas; deadline: a slow policy or provider; unauthenticated: somebody else than the API server calls.",
    ),
    Alert(
        "LockgatePolicyFails",
        "warning",
        "sum by (kind, constraint) (increase(lockgate_policy_errors_total[10m])) > 0",
        "1m",
        "The policy {{ $labels.kind }}/{{ $labels.constraint }} fails on objects, which are denied",
        "The answer and the trail have its error: mend the template, or the constraint's parameters.",
    ),
    Alert(
        "LockgatePolicyNotInForce",
        "warning",
        "max(lockgate_policy_problems) > 0",
        "10m",
        "Templates or constraints are not in force as they are",
        "kubectl get constrainttemplates: the status of each says why, with the line; of policies in files, the log: `policies not read`.",
    ),
    Alert(
        "LockgatePolicyDrift",
        "warning",
        "max(lockgate_policy_drift) > 0",
        "5m",
        "The cluster has policies, exemptions or quotas other than those that were promoted, which are in force",
        "The status of each and the log (`policy drifted`) say which field differs, and how to promote or restore it.",
    ),
    Alert(
        "LockgateWebhookChanged",
        "warning",
        "max(lockgate_webhook_problems) > 0",
        "1m",
        "Lockgate's webhook configuration is not as it was installed: requests may pass unjudged",
        "The log of the leader says how (`webhook configuration changed`), and lockgate doctor how to mend it.",
    ),
    Alert(
        "LockgateProviderFails",
        "warning",
        'sum by (provider) (increase(lockgate_external_data_requests_total{result="failed"}[10m])) > 0',
        "10m",
        "The provider {{ $labels.provider }} of external data fails, and policies go by their on-error, or by their own code",
        "Look at the provider; the trail has which objects were decided without it.",
    ),
    Alert(
        "LockgateSlow",
        "warning",
        "histogram_quantile(0.99, sum by (le) (rate(lockgate_request_seconds_bucket[5m]))) > 1",
        "10m",
        "One request of a hundred takes longer than a second",
        "The dashboard shows whether policies, the trail or waiting takes the time.",
    ),
    Alert(
        "LockgateRecordsSlow",
        "warning",
        "histogram_quantile(0.99, sum by (le) (rate(lockgate_record_seconds_bucket[5m]))) > 1",
        "10m",
        "One entry of a hundred waits for the trail for longer than a second",
        "Look at the database's disk and load.",
    ),
    Alert(
        "LockgateNotRecorded",
        "critical",
        'sum(rate(lockgate_records_total{result="failed"}[5m])) > 0',
        "2m",
        "Entries do not get into the trail; what they are about is denied",
        "Look at the database: reachable, disk full, read-only.",
    ),
    Alert(
        "LockgateAnchorBehind",
        "warning",
        "min_over_time(lockgate_trail_anchor_lag_entries[1h]) > 0",
        "1m",
        "{{ $labels.anchor }} has not seen the end of the trail for an hour",
        "Until it does, the newest entries rest on the keeper's word alone: see docs/trail-anchors.md.",
    ),
    Alert(
        "LockgatePromotionsNotRead",
        "critical",
        "max(lockgate_promotions_trouble) > 0",
        "2m",
        "The trail with the promotions cannot be read, and what takes a promotion is refused",
        "The log says why: promotions not read.",
    ),
    Alert(
        "LockgateCertificateEnds",
        "critical",
        "min by (certificate) (lockgate_certificate_not_after_timestamp_seconds) - time() < 3 * 86400",
        "10m",
        "The certificate {{ $labels.certificate }} ends within three days, and was not renewed",
        "lockgate doctor says what keeps it from being renewed.",
    ),
    Alert(
        "LockgateWorkersDie",
        "warning",
        "increase(lockgate_worker_restarts_total[15m]) > 2",
        "1m",
        "Workers die and are started anew",
        "The log says how they ended; a signal 9 is most often the memory limit.",
    ),
    Alert(
        "LockgateSweepLate",
        "warning",
        "max(lockgate_sweep_last_pass_timestamp_seconds) < time() - 7200",
        "10m",
        "What lives in the cluster has not been judged for two hours, or by no leader yet",
        "The log's lines of the process `sweep` say why; docs/sweep.md has what it needs.",
    ),
    Alert(
        "LockgateSweepIncomplete",
        "warning",
        "max(lockgate_sweep_failed_kinds) > 0",
        "30m",
        "Not everything that lives in the cluster can be judged",
        "The log's lines `sweep incomplete` name the kind and the reason: most often the account may not list it.",
    ),
    Alert(
        "LockgateRunningModelDrifts",
        "warning",
        'max by (constraint) (lockgate_sweep_violations{kind="LockgateModelEvaluation"}) > 0',
        "10m",
        "A model that runs is out of the bounds of {{ $labels.constraint }}: it drifted, or nothing recent says how well it works",
        "Nothing was stopped. The constraint's status names it: give new evidence, or lockgate rollback.",
    ),
    Alert(
        "LockgateRunningModelNotPromoted",
        "warning",
        'max by (constraint) (lockgate_sweep_violations{kind="LockgatePromotedModels"}) > 0',
        "10m",
        "A model runs that {{ $labels.constraint }} has no promotion for any more: revoked, or another version came after it",
        "Nothing was stopped. The constraint's status names it: promote it, or lockgate rollback.",
    ),
    Alert(
        "LockgateBreakGlass",
        "warning",
        'max(lockgate_break_glass_grants{state="active"}) > 0',
        "1m",
        "Break-glass is in force: what policies deny is let through",
        "The grant has who, why and until when; each use is in the trail.",
    ),
    Alert(
        "LockgateBreakGlassRefused",
        "warning",
        'max(lockgate_break_glass_grants{state="refused"}) > 0',
        "1m",
        "There is a break-glass grant without effect: forged, of an unknown signer, or too long",
        "The log has its name and what is wrong with it.",
    ),
    Alert(
        "LockgateExemptionEnds",
        "info",
        "min(lockgate_exemption_end_timestamp_seconds) - time() < 7 * 86400",
        "1h",
        "An exemption ends within a week, and what it permits is denied then",
        "Mend what it is for, or grant it anew if it is still needed.",
    ),
    Alert(
        "LockgateExemptionsExpired",
        "info",
        'max(lockgate_exemptions{state="expired"}) > 0',
        "1h",
        "Exemptions have expired, and permit nothing any more",
        "Remove them, or grant them anew if they are still needed.",
    ),
)


def prometheus_rule(namespace: str, labels: dict[str, Value]) -> dict[str, Value]:
    """The PrometheusRule (monitoring.coreos.com/v1) of all alerts."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "lockgate", "namespace": namespace, "labels": labels},
        "spec": {"groups": [rule_group()]},
    }


def rule_group() -> dict[str, Value]:
    """The group of all alerts, as a file of Prometheus' rules has it too."""
    rules: list[Value] = [_rule(one) for one in ALERTS]
    return {"name": "lockgate", "rules": rules}


def _rule(alert: Alert) -> dict[str, Value]:
    made: dict[str, Value] = {"alert": alert.name, "expr": alert.expression}
    if alert.lasts:
        made["for"] = alert.lasts
    made["labels"] = {"severity": alert.severity}
    made["annotations"] = {"summary": f"{alert.summary}.", "description": alert.action}
    return made
