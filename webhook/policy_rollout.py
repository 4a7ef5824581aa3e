"""`lockgate policy rollout`: what policies would do to live objects and recent Decisions, before they are in force."""

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import click
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import ACTOR, FORMAT
from lockgate.webhook.inventory_options import (
    external_options,
    named_keys,
    policy_key_option,
    read_external_options,
)
from lockgate.webhook.jobs_option import jobs_option, wanted_jobs
from lockgate.webhook.model_facts import facts_options
from lockgate.webhook.output import write_output

if TYPE_CHECKING:
    from lockgate.webhook.model_facts import ModelFacts
    from lockgate.webhook.rollout.report import RolloutReport

EXIT_ABOVE: Final = 1
EXIT_ERRORS: Final = 2


class RolloutCommand(click.Command):
    """Ends as commands of the trail do, where there is one."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        if ctx.params.get("home") is None:
            return super().invoke(ctx)
        from lockgate.webhook.extras import require_audit
        from lockgate.webhook.trail_errors import ending_as_trails_do

        require_audit()
        return ending_as_trails_do(ctx, lambda: super(RolloutCommand, self).invoke(ctx))


@click.command(
    cls=RolloutCommand,
    epilog="Exit codes: 0 done; 1 more is newly denied than --max-new-denials; 2 something could not be listed, read or "
    "evaluated, or wrong usage; with --trail 3 tampering, 4 cannot verify. 2 beats 1.",
)
@click.argument("bundle", metavar="BUNDLE")
@click.option(
    "-p",
    "--policies",
    multiple=True,
    metavar="PATH",
    help="The policies in force: files, folders or PolicyBundles; may be repeated. Else the cluster's.",
)
@policy_key_option
@click.option("--exemptions", multiple=True, metavar="PATH", help="Exemptions beside both: files or folders.")
@click.option(
    "--objects",
    multiple=True,
    metavar="PATH",
    help="What lives, in files or folders, in place of a cluster; may be repeated. It is the inventory too.",
)
@click.option("--no-live", is_flag=True, help="Look at no live objects: at a trail alone.")
@click.option("--context", default="", metavar="NAME", help="The context of the kubeconfig.")
@click.option(
    "--trail",
    "home",
    envvar="LOCKGATE_TRAIL",
    metavar="DIR",
    help="Replay the Decisions of this trail (or export with opened bodies) too; the log keeps that you did.",
)
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="WHEN",
    help="Of the trail: from then on, as of `audit replay`.",
)
@click.option("--until", metavar="WHEN", help="Of the trail: up to then, and not including it.")
@click.option("--namespace", metavar="NAME", help="Of the trail: only what was decided in this namespace.")
@click.option(
    "--max-new-denials",
    type=click.IntRange(min=0),
    metavar="N",
    help="End with 1 where more live objects, or more recorded Decisions, are newly denied.",
)
@external_options
@facts_options
@jobs_option("Replay")
@FORMAT
@ACTOR
def rollout(
    bundle: str,
    policies: tuple[str, ...],
    policy_keys: tuple[str, ...],
    exemptions: tuple[str, ...],
    objects: tuple[str, ...],
    no_live: bool,
    context: str,
    home: str | None,
    since: str,
    until: str | None,
    namespace: str | None,
    max_new_denials: int | None,
    external_data: tuple[str, ...],
    allow_providers: bool,
    provider_certificate: str | None,
    provider_key: str | None,
    model_facts: "ModelFacts | None",
    jobs: str,
    chosen: str,
    actor: str | None,
) -> int:
    """Tells what the policies in BUNDLE (a PolicyBundle, a folder or a file) would newly deny, warn of and let through.

    Compared with those in force: on what lives in the cluster, and with --trail on recent Decisions. Nothing is changed.

    \b
    Examples:
      lockgate policy rollout next.tar.gz
      lockgate policy rollout next.tar.gz --trail trail/ --since 30d --max-new-denials 0
      lockgate policy rollout next/ -p policies/ --objects live/ --format json
      lockgate policy rollout next/ -p policies/ --no-live --trail trail/
    """
    jobs_for = wanted_jobs(jobs, 2)
    if no_live and (objects or context):
        raise UsageError("--no-live looks at no objects, and --objects and --context name some")
    if no_live and home is None:
        raise UsageError("there is nothing to compare: neither live objects nor a trail", hint="give --trail")
    if (objects or no_live) and not policies:
        raise UsageError(
            "without a cluster nothing tells which policies are in force", hint="name them with -p"
        )
    if objects and context:
        raise UsageError("--objects stands for a cluster, and --context names one")
    external = read_external_options(
        external_data, allow_providers, provider_certificate, provider_key, model_facts
    )
    keys = named_keys(policy_keys, os.environ)
    from lockgate.webhook.rollout.render import render_rollout_json, render_rollout_text
    from lockgate.webhook.rollout.report import RolloutReport
    from lockgate.webhook.rollout.request import RolloutRequest

    request = RolloutRequest(bundle, policies, exemptions, keys, objects, context, os.getcwd(), external)
    replays = None
    if home is not None:
        from lockgate.webhook.replay.question import Question, asking

        replays = asking(Question(home, since, until or "", "", namespace or "", actor or ""), jobs_for)
    live, trail, judges = None, None, None
    with ExitStack() as stack:
        if objects:
            live = request.effect(stack)
        elif not no_live:
            live, *judges = request.in_cluster(stack)
        if replays is not None:
            trail = replays(*(judges or request.judges()))
    report = RolloutReport(bundle, ", ".join(objects) or "the cluster", live, trail)
    write_output(render_rollout_json(report) if chosen == "json" else render_rollout_text(report), None)
    return _exit_code(report, max_new_denials)


def _exit_code(report: "RolloutReport", most: int | None) -> int:
    if report.live is not None and report.live.errors:
        return EXIT_ERRORS
    return EXIT_ABOVE if most is not None and any(count > most for count in report.denials.values()) else 0
