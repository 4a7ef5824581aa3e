"""Writes what a pass of the sweep found into the cluster: the status of constraints, and PolicyReports.

Both by server-side apply under a field manager of its own, and only where they differ. Beside Gatekeeper the status of
constraints is left to its audit: two writers of one list undo each other.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, final
from urllib.parse import quote

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.decision import PolicyKey
from lockgate.engine.documents.json_values import JsonError, read_value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.gatekeeper.constraint import GROUP, VERSIONS
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, render_moment
from lockgate.webhook.cluster.connection import Sent, failure_reason, get, send
from lockgate.webhook.cluster.constraint_definitions import is_gatekeeper_there
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.watch_events import metadata_text
from lockgate.webhook.serving.policy_reports import CLUSTER_REPORT, REPORT, ReportKey, is_own_name
from lockgate.webhook.serving.sweep_totals import ConstraintTotal, constraint_status
from urllib3.exceptions import HTTPError

Json = dict[str, Value]

MANAGER: Final = "lockgate-sweep"
# When a status is written again, though nothing has changed, so that its moment tells that somebody looks.
REFRESH_NS: Final = 600 * SECOND_NS
_TIMEOUT_S: Final = 10.0
_OURS: Final = "app.kubernetes.io/managed-by=lockgate"
# A list of reports that others have labelled as ours is no reason to read for ever.
_MOST_REPORTS: Final = "5000"


@final
class SweepWriter:
    """Remembers what it has written; begins anew it writes everything once."""

    def __init__(self, api: ApiClient) -> None:
        self._api: Final = api
        self._statuses: Final[dict[PolicyKey, tuple[str, int]]] = {}
        # Digests.
        self._reports: Final[dict[ReportKey, bytes]] = {}
        self._is_first = True
        # All of them, as they were written without a failure.
        self._whole: Mapping[ReportKey, Json] | None = None

    def write(
        self,
        resources: Sequence[Resource],
        totals: Sequence[ConstraintTotal],
        reports: Mapping[ReportKey, Json],
        now_ns: int,
    ) -> Mapping[str, str]:
        """Writes what differs, where the cluster has a place for it; gives what could not be written, and why."""
        kinds = {resource.kind: resource for resource in resources}
        failures: dict[str, str] = {}
        if not is_gatekeeper_there(kinds):
            failures |= self._write_statuses(kinds, totals, now_ns)
        if REPORT in kinds and CLUSTER_REPORT in kinds:
            failures |= self._write_reports(kinds, reports)
        return failures

    def _write_statuses(
        self, kinds: Mapping[GroupVersionKind, Resource], totals: Sequence[ConstraintTotal], now_ns: int
    ) -> dict[str, str]:
        failures: dict[str, str] = {}
        for total in totals:
            found = [kind for version in VERSIONS if (kind := _kind(version, total)) in kinds]
            before = self._statuses.get(total.policy)
            mark = repr((total.violations, total.shown))
            if not found or (before is not None and before[0] == mark and now_ns - before[1] < REFRESH_NS):
                continue
            status = constraint_status(total, render_moment(now_ns // SECOND_NS * SECOND_NS))
            body: Json = {
                "apiVersion": found[0].api_version,
                "kind": found[0].kind,
                "metadata": {"name": total.policy.name},
                "status": status,
            }
            path = f"{kinds[found[0]].path}/{quote(total.policy.name, '')}/status"
            failure = self._apply(path, body)
            if failure:
                failures[f"the status of {total.policy}"] = failure
            else:
                self._statuses[total.policy] = (mark, now_ns)
        for key in self._statuses.keys() - {total.policy for total in totals}:
            del self._statuses[key]
        return failures

    def _write_reports(
        self, kinds: Mapping[GroupVersionKind, Resource], reports: Mapping[ReportKey, Json]
    ) -> dict[str, str]:
        if reports is self._whole:
            return {}
        failures: dict[str, str] = {}
        if self._is_first:
            failures = self._find_reports(kinds)
            self._is_first = bool(failures)
        for key, report in reports.items():
            mark = sha256(render_json(report).encode("utf-8", "surrogatepass")).digest()
            if self._reports.get(key) == mark:
                continue
            failure = self._apply(_path(key, kinds), report)
            if failure:
                failures[f"the report {key.namespace}/{key.name}"] = failure
            else:
                self._reports[key] = mark
        for key in self._reports.keys() - reports.keys():
            failure = self._delete(_path(key, kinds))
            if failure:
                failures[f"the report {key.namespace}/{key.name}"] = failure
            else:
                del self._reports[key]
        self._whole = None if failures else reports
        return failures

    def _find_reports(self, kinds: Mapping[GroupVersionKind, Resource]) -> dict[str, str]:
        """Those that were written before this began: what nobody objects to any more is removed."""
        for kind in (REPORT, CLUSTER_REPORT):
            query = {"labelSelector": _OURS, "limit": _MOST_REPORTS}
            try:
                status, _, data = get(self._api, kinds[kind].path, query, _TIMEOUT_S)
                value = read_value(data.decode("utf-8", "replace"), 0)[0] if status == 200 else None
            except (HTTPError, OSError, ValueError, JsonError) as error:
                return {f"the list of {kind}": failure_reason(error)}
            items = value.get("items") if isinstance(value, dict) else None
            if not isinstance(items, list):
                return {f"the list of {kind}": f"the API server answered {status}"}
            for item in items:
                if isinstance(item, dict):
                    key = ReportKey(metadata_text(item, "namespace"), metadata_text(item, "name"))
                    # Others may have reports with that label too.
                    if is_own_name(key.name):
                        self._reports.setdefault(key, b"")
        return {}

    def _apply(self, path: str, body: Json) -> str:
        """Applies one; gives what went wrong."""
        sent = Sent(render_json(body).encode("utf-8", "surrogatepass"), "application/apply-patch+yaml")
        query = {"fieldManager": MANAGER, "force": "true"}
        return self._send("PATCH", path, query, sent)

    def _delete(self, path: str) -> str:
        return self._send("DELETE", path, {}, Sent(b"{}"))

    def _send(self, method: str, path: str, query: Mapping[str, str], sent: Sent) -> str:
        try:
            code, _, _ = send(self._api, method, path, query, sent, _TIMEOUT_S)
        except (HTTPError, OSError, ValueError) as error:
            return failure_reason(error)
        # What is gone by now, or is in a namespace that ends, needs nothing.
        return "" if code < 300 or code == 404 else f"the API server answered {code}"


def _kind(version: str, total: ConstraintTotal) -> GroupVersionKind:
    return GroupVersionKind(GROUP, version, total.policy.kind)


def _path(key: ReportKey, kinds: Mapping[GroupVersionKind, Resource]) -> str:
    if not key.namespace:
        return f"{kinds[CLUSTER_REPORT].path}/{quote(key.name, '')}"
    before, _, plural = kinds[REPORT].path.rpartition("/")
    return f"{before}/namespaces/{quote(key.namespace, '')}/{plural}/{quote(key.name, '')}"
