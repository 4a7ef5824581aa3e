"""Work shared out among processes: parts of a list, whose results come back in the list's order.

The processes are copies of this one (fork), so that what was compiled is not made, sent or loaded again. What a worker
cannot do is the whole run's error; a worker that was killed is one too.
"""

import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from typing import Final, Generic, TypeVar

from lockgate.engine.errors import LockgateError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Parts for each worker: more even out parts that take longer, fewer cost less. Their numbers fit into a pipe at once.
_PARTS_EACH: Final = 8
_NUMBER: Final = 4
MAX_JOBS: Final = 256


class WorkerError(LockgateError):
    """A worker ended before its work."""


def can_fork() -> bool:
    """Can this system copy a process? Where it cannot, there is one job."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def cores() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Done(Generic[Result]):
    """The result of one part."""

    number: int
    result: Result


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a worker raised, if it can be sent; else its kind."""

    error: BaseException | None
    kind: str


def share_out(
    items: Sequence[Item], jobs: int, work: Callable[[Sequence[Item]], Result]
) -> Iterator[tuple[int, Result]]:
    """Does the work on parts of the items in `jobs` processes; gives each part's length and result, in their order.

    Raises what a worker raised, or WorkerError. Whatever happens, no worker is left.
    """
    count = min(len(items), jobs * _PARTS_EACH)
    bounds = [len(items) * place // count for place in range(count + 1)] if count else [0]
    parts = [items[start:stop] for start, stop in pairwise(bounds)]
    todo, given = os.pipe()
    workers: dict[Connection, int] = {}
    try:
        try:
            os.write(given, b"".join([number.to_bytes(_NUMBER, "big") for number in range(len(parts))]))
        finally:
            os.close(given)
        sys.stdout.flush()
        sys.stderr.flush()
        for _ in range(min(jobs, len(parts))):
            reading, writing = os.pipe()
            receiving, sending = Connection(reading, writable=False), Connection(writing, readable=False)
            # An interrupt waits until the worker is known, so that it is ended too.
            former = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                child = os.fork()
                if not child:
                    signal.signal(signal.SIGINT, signal.SIG_IGN)
                    _work(todo, sending, [receiving, *workers], parts, work)
                workers[receiving] = child
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, former)
            sending.close()
        yield from _in_order(workers, parts)
    finally:
        os.close(todo)
        _end(workers)


def _work(
    todo: int,
    sending: Connection,
    others: Sequence[Connection],
    parts: Sequence[Sequence[Item]],
    work: Callable[[Sequence[Item]], Result],
) -> None:
    """The life of a worker; never returns. An interrupt is for the process that shares out."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for other in others:
            other.close()
        while number := os.read(todo, _NUMBER):
            place = int.from_bytes(number, "big")
            sending.send(_Done(place, work(parts[place])))
        code = 0
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # Nobody waits for it any more.
    except BaseException as error:  # noqa: BLE001 - told where there is somebody to tell it to
        _send_error(sending, error)
    finally:
        os._exit(code)


def _send_error(sending: Connection, error: BaseException) -> None:
    sent: BaseException | None = error
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes: some errors cannot be made again
    except Exception:  # noqa: BLE001 - whatever it is, it cannot be sent
        sent = None
    sending.send(_Failed(sent, type(error).__name__))


def _in_order(
    workers: dict[Connection, int], parts: Sequence[Sequence[Item]]
) -> Iterator[tuple[int, Result]]:
    waiting: dict[int, Result] = {}
    wanted = 0
    while wanted < len(parts):
        if not workers:
            raise WorkerError("a process of the check ended before its work", hint="use --jobs 1")
        for ready in wait(list(workers)):
            assert isinstance(ready, Connection)
            try:
                told = ready.recv()
            except EOFError:
                _reap(workers, ready)
                continue
            if isinstance(told, _Failed):
                raise told.error or RuntimeError(told.kind)
            waiting[told.number] = told.result
        while wanted in waiting:
            yield len(parts[wanted]), waiting.pop(wanted)
            wanted += 1


def _reap(workers: dict[Connection, int], ended: Connection) -> None:
    """A worker that told nothing more. Raises WorkerError when it was killed, or failed."""
    child = workers.pop(ended)
    ended.close()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        hint = (
            "there may be too little memory; use fewer --jobs" if code == -signal.SIGKILL else "use --jobs 1"
        )
        raise WorkerError(f"a process of the check {how}", hint=hint)


def _end(workers: dict[Connection, int]) -> None:
    for connection, child in workers.items():
        connection.close()
        try:
            os.kill(child, signal.SIGTERM)
        except ProcessLookupError:
            pass
    for child in workers.values():
        os.waitpid(child, 0)
