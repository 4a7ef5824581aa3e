"""`regex.*`."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from lockgate.engine.codegen.values import Value
from lockgate.engine.regex import Pattern, RegexError, RegexLimitError, Span, compile_pattern
from lockgate.engine.rego.builtins.context import Context, made_text, made_values, reserve
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.operands import bytes_of, machine_integer, string

Found = TypeVar("Found")


def compiled(source: str) -> Pattern:
    """The compiled pattern. Raises BuiltinError for a wrong one, BuiltinLimitError for one over a limit."""
    try:
        return compile_pattern(source)
    except RegexLimitError as error:
        raise BuiltinLimitError(error.message) from error
    except RegexError as error:
        raise BuiltinError(error.message) from error


def regex_match(pattern: Value, text: Value) -> bool:
    """Does the pattern match anywhere in the text?"""
    source, given = string(pattern, 1), string(text, 2)
    return compiled(source).search(given)


def re_match(pattern: Value, text: Value) -> bool:
    """The deprecated name of `regex.match`."""
    return regex_match(pattern, text)


def regex_is_valid(pattern: Value) -> bool:
    """Is it a string and a regular expression?"""
    if type(pattern) is not str:
        return False
    try:
        compiled(pattern)
    except BuiltinError:
        return False
    return True


def regex_find_n(pattern: Value, text: Value, limit: Value) -> list[Value]:
    """The texts of the first `limit` matches, of all for a negative limit."""
    source, given, wanted = string(pattern, 1), string(text, 2), machine_integer(limit, 3)
    made_text(len(given))
    return _counted(compiled(source).spans(given, wanted), lambda span: given[span[0] : span[1]])


def regex_find_all_string_submatch_n(pattern: Value, text: Value, limit: Value) -> list[Value]:
    """For each of the first `limit` matches its text and those of its groups."""
    source, given, wanted = string(pattern, 1), string(text, 2), machine_integer(limit, 3)
    made_text(len(given))

    def texts(spans: tuple[Span, ...]) -> Value:
        made_values(len(spans))
        return [given[start:end] if start >= 0 else "" for start, end in spans]

    return _counted(compiled(source).group_spans(given, wanted), texts)


def _counted(matches: Iterator[Found], shown: Callable[[Found], Value]) -> list[Value]:
    """What is shown of each match, paid for while it grows."""
    found: list[Value] = []
    for match in matches:
        found.append(shown(match))
        if len(found) & 0xFF == 0:
            made_values(0x400)
    return found


def regex_replace(context: Context, text: Value, pattern: Value, template: Value) -> str:
    """The text with every match replaced; `$1`, `${name}` and `$$` in the replacement mean what they do in Go."""
    given, source, wanted = string(text, 1), string(pattern, 2), string(template, 3)
    size = 0
    pieces: list[str] = []
    for piece in compiled(source).sub(given, wanted):
        size += len(piece)
        pieces.append(piece)
        if len(pieces) & 0xFFF == 0:
            reserve(context, size)
    reserve(context, size)
    return "".join(pieces)


def regex_split(pattern: Value, text: Value) -> list[Value]:
    """The texts between the matches."""
    source, given = string(pattern, 1), string(text, 2)
    made_text(len(given))
    parts = compiled(source).split(given)
    made_values(4 * len(parts))
    return parts  # type: ignore[return-value]


def regex_template_match(template: Value, text: Value, start: Value, end: Value) -> bool:
    """Does the text match a template of literal text with regular expressions between delimiters?"""
    given, wanted = string(template, 1), string(text, 2)
    opening, closing = string(start, 3), string(end, 4)
    if len(bytes_of(opening)) != 1:
        size = len(bytes_of(opening))
        raise BuiltinError(f"start delimiter has to be exactly one character long but is {size} long")
    if len(bytes_of(closing)) != 1:
        # OPA gives the length of the start delimiter here.
        raise BuiltinError("end delimiter has to be exactly one character long but is 1 long")
    return compiled(_template_source(given, opening, closing)).search(wanted)


def _template_source(template: str, opening: str, closing: str) -> str:
    pieces = ["^"]
    depth = literal = begin = 0
    for position, char in enumerate(template):
        if char == opening:
            depth += 1
            if depth == 1:
                begin = position
        elif char == closing:
            depth -= 1
            if depth < 0:
                break
            if depth == 0:
                inner = template[begin + 1 : position]
                compiled(f"^{inner}$")
                pieces += [quote_meta(template[literal:begin]), f"({inner})"]
                literal = position + 1
    if depth != 0:
        raise BuiltinError(f'unbalanced braces in "{template[:200]}"')
    return "".join(pieces) + quote_meta(template[literal:]) + "$"


def quote_meta(text: str) -> str:
    """The text as a regular expression that matches it alone."""
    return "".join(["\\" + char if char in "\\.+*?()|[]{}^$" else char for char in text])
