"""One run of `check`: finds the files, learns the tree's own kinds and Namespaces, judges file by file, and reports.

Files are read one after the other. But for a bounded part that is kept from the first look to the second, nothing of a
file but what is shown outlives it, so that memory does not grow with the tree.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.defaulting import Complete, apply_defaults
from lockgate.engine.documents.document import Document, DocumentError, Skipped
from lockgate.engine.documents.reading import Reading, read_documents
from lockgate.engine.documents.tree import PatchReference, find_patches
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.exemptions.kinds import is_exemption
from lockgate.gatekeeper.target import Operation, review_document
from lockgate.webhook.config import Config
from lockgate.webhook.gate import Gate, ReviewBuilder
from lockgate.webhook.judging import FileContent, Findings, Found
from lockgate.webhook.policy_sources import Judges
from lockgate.webhook.progress import Progress
from lockgate.webhook.report import Report, Unevaluated
from lockgate.webhook.tree import ClusterView, TreeFacts, make_view, may_describe_cluster
from lockgate.webhook.walk import (
    STDIN,
    STDIN_SHOWN,
    InputFile,
    Walk,
    is_inside,
    read_file,
    too_large,
    walk_paths,
)

if TYPE_CHECKING:
    # Imported where a base or a trail is named.
    from lockgate.webhook.base import Base
    from lockgate.webhook.gitignore import IgnoreFile
    from lockgate.webhook.inventory_objects import Told
    from lockgate.webhook.old_objects import OldObjects
    from lockgate.webhook.plain_content import PlainReviews
    from lockgate.webhook.recording import Recording
    from lockgate.webhook.taken_out import TakenOut


# Bytes of files that are kept from the first pass to the second, and of those whose objects are kept, which take some
# ten times as much.
MOST_KEPT: Final = 16 * 1024 * 1024
MOST_PARSED_KEPT: Final = 2 * 1024 * 1024


@record
class Inputs:
    """What to judge: paths (STDIN among them when `stdin` is given), counted from `cwd`."""

    paths: tuple[str, ...]
    cwd: str
    excludes: tuple[str, ...]
    stdin: bytes | None
    config: Config


@record
class Request:
    """What is known of how the objects come to the cluster. user: as `userInfo` has it; base: the former state.

    namespace: of objects that name none; None leaves it to the configuration, then to `default`.
    complete: what the API server makes of an object before policies see it.
    """

    namespace: str | None = None
    user: dict[str, Value] | None = None
    base: "Base | None" = None
    complete: Complete = apply_defaults


@record
class Learned:
    """What the first pass over the tree tells: the cluster, and the former state of objects (None: no base).

    kept: what was read of files, by their paths, as far as it is kept; it is not read again.
    """

    view: ClusterView
    old: "OldObjects | None"
    kept: "Mapping[str, Content]" = field(default_factory=dict)


@record
class Content:
    """One input that was read, or why it was not. `real` is the absolute path that folder settings go by.

    reading: what was found in it, where somebody has looked.
    """

    file: InputFile
    real: str
    outcome: bytes | DocumentError | Skipped
    reading: Reading | None = None


def find_inputs(inputs: Inputs) -> Walk:
    """The files to judge. Raises UsageError for a path that matches none, or for empty standard input."""
    paths = [path for path in inputs.paths if path != STDIN]
    real_cwd = os.path.realpath(inputs.cwd)
    if inputs.stdin is not None and not inputs.stdin.strip():
        raise UsageError(
            "standard input is empty", hint="the command before the pipe made no output: did it fail?"
        )
    return walk_paths(paths, real_cwd, exclusions(inputs))


def exclusions(inputs: Inputs) -> "list[tuple[str, IgnoreFile]]":
    """The patterns of what is left out, each list with the (real) folder that it counts from."""
    if not (inputs.config.excludes or inputs.excludes):
        return []
    from lockgate.webhook.gitignore import parse_excludes

    return [
        (inputs.config.root, parse_excludes(inputs.config.excludes)),
        (os.path.realpath(inputs.cwd), parse_excludes(inputs.excludes)),
    ]


def _files(inputs: Inputs, walk: Walk) -> Sequence[InputFile]:
    """What is read, in its order."""
    return walk.files if inputs.stdin is None else [InputFile(STDIN, STDIN_SHOWN), *walk.files]


def _read(inputs: Inputs, file: InputFile) -> Content:
    if inputs.stdin is not None and file.path == STDIN:
        too_long = too_large(STDIN_SHOWN, len(inputs.stdin))
        return Content(file, inputs.config.root, inputs.stdin if too_long is None else too_long)
    return Content(file, _place(file, inputs.config), read_file(file))


def _place(file: InputFile, config: Config) -> str:
    """Where a file is for the folders' settings: a link is where it stands, since it is applied from there."""
    place = os.path.abspath(file.path)
    return place if is_inside(place, config.root) else file.real or os.path.realpath(place)


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
    reading = read.reading or read_documents(outcome, read.file.shown, duplicates="error")
    skipped: Sequence[Skipped] = reading.skipped
    if not (reading.documents or reading.errors or skipped):
        skipped = (Skipped(read.file.shown, 1, "no objects"),)
    return FileContent(outcome, reading.documents, reading.errors, skipped)


def learn(inputs: Inputs, walk: Walk, request: Request, judges: Judges = "objects") -> Learned:
    """The first pass: kinds and Namespaces of the tree, and which files are as in the base.

    judges: what the policies are about; nothing is to be known for any but objects.
    """
    if judges != "objects":
        return Learned(make_view(TreeFacts(), inputs.config, request.namespace, request.complete), None)
    if request.base is None:
        facts, kept = TreeFacts(), Kept()
        for read, data in _readable(inputs, walk):
            facts.add(kept.about_cluster(read, data))
        view = make_view(facts, inputs.config, request.namespace, request.complete)
        return Learned(view, None, kept.contents)
    return _learn_from_base(inputs, walk, request, request.base)


def tree_objects(inputs: Inputs, walk: Walk, view: ClusterView) -> "Iterator[Told]":
    """The objects of the tree as the cluster would have them, in their namespaces. What cannot be read is left out."""
    from lockgate.engine.gvk import gvk_of
    from lockgate.webhook.inventory_objects import Present, Unplaced

    patches = _find_patches(walk)
    for file in _files(inputs, walk):
        read = _read(inputs, file)
        cluster = view.cluster(read.real)
        for document in _content(read, patches).documents:
            review = review_document(document, cluster)
            kind = gvk_of(document.value)
            if review.scope == "Unknown" and kind is not None and not review.request.get("namespace"):
                yield Unplaced(kind)
            elif review.object is not None:
                yield Present(review.object)


def _learn_from_base(inputs: Inputs, walk: Walk, request: Request, base: "Base") -> Learned:
    """What the files that are as in the base say, and the base's versions of the others, wins over the change's."""
    from lockgate.webhook.old_objects import OldObjects

    old = OldObjects(base, [path for path in inputs.paths if path != STDIN])
    known, changed, kept = TreeFacts(), TreeFacts(), Kept()
    for read, data in _readable(inputs, walk):
        (known if old.compare(read.real, data) else changed).add(kept.about_cluster(read, data))
    old.read(make_view(changed, inputs.config, request.namespace, request.complete, known))
    known.add(old.changed())
    view = make_view(changed, inputs.config, request.namespace, request.complete, known)
    return Learned(view, old, kept.contents)


def _readable(inputs: Inputs, walk: Walk) -> Iterator[tuple[Content, bytes]]:
    for file in _files(inputs, walk):
        read = _read(inputs, file)
        if isinstance(read.outcome, bytes):
            yield read, read.outcome


class Kept:
    """Keeps what the first pass reads, up to a bound: small trees are read once."""

    __slots__ = ("contents", "left", "parsed_left")

    def __init__(self) -> None:
        self.contents: dict[str, Content] = {}
        self.left = MOST_KEPT
        self.parsed_left = MOST_PARSED_KEPT

    def about_cluster(self, read: Content, data: bytes) -> list[dict[str, Value]]:
        """The objects of a file that may describe the cluster."""
        size = len(data)
        reading: Reading | None = None
        values: list[dict[str, Value]] = []
        if may_describe_cluster(data):
            reading = read_documents(data, read.file.shown, duplicates="error")
            values = [document.value for document in reading.documents]
            self.parsed_left -= size
        if self.left >= size:
            self.left -= size
            kept = reading if self.parsed_left >= 0 else None
            self.contents[read.file.path] = Content(read.file, read.real, data, kept)
        return values


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


def _objects(
    walk: Walk, request: Request, learned: Learned, unknown: set[str], notices: list[str]
) -> Callable[[Content], tuple[FileContent, ReviewBuilder]]:
    """What reads the Kubernetes objects of a file, once the tree's own kinds, Namespaces and patches are known."""
    view, old = learned.view, learned.old
    if old is not None:
        notices += [f"{path} cannot be read as of the base: its objects count as new" for path in old.unread]
    patches = _find_patches(walk)

    def read_objects(read: Content) -> tuple[FileContent, ReviewBuilder]:
        is_unchanged = old is not None and old.is_unchanged(read.real)
        build = _ReviewBuilder(view, read.real, unknown, request.user, old, is_unchanged)
        return _content(read, patches), build

    return read_objects


def _taken_out(inputs: Inputs, walk: Walk, old: "OldObjects") -> "TakenOut":
    """What a change's own kustomizations call patches."""
    from lockgate.webhook.taken_out import find_taken_out

    files = {file.shown: file for file in walk.files}
    real = {shown: _place(file, inputs.config) for shown, file in files.items()}

    def read(shown: str) -> Sequence[Document]:
        return _content(_read(inputs, files[shown]), {}).documents

    return find_taken_out(_find_patches(walk), real, read, old)


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
    recording: "Recording | None" = None,
    jobs: int = 1,
    judges: Judges = "objects",
) -> Report:
    """Judges what the walk found.

    learned: of the same inputs and request. recording: takes each Decision into a trail, and raises where it cannot.
    jobs: how many processes judge; what they find is the same. judges: what the policies are about.
    """
    unknown: set[str] = set()
    files = _files(inputs, walk)
    content_of = (
        _objects(walk, request, learned, unknown, findings.notices) if judges == "objects" else _plain
    )

    def judge(file: InputFile, into: Findings) -> None:
        read = learned.kept.get(file.path) or _read(inputs, file)
        record = None if recording is None else recording.of_file(inputs.config.environment(read.real))
        content, build = content_of(read)
        into.add_file(content, build, record)
        into.notices += _without_effect(content, gate)

    def judge_part(part: Sequence[InputFile]) -> tuple[Found, set[str]]:
        own = findings.fresh()
        for file in part:
            judge(file, own)
        return own.found(), unknown

    if judges == "combined":
        from lockgate.webhook.plain_content import combined_content

        parts = [(*_plain(_read(inputs, file)), file.shown) for file in files]
        findings.add_file(*combined_content(parts), None if recording is None else recording.of_file(None))
        findings.files = len(files)
    elif jobs > 1:
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
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return (
        f"not known whether these kinds are namespaced: {shown}; add their CustomResourceDefinitions to the paths, "
        "since policies that match by namespace or scope may judge them differently"
    )
