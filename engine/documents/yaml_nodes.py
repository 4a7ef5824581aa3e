"""The node tree of one YAML document: LibYAML's parser, no resolver, and errors with their place.

A scalar node without a tag of its own has `scalars.PLAIN` when it is unquoted and `scalars.QUOTED` when it is quoted.
LibYAML and go-yaml v2 are the same scanner in two languages; where they differ, go-yaml's answer is given here.
"""

import re
from collections.abc import Iterator
from operator import is_
from typing import Any, Final

from lockgate.engine.documents.chunks import Chunk, line_and_column
from lockgate.engine.documents.scalars import PLAIN, QUOTED
from lockgate.engine.errors import LockgateError

try:
    from yaml._yaml import CParser
except ImportError as error:  # PyYAML built from source without LibYAML
    raise LockgateError(
        "PyYAML has no LibYAML in it", hint="install PyYAML's wheel: pip install --force-reinstall pyyaml"
    ) from error
from yaml.composer import ComposerError
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

__all__ = [
    "CollectionNode",
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "YamlError",
    "compose",
    "has_more",
    "place",
]

# What the parser calls a problem, and what helps.
_HINTS: Final = (
    (
        "character that cannot start any token",
        "indent with spaces, never tabs; quote text that starts with @ or `",
    ),
    ("mapping values are not allowed", "quote text that contains `: `, and check the indentation"),
    ("did not find expected key", "check the indentation of this line and the one before"),
    ("did not find expected '-'", "check the indentation of this line and the one before"),
    ("could not find expected ':'", "a key needs `: ` after it; check the quotes of the lines before"),
    ("<document start>", "a %YAML line and its --- are two documents to kubectl: remove the %YAML line"),
    ("undefined alias", "an anchor (&name) must come before its alias (*name), in the same document"),
    ("unexpected end of stream", "close the quote that was opened"),
    ("control characters", "remove the character; in a double-quoted string write it as an escape"),
    (
        "escape",
        'in double quotes YAML knows \\n, \\t, \\", \\\\, \\xNN and \\uNNNN; use single quotes for the rest',
    ),
)
# PyYAML's composer says this of an anchor name that is given to a second node.
_ANCHOR_TWICE: Final = "second occurrence"
# Compiled where it is used, since that takes 3 ms.
_CONTROL: Final = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_INNER_MARK: Final = re.compile("(?<!^)\ufeff")
_BARE_TAG: Final = re.compile(r"(?<![^\s\[{,:?-])!(?=[\s,\]}])")
_BARE_TAGGED: Final = re.compile(r"(?:&\S+\s+)?!(?=[\s,\]}])")
_AFTER_END: Final = re.compile(r"(?:[^\S\n]*(?:#[^\n]*)?\n|\.\.\.(?=\s))*[^\S\n]*")


class YamlError(Exception):
    """A document that kubectl cannot read: what is wrong, where (from 1, in the file), and what to do."""

    def __init__(self, message: str, line: int, column: int, hint: str = "") -> None:
        super().__init__(message, line, column, hint)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint


class _Composer(CParser):
    """LibYAML's parser, told nothing of types."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        return PLAIN if implicit and (implicit is True or implicit[0]) else QUOTED

    # Called around every node for nothing; built-in functions of two and no arguments cost a third of Python's.
    descend_resolver = staticmethod(is_)
    ascend_resolver = staticmethod(tuple)


def place(chunk: Chunk, mark: Any) -> tuple[int, int]:
    """Line and column in the file, from 1, of a mark of the tree."""
    return line_and_column(chunk, mark.line, mark.column, mark.index)


def _hint(problem: str) -> str:
    return next((hint for known, hint in _HINTS if known in problem), "")


def _translate(error: YAMLError, chunk: Chunk) -> YamlError:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line, column = place(chunk, mark) if mark else (chunk.line + 1, chunk.column + 1)
        problem = str(error.problem or error.context or "it cannot be parsed")
        return YamlError(f"invalid YAML: {problem}", line, column, _hint(problem))
    if isinstance(error, ReaderError):
        found = re.search(_CONTROL, chunk.text)
        line, column = chunk.place(found.start() if found else 0)
        return YamlError(
            f"invalid YAML: {error.reason} (U+{int(error.character):04X})", line, column, _hint(error.reason)
        )
    return YamlError(f"invalid YAML: {error}", chunk.line + 1, chunk.column + 1)


def _scalars(root: Node) -> Iterator[ScalarNode]:
    """Every scalar node once, in no particular order."""
    seen: set[int] = set()
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ScalarNode):
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            if isinstance(node, MappingNode):
                for pair in node.value:
                    waiting.extend(pair)
            else:
                waiting.extend(node.value)


def _keep_bare_tags(root: Node, chunk: Chunk) -> None:
    """LibYAML forgets the tag `!`, which makes any scalar but the merge key a string."""
    for node in _scalars(root):
        start, end = node.start_mark.index, node.end_mark.index
        # A value that is not there has no length, and stands where the next node starts.
        if start < end and node.tag == PLAIN and node.value != "<<" and _BARE_TAGGED.match(chunk.text, start):
            node.tag = QUOTED


def _refuse_slash_escapes(root: Node, chunk: Chunk) -> None:
    for node in _scalars(root):
        if node.style != '"':
            continue
        start = node.start_mark.index
        for escape in _ESCAPE.finditer(chunk.text, start, node.end_mark.index):
            if escape[1] == "/":
                line, column = chunk.place(escape.start())
                raise YamlError("invalid YAML: found unknown escape character", line, column, _hint("escape"))


def _compose_events(parser: _Composer) -> Node | None:
    """The root node, built event by event: an anchor may be given twice, which PyYAML's own composer refuses."""
    anchors: dict[str, Node] = {}
    # Each open collection with the nodes so far; of a mapping keys and values in turn.
    open_nodes: list[tuple[Node, list[Node]]] = []
    while (event := parser.get_event()) is not None:
        node = _node_of(event, anchors)
        if isinstance(event, (SequenceEndEvent, MappingEndEvent)):
            node, children = open_nodes.pop()
            node.end_mark = event.end_mark
            if isinstance(node, MappingNode):
                node.value.extend(zip(children[::2], children[1::2], strict=True))
            else:
                node.value.extend(children)
        elif isinstance(event, CollectionStartEvent) and node is not None:
            open_nodes.append((node, []))
            continue
        if node is None:
            continue
        if not open_nodes:
            return node
        open_nodes[-1][1].append(node)
    return None


def _node_of(event: Event, anchors: dict[str, Node]) -> Node | None:
    """The node that an event starts or names, entered in `anchors`; None for other events."""
    start: Any = event.start_mark
    end: Any = event.end_mark
    if isinstance(event, AliasEvent):
        if event.anchor not in anchors:
            raise ComposerError(None, None, "found undefined alias", start)
        return anchors[event.anchor]
    tag: Any = getattr(event, "tag", None)
    node: Node
    if isinstance(event, ScalarEvent):
        tag = tag if tag not in (None, "!") else (PLAIN if event.implicit[0] else QUOTED)
        node = ScalarNode(tag, event.value, start, end, event.style)
    elif isinstance(event, CollectionStartEvent):
        kind = MappingNode if isinstance(event, MappingStartEvent) else SequenceNode
        node = kind(tag or PLAIN, [], start, None, event.flow_style)
    else:
        return None
    if event.anchor is not None:
        anchors[event.anchor] = node
    return node


def compose(chunk: Chunk) -> Node | None:
    """The root node of the chunk's document, None when it is empty. Raises YamlError."""
    if "\ufeff" in chunk.text and (marked := _INNER_MARK.search(chunk.text)):
        raise YamlError(
            "invalid YAML: a byte order mark (U+FEFF) inside the document",
            *chunk.place(marked.start()),
            "remove it; parsers disagree on what it means there",
        )
    parser = _Composer(chunk.text)
    try:
        root = parser.get_node() if parser.check_node() else None
    except ComposerError as error:
        if error.problem != _ANCHOR_TWICE:
            raise _translate(error, chunk) from error
        try:
            root = _compose_events(_Composer(chunk.text))
        except YAMLError as second:
            raise _translate(second, chunk) from second
    except YAMLError as error:
        raise _translate(error, chunk) from error
    if root is None:
        return None
    if "\\/" in chunk.text:
        _refuse_slash_escapes(root, chunk)
    if "!" in chunk.text and _BARE_TAG.search(chunk.text):
        _keep_bare_tags(root, chunk)
    return root


def has_more(chunk: Chunk, root: Node) -> tuple[int, int] | None:
    """The place of content after the document's end, which kubectl never reads; None without any."""
    found = _AFTER_END.match(chunk.text, root.end_mark.index)
    end = found.end() if found else root.end_mark.index
    return chunk.place(end) if end < len(chunk.text) else None
