"""What main tells a worker before anything else."""

from dataclasses import asdict, fields
from typing import Any

from lockgate.engine.record import record
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.app.logs import Level, LogFormat
from lockgate.webhook.opa_engine import OpaServers
from lockgate.webhook.serving.admitting import Mode, Namespaces


@record
class WorkerSettings:
    """cache: the folder of compiled policies, "" for none. token: the path's last part, "" for none. client_names: whose
    certificates count; asker_names: whose do for questions to providers.

    ended_grants: digests of break-glass grants that were taken away. namespaces: whether every Namespace is told.
    trail: the socket of main's appender, "" where nothing is recorded; then master_key: the file of the key under which
    keys of namespaces are wrapped; trail_at_a_time: how many drafts may wait there; evaluator: the program, for records.
    provider_certificate, provider_key: files with what providers of external data are shown, "" for nothing.
    spool: the folder of what break-glass lets through while nothing can be recorded, "" for none. opa: the servers that
    evaluate Rego; none where this process does. ledger: the database of the quotas' ledger, "" for none; ledger_cluster: the
    cluster's name in it. cluster_name: as an EnvironmentMap calls the cluster. living: what runs is told, for Namespaces
    whose environment rises.
    """

    name: str
    mode: Mode = "enforce"
    excluded_namespaces: tuple[str, ...] = ()
    engine: EngineChoice = "default"
    cache: str = ""
    token: str = ""
    client_names: tuple[str, ...] = ()
    asker_names: tuple[str, ...] = ()
    log_format: LogFormat = "json"
    log_level: Level = "info"
    ended_grants: tuple[str, ...] = ()
    trail: str = ""
    master_key: str = ""
    trail_at_a_time: int = 1
    evaluator: str = ""
    spool: str = ""
    namespaces: Namespaces = "given"
    namespace_editors: tuple[str, ...] = ()
    guarded_labels: tuple[str, ...] = ()
    enforced_namespaces: tuple[str, ...] = ()
    opa: OpaServers = OpaServers()
    provider_certificate: str = ""
    provider_key: str = ""
    ledger: str = ""
    ledger_cluster: str = ""
    cluster_name: str = ""
    living: bool = False

    def header(self) -> dict[str, Any]:
        """As a frame has it."""
        return {**{name: getattr(self, name) for name in _FIELDS}, "opa": asdict(self.opa)}


_FIELDS = tuple([one.name for one in fields(WorkerSettings)])


def read_settings(header: dict[str, Any]) -> WorkerSettings:
    """The settings of a frame's header."""
    given = {name: header[name] for name in _FIELDS}
    given["excluded_namespaces"] = tuple(given["excluded_namespaces"])
    given["enforced_namespaces"] = tuple(given["enforced_namespaces"])
    given["namespace_editors"] = tuple(given["namespace_editors"])
    given["guarded_labels"] = tuple(given["guarded_labels"])
    given["client_names"] = tuple(given["client_names"])
    given["asker_names"] = tuple(given["asker_names"])
    given["ended_grants"] = tuple(given["ended_grants"])
    opa = given["opa"]
    given["opa"] = OpaServers(tuple(opa["urls"]), opa["token"], opa["authorities"])
    return WorkerSettings(**given)
