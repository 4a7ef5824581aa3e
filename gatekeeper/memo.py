"""What loading made before: policies that have not changed are not compiled again when others have.

An answer is known by the objects that it was made from, by identity: a Document that is given again is the same text.
"""

from collections.abc import Callable
from typing import Any, TypeVar, final

from lockgate.engine.errors import PolicyError

T = TypeVar("T")


@final
class Memo:
    """Remembers what was made, or why it could not be, between two calls of `sweep`; used by one thread at a time."""

    __slots__ = ("_known", "_used")

    def __init__(self) -> None:
        # The anchors are kept with what was made of them: an identity is one's own only as long as its object lives.
        self._known: dict[tuple[object, ...], tuple[tuple[object, ...], Any]] = {}
        self._used: set[tuple[object, ...]] = set()

    def get(self, purpose: str, anchors: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` gives for the anchors, made once. Raises the PolicyError that it raised."""
        key = (purpose, *map(id, anchors))
        self._used.add(key)
        known = self._known.get(key)
        if known is None:
            made: Any
            try:
                made = make()
            except PolicyError as error:
                made = error
            known = self._known[key] = (anchors, made)
        found: T | PolicyError = known[1]
        if isinstance(found, PolicyError):
            # A traceback would grow with each raise.
            raise found.with_traceback(None)
        return found

    def has(self, purpose: str, anchors: tuple[object, ...]) -> bool:
        """Is it known what `get` gives or raises?"""
        return (purpose, *map(id, anchors)) in self._known

    def sweep(self) -> None:
        """Forgets what was not asked for since the last sweep."""
        self._known = {key: kept for key, kept in self._known.items() if key in self._used}
        self._used = set()
