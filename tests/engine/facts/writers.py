"""Writes small files of the formats that the scanner knows, honest or not: nothing here comes from a library."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

# --- safetensors


def safetensors(header: Mapping[str, Any] | bytes, data: bytes) -> bytes:
    """A file with a header as it is given, and what follows it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(start: int, end: int, count: int | None = None) -> dict[str, Any]:
    """Floats at a place."""
    return {
        "dtype": "F32",
        "shape": [(end - start) // 4 if count is None else count],
        "data_offsets": [start, end],
    }


# --- GGUF


def gguf_text(text: str | bytes) -> bytes:
    """A string of GGUF."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def gguf(
    pairs: Sequence[tuple[str, str]], tensors: Sequence[tuple[str, int, int]] = (), data: bytes = b""
) -> bytes:
    """A file of strings, and of tensors of bytes: name, count and offset."""
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs))
    for key, value in pairs:
        out += gguf_text(key) + struct.pack("<I", 8) + gguf_text(value)
    for name, count, offset in tensors:
        out += gguf_text(name) + struct.pack("<IQIQ", 1, count, 24, offset)
    return out + b"\0" * (-len(out) % 32) + data if tensors else out + data


# --- Protocol Buffers


def varint(value: int) -> bytes:
    """A number of the wire."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | str | bytes) -> bytes:
    """A field with a number, or with bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx(*graph: bytes, functions: bytes = b"") -> bytes:
    """A model of ONNX with the fields of its graph."""
    return field(1, 8) + field(7, b"".join(graph)) + field(8, field(2, 17)) + functions


def node(operator: str, domain: str = "") -> bytes:
    """A node of ONNX, as a field of a graph."""
    return field(
        1, field(1, "x") + field(2, "y") + field(4, operator) + (field(7, domain) if domain else b"")
    )


def external(location: str) -> bytes:
    """A tensor of ONNX that lies in a file, as a field of a graph."""
    entry = field(13, field(1, "location") + field(2, location))
    return field(5, field(1, 4) + field(2, 1) + field(8, "w") + entry + field(14, 1))


def saved_model(*operators: str, metadata: str = "") -> bytes:
    """A SavedModel with a node of each operator, and with metadata of an object."""
    nodes = b"".join(field(1, field(1, f"n{at}") + field(2, name)) for at, name in enumerate(operators))
    objects = (
        field(7, field(1, field(4, field(1, "_tf_keras_layer") + field(3, metadata)))) if metadata else b""
    )
    return field(1, 1) + field(2, field(1, field(4, "serve")) + field(2, nodes) + objects)


def coreml(kind: int, body: bytes) -> bytes:
    """A model of CoreML of a type."""
    return field(1, 6) + field(2, field(50, b"")) + field(kind, body)


# --- TFLite


def tflite(code: int, custom: str) -> bytes:
    """A model with one operator: a FlatBuffer, laid out by hand."""
    out = struct.pack("<I4s", 16, b"TFL3")
    out += struct.pack("<HHHH", 8, 12, 4, 8) + struct.pack("<iII", 8, 3, 4)
    out += struct.pack("<II", 1, 16)
    out += struct.pack("<HHHHHH", 12, 12, 4, 8 if custom else 0, 0, 0)
    out += struct.pack("<ib3xI", 12, code, 4)
    return out + struct.pack("<I", len(custom)) + custom.encode() + b"\0"


# --- HDF5


def hdf5_attribute(name: str, value: str) -> tuple[int, bytes]:
    """An attribute with a text of fixed length, as a message."""
    data = value.encode()
    kind = struct.pack("<B3xI", 0x13, len(data))
    space = struct.pack("<BBBB", 2, 0, 0, 0)
    sizes = struct.pack("<BBHHHB", 3, 0, len(name) + 1, len(kind), len(space), 0)
    return 0x0C, sizes + name.encode() + b"\0" + kind + space + data


def hdf5_external_link(name: str, target: str) -> tuple[int, bytes]:
    """A link into another file, as a message."""
    inner = b"\0" + target.encode() + b"\0" + b"/data\0"
    return 0x06, struct.pack("<BBBB", 1, 8, 64, len(name)) + name.encode() + struct.pack(
        "<H", len(inner)
    ) + inner


def hdf5(*messages: tuple[int, bytes], tail: bytes = b"") -> bytes:
    """A file with the messages of its root group, which holds one more group through a symbol table."""
    table_at = 96 + 16 + sum(8 + -(-len(data) // 8) * 8 for _, data in messages) + 8 + 16
    tree_at, node_at = table_at, table_at + 48
    inner_at = node_at + 48
    root = _header([*messages, (0x11, struct.pack("<QQ", tree_at, 0))])
    tree = b"TREE" + struct.pack("<BBHQQQQQ", 0, 0, 1, *[(1 << 64) - 1] * 2, 0, node_at, 0)[:44]
    names = b"SNOD" + struct.pack("<BBHQQII16x", 1, 0, 1, 0, inner_at, 0, 0)
    inner = _header([(0x0B, struct.pack("<BB6xHHHHI4x", 1, 1, 1, 0, 0, 1, 4))])
    body = root + tree + names + inner
    end = 96 + len(body)
    first = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0]) + struct.pack("<HHI", 4, 16, 0)
    addresses = struct.pack("<QQQQ", 0, (1 << 64) - 1, end, (1 << 64) - 1)
    return first + addresses + struct.pack("<QQII16x", 0, 96, 0, 0) + body + tail


def _header(messages: Sequence[tuple[int, bytes]]) -> bytes:
    body = b""
    for kind, data in messages:
        padded = data + b"\0" * (-len(data) % 8)
        body += struct.pack("<HHB3x", kind, len(padded), 0) + padded
    return struct.pack("<BBHIII", 1, 0, len(messages), 1, len(body), 0) + body


# --- the index of a TensorFlow checkpoint


def checkpoint_index(*values: bytes) -> bytes:
    """A table with a block for each value."""
    out = b""
    handles = []
    for value in values:
        block = _block(value)
        handles.append(varint(len(out)) + varint(len(block) - 5))
        out += block
    meta, index = _block(), _block(*handles)
    places = [(len(out), len(meta) - 5), (len(out) + len(meta), len(index) - 5)]
    footer = b"".join(varint(offset) + varint(size) for offset, size in places)
    return out + meta + index + footer.ljust(40, b"\0") + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def _block(*values: bytes) -> bytes:
    entries = b"".join(b"\0\1" + varint(len(value)) + b"k" + value for value in values)
    return entries + struct.pack("<II", 0, 1) + bytes(5)


# --- fastText


def fasttext(*words: bytes) -> bytes:
    """A model with a matrix for its words, and an empty one."""
    out = struct.pack("<II", 793712314, 12) + bytes(12 * 4 + 8)
    out += struct.pack("<IIIqq", len(words), len(words), 0, 9, -1)
    out += b"".join(word + b"\0" + bytes(9) for word in words)
    return (
        out
        + b"\0"
        + struct.pack("<qq", len(words), 2)
        + bytes(8 * len(words))
        + b"\0"
        + struct.pack("<qq", 0, 2)
    )
