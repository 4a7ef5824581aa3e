"""References to models as rules read them: `policies/lib/models.rego` parses them, and nothing else does."""

import os
from collections.abc import Iterable
from typing import Final

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.errors import EvaluationError
from lockgate.engine.record import record
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.policy_sources import SHIPPED

_FIELDS: Final = ("scheme", "location", "version", "pin", "uri")


@record
class Reference:
    """A reference and what it says. scheme: "" where that cannot be told; version: "" where there is none;

    pin: `content`, `version`, `name`, `moving`, `unknown` or `unreadable`; uri: its one spelling.
    """

    text: str
    scheme: str
    location: str
    version: str
    pin: str
    uri: str


def read_references(texts: Iterable[str]) -> dict[str, Reference]:
    """Each text as a reference. Raises EvaluationError for more than can be read."""
    given = sorted(set(texts))
    if not given:
        return {}
    library = open_library(SHIPPED, open_cache(None, os.environ), "models")
    read = library.ask({}, {"references": [*given]})["read"]
    return {text: _reference(text, read.get(text) if type(read) is dict else None) for text in given}


def _reference(text: str, read: object) -> Reference:
    said = {name: value for name in _FIELDS if type(read) is dict and type(value := read.get(name)) is str}
    if len(said) != len(_FIELDS):
        raise EvaluationError(f"the rules do not say what the reference {text[:80]!r} is")
    return Reference(text, **said)
