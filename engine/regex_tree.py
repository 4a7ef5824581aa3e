"""The tree of a regular expression: sets of characters, the nodes over them, and what can be asked of a node."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.record import record

MAX_CODE: Final = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]


def normalized(ranges: Sequence[tuple[int, int]]) -> Ranges:
    """Sorted ranges without overlaps."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """All other characters."""
    others: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if start < low:
            others.append((start, low - 1))
        start = high + 1
    if start <= MAX_CODE:
        others.append((start, MAX_CODE))
    return tuple(others)


def disjoint(left: Ranges, right: Ranges) -> bool:
    """Have two sorted sets no member in common?"""
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i][1] < right[j][0]:
            i += 1
        elif right[j][1] < left[i][0]:
            j += 1
        else:
            return False
    return True


@record
class Chars:
    """One character of a set."""

    ranges: Ranges


@record
class Edge:
    """A place between characters: `begin`, `end` or a word `boundary`, with its spelling for `re`."""

    kind: str
    spelling: str


@record
class Group:
    """A group, capturing or not."""

    body: "Node"
    captures: str


@record
class Chain:
    """One item after the other."""

    items: tuple["Node", ...]


@record
class Choice:
    """Alternatives, the first that fits wins."""

    branches: tuple["Node", ...]


@record
class Repeat:
    """From `low` to `high` times, without end for None; `mode` is `?` when fewer is better."""

    body: "Node"
    low: int
    high: int | None
    mode: str


Node = Chars | Edge | Group | Chain | Choice | Repeat


def may_be_empty(node: Node) -> bool:
    """Can it match no character at all?"""
    if isinstance(node, Chars):
        return False
    if isinstance(node, Edge):
        return True
    if isinstance(node, Group):
        return may_be_empty(node.body)
    if isinstance(node, Chain):
        return all(may_be_empty(item) for item in node.items)
    if isinstance(node, Choice):
        return any(may_be_empty(branch) for branch in node.branches)
    return node.low == 0


def has_plain_groups(node: Node) -> bool:
    """Are all captures outside of repetitions and alternatives, where engines differ in what they keep?"""
    if isinstance(node, Chain):
        return all(map(has_plain_groups, node.items))
    if isinstance(node, Group):
        return has_plain_groups(node.body)
    if isinstance(node, Choice):
        return not any(map(captures_in, node.branches))
    if isinstance(node, Repeat):
        return not captures_in(node.body)
    return True


def captures_in(node: Node) -> bool:
    """Is there a capturing group in it?"""
    if isinstance(node, Group):
        return bool(node.captures) or captures_in(node.body)
    if isinstance(node, Chain):
        return any(map(captures_in, node.items))
    if isinstance(node, Choice):
        return any(map(captures_in, node.branches))
    return isinstance(node, Repeat) and captures_in(node.body)
