"""Literals of Go: quoted strings, characters and numbers."""

import re
from typing import Final

from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.builtins.operands import text_of
from lockgate.engine.rego.templates.errors import TemplateError

_ESCAPES: Final = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}
_CODES: Final = re.compile(r"x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")
_INTEGER: Final = re.compile(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)"
)
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT: Final = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")
_INT64: Final = 1 << 63


def unquote(text: str) -> str:
    """The string of a literal in double or back quotes."""
    if text.startswith("`"):
        return text[1:-1].replace("\r", "")
    return _unescaped(text, '"')


def _unescaped(text: str, mark: str) -> str:
    made = bytearray()
    at, end = 1, len(text) - 1
    while at < end:
        char = text[at]
        if char != "\\":
            made += char.encode("utf-8", "replace")
            at += 1
            continue
        at += 1
        char = text[at]
        code = _ESCAPES.get(char)
        if code is not None and (char not in "'\"" or char == mark):
            made.append(code)
            at += 1
            continue
        found = _CODES.match(text, at, end)
        if found is None:
            raise TemplateError("invalid syntax")
        at = found.end()
        made += _coded(found)
    return text_of(bytes(made))


def _coded(found: "re.Match[str]") -> bytes:
    two, octal, four, eight = found.groups()
    if two is not None or octal is not None:
        value = int(two, 16) if two is not None else int(octal, 8)
        if value > 0xFF:
            raise TemplateError("invalid syntax")
        return bytes([value])
    value = int(four or eight, 16)
    if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
        raise TemplateError("invalid syntax")
    return chr(value).encode()


def number(text: str) -> int | float:
    """The number of a literal: a character is its code."""
    if text.startswith("'"):
        char = _unescaped(text, "'")
        if len(char) != 1:
            raise TemplateError(f"malformed character constant: {text}")
        return ord(char)
    if _INTEGER.fullmatch(text):
        value = _integer(text)
        if not -_INT64 <= value < 2 * _INT64:
            raise TemplateError(f"integer overflow: {quote(text)}")
        if value >= _INT64:
            raise TemplateError(f"{text} overflows int")
        return value
    if _FLOAT.fullmatch(text):
        found = float(text)
    elif _HEX_FLOAT.fullmatch(text):
        try:
            found = float.fromhex(text)
        except OverflowError:
            found = float("inf")
    else:
        raise TemplateError(f"illegal number syntax: {quote(text)}")
    if found in (float("inf"), float("-inf")):
        raise TemplateError(f"illegal number syntax: {quote(text)}")
    if not any(mark in text for mark in ".eEpP"):
        raise TemplateError(f"integer overflow: {quote(text)}")
    return found


def _integer(text: str) -> int:
    digits = text.lstrip("+-").replace("_", "")
    if len(digits) > 70:
        raise TemplateError(f"integer overflow: {quote(text)}")
    base = {"x": 16, "b": 2, "o": 8}.get(
        digits[1:2].lower(), 8 if len(digits) > 1 and digits[0] == "0" else 10
    )
    if base != 10 and not digits[1:2].isdigit():
        digits = digits[2:]
    value = int(digits, base)
    return -value if text.startswith("-") else value
