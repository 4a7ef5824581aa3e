"""`check --format json`: the report as one JSON object, described by `schemas/check.schema.json`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.webhook.report import ExemptFinding, Finding, MovedVersion, Recorded, Report, Resource

SCHEMA_VERSION = 1


def _resource(resource: Resource | None) -> dict[str, str] | None:
    if resource is None:
        return None
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
    }


def _violation(finding: Finding) -> dict[str, Any]:
    return {
        "policy": finding.policy,
        "constraint": finding.constraint,
        "rule": finding.rule,
        "message": finding.message,
        "actions": list(finding.actions),
        "file": finding.file,
        "line": finding.span.line,
        "column": finding.span.column,
        "endLine": finding.span.end_line,
        "endColumn": finding.span.end_column,
        "exact": finding.exact,
        "path": None if finding.path is None else list(finding.path),
        "resource": _resource(finding.resource),
        "fix": finding.fix,
        "docs": finding.docs,
    }


def _exempted(one: ExemptFinding) -> dict[str, Any]:
    return {
        **_violation(one.finding),
        "exemption": one.exemption,
        "owner": one.owner,
        "ticket": one.ticket,
        "expires": one.expires,
    }


def _moved(one: MovedVersion) -> dict[str, Any]:
    return {
        "happening": one.happening,
        "environment": one.environment or None,
        "from": one.source or None,
        "kind": one.kind,
        "key": one.key,
        "version": one.version,
        "digest": one.digest or None,
        "former": None if one.former is None else {"key": one.former[0], "version": one.former[1]},
        "wasThere": one.was_there,
        "file": one.file,
        "line": one.span.line,
        "column": one.span.column,
        "inBase": one.in_base,
        "path": None if one.path is None else list(one.path),
        "resource": _resource(one.resource),
        "missing": [
            {"policy": part.policy, "what": part.what, "message": part.message, "fix": part.fix}
            for part in one.missing
        ],
    }


def _trail(recorded: Recorded) -> dict[str, Any]:
    return {
        "origin": recorded.origin,
        "first": recorded.first,
        "last": recorded.last,
        "size": recorded.size,
        "checkpoint": recorded.checkpoint,
    }


def render_json(
    report: Report,
    recorded: Recorded | None = None,
    explanations: Sequence[Mapping[str, object]] | None = None,
) -> str:
    """The report as JSON text in ASCII with a final newline; two-space indented, keys in the documented order.

    recorded: where its Decisions are in a trail, if there is one. explanations: as `lockgate explain` has them.
    """
    made: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "summary": report.summary(),
        "violations": [_violation(finding) for finding in report.findings],
        "errors": [
            {"file": error.file, "line": error.line, "column": error.column, "message": error.message}
            for error in report.errors
        ],
        "skipped": [
            {"file": entry.file, "line": entry.line, "reason": entry.reason, "hint": entry.hint}
            for entry in report.skipped
        ],
        "notEvaluated": [
            {
                "policy": entry.policy,
                "constraint": entry.constraint,
                "resource": _resource(entry.resource),
                "needs": entry.needs,
            }
            for entry in report.not_evaluated
        ],
    }
    if report.exempted:
        made["exempted"] = [_exempted(one) for one in report.exempted]
    if report.moved is not None:
        made["moved"] = [_moved(one) for one in report.moved]
    if report.base is not None:
        base = report.base
        made["base"] = {"revision": base.revision, "commit": base.commit, "proposed": base.proposed}
    if recorded is not None:
        made["trail"] = _trail(recorded)
    if explanations is not None:
        made["explanations"] = explanations
    return json.dumps(made, indent=2) + "\n"
