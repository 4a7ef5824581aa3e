"""Writes files that only their owner may read, whole or not at all."""

from pathlib import Path

from lockgate.audit.errors import TrailError
from lockgate.audit.files import replace_file
from lockgate.engine.errors import UsageError


def write_private(path: Path, data: bytes) -> None:
    """Puts a file of mode 0600 in the place of another, durably. Raises UsageError."""
    try:
        replace_file(path, data, 0o600)
    except TrailError as error:
        raise UsageError(error.message, hint="name a folder that you may write to") from None
