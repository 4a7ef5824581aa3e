"""`lockgate claims`: what manifests ask for, as a table, as JSON and as a picture."""

import os
import sys
import time
from typing import TYPE_CHECKING

import click
from lockgate.webhook.inventory_options import GateMaker, named_keys, policy_key_option, read_external_options

if TYPE_CHECKING:
    from lockgate.webhook.terminal import ColourChoice

_STDIN_LIMIT = 8 * 1024 * 1024 + 1


@click.command(
    epilog="Exit codes: 0 told, whatever rules say; 2 something could not be read or evaluated, or wrong usage."
)
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-p",
    "--policy",
    "policies",
    multiple=True,
    metavar="PATH",
    help="A file, folder or PolicyBundle of ConstraintTemplates and constraints, whose outcome is told; may be "
    "repeated. Without it: as `check`.",
)
@policy_key_option
@click.option(
    "--format", "chosen", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
@click.option("--svg", metavar="FILE", help="Draw workloads, claims, classes and devices there.")
@click.option("--namespace", metavar="NAME", help="The namespace of objects that name none.")
@click.option("--config", metavar="FILE", help="The configuration, instead of the nearest lockgate.yaml.")
@click.option("--output", metavar="FILE", help="Write the report there, complete or not at all.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in text."
)
def claims(
    paths: tuple[str, ...],
    policies: tuple[str, ...],
    policy_keys: tuple[str, ...],
    chosen: str,
    svg: str | None,
    namespace: str | None,
    config: str | None,
    output: str | None,
    color: "ColourChoice",
) -> int:
    """Tells what manifests ask for: each request with its class, driver, devices, pods and charge, and which rules pass.

    Drivers are known where ResourceSlices and DeviceClasses are among the files.

    \b
    Examples:
      lockgate claims deploy/
      lockgate claims --svg claims.svg deploy/ cluster/slices.yaml
      helm template chart/ | lockgate claims --format json -
    """
    from contextlib import ExitStack

    from lockgate.engine.codegen.cache import open_cache
    from lockgate.engine.masking.credentials import may_hold_literals
    from lockgate.engine.masking.masker import masker_of
    from lockgate.webhook.check import run_check
    from lockgate.webhook.check_command import make_loader
    from lockgate.webhook.claims.collecting import Collector
    from lockgate.webhook.claims.drivers import Drivers
    from lockgate.webhook.claims.library import open_library
    from lockgate.webhook.claims.linking import link
    from lockgate.webhook.claims.masking import mask
    from lockgate.webhook.claims.table import render_json, render_text
    from lockgate.webhook.deciding import Given, read_work_tree
    from lockgate.webhook.first_pass import Request, learn
    from lockgate.webhook.inputs import Inputs, find_inputs
    from lockgate.webhook.judging import Findings
    from lockgate.webhook.output import write_output
    from lockgate.webhook.policy_sources import SHIPPED
    from lockgate.webhook.progress import Progress
    from lockgate.webhook.terminal import Palette, choose_palette, printable

    cwd = os.getcwd()
    given = Given(policies, (), config, cwd, named_keys(policy_keys, os.environ), paths)
    deciding = read_work_tree(given, make_loader(None, None))
    stdin = sys.stdin.buffer.read(_STDIN_LIMIT) if "-" in paths else None
    inputs = Inputs(paths, cwd, (), stdin, deciding.settings)
    walk = find_inputs(inputs)
    request = Request(namespace)
    learned = learn(inputs, walk, request, deciding.loaded.judges)
    collector = Collector(open_library(SHIPPED, open_cache(None, os.environ)), deciding.loaded.policies)
    with ExitStack() as stack:
        external = read_external_options((), False, None, None, None)
        gate, _ = GateMaker((), (), walk, time.time_ns(), external, stack).make(
            deciding, inputs, learned.view
        )
        findings = Findings(gate, allow_unrendered=True)
        quiet = Progress(len(walk.files), None)
        report = run_check(inputs, walk, gate, (), request, learned, findings, quiet, recording=collector)
    classes = [found for one in collector.asked for found in one.classes]
    asked, rows = collector.asked, link(collector.asked, Drivers(classes, collector.slices))
    masker = masker_of(collector.secrets)
    text = render_json(asked, rows)  # All that is told, in whatever form.
    if collector.secrets.forms or collector.secrets.overflow or may_hold_literals(text):
        asked, rows = mask(asked, rows, masker)
        text = render_json(asked, rows)
    if chosen == "text":
        palette = choose_palette(color, sys.stdout) if output is None else Palette(color == "always")
        text = render_text(asked, rows, palette)
    write_output(text, output)
    if svg is not None:
        from lockgate.webhook.claims.picture import draw
        from lockgate.webhook.claims.svg import render_svg

        write_output(render_svg(draw(asked, rows)), svg)
    for problem in report.errors:
        click.echo(f"error: {printable(problem.file)}:{problem.line}: {printable(problem.message)}", err=True)
    for trouble in collector.troubles:
        click.echo(f"error: {printable(masker.text(trouble))}", err=True)
    return 2 if report.errors or collector.troubles else 0
