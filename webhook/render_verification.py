"""The report of `lockgate audit verify`, for people and for programs."""

import json
from typing import Any, Final

from lockgate.audit.note import encode_base64
from lockgate.audit.times import render_time
from lockgate.audit.trust import AssuredRange
from lockgate.audit.verify.report import Report
from lockgate.webhook.terminal import Palette, printable

SCHEMA_VERSION: Final = 1
# Gaps that are listed; the count tells of the others.
_MAX_GAPS: Final = 10
_VERDICTS: Final = {0: "verified", 3: "TAMPERING FOUND", 4: "cannot be verified"}


def range_value(one: AssuredRange) -> dict[str, Any]:
    """A range of entries with what it rests on, for programs."""
    return {
        "from": one.start,
        "to": one.stop,
        "state": str(one.state),
        "by": [
            {"name": vouch.name, "administrator": vouch.administrator, "size": vouch.size, "time": vouch.time}
            for vouch in one.vouches
        ],
    }


def render_json(report: Report) -> str:
    """The report as JSON with a final newline. Times are Unix seconds, but for gaps, which are RFC 3339."""
    assurance = report.assurance
    value = {
        "schemaVersion": SCHEMA_VERSION,
        "verdict": {0: "verified", 3: "tampered", 4: "unverifiable"}[report.exit_code],
        "origin": report.origin,
        "size": report.size,
        "root": encode_base64(report.root) if report.root else None,
        "entries": report.entries,
        "unsigned": report.unsigned,
        "kinds": dict(report.kinds),
        "streams": report.streams,
        "bodies": {"checked": report.bodies, "opened": report.opened, "erased": report.erased},
        "findings": [
            {"code": one.code, "where": one.where, "message": one.message, "since": one.since}
            for one in report.findings
        ],
        "moreFindings": report.more_findings,
        "unverifiable": list(report.unverifiable),
        "gaps": [
            {"instance": one.instance, "from": render_time(one.from_ms), "to": render_time(one.to_ms)}
            for one in report.gaps
        ],
        "state": None if assurance is None else str(assurance.state),
        "assurance": [] if assurance is None else [range_value(one) for one in assurance.ranges],
        "remarks": [*report.remarks, *(() if assurance is None else assurance.remarks)],
    }
    return json.dumps(value, indent=2) + "\n"


def render_text(report: Report, palette: Palette) -> str:
    """The report for people."""
    assurance = report.assurance
    # Green is for what whoever holds the log's key could not have rewritten.
    is_green = assurance is not None and assurance.state.is_green
    colour = {0: "green" if is_green else "yellow", 3: "red", 4: "yellow"}[report.exit_code]
    lines = [
        f"{printable(report.origin)}: {palette.paint(_VERDICTS[report.exit_code], colour, 'bold')}",
        f"  {report.entries} entries, {report.size} of them under the latest checkpoint that fits",
        f"  {', '.join([f'{count} {kind}' for kind, count in report.kinds.items()])}",
        f"  {report.streams} streams; {report.bodies} bodies, {report.opened} opened; {report.erased} erased",
    ]
    for finding in report.findings:
        lines.append(f"  {palette.paint(finding.code, 'red', 'bold')} at {printable(finding.where)}")
        lines.append(f"      {printable(finding.message)}")
        if finding.since:
            lines.append(f"      {printable(finding.since)}")
    if report.more_findings:
        lines.append(f"  … and {report.more_findings} more")
    lines += [f"  {palette.paint('not verified', 'yellow')}: {printable(one)}" for one in report.unverifiable]
    lines += _gaps(report)
    lines += [f"  note: {printable(one)}" for one in report.remarks]
    if assurance is not None:
        style = "green" if is_green else "yellow"
        lines.append(f"  state: {palette.paint(str(assurance.state), style, 'bold')}")
        lines += [f"    {printable(str(one))}" for one in assurance.ranges]
        lines += [f"    {printable(one)}" for one in assurance.remarks]
    return "\n".join(lines) + "\n"


def _gaps(report: Report) -> list[str]:
    """Times without coverage."""
    gaps = report.gaps
    lines = [
        f"  no coverage by {printable(one.instance)} from {render_time(one.from_ms)} to {render_time(one.to_ms)}"
        for one in gaps[:_MAX_GAPS]
    ]
    return [*lines, f"  … and {len(gaps) - _MAX_GAPS} more"] if len(gaps) > _MAX_GAPS else lines
