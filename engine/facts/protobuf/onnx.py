"""ONNX: the operators of its graphs and functions, and the files that its tensors lie in.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from lockgate.engine.facts.paths import outside
from lockgate.engine.facts.protobuf.wire import DATA, TEXT, Schema, Seen, Walk
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.values_in_text import check_value

_SCHEMA: Schema = {
    "Model": {
        1: DATA, 2: TEXT, 3: TEXT, 4: TEXT, 5: DATA, 6: DATA, 7: "Graph", 8: "Opset", 14: "Entry", 20: "Training",
        25: "Function", 26: DATA,
    },
    "Graph": {
        1: "Node", 2: TEXT, 5: "Tensor", 10: DATA, 11: DATA, 12: DATA, 13: DATA, 14: DATA, 15: "Sparse", 16: "Entry",
    },
    "Node": {1: DATA, 2: DATA, 3: DATA, 4: TEXT, 5: "Attribute", 6: DATA, 7: TEXT, 8: DATA, 9: "Entry", 10: DATA},
    "Attribute": {
        1: TEXT, 2: DATA, 3: DATA, 4: DATA, 5: "Tensor", 6: "Graph", 7: DATA, 8: DATA, 9: DATA, 10: "Tensor", 11: "Graph",
        13: DATA, 14: DATA, 15: DATA, 20: DATA, 21: DATA, 22: "Sparse", 23: "Sparse",
    },
    "Tensor": {
        1: DATA, 2: DATA, 3: DATA, 4: DATA, 5: DATA, 6: DATA, 7: DATA, 8: TEXT, 9: DATA, 10: DATA, 11: DATA, 12: DATA,
        13: "External", 14: DATA, 16: "Entry",
    },
    "Sparse": {1: "Tensor", 2: "Tensor", 3: DATA},
    "External": {1: TEXT, 2: TEXT},
    "Entry": {1: TEXT, 2: TEXT},
    "Opset": {1: TEXT, 2: DATA},
    "Training": {1: "Graph", 2: "Graph", 3: "Entry", 4: "Entry"},
    "Function": {
        1: TEXT, 4: DATA, 5: DATA, 6: DATA, 7: "Node", 8: DATA, 9: "Opset", 10: TEXT, 11: "Attribute", 12: DATA, 13: DATA,
        14: "Entry",
    },
}  # fmt: skip

# Those of the standard, and of ONNX Runtime itself: no library need be loaded for them.
_DOMAINS = frozenset({
    "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft",
    "com.microsoft.nchwc", "com.microsoft.experimental", "com.ms.internal.nhwc",
})  # fmt: skip
# They run Python, or a library of their own.
_CODE = frozenset(
    {"PyOp", "PythonOp", "PythonOpGrad", "PyCustomOp", "TritonOp", "ExternalOp", "ATen", "ATenOp"}
)


def scan_onnx(source: Source, scan: Scan) -> None:
    """Walks the model. Raises UnreadableError."""
    judge = _Judge(scan)
    Walk(source, scan, _SCHEMA, judge.visit).run("Model")
    judge.close()


def scan_onnx_tensor(source: Source, scan: Scan) -> None:
    """Walks a tensor alone, as test data are. Raises UnreadableError."""
    judge = _Judge(scan)
    Walk(source, scan, _SCHEMA, judge.visit).run("Tensor")


class _Judge:
    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._used: dict[tuple[str, str], int] = {}
        self._defined: set[tuple[str, str]] = set()

    def visit(self, seen: Seen) -> None:
        """Notes operators, functions and files."""
        if seen.kind == "Node":
            self._used.setdefault((seen.text(7), seen.text(4)), seen.offset)
        elif seen.kind == "Function":
            self._defined.add((seen.text(10), seen.text(1)))
        elif seen.kind == "External" and seen.text(1) == "location":
            self._location(seen)
        elif seen.kind == "Entry":
            check_value(self._scan, seen.text(1)[:200], seen.text(2), seen.offset)

    def _location(self, seen: Seen) -> None:
        location = seen.text(2)
        self._scan.add_external_ref(location[:200], "external_data")
        why = outside(location)
        if why:
            words = f"a tensor lies in {location[:200]!r}, {why}"
            self._scan.find("external-path", "unsafe", words, seen.offset)

    def close(self) -> None:
        """Judges the operators, when the functions of the model are known."""
        for (domain, operator), offset in sorted(self._used.items()):
            if operator in _CODE:
                self._scan.add_custom_op(operator[:200], domain[:200])
                self._scan.find(
                    "operator-code", "unsafe", f"the operator {operator} runs code", offset, operator
                )
            elif domain not in _DOMAINS and (domain, operator) not in self._defined:
                self._scan.add_custom_op(operator[:200], domain[:200])
                name = f"{domain}.{operator}"[:200]
                words = f"the operator {name!r} is in no standard set"
                self._scan.find("operator-custom", "unvetted", words, offset, name)
