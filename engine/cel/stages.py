"""What an expression has in it that is the same in all evaluations of a policy: it depends on the parameters alone."""

from collections.abc import Iterator, Mapping
from typing import Final

from lockgate.engine.cel.ast import Call, Macro, Name, Node, Select
from lockgate.engine.cel.walking import children

# The name of the map of variables.
VARIABLES: Final = "variables"
# In a set of names: something that another evaluation may find changed.
_CHANGING: Final = ""
# In a set of names: something fixed that is more than a literal.
_FIXED: Final = "="


class Stages:
    """Knows which variables are fixed. variables: their trees, each after those that it refers to.

    fixed: paths of what does not change, such as `params` and `variables.params`.
    """

    def __init__(self, variables: Mapping[str, Node], fixed: frozenset[tuple[str, ...]]) -> None:
        self._fixed = set(fixed)
        for name, node in variables.items():
            if _CHANGING not in self._names(node, frozenset(), {}):
                self._fixed.add((VARIABLES, name))

    def fixed_parts(self, node: Node) -> list[Node]:
        """The largest parts of a tree that are fixed and worth being kept."""
        names: dict[int, frozenset[str]] = {}
        self._names(node, frozenset(), names)
        return list(_largest(node, names))

    def _names(self, node: Node, bound: frozenset[str], found: dict[int, frozenset[str]]) -> frozenset[str]:
        """What a node depends on: macros' variables from around it, and whether on what is fixed or changes."""
        if isinstance(node, Name):
            if node.name in bound:
                names = frozenset((node.name,))
            else:
                names = frozenset((_FIXED if (node.name,) in self._fixed else _CHANGING,))
        elif isinstance(node, Select) and self._is_variable(node, bound):
            names = frozenset((_FIXED if (VARIABLES, node.field) in self._fixed else _CHANGING,))
        elif isinstance(node, Macro):
            inside = bound.union(node.variables)
            parts = frozenset[str]().union(*[self._names(one, inside, found) for one in node.parts])
            names = self._names(node.target, bound, found) | parts.difference(node.variables)
        else:
            names = frozenset[str]().union(*[self._names(one, bound, found) for one in children(node)])
        found[id(node)] = names
        return names

    def _is_variable(self, node: Select, bound: frozenset[str]) -> bool:
        operand = node.operand
        return (
            isinstance(operand, Name)
            and operand.name == VARIABLES
            and VARIABLES not in bound
            and not node.optional
        )


def _largest(node: Node, names: Mapping[int, frozenset[str]]) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        found = names.get(id(one))
        if found is not None and (found == {_FIXED} or (not found and isinstance(one, Call))):
            yield one
        else:
            waiting.extend(children(one))
