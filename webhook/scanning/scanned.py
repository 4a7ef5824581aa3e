"""Artefacts scanned, in several processes where that is worth it, with what is told meanwhile at a terminal."""

import mmap
import os
import signal
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from lockgate.engine.errors import UsageError, os_reason
from lockgate.engine.facts.artifact import (
    ArtifactFacts,
    FileFacts,
    KeptFacts,
    artifact_facts,
    artifact_files,
    scan_file,
)
from lockgate.engine.record import record
from lockgate.webhook.jobs import PARTS_EACH, share_out
from lockgate.webhook.progress import Progress
from lockgate.webhook.terminal import printable

# Bytes that make a second process worth its start.
EACH: Final = 8 << 20
_COUNTER: Final = struct.Struct("Q")
_DRAW_S: Final = 0.2


@record
class Artefact:
    """An artefact that is asked about. shown: what the user calls it."""

    shown: str
    place: Path
    files: tuple[tuple[str, Path], ...]
    size: int

    @property
    def is_folder(self) -> bool:
        """Is it a folder, with files in it?"""
        return self.place.is_dir()


def find_artefact(shown: str) -> Artefact:
    """What a path names. Raises UsageError for nothing, and for a folder without files."""
    place = Path(shown)
    if not os.path.lexists(place):
        raise UsageError(f"there is no file and no folder {printable(shown)}")
    # `.` and `..` have no name; the folder that they are has one.
    named = place if place.name not in ("", "..") else place.resolve()
    try:
        files = tuple(artifact_files(named).items())
    except OSError as error:
        raise UsageError(f"cannot read {printable(shown)}: {os_reason(error)}") from None
    if not files:
        raise UsageError(
            f"{printable(shown)} holds no file", hint="name a file, or a folder with files in it"
        )
    return Artefact(shown, named, files, sum([_size(path) for _, path in files]))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # Scanning it tells why.


def render_size(size: float) -> str:
    """A number of bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def byte_progress(total: int, progress: Progress) -> Progress:
    """A bar that tells bytes."""
    return Progress(total, progress.stream, told=lambda done, of: f"{render_size(done)}/{render_size(of)}")


@contextmanager
def _drawn(progress: Progress) -> Iterator[Callable[[int], None]]:
    """Gives what is to be told of bytes, in this process and its copies; draws while the work goes on.

    Processes share a page with a counter. An addition that two of them make at once may be lost: it is for the eye.
    """
    if progress.stream is None:
        yield lambda count: None
        return
    page = mmap.mmap(-1, mmap.PAGESIZE)

    def add(count: int) -> None:
        _COUNTER.pack_into(page, 0, _COUNTER.unpack_from(page)[0] + count)

    def draw(number: int, frame: FrameType | None) -> None:
        progress.advance(_COUNTER.unpack_from(page)[0] - progress.done)

    former = signal.signal(signal.SIGALRM, draw)
    signal.setitimer(signal.ITIMER_REAL, _DRAW_S, _DRAW_S)
    try:
        yield add
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
        progress.close()
        page.close()


def scan(artefact: Artefact, jobs: int, kept: KeptFacts | None, progress: Progress) -> ArtifactFacts:
    """The facts of an artefact; those that were kept need no second look."""
    found: list[FileFacts] = []
    # The largest first, so that no process begins with it when the others are done.
    files = sorted(artefact.files, key=lambda one: (-_size(one[1]), one[0]))
    with _drawn(byte_progress(artefact.size, progress)) as watch:

        def work(part: Sequence[tuple[str, Path]]) -> list[FileFacts]:
            return [scan_file(path, name, kept=kept, watch=watch) for name, path in part]

        if jobs == 1 or len(files) == 1:
            found = work(files)
        else:
            # Dealt out, so that large files do not lie in one part.
            parts = min(len(files), jobs * PARTS_EACH)
            dealt = [one for start in range(parts) for one in files[start::parts]]
            for _, facts in share_out(dealt, jobs, work):
                found += facts
    return artifact_facts(artefact.place.name, found)
