"""Compiles expressions: parsed, checked in an environment, generated as Python."""

from collections.abc import Mapping

from lockgate.engine.cel.ast import Node
from lockgate.engine.cel.checked import Checked
from lockgate.engine.cel.checker import check
from lockgate.engine.cel.emit import Emitter
from lockgate.engine.cel.environment import Environment
from lockgate.engine.cel.expression import CODE_FILE, FUNCTION, Artifact, Expression
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.knowledge import Typing
from lockgate.engine.cel.parser import parse
from lockgate.engine.codegen.writer import SizeError


def compile_expression(source: str, environment: Environment) -> Expression:
    """Compiles an expression. Raises ExpressionError with all that is wrong with it."""
    return compile_checked(check(parse(source), environment), environment)


def compile_checked(checked: Checked, environment: Environment) -> Expression:
    """Compiles a tree that was checked in the environment. Raises ExpressionError."""
    return compile_tree(checked.node, checked, environment.functions)


def compile_tree(node: Node, typing: Typing, functions: Mapping[str, Function]) -> Expression:
    """Compiles a tree of which `typing` knows something."""
    return Expression(_generate(node, typing, functions), functions, lambda: (node, typing))


def _generate(node: Node, typing: Typing, functions: Mapping[str, Function]) -> Artifact:
    emitter = Emitter(typing, functions)
    try:
        source, _ = emitter.function(node, FUNCTION)
        code = compile(source, CODE_FILE, "exec", dont_inherit=True)
    except (SizeError, RecursionError, MemoryError, SyntaxError):
        # Python's own limits: the careful path has wider ones.
        return Artifact(None, ())
    return Artifact(code, emitter.links.plain(), source)
