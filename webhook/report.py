"""A Report: what one run of `check` found, ready to be rendered. Every string in it is masked already."""

from collections.abc import Sequence
from typing import Literal

from lockgate.engine.decision import Action
from lockgate.engine.documents.document import Path, Span
from lockgate.engine.record import ordered_record, record

FailOn = Literal["deny", "warn", "not-evaluated"]

EXIT_CLEAN = 0
EXIT_VIOLATIONS = 1
EXIT_NOT_EVALUATED = 2


@ordered_record
class Resource:
    """Names an object as its manifest does; an absent part is the empty string."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        named = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {named}".strip()


@record
class Quote:
    """One line of a file, masked. `start` and `end` (exclusive) are offsets in `text` to underline."""

    line: int
    text: str
    start: int
    end: int


@record
class Finding:
    """One violation with its place. `path` is None when the policy gave none."""

    policy: str
    constraint: str
    rule: str | None
    message: str
    actions: tuple[Action, ...]
    file: str
    span: Span
    exact: bool
    path: Path | None
    resource: Resource
    fix: str
    docs: str
    quote: Quote | None

    @property
    def order(self) -> tuple[str, int, int, str, str, str, str, tuple[Action, ...]]:
        """What findings are sorted by."""
        return (
            self.file,
            self.span.line,
            self.span.column,
            self.policy,
            self.constraint,
            self.message,
            repr(self.path),
            self.actions,
        )


@record
class ExemptFinding:
    """A violation that an exemption permits. `expires` is RFC 3339; `ticket` may be empty."""

    finding: Finding
    exemption: str
    owner: str
    ticket: str
    expires: str

    def told(self) -> str:
        """By which exemption, whose, and until when."""
        ticket = f", {self.ticket}" if self.ticket else ""
        return f"exempt by {self.exemption} ({self.owner}{ticket}, until {self.expires})"


@record
class BaseRevision:
    """The revision that what decided was taken from. `proposed`: the counts under what the change itself has instead."""

    revision: str
    commit: str
    proposed: dict[str, int] | None


@record
class MissingPart:
    """What a promotion does not have, by which PromotionPolicy. what: as `lockgate.engine.promotions.asking` has it."""

    policy: str
    what: str
    message: str
    fix: str


@record
class MovedVersion:
    """A version of a subject that enters or leaves an environment ("" for an unknown one). happening: `promotion`, `rollback` and so on.

    source: the environment that it comes from, "" where none is known. former: key and version of what it replaces; None where that
    is nothing. in_base: is the place one of the base revision, for what is gone?
    """

    happening: str
    environment: str
    source: str
    kind: str
    key: str
    version: str
    digest: str
    former: tuple[str, str] | None
    was_there: bool
    file: str
    span: Span
    path: Path | None
    in_base: bool
    resource: Resource
    missing: tuple[MissingPart, ...]

    @property
    def order(self) -> tuple[str, int, int, str, str, str, str]:
        """What these entries are sorted by."""
        return (
            self.file,
            self.span.line,
            self.span.column,
            self.environment,
            self.kind,
            self.key,
            self.happening,
        )

    def told(self) -> str:
        """What moved, from which version to which, and from where to where."""
        place = self.environment or "an unknown environment"
        words = {
            "promotion": f"enters {place} from {self.source or 'nowhere that is known'}",
            "introduction": f"enters {place}",
            "rollback": f"goes back in {place}"
            + ("" if self.was_there else " to what nobody knows to have been there"),
            "floating": f"has other bytes in {place}",
            "revocation": f"is no longer approved in {place}",
            "traffic": f"shares traffic otherwise in {place}",
            "removal": f"leaves {place}",
            "unknown": f"enters {place} in a version that cannot be told"
            if self.environment
            else f"enters {place}",
        }
        return f"{self.kind} {self._versions()} {words[self.happening]}"

    def _versions(self) -> str:
        """The subject with its version, and the one that it replaces."""
        new = f"{self.key} {self.version}".rstrip()
        if self.former is None:
            return new
        key, version = self.former
        if key == self.key:
            return f"{key} {version or 'no version'} → {self.version or 'no version'}"
        # A place that ends with its version: s3://models/fraud/7.
        mine, theirs = self.key.rpartition("/"), key.rpartition("/")
        if not (version or self.version) and mine[0] == theirs[0]:
            return f"{mine[0]} {theirs[2]} → {mine[2]}"
        return f"{key} {version}".rstrip() + f" → {new}"


@record
class Problem:
    """Something that could not be judged: unreadable input, or a policy that failed on an object."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""
    quote: Quote | None = None

    @property
    def order(self) -> tuple[str, int, int, str]:
        """What problems are sorted by."""
        return (self.file, self.line, self.column, self.message)


@ordered_record
class SkippedInput:
    """Input that was not judged, with the reason and what to do if it should have been."""

    file: str
    line: int
    reason: str
    hint: str


@record
class Unevaluated:
    """A policy that needs what is not known here. `resource` is None when it concerns no single object.

    `constraint` is empty for a rule that has none.
    """

    policy: str
    constraint: str
    resource: Resource | None
    needs: str

    def __str__(self) -> str:
        return f"{self.policy}/{self.constraint}" if self.constraint else self.policy

    @property
    def order(self) -> tuple[str, str, str, str]:
        """What these entries are sorted by."""
        return (self.policy, self.constraint, repr(self.resource), self.needs)


@ordered_record
class JudgedObject:
    """An object that was judged, and the line where it begins."""

    file: str
    line: int
    resource: Resource


@record
class Recorded:
    """Where a run's Decisions are in a trail: entries `first` to `last` (None: there was nothing to record).

    `size` is the tree's, which the signed `checkpoint` (a note's text) covers.
    """

    origin: str
    first: int | None
    last: int | None
    size: int
    checkpoint: str

    def __str__(self) -> str:
        if self.first is None:
            return f"nothing to record in {self.origin}: tree size {self.size}"
        entries = f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"
        return f"recorded in {self.origin}: {entries}, tree size {self.size}"


@record
class Report:
    """Everything a run found, sorted. `documents` counts judged objects, `files` the files that were read.

    judged: the objects themselves, where the format wants them.
    """

    documents: int
    files: int
    findings: tuple[Finding, ...]
    errors: tuple[Problem, ...]
    skipped: tuple[SkippedInput, ...]
    not_evaluated: tuple[Unevaluated, ...]
    notices: tuple[str, ...]
    judged: tuple[JudgedObject, ...] = ()
    exempted: tuple[ExemptFinding, ...] = ()
    base: BaseRevision | None = None
    # What a change moves; None where nobody looked.
    moved: tuple[MovedVersion, ...] | None = None

    def count(self, action: Action) -> int:
        """How many violations carry the action."""
        return sum(action in finding.actions for finding in self.findings)

    def summary(self) -> dict[str, int]:
        """The counts, by the names that `--format json` uses."""
        return {
            "documents": self.documents,
            "denied": self.count("deny"),
            "warned": self.count("warn"),
            "dryrun": self.count("dryrun"),
            "errors": len(self.errors),
            "skipped": len(self.skipped),
            "notEvaluated": len(self.not_evaluated),
        }

    def exit_code(self, fail_on: frozenset[FailOn]) -> int:
        """0 clean, 1 violations, 2 could not evaluate; 2 beats 1. Violations that deny always count."""
        if self.errors or ("not-evaluated" in fail_on and self.not_evaluated):
            return EXIT_NOT_EVALUATED
        if self.count("deny") or ("warn" in fail_on and self.count("warn")):
            return EXIT_VIOLATIONS
        return EXIT_CLEAN


def make_report(
    documents: int,
    files: int,
    findings: list[Finding],
    errors: list[Problem],
    skipped: list[SkippedInput],
    not_evaluated: list[Unevaluated],
    notices: list[str],
    judged: Sequence[JudgedObject] = (),
    exempted: Sequence[ExemptFinding] = (),
) -> Report:
    """A Report over the parts, sorted; equal entries of `errors`, `not_evaluated` and `notices` once."""
    return Report(
        documents=documents,
        files=files,
        findings=tuple(sorted(findings, key=lambda finding: finding.order)),
        errors=tuple(sorted(dict.fromkeys(errors), key=lambda problem: problem.order)),
        skipped=tuple(sorted(skipped)),
        not_evaluated=tuple(sorted(dict.fromkeys(not_evaluated), key=lambda entry: entry.order)),
        notices=tuple(sorted(set(notices))),
        judged=tuple(sorted(judged)),
        exempted=tuple(sorted(exempted, key=lambda one: (*one.finding.order, one.exemption))),
    )
