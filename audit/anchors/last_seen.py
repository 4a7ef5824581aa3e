"""The file in which a checker keeps the last checkpoint that it saw, so that the next run knows when the log goes back."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from lockgate.audit.anchors.note_anchor import MAX_KEPT, Kept, NoteAnchor
from lockgate.audit.note import VerifierKey
from lockgate.audit.witness.errors import RefusedError


class FileMemory:
    """Keeps a note in a file: replaced whole, synced with its folder, one writer at a time (a lock on the folder)."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path

    def load(self) -> Kept:
        """What the file holds; nothing when there is none. Raises RefusedError."""
        try:
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(self._path, flags)
        except FileNotFoundError:
            return Kept(None, "")
        except OSError as error:
            raise self._refused(error) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise RefusedError(f"{self._path} is no regular file")
        with open(descriptor, "rb") as file:
            data = file.read(MAX_KEPT + 1)
        if len(data) > MAX_KEPT:
            raise RefusedError(f"{self._path} is larger than any checkpoint ({MAX_KEPT} bytes)")
        return Kept(data, "")

    def replace(self, before: Kept, note: bytes) -> bool:
        """Writes the note beside the file and puts it in its place."""
        try:
            with self._locked() as folder:
                if self.load() != before:
                    return False
                name = f".{self._path.name}.{uuid4().hex}"
                descriptor = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644, dir_fd=folder)
                try:
                    with open(descriptor, "wb") as file:
                        file.write(note)
                        file.flush()
                        os.fsync(descriptor)
                    os.replace(name, self._path.name, src_dir_fd=folder, dst_dir_fd=folder)
                except BaseException:
                    os.unlink(name, dir_fd=folder)
                    raise
                os.fsync(folder)
        except OSError as error:
            raise self._refused(error) from None
        return True

    def close(self) -> None:
        """Nothing is kept open."""

    @contextmanager
    def _locked(self) -> Iterator[int]:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(folder)

    def _refused(self, error: OSError) -> RefusedError:
        if error.errno == errno.ELOOP:
            return RefusedError(f"{self._path} is a symbolic link")
        return RefusedError(f"{self._path}: {error.strerror}")


def last_seen_file(path: Path, administrator: str, origin: str, keys: Sequence[VerifierKey]) -> NoteAnchor:
    """The anchor in a file. A file that is not there yet is made by the first step."""
    return NoteAnchor(f"file {path}", administrator, origin, keys, FileMemory(path))
