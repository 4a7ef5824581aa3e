"""What a server asks of an application: an answer to a head, or whom to give the body.

It is asked twice, so that nobody sends megabytes for an answer that the head already has. An answer that needs no wait
comes at once, without a task of its own.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, Protocol

from lockgate.engine.record import light_record
from lockgate.webhook.serving.answer import HttpAnswer

Reply = HttpAnswer | Coroutine[Any, Any, HttpAnswer]
# Takes the whole body.
Reading = Callable[[bytes], Reply]
# Why a request is not read to its end: it is no HTTP, its head or its body is too large, or there is no room for it.
Unread = Literal["malformed", "head_too_large", "too_large", "overload"]


@light_record
class Head:
    """A request's line and headers. path: decoded; headers: as they came. client_names: of the certificate that the
    client showed and that was verified as one of a caller's; None without one. asker_names: as one of who may ask
    providers."""

    method: str
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    client_names: frozenset[str] | None = None
    asker_names: frozenset[str] | None = None

    def header(self, name: bytes) -> bytes:
        """The first value of a header by its name in lower case; empty where there is none."""
        return next((value for given, value in self.headers if given.lower() == name), b"")


class Application(Protocol):
    """Answers requests, on one event loop. What it raises is answered with 500."""

    def begin(self, head: Head) -> Reading | HttpAnswer:
        """The answer to a head, or what takes the body."""
        ...

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        """The answer to a request that is not read to its end. path: empty where its head is not there."""
        ...
