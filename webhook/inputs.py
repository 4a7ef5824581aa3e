"""What a check is given: its files, what is read of each, and which of them are no objects of their own."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.engine.documents.document import Document, DocumentError, Skipped
from lockgate.engine.documents.reading import Reading, read_documents
from lockgate.engine.documents.tree import PatchReference, find_patches
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.config import Config
from lockgate.webhook.judging import FileContent
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
    from lockgate.engine.policy import PolicySet

    # Imported where patterns are named.
    from lockgate.webhook.gitignore import IgnoreFile


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


def files_of(inputs: Inputs, walk: Walk) -> Sequence[InputFile]:
    """What is read, in its order."""
    return walk.files if inputs.stdin is None else [InputFile(STDIN, STDIN_SHOWN), *walk.files]


def read_input(inputs: Inputs, file: InputFile) -> Content:
    """Reads one of the files."""
    if inputs.stdin is not None and file.path == STDIN:
        too_long = too_large(STDIN_SHOWN, len(inputs.stdin))
        return Content(file, inputs.config.root, inputs.stdin if too_long is None else too_long)
    return Content(file, place_of(file, inputs.config), read_file(file))


def place_of(file: InputFile, config: Config) -> str:
    """Where a file is for the folders' settings: a link is where it stands, since it is applied from there."""
    place = os.path.abspath(file.path)
    return place if is_inside(place, config.root) else file.real or os.path.realpath(place)


def patches_of(walk: Walk) -> dict[str, PatchReference]:
    """What kustomizations use as patches, by shown name. A kustomization that cannot be read is reported as a file."""
    files = {file.shown: file for file in walk.files}

    def read(name: str) -> bytes:
        outcome = read_file(files[name])
        return outcome if isinstance(outcome, bytes) else b""

    return find_patches(files, read)


def content_of(
    read: Content, patches: Mapping[str, PatchReference], policies: "PolicySet | None" = None
) -> FileContent:
    """The parsed content of one input; every input has at least one entry of some kind.

    policies: where one of them may be about a tool's document (`Skipped.document`), that is among the documents.
    """
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
    documents = reading.documents
    if policies is not None:
        judged = [one.document for one in skipped if _is_judged(one.document, policies)]
        documents = (*documents, *[one for one in judged if one is not None])
        skipped = [one for one in skipped if not _is_judged(one.document, policies)]
    return FileContent(outcome, documents, reading.errors, skipped)


def _is_judged(document: Document | None, policies: "PolicySet") -> bool:
    """Is a tool's document of a kind that a policy names?"""
    if document is None:
        return False
    return policies.judges(str(document.value.get("apiVersion")), str(document.value.get("kind")))
