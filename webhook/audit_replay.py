"""`lockgate audit replay`: recorded Decisions made again, under the policies of then and under others."""

import os
from typing import Final

import click
from lockgate.webhook.audit_options import ACTOR, FORMAT, TRAIL
from lockgate.webhook.inventory_options import named_keys, policy_key_option
from lockgate.webhook.jobs_option import jobs_option, wanted_jobs
from lockgate.webhook.output import write_output
from lockgate.webhook.replay.judge import JudgeSource
from lockgate.webhook.replay.question import Question, asking
from lockgate.webhook.replay.render_json import render_replay_json
from lockgate.webhook.replay.render_text import render_replay_text

# Bundles for a process: with fewer a second one is not worth it.
BLOCKS_EACH: Final = 2
EXIT_MISSED: Final = 1


@click.command(
    "replay",
    epilog="Exit codes: 0 every Decision under these policies came out as recorded, or is explained; 1 one did not, and "
    "nothing explains it; 2 wrong usage, or it could not be done; 3 tampering; 4 cannot verify.",
)
@click.option(
    "-p",
    "--policies",
    multiple=True,
    required=True,
    metavar="PATH",
    help="The policies that the records name: files, folders or PolicyBundles; may be repeated.",
)
@click.option(
    "--against",
    multiple=True,
    metavar="PATH",
    help="Other policies, to tell what they would have decided; may be repeated.",
)
@policy_key_option
@click.option("--exemptions", multiple=True, metavar="PATH", help="Exemptions beside both: files or folders.")
@click.option("--since", metavar="WHEN", help="From then on: 2026-07-01, 2026-07-01T09:30:00Z, or 30d ago.")
@click.option("--until", metavar="WHEN", help="Up to then, and not including it.")
@click.option(
    "--outcome",
    type=click.Choice(["allow", "warn", "deny", "error"]),
    help="Only Decisions with this outcome.",
)
@click.option("--namespace", metavar="NAME", help="Only what was decided in this namespace.")
@jobs_option("Replay")
@FORMAT
@ACTOR
@TRAIL
def replay_command(
    policies: tuple[str, ...],
    against: tuple[str, ...],
    policy_keys: tuple[str, ...],
    exemptions: tuple[str, ...],
    since: str | None,
    until: str | None,
    outcome: str | None,
    namespace: str | None,
    jobs: str,
    chosen: str,
    actor: str | None,
    home: str,
) -> int:
    """Makes the Decisions of a trail again: first as they were, then as other policies would have made them.

    Each is judged with the time of its record, its user and the answers that policies were given then. The log keeps that
    you did. With an export whose bodies are opened as --trail nothing is recorded, and no key is needed.

    \b
    Examples:
      lockgate audit replay -p policies/ --trail trail/
      lockgate audit replay -p v1.tar.gz --against v2.tar.gz --since 30d --trail trail/
      lockgate audit replay -p policies/ --against next/ --namespace fraud --format json --trail trail/
    """
    jobs_for = wanted_jobs(jobs, BLOCKS_EACH)
    answer = asking(
        Question(home, since or "", until or "", outcome or "", namespace or "", actor or ""), jobs_for
    )
    source = JudgeSource(exemptions, named_keys(policy_keys, os.environ), os.getcwd())
    then = source.judge(policies)
    report = answer(then, source.judge(against) if against else None)
    write_output(render_replay_json(report) if chosen == "json" else render_replay_text(report), None)
    return EXIT_MISSED if report.tally.fidelity.misses.get("unexplained") else 0
