"""What a container may use: the limits of the control groups that this process is in, cgroup v2 and v1.

Without them a server in a container would take the machine for its own: a worker for each of its processors, in the memory
of one. After https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1; a limit counts for all groups below.
"""

import math
import os
from collections.abc import Iterator
from typing import Final

# No pathlib: its import takes 2.6 ms of the start of every check.
_ROOT: Final = "/"
_MOUNT: Final = "sys/fs/cgroup"
_MEMBERSHIP: Final = "proc/self/cgroup"
# cgroup v1 has no word for "none", but a number that no machine has.
_NO_LIMIT: Final = 1 << 60
_MOST_READ: Final = 65_536


def processor_limit(root: str | os.PathLike[str] = _ROOT) -> int | None:
    """How many processors may be used at a time, rounded up; None where that is not limited."""
    found: list[float] = []
    for folder in _folders(root, "cpu"):
        quota, period = _two(f"{folder}/cpu.max")
        if quota is None:
            quota, period = _one(f"{folder}/cpu.cfs_quota_us"), _one(f"{folder}/cpu.cfs_period_us")
        if quota is not None and period is not None and quota > 0 and period > 0:
            found.append(quota / period)
    return max(1, math.ceil(min(found))) if found else None


def memory_limit(root: str | os.PathLike[str] = _ROOT) -> int | None:
    """How many bytes may be used; None where that is not limited."""
    found: list[int] = []
    for folder in _folders(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = _one(f"{folder}/{name}")
            if limit is not None and 0 < limit < _NO_LIMIT:
                found.append(limit)
    return min(found, default=None)


def _folders(root: str | os.PathLike[str], controller: str) -> Iterator[str]:
    """The groups that this process is in for a controller, and those above: as they are mounted, or the mount's top.

    In a container its own group is often all that is mounted, under whatever path it has outside.
    """
    mount = os.path.join(root, _MOUNT)
    own = f"{mount}/{controller}"
    yield mount
    yield own
    for line in _text(os.path.join(root, _MEMBERSHIP)).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        parts = [one for one in path.split("/") if one not in ("", ".", "..")]
        if controllers and controller not in controllers.split(","):
            continue
        base = f"{mount}/{controllers}" if controllers else mount
        for count in range(1, len(parts) + 1):
            below = "/".join(parts[:count])
            yield f"{base}/{below}"
            if controllers:
                # What is mounted by one name may be listed under several.
                yield f"{own}/{below}"


def _text(file: str) -> str:
    """The start of a file; nothing where there is none, as on systems without control groups."""
    try:
        with open(file, "rb") as stream:
            return stream.read(_MOST_READ).decode("ascii", "replace")
    except OSError:
        return ""


def _two(file: str) -> tuple[int | None, int | None]:
    """The quota and period of cgroup v2; no quota for `max`."""
    words = _text(file).split()
    return (_number(words[0]), _number(words[1])) if len(words) == 2 else (None, None)


def _one(file: str) -> int | None:
    return _number(_text(file).strip())


def _number(text: str) -> int | None:
    """A number as the kernel writes it; None for anything else, such as `max`, or -1 for no limit."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
