"""Reads files that somebody else may have put there: regular ones, bounded, without waiting for a pipe's writer."""

import os
import stat

from lockgate.engine.errors import UsageError


def read_regular(path: str, shown: str, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes. Raises UsageError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{shown} is no regular file")
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"cannot read {shown}: {reason}") from None
    if len(data) > limit:
        raise UsageError(f"{shown} is larger than {limit >> 10} KiB")
    return data
