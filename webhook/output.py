"""Writes a rendered report: to standard output, or to a file at once or not at all."""

import os
import sys
from collections.abc import Mapping

from lockgate.engine.errors import UsageError, os_reason


def write_output(text: str, path: str | None) -> None:
    """Writes UTF-8 text to the file, or to standard output when `path` is None.

    The file appears complete under its name (a temporary one beside it is renamed), so that a failed run leaves the
    former report. Raises UsageError when it cannot be written.
    """
    data = text.encode("utf-8", "backslashreplace")
    if path is None:
        _write_standard_output(data)
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            # A device such as /dev/stdout, or a pipe: there is nothing to replace. A link that leads nowhere is replaced, not followed.
            with open(path, "wb") as stream:
                stream.write(data)
            return
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(descriptor)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(
            f"cannot write {path}: {reason}", hint="name a file in a folder that you may write to"
        ) from error


def write_files(files: Mapping[str, str], folder: str) -> None:
    """Writes texts by their names into a folder, which is made where it is not there. Raises UsageError."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {folder}: {os_reason(error)}") from None
    for name, text in files.items():
        write_output(text, os.path.join(folder, name))


def _write_standard_output(data: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(f"cannot write standard output: {reason}") from error
