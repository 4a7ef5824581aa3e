"""A copy of a value without its secrets, for what is hashed or stored rather than shown."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from lockgate.engine.codegen.values import Number, Object, Set, Value, parse_json, render_json
from lockgate.engine.documents.document import Path
from lockgate.engine.errors import InputError
from lockgate.engine.masking.masker import MASK, Masker, masker_of
from lockgate.engine.masking.secret_values import LAST_APPLIED, SecretValues, collect_value
from lockgate.engine.record import record

# Deeper than any manifest; what holds more is not kept.
MAX_NESTING: Final = 150
# Stands for what may hold secrets and cannot be masked in bounded time.
NOT_KEPT: Final = "(not kept: it may hold secret values and is too large or too deep to mask)"

_CONTAINERS: Final = frozenset((dict, list, Set, Object))

# Where secret scalars stand: a level for each part of their paths, with nothing below a scalar.
_Tree: TypeAlias = "dict[str | int, _Tree]"


@record
class MaskedValues:
    """Copies of values, masked together, and the Masker that knows their secrets."""

    values: tuple[Value, ...]
    masker: Masker


def mask_values(values: Sequence[Value]) -> MaskedValues:
    """Copies of values (a request, and what was said of it), without the secrets that any of them holds.

    Masked are values of Secrets, `userInfo.extra`, `last-applied-configuration` copies, credential-like literals, and
    every echo of them. What cannot be masked in bounded time is replaced as a whole by NOT_KEPT. Sets become sorted
    lists, as in JSON. A copy shares what needs no masking with its original.
    """
    try:
        plain = [_plain(value) for value in values]
        try:
            return _masked(plain)
        except UnicodeEncodeError:
            # Halves of surrogate pairs, which neither patterns nor files take.
            return _masked([parse_json(render_json(value).encode("utf-8", "replace")) for value in plain])
    except (InputError, RecursionError):
        return MaskedValues(tuple([NOT_KEPT for _ in values]), Masker(hidden=True))


def _masked(plain: Sequence[Value]) -> MaskedValues:
    collected = SecretValues()
    trees = [_tree(collect_value(value, collected, 0)) for value in plain]
    masker = masker_of(collected)
    made = [
        value if tree is None else _without(value, tree) for value, tree in zip(plain, trees, strict=True)
    ]
    if not (masker.forms or masker.short_forms or masker.hidden):
        return MaskedValues(tuple(made), masker)
    # Nearly always nothing of what was taken out is anywhere else.
    known = masker.known_in("\n".join([text for value in made for text in _texts(value)]))
    if known is None:
        return MaskedValues(tuple([NOT_KEPT for _ in plain]), masker)
    if known.forms or known.short_forms:
        numbers = frozenset(masker.forms)
        made = [_replaced(value, known, numbers) for value in made]
    return MaskedValues(tuple(made), masker)


def _plain(value: Value) -> Value:
    """The value with lists for sets. Raises InputError for one that is too deep."""
    level: list[Any] = [value]
    for _ in range(MAX_NESTING):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                below += [part for part in item.values() if type(part) in _CONTAINERS]
            elif kind is list:
                below += [part for part in item if type(part) in _CONTAINERS]
            elif kind in _CONTAINERS:
                return _plain(parse_json(render_json(value)))
        if not below:
            return value
        level = below
    raise InputError("a value is nested too deeply to be masked")


def _texts(value: Value) -> list[str]:
    """All texts of a plain value: strings, keys and numbers."""
    texts: list[str] = []
    level: list[Any] = [value]
    while level:
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                texts.append(item)
            elif kind is dict:
                texts += item
                below += item.values()
            elif kind is list:
                below += item
            elif kind is int:
                texts.append(str(item))
            elif kind is Number:
                texts.append(item.text)
        level = below
    return texts


def _tree(paths: Iterable[Path]) -> "_Tree | None":
    root: _Tree = {}
    for path in paths:
        level = root
        for part in path:
            level = level.setdefault(part, {})
    return root or None


def _without(value: Value, secret: "_Tree") -> Value:
    """A copy in which the scalars of a tree are masked; what the tree does not name is shared."""
    if type(value) is dict:
        made = dict(value)
        for name, below in secret.items():
            part = value[name]  # type: ignore[index]
            if name == LAST_APPLIED:
                kept: Value = MASK
            elif name == "userInfo" and type(part) is dict and "extra" in part:
                kept = _without({**part, "extra": MASK}, {**below, "extra": {}})
            else:
                kept = _without(part, below)
            made[name] = kept  # type: ignore[index]
        return made
    if type(value) is list:
        items = list(value)
        for index, below in secret.items():
            items[index] = _without(value[index], below)  # type: ignore[index]
        return items
    return MASK


def _replaced(value: Value, known: Masker, numbers: frozenset[str]) -> Value:
    """A copy in which every known value is masked, in strings and keys; and numbers whose text is one."""
    if type(value) is str:
        return known.replaced(value)
    if type(value) is dict:
        made: dict[str, Value] = {}
        for name, part in value.items():
            shown = known.replaced(name)
            while shown in made:
                # Two keys that are secret are two members all the same.
                shown = f"{shown}{len(made)}"
            made[shown] = _replaced(part, known, numbers)
        return made
    if type(value) is list:
        return [_replaced(part, known, numbers) for part in value]
    if type(value) is int:
        return MASK if str(value) in numbers else value
    if type(value) is Number:
        return MASK if value.text in numbers else value
    return value
