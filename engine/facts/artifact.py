"""The facts of an artefact: of a file, or of a folder with all files in it."""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from lockgate.engine.facts.budget import Budget, ScanLimits
from lockgate.engine.facts.dispatch import dispatch
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.findings import Finding, Tier, worst
from lockgate.engine.facts.scan import GlobalUse, Named, Part, Recorded, RemoteCode, Scan, Template
from lockgate.engine.facts.source import OpenedSource, Source
from lockgate.engine.record import record

# How much is hashed at a time.
_BLOCK = 1 << 20


@record
class FileFacts:
    """What is known of one file, sorted. `sha256` is empty when the file could not be read."""

    path: str
    size: int
    sha256: str
    format: str
    tier: Tier
    parts: tuple[Part, ...] = ()
    findings: tuple[Finding, ...] = ()
    globals: tuple[GlobalUse, ...] = ()
    templates: tuple[Template, ...] = ()
    remote_code: tuple[RemoteCode, ...] = ()
    lambdas: tuple[Named, ...] = ()
    custom_ops: tuple[Named, ...] = ()
    external_refs: tuple[Named, ...] = ()
    executables: tuple[Named, ...] = ()
    code: tuple[Named, ...] = ()
    limits: tuple[str, ...] = ()


@record
class ArtifactFacts:
    """What is known of an artefact: its files, sorted by their paths in it."""

    name: str
    files: tuple[FileFacts, ...]

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def tier(self) -> Tier:
        """The worst tier of the files."""
        return worst(file.tier for file in self.files)

    @property
    def digest(self) -> str:
        """The canonical digest: SHA-256 over a line for each file, sorted by path, as lowercase hex.

        A line is the SHA-256 of the file, its size and its path as a JSON string, so that no name can imitate a line.
        """
        lines = [f"{file.sha256} {file.size} {json.dumps(file.path)}\n" for file in self.files]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def artifact_files(root: Path) -> dict[str, Path]:
    """The files of an artefact by their paths in it: of a file alone, itself by its name.

    Links are followed by who opens a file. Raises OSError when a folder cannot be listed.
    """
    if not root.is_dir():
        return {root.name: root}
    found: dict[str, Path] = {}
    folders = [root]
    while folders:
        folder = folders.pop()
        for entry in sorted(folder.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                folders.append(entry)
            else:
                found[entry.relative_to(root).as_posix()] = entry
    return dict(sorted(found.items()))


class KeptFacts(Protocol):
    """Facts of files that were scanned before, by their names and what is in them."""

    def get(self, name: str, sha256: str) -> FileFacts | None:
        """The facts, if they were kept by this very scanner."""
        ...

    def put(self, facts: FileFacts) -> None:
        """Keeps facts."""
        ...


def _unwatched(count: int) -> None:
    """Nobody wants to know how far it is."""


@contextmanager
def _opened(path: Path, name: str) -> Iterator[OpenedSource]:
    """A regular file, and whether it stayed as it was. Raises UnreadableError."""
    try:
        # Without a wait, for a pipe would keep it for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as stream:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise UnreadableError("is no regular file")
        yield OpenedSource(name, stream, before.st_size)
        after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise UnreadableError("was written while it was read")


def scan_file(
    path: Path,
    name: str,
    limits: ScanLimits | None = None,
    kept: KeptFacts | None = None,
    watch: Callable[[int], None] = _unwatched,
) -> FileFacts:
    """The facts of one file, which is opened once and never loaded. Raises nothing for what the file holds.

    watch: is told of bytes that were hashed.
    """
    try:
        with _opened(path, name) as source:
            return scan_source(source, limits, kept, watch)
    except UnreadableError as error:
        return _unreadable_file(name, error.detail)


def scan_source(
    source: Source,
    limits: ScanLimits | None = None,
    kept: KeptFacts | None = None,
    watch: Callable[[int], None] = _unwatched,
) -> FileFacts:
    """The facts of a source that stands for a file."""
    try:
        sha256 = _sha256(source, watch)
    except UnreadableError as error:
        return _unreadable_file(source.name, error.detail)
    found = None if kept is None else kept.get(source.name, sha256)
    if found is None:
        found = _walked(source, sha256, limits)
        if kept is not None:
            kept.put(found)
    return found


def _walked(source: Source, sha256: str, limits: ScanLimits | None) -> FileFacts:
    recorded = Recorded()
    format_ = dispatch(source, Scan(source, Budget(limits), recorded, dispatch))
    return FileFacts(
        path=source.name,
        size=source.size,
        sha256=sha256,
        format=format_,
        tier=worst(finding.tier for finding in recorded.findings.values()),
        parts=tuple(sorted(recorded.parts, key=lambda part: part.path)),
        findings=tuple(sorted(recorded.findings.values(), key=_finding_order)),
        globals=tuple(sorted(recorded.globals.values(), key=_global_order)),
        templates=tuple(sorted(recorded.templates, key=lambda one: (one.path, one.name))),
        remote_code=tuple(sorted(recorded.remote_code, key=lambda one: (one.path, one.key, one.target))),
        lambdas=_sorted(recorded.lambdas),
        custom_ops=_sorted(recorded.custom_ops),
        external_refs=_sorted(recorded.external_refs),
        executables=_sorted(recorded.executables),
        code=_sorted(recorded.code),
        limits=tuple(sorted(recorded.limits)),
    )


def scan_artifact(root: Path, limits: ScanLimits | None = None) -> ArtifactFacts:
    """The facts of a file or a folder. Raises OSError when a folder cannot be listed."""
    return artifact_facts(
        root.name, (scan_file(path, name, limits) for name, path in artifact_files(root).items())
    )


def artifact_facts(name: str, files: Iterable[FileFacts]) -> ArtifactFacts:
    """The facts of an artefact from those of its files, in any order."""
    return ArtifactFacts(name, tuple(sorted(files, key=lambda file: file.path)))


def artifact_digest(root: Path, watch: Callable[[int], None] = _unwatched) -> str:
    """The canonical digest of a file or a folder, without a look at what it is.

    Raises UnreadableError for a file that cannot be read, OSError when a folder cannot be listed.
    """
    files: list[FileFacts] = []
    for name, path in artifact_files(root).items():
        try:
            with _opened(path, name) as source:
                files.append(FileFacts(name, source.size, _sha256(source, watch), "", "safe"))
        except UnreadableError as error:
            raise UnreadableError(f"{name}: {error.detail}", error.offset) from None
    return artifact_facts(root.name, files).digest


def _sha256(source: Source, watch: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    for offset in range(0, source.size, _BLOCK):
        data = source.read(offset, _BLOCK)
        digest.update(data)
        watch(len(data))
    return digest.hexdigest()


def _unreadable_file(name: str, detail: str) -> FileFacts:
    finding = Finding("file-unreadable", "unreadable", detail, name, None)
    return FileFacts(name, 0, "", "unknown", "unreadable", findings=(finding,))


def _sorted(named: list[Named]) -> tuple[Named, ...]:
    return tuple(sorted(named, key=lambda one: (one.path, one.name, one.detail)))


def _finding_order(finding: Finding) -> tuple[str, int, str, str]:
    offset = -1 if finding.offset is None else finding.offset
    return finding.path, offset, finding.rule, finding.detail


def _global_order(use: GlobalUse) -> tuple[str, str, str, bool]:
    return use.path, use.module, use.name, use.call
