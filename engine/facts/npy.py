"""Arrays of numpy in files of their own: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.

Several may lie one after the other. An array of objects is a pickle.
"""

import ast

from lockgate.engine.facts.archives.zip_directory import Member
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.pickle.dtypes import Dtype
from lockgate.engine.facts.pickle.judge import Loader
from lockgate.engine.facts.pickle.scanner import walk_pickles
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import SliceSource, Source
from lockgate.engine.record import record

MAGIC = b"\x93NUMPY"
# As much as numpy itself reads of a header.
_HEADER_BYTES = 10_000
_FIELDS = 10_000


@record
class _Header:
    """Where the elements begin, how many bytes they take, and whether they are objects."""

    start: int
    size: int
    objects: bool


def is_npz(members: list[Member] | None) -> bool:
    """Whether an archive holds nothing but arrays."""
    return bool(members) and all(member.name.endswith(".npy") for member in members or ())


def scan_npy(source: Source, scan: Scan) -> None:
    """Walks one array after the other. Raises UnreadableError."""
    at = 0
    while at < source.size:
        if source.read(at, len(MAGIC)) != MAGIC:
            scan.find("npy-trailing", "unvetted", f"{source.size - at} bytes follow the array", at)
            scan.nested(SliceSource(f"{source.name}!{at}", source, at, source.size - at))
            return
        header = _header(source, at)
        if header.objects:
            walk_pickles(source, scan, Loader.PART, header.start)
            return
        at = header.start + header.size
        if at > source.size:
            raise UnreadableError("the array goes beyond the end", header.start)


def _header(source: Source, at: int) -> _Header:
    version = source.read(at + 6, 2)
    width = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}.get(version)
    if width is None:
        raise UnreadableError("of no version of the npy format", at)
    start = at + 8 + width
    length = int.from_bytes(source.read(at + 8, width), "little")
    if length > _HEADER_BYTES or start + length > source.size:
        raise UnreadableError("the header of the array is too long", at)
    try:
        said = ast.literal_eval(source.read(start, length).decode("utf-8").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise UnreadableError("the header of the array is no literal", start) from None
    if not isinstance(said, dict) or set(said) != {"descr", "fortran_order", "shape"}:
        raise UnreadableError("the header of the array has other keys", start)
    shape = said["shape"]
    if not isinstance(shape, tuple) or not all(type(number) is int and number >= 0 for number in shape):
        raise UnreadableError("the shape of the array is no tuple of numbers", start)
    element, objects = _element(said["descr"], start)
    for number in shape:
        element *= number
    return _Header(start + length, element, objects)


def _element(descr: object, at: int) -> tuple[int, bool]:
    """How many bytes an element takes, and whether there are objects in it."""
    if isinstance(descr, str):
        dtype = Dtype(descr)
        if dtype.size is not None:
            return dtype.size, dtype.objects
    if isinstance(descr, list) and 0 < len(descr) <= _FIELDS:
        fields = [_field(field, at) for field in descr]
        return sum(size for size, _ in fields), any(objects for _, objects in fields)
    raise UnreadableError("the type of the array is not known", at)


def _field(field: object, at: int) -> tuple[int, bool]:
    if not isinstance(field, tuple) or len(field) not in (2, 3):
        raise UnreadableError("a field of the array is not known", at)
    size, objects = _element(field[1], at)
    shape = field[2] if len(field) == 3 else ()
    for number in shape if isinstance(shape, tuple) else (shape,):
        if type(number) is not int or number < 0:
            raise UnreadableError("the shape of a field is not known", at)
        size *= number
    return size, objects
