"""Ends a process just before one of the changes that it makes to a folder's files: renames, links, removals, writes.

A copy of the process (fork) counts Python's own audit events of such changes and kills itself before the n-th, as a
crash would: nothing after that runs, no clean-up either.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_CHANGES = {"os.rename": 2, "os.link": 2, "os.remove": 1, "os.mkdir": 1, "os.truncate": 1}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def _changed(event: str, arguments: tuple[object, ...], folder: str) -> bool:
    if event == "open":
        flags = arguments[2]
        paths: tuple[object, ...] = arguments[:1] if isinstance(flags, int) and flags & _WRITING else ()
    else:
        paths = arguments[: _CHANGES.get(event, 0)]
    return any(isinstance(one, str | os.PathLike) and os.fspath(one).startswith(folder) for one in paths)


def ends_before(run: Callable[[], object], folder: Path, step: int) -> bool:
    """Runs in a copy of this process that is killed before its change `step` (from 0); False when there were fewer."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return True
        assert os.waitstatus_to_exitcode(status) == 0, "the run failed"
        return False
    try:
        left = step

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if _changed(event, arguments, str(folder)):
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

        sys.addaudithook(count)
        code = run()
        os._exit(0 if code == 0 else 1)
    finally:
        os._exit(1)
