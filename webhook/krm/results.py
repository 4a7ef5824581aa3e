"""What a Report says, as the results of a KRM function."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from lockgate.engine.documents.document import Path
from lockgate.engine.masking.masker import Masker
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import render_path
from lockgate.webhook.judging import find_resource
from lockgate.webhook.krm.judging import number_of
from lockgate.webhook.krm.resource_list import ResourceList, place_of
from lockgate.webhook.report import FailOn, Finding, Report, Resource, Unevaluated
from lockgate.webhook.terminal import printable

# What denies is an error, and an error makes the function fail.
_SEVERITIES: Final = (("deny", "error"), ("warn", "warning"))
_RANKS: Final = {"error": 0, "warning": 1, "info": 2}
_LONGEST: Final = 4096


@record
class Results:
    """The results in the order of the items, of each errors first, and for each that fails the function a line to be told on standard error."""

    entries: tuple[dict[str, Any], ...]
    failures: tuple[str, ...]


def make_results(report: Report, given: ResourceList, fail_on: frozenset[FailOn]) -> Results:
    """The results; what `fail_on` names is an error. Every text is masked and on one line."""
    found = sorted(_entries(report, given, fail_on), key=lambda one: (one[0], _RANKS[one[1]["severity"]]))
    entries = tuple([entry for _, entry in found])
    return Results(entries, tuple([_line(entry) for entry in entries if entry["severity"] == "error"]))


def _entries(
    report: Report, given: ResourceList, fail_on: frozenset[FailOn]
) -> Iterator[tuple[int, dict[str, Any]]]:
    last = len(given.items)
    for problem in report.errors:
        index = number_of(problem.file)
        hint = f" ({problem.hint})" if problem.hint else ""
        entry = _result("error", f"not judged: {problem.message}{hint}", _of_item(given, index))
        yield last if index is None else index, {**entry, **_file(given, index)}
    for finding in report.findings:
        yield _violation(finding, _severity(finding, fail_on), given, "")
    for one in report.exempted:
        yield _violation(one.finding, "info", given, f" ({one.told()})")
    severity = "error" if "not-evaluated" in fail_on else "info"
    for message, resource in _left_open(report.not_evaluated):
        yield last, _result(severity, message, resource)
    for notice in report.notices:
        yield last, _result("info", notice, None)


def _severity(finding: Finding, fail_on: frozenset[FailOn]) -> str:
    if "warn" in fail_on and "warn" in finding.actions:
        return "error"
    return next((name for action, name in _SEVERITIES if action in finding.actions), "info")


def _violation(
    finding: Finding, severity: str, given: ResourceList, remark: str
) -> tuple[int, dict[str, Any]]:
    index = number_of(finding.file)
    entry = _result(severity, finding.message + remark, finding.resource)
    if finding.path:
        entry["field"] = {"path": _path(finding.path)}
    entry |= _file(given, index)
    tags = {"policy": finding.policy, "constraint": finding.constraint, "rule": finding.rule or ""}
    tags |= {"fix": finding.fix, "docs": finding.docs}
    entry["tags"] = {name: _text(value) for name, value in tags.items() if value}
    return len(given.items) if index is None else index, entry


def _result(severity: str, message: str, resource: Resource | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"message": _text(message), "severity": severity}
    if resource is not None:
        named = {"apiVersion": resource.api_version, "kind": resource.kind, "name": resource.name}
        named |= {"namespace": resource.namespace} if resource.namespace else {}
        entry["resourceRef"] = {name: _text(value) for name, value in named.items()}
    return entry


def _left_open(entries: Sequence[Unevaluated]) -> Iterator[tuple[str, Resource | None]]:
    """What was not evaluated: each policy once, with its object where that is only one."""
    objects: dict[tuple[str, str], list[Resource]] = {}
    for entry in entries:
        if entry.resource is not None:
            objects.setdefault((str(entry), entry.needs), []).append(entry.resource)
    for (name, needs), found in objects.items():
        one = found[0] if len(found) == 1 else None
        many = "" if one is not None else f" for {len(found)} objects"
        yield f"{name} is not evaluated{many}: it needs {needs}", one
    open_rules = [str(entry) for entry in entries if entry.resource is None]
    if open_rules:
        yield f"not evaluated, since they are not configured: {', '.join(open_rules)}", None


def _of_item(given: ResourceList, index: int | None) -> Resource | None:
    """The object as it names itself, masked: nothing has been read of it yet."""
    if index is None or index >= len(given.items):
        return None
    found = find_resource(given.items[index])
    name = Masker().name
    return Resource(name(found.api_version), name(found.kind), name(found.namespace), name(found.name))


def _file(given: ResourceList, index: int | None) -> dict[str, Any]:
    place = place_of(given.items[index]) if index is not None and index < len(given.items) else None
    return {} if place is None else {"file": {"path": _text(Masker().name(place.path)), "index": place.index}}


def _path(path: Path) -> str:
    return _text(render_path(path))


def _text(text: str) -> str:
    return printable(text)[:_LONGEST]


def _line(entry: dict[str, Any]) -> str:
    """`deploy/app.yaml[0] Deployment app spec.x: what is wrong`."""
    parts: Sequence[str] = (
        f"{entry['file']['path']}[{entry['file']['index']}]" if "file" in entry else "",
        f"{entry['resourceRef']['kind']} {entry['resourceRef']['name']}" if "resourceRef" in entry else "",
        entry.get("field", {}).get("path", ""),
    )
    place = " ".join([part for part in parts if part])
    return f"{place}: {entry['message']}" if place else str(entry["message"])
