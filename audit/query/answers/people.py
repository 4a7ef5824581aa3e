"""Who somebody is, as far as an answer may say it: a pseudonym, and behind it a name where bodies may be opened."""

from collections.abc import Mapping
from typing import Any

from lockgate.audit.query.answers.answer import Opener


def actor_of(opener: Opener | None, index: int, raw: bytes) -> str:
    """The name in an entry's body; "" where it is not opened, or was erased."""
    if opener is None:
        return ""
    body = opener(index, raw)
    return "" if body is None else str(body.get("actor", ""))


def details_of(opener: Opener | None, index: int, raw: bytes) -> Mapping[str, Any]:
    """The details in an entry's body; none where it is not opened, or was erased."""
    body = None if opener is None else opener(index, raw)
    found = None if body is None else body.get("details")
    return found if isinstance(found, dict) else {}
