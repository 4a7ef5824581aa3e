"""What is offered to other policy engines: the providers that answer in this process, and all fixtures before them."""

from collections.abc import Iterable
from typing import Final, final

from lockgate.engine.decision import Reply
from lockgate.engine.external_data import Providers, UnansweredError
from lockgate.gatekeeper.external_data.fixtures import FixtureProviders


@final
class OfferedHere:
    """Fixtures, and behind them providers of this process by their names. answering: answers for those and for no others."""

    def __init__(self, fixtures: FixtureProviders, answering: Providers, names: Iterable[str]) -> None:
        self._fixtures: Final = fixtures
        self._answering: Final = fixtures.before(answering)
        self._here: Final = frozenset(names)
        self.names: Final = fixtures.names | self._here

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer: a failure, with what it needs, while that is not known. Raises UnansweredError for other providers."""
        if provider not in self.names:
            raise UnansweredError(f"what provider {provider[:200]!r} answers (externalData)")
        try:
            return self._answering.ask(provider, keys, seconds)
        except UnansweredError as error:
            if provider not in self._here or provider in self._fixtures.names:
                raise
            return Reply((), 0, f"not decidable yet: needs {error.needs}")
