"""`json.filter` and `json.remove`: parts of a value by paths such as `a/b/0` or `["a", "b", 0]`."""

from typing import Any

from lockgate.engine.codegen.values import (
    UNDEFINED,
    Object,
    Set,
    Undefined,
    Value,
    key,
    make_object,
    type_name,
)
from lockgate.engine.rego.builtins.context import made_values
from lockgate.engine.rego.builtins.errors import operand_error
from lockgate.engine.rego.builtins.objects import pairs_of
from lockgate.engine.rego.builtins.operands import members, object_

# A tree of steps by their keys; None marks the end of a path.
_Tree = dict[Any, Any]


def parse_path(path: Value, position: int) -> list[Value]:
    """The steps of a path: a JSON pointer, with or without its first slash, or an array of steps."""
    if type(path) is list:
        return path
    if type(path) is str:
        if path == "":
            return []
        return [step.replace("~1", "/").replace("~0", "~") for step in path.lstrip("/").split("/")]
    raise operand_error(
        position,
        "must be one of {set, array} containing string paths or array of path segments but got "
        + type_name(path),
    )


def _tree(paths: Value) -> _Tree:
    root: _Tree = {}
    for path in members(paths, 2, "set", "array"):
        steps = [key(step) for step in parse_path(path, 2)]
        node: _Tree | None = root
        for step in steps[:-1]:
            if node is None:
                break
            node = node.setdefault(step, {})
        if steps and node is not None:
            node[steps[-1]] = None
    return root


def json_remove(value: Value, paths: Value) -> Value:
    """The object without what lies at the paths; the elements of an array close up."""
    object_(value, 1)
    removed = _without(value, _tree(paths))
    return {} if removed is UNDEFINED else removed  # type: ignore[return-value]


def _without(value: Value, tree: Any) -> Value | Undefined:
    if tree is None:
        return UNDEFINED
    if type(tree) is not dict:
        return value
    kind = type(value)
    if kind is dict or kind is Object or kind is list or kind is Set:
        made_values(len(value))  # type: ignore[arg-type]
    if kind is dict or kind is Object:
        pairs = [(k, _without(v, tree.get(key(k), UNDEFINED))) for k, v in pairs_of(value)]  # type: ignore[arg-type]
        return make_object((k, v) for k, v in pairs if v is not UNDEFINED)  # type: ignore[misc]
    if kind is list:
        kept = [_without(item, tree.get(str(i), UNDEFINED)) for i, item in enumerate(value)]  # type: ignore[arg-type]
        return [item for item in kept if item is not UNDEFINED]  # type: ignore[misc]
    if kind is Set:
        kept = [_without(item, tree.get(key(item), UNDEFINED)) for item in value]  # type: ignore[union-attr]
        return Set([item for item in kept if item is not UNDEFINED])  # type: ignore[misc]
    return value


def json_filter(value: Value, paths: Value) -> Value:
    """The object with only what lies at the paths; the elements of an array close up."""
    object_(value, 1)
    return _only(value, _tree(paths))


def _only(value: Value, tree: Any) -> Value:
    if tree is None:
        return value
    kind = type(value)
    if kind is dict or kind is Object or kind is list or kind is Set:
        made_values(len(value))  # type: ignore[arg-type]
    if kind is dict or kind is Object:
        pairs = pairs_of(value)  # type: ignore[arg-type]
        return make_object((k, _only(v, tree[key(k)])) for k, v in pairs if key(k) in tree)
    if kind is list:
        return [_only(v, tree[str(i)]) for i, v in enumerate(value) if str(i) in tree]  # type: ignore[arg-type]
    if kind is Set:
        return Set([_only(v, tree[key(v)]) for v in value if key(v) in tree])  # type: ignore[union-attr]
    return value
