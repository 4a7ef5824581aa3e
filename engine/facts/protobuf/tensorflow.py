"""TensorFlow: the operators of SavedModels, meta graphs and frozen graphs, and the Keras layers that they name.

https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf and …/framework. A graph is a program:
its operators may read and write files (https://github.com/tensorflow/tensorflow/security/policy).
"""

from lockgate.engine.facts.configuration import scan_configuration_text
from lockgate.engine.facts.keras_classes import judge_revived
from lockgate.engine.facts.protobuf.tensorflow_operators import FILES, KNOWN, PYTHON
from lockgate.engine.facts.protobuf.wire import DATA, TEXT, Schema, Seen, Walk
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

_SCHEMA: Schema = {
    "SavedModel": {1: DATA, 2: "MetaGraph"},
    "MetaGraph": {1: "Info", 2: "Graph", 3: DATA, 4: DATA, 5: DATA, 6: DATA, 7: "Objects"},
    "Info": {1: DATA, 2: DATA, 3: DATA, 4: DATA, 5: DATA, 6: DATA, 7: DATA, 8: DATA},
    "Graph": {1: "Node", 2: "Library", 3: DATA, 4: DATA, 5: DATA},
    "Library": {1: "Function", 2: DATA, 3: DATA},
    "Function": {1: "Signature", 3: "Node", 4: DATA, 5: DATA, 6: DATA, 7: DATA, 8: DATA},
    "Signature": {1: TEXT, **dict.fromkeys(range(2, 22), DATA)},
    "Node": {1: DATA, 2: TEXT, 3: DATA, 4: DATA, 5: DATA, 6: DATA, 7: DATA},
    "Objects": {1: "Object", 2: DATA},
    "Object": {1: DATA, 3: DATA, 4: "UserObject", **dict.fromkeys(range(5, 17), DATA)},
    "UserObject": {1: TEXT, 2: DATA, 3: TEXT},
    "KerasMetadata": {1: "KerasNode"},
    "KerasNode": {1: DATA, 2: DATA, 3: TEXT, 4: TEXT, 5: TEXT},
}  # fmt: skip


def scan_saved_model(source: Source, scan: Scan) -> None:
    """Walks saved_model.pb. Raises UnreadableError."""
    _scan(source, scan, "SavedModel")


def scan_meta_graph(source: Source, scan: Scan) -> None:
    """Walks the meta graph of a checkpoint. Raises UnreadableError."""
    _scan(source, scan, "MetaGraph")


def scan_graph(source: Source, scan: Scan) -> None:
    """Walks a frozen graph. Raises UnreadableError."""
    _scan(source, scan, "Graph")


def scan_keras_metadata(source: Source, scan: Scan) -> None:
    """Walks keras_metadata.pb. Raises UnreadableError."""
    _scan(source, scan, "KerasMetadata")


def _scan(source: Source, scan: Scan, kind: str) -> None:
    used: dict[str, int] = {}
    functions: set[str] = set()

    def visit(seen: Seen) -> None:
        if seen.kind == "Node":
            used.setdefault(seen.text(2), seen.offset)
        elif seen.kind == "Signature":
            functions.add(seen.text(1))
        elif seen.kind == "UserObject":
            scan_configuration_text(seen.text(3), scan, seen.offset, judge_revived)
        elif seen.kind == "KerasNode":
            scan_configuration_text(seen.text(5), scan, seen.offset, judge_revived)

    Walk(source, scan, _SCHEMA, visit).run(kind)
    for operator, offset in sorted(used.items()):
        judge_operator(operator, offset, functions, scan)


def judge_operator(operator: str, offset: int, functions: set[str], scan: Scan) -> None:
    """Judges one operator of TensorFlow by its name."""
    name = operator[:200]
    if operator in PYTHON or operator in FILES:
        what = "calls Python" if operator in PYTHON else "reads or writes files"
        scan.add_custom_op(name, what)
        scan.find("operator-code", "unsafe", f"the operator {name} {what}", offset, name)
    elif operator not in KNOWN and operator not in functions:
        scan.add_custom_op(name, "")
        scan.find("operator-unknown", "unvetted", f"the operator {name!r} is not on the list", offset, name)
