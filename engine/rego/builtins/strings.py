"""Functions on strings. Positions and lengths count code points."""

from typing import Final

from lockgate.engine.codegen.values import Value, object_items
from lockgate.engine.rego.builtins.context import Context, made_text, reserve, reserve_values
from lockgate.engine.rego.builtins.errors import BuiltinError, operand_error
from lockgate.engine.rego.builtins.operands import (
    bytes_of,
    machine_integer,
    object_,
    string,
    strings,
    text_of,
)

# What Go's `unicode.IsSpace` and `strings.TrimSpace` take for white space; Python's strip takes more.
_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

# The size of a growing result is looked at after so many pieces.
_PIECES: Final = 4_096


def concat(context: Context, separator: Value, parts: Value) -> str:
    """The strings of an array or set with the separator between them."""
    between = string(separator, 1)
    found = strings(parts, 2, "set", "array")
    reserve(context, sum(map(len, found)) + len(between) * len(found))
    return between.join(found)


def contains(text: Value, part: Value) -> bool:
    """Is the part in the text?"""
    whole = string(text, 1)
    return string(part, 2) in whole


def startswith(text: Value, prefix: Value) -> bool:
    """Does the text begin with the prefix?"""
    return string(text, 1).startswith(string(prefix, 2))


def endswith(text: Value, suffix: Value) -> bool:
    """Does the text end with the suffix?"""
    return string(text, 1).endswith(string(suffix, 2))


def indexof(text: Value, part: Value) -> int:
    """The first position of a part that is not empty, or -1."""
    whole, sought = string(text, 1), string(part, 2)
    if not sought:
        raise BuiltinError("empty search character")
    return whole.find(sought)


def indexof_n(context: Context, text: Value, part: Value) -> list[Value]:
    """Every position of a part that is not empty, overlapping ones included."""
    whole, sought = string(text, 1), string(part, 2)
    if not sought:
        raise BuiltinError("empty search character")
    reserve(context, len(whole))
    found: list[Value] = []
    position = whole.find(sought)
    while position >= 0:
        found.append(position)
        position = whole.find(sought, position + 1)
        if len(found) % _PIECES == 0:
            reserve_values(context, _PIECES)
    return found


def lower(text: Value) -> str:
    """The text in lower case, code point by code point."""
    given = string(text, 1)
    made_text(len(given))
    if given.isascii():
        return given.lower()
    return "".join(["i" if char == "\u0130" else char.lower() for char in given])


def upper(text: Value) -> str:
    """The text in upper case, code point by code point: one without a single counterpart stays."""
    given = string(text, 1)
    made_text(len(given))
    return given.upper() if given.isascii() else "".join(map(_upper_point, given))


def _upper_point(char: str) -> str:
    changed = char.upper()
    if len(changed) > 1:
        changed = char.title()
    return changed if len(changed) == 1 else char


def replace(context: Context, text: Value, old: Value, new: Value) -> str:
    """The text with every occurrence of `old` replaced; an empty one is between all bytes."""
    given, before, after = string(text, 1), string(old, 2), string(new, 3)
    reserve(context, len(given) + given.count(before) * len(after))
    if before or given.isascii():
        return given.replace(before, after)
    return text_of(bytes_of(given).replace(b"", bytes_of(after)))


def strings_replace_n(context: Context, patterns: Value, text: Value) -> str:
    """The text with the keys of an object replaced by its values in one pass; the first key in order wins."""
    pairs = object_items(object_(patterns, 1))
    given = string(text, 2)
    table: dict[str, str] = {}
    for before, after in pairs:
        if type(before) is not str:
            raise operand_error(1, "non-string key found in pattern object")
        if type(after) is not str:
            raise operand_error(1, "non-string value found in pattern object")
        table[before] = after
    if "" not in table or given.isascii():
        return _replaced(context, given, table)
    # An empty key is between all bytes: work on bytes, each as one character.
    by_bytes = {_as_latin(before): _as_latin(after) for before, after in table.items()}
    return text_of(_replaced(context, _as_latin(given), by_bytes).encode("latin-1"))


def _as_latin(text: str) -> str:
    return bytes_of(text).decode("latin-1")


def _replaced(context: Context, text: str, table: dict[str, str]) -> str:
    """Replaces the first key in order that fits, place by place; at each place an empty key comes first, once."""
    empty = table.get("")
    by_first: dict[str, list[str]] = {}
    for before in table:
        if before:
            by_first.setdefault(before[0], []).append(before)
    made: list[str] = []
    size = position = kept = 0
    while position <= len(text):
        if empty is not None:
            made += [text[kept:position], empty]
            size += position - kept + len(empty)
            kept = position
        candidates = by_first.get(text[position], []) if position < len(text) else []
        found = next((before for before in candidates if text.startswith(before, position)), None)
        if found is None:
            position += 1
            continue
        made += [text[kept:position], table[found]]
        size += position - kept + len(table[found])
        position += len(found)
        kept = position
        if len(made) > _PIECES:
            reserve(context, size)
            made = ["".join(made)]
    reserve(context, size + len(text) - kept)
    made.append(text[kept:])
    return "".join(made)


def split(context: Context, text: Value, separator: Value) -> list[Value]:
    """The parts between separators; an empty separator gives the code points."""
    given, between = string(text, 1), string(separator, 2)
    return _parts(context, given, between)


def _parts(context: Context, text: str, separator: str) -> list[Value]:
    reserve(context, len(text))
    reserve_values(context, text.count(separator))
    return text.split(separator) if separator else list(text)  # type: ignore[return-value]


def strings_split_n(context: Context, text: Value, separator: Value, limit: Value) -> list[Value]:
    """The first `limit` parts between separators, or the last `-limit`."""
    given, between, wanted = string(text, 1), string(separator, 2), machine_integer(limit, 3)
    parts = _parts(context, given, between)
    return parts[:wanted] if wanted >= 0 else parts[wanted:]


def substring(text: Value, offset: Value, length: Value) -> str:
    """So many code points from an offset on; all of them for a negative length."""
    given, start, size = string(text, 1), machine_integer(offset, 2), machine_integer(length, 3)
    if start < 0:
        raise BuiltinError("negative offset")
    made_text(len(given))
    return given[start:] if size < 0 else given[start : start + size]


def trim(text: Value, characters: Value) -> str:
    """The text without any of these characters at its ends."""
    given, unwanted = string(text, 1), string(characters, 2)
    made_text(len(given))
    return given.strip(unwanted) if unwanted else given


def trim_left(text: Value, characters: Value) -> str:
    """The text without any of these characters at its beginning."""
    given, unwanted = string(text, 1), string(characters, 2)
    made_text(len(given))
    return given.lstrip(unwanted) if unwanted else given


def trim_right(text: Value, characters: Value) -> str:
    """The text without any of these characters at its end."""
    given, unwanted = string(text, 1), string(characters, 2)
    made_text(len(given))
    return given.rstrip(unwanted) if unwanted else given


def trim_prefix(text: Value, prefix: Value) -> str:
    """The text without this prefix."""
    given, unwanted = string(text, 1), string(prefix, 2)
    made_text(len(given))
    return given.removeprefix(unwanted)


def trim_suffix(text: Value, suffix: Value) -> str:
    """The text without this suffix."""
    given, unwanted = string(text, 1), string(suffix, 2)
    made_text(len(given))
    return given.removesuffix(unwanted)


def trim_space(text: Value) -> str:
    """The text without white space at its ends."""
    given = string(text, 1)
    made_text(len(given))
    return given.strip(_SPACE)


def _affixes(value: Value, position: int) -> list[str]:
    if type(value) is str:
        return [value]
    return strings(value, position, "string", "set", "array")


def strings_any_prefix_match(context: Context, texts: Value, prefixes: Value) -> bool:
    """Does any of the texts begin with any of the prefixes? Each is a string, or an array or set of strings."""
    found, sought = _affixes(texts, 1), tuple(_affixes(prefixes, 2))
    reserve(context, len(found) * len(sought))
    return any(text.startswith(sought) for text in found)


def strings_any_suffix_match(context: Context, texts: Value, suffixes: Value) -> bool:
    """Does any of the texts end with any of the suffixes? Each is a string, or an array or set of strings."""
    found, sought = _affixes(texts, 1), tuple(_affixes(suffixes, 2))
    reserve(context, len(found) * len(sought))
    return any(text.endswith(sought) for text in found)


def strings_count(text: Value, part: Value) -> int:
    """How often the part is in the text without overlaps; for an empty part one more than code points."""
    return string(text, 1).count(string(part, 2))


def strings_reverse(text: Value) -> str:
    """The code points from the end."""
    given = string(text, 1)
    made_text(len(given))
    return given[::-1]


def trace(note: Value) -> bool:
    """Always true; the note is for explanations."""
    string(note, 1)
    return True
