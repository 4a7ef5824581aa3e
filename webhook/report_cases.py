"""A Report as test cases, for the formats of test reports: one for each policy that says something of an object.

An object of which no policy says anything is one case that passed. What cannot be judged, what was skipped and what
was not evaluated are cases of their own outcome, so that none of them looks like a pass.
"""

from collections.abc import Iterator
from typing import Final, Literal

from lockgate.engine.record import record
from lockgate.webhook.report import ExemptFinding, FailOn, Finding, JudgedObject, Report, Resource

CaseOutcome = Literal["passed", "failed", "error", "skipped", "not evaluated"]
# The file of what concerns no single object.
NO_FILE: Final = "policies"


@record
class Case:
    """One case. `line` is 0 where there is none; message: why it did not pass, or what only warns; `details` its lines."""

    file: str
    line: int
    name: str
    outcome: CaseOutcome
    message: str = ""
    details: tuple[str, ...] = ()
    kind: str = ""

    @property
    def order(self) -> tuple[str, int, str]:
        """What cases are sorted by."""
        return (self.file, self.line, self.name)


def report_cases(report: Report, fail_on: frozenset[FailOn]) -> list[Case]:
    """The cases of a Report, sorted. `fail_on` says what fails besides violations that deny."""
    return sorted(_cases(report, fail_on), key=lambda case: case.order)


def _cases(report: Report, fail_on: frozenset[FailOn]) -> Iterator[Case]:
    objects = {(one.file, one.resource): one for one in reversed(report.judged)}
    told: set[tuple[str, Resource]] = set()
    in_error = {(error.file, error.line) for error in report.errors}
    grouped: dict[tuple[str, Resource, str], list[Finding]] = {}
    for finding in report.findings:
        name = f"{finding.policy}/{finding.constraint}"
        grouped.setdefault((finding.file, finding.resource, name), []).append(finding)
        told.add((finding.file, finding.resource))
    for (file, resource, name), findings in grouped.items():
        yield _violated(file, f"{resource}: {name}", findings, fail_on)
    yield from _exempt(report)
    told.update((one.finding.file, one.finding.resource) for one in report.exempted)
    places: dict[Resource, JudgedObject] = {one.resource: one for one in reversed(report.judged)}
    for entry in report.not_evaluated:
        place = None if entry.resource is None else places.get(entry.resource)
        if place is not None:
            told.add((place.file, place.resource))
        yield Case(
            NO_FILE if place is None else place.file,
            0 if place is None else place.line,
            f"{entry.resource}: {entry}" if entry.resource else str(entry),
            "error" if "not-evaluated" in fail_on else "not evaluated",
            f"not evaluated: needs {entry.needs}",
            kind="not-evaluated",
        )
    for error in report.errors:
        details = (error.message, *([f"fix: {error.hint}"] if error.hint else []))
        name = f"line {error.line}, column {error.column}: not judged"
        yield Case(error.file, error.line, name, "error", error.message, details, "not-judged")
    for skipped in report.skipped:
        details = (skipped.hint,) if skipped.hint else ()
        yield Case(
            skipped.file, skipped.line, f"line {skipped.line}", "skipped", skipped.reason, details, "skipped"
        )
    for moved in report.moved or ():
        told.add((moved.file, moved.resource))
        if not moved.missing:
            # Otherwise the policy's case says so.
            name = f"{moved.resource}: {moved.happening} of {moved.kind} {moved.key} in {moved.environment}"
            yield Case(moved.file, moved.span.line, name, "passed", moved.told(), (moved.told(),), "moved")
    for judged in objects.values():
        if (judged.file, judged.resource) not in told and (judged.file, judged.line) not in in_error:
            yield Case(judged.file, judged.line, str(judged.resource), "passed")


def _exempt(report: Report) -> Iterator[Case]:
    """What is exempt passes with that said: a case for each policy, object and exemption."""
    grouped: dict[tuple[str, Resource, str], list[ExemptFinding]] = {}
    for one in report.exempted:
        finding = one.finding
        name = f"{finding.policy}/{finding.constraint} (exempt by {one.exemption})"
        grouped.setdefault((finding.file, finding.resource, name), []).append(one)
    for (file, resource, name), group in grouped.items():
        details = [f"{file}:{one.finding.span.line}: exempt: {one.finding.message}" for one in group]
        yield Case(
            file,
            group[0].finding.span.line,
            f"{resource}: {name}",
            "passed",
            group[0].told(),
            (group[0].told(), *details),
            "exempt",
        )


def _violated(file: str, name: str, findings: list[Finding], fail_on: frozenset[FailOn]) -> Case:
    """What one policy says of one object; what only warns, or is tried out, passes with that said."""
    failing = {"deny", "warn"} if "warn" in fail_on else {"deny"}
    fails = [finding for finding in findings if failing.intersection(finding.actions)]
    first = (fails or findings)[0]
    details: list[str] = []
    for finding in findings:
        span = finding.span
        place = f"{finding.file}:{span.line}:{span.column}"
        details.append(f"{place}: {'+'.join(finding.actions)}: {finding.message}")
        if finding.fix and finding.fix not in finding.message:
            details.append(f"  fix: {finding.fix}")
        if finding.docs:
            details.append(f"  docs: {finding.docs}")
    kind = "deny" if any("deny" in finding.actions for finding in findings) else first.actions[0]
    return Case(
        file, first.span.line, name, "failed" if fails else "passed", first.message, tuple(details), kind
    )
