"""Values of documents as CEL has them, all the way down: once for a review, so that expressions never look for it."""

from operator import is_

from lockgate.engine.cel.values import Value, native


def native_document(value: Value) -> Value:
    """The value with every number as CEL has it; the same object where nothing changes."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        changed: dict[str, Value] | None = None
        for name, item in value.items():
            inner = type(item)
            if inner is str or inner is bool or item is None:
                continue
            shown = native_document(item)
            if shown is not item:
                if changed is None:
                    changed = dict(value)
                changed[name] = shown
        return value if changed is None else changed
    if kind is list:
        items = [native_document(item) for item in value]
        return value if all(map(is_, items, value)) else items
    return native(value)
