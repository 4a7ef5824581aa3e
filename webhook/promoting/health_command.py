"""`lockgate promotions health`: which pools of devices are healthy, by what a cluster says of its nodes."""

import sys
from typing import TYPE_CHECKING

import click
from lockgate.webhook.audit_options import FORMAT, OUTPUT
from lockgate.webhook.promoting.options import EPILOG

if TYPE_CHECKING:
    from lockgate.webhook.promotions.pool_health_file import PoolHealth


@click.command(epilog=EPILOG)
@click.argument("objects", metavar="FILE")
@click.option(
    "--cluster",
    metavar="NAME",
    required=True,
    help="The cluster's name, as promotions (--cluster) and `lockgate serve --cluster-name` have it.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    help="The share of a pool's nodes that may be struck while the pool is shown as healthy; what counts the PromotionPolicy says. [default: 0.1]",
)
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    metavar="TYPE",
    help="Another condition of nodes that strikes them unless it is False; may be repeated.",
)
@click.option(
    "--taint",
    "taints",
    multiple=True,
    metavar="KEY",
    help="Another taint that strikes nodes; may be repeated.",
)
@click.option(
    "--sign",
    "key_file",
    metavar="PEM",
    help="With --output: sign what is written with this private key (P-256 or Ed25519), which the identity map has.",
)
@OUTPUT
@FORMAT
def health(
    objects: str,
    cluster: str,
    share: float | None,
    conditions: tuple[str, ...],
    taints: tuple[str, ...],
    key_file: str | None,
    output: str | None,
    chosen: str,
) -> None:
    """Tells which pools of devices are healthy by the Nodes, ResourceSlices and DeviceTaintRules in FILE, JSON as kubectl prints it (`-` is standard input).

    The Namespaces tell which cluster it is: by the UID of kube-system.

    With --output it writes the file that promote, approve, rollback and promotions pending take by --pool-health. A pool is all devices of a driver, or of
    an extended resource. A cluster that knows no DeviceTaintRules is asked without them.

    \b
    Example:
      kubectl get nodes,resourceslices,devicetaintrules,namespaces -o json | lockgate promotions health - --cluster eu-1 --output health.json
    """
    from lockgate.engine.errors import UsageError
    from lockgate.engine.promotions.pool_health import FATAL_CONDITIONS, FATAL_TAINTS, SHARE, FatalSigns
    from lockgate.webhook.output import write_output
    from lockgate.webhook.policy_bundle.files import read_regular
    from lockgate.webhook.promotions.pool_health_file import (
        MAX_OBJECT_BYTES,
        health_lines,
        observe,
        render_health,
    )
    from lockgate.webhook.terminal import printable

    shown = "standard input" if objects == "-" else printable(objects)
    if objects == "-":
        data = sys.stdin.buffer.read(MAX_OBJECT_BYTES + 1)
        if len(data) > MAX_OBJECT_BYTES:
            raise UsageError(f"{shown} has more than {MAX_OBJECT_BYTES >> 20} MiB")
    else:
        data = read_regular(objects, shown, MAX_OBJECT_BYTES)
    signs = FatalSigns(FATAL_CONDITIONS.union(conditions), FATAL_TAINTS.union(taints))
    if key_file is not None and output is None:
        raise UsageError("--sign without --output: nothing is written that could be signed")
    found = observe(data, shown, cluster, signs)
    if output is not None:
        write_output(render_health(found) if key_file is None else _signed(found, key_file), output)
    if chosen == "json":
        click.echo(render_health(found), nl=False)
        return
    for line in health_lines(found, SHARE if share is None else share):
        click.echo(printable(line))


def _signed(found: "PoolHealth", key_file: str) -> str:
    """An envelope of what was found."""
    from lockgate.audit.dsse import IN_TOTO, render_envelope
    from lockgate.webhook.promotions.pool_health_file import health_statement
    from lockgate.webhook.scanning.reading import read_signing_pem

    key = read_signing_pem(key_file)
    return render_envelope(key.sign_envelope(IN_TOTO, health_statement(found))).decode("ascii") + "\n"
