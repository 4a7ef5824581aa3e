"""`check --format text`: for people. Grouped by file, the offending line quoted and underlined, then the fix."""

from collections.abc import Sequence
from itertools import groupby

from lockgate.webhook.report import (
    ExemptFinding,
    Finding,
    MovedVersion,
    Problem,
    Quote,
    Report,
    SkippedInput,
    Unevaluated,
)
from lockgate.webhook.terminal import Palette, is_safe, printable

# More skipped inputs than this are told by reason, so that they do not bury what matters; `--format json` has all.
MAX_LISTED = 20
# More rules without a constraint are told by their names alone.
MAX_UNCONFIGURED = 5

# A longer line is shown as a window around the underlined part.
MAX_QUOTED = 120
_LEAD = 30


def _shown(character: str) -> str:
    """A character of a quoted line; policies are indented by tabs."""
    if character == "\t":
        return "    "
    return character if is_safe(character) else printable(character)


def _window(quote: Quote) -> tuple[str, int, int]:
    """The part of the line to show, printable, with where to underline it."""
    text, start, end = quote.text, quote.start, max(quote.end, quote.start + 1)
    before, after = "", ""
    if len(text) > MAX_QUOTED:
        cut = max(0, min(start - _LEAD, len(text) - MAX_QUOTED))
        before = "…" if cut else ""
        after = "…" if cut + MAX_QUOTED < len(text) else ""
        text = text[cut : cut + MAX_QUOTED]
        start, end = start - cut, min(end - cut, len(text))
    end = max(end, start + 1)
    widths = [len(_shown(one)) for one in text]
    left = len(before) + sum(widths[:start])
    return before + "".join(map(_shown, text)) + after, left, left + max(1, sum(widths[start:end]))


def render_quote(quote: Quote, palette: Palette, indent: str) -> list[str]:
    """The quoted line with its number, and the underline below it."""
    shown, start, end = _window(quote)
    number = str(quote.line)
    bar = palette.paint("|", "dim")
    return [
        f"{indent}{palette.paint(number, 'dim')} {bar} {shown}",
        f"{indent}{' ' * len(number)} {bar} {' ' * start}{palette.paint('^' * (end - start), 'red')}",
    ]


def _paragraph(text: str, first: str, rest: str) -> list[str]:
    lines = [printable(line) for line in text.splitlines()] or [""]
    return [(first if index == 0 else rest) + line for index, line in enumerate(lines)]


def _finding(finding: Finding, palette: Palette) -> list[str]:
    style = "red" if "deny" in finding.actions else "yellow" if "warn" in finding.actions else "cyan"
    action = palette.paint("+".join(finding.actions), style, "bold")
    place = f"{printable(finding.file)}:{finding.span.line}:{finding.span.column}"
    name = f"{printable(finding.policy)}/{printable(finding.constraint)}"
    lines = [f"  {place}  {action}  {palette.paint(name, 'bold')}  {printable(str(finding.resource))}"]
    if finding.quote is not None:
        lines += render_quote(finding.quote, palette, "    ")
    lines += _paragraph(finding.message, "    ", "    ")
    # Gatekeeper shows users the message only, so a rule's message may hold the fix as well.
    if finding.fix and finding.fix not in finding.message:
        lines += _paragraph(finding.fix, f"    {palette.paint('fix:', 'green')} ", "         ")
    if finding.docs:
        lines += _paragraph(finding.docs, "    docs: ", "          ")
    return lines


def _problem(problem: Problem, palette: Palette) -> list[str]:
    place = f"{printable(problem.file)}:{problem.line}:{problem.column}"
    lines = [f"  {place}  {palette.paint('error', 'red', 'bold')}"]
    if problem.quote is not None:
        lines += render_quote(problem.quote, palette, "    ")
    lines += _paragraph(problem.message, "    ", "    ")
    if problem.hint:
        lines += _paragraph(problem.hint, f"    {palette.paint('fix:', 'green')} ", "         ")
    return lines


def _skipped(entries: Sequence[SkippedInput], palette: Palette) -> list[str]:
    """Each entry, or where they are many one line for each reason."""
    if not entries:
        return []
    lines = [palette.paint("Skipped", "bold")]
    by_reason: dict[tuple[str, str], list[SkippedInput]] = {}
    for entry in entries:
        reason = (
            (f"{entry.file}:{entry.line}", "") if len(entries) <= MAX_LISTED else (entry.reason, entry.hint)
        )
        by_reason.setdefault(reason, []).append(entry)
    for group in by_reason.values():
        first = group[0]
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        hint = f" ({printable(first.hint)})" if first.hint else ""
        lines.append(f"  {printable(first.file)}:{first.line}{others}  {printable(first.reason)}{hint}")
    return [*lines, ""]


def _not_evaluated(entries: Sequence[Unevaluated], palette: Palette) -> list[str]:
    """One line for each policy and what it needs, with the first of the objects; one for many rules without a constraint."""
    if not entries:
        return []
    lines = [palette.paint("Not evaluated", "bold")]
    by_need: dict[tuple[str, str], list[Unevaluated]] = {}
    unconfigured = [entry for entry in entries if entry.resource is None and not entry.constraint]
    if len(unconfigured) > MAX_UNCONFIGURED:
        names = ", ".join([printable(entry.policy) for entry in unconfigured])
        lines.append(f"  {len(unconfigured)} rules without a constraint: {names}")
        lines.append("    what each needs: --format json, or its page (policies/catalogue.md)")
        entries = [entry for entry in entries if entry not in unconfigured]
    for entry in entries:
        by_need.setdefault((str(entry), entry.needs), []).append(entry)
    for group in by_need.values():
        first = group[0]
        subject = f"  {printable(str(first.resource))}" if first.resource else ""
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        lines.append(f"  {printable(str(first))}{subject}{others}  needs {printable(first.needs)}")
    return [*lines, ""]


def _exempted(entries: Sequence[ExemptFinding], palette: Palette) -> list[str]:
    """One line for each exemption and policy, with the first of the objects."""
    if not entries:
        return []
    lines = [palette.paint("Exempt", "bold")]
    groups: dict[tuple[str, str, str], list[ExemptFinding]] = {}
    for entry in entries:
        finding = entry.finding
        groups.setdefault((entry.exemption, finding.policy, finding.constraint), []).append(entry)
    for (_, policy, constraint), group in groups.items():
        first = group[0]
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        place = f"{printable(first.finding.file)}:{first.finding.span.line}"
        lines.append(
            f"  {place}  {printable(policy)}/{printable(constraint)}  {printable(str(first.finding.resource))}{others}"
            f"  {printable(first.told().removeprefix('exempt '))}"
        )
    return [*lines, ""]


def _moved(entries: Sequence[MovedVersion], palette: Palette) -> list[str]:
    """One line for each event of the change, and whether something is missing for it."""
    if not entries:
        return []
    lines = [palette.paint("Moved", "bold")]
    for one in entries:
        place = f"{printable(one.file)}:{one.span.line}" + (" of the base" if one.in_base else "")
        missing = palette.paint(f"  {len(one.missing)} missing", "red") if one.missing else ""
        lines.append(
            f"  {place}  {palette.paint(one.happening, 'bold')}  {printable(one.told())}  {printable(str(one.resource))}{missing}"
        )
    return [*lines, ""]


def _counts(report: Report, palette: Palette) -> str:
    summary = report.summary()
    styles = {"denied": "red", "warned": "yellow", "dryrun": "cyan", "errors": "red"}
    names = {"dryrun": "dry-run", "notEvaluated": "not evaluated"}
    parts = []
    for name, count in summary.items():
        if name == "documents":
            continue
        shown = f"{count} {names.get(name, name)}"
        parts.append(palette.paint(shown, styles[name], "bold") if count and name in styles else shown)
    if report.exempted:
        parts.append(f"{len(report.exempted)} exempt")
    objects = "object" if report.documents == 1 else "objects"
    files = "file" if report.files == 1 else "files"
    return f"{report.documents} {objects} in {report.files} {files}: {', '.join(parts)}"


def render_text(report: Report, palette: Palette) -> str:
    """The report for people, with a final newline. Other people's text has its control characters made visible."""
    places = sorted({finding.file for finding in report.findings} | {error.file for error in report.errors})
    findings = {file: list(group) for file, group in groupby(report.findings, key=lambda one: one.file)}
    errors = {file: list(group) for file, group in groupby(report.errors, key=lambda one: one.file)}
    lines: list[str] = []
    for file in places:
        lines.append(palette.paint(printable(file), "bold"))
        for problem in errors.get(file, []):
            lines += [*_problem(problem, palette), ""]
        for finding in findings.get(file, []):
            lines += [*_finding(finding, palette), ""]
    lines += _moved(report.moved or (), palette)
    lines += _skipped(report.skipped, palette)
    lines += _not_evaluated(report.not_evaluated, palette)
    lines += _exempted(report.exempted, palette)
    lines += [f"note: {printable(notice)}" for notice in report.notices]
    lines.append(_counts(report, palette))
    return "\n".join(lines) + "\n"
