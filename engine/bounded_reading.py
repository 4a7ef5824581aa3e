"""Reads a file up to a limit, and makes room for no more than is there.

Python's `read(n)` takes memory for n bytes before it reads, whatever the file holds: with a limit of 64 MiB that is
three quarters of the time in which a manifest is read.
"""

import os
from typing import BinaryIO


def read_up_to(stream: BinaryIO, limit: int) -> bytes:
    """The rest of a stream, cut after `limit + 1` bytes, so that one that is longer than the limit can be told.

    Raises OSError.
    """
    size = os.fstat(stream.fileno()).st_size
    data = stream.read(min(size, limit) + 1)
    if len(data) > size:
        # It grew, or its size is not told: a pipe has none.
        data += stream.read(max(limit + 1 - len(data), 0))
    return data
