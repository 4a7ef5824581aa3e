"""What `lockgate check` writes: the report in the chosen format, the trace behind it, and a baseline beside it."""

import sys
from typing import TYPE_CHECKING

import click
from lockgate.engine.errors import os_reason

if TYPE_CHECKING:
    from lockgate.webhook.baseline import Excusable
    from lockgate.webhook.explanations import Explanations
    from lockgate.webhook.report import FailOn, Recorded, Report
    from lockgate.webhook.terminal import ColourChoice


def render_check(
    report: "Report",
    chosen: str,
    fail_on: "frozenset[FailOn]",
    exit_code: int,
    color: "ColourChoice",
    to_file: bool,
    recorded: "Recorded | None",
    explanations: "Explanations | None",
) -> str:
    """The report in the chosen format. color: of text, which is plain in a file (`to_file`) unless it is "always"."""
    if chosen == "json":
        from lockgate.webhook.render_json import render_json

        if explanations is None:
            return render_json(report, recorded)
        from lockgate.webhook.explanations import explanations_json

        return render_json(report, recorded, explanations_json(explanations.found))
    if chosen == "sarif":
        from lockgate.webhook.render_sarif import render_sarif

        return render_sarif(report, exit_code)
    if chosen == "github":
        from lockgate.webhook.render_github import render_github

        return render_github(report)
    if chosen == "junit":
        from lockgate.webhook.render_junit import render_junit

        return render_junit(report, fail_on)
    if chosen == "tap":
        from lockgate.webhook.render_tap import render_tap

        return render_tap(report, fail_on)
    from lockgate.webhook.render_text import render_text
    from lockgate.webhook.terminal import Palette, choose_palette

    palette = Palette(color == "always") if to_file else choose_palette(color, sys.stdout)
    return render_text(report, palette)


def render_trace(explanations: "Explanations", color: "ColourChoice", to_file: bool) -> str:
    """The explanations as the text that follows the report; nothing where there are none."""
    from lockgate.webhook.explanations import render_text
    from lockgate.webhook.terminal import Palette, choose_palette

    palette = Palette(color == "always") if to_file else choose_palette(color, sys.stdout)
    return "\n" + render_text(explanations.found, palette) if explanations.found else ""


def write_baseline(path: str, found: "list[Excusable]", owner: str, expires: str, now_ns: int) -> str:
    """Writes exemptions for what was found; says so. Raises UsageError for a file that is there already."""
    from lockgate.engine.errors import UsageError
    from lockgate.gatekeeper.exemptions.moments import SECOND_NS, span_ns
    from lockgate.webhook.baseline import render_baseline

    span = span_ns(expires)
    if span is None:
        raise UsageError(f"--expires takes a span of time, not {expires!r}", hint="such as 90d")
    issued = now_ns - now_ns % SECOND_NS
    text = render_baseline(found, owner, issued, issued + span)
    try:
        with open(path, "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already", hint="a baseline is written once; remove it to write another"
        ) from None
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(f"cannot write {path}: {reason}") from None
    return f"wrote exemptions for {len(found)} violations to {path}; they expire in {expires}, and {owner} answers for them"


def tell_notices(report: "Report") -> None:
    """On standard error, for the formats that have no place for them."""
    from lockgate.webhook.terminal import printable

    for notice in report.notices:
        click.echo(f"note: {printable(notice)}", err=True)
