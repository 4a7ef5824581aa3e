"""The arrays that joblib writes between two opcodes of a pickle, right after the state of their wrapper is set.

https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py: an optional byte of padding and the padding, then the
elements; or a pickle of its own when they are objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.pickle.values import KINDS, LITERAL

if TYPE_CHECKING:
    from lockgate.engine.facts.pickle.judge import Judge

_DIMENSIONS = 64


def after_array(judge: Judge, state: int, offset: int) -> int:
    """Where the pickle goes on after the array whose wrapper has this state. Raises UnreadableError."""
    pairs = judge.pairs(state)
    if pairs is None:
        raise UnreadableError("the wrapper of an array has a state that cannot be told", offset)
    shape = _shape(judge, pairs.get("shape", 0))
    dtype = judge.dtype_of(pairs.get("dtype", 0))
    if shape is None or dtype is None or dtype.size is None:
        raise UnreadableError("an array's shape or type cannot be told", offset)
    if judge.literal(pairs.get("order", 0)) not in ("C", "F"):
        raise UnreadableError("an array is in no order that is known", offset)
    at = offset + 1
    if dtype.objects:
        return _after_objects(judge, at)
    alignment = pairs.get("numpy_array_alignment_bytes")
    if alignment is not None and alignment & KINDS == LITERAL and judge.literal(alignment) is not None:
        padding = judge.source.read(at, 1)
        if not padding:
            raise UnreadableError("the pickle ends where an array begins", at)
        at += 1 + padding[0]
    elif alignment is not None and alignment & KINDS != LITERAL:
        raise UnreadableError("an array's alignment cannot be told", offset)
    size = dtype.size
    for length in shape:
        size *= length
    if at + size > judge.source.size:
        raise UnreadableError("an array goes beyond the end", offset)
    _refuse_other_reading(judge, offset + 1)
    return at + size


def _shape(judge: Judge, value: int) -> list[int] | None:
    items = judge.items(value)
    if items is None or len(items) > _DIMENSIONS:
        return None
    lengths = [judge.literal(item) for item in items]
    shape = [length for length in lengths if isinstance(length, int) and length >= 0]
    return shape if len(shape) == len(lengths) else None


def _after_objects(judge: Judge, start: int) -> int:
    """An array of objects is read by `pickle.load`, from here on."""
    from lockgate.engine.facts.pickle.judge import Judge as Inner
    from lockgate.engine.facts.pickle.judge import Loader
    from lockgate.engine.facts.pickle.machine import Machine

    return Machine(judge.source, Inner(judge.source, judge.scan, Loader.PART), judge.scan.budget).walk(start)


def _refuse_other_reading(judge: Judge, start: int) -> None:
    """`pickle.load` reads the array's bytes as opcodes: those must not import anything."""
    from lockgate.engine.facts.pickle.other_reading import imports_something

    if imports_something(judge.source, start):
        judge.scan.find("pickle-two-readings", "unsafe", "an array that is a pickle to another loader", start)
