"""Values of documents as CEL has them, all the way down: once for a review, so that expressions never look for it."""

from lockgate.engine.cel.values import MAX_INT, MIN_INT, Value, native
from lockgate.engine.codegen.values import Number


def native_document(value: Value) -> Value:
    """The value with every number as CEL has it; the same object where nothing changes."""
    kind = type(value)
    if kind is dict:
        return _native_map(value)
    if kind is list:
        return _native_list(value)
    return native(value)


# Both look at members without a call, since most are texts.


def _native_map(value: dict[str, Value]) -> dict[str, Value]:
    changed: dict[str, Value] | None = None
    shown: Value
    for name, item in value.items():
        kind = type(item)
        if kind is str:
            continue
        if kind is dict:
            shown = _native_map(item)
        elif kind is list:
            shown = _native_list(item)
        elif kind is Number or (kind is int and not MIN_INT <= item <= MAX_INT):
            shown = native(item)
        else:
            continue
        if shown is not item:
            if changed is None:
                changed = dict(value)
            changed[name] = shown
    return value if changed is None else changed


def _native_list(value: list[Value]) -> list[Value]:
    changed: list[Value] | None = None
    shown: Value
    for at, item in enumerate(value):
        kind = type(item)
        if kind is str:
            continue
        if kind is dict:
            shown = _native_map(item)
        elif kind is list:
            shown = _native_list(item)
        elif kind is Number or (kind is int and not MIN_INT <= item <= MAX_INT):
            shown = native(item)
        else:
            continue
        if shown is not item:
            if changed is None:
                changed = list(value)
            changed[at] = shown
    return value if changed is None else changed
