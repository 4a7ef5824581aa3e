"""The defaults of what makes Pods by a template (Kubernetes 1.34, apps/v1, batch/v1 and core/v1)."""

from collections.abc import Callable
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.fields import (
    each,
    filled,
    inner,
    set_where_absent,
    trim,
    trimmed,
    without_nulls,
)
from lockgate.engine.defaults.pods import complete_template
from lockgate.engine.defaults.volumes import complete_claim_spec

Object = dict[str, Value]

_NOTHING: Final[Object] = {}
_REPLICAS: Final[Object] = {"replicas": 1}
_DEPLOYMENT: Final[Object] = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
_STATEFUL_SET: Final[Object] = {"replicas": 1, "revisionHistoryLimit": 10}
_RETENTION: Final[Object] = {"whenDeleted": "Retain", "whenScaled": "Retain"}
_CRON_JOB: Final[Object] = {"suspend": False, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
_SPEC_OPTIONAL: Final = frozenset({"minReadySeconds", "paused"})
# Unless each index has a limit of its own.
_BACKOFF_LIMIT: Final = 6
MOST_BACKOFF: Final = 2**31 - 1


def _with_template(value: Object, change: Callable[[Object], None]) -> Object:
    """The object with its spec changed in place of a copy, and the defaults of the template in it."""
    spec = value.get("spec")
    if type(spec) is not dict:
        return value
    made = inner(spec, "template", complete_template).copy()
    trim(made, _SPEC_OPTIONAL)
    change(made)
    return without_nulls({**value, "spec": made})


def _rolling(spec: Object, field: str, defaults: Object) -> None:
    """Sets the strategy of a Deployment or DaemonSet in its spec."""
    strategy = spec.get(field)
    if strategy is not None and type(strategy) is not dict:
        return
    made = filled(trimmed(strategy or _NOTHING), {"type": "RollingUpdate"})
    if made["type"] == "RollingUpdate":
        rolling = made.get("rollingUpdate")
        if rolling is None or type(rolling) is dict:
            inside = {} if rolling is None else rolling.copy()
            set_where_absent(inside, defaults)
            made["rollingUpdate"] = inside
    spec[field] = made


def _deployment(spec: Object) -> None:
    set_where_absent(spec, _DEPLOYMENT)
    _rolling(spec, "strategy", {"maxUnavailable": "25%", "maxSurge": "25%"})


def _daemon_set(spec: Object) -> None:
    set_where_absent(spec, {"revisionHistoryLimit": 10})
    _rolling(spec, "updateStrategy", {"maxUnavailable": 1, "maxSurge": 0})


def _replica_set(spec: Object) -> None:
    set_where_absent(spec, _REPLICAS)


def _stateful_set(spec: Object) -> None:
    set_where_absent(spec, {**_STATEFUL_SET, "serviceName": ""})
    if not spec.get("podManagementPolicy"):
        spec["podManagementPolicy"] = "OrderedReady"
    retention = spec.get("persistentVolumeClaimRetentionPolicy")
    if retention is None or type(retention) is dict:
        spec["persistentVolumeClaimRetentionPolicy"] = filled(retention or _NOTHING, _RETENTION)
    claims = spec.get("volumeClaimTemplates")
    if claims:
        spec["volumeClaimTemplates"] = each(claims, _claim)
    strategy = spec.get("updateStrategy")
    if strategy is not None and type(strategy) is not dict:
        return
    made: Object = {} if strategy is None else strategy.copy()
    if not made.get("type"):
        made["type"] = "RollingUpdate"
        if made.get("rollingUpdate") is None:
            made["rollingUpdate"] = _NOTHING
    rolling = made.get("rollingUpdate")
    if made["type"] == "RollingUpdate" and type(rolling) is dict:
        made["rollingUpdate"] = {**rolling, "partition": rolling.get("partition") or 0}
    spec["updateStrategy"] = made


def _claim(claim: Object) -> Object:
    """A claim's template. The API server makes whole claims of them, with their state."""
    made = inner(claim, "spec", complete_claim_spec)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **made, "status": {"phase": "Pending"}}


def _job_spec(spec: Object) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    has_own = spec.get("backoffLimitPerIndex") is not None
    policy = spec.get("podFailurePolicy")
    set_where_absent(
        spec,
        {
            "parallelism": 1,
            "backoffLimit": MOST_BACKOFF if has_own else _BACKOFF_LIMIT,
            "completionMode": "NonIndexed",
            "suspend": False,
            "podReplacementPolicy": "TerminatingOrFailed" if policy is None else "Failed",
            "manualSelector": False,
        },
    )


def _failure_policy(spec: Object) -> None:
    policy = spec.get("podFailurePolicy")
    if type(policy) is dict:
        spec["podFailurePolicy"] = {**policy, "rules": each(policy.get("rules"), _failure_rule)}


def _failure_rule(rule: Object) -> Object:
    conditions = rule.get("onPodConditions")
    return {**rule, "onPodConditions": each(conditions, _condition)} if conditions else rule


def _condition(condition: Object) -> Object:
    return filled(condition, {"status": "True"})


def _job(value: Object) -> Object:
    def change(spec: Object) -> None:
        _job_spec(spec)
        _failure_policy(spec)

    return _labelled(_with_template(value, change))


def _template_labels(value: Object) -> Value:
    spec = value.get("spec")
    template = spec.get("template") if type(spec) is dict else None
    metadata = template.get("metadata") if type(template) is dict else None
    return metadata.get("labels") if type(metadata) is dict else None


def _labelled(value: Object) -> Object:
    """The object with the labels of its template, where it has none."""
    labels, metadata = _template_labels(value), value.get("metadata")
    if not labels or type(metadata) is not dict or metadata.get("labels"):
        return value
    return {**value, "metadata": {**metadata, "labels": labels}}


def _replication_controller(value: Object) -> Object:
    labels = _template_labels(value)

    def change(spec: Object) -> None:
        set_where_absent(spec, _REPLICAS)
        if labels and not spec.get("selector"):
            spec["selector"] = labels

    return _labelled(_with_template(value, change))


def _cron_job(value: Object) -> Object:
    spec = value.get("spec")
    if type(spec) is not dict:
        return value
    made = spec.copy()
    set_where_absent(made, _CRON_JOB)
    if not made.get("concurrencyPolicy"):
        made["concurrencyPolicy"] = "Allow"

    # The Job's own defaults are set when it is made; those of its Pods already.
    def complete(template: Object) -> Object:
        return _with_template(template, _failure_policy)

    return without_nulls({**value, "spec": inner(made, "jobTemplate", complete)})


def _pod_template(value: Object) -> Object:
    return inner(value, "template", complete_template)


def _by_template(change: Callable[[Object], None]) -> Callable[[Object], Object]:
    return lambda value: _with_template(value, change)


WORKLOADS: Final[dict[str, Callable[[Object], Object]]] = {
    "CronJob": _cron_job,
    "DaemonSet": _by_template(_daemon_set),
    "Deployment": _by_template(_deployment),
    "Job": _job,
    "PodTemplate": _pod_template,
    "ReplicaSet": _by_template(_replica_set),
    "ReplicationController": _replication_controller,
    "StatefulSet": _by_template(_stateful_set),
}
