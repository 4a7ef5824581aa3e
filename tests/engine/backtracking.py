"""A plain backtracking matcher that counts its steps, to hold against the bound that `regex_subset` proves."""

from collections.abc import Callable
from typing import Final

from lockgate.engine.regex_tree import Chain, Chars, Choice, Edge, Group, Node, Repeat

WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


class _Stop(Exception):
    """More steps than allowed."""


class _Matcher:
    def __init__(self, text: str, limit: int) -> None:
        self.text = text
        self.limit = limit
        self.steps = 0

    def match(self, node: Node, at: int, then: Callable[[int], bool]) -> bool:
        self.steps += 1
        if self.steps > self.limit:
            raise _Stop
        if isinstance(node, Chars):
            if at == len(self.text) or not any(a <= ord(self.text[at]) <= b for a, b in node.ranges):
                return False
            return then(at + 1)
        if isinstance(node, Edge):
            return self.edge(node, at) and then(at)
        if isinstance(node, Group):
            return self.match(node.body, at, then)
        if isinstance(node, Chain):
            return self.chain(node.items, 0, at, then)
        if isinstance(node, Choice):
            return any(self.match(branch, at, then) for branch in node.branches)
        return self.repeat(node, 0, at, then)

    def edge(self, node: Edge, at: int) -> bool:
        if node.kind == "begin":
            return at == 0
        if node.kind == "end":
            return at == len(self.text)
        before = at > 0 and self.text[at - 1] in WORD
        after = at < len(self.text) and self.text[at] in WORD
        return before != after

    def chain(self, items: tuple[Node, ...], index: int, at: int, then: Callable[[int], bool]) -> bool:
        if index == len(items):
            return then(at)
        return self.match(items[index], at, lambda after: self.chain(items, index + 1, after, then))

    def repeat(self, node: Repeat, count: int, at: int, then: Callable[[int], bool]) -> bool:
        def again(after: int) -> bool:
            return self.repeat(node, count + 1, after, then)

        more = node.high is None or count < node.high
        if count < node.low:
            return self.match(node.body, at, again)
        if node.mode == "?":
            return then(at) or (more and self.match(node.body, at, again))
        return (more and self.match(node.body, at, again)) or then(at)


def count_steps(tree: Node, text: str, limit: int) -> int:
    """The steps of searching the text from each place on until a match, at most one more than the limit."""
    matcher = _Matcher(text, limit)
    try:
        for start in range(len(text) + 1):
            if matcher.match(tree, start, lambda _: True):
                break
    except _Stop:
        pass
    return matcher.steps
