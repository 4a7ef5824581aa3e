"""CoreML: custom layers and models, which need code of an application, and the files that weights lie in.

https://github.com/apple/coremltools/blob/main/mlmodel/format/Model.proto, NeuralNetwork.proto, MIL.proto
"""

from lockgate.engine.facts.paths import outside
from lockgate.engine.facts.protobuf.wire import DATA, TEXT, Schema, Seen, Walk
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

# Types of models that are parameters alone.
_PLAIN = (300, 301, 302, 304, 400, 401, 402, 404, 501, 560, *range(600, 620), 900, *range(2000, 2010), 3000)
_LAYERS = dict.fromkeys(range(1, 1600), DATA)

_SCHEMA: Schema = {
    "Model": {
        1: DATA, 2: "Description", 10: DATA, 200: "PipelineClassifier", 201: "PipelineClassifier", 202: "Pipeline",
        303: "Network", 403: "Network", 500: "Network", 502: "Program", 555: "CustomModel", 556: DATA,
        **dict.fromkeys(_PLAIN, DATA),
    },
    "Description": {1: DATA, 10: DATA, 11: DATA, 12: DATA, 13: DATA, 20: DATA, 21: DATA, 22: DATA, 50: DATA, 100: DATA},
    "PipelineClassifier": {1: "Pipeline"},
    "Pipeline": {1: "Model", 2: DATA},
    "Network": {1: "Layer", 2: DATA, 5: DATA, 6: DATA, 10: DATA, 100: DATA, 101: DATA, 200: DATA},
    "Layer": {**_LAYERS, 1: TEXT, 500: "CustomLayer"},
    "CustomLayer": {10: TEXT, 20: DATA, 30: DATA, 40: DATA},
    "CustomModel": {10: TEXT, 30: DATA, 40: DATA},
    "Program": {1: DATA, 2: "Function", 3: DATA, 4: "NamedValue"},
    "Function": {1: DATA, 2: "FunctionBody"},
    "FunctionBody": {1: DATA, 2: DATA, 3: "NamedBlock", 4: "NamedValue"},
    "NamedBlock": {1: DATA, 2: "Block"},
    "Block": {1: DATA, 2: DATA, 3: "Operation", 4: "NamedValue"},
    "Operation": {1: TEXT, 2: "NamedArgument", 3: DATA, 4: "Block", 5: "NamedValue"},
    "NamedArgument": {1: DATA, 2: "Argument"},
    "Argument": {1: "Binding"},
    "Binding": {1: DATA, 2: "Value"},
    "NamedValue": {1: DATA, 2: "Value"},
    "Value": {1: DATA, 2: DATA, 3: DATA, 5: "BlobFile"},
    "BlobFile": {1: TEXT, 2: DATA},
}  # fmt: skip
_ROOT = "@model_path/"


def scan_coreml(source: Source, scan: Scan) -> None:
    """Walks the model. Raises UnreadableError."""

    def visit(seen: Seen) -> None:
        if seen.kind in ("CustomLayer", "CustomModel"):
            name = seen.text(10)[:200]
            scan.add_custom_op(name, seen.kind)
            scan.find(
                "operator-custom", "unvetted", f"the class {name!r} of an application", seen.offset, name
            )
        elif seen.kind == "BlobFile":
            path = seen.text(1)
            why = outside(path.removeprefix(_ROOT))
            if why:
                scan.add_external_ref(path[:200], "blobFileValue")
                scan.find("external-path", "unsafe", f"weights lie in {path[:200]!r}, {why}", seen.offset)

    Walk(source, scan, _SCHEMA, visit).run("Model")
