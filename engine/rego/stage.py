"""Stages: which documents depend on constants only, such as a constraint's parameters.

They are computed once for all evaluations of a prepared program, not once for each.
"""

from collections.abc import Mapping, Sequence

from lockgate.engine.rego.ast import Call, Comprehension, Ref, Scalar, Var, walk
from lockgate.engine.rego.builtins.catalogue import ENTRIES, NONDETERMINISTIC
from lockgate.engine.rego.printing import PRINT
from lockgate.engine.rego.ruletree import Group, RuleTree
from lockgate.engine.rego.term_parser import dotted, operator_name


class Stages:
    """Finds what depends on constants only. `constants` are places such as ("input", "parameters")."""

    def __init__(
        self, tree: RuleTree, edges: Mapping[int, set[int]], constants: Sequence[tuple[str, ...]]
    ) -> None:
        self._tree = tree
        self._constants = [tuple(path[1:]) for path in constants if path and path[0] == "input"]
        varying = {group.index for group in tree.groups if not self._is_own_fixed(group)}
        changed = True
        while changed:
            changed = False
            for index, targets in edges.items():
                if index not in varying and targets & varying:
                    varying.add(index)
                    changed = True
        self.fixed = {group.index for group in tree.groups if group.index not in varying}

    def is_fixed(self, term: Comprehension) -> bool:
        """Does a comprehension depend on constants and fixed documents only (its free variables apart)?"""
        if not self._nodes_fixed(term):
            return False
        return all(group.index in self.fixed for group, _ in self._tree.referenced([term]))

    def _is_own_fixed(self, group: Group) -> bool:
        return all(self._nodes_fixed(alternative) for alternative in group.alternatives())

    def _nodes_fixed(self, root: object) -> bool:
        for node in walk(root):
            if isinstance(node, Ref) and isinstance(node.head, Var):
                if node.head.name == "input" and not self.is_constant(node):
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
        fixed: list[str] = []
        for operand in reference.operands:
            if not isinstance(operand, Scalar) or type(operand.value) is not str:
                break
            fixed.append(operand.value)
        return any(tuple(fixed[: len(path)]) == path for path in self._constants)

    def _is_rule(self, reference: Ref) -> bool:
        node, _ = self._tree.find(reference.operands)
        return node.group is not None and not node.children
