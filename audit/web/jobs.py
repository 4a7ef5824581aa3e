"""What takes longer than a request: started, asked about, and fetched when it is done. One at a time, and few that wait."""

import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from lockgate.audit.web.problems import ProblemError, not_found
from lockgate.engine.errors import LockgateError

Kind = Literal["replay", "verify"]
State = Literal["waiting", "running", "done", "failed"]

# Jobs that wait for the one that runs.
MAX_WAITING: Final = 8
# Jobs that are remembered, and for how long, so that somebody can fetch what they came to.
MAX_KEPT: Final = 64
KEEP_MS: Final = 3_600_000
_RETRY_S: Final = "30"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants done. question: by the names of parameters; namespace: "" for all of the log."""

    kind: Kind
    caller: str
    namespace: str
    question: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job came to. exit_code: of the command that does the same; document: JSON, b"" where there is none, with why in `message`."""

    exit_code: int
    document: bytes
    message: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. Times in Unix milliseconds, 0 for what has not come yet."""

    id: str
    wanted: Wanted
    state: State
    asked_ms: int
    started_ms: int = 0
    ended_ms: int = 0
    outcome: Outcome | None = None


# Does what is wanted, and stops soon after the event is set. Raises LockgateError.
Doing = Callable[[Wanted, threading.Event], Outcome]


class Jobs:
    """Has jobs done by one thread. Safe in several. clock: Unix milliseconds."""

    def __init__(self, doing: Doing, clock: Callable[[], int]) -> None:
        self._doing: Final = doing
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._jobs: Final[OrderedDict[str, Job]] = OrderedDict()
        self._waiting: Final[deque[str]] = deque()
        self._thread: threading.Thread | None = None
        self._stop: Final = threading.Event()

    def start(self, wanted: Wanted) -> Job:
        """Has something done. Raises ProblemError (429) where somebody has a job already, or too many wait."""
        with self._lock:
            self._forget()
            busy = [one for one in self._jobs.values() if one.state in ("waiting", "running")]
            if any(one.wanted.caller == wanted.caller for one in busy):
                raise _too_many("a job of yours is not done yet")
            if len(self._waiting) >= MAX_WAITING or self._stop.is_set():
                raise _too_many("too many jobs wait")
            job = Job(secrets.token_urlsafe(16), wanted, "waiting", self._clock())
            self._jobs[job.id] = job
            self._waiting.append(job.id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()
            return job

    def get(self, caller: str, name: str) -> Job:
        """A job of a caller. Raises ProblemError (404) for another's, as for none."""
        with self._lock:
            self._forget()
            found = self._jobs.get(name)
        if found is None or found.wanted.caller != caller:
            raise not_found("you have no such job; they are kept for an hour")
        return found

    def of(self, caller: str) -> list[Job]:
        """The jobs of a caller, the latest first."""
        with self._lock:
            self._forget()
            return [one for one in reversed(self._jobs.values()) if one.wanted.caller == caller]

    def close(self) -> None:
        """Stops what runs, and waits for it; nothing starts any more."""
        self._stop.set()
        with self._lock:
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                name = self._waiting.popleft()
                job = self._jobs[name] = replace(self._jobs[name], state="running", started_ms=self._clock())
            try:
                outcome = self._doing(job.wanted, self._stop)
            except LockgateError as error:
                outcome = Outcome(2, b"", error.message)
            except Exception:
                # Whoever asks is told that it failed, and the next job is done all the same; then the thread's end is told to the server.
                self._end(name, Outcome(2, b"", "that is a mistake of the server"))
                with self._lock:
                    self._thread = None
                raise
            self._end(name, outcome)

    def _end(self, name: str, outcome: Outcome) -> None:
        with self._lock:
            state: State = "done" if outcome.document else "failed"
            self._jobs[name] = replace(self._jobs[name], state=state, ended_ms=self._clock(), outcome=outcome)

    def _forget(self) -> None:
        """Drops what was done long ago, and the first of too many."""
        late = self._clock() - KEEP_MS
        done = [one for one in self._jobs.values() if one.ended_ms]
        for one in done:
            if one.ended_ms < late or len(self._jobs) >= MAX_KEPT:
                del self._jobs[one.id]


@dataclass(frozen=True, slots=True)
class Work:
    """What does jobs, and the names of policies that they may be asked about."""

    jobs: Jobs
    policies: Sequence[str]


def _too_many(why: str) -> ProblemError:
    return ProblemError(429, "too-many", "there is too much to do", why, retry=_RETRY_S)
