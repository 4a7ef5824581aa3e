"""`contains`, `startsWith`, `endsWith` and `matches`."""

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.values import Value
from lockgate.engine.regex import Pattern, RegexError, compile_pattern


def _texts(left: Value, right: Value) -> None:
    if type(left) is not str or type(right) is not str:
        raise CelError("no such overload")


def contains(text: Value, part: Value) -> bool:
    """`text.contains(part)`."""
    _texts(text, part)
    return part in text


def starts_with(text: Value, part: Value) -> bool:
    """`text.startsWith(part)`."""
    _texts(text, part)
    return bool(text.startswith(part))


def ends_with(text: Value, part: Value) -> bool:
    """`text.endsWith(part)`."""
    _texts(text, part)
    return bool(text.endswith(part))


def pattern(source: str) -> Pattern:
    """A compiled regular expression. Raises CelError with Go's message."""
    try:
        return compile_pattern(source)
    except RegexError as error:
        raise CelError(str(error)) from error


def matches(text: Value, source: Value) -> bool:
    """`text.matches(pattern)`: does the pattern match anywhere in the text?"""
    _texts(text, source)
    return pattern(source).search(text)
