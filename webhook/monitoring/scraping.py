"""What is told to scrape: main's plain port, of every replica."""

from collections.abc import Mapping

from lockgate.engine.codegen.values import Value


def service_monitor(
    namespace: str, labels: dict[str, Value], selector: dict[str, Value], port: str
) -> dict[str, Value]:
    """The ServiceMonitor of Prometheus' operator (monitoring.coreos.com/v1), for the Service that `selector` finds; `port`: its name there."""
    found: dict[str, Value] = {
        "selector": {"matchLabels": selector},
        "namespaceSelector": {"matchNames": [namespace]},
    }
    return _monitor("monitoring.coreos.com/v1", "ServiceMonitor", namespace, labels, found, port)


def pod_monitoring(
    namespace: str, labels: dict[str, Value], selector: dict[str, Value], port: str
) -> dict[str, Value]:
    """The PodMonitoring of Google's Managed Service for Prometheus (monitoring.googleapis.com/v1), for the Pods that `selector` finds.

    https://github.com/GoogleCloudPlatform/prometheus-engine
    """
    found: dict[str, Value] = {"selector": {"matchLabels": selector}}
    return _monitor("monitoring.googleapis.com/v1", "PodMonitoring", namespace, labels, found, port)


def _monitor(
    api_version: str,
    kind: str,
    namespace: str,
    labels: dict[str, Value],
    found: Mapping[str, Value],
    port: str,
) -> dict[str, Value]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "lockgate", "namespace": namespace, "labels": labels},
        "spec": {**found, "endpoints": [{"port": port, "path": "/metrics", "interval": "30s"}]},
    }
