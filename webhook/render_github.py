"""`check --format github`: workflow commands that GitHub shows as annotations on the changed lines.

The commands and their escaping: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from lockgate.webhook.report import ExemptFinding, Finding, Report, Unevaluated
from lockgate.webhook.terminal import printable


def _data(text: str) -> str:
    """Escaped for the part after `::`. Newlines are kept (as `%0A`), other controls are made visible."""
    shown = "\n".join([printable(line) for line in text.splitlines()])
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escaped for a property's value."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _command(name: str, properties: list[tuple[str, str]], message: str) -> str:
    shown = ",".join([f"{key}={_property(value)}" for key, value in properties])
    return f"::{name} {shown}::{_data(message)}" if shown else f"::{name}::{_data(message)}"


def _finding(finding: Finding) -> str:
    name = "error" if "deny" in finding.actions else "warning" if "warn" in finding.actions else "notice"
    span = finding.span
    properties = [
        ("file", finding.file),
        ("line", str(span.line)),
        ("endLine", str(span.end_line)),
    ]
    if span.line == span.end_line:
        # GitHub takes columns only for an annotation of one line.
        properties += [("col", str(span.column)), ("endColumn", str(span.end_column))]
    properties.append(("title", f"{finding.policy}/{finding.constraint}"))
    lines = [f"{finding.resource}: {finding.message}"]
    if finding.fix:
        lines.append(f"Fix: {finding.fix}")
    if finding.docs:
        lines.append(f"See {finding.docs}")
    return _command(name, properties, "\n".join(lines))


def render_github(report: Report) -> str:
    """One workflow command a line: violations, errors, what was not evaluated, notices, then the counts."""
    lines = [_finding(finding) for finding in report.findings]
    for error in report.errors:
        place = [("file", error.file), ("line", str(error.line)), ("col", str(error.column))]
        message = error.message + (f"\n{error.hint}" if error.hint else "")
        lines.append(_command("error", [*place, ("title", "Not judged")], message))
    # GitHub shows ten notices of a step at most: one for each policy and need.
    needs: dict[tuple[str, str], list[Unevaluated]] = {}
    for entry in report.not_evaluated:
        needs.setdefault((str(entry), entry.needs), []).append(entry)
    for (policy, need), group in needs.items():
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        subject = f"{group[0].resource}{others}: " if group[0].resource else ""
        lines.append(_command("notice", [("title", f"Not evaluated: {policy}")], f"{subject}needs {need}"))
    # So too what is exempt: one for each exemption and policy.
    exempt: dict[tuple[str, str], list[ExemptFinding]] = {}
    for one in report.exempted:
        policy = f"{one.finding.policy}/{one.finding.constraint}"
        exempt.setdefault((policy, one.told()), []).append(one)
    for (policy, told), entries in exempt.items():
        first = entries[0].finding
        others = f" and {len(entries) - 1} more" if len(entries) > 1 else ""
        place = [("file", first.file), ("line", str(first.span.line)), ("title", f"Exempt: {policy}")]
        lines.append(_command("notice", place, f"{first.resource}{others}: {told}"))
    lines += [_command("notice", [], notice) for notice in report.notices]
    counts = ", ".join([f"{count} {name}" for name, count in report.summary().items()])
    exempted = f", {len(report.exempted)} exempt" if report.exempted else ""
    lines.append(f"lockgate check: {counts}{exempted}")
    return "\n".join(lines) + "\n"
