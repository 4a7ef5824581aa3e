"""`check --format tap`: the Test Anything Protocol, version 14 (https://testanything.org/tap-version-14-specification.html).

A test point is a policy that says something of an object. Its YAML diagnostic tells the outcome and the rest.
"""

import json

from lockgate.webhook.report import FailOn, Report
from lockgate.webhook.report_cases import Case, report_cases
from lockgate.webhook.terminal import printable


def _line(text: str) -> str:
    """Text on one line of a test point: `#` would begin a directive."""
    return printable(" ".join(text.splitlines())).replace("\\", "\\\\").replace("#", "\\#")


def _yaml(text: str) -> str:
    """A double-quoted YAML scalar, which JSON's strings are."""
    return json.dumps("\n".join([printable(line) for line in text.splitlines()]), ensure_ascii=False)


def _point(number: int, case: Case) -> list[str]:
    is_ok = case.outcome not in ("failed", "error")
    is_skipped = case.outcome in ("skipped", "not evaluated")
    directive = f" # SKIP {_line(case.message)}" if is_skipped else ""
    told = f"{_line(case.file)}: {_line(case.name)}"
    lines = [f"{'ok' if is_ok else 'not ok'} {number} - {told}{directive}"]
    if case.outcome == "passed" and not case.details:
        return lines
    lines += ["  ---", f"  outcome: {_yaml(case.outcome)}", f"  message: {_yaml(case.message)}"]
    if case.kind:
        lines.append(f"  kind: {_yaml(case.kind)}")
    lines.append(f"  file: {_yaml(case.file)}")
    if case.line:
        lines.append(f"  line: {case.line}")
    if case.details:
        lines += ["  details:", *[f"  - {_yaml(one)}" for one in case.details]]
    return [*lines, "  ..."]


def render_tap(report: Report, fail_on: frozenset[FailOn]) -> str:
    """The report in TAP 14. `fail_on` says what is not ok besides violations that deny."""
    cases = report_cases(report, fail_on)
    lines = ["TAP version 14", f"1..{len(cases)}" if cases else "1..0 # SKIP there was nothing to judge"]
    for number, case in enumerate(cases, 1):
        lines += _point(number, case)
    lines += [f"# {printable(' '.join(notice.splitlines()))}" for notice in report.notices]
    counts = ", ".join([f"{count} {name}" for name, count in report.summary().items()])
    exempted = f", {len(report.exempted)} exempt" if report.exempted else ""
    return "\n".join([*lines, f"# {counts}{exempted}"]) + "\n"
