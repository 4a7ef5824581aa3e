"""What main tells the sweep's process before anything else."""

from dataclasses import asdict
from typing import Any

from lockgate.engine.record import record
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.app.logs import Level, LogFormat


@record
class SweepSettings:
    """interval_s: from the end of a pass to the next. context, kubeconfig: the cluster, as main reaches it.

    cache: the folder of compiled policies, "" for none. trail: the socket of main's appender, "" where nothing is
    recorded; then master_key: the file of the key under which keys of namespaces are wrapped; memory: the file of what
    was told; evaluator: the program, for records. provider_certificate, provider_key: files with what providers of
    external data are shown, "" for nothing. cluster_name: as an EnvironmentMap calls the cluster.
    """

    interval_s: float
    context: str = ""
    kubeconfig: str = ""
    engine: EngineChoice = "default"
    cache: str = ""
    log_format: LogFormat = "json"
    log_level: Level = "info"
    trail: str = ""
    master_key: str = ""
    memory: str = ""
    evaluator: str = ""
    provider_certificate: str = ""
    provider_key: str = ""
    cluster_name: str = ""

    def header(self) -> dict[str, Any]:
        """As a frame has it."""
        return asdict(self)
