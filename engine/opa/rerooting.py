"""Moves Rego below a root of its own, so that modules of many policies live in one OPA without meeting.

The text is changed where the module names its package and refers to `data`, and nowhere else: lines stay lines.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.lexer import Lexer, Token
from lockgate.engine.rego.source import Source

# In v0 mode this makes a module Rego v1; in v1 mode it changes nothing.
_V1_IMPORT: Final = " import rego.v1"
_INVENTORY: Final = "inventory"

# From where to where the text is replaced, and by what.
_Edit = tuple[int, int, str]


@record
class Places:
    """Where things go, as paths below `data` with dots.

    root: of the module's own package and of all that it refers to. package: instead of its own package, if not None.
    inventory: what `data.inventory` becomes; None leaves it below the root.
    """

    root: str
    package: str | None
    inventory: str | None


def reroot(source: Source, places: Places) -> str:
    """The module's text below a root. It has been parsed before; raises RegoError where that would fail."""
    lexer = Lexer(source)
    tokens = lexer.tokens()
    end = _path_end(tokens, 1)
    edits: list[_Edit] = []
    if places.package is None:
        edits.append((tokens[1].offset, tokens[1].offset, f"{places.root}."))
    else:
        edits.append((tokens[1].offset, tokens[end - 1].end, f"{places.root}.{places.package}"))
    if source.version == "v1":
        edits.append((tokens[end - 1].end, tokens[end - 1].end, _V1_IMPORT))
        # Beside `rego.v1`, which has them all, they are an error.
        edits.extend(_future_imports(tokens[end:]))
    edits.extend(_references(lexer, tokens[end:], places))
    return _apply(source.text, edits)


def names_used(source: Source) -> frozenset[str]:
    """The words of a module, by which it may call a function."""
    lexer = Lexer(source)
    return frozenset([token.text for token in _all(lexer, lexer.tokens()) if token.kind == "name"])


def package_of(source: Source) -> str:
    """The package of a module, as its text writes it."""
    tokens = Lexer(source).tokens()
    return source.text[tokens[1].offset : tokens[_path_end(tokens, 1) - 1].end]


def package_path(source: Source) -> tuple[str, ...]:
    """The package of a module as names."""
    tokens = Lexer(source).tokens()
    return _names(tokens, 1)


def library_paths(source: Source) -> Iterator[tuple[str, ...]]:
    """What a module refers to below `data`, as far as its text is fixed; without the inventory."""
    lexer = Lexer(source)
    tokens = lexer.tokens()
    yield from _paths(lexer, tokens[_path_end(tokens, 1) :])


def _paths(lexer: Lexer, tokens: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    for index, token in enumerate(tokens):
        for part in token.parts:
            if not isinstance(part, str):
                yield from _paths(lexer, lexer.part(*part))
        if _is_root(tokens, index):
            path = _names(tokens, index)[1:]
            if path[:1] != (_INVENTORY,):
                yield path


def _names(tokens: Sequence[Token], start: int) -> tuple[str, ...]:
    """The names of a path such as `a.b["c"]`, up to what is not fixed."""
    names = [tokens[start].text]
    index, end = start + 1, _path_end(tokens, start)
    while index + 1 < end:
        is_field, name = tokens[index].text == ".", tokens[index + 1]
        if name.kind != ("name" if is_field else "string"):
            break
        names.append(name.text)
        index += 2 if is_field else 3
    return tuple(names)


def _is_root(tokens: Sequence[Token], index: int) -> bool:
    """Is a token `data`, and not a field of that name?"""
    token = tokens[index]
    if token.kind != "name" or token.text != "data":
        return False
    before = tokens[index - 1] if index else None
    return not (
        before is not None and before.kind == "punctuation" and before.text == "." and not token.spaced
    )


def _all(lexer: Lexer, tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens, with those inside template strings."""
    for token in tokens:
        yield token
        for part in token.parts:
            if not isinstance(part, str):
                yield from _all(lexer, lexer.part(*part))


def _path_end(tokens: Sequence[Token], start: int) -> int:
    """The index after a path such as `a.b["c"]` that begins at `start`."""
    index = start + 1
    while index < len(tokens) and not tokens[index].spaced and tokens[index].text in (".", "["):
        if tokens[index].kind != "punctuation":
            break
        index += 2 if tokens[index].text == "." else 3
    return min(index, len(tokens))


def _future_imports(tokens: Sequence[Token]) -> Iterator[_Edit]:
    for index in range(len(tokens) - 1):
        token, following = tokens[index], tokens[index + 1]
        if token.kind == "name" and token.text == "import" and following.text == "future":
            yield token.offset, tokens[_path_end(tokens, index + 1) - 1].end, ""


def _references(lexer: Lexer, tokens: Sequence[Token], places: Places) -> Iterator[_Edit]:
    for index, token in enumerate(tokens):
        for part in token.parts:
            if not isinstance(part, str):
                yield from _references(lexer, lexer.part(*part), places)
        if not _is_root(tokens, index):
            continue
        if places.inventory is not None:
            end = _inventory_end(tokens, index)
            if end:
                yield token.offset, tokens[end - 1].end, f"data.{places.inventory}"
                continue
        yield token.end, token.end, f".{places.root}"


def _inventory_end(tokens: Sequence[Token], index: int) -> int:
    """The index after `data.inventory` or `data["inventory"]`; 0 where that does not stand there."""
    texts = [token.text for token in tokens[index + 1 : index + 4]]
    kinds = [token.kind for token in tokens[index + 1 : index + 4]]
    if texts[:2] == [".", _INVENTORY] and kinds[:2] == ["punctuation", "name"]:
        return index + 3
    if texts == ["[", _INVENTORY, "]"] and kinds == ["punctuation", "string", "punctuation"]:
        return index + 4
    return 0


def _apply(text: str, edits: list[_Edit]) -> str:
    made: list[str] = []
    done = 0
    for start, end, replacement in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        made += [text[done:start], replacement]
        done = end
    return "".join([*made, text[done:]])
