"""A bound on the work that a backtracking matcher takes for a pattern, as a polynomial in the length of the text.

The proof counts the *ways* to arrive at each place of the pattern: a choice multiplies them, unless the next character
decides it, and a loop multiplies them by n, unless the character after the loop cannot be in the loop.
"""

from dataclasses import field
from typing import Final

from lockgate.engine.record import mutable_record, record
from lockgate.engine.regex_subset import OutsideSubsetError
from lockgate.engine.regex_tree import (
    MAX_CODE,
    Chain,
    Chars,
    Choice,
    Edge,
    Group,
    Node,
    Ranges,
    Repeat,
    disjoint,
    may_be_empty,
    normalized,
)

# Stands for the end of the text among the characters that may come next.
_END: Final = MAX_CODE + 1
# Unrolling counted groups must not take longer than matching.
_MAX_VISITS: Final = 5_000
_MAX_FACTOR: Final = 1_000_000


def first(node: Node, follow: Ranges) -> Ranges:
    """The characters that can come next where this is tried before what begins with `follow`."""
    if isinstance(node, Chars):
        return node.ranges
    if isinstance(node, Edge):
        return ((_END, _END),) if node.kind == "end" else follow
    if isinstance(node, Group):
        return first(node.body, follow)
    if isinstance(node, Chain):
        for item in reversed(node.items):
            follow = first(item, follow)
        return follow
    if isinstance(node, Choice):
        return normalized([span for branch in node.branches for span in first(branch, follow)])
    found = first(node.body, ())
    return normalized(found + follow) if node.low == 0 else found


@record
class Ways:
    """At most `factor * n**degree` ways to arrive at each character of a text of n."""

    degree: int
    factor: int


@mutable_record
class Work:
    """A polynomial in n: coefficients by degree."""

    coefficients: dict[int, int] = field(default_factory=dict)

    def add(self, degree: int, steps: int) -> None:
        """Adds `steps * n**degree`."""
        self.coefficients[degree] = self.coefficients.get(degree, 0) + steps

    def at(self, n: int) -> int:
        """The steps on a text of so many characters."""
        return sum(steps * (n + 1) ** degree for degree, steps in self.coefficients.items())

    def longest(self, budget: int) -> int:
        """The length of the longest text that takes no more steps than the budget; -1 if none does."""
        low, high = -1, budget
        while low < high:
            middle = (low + high + 1) // 2
            if self.at(middle) <= budget:
                low = middle
            else:
                high = middle - 1
        return low


@record
class Follow:
    """What comes after a place: the characters that can be next, and the steps until another one is refused."""

    ranges: Ranges
    steps: int


def _before(node: Node, follow: Follow) -> Follow:
    return Follow(first(node, follow.ranges), _steps_to_refuse(node, follow.steps))


def _steps_to_refuse(node: Node, after: int) -> int:
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Edge):
        return 1 + after
    if isinstance(node, Group):
        return 1 + _steps_to_refuse(node.body, after)
    if isinstance(node, Chain):
        for item in reversed(node.items):
            after = _steps_to_refuse(item, after)
        return 1 + after
    if isinstance(node, Choice):
        return 1 + sum(_steps_to_refuse(branch, after) for branch in node.branches)
    return 1 + _steps_to_refuse(node.body, 0) + (after if node.low == 0 else 0)


class _Prover:
    def __init__(self) -> None:
        self.visits = 0

    def visit(self, node: Node, follow: Follow, ways: Ways, work: Work) -> Ways:
        self.visits += 1
        if self.visits > _MAX_VISITS or ways.factor > _MAX_FACTOR:
            raise OutsideSubsetError
        work.add(ways.degree, ways.factor)
        if isinstance(node, Chars | Edge):
            return ways
        if isinstance(node, Group):
            return self.visit(node.body, follow, ways, work)
        if isinstance(node, Chain):
            follows = [follow]
            for item in reversed(node.items[1:]):
                follows.append(_before(item, follows[-1]))
            for item in node.items:
                ways = self.visit(item, follows.pop(), ways, work)
            return ways
        if isinstance(node, Choice):
            return self.visit_choice(node, follow, ways, work)
        return self.visit_repeat(node, follow, ways, work)

    def visit_choice(self, node: Choice, follow: Follow, ways: Ways, work: Work) -> Ways:
        if sum(map(may_be_empty, node.branches)) > 1:
            raise OutsideSubsetError
        outs = [self.visit(branch, follow, ways, work) for branch in node.branches]
        firsts = [first(branch, follow.ranges) for branch in node.branches]
        decided = all(
            disjoint(one, other) for index, one in enumerate(firsts) for other in firsts[index + 1 :]
        )
        return _decided(outs, follow, work) if decided else _undecided(outs)

    def visit_repeat(self, node: Repeat, follow: Follow, ways: Ways, work: Work) -> Ways:
        again = first(node.body, ())
        decided = disjoint(again, follow.ranges)
        inner = Follow(normalized(again + follow.ranges), follow.steps + _steps_to_refuse(node.body, 0) + 1)
        if node.high is None:
            turn = 1 + (follow.steps if decided else 0)
            if not isinstance(node.body, Chars):
                inside = Work()
                out = self.visit(node.body, inner, Ways(0, 1), inside)
                # A body with a choice that the next character does not decide would take exponential time.
                if out != Ways(0, 1) or max(inside.coefficients) > 0:
                    raise OutsideSubsetError
                turn += inside.coefficients[0]
            work.add(ways.degree + 1, ways.factor * turn)
            return ways if decided else Ways(ways.degree + 1, ways.factor)
        if isinstance(node.body, Chars):
            stops = node.high - node.low + 1
            work.add(ways.degree, ways.factor * (node.high + stops * follow.steps))
            return ways if decided or stops == 1 else Ways(ways.degree, ways.factor * stops)
        outs = [ways] if node.low == 0 else []
        for turn in range(1, node.high + 1):
            ways = self.visit(node.body, inner if turn < node.high else follow, ways, work)
            if turn >= node.low:
                outs.append(ways)
        return _decided(outs, follow, work) if decided else _undecided(outs)


def _undecided(outs: list[Ways]) -> Ways:
    return Ways(max(out.degree for out in outs), sum(out.factor for out in outs))


def _decided(outs: list[Ways], follow: Follow, work: Work) -> Ways:
    """All ways but one end at the next character, after some steps."""
    both = _undecided(outs)
    if len(outs) > 1:
        work.add(both.degree, both.factor * follow.steps)
    return Ways(both.degree, max(out.factor for out in outs))


def is_anchored(node: Node) -> bool:
    """Does every match begin at the beginning of the text?"""
    if isinstance(node, Edge):
        return node.kind == "begin"
    if isinstance(node, Group):
        return is_anchored(node.body)
    if isinstance(node, Chain):
        return bool(node.items) and is_anchored(node.items[0])
    if isinstance(node, Choice):
        return all(map(is_anchored, node.branches))
    return False


def bound_work(tree: Node) -> Work:
    """A bound on the steps of one search, or of finding all matches. Raises OutsideSubsetError without one."""
    work = Work()
    # Every place of the text is tried as the beginning, and again after a match.
    work.add(1, 2)
    _Prover().visit(tree, Follow((), 0), Ways(0 if is_anchored(tree) else 1, 2), work)
    return work
