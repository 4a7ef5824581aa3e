"""Where the values of a YAML document stand: the node tree read by path, nothing computed before it is asked for."""

from collections.abc import Sequence
from typing import Any

from lockgate.engine.documents.aliases import is_merge
from lockgate.engine.documents.block_yaml import BlockValue
from lockgate.engine.documents.chunks import Chunk
from lockgate.engine.documents.document import Located, Path, Span
from lockgate.engine.documents.scalars import QUOTED, SPECIAL_FIRST
from lockgate.engine.documents.yaml_nodes import (
    CollectionNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    YamlError,
    compose,
    place,
)
from lockgate.engine.documents.yaml_values import build, name_of
from lockgate.engine.errors import ReadTwiceError


class YamlSource:
    """The tree of one document, parsed again if it was not kept (None). Shared by the items of a List.

    read: the value that was read without the tree, which the tree must have too.
    """

    __slots__ = ("_read", "_root", "chunk")

    def __init__(self, chunk: Chunk, root: Node | None, read: BlockValue | None = None) -> None:
        self.chunk = chunk
        self._root = root
        self._read = read

    def root(self) -> Node:
        """The root of the tree. Raises ReadTwiceError."""
        if self._root is None:
            self._root = self._compose()
        return self._root

    def _compose(self) -> Node:
        try:
            root = compose(self.chunk)
            if root is None:
                raise ReadTwiceError(self.chunk.line + 1)
            # As texts, in which true is not 1.
            if self._read is not None and repr(build(root, self.chunk)) != repr((self._read.value, [])):
                raise ReadTwiceError(self.chunk.line + 1)
        except YamlError as error:
            raise ReadTwiceError(self.chunk.line + 1) from error
        return root


def _child(node: Node, element: str | int, chunk: Chunk) -> Node | None:
    """The node of a list's item or of a mapping's value; of a key set twice the last one."""
    if isinstance(node, SequenceNode):
        inside = type(element) is int and 0 <= element < len(node.value)
        return node.value[element] if inside else None
    if not isinstance(node, MappingNode) or type(element) is not str:
        return None
    # An unquoted key has another name than its text only if it is a boolean or a number, and so is that name.
    certain = element[:1] not in SPECIAL_FIRST and element != "<<"
    found: Node | None = None
    for key, item in node.value:
        tag = key.tag
        if tag is QUOTED or (certain and not tag and key.value != "<<"):
            if key.value == element:
                found = item
        elif is_merge(key):
            merged = [item] if isinstance(item, MappingNode) else item.value[::-1]
            for mapping in merged:
                found = _child(mapping, element, chunk) or found
        elif name_of(key, chunk) == element:
            found = item
    return found


def _last(node: Node) -> Node | None:
    """The child whose end is the collection's, None for scalars, flow collections and empty ones."""
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return None
    child = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
    if child.start_mark.index < node.start_mark.index:  # an alias: its text stands where the anchor is
        return node.value[-1][0] if isinstance(node, MappingNode) else None
    return child if isinstance(child, Node) else None


def _end(node: Node, chunk: Chunk) -> tuple[int, int]:
    """The end of a node's text, without the blank lines and comments that LibYAML counts to block nodes."""
    child = _last(node)
    while child is not None:
        node, child = child, _last(child)
    mark: Any = node.end_mark
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        text = chunk.text[node.start_mark.index : mark.index].rstrip()
        return chunk.place(node.start_mark.index + len(text))
    return place(chunk, mark)


class YamlPositions:
    """Positions of one object in a document; `prefix` is the object's own path from the document's root."""

    __slots__ = ("_prefix", "_source")

    def __init__(self, source: YamlSource, prefix: Path = ()) -> None:
        self._source = source
        self._prefix = prefix

    def locate(self, path: Sequence[str | int]) -> Located:
        """The span of the value at `path`, or of its deepest existing ancestor (`exact` False)."""
        chunk = self._source.chunk
        node = self._source.root()
        for element in self._prefix:
            child = _child(node, element, chunk)
            assert child is not None
            node = child
        taken = 0
        for element in path:
            child = _child(node, element, chunk)
            if child is None:
                break
            node = child
            taken += 1
        start = place(chunk, node.start_mark)
        return Located(Span(*start, *_end(node, chunk)), taken == len(path), tuple(path[:taken]))
