"""Python code for references into `data` that are not fixed above the rules (see `codegen.branches`)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockgate.engine.rego.module_code import ModuleCode
from lockgate.engine.rego.ruletree import HIDDEN, Node

if TYPE_CHECKING:
    from lockgate.engine.errors import Location
    from lockgate.engine.rego.ast import Term
    from lockgate.engine.rego.emit_term import TermEmitter


def branch_reference(
    emitter: "TermEmitter", node: Node, operands: "Sequence[Term]", location: "Location", *, fail: bool
) -> str:
    """The value of a reference that goes on from a place with these operands; see `TermEmitter.reference`."""
    writer, context = emitter.writer, emitter.context
    current = branch_name(emitter.module, node)
    for operand in operands:
        if emitter.has_unbound(operand):
            keys, key = writer.name("keys"), writer.name("key")
            writer.line(f"{keys} = branch_keys({context}, {current})")
            emitter.kinds[keys] = "list"
            emitter.loop(keys, None, key, location)
            emitter.match(operand, key)
            part = key
        else:
            part = emitter.atom(operand)
        following = writer.name("at")
        writer.line(f"{following} = branch_step({context}, {current}, {part})")
        current = following
    found = writer.name("document")
    writer.line(f"{found} = branch_value({context}, {current})")
    if fail:
        writer.fail_if(f"{found} is U")
    return found


def branch_name(module: ModuleCode, node: Node) -> str:
    """The Python name of a place with all places below it, which it adds to the module."""
    known = module.branches.get(node.path)
    if known is not None:
        return known
    children = {
        name: branch_name(module, child)
        for name, child in sorted(node.children.items())
        if not name.startswith(HIDDEN) and not _is_function(child)
    }
    rule = whole = "None"
    if node.group is not None:
        rule = module.document_name(node) if node.children else module.function_name(node.group)
    else:
        whole = module.document_name(node)
    name = module.branches[node.path] = f"t{len(module.branches)}"
    shown = "{" + "".join(f"{part!a}: {child}, " for part, child in children.items()) + "}"
    module.branch_lines.append(f"{name} = Branch({node.path!a}, {shown}, {rule}, {whole})")
    return name


def _is_function(node: Node) -> bool:
    """Is there nothing but a function, which is no document?"""
    group = node.group
    return group is not None and group.kind == "function" and bool(group.arity) and not node.children
