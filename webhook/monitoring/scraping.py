"""What Prometheus' operator is told to scrape: main's plain port, of every replica."""

from lockgate.engine.codegen.values import Value


def service_monitor(
    namespace: str, labels: dict[str, Value], selector: dict[str, Value], port: str
) -> dict[str, Value]:
    """The ServiceMonitor (monitoring.coreos.com/v1) of the Service that `selector` finds; `port`: its name there."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": "lockgate", "namespace": namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": selector},
            "namespaceSelector": {"matchNames": [namespace]},
            "endpoints": [{"port": port, "path": "/metrics", "interval": "30s"}],
        },
    }
