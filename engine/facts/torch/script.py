"""Programs in TorchScript: code of its own kind, which calls operators of torch.

https://pytorch.org/docs/stable/jit_language_reference.html. It runs no Python, yet some operators open files; those of
namespaces that torch does not bring come from libraries that are loaded beside it.
"""

import re

from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

_BLOCK = 1 << 20
# Longer than any name of an operator.
_OVERLAP = 200
_OPERATOR = re.compile(rb"\bops\.(\w+)\.(\w+)")
# Operators of torch that read or write files, or give the program to others.
_FILES = re.compile(
    rb"\b(?:torch|ops\.aten)\.(save|load|from_file|_save|_load|fromfile|set_data_file|import_module)\b|\bops\.(?:prim|prims)\.(PythonOp|rpc_\w+)|\bops\.(rpc|dist|c10d|symm_mem)\."
)
_NAMESPACES = frozenset({
    b"aten", b"prim", b"prims", b"prepacked", b"quantized", b"torchvision", b"torchaudio", b"inductor", b"_quantized",
    b"cuda", b"profiler", b"static_runtime", b"sparse",
})  # fmt: skip


def check_script(source: Source, scan: Scan) -> None:
    """Lists a program, and names the operators in it that are not harmless."""
    scan.add_code(source.name.rpartition("!")[2], "TorchScript")
    for start in range(0, source.size, _BLOCK):
        block = source.read(max(start - _OVERLAP, 0), _BLOCK + _OVERLAP)
        for found in _FILES.finditer(block):
            scan.find("torchscript-files", "unsafe", f"calls {found[0].decode()}", start)
        for found in _OPERATOR.finditer(block):
            if found[1] not in _NAMESPACES:
                name = f"{found[1].decode()}::{found[2].decode()}"
                scan.add_custom_op(name)
                scan.find("torchscript-operator", "unvetted", f"calls the operator {name}", start, name)
