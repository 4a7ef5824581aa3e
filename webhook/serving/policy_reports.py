"""PolicyReports (wgpolicyk8s.io/v1alpha2) of what the sweep found: what dashboards and other tools read.

There is one for each namespace, and a ClusterPolicyReport for what is in none; a large one goes on in further ones. They
have what is objected to, not what passed. https://github.com/kubernetes-sigs/wg-policy-prototypes
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import ordered_record
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep_findings import Finding, Findings

GROUP: Final = "wgpolicyk8s.io"
VERSION: Final = "v1alpha2"
REPORT: Final = GroupVersionKind(GROUP, VERSION, "PolicyReport")
CLUSTER_REPORT: Final = GroupVersionKind(GROUP, VERSION, "ClusterPolicyReport")
NAME: Final = "lockgate"
LABELS: Final[dict[str, Value]] = {"app.kubernetes.io/managed-by": "lockgate"}
# 600 bytes each; etcd takes 1.5 MB at once.
MAX_RESULTS: Final = 500
# Of a namespace. What is beyond is in its summary, and in the metrics.
MAX_REPORTS: Final = 4

# Of reports in one namespace.
NAMES: Final = (NAME, *[f"{NAME}-{number}" for number in range(2, MAX_REPORTS + 1)])

Result = Literal["error", "fail", "skip", "warn"]


@ordered_record
class ReportKey:
    """Which report: its namespace, "" for the cluster's, and its name."""

    namespace: str
    name: str


def is_own_name(name: str) -> bool:
    """Is it the name of a report that is made here?"""
    return name in NAMES


def policy_reports(found: Iterable[tuple[ObjectKey, Findings]]) -> dict[ReportKey, dict[str, Value]]:
    """The reports on all that was found."""
    by_namespace: dict[str, list[tuple[ObjectKey, Finding]]] = {}
    for key, findings in found:
        for finding in findings:
            by_namespace.setdefault(key.namespace, []).append((key, finding))
    made: dict[ReportKey, dict[str, Value]] = {}
    for namespace, said in sorted(by_namespace.items()):
        for number, part in enumerate(_parts(sorted(said)), 1):
            name = NAMES[number - 1]
            # The first has the summary of all.
            summary = _summary(said) if number == 1 else _summary(part)
            made[ReportKey(namespace, name)] = _report(namespace, name, part, summary)
    return made


def _parts(said: Sequence[tuple[ObjectKey, Finding]]) -> Iterator[Sequence[tuple[ObjectKey, Finding]]]:
    for start in range(0, min(len(said), MAX_RESULTS * MAX_REPORTS), MAX_RESULTS):
        yield said[start : start + MAX_RESULTS]


def _report(
    namespace: str, name: str, said: Sequence[tuple[ObjectKey, Finding]], summary: Value
) -> dict[str, Value]:
    metadata: dict[str, Value] = {"name": name, "labels": LABELS}
    if namespace:
        metadata["namespace"] = namespace
    kind = REPORT if namespace else CLUSTER_REPORT
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": metadata,
        "summary": summary,
        "results": [_result(key, finding) for key, finding in said],
    }


def _summary(said: Sequence[tuple[ObjectKey, Finding]]) -> dict[str, Value]:
    counts: dict[Result, int] = {"error": 0, "fail": 0, "skip": 0, "warn": 0}
    for _, finding in said:
        counts[_outcome(finding)] += 1
    return {str(name): count for name, count in counts.items()}


def _outcome(finding: Finding) -> Result:
    if finding.outcome == "violation":
        return "fail" if "deny" in finding.actions else "warn"
    return "error" if finding.outcome == "failure" else "skip"


def _result(key: ObjectKey, finding: Finding) -> Value:
    about: dict[str, Value] = {
        "apiVersion": key.kind.api_version,
        "kind": key.kind.kind,
        "name": key.name,
    }
    if key.namespace:
        about["namespace"] = key.namespace
    properties: dict[str, Value] = {"count": str(finding.count)}
    if finding.actions:
        properties["actions"] = ",".join(finding.actions)
    if finding.exemption:
        properties["exemption"] = finding.exemption
    if finding.outcome == "unknown":
        properties["reason"] = "not evaluated"
    made: dict[str, Value] = {
        "source": NAME,
        "policy": finding.policy.kind,
        "rule": finding.policy.name,
        "result": _outcome(finding),
        "scored": "deny" in finding.actions,
        "resources": [about],
        "properties": properties,
    }
    if finding.messages:
        made["message"] = "\n".join(finding.messages)
    return made
