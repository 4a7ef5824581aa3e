"""Certificate policies along a chain (RFC 5280, section 6.1), as a graph, which stays small where a tree would not.

The graph is that of RFC 9618. A caller's own policies are not asked for, so that any are welcome.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.engine.rego.builtins.x509.certificates import Certificate

# The object identifier of the policy that stands for any, 2.5.29.32.0.
_ANY: Final = bytes([0x55, 0x1D, 0x20, 0x00])


class _Node:
    """A policy of one level. `expected` are the policies that continue it on the next."""

    def __init__(self, policy: bytes, parents: Iterable["_Node"]) -> None:
        self.policy = policy
        self.expected: Sequence[bytes] = [policy]
        self.parents = list(parents)
        self.children = 0
        for parent in self.parents:
            parent.children += 1


class _Graph:
    """The policies that are valid so far, level by level from the root's side."""

    def __init__(self) -> None:
        self.levels: list[dict[bytes, _Node]] = [{_ANY: _Node(_ANY, ())}]

    def add(self, policy: bytes, parents: Sequence[_Node]) -> _Node:
        """Adds a policy to the last level."""
        node = self.levels[-1][policy] = _Node(policy, parents)
        return node

    def remove(self, policy: bytes) -> None:
        """Takes a policy out of the last level."""
        self._remove(self.levels[-1], policy)

    def _remove(self, level: dict[bytes, _Node], policy: bytes) -> None:
        node = level.pop(policy, None)
        if node is not None:
            for parent in node.parents:
                parent.children -= 1

    def prune(self) -> None:
        """Takes out what nothing continues."""
        for level in self.levels[-2:0:-1]:
            for policy in [policy for policy, node in level.items() if not node.children]:
                self._remove(level, policy)

    def descend(self, policies: Sequence[bytes]) -> None:
        """Adds a level with the policies of the next certificate that continue those above."""
        above = self.levels[-1]
        continued: dict[bytes, list[_Node]] = {}
        for node in above.values():
            for policy in node.expected:
                continued.setdefault(policy, []).append(node)
        wild = [above[_ANY]] if _ANY in above else []
        self.levels.append({})
        for policy in policies:
            parents = continued.get(policy) or wild
            if policy != _ANY and parents:
                self.add(policy, parents)

    def continue_all(self) -> None:
        """Adds to the last level what is expected there and missing."""
        missing: dict[bytes, list[_Node]] = {}
        for node in self.levels[-2].values():
            for policy in node.expected:
                if policy not in self.levels[-1]:
                    missing.setdefault(policy, []).append(node)
        for policy, parents in missing.items():
            self.add(policy, parents)

    def map(self, mappings: dict[bytes, list[bytes]]) -> None:
        """Lets policies of the last level go on under other names."""
        level = self.levels[-1]
        for issuer, subjects in mappings.items():
            if issuer in level:
                level[issuer].expected = subjects
            elif _ANY in level:
                self.add(issuer, [level[_ANY]]).expected = subjects

    def valid(self) -> bool:
        """Is there any policy that all certificates of the chain agree on?"""
        if _ANY in self.levels[-1]:
            return True
        for level in self.levels:
            for policy, node in level.items():
                if policy != _ANY and [parent.policy for parent in node.parents] == [_ANY]:
                    return True
        return False


def agrees_on_policies(chain: Sequence[Certificate]) -> bool:
    """Does a chain, the leaf first, have a valid policy where one of its certificates asks for one?"""
    count = len(chain) - 1
    graph: _Graph | None = _Graph()
    # How many certificates further on each begins to hold.
    explicit = mapping = any_policy = count + 1
    for index in range(count - 1, -1, -1):
        certificate = chain[index]
        details = certificate.details
        self_issued = certificate.raw_issuer == certificate.raw_subject
        policies = details.policies or ()
        if not policies:
            graph = None
        if explicit == 0 and graph is None:
            return False
        if graph is not None:
            graph.descend(policies)
            if _ANY in policies and (any_policy > 0 or (index > 0 and self_issued)):
                graph.continue_all()
            graph.prune()
            if index > 0 and details.policy_mappings and not _mapped(graph, certificate, mapping):
                return False
        if index > 0:
            step = 0 if self_issued else 1
            explicit = _lowered(explicit, step, details.require_explicit_policy)
            mapping = _lowered(mapping, step, details.inhibit_policy_mapping)
            any_policy = _lowered(any_policy, step, details.inhibit_any_policy)
    explicit = max(explicit - 1, 0)
    if chain[0].details.require_explicit_policy == 0:
        explicit = 0
    return explicit > 0 or count == 0 or (graph is not None and graph.valid())


def _lowered(counter: int, step: int, limit: int | None) -> int:
    counter = max(counter - step, 0)
    return min(counter, limit) if limit is not None and limit >= 0 else counter


def _mapped(graph: _Graph, certificate: Certificate, mapping: int) -> bool:
    """Applies the policy mappings of a certificate. False when they are not valid."""
    if mapping == 0:
        for issuer, _ in certificate.details.policy_mappings:
            graph.remove(issuer)
        graph.prune()
        return True
    mappings: dict[bytes, list[bytes]] = {}
    for issuer, subject in certificate.details.policy_mappings:
        if _ANY in (issuer, subject):
            return False
        mappings.setdefault(issuer, []).append(subject)
    graph.prune()
    graph.map(mappings)
    return True
