"""The name that somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

# Comparing names costs the product of their lengths.
LONGEST: Final = 60


def nearest(name: str, known: Iterable[str], likeness: float) -> str:
    """The known name that is most like a name that is not known; empty where none is like it."""
    if len(name) > LONGEST:
        return ""
    candidates = [one for one in known if len(one) <= LONGEST and one != name]
    near = get_close_matches(name, candidates, n=1, cutoff=likeness)
    return near[0] if near else ""
