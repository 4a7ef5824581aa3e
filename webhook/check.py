"""The second pass of a check: judges file by file, by what the first has learned, and reports.

Files are read one after the other. But for a bounded part that is kept from the first look to the second, nothing of a
file but what is shown outlives it, so that memory does not grow with the tree.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.exemptions.kinds import is_exemption
from lockgate.gatekeeper.target import Operation, review_document
from lockgate.webhook.first_pass import Learned, Request
from lockgate.webhook.gate import Gate, ReviewBuilder
from lockgate.webhook.inputs import Content, Inputs, content_of, files_of, patches_of, place_of, read_input
from lockgate.webhook.judging import FileContent, Findings, Found
from lockgate.webhook.policy_sources import Judges
from lockgate.webhook.progress import Progress
from lockgate.webhook.report import Report, Unevaluated
from lockgate.webhook.terminal import some_of
from lockgate.webhook.tree import ClusterView
from lockgate.webhook.walk import InputFile, Walk

if TYPE_CHECKING:
    from typing import Protocol

    from lockgate.engine.decision import Decision
    from lockgate.engine.policy import PolicySet

    # Imported where a base or a trail is named.
    from lockgate.webhook.gate import Record
    from lockgate.webhook.old_objects import OldObjects
    from lockgate.webhook.plain_content import PlainReviews
    from lockgate.webhook.taken_out import TakenOut

    class Recorder(Protocol):
        """Takes the Decisions on files as they are made."""

        def of_file(self, environment: str | None) -> Record:
            """What takes those on one file; `environment` is the configuration's for it."""
            ...


@record
class _ReviewBuilder:
    """Builds the reviews of one file's documents, and notes kinds whose scope is not known."""

    view: ClusterView
    real: str
    unknown: set[str]
    user: dict[str, Value] | None
    old: "OldObjects | None"
    # Is the file as in the base, so that its objects are their own former state?
    is_unchanged: bool

    def __call__(self, document: Document) -> Review:
        cluster = self.view.cluster(self.real)
        old = None
        if self.is_unchanged:
            old = document.value
        elif self.old is not None:
            old = self.old.find(document, cluster.namespace, self.real)
        operation: Operation = "CREATE" if old is None else "UPDATE"
        review = review_document(document, cluster, operation=operation, old=old, user=self.user)
        if review.scope == "Unknown":
            self.unknown.add(f"{document.value.get('apiVersion')} {document.value.get('kind')}")
        return review


def _import_judging() -> None:
    """Imports what is imported when it is needed first, so that processes made after this one need not do so each."""
    import lockgate.engine.defaults.pods
    import lockgate.engine.documents.json_positions
    import lockgate.engine.documents.yaml_positions
    import lockgate.engine.masking.masker  # noqa: F401


def _objects(
    walk: Walk,
    request: Request,
    learned: Learned,
    policies: "PolicySet",
    unknown: set[str],
    notices: list[str],
) -> Callable[[Content], tuple[FileContent, ReviewBuilder]]:
    """What reads the Kubernetes objects of a file, once the tree's own kinds, Namespaces and patches are known."""
    view, old = learned.view, learned.old
    if old is not None:
        notices += [f"{path} cannot be read as of the base: its objects count as new" for path in old.unread]
    patches = patches_of(walk)

    def read_objects(read: Content) -> tuple[FileContent, ReviewBuilder]:
        is_unchanged = old is not None and old.is_unchanged(read.real)
        build = _ReviewBuilder(view, read.real, unknown, request.user, old, is_unchanged)
        return content_of(read, patches, policies), build

    return read_objects


def _taken_out(inputs: Inputs, walk: Walk, old: "OldObjects") -> "TakenOut":
    """What a change's own kustomizations call patches."""
    from lockgate.webhook.taken_out import find_taken_out

    files = {file.shown: file for file in walk.files}
    real = {shown: place_of(file, inputs.config) for shown, file in files.items()}

    def read(shown: str) -> Sequence[Document]:
        return content_of(read_input(inputs, files[shown]), {}).documents

    return find_taken_out(patches_of(walk), real, read, old)


def _plain(read: Content) -> "tuple[FileContent, PlainReviews]":
    """Whole documents of a file."""
    from lockgate.webhook.plain_content import plain_content

    return plain_content(read.outcome, read.file.shown, read.real)


def run_check(
    inputs: Inputs,
    walk: Walk,
    gate: Gate,
    not_configured: Sequence[Unevaluated],
    request: Request,
    learned: Learned,
    findings: Findings,
    progress: Progress,
    recording: "Recorder | None" = None,
    jobs: int = 1,
    judges: Judges = "objects",
    together: "Callable[[Gate], Sequence[tuple[Document, Review, Decision]]] | None" = None,
    begin: Callable[[str], None] | None = None,
) -> Report:
    """Judges what the walk found.

    learned: of the same inputs and request. recording: takes each Decision into a trail, and raises where it cannot.
    jobs: how many processes judge; what they find is the same. judges: what the policies are about.
    together: what the objects come to with each other, asked when each has been judged, here. begin: told of each file (a
    real path) before its objects are judged.
    """
    unknown: set[str] = set()
    files = files_of(inputs, walk)
    parse: Callable[[Content], tuple[FileContent, ReviewBuilder]] = _plain
    if judges == "objects":
        parse = _objects(walk, request, learned, gate.policies, unknown, findings.notices)

    def judge(file: InputFile, into: Findings) -> None:
        read = learned.kept.get(file.path) or read_input(inputs, file)
        record = None if recording is None else recording.of_file(inputs.config.environment(read.real))
        content, build = parse(read)
        if begin is not None:
            begin(read.real)
        into.add_file(content, build, record)
        into.notices += _without_effect(content, gate)

    def judge_part(part: Sequence[InputFile]) -> tuple[Found, set[str]]:
        own = findings.fresh()
        for file in part:
            judge(file, own)
        return own.found(), unknown

    if judges == "combined":
        from lockgate.webhook.plain_content import combined_content

        parts = [(*_plain(read_input(inputs, file)), file.shown) for file in files]
        findings.add_file(*combined_content(parts), None if recording is None else recording.of_file(None))
        findings.files = len(files)
    elif jobs > 1:
        from lockgate.webhook.jobs import share_out

        _import_judging()
        for count, (found, unknown_there) in share_out(files, jobs, judge_part):
            findings.add_found(found)
            unknown.update(unknown_there)
            progress.advance(count)
    else:
        for file in files:
            judge(file, findings)
            progress.advance()
    progress.close()
    if together is not None:
        for told in together(gate):
            findings.add_decision(*told)
    findings.add_left_out(walk.errors, walk.skipped)
    findings.not_evaluated.extend(not_configured)
    if learned.old is not None:
        out = _taken_out(inputs, walk, learned.old)
        findings.not_evaluated += out.not_evaluated
        findings.add_left_out(out.errors, ())
    findings.notices += _about_exemptions(findings)
    if walk.excluded:
        findings.notices.append(f"{walk.excluded} excluded by --exclude or the configuration")
    if unknown:
        findings.notices.append(_unknown_kinds(sorted(unknown)))
    if not findings.documents:
        what = "Kubernetes object" if judges == "objects" else "document"
        findings.notices.append(f"no {what} was found")
    return findings.report()


def _without_effect(content: FileContent, gate: Gate) -> list[str]:
    """Exemptions among what is judged that are none of those which the check was given."""
    names = set() if gate.exemptions is None else {one.name for one in gate.exemptions.all}
    made: list[str] = []
    for document in content.documents:
        if not is_exemption(document.value):
            continue
        metadata = document.value.get("metadata")
        name = metadata.get("name") if type(metadata) is dict else None
        if name not in names:
            made.append(
                f"an Exemption in {document.file} has no effect: it is among what is judged, and not given as policy"
            )
    return made


def _about_exemptions(findings: Findings) -> list[str]:
    """Exemptions that expired, that rules refuse, or that nothing needed."""
    gate = findings.gate
    if gate.exemptions is None:
        return []
    keys = [policy.key for policy in gate.policies.policies]
    used = {one.exemption for one in findings.exempted}
    made: list[str] = []
    for standing in gate.exemptions.standings(keys, gate.now_ns):
        one = standing.exemption
        if standing.state != "active":
            made.append(f"the exemption {one.name} of {one.owner} has no effect: {standing.why}")
            continue
        if standing.why:
            made.append(
                f"the exemption {one.name} of {one.owner} has no effect on some policies: {standing.why}"
            )
        if one.name not in used:
            made.append(
                f"the exemption {one.name} of {one.owner} exempts nothing here: remove it if nothing needs it"
            )
    return made


def _unknown_kinds(names: Sequence[str]) -> str:
    return (
        f"not known whether these kinds are namespaced: {some_of(names, 10)}; add their CustomResourceDefinitions to the paths, "
        "since policies that match by namespace or scope may judge them differently"
    )
