"""Compiles expressions: parsed, checked in an environment, generated as Python."""

from collections.abc import Mapping

from lockgate.engine.cel.ast import Node
from lockgate.engine.cel.emit import Emitter
from lockgate.engine.cel.expression import CODE_FILE, Artifact, Expression
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.knowledge import Typing
from lockgate.engine.codegen.writer import SizeError


def compile_tree(node: Node, typing: Typing, functions: Mapping[str, Function]) -> Expression:
    """Compiles a checked tree. Raises ExpressionError."""

    def tree() -> Node:
        return node

    return Expression(_generate(node, typing), functions, tree)


def _generate(node: Node, typing: Typing) -> Artifact:
    emitter = Emitter(typing)
    try:
        source = emitter.function(node)
        code = compile(source, CODE_FILE, "exec", dont_inherit=True)
    except (SizeError, RecursionError, MemoryError, SyntaxError):
        # Python's own limits: the careful path has wider ones.
        return Artifact(None, ())
    return Artifact(code, emitter.links.plain(), source)
