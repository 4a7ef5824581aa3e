"""Bounds on what the aliases of a YAML document expand to ("billion laughs").

go-yaml v2's own rule is kept exactly (decode.go, `allowedAliasRatio`), so that what it refuses is refused here; beside
it stands a cap on the text that aliases add, for a long string repeated often passes that rule.
"""

import re
from typing import Final

from lockgate.engine.codegen.budget import MAX_DEPTH
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.scalars import MERGE_TAG, PLAIN
from lockgate.engine.documents.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode, YamlError, place
from lockgate.engine.record import record

# The API server takes requests of 3 MiB; no object that is larger once expanded can be applied.
MAX_EXPANDED_CHARACTERS: Final = 8 * 1024 * 1024

# go-yaml's numbers: below these counts nothing is refused, and the share of aliases sinks from 0.99 to 0.10.
_FREE_ALIASES, _FREE_DECODES = 100, 1_000
_LOW, _HIGH = 400_000, 4_000_000

# What an anchor and an alias look like, wherever they stand; shell scripts are full of `&&` and `*`.
_ANCHOR: Final = re.compile(r"&[0-9A-Za-z_-]")
_ALIAS: Final = re.compile(r"\*[0-9A-Za-z_-]")

_HINT: Final = "write the values out, or split the document"


@record
class Aliases:
    """Which edges of the tree are aliases: (id of the parent, index of the child), and the ids they lead to."""

    edges: frozenset[tuple[int, int]]
    targets: frozenset[int]


NO_ALIASES: Final = Aliases(frozenset(), frozenset())


def children(node: Node) -> list[Node]:
    """The nodes directly below, of a mapping keys and values in turn."""
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return node.value if isinstance(node, SequenceNode) else []


def find_aliases(root: Node) -> Aliases:
    """The aliases of a tree: every way to a node but the first in the order of the text."""
    seen = {id(root)}
    edges: set[tuple[int, int]] = set()
    targets: set[int] = set()
    waiting: list[tuple[Node, int, Node]] = [(root, i, c) for i, c in enumerate(children(root))][::-1]
    while waiting:
        parent, index, node = waiting.pop()
        if id(node) in seen:
            edges.add((id(parent), index))
            targets.add(id(node))
            continue
        seen.add(id(node))
        waiting.extend([(node, i, c) for i, c in enumerate(children(node))][::-1])
    return Aliases(frozenset(edges), frozenset(targets)) if edges else NO_ALIASES


def _allowed_share(decodes: int) -> float:
    if decodes <= _LOW:
        return 0.99
    if decodes >= _HIGH:
        return 0.10
    return 0.99 - 0.89 * ((decodes - _LOW) / (_HIGH - _LOW))


class _Walk:
    """Visits the expanded tree in go-yaml's order and counts as it does."""

    def __init__(self, chunk: Chunk, aliases: Aliases) -> None:
        self.chunk = chunk
        self.edges = aliases.edges
        self.decodes = 1  # the document node
        self.alias_decodes = 0
        self.characters = 0
        self.open: set[int] = set()

    def fail(self, message: str, node: Node) -> YamlError:
        return YamlError(message, *place(self.chunk, node.start_mark), _HINT)

    def count(self, node: Node, inside: int) -> None:
        self.decodes += 1
        if inside:
            self.alias_decodes += 1
        if (
            self.alias_decodes > _FREE_ALIASES
            and self.decodes > _FREE_DECODES
            and self.alias_decodes / self.decodes > _allowed_share(self.decodes)
        ):
            raise self.fail("the document contains excessive aliasing", node)

    def child(self, parent: Node, index: int, node: Node, inside: int, depth: int) -> None:
        if (id(parent), index) in self.edges:
            self.count(node, inside)  # the alias itself
            inside += 1
        self.visit(node, inside, depth)

    def visit(self, node: Node, inside: int, depth: int) -> None:
        self.count(node, inside)
        if isinstance(node, ScalarNode):
            if inside:
                self.characters += len(node.value)
                if self.characters > MAX_EXPANDED_CHARACTERS:
                    limit = MAX_EXPANDED_CHARACTERS // (1024 * 1024)
                    raise self.fail(f"the aliases of the document add more than {limit} MiB of text", node)
            return
        if id(node) in self.open:
            raise self.fail("an anchor's value contains itself", node)
        if depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH} levels", node)
        self.open.add(id(node))
        if isinstance(node, MappingNode):
            for index, (key, item) in enumerate(node.value):
                if is_merge(key):
                    self.merge(node, 2 * index + 1, item, inside, depth)
                else:
                    self.child(node, 2 * index, key, inside, depth + 1)
                    self.child(node, 2 * index + 1, item, inside, depth + 1)
        else:
            for index, item in enumerate(node.value):
                self.child(node, index, item, inside, depth + 1)
        self.open.discard(id(node))

    def merge(self, parent: Node, index: int, node: Node, inside: int, depth: int) -> None:
        """A merged mapping counts as if its pairs stood in the parent; a sequence of them is not counted itself."""
        if isinstance(node, SequenceNode) and (id(parent), index) not in self.edges:
            for position, item in reversed(list(enumerate(node.value))):
                self.child(node, position, item, inside, depth + 1)
        else:
            self.child(parent, index, node, inside, depth + 1)


def is_merge(key: Node) -> bool:
    """Whether a key is YAML's merge key `<<`, unquoted or tagged so."""
    return isinstance(key, ScalarNode) and key.value == "<<" and key.tag in (PLAIN, MERGE_TAG)


def check_aliases(root: Node, chunk: Chunk) -> Aliases:
    """The aliases of a document, none when it has no anchor. Raises YamlError when they expand to too much."""
    if not ("&" in chunk.text and "*" in chunk.text):
        return NO_ALIASES
    if not (_ANCHOR.search(chunk.text) and _ALIAS.search(chunk.text)):
        return NO_ALIASES
    aliases = find_aliases(root)
    if aliases.edges:
        _Walk(chunk, aliases).visit(root, 0, 1)
    return aliases
