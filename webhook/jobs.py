"""Work shared out among processes: parts of a list, whose results come back in the list's order.

The processes are copies of this one (fork), so that what was compiled is not made, sent or loaded again. What a worker
cannot do is the whole run's error; a worker that was killed is one too.
"""

import os
import pickle
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Generic, TypeVar

from lockgate.engine.errors import LockgateError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Parts for each worker: more even out parts that take longer, fewer cost less. Their numbers fit into a pipe at once.
PARTS_EACH: Final = 8
_NUMBER: Final = 4
# The bytes that tell the length of what comes through a pipe.
_LENGTH: Final = 8
_MOST_READ: Final = 1 << 20
MAX_JOBS: Final = 256


class WorkerError(LockgateError):
    """A worker ended before its work."""


def can_fork() -> bool:
    """Can this system copy a process? Where it cannot, there is one job."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def cores() -> int:
    """The processors that this process may use, and its container has time of."""
    from lockgate.webhook.container_limits import processor_limit

    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = processor_limit()
    return there if limit is None else min(there, limit)


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
    count = min(len(items), jobs * PARTS_EACH)
    bounds = [len(items) * place // count for place in range(count + 1)] if count else [0]
    parts = [items[start:stop] for start, stop in pairwise(bounds)]
    todo, given = os.pipe()
    # Workers by the pipes that they tell their results through.
    workers: dict[int, int] = {}
    try:
        try:
            os.write(given, b"".join([number.to_bytes(_NUMBER, "big") for number in range(len(parts))]))
        finally:
            os.close(given)
        sys.stdout.flush()
        sys.stderr.flush()
        for _ in range(min(jobs, len(parts))):
            receiving, sending = os.pipe()
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
            os.close(sending)
        yield from _in_order(workers, parts)
    finally:
        os.close(todo)
        _end(workers)


def _work(
    todo: int,
    sending: int,
    others: Sequence[int],
    parts: Sequence[Sequence[Item]],
    work: Callable[[Sequence[Item]], Result],
) -> None:
    """The life of a worker; never returns. An interrupt is for the process that shares out."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for other in others:
            os.close(other)
        while number := os.read(todo, _NUMBER):
            place = int.from_bytes(number, "big")
            _send(sending, _Done(place, work(parts[place])))
        code = 0
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # Nobody waits for it any more.
    except BaseException as error:  # noqa: BLE001 - told where there is somebody to tell it to
        _send_error(sending, error)
    finally:
        os._exit(code)


def _send(sending: int, told: object) -> None:
    data = pickle.dumps(told, pickle.HIGHEST_PROTOCOL)
    left = memoryview(len(data).to_bytes(_LENGTH, "big") + data)
    while left:
        left = left[os.write(sending, left) :]


def _receive(receiving: int) -> Any:
    """What a worker tells next. Raises EOFError when it has ended."""
    length = int.from_bytes(_bytes(receiving, _LENGTH), "big")
    return pickle.loads(_bytes(receiving, length))  # noqa: S301 - of a copy of this process


def _bytes(receiving: int, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        more = os.read(receiving, min(count - len(data), _MOST_READ))
        if not more:
            raise EOFError
        data += more
    return bytes(data)


def _send_error(sending: int, error: BaseException) -> None:
    sent: BaseException | None = error
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes: some errors cannot be made again
    except Exception:  # noqa: BLE001 - whatever it is, it cannot be sent
        sent = None
    _send(sending, _Failed(sent, type(error).__name__))


def _in_order(workers: dict[int, int], parts: Sequence[Sequence[Item]]) -> Iterator[tuple[int, Result]]:
    waiting: dict[int, Result] = {}
    wanted = 0
    ready = select.poll()
    for receiving in workers:
        ready.register(receiving, select.POLLIN)
    while wanted < len(parts):
        if not workers:
            raise WorkerError("a process of the check ended before its work", hint="use --jobs 1")
        for receiving, _ in ready.poll():
            try:
                told = _receive(receiving)
            except EOFError:
                ready.unregister(receiving)
                _reap(workers, receiving)
                continue
            if isinstance(told, _Failed):
                raise told.error or RuntimeError(told.kind)
            waiting[told.number] = told.result
        while wanted in waiting:
            yield len(parts[wanted]), waiting.pop(wanted)
            wanted += 1


def _reap(workers: dict[int, int], ended: int) -> None:
    """A worker that told nothing more. Raises WorkerError when it was killed, or failed."""
    child = workers.pop(ended)
    os.close(ended)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        hint = (
            "there may be too little memory; use fewer --jobs" if code == -signal.SIGKILL else "use --jobs 1"
        )
        raise WorkerError(f"a process of the check {how}", hint=hint)


def _end(workers: dict[int, int]) -> None:
    for receiving, child in workers.items():
        os.close(receiving)
        try:
            os.kill(child, signal.SIGTERM)
        except ProcessLookupError:
            pass
    for child in workers.values():
        os.waitpid(child, 0)
