"""`lockgate monitoring`: what watches Lockgate and its nodes, as files of the system that watches."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

import click
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import UsageError
from lockgate.webhook.output import write_files, write_output

Format = Literal["cloud-monitoring", "grafana", "node-problem-detector", "prometheus", "zabbix"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_CHANNEL: Final = "projects/"


@click.command()
@click.argument("system", type=click.Choice(FORMATS))
@click.option("--output", metavar="DIR", help="Write files into a folder instead of printing them.")
@click.option(
    "--namespace", default="lockgate-system", show_default=True, metavar="NS", help="Where Lockgate runs."
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="NAME",
    help="cloud-monitoring: who is told, as projects/PROJECT/notificationChannels/NUMBER. May be repeated.",
)
def monitoring(system: Format, output: str | None, namespace: str, channels: tuple[str, ...]) -> None:
    """Prints what watches Lockgate, for the system that does.

    \b
    prometheus             A file of alerting rules (with Prometheus' operator: lockgate install --with monitoring).
    grafana                The dashboard, for the import of Grafana.
    zabbix                 A template for Zabbix 7.0.
    cloud-monitoring       Alerting policies of Google Cloud, a file each, and what scrapes the metrics.
    node-problem-detector  A monitor of the kernel's log that finds broken GPUs; `lockgate promotions health` goes by it.

    \b
    Examples:
      lockgate monitoring zabbix > lockgate-zabbix.yaml
      lockgate monitoring cloud-monitoring --channel projects/p/notificationChannels/1 --output alerts
    """
    if channels and system != "cloud-monitoring":
        raise UsageError("--channel is for cloud-monitoring alone", hint="leave it out")
    wrong = [one for one in channels if not one.startswith(_CHANNEL) or "/notificationChannels/" not in one]
    if wrong:
        raise UsageError(
            f"--channel {wrong[0]!r} is no notification channel",
            hint="write projects/PROJECT/notificationChannels/NUMBER",
        )
    files = _FILES[system](namespace, channels)
    if output is None:
        write_output("".join(files.values()), None)
        return
    write_files(files, output)


def _prometheus(namespace: str, channels: tuple[str, ...]) -> Mapping[str, str]:
    from lockgate.webhook.monitoring.alerts import rule_group

    return {"lockgate-rules.yaml": _yaml({"groups": [rule_group()]})}


def _grafana(namespace: str, channels: tuple[str, ...]) -> Mapping[str, str]:
    from lockgate.webhook.monitoring.dashboard import dashboard

    return {"lockgate-dashboard.json": _json(dashboard())}


def _zabbix(namespace: str, channels: tuple[str, ...]) -> Mapping[str, str]:
    from lockgate.webhook.install.settings import NAME, PROBES_PORT
    from lockgate.webhook.monitoring.zabbix_template import zabbix_template

    url = f"http://{NAME}.{namespace}.svc:{PROBES_PORT}/metrics"
    return {"lockgate-zabbix.yaml": _yaml(zabbix_template(url))}


def _cloud_monitoring(namespace: str, channels: tuple[str, ...]) -> Mapping[str, str]:
    from lockgate.webhook.install.workload import LABELS
    from lockgate.webhook.monitoring.cloud_alerts import alert_policies
    from lockgate.webhook.monitoring.scraping import pod_monitoring

    scraped = pod_monitoring(namespace, {**LABELS}, {**LABELS}, "probes")
    policies = {f"{name}.yaml": f"---\n{_yaml(one)}" for name, one in alert_policies(channels).items()}
    return {"pod-monitoring.yaml": f"---\n{_yaml(scraped)}", **policies}


def _node_problem_detector(namespace: str, channels: tuple[str, ...]) -> Mapping[str, str]:
    from lockgate.webhook.monitoring.gpu_health import gpu_monitor

    return {"gpu-health-monitor.json": _json(gpu_monitor())}


_FILES: Final[Mapping[Format, Callable[[str, tuple[str, ...]], Mapping[str, str]]]] = {
    "cloud-monitoring": _cloud_monitoring,
    "grafana": _grafana,
    "node-problem-detector": _node_problem_detector,
    "prometheus": _prometheus,
    "zabbix": _zabbix,
}


def _json(value: dict[str, Value]) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _yaml(value: Mapping[str, Any]) -> str:
    from lockgate.webhook.install.yaml_text import render_yaml

    return render_yaml(value)
