"""`lockgate sweep`: judges what lives in a cluster, once or time after time."""

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
from lockgate.webhook.check_options import chosen_failures, fail_on_option
from lockgate.webhook.inventory_options import external_options, read_external_options
from lockgate.webhook.model_facts import facts_options
from lockgate.webhook.terminal import printable

if TYPE_CHECKING:
    from lockgate.webhook.cluster.sweep_run import SweepResult
    from lockgate.webhook.model_facts import ModelFacts

# Admission comes first.
_NICENESS: Final = 10


@click.command(
    epilog="Exit codes, without --every: 0 nothing violates what denies; 1 something does (or warns, with --fail-on warn); 2 "
    "something could not be listed, evaluated, recorded or written (or was not evaluated, with --fail-on not-evaluated)."
)
@click.option(
    "-p",
    "--policies",
    multiple=True,
    metavar="PATH",
    help="Judge by these files, folders or PolicyBundles, and not by the cluster's policies.",
)
@click.option("--exemptions", multiple=True, metavar="PATH", help="With -p: exemptions, files or folders.")
@click.option("--context", default="", metavar="NAME", help="The context of the kubeconfig.")
@click.option(
    "--every",
    type=click.FloatRange(1, 86_400),
    metavar="SECONDS",
    help="Go on, with a pass so often. Else there is one.",
)
@click.option("--trail", metavar="HOME", help="Record each change of a verdict there.")
@click.option("--write", is_flag=True, help="Write constraints' status and PolicyReports into the cluster.")
@click.option(
    "--lease",
    metavar="NAMESPACE/NAME",
    help="With --every: only who holds this Lease sweeps.",
)
@click.option(
    "--probes", metavar="ADDRESS:PORT", help="With --every: plain HTTP for /healthz, /readyz and /metrics."
)
@external_options
@facts_options
@click.option(
    "--promotions",
    metavar="DIR",
    help="The home of a trail that promotions are recorded in: the provider lockgate-promotions answers from it.",
)
@click.option(
    "--cluster-name",
    default="",
    metavar="NAME",
    help="The cluster's name in the EnvironmentMap, as `serve` has it.",
)
@fail_on_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--engine", type=click.Choice(["rego"]), help="Evaluate the Rego of templates that also have CEL."
)
def sweep(
    policies: tuple[str, ...],
    exemptions: tuple[str, ...],
    context: str,
    every: float | None,
    trail: str | None,
    write: bool,
    lease: str | None,
    probes: str | None,
    external_data: tuple[str, ...],
    allow_providers: bool,
    provider_certificate: str | None,
    provider_key: str | None,
    model_facts: "ModelFacts | None",
    promotions: str | None,
    cluster_name: str,
    fail_on: tuple[str, ...],
    form: str,
    engine: str | None,
) -> int:
    """Judges what lives in a cluster by the policies in force, as Gatekeeper's audit does.

    \b
    Examples:
      lockgate sweep
      lockgate sweep -p policies/ --format json
      lockgate sweep --every 60 --trail /var/lib/lockgate --write
    """
    from lockgate.webhook.extras import require_cluster

    require_cluster()
    if exemptions and not policies:
        raise click.UsageError("--exemptions goes with -p: else the cluster's own count")
    if lease is not None and (every is None or lease.count("/") != 1):
        raise click.UsageError("--lease is written NAMESPACE/NAME, and goes with --every")
    if probes is not None and every is None:
        raise click.UsageError("--probes goes with --every")
    if fail_on and every is not None:
        raise click.UsageError("--fail-on says how one pass ends, and --every goes on: look at its metrics")
    failing = chosen_failures(fail_on)
    from lockgate.engine.codegen.cache import open_cache
    from lockgate.webhook.sweep_session import SweepOptions, open_session

    options = SweepOptions(
        policies=policies,
        exemptions=exemptions,
        cwd=os.getcwd(),
        context=context,
        trail=trail,
        write=write,
        lease=lease,
        probes=None if probes is None else _address(probes),
        engine="rego" if engine == "rego" else "default",
        cache=open_cache(None, os.environ),
        external=replace(
            read_external_options(
                external_data, allow_providers, provider_certificate, provider_key, model_facts
            ),
            promotions=promotions or "",
        ),
        cluster_name=cluster_name,
    )
    with ExitStack() as stack:
        session = open_session(options, stack)
        if every is None:
            result = session.run_pass()
            _show(result, form)
            if session.failure:
                click.echo(f"error: the trail has not all of it: {printable(session.failure)}", err=True)
            return result.exit_code(failing)
        os.nice(_NICENESS)
        session.go_on(every, lambda result: _show(result, form))
        return 0


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or int(port[:6]) > 65_535:
        raise click.BadParameter(f"{text[:60]!r} is not written ADDRESS:PORT", param_hint="--probes")
    return host, int(port)


def _show(result: "SweepResult", form: str) -> None:
    from lockgate.webhook.render_sweep import render_sweep_json, render_sweep_text

    click.echo(render_sweep_json(result) if form == "json" else render_sweep_text(result), nl=False)
