"""Formats that are no pickles and no archives: how each is told by its content, and the function that walks it.

MARKED have a magic, and are told before anything else is; LOOSE have none, and are told when nothing else fits.
"""

import json
from collections.abc import Callable, Mapping

from lockgate.engine.facts.boosters import is_ubjson, scan_catboost, scan_ubjson
from lockgate.engine.facts.checkpoint_index import is_checkpoint_index, scan_checkpoint_index
from lockgate.engine.facts.configuration import scan_json, scan_json_lines
from lockgate.engine.facts.executables import executable_kind, scan_executable
from lockgate.engine.facts.fasttext import MAGIC as FASTTEXT
from lockgate.engine.facts.fasttext import scan_fasttext
from lockgate.engine.facts.gguf import scan_gguf
from lockgate.engine.facts.hdf5.scanner import MAGIC as HDF5
from lockgate.engine.facts.hdf5.scanner import scan_hdf5
from lockgate.engine.facts.mlmodel import is_mlmodel, scan_mlmodel
from lockgate.engine.facts.protobuf import sniff
from lockgate.engine.facts.protobuf.coreml import scan_coreml
from lockgate.engine.facts.protobuf.onnx import scan_onnx, scan_onnx_tensor
from lockgate.engine.facts.protobuf.sentencepiece import scan_sentencepiece
from lockgate.engine.facts.protobuf.tensorflow import (
    scan_graph,
    scan_keras_metadata,
    scan_meta_graph,
    scan_saved_model,
)
from lockgate.engine.facts.raw_data import is_blob, is_shard, scan_blob, scan_shard
from lockgate.engine.facts.safetensors import is_safetensors, scan_safetensors
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.texts import is_text, scan_text
from lockgate.engine.facts.tflite import scan_tflite
from lockgate.engine.facts.word_vectors import is_word_vectors, scan_word_vectors
from lockgate.engine.facts.xml_models import is_xml, scan_xml

Sniffer = Callable[[Source, bytes], bool]

# Known by name alone, so that nothing that takes raw numbers takes them: what is in them may be anything.
FOREIGN: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("lz4-legacy", (b"\x02\x21\x4c\x18",)),
    ("lzip", (b"LZIP",)),
    ("mxnet", (b"\x12\x01\0\0\0\0\0\0",)),
    ("parquet", (b"PAR1",)),
    ("arrow", (b"ARROW1",)),
    ("dos-archive", (b"!<arch>\n", b"xar!", b"\x60\xea")),
    ("r-data", (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"X\n\0\0\0")),
)


def _starts(*magics: bytes) -> Sniffer:
    return lambda source, head: head.startswith(magics)


MARKED: tuple[tuple[str, Sniffer], ...] = (
    ("gguf", lambda source, head: head.startswith(b"GGUF")),
    ("hdf5", lambda source, head: head.startswith(HDF5)),
    ("tflite", lambda source, head: head[4:8] == b"TFL3"),
    ("catboost", lambda source, head: head.startswith(b"CBM1")),
    ("fasttext", _starts(FASTTEXT)),
    ("safetensors", is_safetensors),
    ("executable", lambda source, head: bool(executable_kind(source, head))),
)

LOOSE: tuple[tuple[str, Sniffer], ...] = (
    ("coreml-weights", is_blob),
    ("ubjson", lambda source, head: is_ubjson(head)),
    ("json-lines", lambda source, head: _is_json_lines(head)),
    ("json", lambda source, head: _is_json(head)),
    ("xml", lambda source, head: is_xml(head)),
    ("mlmodel", lambda source, head: is_text(head) and is_mlmodel(head)),
    ("text", lambda source, head: is_text(head)),
    ("onnx", lambda source, head: sniff.is_onnx(source)),
    ("savedmodel", lambda source, head: sniff.is_saved_model(source)),
    ("coreml", lambda source, head: sniff.is_coreml(source)),
    ("meta-graph", lambda source, head: sniff.is_meta_graph(source)),
    ("keras-metadata", lambda source, head: sniff.is_keras_metadata(source)),
    ("tensorflow-graph", lambda source, head: sniff.is_graph(source)),
    ("sentencepiece", lambda source, head: sniff.is_sentencepiece(source)),
    ("onnx-tensor", lambda source, head: sniff.is_onnx_tensor(source)),
    ("word2vec", lambda source, head: is_word_vectors(head)),
    ("checkpoint-index", lambda source, head: is_checkpoint_index(source)),
    *((name, _starts(*magics)) for name, magics in FOREIGN),
    ("checkpoint-shard", lambda source, head: is_shard(source)),
)

DATA_SCANNERS: Mapping[str, Callable[[Source, Scan], None]] = {
    "gguf": scan_gguf,
    "hdf5": scan_hdf5,
    "tflite": scan_tflite,
    "catboost": scan_catboost,
    "safetensors": scan_safetensors,
    "fasttext": scan_fasttext,
    "executable": scan_executable,
    "checkpoint-index": scan_checkpoint_index,
    "coreml-weights": scan_blob,
    "ubjson": scan_ubjson,
    "json-lines": scan_json_lines,
    "json": scan_json,
    "xml": scan_xml,
    "mlmodel": scan_mlmodel,
    "text": scan_text,
    "onnx": scan_onnx,
    "savedmodel": scan_saved_model,
    "coreml": scan_coreml,
    "meta-graph": scan_meta_graph,
    "keras-metadata": scan_keras_metadata,
    "tensorflow-graph": scan_graph,
    "sentencepiece": scan_sentencepiece,
    "onnx-tensor": scan_onnx_tensor,
    "word2vec": scan_word_vectors,
    "checkpoint-shard": scan_shard,
}


def _is_json(head: bytes) -> bool:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    # A template begins with a brace too.
    return plain[:1] in (b"{", b"[") and plain[:2] not in (b"{{", b"{%", b"{#") and is_text(head)


def _is_json_lines(head: bytes) -> bool:
    line, end, rest = head.partition(b"\n")
    if not end or rest.lstrip()[:1] not in (b"{", b"[") or line[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
