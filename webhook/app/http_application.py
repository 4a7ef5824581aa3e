"""What a server asks of an application: an answer to a head, or whom to give the body.

It is asked twice, so that nobody sends megabytes for an answer that the head already has. An answer that needs no wait
comes at once, and one that an event brings without a task of its own.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, Protocol, final

from lockgate.engine.record import light_record
from lockgate.webhook.serving.answer import HttpAnswer


@final
class Later:
    """An answer that is to come: `give` is called once, with all that there is to say."""

    __slots__ = ("_answer", "_tell")

    def __init__(self) -> None:
        self._answer: HttpAnswer | None = None
        self._tell: Callable[[HttpAnswer], None] | None = None

    def then(self, tell: Callable[[HttpAnswer], None]) -> None:
        """Who is told the answer."""
        if self._answer is None:
            self._tell = tell
        else:
            tell(self._answer)

    def give(self, answer: HttpAnswer) -> None:
        """The answer is there."""
        # Who is told holds this: the collector of cycles, which would find both, seldom runs.
        tell, self._tell = self._tell, None
        if tell is None:
            self._answer = answer
        else:
            tell(answer)


Reply = HttpAnswer | Later | Coroutine[Any, Any, HttpAnswer]
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
