"""Judges what a pickle imports, calls, builds and asks its loader for, and keeps the values that matter for that."""

from enum import Enum

from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.names import full_name, tier_of
from lockgate.engine.facts.pickle.calls import CHECKS, NO_INIT, hands_on
from lockgate.engine.facts.pickle.dtypes import Dtype
from lockgate.engine.facts.pickle.literals import UNKNOWN, Literal, Unknown, is_text, literal_at
from lockgate.engine.facts.pickle.values import (
    DTYPE,
    KEPT,
    KINDS,
    LITERAL,
    MADE,
    NAME,
    OTHER,
    SHIFT,
    Dict,
    Kept,
    Tuple,
)
from lockgate.engine.facts.scan import GlobalUse, NameTier, Scan
from lockgate.engine.facts.source import SliceSource, Source
from lockgate.engine.record import record

# As many different names, dtypes and texts of names a pickle may have.
_NAMES = 20_000
_DTYPES = 20_000
_CACHED = 4_096


class Loader(Enum):
    """Who reads the pickle: what it does with persistent ids and with the arrays of joblib."""

    # `pickle.load` or `joblib.load`: a file that stands for itself.
    FILE = "file"
    # `pickle.load` alone, on a part of a file.
    PART = "part"
    # `torch.load`.
    TORCH = "torch"
    # `torch.jit.load`: classes of the program are in the archive.
    SCRIPT = "script"


@record
class Name:
    """An imported name. `full` is what the lists have it under."""

    module: str
    name: str
    full: str
    tier: NameTier


class Judge:
    """What one pickle is found to do."""

    def __init__(self, source: Source, scan: Scan, loader: Loader) -> None:
        self.source = source
        self.scan = scan
        self.loader = loader
        self.kept = Kept()
        # The storages that torch is asked for: the type of each, by its key.
        self.storages: dict[str, str] = {}
        # Whether a name was imported whose arguments are looked at when it is called.
        self.has_guarded = False
        self._names: list[Name] = []
        self._places: dict[tuple[str, str], int] = {}
        self._dtypes: list[Dtype] = []
        self._texts: dict[int, str] = {}

    # What is imported.

    def import_lines(self, module: bytes, name: bytes, offset: int) -> int:
        """An import of GLOBAL or INST, whose operands are lines."""
        try:
            return self.import_name(module.decode("utf-8"), name.decode("utf-8"), offset)
        except UnicodeDecodeError:
            raise UnreadableError("an imported name is no text", offset) from None

    def import_values(self, module: int, name: int, offset: int) -> int:
        """An import of STACK_GLOBAL, whose operands are values: one that is not written in the pickle is opaque."""
        if module & KINDS == LITERAL and name & KINDS == LITERAL:
            texts = self._text(module >> SHIFT), self._text(name >> SHIFT)
            if texts[0] is not None and texts[1] is not None:
                return self.import_name(texts[0], texts[1], offset)
        self.opaque_import("values that are computed", offset)
        return OTHER

    def import_name(self, module: str, name: str, offset: int) -> int:
        """Notes an import, and answers its stand-in."""
        place = self._places.get((module, name))
        if place is None:
            place = len(self._names)
            if place >= _NAMES:
                raise LimitError(f"a pickle imports more than {_NAMES} names", offset)
            tier = tier_of(module, name)
            if self.loader is Loader.SCRIPT and module.split(".")[0] == "__torch__":
                tier = "estimator"
            self._places[module, name] = place
            full = full_name(module, name)
            self._names.append(Name(module, name, full, tier))
            self.has_guarded |= full in CHECKS or full.startswith(NO_INIT)
            written = f"{module}.{name}"[:200]
            self.scan.add_global(GlobalUse(module[:200], name[:200], tier, False, self.scan.path, offset))
            if tier == "exec":
                self.scan.find(
                    "pickle-global-exec", "unsafe", f"imports {written}, which can run code", offset, written
                )
            elif tier == "unvetted":
                self.scan.find(
                    "pickle-global-unvetted",
                    "unvetted",
                    f"imports {written}, which is not known",
                    offset,
                    written,
                )
        return place << SHIFT | NAME

    def opaque_import(self, source: str, offset: int) -> None:
        """An import whose name is not in the pickle."""
        self.scan.find("pickle-opaque-import", "unsafe", f"imports something from {source}", offset)

    # What is done with it.

    def call(self, callee: int, arguments: int, offset: int, names: int | None = None) -> int:
        """A call, or an instance that is made. Answers what comes of it."""
        if callee & KINDS != NAME:
            self.scan.find("pickle-opaque-call", "unsafe", "calls a value that is no imported name", offset)
            return OTHER
        place = callee >> SHIFT
        name = self._names[place]
        self.scan.add_global(
            GlobalUse(name.module[:200], name.name[:200], name.tier, True, self.scan.path, offset)
        )
        if name.full.startswith(NO_INIT) and self.source.read(offset, 1) not in b"\x81\x92":
            self.doubt(f"calls {name.full} with arguments, which its pickles do not", offset)
        handed = hands_on(self, name.full, arguments)
        if handed:
            self.doubt(f"hands {handed} to {name.full}, which may call it", offset)
        check = CHECKS.get(name.full)
        made = check(self, arguments, offset) if check else None
        if name.full == "numpy.dtype":
            return self._make_dtype(arguments, offset)
        return place << SHIFT | MADE if made is None else made

    def doubt(self, detail: str, offset: int) -> None:
        """A call of a harmless name that may do harm with these arguments."""
        self.scan.find("pickle-call-arguments", "unvetted", detail, offset)

    def fill(self, target: int, offset: int) -> None:
        """Items that are put into a value: into an imported name none may be."""
        if target & KINDS == NAME:
            self.scan.find(
                "pickle-changes-global", "unsafe", f"puts items into {self._written(target)}", offset
            )

    def build(self, target: int, state: int, offset: int) -> int | None:
        """A state that is set. Answers where the pickle goes on when an array of joblib follows."""
        kind = target & KINDS
        if kind == NAME:
            self.scan.find(
                "pickle-changes-global", "unsafe", f"sets the state of {self._written(target)}", offset
            )
        elif kind == DTYPE:
            self._set_dtype(self._dtypes[target >> SHIFT], state)
        elif kind != MADE:
            self.scan.find(
                "pickle-build-opaque", "unvetted", "sets the state of a value that was not made", offset
            )
        elif self._is_wrapper(target) and self.loader is Loader.FILE:
            from lockgate.engine.facts.pickle.joblib_arrays import after_array

            return after_array(self, state, offset)
        return None

    def persistent(self, value: int, offset: int) -> int:
        """An object that the loader is asked for: torch gives storages, by a tuple that says which."""
        items = self.items(value)
        if self.loader in (Loader.TORCH, Loader.SCRIPT) and items and len(items) in (5, 6):
            kind, key = self.name_of(items[1]), self.literal(items[2])
            is_storage = self.literal(items[0]) == "storage" and isinstance(key, str)
            if is_storage and kind and kind.tier == "tensor" and kind.name.endswith("Storage"):
                if len(self.storages) >= _NAMES:
                    raise LimitError(f"a pickle asks for more than {_NAMES} storages", offset)
                self.storages[str(key)] = kind.name.removesuffix("Storage").removeprefix("_")
                return OTHER
        self.scan.find(
            "pickle-persistent", "unvetted", "asks its loader for an object that is not in the pickle", offset
        )
        return OTHER

    def outside_buffer(self, offset: int) -> None:
        """A buffer that is handed to the loader beside the pickle."""
        self.scan.find("pickle-buffer", "unvetted", "needs a buffer that is not in the pickle", offset)

    # What values are.

    def items(self, value: int) -> tuple[int, ...] | None:
        """The values of a tuple; None when it is none, or not known."""
        if value & KINDS == LITERAL:
            return () if self.literal(value) == () else None
        found = self.kept.find(value)
        return found.items if isinstance(found, Tuple) else None

    def pairs(self, value: int) -> dict[str, int] | None:
        """A dict under texts; None when it is none, is not known, or has other keys."""
        found = self.kept.find(value) if value & KINDS == KEPT else None
        if not isinstance(found, Dict) or found.more:
            return None
        pairs: dict[str, int] = {}
        for key, item in zip(found.items[::2], found.items[1::2], strict=False):
            text = self.literal(key)
            if not isinstance(text, str):
                return None
            pairs[text] = item
        return pairs

    def literal(self, value: int) -> Literal | Unknown:
        """What is written in the pickle; UNKNOWN for anything else."""
        return literal_at(self.source, value >> SHIFT) if value & KINDS == LITERAL else UNKNOWN

    def name_of(self, value: int) -> Name | None:
        """The imported name that a value is, or None."""
        return self._names[value >> SHIFT] if value & KINDS == NAME else None

    def dtype_of(self, value: int) -> Dtype | None:
        """The dtype that a value is, or None."""
        return self._dtypes[value >> SHIFT] if value & KINDS == DTYPE else None

    def nested_bytes(self, value: int) -> bool:
        """Walks bytes that are written in the pickle as a file of their own. False when they are not."""
        if value & KINDS != LITERAL or not isinstance(self.literal(value), bytes | Unknown):
            return False
        from lockgate.engine.facts.pickle.literals import payload_at

        try:
            start, length = payload_at(self.source, value >> SHIFT)
        except UnreadableError:
            return False
        self.scan.nested(SliceSource(f"{self.source.name}!{start}", self.source, start, length))
        return True

    def _written(self, value: int) -> str:
        name = self._names[value >> SHIFT]
        return f"{name.module}.{name.name}"[:200]

    def _text(self, offset: int) -> str | None:
        cached = self._texts.get(offset)
        if cached is not None:
            return cached
        text = literal_at(self.source, offset) if is_text(self.source, offset) else None
        if not isinstance(text, str):
            return None
        if len(self._texts) < _CACHED:
            self._texts[offset] = text
        return text

    def _is_wrapper(self, value: int) -> bool:
        return self._names[value >> SHIFT].full in (
            "joblib.numpy_pickle.NumpyArrayWrapper",
            "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper",
        )

    def _make_dtype(self, arguments: int, offset: int) -> int:
        if len(self._dtypes) >= _DTYPES:
            raise LimitError(f"a pickle makes more than {_DTYPES} dtypes", offset)
        items = self.items(arguments)
        self._dtypes.append(Dtype(self.literal(items[0]) if items else UNKNOWN))
        return len(self._dtypes) - 1 << SHIFT | DTYPE

    def _set_dtype(self, dtype: Dtype, state: int) -> None:
        """A dtype's state: (version, order, subarray, names, fields, size, alignment, flags …)."""
        items = self.items(state)
        if items is None or len(items) < 7 or self.literal(items[2]) is not None:
            dtype.unmeasured()
            return
        size = self.literal(items[5])
        if dtype.flexible:
            dtype.size = size if isinstance(size, int) and size >= 0 else None
        if self.literal(items[4]) is not None:
            self._set_fields(dtype, items[4])
        # numpy believes the flags: whether elements are objects says the first of them.
        flags = self.literal(items[7]) if len(items) > 7 else int(dtype.objects)
        if not isinstance(flags, int) or bool(flags & 1) != dtype.objects:
            dtype.unmeasured()

    def _set_fields(self, dtype: Dtype, fields: int) -> None:
        pairs = self.pairs(fields)
        for field in pairs.values() if pairs is not None else ():
            parts = self.items(field)
            inner = self.dtype_of(parts[0]) if parts else None
            if inner is None or inner.size is None:
                dtype.unmeasured()
            elif inner.objects:
                dtype.objects = True
        if pairs is None:
            dtype.unmeasured()
