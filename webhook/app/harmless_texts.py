"""Texts of the log that have nothing to mask, told by one search through all that are new.

Names of policies, kinds and namespaces recur, line after line: those are looked at once.
"""

from collections.abc import Sequence
from typing import Final, final

from lockgate.engine.masking.credentials import may_hold_secrets
from lockgate.engine.masking.masker import MAX_SHOWN

# Bounded, since whoever sends objects chooses their names.
MAX_KNOWN: Final = 4_096
MAX_KNOWN_TEXT: Final = 256


@final
class HarmlessTexts:
    """Remembers texts that recur."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: set[str] = set()

    def has(self, recurring: Sequence[str], others: Sequence[str]) -> bool:
        """Whether nothing in the texts has to be masked. False also where that is not told in one search."""
        known = self._known
        new = [one for one in recurring if one not in known]
        if not _are_harmless([*new, *others]):
            return False
        if new:
            if len(known) + len(new) > MAX_KNOWN:
                known.clear()
            known.update([one for one in new if len(one) <= MAX_KNOWN_TEXT][:MAX_KNOWN])
        return True


def _are_harmless(texts: Sequence[str]) -> bool:
    joined = "\n".join(texts)
    if len(joined) > MAX_SHOWN:
        return False
    try:
        return not may_hold_secrets(joined.encode())
    except UnicodeEncodeError:
        return False
