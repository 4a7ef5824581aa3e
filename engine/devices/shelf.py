"""DeviceClasses and ResourceSlices as objects come and go, and the Catalogue that they make."""

from threading import Lock
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.device_class import DeviceClass, parse_class
from lockgate.engine.devices.errors import UndecidableError
from lockgate.engine.devices.kinds import DEVICE_CLASS, DEVICE_KINDS, RESOURCE_SLICE, VERSIONS
from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind

if TYPE_CHECKING:
    # Which import CEL; few policies ask about devices.
    from lockgate.engine.devices.catalogue import Catalogue
    from lockgate.engine.devices.resource_slice import ResourceSlice
    from lockgate.engine.devices.selecting import Selecting

Object = dict[str, Value]


@final
class Devices:
    """What is known of devices at a moment. Never changes; its Catalogue is made when somebody asks.

    lacking: the kinds of which it is not known that all objects are here.
    """

    def __init__(
        self,
        classes: tuple[Object, ...],
        slices: tuple[Object, ...],
        lacking: tuple[str, ...],
        selecting: "_Lazily",
        parsed: "dict[int, tuple[Object, ResourceSlice]]",
    ) -> None:
        self.lacking: Final = lacking
        self._classes: Final = classes
        self._slices: Final = slices
        self._selecting: Final = selecting
        self._parsed: Final = parsed
        self._lock: Final = Lock()
        self._made: Catalogue | UndecidableError | None = None

    def catalogue(self) -> "Catalogue":
        """The classes and devices. Raises UndecidableError where a ResourceSlice cannot be read."""
        with self._lock:
            if self._made is None:
                try:
                    self._made = self._make()
                except UndecidableError as error:
                    self._made = error
        if isinstance(self._made, UndecidableError):
            raise UndecidableError(self._made.message)
        return self._made

    def _make(self) -> "Catalogue":
        from lockgate.engine.devices.catalogue import Catalogue
        from lockgate.engine.devices.resource_slice import allocatable, parse_slice

        classes: dict[str, DeviceClass] = {one.name: one for one in map(parse_class, self._classes)}
        slices: list[ResourceSlice] = []
        for value in self._slices:
            known = self._parsed.get(id(value))
            if known is None or known[0] is not value:
                try:
                    known = (value, parse_slice(value))
                except InputError as error:
                    raise UndecidableError(f"ResourceSlice {_name(value)!r}: {error.message}") from error
                self._parsed[id(value)] = known
            slices.append(known[1])
        return Catalogue(classes, allocatable(slices), self._selecting.get())


@final
class Shelf:
    """Takes objects, in any version. One thread at a time puts and removes."""

    def __init__(self) -> None:
        # By kind and name, then by version: of an object that is there in several, the best counts.
        self._objects: Final[dict[tuple[str, str], dict[str, Object]]] = {}
        self._selecting: Final = _Lazily()
        self._parsed: dict[int, tuple[Object, ResourceSlice]] = {}
        self._covered: frozenset[GroupVersionKind] = frozenset()
        self._devices: Devices | None = None

    def put(self, kind: GroupVersionKind, name: str, value: Object) -> None:
        """The object is there as `value`, which must not be changed any more."""
        self._objects.setdefault((kind.kind, name), {})[kind.version] = value
        self._devices = None

    def remove(self, kind: GroupVersionKind, name: str) -> None:
        """The object is not there any more; nothing happens if it was not."""
        versions = self._objects.get((kind.kind, name), {})
        if versions.pop(kind.version, None) is not None:
            self._devices = None
            if not versions:
                del self._objects[kind.kind, name]

    def count(self, kind: str) -> int:
        """How many objects of a kind (`DeviceClass`, `ResourceSlice`) there are."""
        return sum([named == kind for named, _ in self._objects])

    def cover(self, kinds: frozenset[GroupVersionKind]) -> None:
        """Of these kinds every object has been told."""
        covered = kinds & DEVICE_KINDS
        if covered != self._covered:
            self._covered = covered
            self._devices = None

    def devices(self) -> Devices:
        """What is known now: the same value until something changes."""
        if self._devices is None:
            slices = self._of(RESOURCE_SLICE)
            kept = {id(one) for one in slices}
            self._parsed = {one: known for one, known in self._parsed.copy().items() if one in kept}
            told = {one.kind for one in self._covered}
            lacking = tuple([kind for kind in (DEVICE_CLASS, RESOURCE_SLICE) if kind not in told])
            self._devices = Devices(self._of(DEVICE_CLASS), slices, lacking, self._selecting, self._parsed)
        return self._devices

    def _of(self, kind: str) -> tuple[Object, ...]:
        return tuple(
            [
                next(versions[one] for one in VERSIONS if one in versions)
                for (named, _), versions in sorted(self._objects.items())
                if named == kind
            ]
        )


@final
class _Lazily:
    """What compiles selectors: one for all states, made when it is needed."""

    def __init__(self) -> None:
        self._made: Selecting | None = None

    def get(self) -> "Selecting":
        """It, made once."""
        from lockgate.engine.devices.selecting import Selecting

        if self._made is None:
            self._made = Selecting()
        return self._made


def _name(value: Object) -> str:
    metadata = value.get("metadata")
    name = metadata.get("name") if type(metadata) is dict else None
    return name if type(name) is str else ""
