"""`check --format sarif`: SARIF 2.1.0 (OASIS, https://docs.oasis-open.org/sarif/sarif/v2.1.0/), for code scanning."""

import hashlib
import json
import re
from typing import Any

from lockgate.engine.decision import Action
from lockgate.webhook.report import EXIT_NOT_EVALUATED, ExemptFinding, Finding, MovedVersion, Problem, Report
from lockgate.webhook.version import VERSION

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_UNRESERVED = re.compile(rb"[A-Za-z0-9._~/-]")


def file_uri(file: str) -> str:
    """The file as a relative or absolute URI reference; standard input has none, and keeps its shown name."""
    try:
        encoded = file.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # No name of a file: those have surrogates only where bytes are no UTF-8.
        encoded = file.encode("utf-8", "backslashreplace")
    made = "".join([chr(byte) if _UNRESERVED.match(bytes([byte])) else f"%{byte:02X}" for byte in encoded])
    return f"file://{made}" if made.startswith("/") else made


def _level(actions: tuple[Action, ...]) -> str:
    return "error" if "deny" in actions else "warning" if "warn" in actions else "note"


def _rule_id(finding: Finding) -> str:
    return f"{finding.policy}/{finding.constraint}"


def _rules(report: Report) -> list[dict[str, Any]]:
    """One reporting descriptor a constraint, in the order of their ids; the help is the first finding's."""
    made: dict[str, dict[str, Any]] = {}
    for finding in (*report.findings, *[one.finding for one in report.exempted]):
        name = _rule_id(finding)
        rule = made.setdefault(name, {"id": name, "name": finding.policy})
        if finding.docs and "helpUri" not in rule and re.match(r"https?://\S+\Z", finding.docs):
            rule["helpUri"] = finding.docs
        if finding.fix and "help" not in rule:
            rule["help"] = {"text": finding.fix}
        if finding.rule is not None:
            rule["properties"] = {"rule": finding.rule}
    for one in report.moved or ():
        made.setdefault(_moved_id(one), {"id": _moved_id(one), "name": one.happening})
    return [made[name] for name in sorted(made)]


def _moved_id(one: MovedVersion) -> str:
    return f"moved/{one.happening}"


def _region(finding: Finding) -> dict[str, Any]:
    span = finding.span
    region: dict[str, Any] = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    if finding.quote is not None:
        region["snippet"] = {"text": finding.quote.text}
    return region


def _result(finding: Finding, index: int) -> dict[str, Any]:
    resource = finding.resource
    text = finding.message + (f"\nFix: {finding.fix}" if finding.fix else "")
    logical = "/".join([part for part in (resource.kind, resource.namespace, resource.name) if part])
    # GitHub needs a fingerprint that survives moved lines, to follow one finding through commits.
    identity = json.dumps(
        [_rule_id(finding), finding.file, logical, list(finding.path or ()), finding.message]
    )
    return {
        "ruleId": _rule_id(finding),
        "ruleIndex": index,
        "level": _level(finding.actions),
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": file_uri(finding.file)},
                    "region": _region(finding),
                },
                "logicalLocations": [{"fullyQualifiedName": logical or "unnamed", "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"lockgate/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {"actions": list(finding.actions), "exact": finding.exact},
    }


def _moved(one: MovedVersion, index: int) -> dict[str, Any]:
    """An event of the change, as a note. What is gone stands where it was."""
    resource, span = one.resource, one.span
    logical = "/".join([part for part in (resource.kind, resource.namespace, resource.name) if part])
    identity = json.dumps([_moved_id(one), one.file, logical, list(one.path or ()), one.told()])
    return {
        "ruleId": _moved_id(one),
        "ruleIndex": index,
        "level": "note",
        "message": {"text": one.told()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": file_uri(one.file)},
                    "region": {
                        "startLine": span.line,
                        "startColumn": span.column,
                        "endLine": span.end_line,
                        "endColumn": span.end_column,
                    },
                },
                "logicalLocations": [{"fullyQualifiedName": logical or "unnamed", "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"lockgate/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {
            "environment": one.environment,
            "from": one.source,
            "inBase": one.in_base,
            "missing": [part.what for part in one.missing],
        },
    }


def _suppressed(one: ExemptFinding, index: int) -> dict[str, Any]:
    """What is exempt, as a result that is suppressed by something outside of the file (section 3.27.23)."""
    ticket = f", {one.ticket}" if one.ticket else ""
    told = f"exemption {one.exemption} of {one.owner}{ticket}, until {one.expires}"
    suppression = {"kind": "external", "status": "accepted", "justification": told}
    return {**_result(one.finding, index), "suppressions": [suppression]}


def _error(problem: Problem) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": problem.message + (f"\n{problem.hint}" if problem.hint else "")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": file_uri(problem.file)},
                    "region": {"startLine": max(1, problem.line), "startColumn": max(1, problem.column)},
                }
            }
        ],
    }


def render_sarif(report: Report, exit_code: int) -> str:
    """One SARIF run as JSON text in ASCII with a final newline. Columns count code points."""
    rules = _rules(report)
    indexes = {rule["id"]: index for index, rule in enumerate(rules)}
    notes = [
        {"level": "note", "message": {"text": f"skipped {entry.file}:{entry.line}: {entry.reason}"}}
        for entry in report.skipped
    ]
    for unknown in report.not_evaluated:
        subject = f" on {unknown.resource}" if unknown.resource else ""
        text = f"not evaluated: {unknown}{subject} needs {unknown.needs}"
        notes.append({"level": "note", "message": {"text": text}})
    notes += [{"level": "note", "message": {"text": notice}} for notice in report.notices]
    run = {
        "tool": {
            "driver": {
                "name": "lockgate",
                "version": VERSION,
                "semanticVersion": VERSION,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": exit_code != EXIT_NOT_EVALUATED,
                "exitCode": exit_code,
                "toolExecutionNotifications": [*[_error(problem) for problem in report.errors], *notes],
            }
        ],
        "results": [
            *[_result(finding, indexes[_rule_id(finding)]) for finding in report.findings],
            *[_suppressed(one, indexes[_rule_id(one.finding)]) for one in report.exempted],
            *[_moved(one, indexes[_moved_id(one)]) for one in report.moved or ()],
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"
