"""Makes a program that shows a difference smaller, as long as it shows the same kind of difference."""

from collections.abc import Callable, Sequence

from tests.differential.mutations import tokens

# Attempts for one program: each is a question to OPA.
_MOST_ATTEMPTS = 1_500


def shrunk(modules: Sequence[str], still: Callable[[list[str]], bool]) -> list[str]:
    """The modules without every line and run of tokens that the difference does not need."""
    current = list(modules)
    left = _MOST_ATTEMPTS
    for split, join in ((str.splitlines, "\n"), (tokens, "")):
        for at in range(len(current)):
            pieces = split(current[at])
            size = max(1, len(pieces) // 2)
            while size and left > 0:
                start = 0
                while start < len(pieces) and left > 0:
                    fewer = pieces[:start] + pieces[start + size :]
                    left -= 1
                    candidate = [*current[:at], join.join(fewer) + ("\n" if join else ""), *current[at + 1 :]]
                    if still(candidate):
                        pieces, current = fewer, candidate
                    else:
                        start += size
                size //= 2
    return current
