"""Answering as a provider: what other policy engines ask over the wire is asked of `Providers` in this process.

Gatekeeper takes any JSON object for an answer, whatever its status, and one without a `systemError` for an answer that
nothing is wrong with. So whoever is not answered, for whatever reason, is told so in `systemError`, which policies see
with the status. Errors of single keys are part of an answer.
"""

from collections.abc import Callable
from typing import Final, Literal, Protocol

from lockgate.engine.decision import Item, Reply
from lockgate.engine.external_data import MAX_KEY_CHARACTERS, MAX_KEYS, Providers, UnansweredError
from lockgate.engine.record import light_record
from lockgate.gatekeeper.external_data.wire import ProviderError, parse_request, render_response

# What came of a request: an answer for its keys, none since the provider fails, or none since it is not asked.
Outcome = Literal["answered", "failed", "refused"]
_OK: Final = 200
_BAD_REQUEST: Final = 400
_TOO_LARGE: Final = 413


class Offered(Providers, Protocol):
    """Providers that others may ask, by their names."""

    @property
    def names(self) -> frozenset[str]:
        """Of those who answer; no other name is one of a provider."""
        ...


@light_record
class Answered:
    """The response to a request: its HTTP status, its body, and what it says."""

    status: int
    body: bytes
    outcome: Outcome


def refuse(status: int, reason: str) -> Answered:
    """The response to who is not answered."""
    return Answered(status, render_response(Reply((), 0, reason)), "refused")


def answer(
    name: str, body: bytes, providers: Providers, seconds: float, clock: Callable[[], float]
) -> Answered:
    """The response to a request for the provider of that name.

    seconds: how long it may take, by the clock. What cannot be answered is a `systemError`, and a key of which nothing is known an
    error of that key: whoever asks must not take silence for consent.
    """
    end = clock() + seconds
    try:
        keys = parse_request(body)
    except ProviderError as error:
        return refuse(_BAD_REQUEST, error.message)
    if len(keys) > MAX_KEYS or sum(map(len, keys)) > MAX_KEY_CHARACTERS:
        return refuse(
            _TOO_LARGE, f"more than {MAX_KEYS} keys or {MAX_KEY_CHARACTERS} characters in one request"
        )
    try:
        reply = providers.ask(name, keys, seconds)
    except UnansweredError:
        reply = _each(name, keys, providers, end, clock)
    return Answered(_OK, render_response(reply), "failed" if reply.system_error else "answered")


def _each(
    name: str, keys: tuple[str, ...], providers: Providers, end: float, clock: Callable[[], float]
) -> Reply:
    """The answer where some keys have none."""
    items: list[Item] = []
    for key in keys:
        left = end - clock()
        if left <= 0:
            return Reply((), 0, "no answer for every key in time")
        try:
            reply = providers.ask(name, (key,), left)
        except UnansweredError:
            items.append(Item(key, None, f"provider {name[:200]!r} knows nothing of it"))
            continue
        if reply.system_error:
            return Reply((), 0, reply.system_error)
        items += reply.items or ()
    return Reply(tuple(items))
