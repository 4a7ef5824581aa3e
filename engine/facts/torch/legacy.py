"""Walks files of `torch.save` before version 1.6: five pickles, then the bytes of each storage with their number.

https://github.com/pytorch/pytorch/blob/main/torch/serialization.py, `_legacy_save`.
"""

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.pickle.judge import Judge, Loader
from lockgate.engine.facts.pickle.literals import literal_at
from lockgate.engine.facts.pickle.machine import Machine
from lockgate.engine.facts.pickle.opcodes import STOP, TEXTS, step
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source

# The first pickle: a number by which torch knows the file.
MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_ELEMENT_BYTES = {
    "Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2, "Char": 1, "Byte": 1,
    "Bool": 1, "ComplexDouble": 16, "ComplexFloat": 8, "QInt8": 1, "QUInt8": 1, "QInt32": 4, "Untyped": 1,
}  # fmt: skip
# PROTO, EMPTY_LIST, MARK, BINPUT, LONG_BINPUT, MEMOIZE, APPEND, APPENDS, FRAME: a list of texts has no others.
_LIST_OPCODES = frozenset(b"\x80](qr\x94ae\x95")


def is_torch_legacy(source: Source) -> bool:
    """Whether the first pickle is the number."""
    head = source.read(0, 2 + len(MAGIC))
    return head[:1] == b"\x80" and head[2:] == MAGIC


def scan_torch_legacy(source: Source, scan: Scan) -> None:
    """Walks the pickles, then goes over the storages. Raises UnreadableError."""
    offset = 0
    storages: dict[str, str] = {}
    for _ in range(4):
        judge = Judge(source, scan, Loader.TORCH)
        offset = Machine(source, judge, scan.budget).walk(offset)
        storages |= judge.storages
    after = Machine(source, Judge(source, scan, Loader.PART), scan.budget).walk(offset)
    for key in _keys(source, offset):
        kind = storages.get(key)
        if kind is None:
            raise UnreadableError("a storage that no tensor asks for", offset)
        count = int.from_bytes(source.read(after, 8), "little", signed=True)
        size = count * _ELEMENT_BYTES.get(kind, 0)
        if count < 0 or kind not in _ELEMENT_BYTES or after + 8 + size > source.size:
            raise UnreadableError("a storage goes beyond the end, or its size cannot be told", after)
        after += 8 + size
    if after < source.size:
        scan.find("torch-trailing", "unvetted", f"{source.size - after} bytes follow the storages", after)
        scan.nested(SliceSource(f"{source.name}!{after}", source, after, source.size - after))


def _keys(source: Source, offset: int) -> list[str]:
    """The texts of a pickle that is a list of them."""
    keys: list[str] = []
    at = offset
    while True:
        found = step(source, at)
        if found.opcode == STOP:
            return keys
        if found.opcode in TEXTS:
            key = literal_at(source, at)
            if not isinstance(key, str):
                raise UnreadableError("a storage's key is no text", at)
            keys.append(key)
        elif found.opcode not in _LIST_OPCODES:
            raise UnreadableError("the keys of the storages are no list of texts", at)
        at = found.after
