"""`lockgate explain`: the command line that tells why each policy says what it says."""

import os
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from lockgate.webhook.check_options import user_info, user_options
from lockgate.webhook.inventory_options import (
    GateMaker,
    environments_of_files,
    external_options,
    inventory_options,
    named_keys,
    policy_key_option,
    read_external_options,
)
from lockgate.webhook.model_facts import facts_options

if TYPE_CHECKING:
    from lockgate.webhook.model_facts import ModelFacts
    from lockgate.webhook.terminal import ColourChoice

_STDIN_LIMIT = 8 * 1024 * 1024 + 1


@click.command(
    epilog="Exit codes: 0 explained, whatever the verdict; 2 something could not be read or evaluated, nothing is left "
    "to explain, or wrong usage."
)
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-p",
    "--policy",
    "policies",
    multiple=True,
    metavar="PATH",
    help="A file, folder or PolicyBundle of ConstraintTemplates and constraints; may be repeated. Without it: as "
    "`check`.",
)
@policy_key_option
@click.option(
    "--constraint", default="", metavar="NAME", help="Only this constraint: its name, kind, or KIND/NAME."
)
@click.option(
    "--object", "wanted", default="", metavar="NAME", help="Only this object: its name, or KIND/NAME."
)
@click.option(
    "--format", "chosen", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
@click.option("--namespace", metavar="NAME", help="The namespace of objects that name none.")
@user_options
@inventory_options
@click.option(
    "--no-defaults",
    is_flag=True,
    help="Judge objects as they are written, without the defaults that the API server would fill in.",
)
@external_options
@facts_options
@click.option(
    "--promotions",
    metavar="DIR",
    help="The home of a trail that promotions are recorded in: the provider lockgate-promotions answers from it.",
)
@click.option(
    "--engine", type=click.Choice(["rego"]), help="Evaluate the Rego of templates that also have CEL."
)
@click.option("--config", metavar="FILE", help="The configuration, instead of the nearest lockgate.yaml.")
@click.option("--output", metavar="FILE", help="Write the report there, complete or not at all.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in text."
)
def explain(
    paths: tuple[str, ...],
    policies: tuple[str, ...],
    policy_keys: tuple[str, ...],
    constraint: str,
    wanted: str,
    chosen: str,
    namespace: str | None,
    user: str | None,
    groups: tuple[str, ...],
    inventories: tuple[str, ...],
    inventory_kinds: tuple[str, ...],
    no_defaults: bool,
    external_data: tuple[str, ...],
    allow_providers: bool,
    provider_certificate: str | None,
    provider_key: str | None,
    model_facts: "ModelFacts | None",
    promotions: str | None,
    engine: str | None,
    config: str | None,
    output: str | None,
    color: "ColourChoice",
) -> int:
    """Tells why: for each object and constraint what of the match failed, or which statements of which rules did.

    \b
    Examples:
      lockgate explain deploy/app.yaml
      lockgate explain --constraint immutable-images --object Deployment/app deploy/app.yaml
      helm template chart/ | lockgate explain --format json -
    """
    from contextlib import ExitStack

    from lockgate.engine.defaults.defaulting import apply_defaults, as_it_is
    from lockgate.engine.errors import UsageError
    from lockgate.engine.policy import EvaluationContext
    from lockgate.gatekeeper.tracing import TemplateTracer
    from lockgate.webhook.check import run_check
    from lockgate.webhook.check_command import make_loader
    from lockgate.webhook.deciding import Given, read_work_tree
    from lockgate.webhook.explanations import Explanations, render_json, render_text
    from lockgate.webhook.first_pass import Request, learn
    from lockgate.webhook.inputs import Inputs, find_inputs
    from lockgate.webhook.judging import Findings
    from lockgate.webhook.output import write_output
    from lockgate.webhook.progress import Progress
    from lockgate.webhook.terminal import Palette, choose_palette, printable

    external = read_external_options(
        external_data, allow_providers, provider_certificate, provider_key, model_facts
    )
    if promotions:
        external = replace(external, promotions=os.path.abspath(promotions))
    cwd = os.getcwd()
    given = Given(policies, (), config, cwd, named_keys(policy_keys, os.environ), paths)
    deciding = read_work_tree(given, make_loader(engine, None))
    settings, loaded = deciding.settings, deciding.loaded
    stdin = sys.stdin.buffer.read(_STDIN_LIMIT) if "-" in paths else None
    inputs = Inputs(paths, cwd, (), stdin, settings)
    walk = find_inputs(inputs)
    if groups and not user:
        raise UsageError("--group is for --user")
    request = Request(
        namespace, user_info(user, groups), complete=as_it_is if no_defaults else apply_defaults
    )
    learned = learn(inputs, walk, request, loaded.judges)
    stack = ExitStack()
    maker = GateMaker(inventories, inventory_kinds, walk, time.time_ns(), external, stack)
    environments = environments_of_files(deciding, settings, learned.view)
    gate, _ = maker.make(deciding, inputs, learned.view, environments)
    explanations = Explanations(
        loaded.policies,
        TemplateTracer(loaded.templates),
        EvaluationContext(gate.facts, gate.now_ns, gate.limits),
        constraint=constraint,
        object=wanted,
    )
    findings = Findings(gate, allow_unrendered=True, explanations=explanations)
    quiet = Progress(len(walk.files), None)
    with stack:
        begin = None if environments is None else environments.begin
        report = run_check(
            inputs, walk, gate, (), request, learned, findings, quiet, judges=loaded.judges, begin=begin
        )
    for problem in report.errors:
        click.echo(f"error: {printable(problem.file)}:{problem.line}: {printable(problem.message)}", err=True)
    found = explanations.found
    if not found and not report.errors:
        raise UsageError(
            "nothing to explain", hint="no object, or none of that name, or no constraint of that name"
        )
    if chosen == "json":
        text = render_json(found)
    else:
        to_file = output is not None
        text = render_text(
            found, Palette(color == "always") if to_file else choose_palette(color, sys.stdout)
        )
    write_output(text, output)
    return 2 if report.errors else 0
