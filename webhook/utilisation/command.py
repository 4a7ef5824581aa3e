"""`lockgate utilisation`: what workloads use of what they ask for, by measurements, for the rule that compares both."""

import click
from lockgate.webhook.audit_options import OUTPUT

_EPILOG = "Exit codes: 0 written; 2 unreadable, or wrong usage."


@click.command(epilog=_EPILOG)
@click.option("--cpu", metavar="FILE", multiple=True, help="Cores that containers use; may be repeated.")
@click.option("--memory", metavar="FILE", multiple=True, help="Bytes that they hold; may be repeated.")
@click.option(
    "--devices",
    metavar="FILE",
    multiple=True,
    help="Devices that they keep busy: of 8 of which each is busy half of the time it is 4; may be repeated.",
)
@click.option(
    "--namespace-label", default="namespace", show_default=True, metavar="NAME", help="Whose namespace."
)
@click.option(
    "--workload-label",
    default="workload",
    show_default=True,
    metavar="NAME",
    help="The object that has the pods.",
)
@click.option(
    "--container-label", default="container", show_default=True, metavar="NAME", help="Which container."
)
@OUTPUT
def utilisation(
    cpu: tuple[str, ...],
    memory: tuple[str, ...],
    devices: tuple[str, ...],
    namespace_label: str,
    workload_label: str,
    container_label: str,
    output: str | None,
) -> None:
    """Write what the provider `lockgate-utilisation` answers (kind ExternalData): the 95th percentile of what each workload's containers use.

    FILE is what Prometheus' query_range answers, or a table (CSV) with the columns namespace, workload, container, time and value; `-` is standard
    input. `check --external-data` and `serve --external-data` take what is written, and the rule cost/right_sizing goes by it.

    \b
    Example:
      curl -sG https://prometheus.example.com/api/v1/query_range --data-urlencode query@cpu.promql \\
        -d start=2026-11-01T00:00:00Z -d end=2026-11-15T00:00:00Z -d step=300 > cpu.json
      lockgate utilisation --cpu cpu.json --memory memory.csv --output utilisation.json
    """
    import json
    import sys

    from lockgate.engine.bounded_reading import read_up_to
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.output import write_output
    from lockgate.webhook.policy_bundle.files import read_regular
    from lockgate.webhook.terminal import printable
    from lockgate.webhook.utilisation.samples import MAX_BYTES, Container, Labels, Sample, read_samples
    from lockgate.webhook.utilisation.summary import external_data

    given = {"cpu": cpu, "memory": memory, "devices": devices}
    names = [name for files in given.values() for name in files]
    if not names:
        raise UsageError("there are no measurements", hint="give --cpu, --memory or --devices")
    if names.count("-") > 1:
        raise UsageError("standard input can be one file only")
    labels = Labels(namespace_label, workload_label, container_label)
    measured: dict[str, dict[Container, list[Sample]]] = {}
    for resource, files in given.items():
        for name in files:
            shown = "standard input" if name == "-" else printable(name)
            data = (
                read_up_to(sys.stdin.buffer, MAX_BYTES)
                if name == "-"
                else read_regular(name, shown, MAX_BYTES)
            )
            for container, samples in read_samples(data, shown, labels).items():
                measured.setdefault(resource, {}).setdefault(container, []).extend(samples)
    write_output(json.dumps(external_data(measured), indent=1, ensure_ascii=False) + "\n", output)
    workloads = {(one.namespace, one.workload) for found in measured.values() for one in found}
    click.echo(f"{len(workloads)} workloads were measured", err=True)
