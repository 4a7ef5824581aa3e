"""One run of `check`: finds the files, learns the tree's own kinds and Namespaces, judges file by file, and reports.

Files are read one after the other, and nothing of a file but what is shown outlives it, so that memory does not grow
with the tree.
"""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.engine.documents.document import Document, DocumentError, Skipped
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.documents.tree import PatchReference, find_patches
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.target import review_document
from lockgate.webhook.config import Config
from lockgate.webhook.gate import Gate
from lockgate.webhook.judging import FileContent, Findings, Found
from lockgate.webhook.progress import Progress
from lockgate.webhook.report import Report, Unevaluated
from lockgate.webhook.tree import ClusterView, TreeFacts, make_view, may_describe_cluster
from lockgate.webhook.walk import STDIN, STDIN_SHOWN, InputFile, Walk, read_file, too_large, walk_paths

if TYPE_CHECKING:
    # Imported where a trail is named.
    from lockgate.webhook.recording import Recording


@record
class Inputs:
    """What to judge: paths (STDIN among them when `stdin` is given), counted from `cwd`."""

    paths: tuple[str, ...]
    cwd: str
    excludes: tuple[str, ...]
    stdin: bytes | None
    config: Config


@record
class Content:
    """One input that was read, or why it was not. `real` is the path that folder settings go by."""

    file: InputFile
    real: str
    outcome: bytes | DocumentError | Skipped


def find_inputs(inputs: Inputs) -> Walk:
    """The files to judge. Raises UsageError for a path that matches none, or for empty standard input."""
    paths = [path for path in inputs.paths if path != STDIN]
    real_cwd = os.path.realpath(inputs.cwd)
    if inputs.stdin is not None and not inputs.stdin.strip():
        raise UsageError(
            "standard input is empty", hint="the command before the pipe made no output: did it fail?"
        )
    excludes = []
    if inputs.config.excludes or inputs.excludes:
        from lockgate.webhook.gitignore import parse_excludes

        excludes.append((inputs.config.root, parse_excludes(inputs.config.excludes)))
        excludes.append((real_cwd, parse_excludes(inputs.excludes)))
    return walk_paths(paths, real_cwd, excludes)


def _files(inputs: Inputs, walk: Walk) -> Sequence[InputFile]:
    """What is read, in its order."""
    return walk.files if inputs.stdin is None else [InputFile(STDIN, STDIN_SHOWN), *walk.files]


def _read(inputs: Inputs, file: InputFile) -> Content:
    if inputs.stdin is not None and file.path == STDIN:
        too_long = too_large(STDIN_SHOWN, len(inputs.stdin))
        return Content(file, inputs.config.root, inputs.stdin if too_long is None else too_long)
    return Content(file, os.path.realpath(file.path), read_file(file))


def _find_patches(walk: Walk) -> dict[str, PatchReference]:
    """What kustomizations use as patches, by shown name. A kustomization that cannot be read is reported as a file."""
    files = {file.shown: file for file in walk.files}

    def read(name: str) -> bytes:
        outcome = read_file(files[name])
        return outcome if isinstance(outcome, bytes) else b""

    return find_patches(files, read)


def _content(read: Content, patches: Mapping[str, PatchReference]) -> FileContent:
    """The parsed content of one input; every input has at least one entry of some kind."""
    outcome = read.outcome
    reference = patches.get(read.file.shown)
    if reference is not None and isinstance(outcome, bytes):
        return FileContent(outcome, (), (), (reference.skipped(read.file.shown),))
    if isinstance(outcome, DocumentError):
        return FileContent(b"", (), (outcome,), ())
    if isinstance(outcome, Skipped):
        return FileContent(b"", (), (), (outcome,))
    reading = read_documents(outcome, read.file.shown, duplicates="error")
    skipped: Sequence[Skipped] = reading.skipped
    if not (reading.documents or reading.errors or skipped):
        skipped = (Skipped(read.file.shown, 1, "no objects"),)
    return FileContent(outcome, reading.documents, reading.errors, skipped)


def _learn(inputs: Inputs, walk: Walk) -> TreeFacts:
    """The first pass: kinds and Namespaces of the tree."""
    facts = TreeFacts()
    for file in _files(inputs, walk):
        read = _read(inputs, file)
        if isinstance(read.outcome, bytes) and may_describe_cluster(read.outcome):
            reading = read_documents(read.outcome, read.file.shown, duplicates="error")
            facts.add([document.value for document in reading.documents])
    return facts


@record
class _ReviewBuilder:
    """Builds the reviews of one file's documents, and notes kinds whose scope is not known."""

    view: ClusterView
    real: str
    unknown: set[str]

    def __call__(self, document: Document) -> Review:
        review = review_document(document, self.view.cluster(self.real), operation="CREATE")
        if review.scope == "Unknown":
            self.unknown.add(f"{document.value.get('apiVersion')} {document.value.get('kind')}")
        return review


def run_check(
    inputs: Inputs,
    walk: Walk,
    gate: Gate,
    not_configured: Sequence[Unevaluated],
    namespace: str | None,
    findings: Findings,
    progress: Progress,
    recording: "Recording | None" = None,
    jobs: int = 1,
) -> Report:
    """Judges what the walk found.

    namespace: of objects that name none; None leaves it to the configuration, then to `default`. recording: takes each
    Decision into a trail, and raises where it cannot. jobs: how many processes judge; what they find is the same.
    """
    view = make_view(_learn(inputs, walk), inputs.config, namespace)
    unknown: set[str] = set()
    patches = _find_patches(walk)
    files = _files(inputs, walk)

    def judge(file: InputFile, into: Findings) -> None:
        read = _read(inputs, file)
        record = None if recording is None else recording.of_file(inputs.config.environment(read.real))
        into.add_file(_content(read, patches), _ReviewBuilder(view, read.real, unknown), record)

    def judge_part(part: Sequence[InputFile]) -> tuple[Found, set[str]]:
        own = findings.fresh()
        for file in part:
            judge(file, own)
        return own.found(), unknown

    if jobs > 1:
        from lockgate.webhook.jobs import share_out

        for count, (found, unknown_there) in share_out(files, jobs, judge_part):
            findings.add_found(found)
            unknown.update(unknown_there)
            progress.advance(count)
    else:
        for file in files:
            judge(file, findings)
            progress.advance()
    progress.close()
    findings.add_left_out(walk.errors, walk.skipped)
    findings.not_evaluated.extend(not_configured)
    if walk.excluded:
        findings.notices.append(f"{walk.excluded} excluded by --exclude or the configuration")
    if unknown:
        findings.notices.append(_unknown_kinds(sorted(unknown)))
    if not findings.documents:
        findings.notices.append("no Kubernetes object was found")
    return findings.report()


def _unknown_kinds(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return (
        f"not known whether these kinds are namespaced: {shown}; add their CustomResourceDefinitions to the paths, "
        "since policies that match by namespace or scope may judge them differently"
    )
