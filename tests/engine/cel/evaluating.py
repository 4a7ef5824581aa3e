"""Expressions compiled without a checker, on both paths, for the tests of the compiler."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.cel.budget import CostBudget
from lockgate.engine.cel.compiler import compile_expression, compile_tree
from lockgate.engine.cel.environment import make_environment
from lockgate.engine.cel.errors import CelError, CostError, ExpressionError
from lockgate.engine.cel.expression import Artifact, Expression
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.knowledge import Untyped
from lockgate.engine.cel.library.catalogue import FUNCTIONS
from lockgate.engine.cel.library.equality import equal
from lockgate.engine.cel.parser import parse
from lockgate.engine.cel.types import DYN
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits

BY_NAME: Final[Mapping[str, Function]] = {one.name: one for one in FUNCTIONS}

ENVIRONMENT: Final = make_environment(FUNCTIONS, {"object": DYN, "x": DYN})


def compiled(source: str) -> Expression:
    """An expression of which no types are known."""
    return compile_tree(parse(source), Untyped(BY_NAME), BY_NAME)


def checked(source: str) -> Expression | None:
    """The expression with `object` as Kubernetes declares it; None where the checker refuses it."""
    try:
        return compile_expression(source, ENVIRONMENT)
    except ExpressionError:
        return None


def careful(source: str) -> Expression:
    """The same without a fast path."""
    return Expression(Artifact(None, ()), BY_NAME, lambda: (parse(source), Untyped(BY_NAME)))


def outcome(expression: Expression, variables: Mapping[str, Value], limits: Limits | None = None) -> Value:
    """The value, or the error as text."""
    try:
        return expression.evaluate(variables, CostBudget(limits or Limits()))
    except (CelError, CostError) as error:
        return f"{type(error).__name__}: {error}"


def same(left: Value, right: Value) -> bool:
    """Are two outcomes the same, in their kinds too?"""
    return type(left) is type(right) and equal(left, right)
