"""Writes files that only their owner may read, whole or not at all."""

import os
from pathlib import Path

from lockgate.engine.errors import UsageError


def write_private(path: Path, data: bytes) -> None:
    """Puts a file of mode 0600 in the place of another, durably. Raises UsageError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # What a process of this number left when it was killed.
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(
            f"cannot write {path}: {(error.strerror or str(error)).lower()}",
            hint="name a folder that you may write to",
        ) from None
