"""`lockgate verify`: the command line of Gatekeeper's suites (`gator verify`)."""

import os
from typing import TYPE_CHECKING

import click
from lockgate.webhook.jobs_option import AUTO, jobs_option, wanted_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lockgate.gatekeeper.suite import Suite
    from lockgate.gatekeeper.suite_report import SuiteResult
    from lockgate.gatekeeper.suite_run import RunSuite

EXIT_FAILED_CASES = 1
# With `--jobs auto`, a process for so many suites.
SUITES_EACH = 8
# And where suites are likely to take so long in all: with compiled templates in the cache, processes begin in vain.
WORTH_S = 0.2


def _shown(text: str) -> str:
    """The report with credentials of a known shape masked and control characters made visible, tabs kept."""
    from lockgate.engine.masking.masker import Masker
    from lockgate.webhook.terminal import printable

    masker = Masker()
    lines = [[printable(masker.name(part)) for part in line.split("\t")] for line in text.split("\n")]
    return "\n".join(["\t".join(parts) for parts in lines])


def _run_all(
    run_suite: "RunSuite", suites: "Sequence[Suite]", jobs_for: "Callable[[int], int]", worth_s: float
) -> "Sequence[SuiteResult]":
    """Runs suites in as many processes as are asked for, if what is left after the first may take so long at all."""
    results = list(map(run_suite, suites[:1]))
    is_short = bool(results) and results[0].seconds * (len(suites) - 1) < worth_s
    jobs = 1 if is_short else jobs_for(len(suites))
    if jobs < 2:
        return [*results, *map(run_suite, suites[1:])]
    # Processes are copies of this one: what the first suite has imported is there.
    from lockgate.webhook.jobs import share_out

    for _, found in share_out(suites[1:], jobs, lambda part: list(map(run_suite, part))):
        results += found
    return results


@click.command(
    epilog="Exit codes: 0 every case passed; 1 a case failed; 2 a suite cannot be read, or there is none."
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--run", metavar="FILTER", help="Only tests and cases that the expression finds; TEST//CASE for both."
)
@click.option(
    "--engine", type=click.Choice(["rego"]), help="Evaluate the Rego of templates that also have CEL."
)
@click.option(
    "--cache/--no-cache",
    "cache",
    default=None,
    help="Keep compiled policies in your own cache folder (the default, except where CI is set).",
)
@jobs_option("Run suites")
@click.option("-v", "--verbose", "detail", flag_value="all", default="failures", help="Show every case.")
def verify(
    paths: tuple[str, ...], run: str | None, engine: str | None, cache: bool | None, jobs: str, detail: str
) -> int:
    """Runs the suites (kind Suite) that test policies; FOLDER/... looks below the folder too.

    \b
    Examples:
      lockgate verify policies/...
      lockgate verify --run immutable -v policies/workloads/immutable_images/suite.yaml
    """
    jobs_for = wanted_jobs(jobs, SUITES_EACH)
    worth_s = WORTH_S if jobs == AUTO else 0.0

    from lockgate.engine.codegen.cache import open_cache
    from lockgate.gatekeeper.suite_report import render_report
    from lockgate.gatekeeper.suite_run import run_suites
    from lockgate.webhook.output import write_output

    report = run_suites(
        paths,
        run=run,
        engine="rego" if engine == "rego" else "default",
        cache=open_cache(cache, os.environ),
        run_all=lambda run_suite, suites: _run_all(run_suite, suites, jobs_for, worth_s),
    )
    write_output(_shown(render_report(report, "all" if detail == "all" else "failures")), None)
    return EXIT_FAILED_CASES if report.failed else 0
