"""`base64*`, `hex.*` and `urlquery.*`."""

import binascii
import re
import string as letters
from typing import Final

from lockgate.engine.codegen.values import Set, Value, ordered, render_json
from lockgate.engine.rego.builtins.context import made_text, made_values
from lockgate.engine.rego.builtins.errors import BuiltinError, operand_error
from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.builtins.objects import pairs_of
from lockgate.engine.rego.builtins.operands import bytes_of, object_, string, text_of

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_STANDARD: Final = frozenset((letters.ascii_letters + letters.digits + "+/").encode())
_FOR_URLS: Final = frozenset((letters.ascii_letters + letters.digits + "-_").encode())
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")


def base64_bytes(given: bytes) -> bytes:
    """The bytes in base64 by Go's rules: newlines are skipped, padding is compulsory, spare bits are ignored."""
    made_text(len(given))
    data = given.replace(b"\r", b"").replace(b"\n", b"")
    if len(data) % 4 or not _BASE64.fullmatch(data):
        raise BuiltinError(f"illegal base64 data at input byte {_fault(given, _STANDARD)}")
    return binascii.a2b_base64(data)


def _fault(data: bytes, alphabet: frozenset[int]) -> int:
    """Where Go's decoder says that data is no base64, which it reads by four characters."""
    places = [place for place, byte in enumerate(data) if byte not in b"\r\n"]
    for at, place in enumerate(places):
        if data[place] in alphabet:
            continue
        group = at % 4
        if data[place] != 0x3D or group < 2:
            return place
        # Padding: two of them after two characters, and nothing after that.
        after = places[at + 1 :]
        if group == 2:
            if not after:
                return len(data)
            if data[after[0]] != 0x3D:
                return after[0] - 1
            after = after[1:]
        return after[0] if after else len(data)
    # The last characters make no whole group.
    return len(data) - len(places) % 4


def base64_encode(text: Value) -> str:
    """The text's UTF-8 in base64."""
    given = string(text, 1)
    made_text(4 * len(given))
    return base64_text(bytes_of(given))


def base64_text(data: bytes) -> str:
    """The bytes in base64."""
    return binascii.b2a_base64(data, newline=False).decode()


def base64_decode(text: Value) -> str:
    """The text whose UTF-8 is given in base64."""
    return text_of(base64_bytes(bytes_of(string(text, 1))))


def base64_is_valid(text: Value) -> bool:
    """Is it base64?"""
    if type(text) is not str:
        return False
    try:
        base64_bytes(bytes_of(text))
    except BuiltinError:
        return False
    return True


def base64url_encode(text: Value) -> str:
    """The text's UTF-8 in base64 for URLs, padded."""
    given = string(text, 1)
    made_text(4 * len(given))
    return base64url_text(bytes_of(given))


def base64url_text(data: bytes) -> str:
    """The bytes in base64 for URLs, padded."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).decode()


def base64url_encode_no_pad(text: Value) -> str:
    """The text's UTF-8 in base64 for URLs, not padded."""
    return base64url_encode(text).rstrip("=")


def base64url_bytes(given: str) -> bytes:
    """The bytes in base64 for URLs, padded or not."""
    data = bytes_of(given)
    if not data.endswith(b"="):
        if len(data) % 4 == 1:
            raise BuiltinError(f"illegal base64url string: {given[:200]}")
        data += b"=" * (-len(data) % 4)
    if b"+" in data or b"/" in data:
        raise BuiltinError(f"illegal base64 data at input byte {_fault(data, _FOR_URLS)}")
    return base64_bytes(data.translate(_FROM_URL))


def base64url_decode(text: Value) -> str:
    """The text whose UTF-8 is given in base64 for URLs, padded or not."""
    return text_of(base64url_bytes(string(text, 1)))


def hex_encode(text: Value) -> str:
    """The text's UTF-8 as hexadecimal digits."""
    given = string(text, 1)
    made_text(8 * len(given))
    return bytes_of(given).hex()


def hex_decode(text: Value) -> str:
    """The text whose UTF-8 is given as hexadecimal digits."""
    given = string(text, 1)
    made_text(len(given))
    for char in given:
        if char not in _HEX:
            mark = "'"
            raise BuiltinError(
                f"encoding/hex: invalid byte: U+{bytes_of(char)[0]:04X} {quote(chr(bytes_of(char)[0]), mark)}"
            )
    if len(given) % 2:
        raise BuiltinError("encoding/hex: odd length hex string")
    return text_of(bytes.fromhex(given))


def _escaped(text: str) -> str:
    # Each byte is a text of its own for a moment.
    made_values(len(text))
    return "".join(
        [chr(b) if b in _UNRESERVED else "+" if b == 0x20 else f"%{b:02X}" for b in bytes_of(text)]
    )


def _unescaped(text: str) -> str:
    made_text(len(text))
    made_values(text.count("%"))
    pieces = text.replace("+", " ").split("%")
    data = [bytes_of(pieces[0])]
    for piece in pieces[1:]:
        if len(piece) < 2 or not _HEX.issuperset(piece[:2]):
            raise BuiltinError(f'invalid URL escape "%{piece[:2]}"')
        data += [bytes.fromhex(piece[:2]), bytes_of(piece[2:])]
    return text_of(b"".join(data))


def urlquery_encode(text: Value) -> str:
    """The text escaped for a URL's query."""
    return _escaped(string(text, 1))


def urlquery_decode(text: Value) -> str:
    """The text that was escaped for a URL's query."""
    return _unescaped(string(text, 1))


def urlquery_encode_object(value: Value) -> str:
    """The query of an object whose values are strings, or arrays or sets of strings; sorted by key."""
    pairs: list[tuple[str, str]] = []
    for name, item in pairs_of(object_(value, 1)):
        key = name if type(name) is str else render_json(name)
        items = item if type(item) is list else ordered(item) if type(item) is Set else [item]
        for one in items:
            if type(one) is not str:
                raise operand_error(1, "values must be string, array[string], or set[string]")
            pairs.append((key, one))
    pairs.sort(key=lambda pair: pair[0])
    return "&".join([f"{_escaped(key)}={_escaped(item)}" for key, item in pairs])


def urlquery_decode_object(text: Value) -> dict[str, Value]:
    """The object of a URL's query: for each key the array of its values."""
    found: dict[str, list[Value]] = {}
    made_values(4 * string(text, 1).count("&"))
    for part in string(text, 1).split("&"):
        if ";" in part:
            raise BuiltinError("invalid semicolon separator in query")
        if part:
            key, _, item = part.partition("=")
            found.setdefault(_unescaped(key), []).append(_unescaped(item))
    return dict(found)
