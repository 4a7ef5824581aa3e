"""References to models as subjects: what is told of a model by its reference is found by key and version."""

from collections.abc import Iterable
from typing import Final, final

from lockgate.webhook.claims.asked import read_text
from lockgate.webhook.claims.library import ClaimsLibrary


@final
class ModelNames:
    """Reads references. library: opened for the answer `named_models`."""

    def __init__(self, library: ClaimsLibrary) -> None:
        self._library: Final = library

    def of(self, references: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Key and version of each; what is told only when it runs is left out. Raises EvaluationError for more than can be read."""
        given = sorted(set(references))
        if not given:
            return {}
        told = self._library.ask({}, {"references": [*given]})["named"]
        return {
            reference: (read_text(one["key"]), read_text(one["version"]))
            for reference, one in (told.items() if type(told) is dict else ())
            if type(one) is dict
        }
