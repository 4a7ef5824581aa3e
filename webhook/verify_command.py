"""`lockgate verify`: the command line of Gatekeeper's suites (`gator verify`)."""

import os

import click

EXIT_FAILED_CASES = 1


def _shown(text: str) -> str:
    """The report with credentials of a known shape masked and control characters made visible, tabs kept."""
    from lockgate.engine.masking.masker import Masker
    from lockgate.webhook.terminal import printable

    masker = Masker()
    lines = [[printable(masker.name(part)) for part in line.split("\t")] for line in text.split("\n")]
    return "\n".join(["\t".join(parts) for parts in lines])


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
@click.option("-v", "--verbose", "detail", flag_value="all", default="failures", help="Show every case.")
def verify(
    paths: tuple[str, ...], run: str | None, engine: str | None, cache: bool | None, detail: str
) -> int:
    """Runs the suites (kind Suite) that test policies; FOLDER/... looks below the folder too.

    \b
    Examples:
      lockgate verify policies/...
      lockgate verify --run immutable -v policies/workloads/immutable_images/suite.yaml
    """
    from lockgate.engine.codegen.cache import open_cache
    from lockgate.gatekeeper.suite_report import render_report
    from lockgate.gatekeeper.suite_run import run_suites
    from lockgate.webhook.output import write_output

    report = run_suites(
        paths,
        run=run,
        engine="rego" if engine == "rego" else "default",
        cache=open_cache(cache, os.environ),
    )
    write_output(_shown(render_report(report, "all" if detail == "all" else "failures")), None)
    return EXIT_FAILED_CASES if report.failed else 0
