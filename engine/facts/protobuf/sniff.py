"""Which message of Protocol Buffers a file is: there is no magic, so the fields that it starts with tell."""

from lockgate.engine.facts.protobuf.wire import fields
from lockgate.engine.facts.source import SliceSource, Source

# Enough to meet a field that no other format has; the graph of a TensorFlow model is thousands of nodes.
_FIRST = 64
_ONNX = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_ONNX_NUMBERS = frozenset({1, 5})
_META_GRAPH = frozenset({1, 2, 3, 4, 5, 6, 7})
_COREML_TYPES = frozenset({*range(200, 203), *range(300, 305), *range(400, 405), 500, 501, 502, 555, 556, *range(560, 621), 900, *range(2000, 2010), 3000})  # fmt: skip


def is_onnx(source: Source) -> bool:
    """Whether a file starts as a ModelProto with a graph."""
    found = list(fields(source, _FIRST))
    right = all(
        (wire == 0) == (number in _ONNX_NUMBERS) and number in _ONNX for number, wire, _, _ in found[:8]
    )
    return right and any(number == 7 and wire == 2 for number, wire, _, _ in found)


def is_onnx_tensor(source: Source) -> bool:
    """Whether a file starts as a TensorProto: its axes, its type, then its name or its values."""
    found = [(number, wire) for number, wire, _, _ in fields(source, _FIRST)]
    while found and found[0] in ((1, 0), (1, 2)):
        found.pop(0)
    return found[:1] == [(2, 0)] and bool(found[1:]) and all(3 <= number <= 16 for number, _ in found[1:])


def is_coreml(source: Source) -> bool:
    """Whether a file starts as a CoreML Model: a version, and one of its types."""
    found = list(fields(source, 8))
    if not found or found[0][:2] != (1, 0):
        return False
    return any(number in _COREML_TYPES and wire == 2 for number, wire, _, _ in found)


def is_saved_model(source: Source) -> bool:
    """Whether a file starts as a SavedModel: a version, and meta graphs."""
    found = list(fields(source, 3))
    if len(found) < 2 or found[0][:2] != (1, 0) or found[1][:2] != (2, 2):
        return False
    return _is_meta_graph(SliceSource(source.name, source, found[1][2], found[1][3]))


def _is_meta_graph(source: Source) -> bool:
    found = list(fields(source, 4))
    return (
        bool(found)
        and all(number in _META_GRAPH and wire == 2 for number, wire, _, _ in found)
        and any(number == 2 for number, _, _, _ in found)
    )


def is_meta_graph(source: Source) -> bool:
    """Whether a file starts as a MetaGraphDef: information, then a graph."""
    found = list(fields(source, 2))
    if [one[:2] for one in found] != [(1, 2), (2, 2)]:
        return False
    return _is_meta_graph(source) and is_graph(SliceSource(source.name, source, found[1][2], found[1][3]))


def is_graph(source: Source) -> bool:
    """Whether a file starts as a GraphDef: nodes with a name and an operator."""
    found = list(fields(source, 1))
    if not found or found[0][:2] != (1, 2):
        return False
    node = list(fields(SliceSource(source.name, source, found[0][2], found[0][3]), 2))
    return [one[:2] for one in node] == [(1, 2), (2, 2)] and _is_word(source, *node[0][2:], found[0][2])


def _is_word(source: Source, start: int, length: int, base: int) -> bool:
    return source.read(base + start, min(length, 64)).isascii()


def is_keras_metadata(source: Source) -> bool:
    """Whether a file starts as SavedMetadata of Keras: nodes that begin with a version, a number and a path."""
    found = list(fields(source, 1))
    if not found or found[0][:2] != (1, 2):
        return False
    data = source.read(found[0][2], min(found[0][3], 4096))
    return b"_tf_keras_" in data or (data[2:3] == b"\x08" and b"\x1a\x04root" in data)


def is_sentencepiece(source: Source) -> bool:
    """Whether a file starts as a model of SentencePiece: pieces of a text and a score."""
    found = list(fields(source, 2))
    if [one[:2] for one in found] != [(1, 2), (1, 2)]:
        return False
    piece = list(fields(SliceSource(source.name, source, found[0][2], found[0][3]), 3))
    return [one[:2] for one in piece[:2]] == [(1, 2), (2, 5)]
