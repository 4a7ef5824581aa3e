"""`lockgate fn`: the command line of the KRM function."""

import os
import sys
import time

import click
from lockgate.webhook.check_command import make_loader
from lockgate.webhook.check_options import chosen_failures


@click.command(
    epilog="Exit codes: 0 no result is an error; 1 violations that deny; 2 something could not be evaluated, or wrong usage. "
    "kpt and kustomize stop at each but 0."
)
@click.option(
    "-p",
    "--policy",
    "policies",
    multiple=True,
    metavar="PATH",
    help="A file or folder of ConstraintTemplates and constraints; may be repeated. The functionConfig may add others and "
    "takes none away. Without any: the baseline.",
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="WHAT",
    help="What is an error beside violations that deny: warn, not-evaluated; may be repeated.",
)
def fn(policies: tuple[str, ...], fail_on: tuple[str, ...]) -> int:
    """Judges as a KRM function: a ResourceList on standard input, the same with results on standard output.

    kpt, kustomize and what hydrates for Config Sync run it as a validator; its functionConfig is a LockgateValidator or a ConfigMap
    with profile, policies, policiesInItems, failOn and namespace.

    \b
    Examples:
      kustomize build --enable-alpha-plugins --enable-exec overlays/prod
      kpt fn render --allow-exec package/
      kpt fn source package/ | lockgate fn | kpt fn sink judged/
    """
    failing = chosen_failures(fail_on)

    from lockgate.webhook.krm.function_config import parse_function_config
    from lockgate.webhook.krm.judging import judge_items
    from lockgate.webhook.krm.resource_list import MOST_BYTES, parse_resource_list, render_resource_list
    from lockgate.webhook.krm.results import make_results

    given = parse_resource_list(sys.stdin.buffer.read(MOST_BYTES + 1))
    wanted = parse_function_config(given.config)
    failing |= wanted.fail_on
    report = judge_items(given, wanted, policies, make_loader(None, None), os.getcwd(), time.time_ns())
    results = make_results(report, given, failing)
    click.echo(render_resource_list(given, results.entries), nl=False)
    for line in results.failures:
        click.echo(f"error: {line}", err=True)
    return report.exit_code(failing)
