"""Stages: which documents depend on constants only, such as a constraint's parameters.

They are computed once for all evaluations of a prepared program, not once for each. And which depend on what several
evaluations have in common, such as the review that all constraints judge: the first of them computes those for all.
"""

from collections.abc import Mapping, Sequence

from lockgate.engine.rego.ast import Call, Comprehension, Ref, Scalar, Var, walk
from lockgate.engine.rego.builtins.catalogue import ENTRIES, NONDETERMINISTIC
from lockgate.engine.rego.printing import PRINT
from lockgate.engine.rego.ruletree import RuleTree
from lockgate.engine.rego.term_parser import dotted, operator_name


class Stages:
    """Finds what depends on constants only. `constants` are places such as ("input", "parameters").

    common: places that evaluations which are made together have in common, such as ("input", "review"). fixed, shared:
    the groups that depend on the ones or the others alone, by index.
    """

    def __init__(
        self,
        tree: RuleTree,
        edges: Mapping[int, set[int]],
        constants: Sequence[tuple[str, ...]],
        common: Sequence[tuple[str, ...]] = (),
    ) -> None:
        self._tree = tree
        self._constants = _inputs(constants)
        self.fixed = self._closed(edges, self._constants)
        self.shared = self._closed(edges, _inputs(common)) - self.fixed if common else set[int]()

    def _closed(self, edges: Mapping[int, set[int]], places: Sequence[tuple[str, ...]]) -> set[int]:
        """The groups that refer to nothing but places in `input`, and to groups that do not either."""
        varying = {
            group.index
            for group in self._tree.groups
            if not all(self._nodes_within(alternative, places) for alternative in group.alternatives())
        }
        changed = True
        while changed:
            changed = False
            for index, targets in edges.items():
                if index not in varying and targets & varying:
                    varying.add(index)
                    changed = True
        return {group.index for group in self._tree.groups if group.index not in varying}

    def is_fixed(self, term: Comprehension) -> bool:
        """Does a comprehension depend on constants and fixed documents only (its free variables apart)?"""
        if not self._nodes_within(term, self._constants):
            return False
        return all(group.index in self.fixed for group, _ in self._tree.referenced([term]))

    def _nodes_within(self, root: object, places: Sequence[tuple[str, ...]]) -> bool:
        for node in walk(root):
            if isinstance(node, Ref) and isinstance(node.head, Var):
                if node.head.name == "input" and not _is_within(node, places):
                    return False
                if node.head.name == "data" and not self._is_rule(node):
                    return False
            elif isinstance(node, Call) and self._tree.function(node.function) is None:
                name = operator_name(node.function) or dotted(node.function)
                entry = ENTRIES.get(name)
                if entry is None or name in NONDETERMINISTIC or name in ("trace", PRINT):
                    return False
        return True

    def is_constant(self, reference: Ref) -> bool:
        """Is it a reference to a constant or into one?"""
        if not isinstance(reference.head, Var) or reference.head.name != "input":
            return False
        return _is_within(reference, self._constants)

    def _is_rule(self, reference: Ref) -> bool:
        node, _ = self._tree.find(reference.operands)
        return node.group is not None and not node.children


def _inputs(places: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Those of the places that are in `input`, without it."""
    return [tuple(path[1:]) for path in places if path and path[0] == "input"]


def _is_within(reference: Ref, places: Sequence[tuple[str, ...]]) -> bool:
    """Does a reference to `input` lead to one of the places in it?"""
    fixed: list[str] = []
    for operand in reference.operands:
        if not isinstance(operand, Scalar) or type(operand.value) is not str:
            break
        fixed.append(operand.value)
    return any(tuple(fixed[: len(path)]) == path for path in places)
