"""Turns what was read and decided about one file into the entries of a Report, everything masked."""

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Document, DocumentError, Located, Path, Skipped, Span
from lockgate.engine.errors import InputError, ReadTwiceError
from lockgate.engine.record import mutable_record, record
from lockgate.engine.review import Review
from lockgate.webhook.gate import Gate, Record, ReviewBuilder
from lockgate.webhook.report import (
    ExemptFinding,
    Finding,
    JudgedObject,
    Problem,
    Quote,
    Report,
    Resource,
    SkippedInput,
    Unevaluated,
    make_report,
)

if TYPE_CHECKING:
    # Imported when there is something to show.
    from lockgate.engine.masking.masker import Masker
    from lockgate.webhook.baseline import Excusable
    from lockgate.webhook.explanations import Explanations

# Of a place that a result tells.
_LONGEST_FILE: Final = 4_096
_LAST_LINE: Final = 10_000_000


# What a policy needs, in more words, is masked as any other text.
_LONGEST_NEEDS: Final = 1_024


@record
class FileContent:
    """What one input held. `data` are its bytes, for quoting around errors.

    beside: objects that are not judged themselves, and whose secrets may show.
    """

    data: bytes
    documents: Sequence[Document]
    errors: Sequence[DocumentError]
    skipped: Sequence[Skipped]
    beside: Sequence[Document] = ()


def _text(value: Value) -> str:
    return value if type(value) is str else ""


def find_resource(value: dict[str, Value], namespace: Value = None) -> Resource:
    """Names an object; `namespace` is where it goes when it names none itself."""
    metadata = value.get("metadata")
    fields = metadata if type(metadata) is dict else {}
    return Resource(
        api_version=_text(value.get("apiVersion")),
        kind=_text(value.get("kind")),
        namespace=_text(fields.get("namespace")) or _text(namespace),
        name=_text(fields.get("name")) or _text(fields.get("generateName")),
    )


def _masked_resource(resource: Resource, masker: "Masker") -> Resource:
    return Resource(
        masker.name(resource.api_version),
        masker.name(resource.kind),
        masker.name(resource.namespace),
        masker.name(resource.name),
    )


def _masked_path(path: Path | None, found: Located, masker: "Masker") -> Path | None:
    """The path, masked. Keys that the object has are names, even where a Secret holds the same word as a value."""
    if path is None:
        return None
    mask = masker.name if found.exact else masker.text
    return tuple([mask(element) if isinstance(element, str) else element for element in path])


def _says_nothing(decision: Decision) -> bool:
    """Is nothing told of the object but its name?"""
    if decision.violations or decision.failures or decision.exempted:
        return False
    return all(one.fixed and len(one.needs) <= _LONGEST_NEEDS for one in decision.not_evaluated)


def quote_span(lines: Sequence[str], span: Span, masker: "Masker") -> Quote | None:
    """The first line of a span, masked; None when there is no such line or it cannot be shown."""
    if not 0 < span.line <= len(lines):
        return None
    line = lines[span.line - 1]
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    shown = masker.line(line, span.line, start, min(max(end, start), len(line)))
    return None if shown is None else Quote(span.line, *shown)


@record
class Found:
    """What was found in some of the files, as another process tells it."""

    documents: int
    files: int
    unseen: dict[str, int]
    on_error: dict[tuple[PolicyKey, str, str], int]
    findings: list[Finding]
    errors: list[Problem]
    skipped: list[SkippedInput]
    not_evaluated: list[Unevaluated]
    judged: list[JudgedObject] | None
    exempted: list[ExemptFinding]
    excusable: "list[Excusable] | None"
    notices: list[str]


@mutable_record
class Findings:
    """Gathers the entries of a Report, file by file; nothing of a file is kept but what is shown."""

    gate: Gate
    allow_unrendered: bool = False
    # Where it is wanted, why policies say what they say.
    explanations: "Explanations | None" = None
    # Where it is wanted, every object that was judged.
    judged: list[JudgedObject] | None = None
    # Where it is wanted, every violation as an exemption would name it.
    excusable: "list[Excusable] | None" = None
    documents: int = 0
    files: int = 0
    # Why how many objects were shown to no policy.
    unseen: dict[str, int] = field(default_factory=dict)
    # On how many objects a policy's `onError` decided, since a provider failed.
    on_error: dict[tuple[PolicyKey, str, str], int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    skipped: list[SkippedInput] = field(default_factory=list)
    not_evaluated: list[Unevaluated] = field(default_factory=list)
    exempted: list[ExemptFinding] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def add_file(
        self, content: FileContent, build_review: ReviewBuilder, record: Record | None = None
    ) -> None:
        """Judges the documents of a file; `record` is the gate's."""
        self.files += 1
        decided: list[tuple[Document, Resource, Decision]] = []
        reviewed: list[tuple[Document, Review, Decision]] = []
        implied: list[tuple[Document, Review]] = []
        broken: list[tuple[Document, InputError]] = []
        for document in content.documents:
            self.documents += 1
            try:
                judged = self.gate.judge(document, build_review, record)
            except InputError as refused:
                broken.append((document, refused))
                continue
            decision = judged.decision
            if judged.unseen:
                self.unseen[judged.unseen] = self.unseen.get(judged.unseen, 0) + 1
                continue
            for use in decision.on_error:
                used = (use.policy, use.on_error, use.provider)
                self.on_error[used] = self.on_error.get(used, 0) + 1
            if self.explanations is not None or self.judged is not None:
                reviewed.append((document, judged.review, decision))
                implied += [(document, review) for review in judged.implied]
            if decision.violations or decision.failures or decision.not_evaluated or decision.exempted:
                resource = find_resource(document.value, judged.review.request.get("namespace"))
                if _says_nothing(decision):
                    self._add_unevaluated(resource, decision.not_evaluated)
                else:
                    decided.append((document, resource, decision))
        if not (decided or broken or reviewed or content.errors or content.skipped):
            return
        try:
            self._tell_file(content, decided, reviewed, implied, broken)
        except ReadTwiceError as error:
            self.errors.append(
                Problem(content.documents[0].file, error.line, 1, error.message, error.hint, None)
            )

    def add_decision(self, document: Document, review: Review, decision: Decision) -> None:
        """Notes a Decision on a document that was judged with others."""
        from lockgate.engine.masking.masker import make_masker

        masker = make_masker((document,), None)
        resource = find_resource(document.value, review.request.get("namespace"))
        self._add_decision(document, _masked_resource(resource, masker), decision, masker)

    def _tell_file(
        self,
        content: FileContent,
        decided: Sequence[tuple[Document, Resource, Decision]],
        reviewed: Sequence[tuple[Document, Review, Decision]],
        implied: Sequence[tuple[Document, Review]],
        broken: Sequence[tuple[Document, InputError]],
    ) -> None:
        """The entries on a file in which there is something to tell."""
        from lockgate.engine.masking.masker import make_masker

        lines: list[str] = []
        raw = None
        if content.errors or content.skipped:
            raw = content.data.decode("utf-8", "replace")
            lines = raw.split("\n") if raw else []
        masker = make_masker((*content.documents, *content.beside), raw)
        for document, resource, decision in decided:
            self._add_decision(document, _masked_resource(resource, masker), decision, masker)
        # What is explained is evaluated anew: the gate has not masked it.
        told = masker.beside(self.gate.masker)
        for document, review, decision in reviewed:
            self._tell(document, review, decision, told)
        for document, review in implied:
            self._explain_implied(document, review, told)
        for document, problem in broken:
            resource = _masked_resource(find_resource(document.value), masker)
            self._add_problem(
                document, f"{resource} cannot be judged: {problem.message}", problem.hint, masker
            )
        for error in content.errors:
            self.add_error(error, lines, masker)
        for entry in content.skipped:
            self.add_skipped(entry, masker)

    def _add_unevaluated(self, resource: Resource, absent: Sequence[NotEvaluated]) -> None:
        """Notes what was not evaluated, where only names are to be told. The secrets of the file are not looked for."""
        from lockgate.engine.masking.masker import Masker

        masker = Masker()
        named = _masked_resource(resource, masker)
        for one in absent:
            needs = masker.name(one.needs)
            self.not_evaluated.append(Unevaluated(one.policy.kind, one.policy.name, named, needs))

    def _tell(self, document: Document, review: Review, decision: Decision, masker: "Masker") -> None:
        named = find_resource(document.value, review.request.get("namespace"))
        resource = _masked_resource(named, masker)
        line = document.locate(None).span.line
        if self.judged is not None:
            self.judged.append(JudgedObject(document.file, line, resource))
        if self.explanations is not None:
            subject = JudgedObject(document.file, line, resource)
            self.explanations.add(subject, review, masker, decision.exempted)

    def _explain_implied(self, document: Document, review: Review, masker: "Masker") -> None:
        """What an object implies is explained as itself, at the object's line."""
        if self.explanations is not None and review.object is not None:
            resource = _masked_resource(find_resource(review.object), masker)
            line = document.locate(None).span.line
            self.explanations.add(JudgedObject(document.file, line, resource), review, masker)

    def _add_problem(self, document: Document, message: str, hint: str, masker: "Masker") -> None:
        span = document.locate(None).span
        self.errors.append(
            Problem(
                document.file,
                span.line,
                span.column,
                masker.text(message),
                masker.text(hint),
                quote_span(document.lines, span, masker),
            )
        )

    def _add_decision(
        self, document: Document, resource: Resource, decision: Decision, masker: "Masker"
    ) -> None:
        places = _Places(document, masker)
        for violation in decision.violations:
            self.findings.append(_finding(places, resource, violation))
            if self.excusable is not None:
                self.excusable.append(_excusable(document, resource, violation, masker))
        if decision.exempted:
            self._add_exempted(places, resource, decision, masker)
        for failure in decision.failures:
            message = f"{failure.policy} could not be evaluated on {resource}: {failure.message}"
            self._add_problem(document, message, "", masker)
        for absent in decision.not_evaluated:
            self.not_evaluated.append(
                Unevaluated(absent.policy.kind, absent.policy.name, resource, masker.text(absent.needs))
            )

    def _add_exempted(
        self, places: "_Places", resource: Resource, decision: Decision, masker: "Masker"
    ) -> None:
        from lockgate.gatekeeper.exemptions.moments import render_moment

        for one in decision.exempted:
            self.exempted.append(
                ExemptFinding(
                    _finding(places, resource, one.violation),
                    one.exemption,
                    masker.text(one.owner),
                    masker.text(one.ticket),
                    render_moment(one.expires_ns),
                )
            )

    def add_error(self, error: DocumentError, lines: Sequence[str], masker: "Masker") -> None:
        """Notes input that cannot be read; unrendered input is only skipped where that is allowed."""
        message, hint = masker.text(error.message), masker.text(error.hint)
        line, column = max(1, error.line), max(1, error.column)
        if error.unrendered and self.allow_unrendered:
            self.skipped.append(SkippedInput(error.file, line, message, hint))
            return
        quote = quote_span(lines, Span(line, column, line, column), masker) if lines else None
        self.errors.append(Problem(error.file, line, column, message, hint, quote))

    def add_skipped(self, entry: Skipped, masker: "Masker") -> None:
        """Notes input that is not judged."""
        reason, hint = masker.text(entry.reason), masker.text(entry.hint)
        self.skipped.append(SkippedInput(entry.file, max(1, entry.line), reason, hint))

    def add_left_out(self, errors: Sequence[DocumentError], skipped: Sequence[Skipped]) -> None:
        """Notes what the walk left out, of which nothing was read."""
        if not (errors or skipped):
            return
        from lockgate.engine.masking.masker import Masker

        masker = Masker()
        for error in errors:
            self.add_error(error, (), masker)
        for entry in skipped:
            self.add_skipped(entry, masker)

    def fresh(self) -> "Findings":
        """The same with nothing in it, for another process."""
        judged: list[JudgedObject] | None = None if self.judged is None else []
        excusable: list[Excusable] | None = None if self.excusable is None else []
        return Findings(self.gate, self.allow_unrendered, judged=judged, excusable=excusable)

    def found(self) -> Found:
        """What is in it by now."""
        return Found(
            self.documents,
            self.files,
            self.unseen,
            self.on_error,
            self.findings,
            self.errors,
            self.skipped,
            self.not_evaluated,
            self.judged,
            self.exempted,
            self.excusable,
            self.notices,
        )

    def add_found(self, found: Found) -> None:
        """Takes in what another process found in files that come next."""
        self.documents += found.documents
        self.files += found.files
        for reason, count in found.unseen.items():
            self.unseen[reason] = self.unseen.get(reason, 0) + count
        for used, count in found.on_error.items():
            self.on_error[used] = self.on_error.get(used, 0) + count
        self.findings += found.findings
        self.errors += found.errors
        self.skipped += found.skipped
        self.not_evaluated += found.not_evaluated
        if self.judged is not None:
            self.judged += found.judged or []
        self.exempted += found.exempted
        if self.excusable is not None:
            self.excusable += found.excusable or []
        self.notices += found.notices

    def report(self) -> Report:
        """The Report on everything that was added."""
        self.notices += [f"{count} objects are not judged: {reason}" for reason, count in self.unseen.items()]
        self.notices += [
            f"provider {provider!r} of external data failed on {count} {_objects(count)}, and {policy} goes by its on-error: {said}"
            for (policy, said, provider), count in sorted(self.on_error.items())
        ]
        return make_report(
            self.documents,
            self.files,
            self.findings,
            self.errors,
            self.skipped,
            self.not_evaluated,
            self.notices,
            self.judged or (),
            self.exempted,
        )


def _objects(count: int) -> str:
    return "object" if count == 1 else "objects"


class _Places:
    """Where the violations of a document stand. Most stand at the object itself, which is looked for once."""

    __slots__ = ("_object", "document", "masker")

    def __init__(self, document: Document, masker: "Masker") -> None:
        self.document: Final = document
        self.masker: Final = masker
        self._object: tuple[Located, Quote | None] | None = None

    def find(self, path: Path | None) -> tuple[Located, Quote | None]:
        """The place of a path, and the line there."""
        if path is None and self._object is not None:
            return self._object
        located = self.document.locate(path)
        found = located, quote_span(self.document.lines, located.span, self.masker)
        if path is None:
            self._object = found
        return found


def _finding(places: _Places, resource: Resource, violation: Violation) -> Finding:
    document, masker = places.document, places.masker
    located, quote = places.find(violation.path)
    told = _told_place(violation)
    file, span, exact = document.file, located.span, located.exact
    if told is not None:
        file, span, exact = masker.text(told[0]), Span(told[1], 1, told[1], 1), True
    return Finding(
        policy=violation.policy.kind,
        constraint=violation.policy.name,
        rule=violation.rule,
        message=masker.text(violation.message),
        actions=violation.actions,
        file=file,
        span=span,
        exact=exact,
        path=_masked_path(violation.path, located, masker),
        resource=resource,
        fix=masker.text(violation.fix),
        docs=masker.text(violation.docs),
        quote=None if told is not None else quote,
    )


def _told_place(violation: Violation) -> tuple[str, int] | None:
    """Conftest's `_loc` of a result: the file and line of what the document was made of. One of another shape is none."""
    place = violation.details.get("_loc") if type(violation.details) is dict else None
    if violation.path is not None or type(place) is not dict:
        return None
    file, line = place.get("file"), place.get("line")
    if type(file) is not str or not 0 < len(file) <= _LONGEST_FILE:
        return None
    return (file, line) if type(line) is int and 0 < line <= _LAST_LINE else None


def _excusable(document: Document, resource: Resource, violation: Violation, masker: "Masker") -> "Excusable":
    """A violation as an exemption names it; what would show a secret is named by what is left of it."""
    from lockgate.gatekeeper.fields import render_path
    from lockgate.gatekeeper.match import name_of
    from lockgate.webhook.baseline import Excusable

    path = "" if violation.path is None else render_path(violation.path)
    if masker.text(path) != path:
        path = ""
    message = violation.message
    masked = masker.pattern(message) or ""
    is_shown = masked == message
    return Excusable(
        violation.policy.kind,
        violation.policy.name,
        resource,
        path,
        message if is_shown else "",
        "" if is_shown else masked,
        is_name_generated=not name_of(document.value),
    )
