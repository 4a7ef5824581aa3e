"""Trees of CEL for tests: what they are without offsets, and many of them."""

from dataclasses import fields
from typing import Any

from hypothesis import strategies as st
from lockgate.engine.cel.ast import (
    Call,
    Constant,
    Index,
    ListLiteral,
    Macro,
    MapItem,
    MapLiteral,
    MessageLiteral,
    Name,
    Node,
    Select,
)
from lockgate.engine.cel.values import MAX_INT, MAX_UINT, MIN_INT, Uint


def shape(node: Any) -> Any:
    """`node` as tuples, without offsets; values by what they look like, so that `1` is not `1.0`."""
    if isinstance(node, tuple):
        return tuple([shape(one) for one in node])
    if isinstance(node, Node | MapItem):
        parts = [getattr(node, one.name) for one in fields(node) if one.name != "offset"]
        return (type(node).__name__, *[shape(one) for one in parts])
    return node if isinstance(node, frozenset) else repr(node)


NAMES = st.sampled_from(["a", "b", "object", "x1", "_y", "namespaces"])
FIELDS = st.sampled_from(["a", "spec", "namespace", "if", "size"])
FUNCTIONS = st.sampled_from(["size", "f", "startsWith", "map", "has2"])
CONSTANTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(MIN_INT, MAX_INT),
    st.integers(0, MAX_UINT).map(Uint),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
).map(lambda value: Constant(0, value))
BINARY = st.sampled_from(
    ["_||_", "_&&_", "_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_", "@in", "_+_", "_-_", "_*_", "_/_", "_%_"]
)
# Name, number of variables, number of parts.
MACROS = st.sampled_from(
    [
        ("all", 1, 1),
        ("exists", 2, 1),
        ("exists_one", 1, 1),
        ("map", 1, 1),
        ("map", 1, 2),
        ("filter", 1, 1),
        ("transformList", 2, 2),
        ("transformMap", 2, 1),
        ("transformMapEntry", 2, 2),
        ("optMap", 1, 1),
        ("optFlatMap", 1, 1),
    ]
)


def _larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def macro(which: tuple[str, int, int]) -> st.SearchStrategy[Node]:
        name, variables, parts = which
        return st.builds(
            lambda target, under: Macro(0, name, target, ("k", "v")[:variables], tuple(under)),
            nodes,
            st.lists(nodes, min_size=parts, max_size=parts),
        )

    items = st.lists(st.builds(MapItem, st.just(0), nodes, nodes, st.booleans()), max_size=3).map(tuple)
    field_items = st.lists(
        st.builds(MapItem, st.just(0), FIELDS.map(lambda name: Constant(0, name)), nodes, st.booleans()),
        max_size=2,
    ).map(tuple)
    arguments = st.lists(nodes, max_size=1).map(tuple)
    return st.one_of(
        st.builds(lambda operand, field: Select(0, operand, field), nodes, FIELDS),
        st.builds(lambda operand, field: Select(0, operand, field, optional=True), nodes, FIELDS),
        st.builds(lambda operand, field: Select(0, operand, field, test=True), nodes, FIELDS),
        st.builds(Index, st.just(0), nodes, nodes, st.booleans()),
        st.builds(Call, st.just(0), FUNCTIONS, st.none() | nodes, arguments),
        st.builds(
            lambda name, left, right: Call(0, name, None, (left, right)),
            BINARY,
            nodes,
            nodes,
        ),
        st.builds(
            lambda name, one: Call(0, name, None, (one,)),
            st.sampled_from(["!_", "-_"]),
            nodes,
        ),
        st.builds(lambda *parts: Call(0, "_?_:_", None, parts), nodes, nodes, nodes),
        st.lists(nodes, max_size=3).flatmap(
            lambda found: st.builds(
                lambda optional: ListLiteral(0, tuple(found), frozenset(optional)),
                st.sets(st.sampled_from(range(len(found)))) if found else st.just(set[int]()),
            )
        ),
        st.builds(MapLiteral, st.just(0), items),
        st.builds(MessageLiteral, st.just(0), st.sampled_from(["M", "a.b.M", ".M"]), field_items),
        MACROS.flatmap(macro),
    )


TREES: st.SearchStrategy[Node] = st.recursive(
    CONSTANTS | NAMES.map(lambda name: Name(0, name)) | NAMES.map(lambda name: Name(0, f".{name}")),
    _larger,
    max_leaves=12,
)
