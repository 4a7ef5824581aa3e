"""`lockgate test`: the command line of unit tests of policies."""

import sys
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lockgate.engine.rego.testing.run import TestRun
    from lockgate.webhook.terminal import ColourChoice

FORMATS = ("text", "json", "junit")
EXIT_FAILED_TESTS = 1
EXIT_NOT_EVALUATED = 2


def _render(run: "TestRun", chosen: str, verbose: bool, color: "ColourChoice", to_file: bool) -> str:
    from lockgate.webhook.render_unit_tests import render_json, render_junit, render_text
    from lockgate.webhook.terminal import Palette, choose_palette

    if chosen == "json":
        return render_json(run)
    if chosen == "junit":
        return render_junit(run)
    palette = Palette(color == "always") if to_file else choose_palette(color, sys.stdout)
    return render_text(run, "all" if verbose else "failures", palette)


@click.command(
    epilog="Exit codes: 0 every test passed; 1 a test failed, or the coverage is below the threshold; 2 a test could "
    "not be evaluated, or there is none. 2 beats 1."
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--run", "pattern", metavar="REGEX", help="Only tests whose full name it finds (data.app.test_a)."
)
@click.option("--coverage", is_flag=True, help="Tell which lines of the policies the tests evaluated.")
@click.option(
    "--threshold", type=click.FloatRange(0, 100), metavar="N", help="Fail below this percentage of coverage."
)
@click.option("--format", "chosen", type=click.Choice(FORMATS), default="text", help="How to report.")
@click.option("-v", "--verbose", is_flag=True, help="Show every test.")
@click.option("-b", "--bundle", is_flag=True, help="Read folders as bundles, also those without a .manifest.")
@click.option(
    "--ignore", "ignored", multiple=True, metavar="GLOB", help="Leave out files and folders by name."
)
@click.option("--v0-compatible", is_flag=True, help="The policies are written in Rego v0.")
@click.option(
    "--capabilities",
    metavar="FILE",
    help="What the policies may use, as `opa capabilities` prints it; without it, nothing outside of them.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one test may take.",
)
@click.option("--output", metavar="FILE", help="Write the report there, complete or not at all.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in text."
)
def test(
    paths: tuple[str, ...],
    pattern: str | None,
    coverage: bool,
    threshold: float | None,
    chosen: str,
    verbose: bool,
    bundle: bool,
    ignored: tuple[str, ...],
    v0_compatible: bool,
    capabilities: str | None,
    timeout: float,
    output: str | None,
    color: "ColourChoice",
) -> int:
    """Runs the unit tests of policies: the rules named test_… in Rego files and folders.

    \b
    Examples:
      lockgate test policies/
      lockgate test --run immutable -v policies/
      lockgate test --coverage --threshold 90 --format junit --output tests.xml policies/
    """
    from lockgate.engine.codegen.budget import Limits
    from lockgate.engine.errors import UsageError
    from lockgate.engine.regex import RegexError, compile_pattern
    from lockgate.engine.rego.capabilities import Capabilities
    from lockgate.engine.rego.capabilities_json import parse_capabilities
    from lockgate.engine.rego.testing.run import Runner
    from lockgate.webhook.output import write_output
    from lockgate.webhook.rego_files import Options, load_rego, read_bytes

    try:
        wanted = compile_pattern(pattern or "")
    except RegexError as error:
        raise UsageError(f"--run {pattern}: {error.message}") from error
    loaded = load_rego(paths, Options("v0" if v0_compatible else "v1", bundle, ignored))
    allowed = Capabilities()
    if capabilities is not None:
        allowed = parse_capabilities(read_bytes(capabilities), capabilities)
    runner = Runner(loaded.texts, loaded.data, Limits(max_seconds=timeout), time.time_ns, allowed)
    measured = coverage or threshold is not None
    run = runner.run(wanted.search, coverage="measured" if measured else "")
    if not run.results:
        raise UsageError(
            "no test found",
            hint="tests are rules whose names begin with test_; --run looks at their full names",
        )
    write_output(_render(run, chosen, verbose, color, output is not None), output)
    if run.count("error"):
        return EXIT_NOT_EVALUATED
    if run.count("fail"):
        return EXIT_FAILED_TESTS
    if threshold is not None and run.coverage is not None and run.coverage.percentage < threshold:
        click.echo(f"coverage: {run.coverage.percentage:.2f} % is below {threshold:.2f} %", err=True)
        return EXIT_FAILED_TESTS
    return 0
