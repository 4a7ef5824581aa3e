"""The alerts as policies of Google Cloud Monitoring, over the metrics that Managed Service for Prometheus gathers.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
"""

import re
from collections.abc import Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.webhook.monitoring.alerts import ALERTS, Alert

# Cloud Monitoring knows no severity below a warning.
_SEVERITIES: Final = {"critical": "CRITICAL", "warning": "WARNING", "info": "WARNING"}
_LABEL: Final = re.compile(r"\{\{\s*\$labels\.(\w+)\s*\}\}")
_UNITS: Final = {"m": 60, "h": 3_600}


def alert_policy(alert: Alert, channels: Sequence[str]) -> dict[str, Value]:
    """One alert as an AlertPolicy. channels: `projects/P/notificationChannels/N` of who is told."""
    told = _LABEL.sub(r"${metric.label.\1}", alert.summary)
    return {
        "displayName": alert.name,
        "severity": _SEVERITIES[alert.severity],
        "combiner": "OR",
        "enabled": True,
        "conditions": [
            {
                "displayName": _LABEL.sub(r"\1", alert.summary),
                "conditionPrometheusQueryLanguage": {
                    "query": alert.expression,
                    "duration": f"{_seconds(alert.lasts)}s",
                    "evaluationInterval": "60s",
                    "ruleGroup": "lockgate",
                    "alertRule": alert.name,
                },
            }
        ],
        "documentation": {
            "content": f"{told}.\n\n{alert.action}",
            "mimeType": "text/markdown",
        },
        "notificationChannels": [*channels],
        "userLabels": {"system": "lockgate", "severity": alert.severity},
    }


def alert_policies(channels: Sequence[str]) -> dict[str, dict[str, Value]]:
    """All alerts by their names."""
    return {one.name: alert_policy(one, channels) for one in ALERTS}


def _seconds(lasts: str) -> int:
    return int(lasts[:-1]) * _UNITS[lasts[-1]] if lasts else 0
