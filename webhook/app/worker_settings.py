"""What main tells a worker before anything else."""

from dataclasses import fields
from typing import Any

from lockgate.engine.record import record
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.app.logs import Level, LogFormat
from lockgate.webhook.serving.admitting import Mode, Namespaces


@record
class WorkerSettings:
    """cache: the folder of compiled policies, "" for none. token: the path's last part, "" for none.

    ended_grants: digests of break-glass grants that were taken away. namespaces: whether every Namespace is told.
    trail: the socket of main's appender, "" where nothing is recorded; then master_key: the file of the key under which
    keys of namespaces are wrapped; trail_connections: how many this worker may have; evaluator: the program, for records.
    spool: the folder of what break-glass lets through while nothing can be recorded, "" for none.
    """

    name: str
    mode: Mode = "enforce"
    excluded_namespaces: tuple[str, ...] = ()
    engine: EngineChoice = "default"
    cache: str = ""
    token: str = ""
    verifies_clients: bool = False
    log_format: LogFormat = "json"
    log_level: Level = "info"
    ended_grants: tuple[str, ...] = ()
    trail: str = ""
    master_key: str = ""
    trail_connections: int = 1
    evaluator: str = ""
    spool: str = ""
    namespaces: Namespaces = "given"

    def header(self) -> dict[str, Any]:
        """As a frame has it."""
        return {name: getattr(self, name) for name in _FIELDS}


_FIELDS = tuple([one.name for one in fields(WorkerSettings)])


def read_settings(header: dict[str, Any]) -> WorkerSettings:
    """The settings of a frame's header."""
    given = {name: header[name] for name in _FIELDS}
    given["excluded_namespaces"] = tuple(given["excluded_namespaces"])
    given["ended_grants"] = tuple(given["ended_grants"])
    return WorkerSettings(**given)
