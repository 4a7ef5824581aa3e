"""`walk`: every value inside a value, with its path."""

from collections.abc import Iterator

from lockgate.engine.codegen.values import Object, Set, Value, object_items, ordered
from lockgate.engine.rego.builtins.context import Context

# How many pairs are made between two payments. A pair with its path takes some 200 bytes.
_BATCH = 16


def _children(value: Value) -> list[tuple[Value, Value]]:
    kind = type(value)
    if kind is list:
        return list(enumerate(value))  # type: ignore[arg-type]
    if kind is dict or kind is Object:
        return object_items(value)  # type: ignore[arg-type]
    if kind is Set:
        return [(item, item) for item in ordered(value)]  # type: ignore[arg-type]
    return []


def walk(context: Context, value: Value) -> list[Value]:
    """The outputs `[path, value]`: the value itself, then what is in it, depth first, in Rego's order."""
    outputs: list[Value] = [[[], value]]
    path: list[Value] = []
    levels: list[Iterator[tuple[Value, Value]]] = [iter(_children(value))]
    while levels:
        child = next(levels[-1], None)
        if child is None:
            levels.pop()
            if path:
                path.pop()
            continue
        name, item = child
        path.append(name)
        outputs.append([path[:], item])
        levels.append(iter(_children(item)))
        if len(outputs) % _BATCH == 0:
            context.spend(2 * _BATCH + len(path))
    return outputs
