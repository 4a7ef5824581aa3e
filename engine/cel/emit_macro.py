"""Macros as Python loops. What a loop costs is paid for as many turns as it took."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from lockgate.engine.cel.ast import Macro
from lockgate.engine.cel.knowledge import SORT_BY_KEYS
from lockgate.engine.cel.pieces import Piece, turn_weight
from lockgate.engine.cel.types import BOOL, DYN, Type, list_of, map_of, optional_of
from lockgate.engine.codegen.writer import MAX_BLOCKS, SizeError

if TYPE_CHECKING:
    from lockgate.engine.cel.emit import Emitter


def emit_macro(emitter: "Emitter", node: Macro) -> Piece:
    """The code for a macro over a range or an optional."""
    return _EMITTERS[node.name](emitter, node)


@contextmanager
def _turns(emitter: "Emitter", node: Macro, items: str, turns: str) -> Iterator[None]:
    """The loop over a local that holds the range, paid for afterwards. `turns`: how many it took, as code; empty where
    the caller pays.
    """
    writer = emitter.writer
    if len(writer.blocks) >= MAX_BLOCKS:
        raise SizeError("macros are nested too deep")
    names = [writer.name(name) for name in node.variables]
    level = len(writer.blocks)
    writer.open_loop(f"for {', '.join(names)} in {items}:")
    variables = {name: Piece(local) for name, local in zip(node.variables, names, strict=True)}
    with emitter.scoped(emitter.scope, variables), emitter.knowing(), emitter.statements():
        yield
    writer.close_to(level)
    if turns:
        emitter.charge(f"{turns} * {turn_weight(node)}")


def _range(emitter: "Emitter", node: Macro) -> str:
    """A local with the items of the range, as a list."""
    target = emitter.emit(node.target)
    if len(node.variables) == 2:
        return emitter.spill(Piece(f"pairs({target.text})", DYN, 1)).text
    if target.is_a(Type("list")):
        return emitter.spill(target).text
    first, again = emitter.hold(target)
    return emitter.spill(Piece(f"({again} if {first}.__class__ is list else each({again}))", DYN, 1)).text


def _quantifier(emitter: "Emitter", node: Macro) -> Piece:
    """`all` and `exists`: they end with the turn that decides."""
    writer = emitter.writer
    starts, test = ("True", "if not {}:") if node.name == "all" else ("False", "if {}:")
    items, result = _range(emitter, node), writer.name()
    writer.line(f"{result} = {starts}")
    with _turns(emitter, node, *emitter.counted(items)):
        predicate = emitter.truth(node.parts[0])
        with writer.block(test.format(predicate.text)):
            writer.line(f"{result} = {starts != 'True'}")
            writer.line("break")
    return Piece(result, BOOL)


def _exists_one(emitter: "Emitter", node: Macro) -> Piece:
    writer = emitter.writer
    items, count = _range(emitter, node), writer.name()
    writer.line(f"{count} = 0")
    with _turns(emitter, node, items, f"len({items})"):
        predicate = emitter.truth(node.parts[0])
        with writer.block(f"if {predicate.text}:"):
            writer.line(f"{count} += 1")
    return Piece(f"({count} == 1)", BOOL, 1)


def _filter(emitter: "Emitter", node: Macro) -> Piece:
    writer = emitter.writer
    items, result = _range(emitter, node), writer.name()
    writer.line(f"{result} = []")
    with _turns(emitter, node, items, f"len({items})"):
        local = emitter.scope[node.variables[0]].text
        predicate = emitter.truth(node.parts[0])
        with writer.block(f"if {predicate.text}:"):
            writer.line(f"{result}.append({local})")
    return Piece(result, list_of(DYN))


def _collected(emitter: "Emitter", node: Macro, items: str, template: str) -> str:
    """A local with what the transformation gives for each item that the filter takes, if there is one."""
    writer = emitter.writer
    result = writer.name()
    writer.line(f"{result} = []")
    with _turns(emitter, node, items, f"len({items})"):
        key = emitter.scope[node.variables[0]].text
        *filters, transformation = node.parts
        if not filters:
            value = emitter.emit(transformation)
            writer.line(f"{result}.append({template.format(key=key, value=value.text)})")
        else:
            predicate = emitter.truth(filters[0])
            with writer.block(f"if {predicate.text}:"), emitter.knowing(predicate.if_true):
                value = emitter.emit(transformation)
                writer.line(f"{result}.append({template.format(key=key, value=value.text)})")
    return result


def _map(emitter: "Emitter", node: Macro) -> Piece:
    target = node.target
    if isinstance(target, Macro) and target.name == "filter" and len(node.variables) == len(node.parts) == 1:
        return _filtered_map(emitter, node, target)
    return Piece(_collected(emitter, node, _range(emitter, node), "{value}"), list_of(DYN))


def _filtered_map(emitter: "Emitter", node: Macro, target: Macro) -> Piece:
    """`x.filter(a, …).map(b, …)` in one loop."""
    writer, outside = emitter.writer, emitter.scope
    items, result = _range(emitter, target), writer.name()
    writer.line(f"{result} = []")
    with _turns(emitter, target, items, ""):
        item = emitter.scope[target.variables[0]]
        predicate = emitter.truth(target.parts[0])
        with (
            writer.block(f"if {predicate.text}:"),
            emitter.knowing(predicate.if_true),
            emitter.scoped(outside, {node.variables[0]: item}),
        ):
            value = emitter.emit(node.parts[0])
            writer.line(f"{result}.append({value.text})")
    emitter.charge(f"len({items}) * {turn_weight(target)} + len({result}) * {turn_weight(node)}")
    return Piece(result, list_of(DYN))


def _transform_map(emitter: "Emitter", node: Macro) -> Piece:
    entries = _collected(emitter, node, _range(emitter, node), "({key}, {value}, False)")
    return Piece(f"make_map({entries})", map_of(DYN, DYN), 1)


def _transform_entry(emitter: "Emitter", node: Macro) -> Piece:
    entries = _collected(emitter, node, _range(emitter, node), "{value}")
    return Piece(f"merged({entries})", map_of(DYN, DYN), 1)


def _optional(emitter: "Emitter", node: Macro) -> Piece:
    """`optMap` and `optFlatMap`."""
    writer = emitter.writer
    target = emitter.spill(emitter.emit(node.target))
    result, local = writer.name(), writer.name(node.variables[0])
    writer.line(f"{result} = NONE")
    with writer.block(f"if has_value({target.text}):"):
        writer.line(f"{local} = {target.text}.value")
        with emitter.scoped(emitter.scope, {node.variables[0]: Piece(local)}), emitter.knowing():
            value = emitter.emit(node.parts[0])
        writer.line(f"{result} = {value.text if node.name == 'optFlatMap' else f'wrapped({value.text})'}")
    return Piece(result, DYN if node.name == "optFlatMap" else optional_of(DYN))


def _sort_by(emitter: "Emitter", node: Macro) -> Piece:
    items = _range(emitter, node)
    keys = _collected(emitter, node, items, "{value}")
    return Piece(f"{emitter.links.name(('dispatch', *SORT_BY_KEYS))}({items}, {keys})", list_of(DYN), 1)


def _bind(emitter: "Emitter", node: Macro) -> Piece:
    """`cel.bind`: evaluated at once, which only errors could tell from cel-go's way, when it is first read."""
    value = emitter.spill(emitter.emit(node.target))
    with emitter.scoped(emitter.scope, {node.variables[0]: value}):
        return emitter.emit(node.parts[0])


_EMITTERS: Final[Mapping[str, "Callable[[Emitter, Macro], Piece]"]] = {
    "all": _quantifier,
    "bind": _bind,
    "exists": _quantifier,
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
    "optFlatMap": _optional,
    "optMap": _optional,
    "sortBy": _sort_by,
    "transformList": _map,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_entry,
}
