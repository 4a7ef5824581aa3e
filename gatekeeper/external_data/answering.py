"""Answering as a provider: what other policy engines ask over the wire is asked of `Providers` in this process.

A provider says what is wrong in `systemError`, with status 200: Gatekeeper then gives it to policies, and fails the
call for any other status. Errors of single keys are part of the answer.
"""

from collections.abc import Callable

from lockgate.engine.decision import Item, Reply
from lockgate.engine.external_data import MAX_KEY_CHARACTERS, MAX_KEYS, Providers, UnansweredError
from lockgate.gatekeeper.external_data.wire import ProviderError, parse_request, render_response


def answer(name: str, body: bytes, providers: Providers, seconds: float, clock: Callable[[], float]) -> bytes:
    """The body of the response to a request for the provider of that name.

    seconds: how long it may take, by the clock. What cannot be answered is a `systemError`, and a key of which nothing is known an
    error of that key: whoever asks must not take silence for consent.
    """
    end = clock() + seconds
    try:
        keys = parse_request(body)
    except ProviderError as error:
        return render_response(Reply((), 0, error.message))
    if len(keys) > MAX_KEYS or sum(map(len, keys)) > MAX_KEY_CHARACTERS:
        return render_response(
            Reply((), 0, f"more than {MAX_KEYS} keys or {MAX_KEY_CHARACTERS} characters in one request")
        )
    try:
        return render_response(providers.ask(name, keys, seconds))
    except UnansweredError:
        return render_response(_each(name, keys, providers, end, clock))


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
