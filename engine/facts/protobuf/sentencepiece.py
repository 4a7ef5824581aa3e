"""SentencePiece: pieces with scores, and how they were trained. Nothing in it runs.

https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from lockgate.engine.facts.protobuf.wire import DATA, Schema, Walk
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

_SCHEMA: Schema = {"Model": {1: DATA, 2: DATA, 3: DATA, 4: DATA, 5: DATA}}


def scan_sentencepiece(source: Source, scan: Scan) -> None:
    """Walks the pieces. Raises UnreadableError."""
    Walk(source, scan, _SCHEMA, lambda seen: None).run("Model")
