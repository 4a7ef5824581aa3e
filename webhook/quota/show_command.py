"""`lockgate quota show`: what the ledger holds, by whom, and how much is left; a snapshot for CI, and a picture of use over time."""

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click
from lockgate.webhook.quota.ledger_options import Given, database_of, ledger_options, read_given

if TYPE_CHECKING:
    from lockgate.engine.quota.amounts import Usage
    from lockgate.engine.quota.store.reader import LedgerReader
    from lockgate.engine.quota.telling import HeldBy
    from lockgate.webhook.terminal import ColourChoice

# Holders of a key that are read: people see the largest, a snapshot has these.
_MOST_HOLDERS: Final = 100
# Objects that a picture is made of.
_MOST_SPANS: Final = 100_000
_SECOND_NS: Final = 1_000_000_000


@click.command(epilog="Exit codes: 0 shown; 2 the ledger cannot be read, or wrong usage.")
@ledger_options
@click.option(
    "--quotas",
    multiple=True,
    metavar="PATH",
    help="Files or folders of DeviceQuotas and Namespaces, for --format json: a snapshot says by which quotas it is judged. "
    "`kubectl get devicequotas,namespaces -o yaml` makes such a file.",
)
@click.option("--quota", "only", metavar="NAME", help="This quota alone.")
@click.option(
    "--format",
    "chosen",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A table, or a QuotaSnapshot as `check --quota-snapshot` takes it.",
)
@click.option("--svg", metavar="FILE", help="Draw use over time there.")
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="SPAN",
    help="Where the picture begins; such as 30d or 12h.",
)
@click.option("--output", metavar="FILE", help="Write the report there, complete or not at all.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in text."
)
def show(
    ledger: str,
    cluster: str,
    quotas: tuple[str, ...],
    only: str | None,
    chosen: str,
    svg: str | None,
    since: str,
    output: str | None,
    color: "ColourChoice",
) -> int:
    """Shows what every quota has: used, reserved, spent, its limits, and who holds most.

    \b
    Examples:
      lockgate quota show --ledger ledger.db --cluster prod
      lockgate quota show --ledger ledger.db --cluster prod --quotas quotas.yaml --format json --output quotas.json
      lockgate quota show --ledger postgresql://db/lockgate --cluster prod --svg use.svg --since 90d
    """
    from lockgate.engine.errors import UsageError
    from lockgate.engine.quota.store.reader import reading_ledger
    from lockgate.gatekeeper.exemptions.moments import span_ns
    from lockgate.webhook.output import write_output
    from lockgate.webhook.quota.table import Line, render_table
    from lockgate.webhook.terminal import Palette, choose_palette

    span = span_ns(since)
    if span is None:
        raise UsageError(f"--since takes a span of time, not {since!r}", hint="such as 30d")
    if chosen == "json" and not quotas:
        raise UsageError("--format json needs --quotas", hint="a snapshot says by which quotas it is judged")
    given = read_given(quotas, os.getcwd())
    now_ns = time.time_ns()
    with reading_ledger(database_of(ledger), cluster) as reader:
        usages = [one for one in reader.usages() if only in (None, quota_of(one))]
        if chosen == "json":
            text = _snapshot(reader, cluster, now_ns, given, usages)
        else:
            lines = [Line(one, _holders(reader, one)) for one in usages]
            palette = choose_palette(color, sys.stdout) if output is None else Palette(color == "always")
            text = render_table(lines, palette)
        picture = None if svg is None else _picture(reader, usages, now_ns - span, now_ns)
    write_output(text, output)
    if picture is not None:
        write_output(picture, svg)
    return 0


def quota_of(usage: "Usage") -> str:
    """The name of the quota that a key is counted for."""
    return usage.key.scope.partition("/")[0]


def _holders(reader: "LedgerReader", usage: "Usage") -> "tuple[HeldBy, ...]":
    from lockgate.engine.quota.telling import HeldBy

    return tuple(
        [
            HeldBy(f"{one.reference.resource} {one.reference.namespace}/{one.reference.name}", one.amount)
            for one in reader.holders(usage.key, _MOST_HOLDERS)
        ]
    )


def _snapshot(
    reader: "LedgerReader", cluster: str, now_ns: int, given: Given, usages: "Sequence[Usage]"
) -> str:
    from lockgate.gatekeeper.labels import labels_of
    from lockgate.gatekeeper.quotas.device_quota import parse_device_quota
    from lockgate.webhook.quota.snapshot import Use, render_snapshot

    for document in given.quotas:
        parse_device_quota(document)
    use = {
        one.key: Use(one.used, one.reserved, one.spent, _holders(reader, one)) for one in usages if one.total
    }
    labels = {
        name: {key: str(value) for key, value in labels_of(one).items()}
        for name, one in given.namespaces.items()
    }
    return render_snapshot(cluster, now_ns, [one.value for one in given.quotas], labels, use)


def _picture(reader: "LedgerReader", usages: "Sequence[Usage]", since_ns: int, now_ns: int) -> str:
    from lockgate.webhook.quota.curves import curves
    from lockgate.webhook.quota.plot import render_plot

    since, now = max(since_ns, 0) // _SECOND_NS, now_ns // _SECOND_NS
    return render_plot(curves(usages, reader.spans(_MOST_SPANS), since, now), since, now)
