"""All that watches the server, for `lockgate install`."""

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.webhook.monitoring.alerts import prometheus_rule
from lockgate.webhook.monitoring.dashboard import dashboard_config_map
from lockgate.webhook.monitoring.scraping import service_monitor


@record
class Watched:
    """What is watched. selector: the labels of the Service that has main's plain port under the name `port`."""

    namespace: str
    labels: dict[str, Value]
    selector: dict[str, Value]
    port: str


def monitoring_objects(watched: Watched) -> tuple[dict[str, Value], ...]:
    """The ServiceMonitor, the PrometheusRule and the ConfigMap of the dashboard."""
    return (
        service_monitor(watched.namespace, watched.labels, watched.selector, watched.port),
        prometheus_rule(watched.namespace, watched.labels),
        dashboard_config_map(watched.namespace, watched.labels),
    )
