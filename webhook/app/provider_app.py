"""`POST /providers/NAME`: what this server's providers of external data answer to Gatekeeper.

Only providers that answer in this process are offered: to pass questions on would make Lockgate a way to whatever its
own Providers reach, and two servers could ask each other without end.
"""

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import Final, final

from lockgate.gatekeeper.external_data.answering import Answered, Offered, answer, refuse
from lockgate.webhook.app.client_names import ClientNames
from lockgate.webhook.app.http_application import Head, Reading, Reply, Unread
from lockgate.webhook.app.logs import Level, Log
from lockgate.webhook.app.request_reader import MAX_BODY
from lockgate.webhook.serving.answer import HttpAnswer
from lockgate.webhook.serving.deadline import deadline_of, parse_timeout
from lockgate.webhook.serving.measures import Measures
from lockgate.webhook.serving.metric_families import OTHER

PROVIDERS: Final = "/providers"
# Requests at a time: apart from those of reviews, so that neither waits for the other.
THREADS: Final = 4
MAX_WAITING: Final = 128
# What is no fault of who asks.
_OURS: Final = (500, 504)
# Of a name that nobody has.
_SHOWN: Final = 100

_UNREAD: Final[dict[Unread, tuple[int, str]]] = {
    "malformed": (400, "this is no HTTP/1.1"),
    "head_too_large": (431, "the headers are too large"),
    "too_large": (413, f"the request is larger than {MAX_BODY} bytes"),
    "overload": (429, "too many large requests wait at a time"),
}


def is_for_providers(path: str) -> bool:
    """Is it a question to a provider?"""
    return path == PROVIDERS or path.startswith(f"{PROVIDERS}/")


@final
class ProviderApp:
    """Answers requests of one path. Used on one event loop.

    in_process: who answers now; None before policies are loaded. askers: who may ask; nobody is answered without any.
    """

    def __init__(
        self,
        in_process: Callable[[], Offered | None],
        askers: ClientNames,
        measures: Measures,
        log: Log,
    ) -> None:
        self._in_process = in_process
        self._askers = askers
        self._measures = measures
        self._log = log
        self._threads = ThreadPoolExecutor(THREADS, "provider")
        self._waiting = 0

    def begin(self, head: Head) -> Reading | HttpAnswer:
        """The answer to a head, or what takes the request."""
        name = head.path[len(PROVIDERS) + 1 :]
        if not self._askers.names:
            return self._refuse(404, name, "providers are not offered here: there is no --provider-client-ca")
        if not self._askers.admits(head.asker_names):
            return self._refuse(401, name, "the caller shows no certificate of those who may ask providers")
        if head.method != "POST":
            return self._refuse(405, name, "providers are asked with POST")
        in_process = self._in_process()
        if in_process is None:
            return self._refuse(503, name, "Lockgate has not loaded what its providers answer yet")
        if name not in in_process.names:
            return self._refuse(404, name, f"there is no provider {name[:_SHOWN]!r} here")
        if self._waiting >= MAX_WAITING:
            return self._refuse(429, name, f"{MAX_WAITING} requests to providers wait for their answer")
        answer_by = deadline_of(monotonic(), parse_timeout(head.query)).answer_by
        return partial(self._take, name, in_process, answer_by)

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        """The answer to a request that is not read to its end."""
        status, said = _UNREAD[reason]
        return self._refuse(status, path[len(PROVIDERS) + 1 :], said)

    def _refuse(self, status: int, name: str, reason: str) -> HttpAnswer:
        return self._tell(name, False, refuse(status, reason), 0.0, reason)

    def _take(self, name: str, in_process: Offered, answer_by: float, body: bytes) -> Reply:
        self._waiting += 1
        return self._answer(name, in_process, answer_by, body)

    async def _answer(self, name: str, in_process: Offered, answer_by: float, body: bytes) -> HttpAnswer:
        began = monotonic()
        left = max(0.0, answer_by - began)
        reason = ""
        try:
            asked = asyncio.get_running_loop().run_in_executor(
                self._threads, answer, name, body, in_process, left, monotonic
            )
            answered = await asyncio.wait_for(asked, left)
        except TimeoutError:
            reason = "no answer in the time that the request gives"
            answered = refuse(504, reason)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not look like an answer
            frame = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"an internal error of Lockgate: {type(error).__name__} at {frame.name}:{frame.lineno}"
            answered = refuse(500, reason)
        finally:
            self._waiting -= 1
        return self._tell(name, True, answered, monotonic() - began, reason)

    def _tell(self, name: str, is_known: bool, answered: Answered, seconds: float, reason: str) -> HttpAnswer:
        self._measures.provided(name if is_known else OTHER, answered.outcome, seconds)
        # Who may not ask is counted, and fills no log.
        level: Level = "warning" if answered.outcome == "failed" or answered.status in _OURS else "debug"
        if self._log.shows(level):
            self._log.write(
                level,
                "provider asked",
                {
                    "provider": name[:_SHOWN],
                    "answer": answered.outcome,
                    "status": answered.status,
                    "ms": round(seconds * 1000, 3),
                    "reason": reason,
                },
            )
        return HttpAnswer(answered.status, answered.body)
