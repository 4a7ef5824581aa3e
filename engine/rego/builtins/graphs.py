"""`graph.*`: what can be reached in a graph given as an object of node and neighbours."""

from lockgate.engine.codegen.values import UNDEFINED, Key, Set, Value, key, ordered
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import type_error
from lockgate.engine.rego.builtins.lookup import lookup
from lockgate.engine.rego.builtins.operands import object_


def _starts(value: Value) -> list[Value]:
    if type(value) is list:
        return value
    if type(value) is Set:
        return list(value)
    raise type_error(2, value, "{array, set}")


def _neighbours(value: object) -> list[Value]:
    if type(value) is list:
        return value
    return ordered(value) if type(value) is Set else []


def graph_reachable(context: Context, graph: Value, starts: Value) -> Set:
    """The nodes of the graph that can be reached, the starts included."""
    object_(graph, 1)
    queue = list(_starts(starts))
    reached: dict[Key, Value] = {}
    while queue:
        node = queue.pop()
        if key(node) in reached:
            continue
        edges = lookup(graph, node)
        if edges is UNDEFINED:
            continue
        reached[key(node)] = node
        found = _neighbours(edges)
        context.spend(1 + (len(found) >> 4))
        queue.extend(found)
    return Set.of_members(reached)


def graph_reachable_paths(context: Context, graph: Value, starts: Value) -> Set:
    """The longest paths from the starts, each an array; one ends at a cycle, a leaf or outside of the graph."""
    object_(graph, 1)
    paths: list[Value] = []
    for start in _starts(starts):
        edges = lookup(graph, start)
        if edges is UNDEFINED:
            continue
        found = _neighbours(edges)
        if not found:
            paths.append([start])
        _extend(context, graph, start, paths)
    return Set(paths)


def _extend(context: Context, graph: Value, start: Value, paths: list[Value]) -> None:
    # Each entry is a node still to visit and the path before it.
    stack: list[tuple[Value, list[Value], frozenset[Key]]] = [
        (node, [start], frozenset([key(start)])) for node in reversed(_neighbours(lookup(graph, start)))
    ]
    while stack:
        node, path, visited = stack.pop()
        context.spend(2 + len(path))
        edges = lookup(graph, node)
        if edges is UNDEFINED:
            paths.append(path)
            continue
        here = [*path, node]
        found = _neighbours(edges)
        if not found:
            paths.append(here)
            continue
        seen = visited | {key(node)}
        for neighbour in reversed(found):
            if key(neighbour) in seen:
                paths.append(here)
            else:
                stack.append((neighbour, here, seen))
