"""External data: what policies ask providers while a review is judged, and what they were told.

A provider answers for keys, such as the names of images, with a value or an error each. What may be asked is given to
`evaluate` as `Providers`; every request and its answer becomes part of the Decision, so that the same decision can be
made again from what was recorded (`RecordedProviders`).
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, Protocol, final

from lockgate.engine.codegen.spending import LimitError
from lockgate.engine.decision import Exchange, OnErrorUse, PolicyKey, Reply
from lockgate.engine.errors import EvaluationError
from lockgate.engine.record import changed

OnError = Literal["deny", "warn", "allow"]

# A review's policies ask for what the manifest names: some images, one model. Each request waits for somebody.
MAX_REQUESTS: Final = 64
# Together with the next, far beyond what a manifest of 3 MB needs.
MAX_KEYS: Final = 10_000
MAX_KEY_CHARACTERS: Final = 1_000_000
_SECOND_NS: Final = 1_000_000_000


class UnansweredError(EvaluationError):
    """A policy asked what nobody can be asked here; it counts as not evaluated. `needs` says what would be needed."""

    def __init__(self, needs: str) -> None:
        super().__init__(f"needs {needs}")
        self.needs = needs


class RequestLimitError(LimitError):
    """A review's policies ask too much; the evaluation has to end with an error."""


class Providers(Protocol):
    """Whoever answers. Used by several threads at once."""

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer to a request, failures included: they are `system_error`s of it.

        seconds: how long it may take at most, if there is a limit besides the provider's own. Raises UnansweredError
        where nobody can be asked.
        """
        ...


@final
class RecordedProviders:
    """Answers what was answered before, and nothing else."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._replies: Mapping[tuple[str, tuple[str, ...]], Reply] = {
            (one.provider, one.keys): one.reply for one in exchanges
        }

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The recorded answer to the same request."""
        found = self._replies.get((provider, keys))
        if found is None:
            raise UnansweredError(f"an answer of provider {provider[:200]!r} that was not recorded")
        return found


@final
class Session:
    """The requests of one review: each is made once, so that all policies see the same answer.

    It is `Providers` itself, for reviews that belong together.
    """

    __slots__ = ("_providers", "_replies", "uses")

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self._replies: dict[tuple[str, tuple[str, ...]], Reply] = {}
        self.uses: list[OnErrorUse] = []

    def known(self, provider: str, keys: tuple[str, ...]) -> Reply | None:
        """The answer, where the same was asked before."""
        return self._replies.get((provider, keys))

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer, or that of before. Raises UnansweredError, and RequestLimitError for too much of anything."""
        known = self._replies.get((provider, keys))
        if known is not None:
            return known
        if len(self._replies) >= MAX_REQUESTS:
            raise RequestLimitError(f"more than {MAX_REQUESTS} requests for one review")
        if len(keys) > MAX_KEYS or sum(map(len, keys)) + len(provider) > MAX_KEY_CHARACTERS:
            raise RequestLimitError(
                f"a request of more than {MAX_KEYS} keys or {MAX_KEY_CHARACTERS} characters"
            )
        reply = self._replies[provider, keys] = self._providers.ask(provider, keys, seconds)
        return reply

    def exchanges(self) -> tuple[Exchange, ...]:
        """What was asked and answered, sorted by provider and keys."""
        return tuple(
            [Exchange(*asked, changed(self._replies[asked], keeps_s=0.0)) for asked in sorted(self._replies)]
        )

    def valid_until_ns(self, now_ns: int) -> int | None:
        """Until when all answers stay as they are, if nobody else answers (Unix time); None: for ever."""
        kept = [one.keeps_s for one in self._replies.values() if one.keeps_s is not None]
        return now_ns + int(min(kept) * _SECOND_NS) if kept else None


@final
class Asking:
    """What one policy asks during a session; `failed` are its requests that failed as a whole, in their order."""

    __slots__ = ("_session", "failed")

    def __init__(self, session: Session) -> None:
        self._session = session
        self.failed: dict[str, str] = {}

    def known(self, provider: str, keys: tuple[str, ...]) -> Reply | None:
        """The answer, where the review's policies asked the same before."""
        return self._note(provider, self._session.known(provider, keys))

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer, as `Session.ask`."""
        reply = self._session.ask(provider, keys, seconds)
        self._note(provider, reply)
        return reply

    def use(self, policy: PolicyKey, on_error: OnError) -> None:
        """Notes that the requests which failed were dealt with as the policy's `onError` says."""
        self._session.uses += [
            OnErrorUse(policy, on_error, provider, error) for provider, error in self.failed.items()
        ]

    def _note(self, provider: str, reply: Reply | None) -> Reply | None:
        if reply is not None and reply.system_error:
            self.failed.setdefault(provider, reply.system_error)
        return reply
