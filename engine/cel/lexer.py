"""Tokens of CEL (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax), and what their literals mean."""

import re
from typing import Final, Literal, NamedTuple

from lockgate.engine.cel.errors import ExpressionError, Mistake

Kind = Literal["name", "quoted name", "int", "uint", "double", "string", "bytes", "symbol", "end"]

# As the API server has it (cel-go's default).
MAX_CODE_POINTS: Final = 100_000

_ESCAPE = r"""\\(?:[abfnrtv"'\\?`]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"""
# Three quotes before one: `""` is the start of them where they end somewhere.
_STRING = rf"""
    \"\"\"(?:{_ESCAPE}|[^\\])*?\"\"\"
  | '''(?:{_ESCAPE}|[^\\])*?'''
  | "(?:[^"\\\n\r]++|{_ESCAPE})*"
  | '(?:[^'\\\n\r]++|{_ESCAPE})*'
  | [rR](?:\"\"\".*?\"\"\"|'''.*?'''|"[^"\n\r]*"|'[^'\n\r]*')
"""
_TOKEN: Final = re.compile(
    rf"""
    (?P<hidden>(?:[\t\ \r\n\f]+|//[^\n]*)+)
  | (?P<name>(?!(?:[rR]|[bB][rR]?)["'])[A-Za-z_][A-Za-z0-9_]*)
  | (?P<string>{_STRING})
  | (?P<bytes>[bB](?:{_STRING}))
  | (?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
  | (?P<int>0x[0-9a-fA-F]+|[0-9]+)
  | (?P<quoted_name>`[A-Za-z0-9_.\-/\ ]+`)
  | (?P<symbol>==|!=|<=|>=|&&|\|\||[\[\]{{}}().,\-!?:+*/%<>])
    """,
    re.VERBOSE | re.DOTALL,
)
# What a token may start with that has no end.
_BEGUN: Final = re.compile(
    rf"""
    (?:
        "(?:[^"\\\n\r]++|{_ESCAPE})*
      | '(?:[^'\\\n\r]++|{_ESCAPE})*
    )
    (?:\\(?:[0-3][0-7]?|[xX][0-9a-fA-F]?|u[0-9a-fA-F]{{0,3}}|U[0-9a-fA-F]{{0,7}})?)?
  | [&|=]
    """,
    re.VERBOSE,
)
_KINDS: Final[dict[str | None, Kind]] = {
    "string": "string",
    "bytes": "bytes",
    "name": "name",
    "double": "double",
    "uint": "uint",
    "int": "int",
    "quoted_name": "quoted name",
    "symbol": "symbol",
}
_ESCAPED: Final = re.compile(r"\\(?:([0-3][0-7]{2})|[xX]([0-9a-fA-F]{2})|u(.{4})|U(.{8})|(.))", re.DOTALL)
_ESCAPED_BYTES: Final = re.compile(rb"\\(?:([0-3][0-7]{2})|[xX]([0-9a-fA-F]{2})|([uU])|(.))", re.DOTALL)
_NAMED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Token(NamedTuple):
    """A token, with its text as it is written, and its place in code points."""

    kind: Kind
    text: str
    offset: int


def tokens(source: str) -> list[Token]:
    """The tokens, and one `end`. Raises ExpressionError for what is none, and for a source that is too large."""
    if len(source) > MAX_CODE_POINTS:
        raise _error(
            0,
            f"expression code point size exceeds limit: size: {len(source)}, limit {MAX_CODE_POINTS}",
        )
    found: list[Token] = []
    place, end = 0, len(source)
    match = _TOKEN.match
    while place < end:
        token = match(source, place)
        if token is None:
            raise _error(place, f"Syntax error: token recognition error at: '{_unrecognized(source, place)}'")
        kind = _KINDS.get(token.lastgroup)
        after = token.end()
        if kind is not None:
            found.append(Token(kind, source[place:after], place))
        place = after
    found.append(Token("end", "<EOF>", end))
    _refuse_surrogates(source)
    return found


def string_value(token: Token) -> str:
    """What a string literal means. Raises ExpressionError for an escape that names no character."""
    text, raw = _unquoted(token.text)
    if raw or "\\" not in text:
        return text

    def character(escape: re.Match[str]) -> str:
        octal, byte, short, long, named = escape.groups()
        if named is not None:
            return _NAMED.get(named, named)
        code = int(octal, 8) if octal else int(byte or short or long, 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise _error(token.offset, "invalid unicode code point")
        return chr(code)

    return _ESCAPED.sub(character, text)


def bytes_value(token: Token) -> bytes:
    """What a bytes literal means; numbers in it are octets. Raises ExpressionError for `\\u`."""
    text, raw = _unquoted(token.text[1:])
    encoded = text.encode()
    if raw or "\\" not in text:
        return encoded

    def octet(escape: re.Match[bytes]) -> bytes:
        octal, byte, code_point, named = escape.groups()
        if code_point is not None:
            raise _error(token.offset, "unable to unescape string")
        if named is not None:
            return _NAMED.get(named.decode(), named.decode()).encode()
        return bytes([int(octal, 8) if octal else int(byte, 16)])

    return _ESCAPED_BYTES.sub(octet, encoded)


def _unquoted(text: str) -> tuple[str, bool]:
    """The text between the quotes, with line ends as `\\n`; and whether it is raw."""
    raw = text[0] in "rR"
    if raw:
        text = text[1:]
    width = 3 if len(text) >= 6 and text[:3] in ('"""', "'''") else 1
    text = text[width:-width]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, raw


def _unrecognized(source: str, place: int) -> str:
    """What to show of a text that is no token: up to the character, and with it, where it goes wrong."""
    begun = _BEGUN.match(source, place)
    end = begun.end() if begun else place
    return source[max(place, end - 99) : end + 1]


def _refuse_surrogates(source: str) -> None:
    """No text has them; they could not be written anywhere."""
    if source.isascii():
        return
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise _error(error.start, "Syntax error: half of a surrogate pair is no character") from None


def _error(offset: int, message: str) -> ExpressionError:
    return ExpressionError((Mistake(offset, message),))
