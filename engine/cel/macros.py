"""Macros: calls that the parser rewrites before anything is looked up, by their names and numbers of arguments.

After cel-go's parser/macro.go, ext/comprehensions.go (two variables), ext/lists.go (`sortBy`) and cel/library.go
(`optMap`, `optFlatMap`), with their messages.
"""

from typing import Final

from lockgate.engine.cel.ast import Call, Index, ListLiteral, Macro, Name, Node, Select
from lockgate.engine.cel.errors import ExpressionError, Mistake
from lockgate.engine.record import record


@record
class Shape:
    """How a macro is written: its name in the tree, how many variables come first, and how their mistakes are said."""

    name: str
    variables: int
    refusal: str


_QUANTIFIER = "argument must be a simple name"
_MAP = "argument is not an identifier"

# By name and number of arguments.
RECEIVER_MACROS: Final[dict[tuple[str, int], Shape]] = {
    ("all", 2): Shape("all", 1, _QUANTIFIER),
    ("all", 3): Shape("all", 2, _QUANTIFIER),
    ("exists", 2): Shape("exists", 1, _QUANTIFIER),
    ("exists", 3): Shape("exists", 2, _QUANTIFIER),
    ("exists_one", 2): Shape("exists_one", 1, _QUANTIFIER),
    ("exists_one", 3): Shape("exists_one", 2, _QUANTIFIER),
    ("existsOne", 3): Shape("exists_one", 2, _QUANTIFIER),
    ("map", 2): Shape("map", 1, _MAP),
    ("map", 3): Shape("map", 1, _MAP),
    ("filter", 2): Shape("filter", 1, _MAP),
    ("transformList", 3): Shape("transformList", 2, _QUANTIFIER),
    ("transformList", 4): Shape("transformList", 2, _QUANTIFIER),
    ("transformMap", 3): Shape("transformMap", 2, _QUANTIFIER),
    ("transformMap", 4): Shape("transformMap", 2, _QUANTIFIER),
    ("transformMapEntry", 3): Shape("transformMapEntry", 2, _QUANTIFIER),
    ("transformMapEntry", 4): Shape("transformMapEntry", 2, _QUANTIFIER),
    ("optMap", 2): Shape("optMap", 1, "optMap() variable name must be a simple identifier"),
    ("optFlatMap", 2): Shape("optFlatMap", 1, "optFlatMap() variable name must be a simple identifier"),
    ("sortBy", 2): Shape("sortBy", 1, _MAP),
}
# What cel-go's expansions call their results.
_ACCUMULATOR = "__result__"


def global_macro(offset: int, function: str, arguments: tuple[Node, ...]) -> Node | None:
    """`has(a.b)` as a select that tests; None for any other call. Raises ExpressionError for one of something else."""
    if function != "has" or len(arguments) != 1:
        return None
    argument = arguments[0]
    if not isinstance(argument, Select) or argument.optional:
        raise _error(argument.offset, "invalid argument to has() macro")
    return Select(offset, argument.operand, argument.field, test=True)


def receiver_macro(offset: int, function: str, target: Node, arguments: tuple[Node, ...]) -> Macro | None:
    """The macro that this call is, or None. Raises ExpressionError for one with wrong variables."""
    shape = RECEIVER_MACROS.get((function, len(arguments)))
    if shape is None:
        return None
    if shape.name == "sortBy" and not isinstance(target, ListLiteral | Select | Name | Macro | Call | Index):
        raise _error(
            target.offset,
            "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
        )
    places = arguments[: shape.variables]
    variables = tuple([_variable(one, shape) for one in places])
    if len(variables) == 2 and variables[0] == variables[1]:
        raise _error(places[1].offset, f"duplicate variable name: {variables[0]}")
    if not shape.name.startswith("opt"):
        for name, place in zip(variables, places, strict=True):
            if name == _ACCUMULATOR:
                raise _error(place.offset, "iteration variable overwrites accumulator variable")
    return Macro(offset, shape.name, target, variables, arguments[shape.variables :])


def _variable(argument: Node, shape: Shape) -> str:
    if not isinstance(argument, Name) or argument.name.startswith("."):
        raise _error(argument.offset, shape.refusal)
    return argument.name


def _error(offset: int, message: str) -> ExpressionError:
    return ExpressionError((Mistake(offset, message),))
