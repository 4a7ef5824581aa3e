"""What generated code tells whoever watches it, in the modes made for that."""

from collections.abc import Sequence
from typing import Any, Protocol


class Tracer(Protocol):
    """Is told of rules and statements by the numbers of their probes. `context` is the evaluation's Context."""

    def enter(self, rule: int, context: Any, arguments: Sequence[Any]) -> None:
        """A clause of a rule is about to be evaluated."""
        ...

    def tried(self, statement: int, context: Any, values: Sequence[Any]) -> None:
        """A statement is about to be evaluated with these values of the probe's names."""
        ...

    def gave(self, rule: int, value: Any) -> None:
        """The body held, and the rule has a value, or a set or object rule a member (`[key, value]`)."""
        ...

    def leave(self, rule: int) -> None:
        """The evaluation of the clause is over. Not told when an error ends it."""
        ...
