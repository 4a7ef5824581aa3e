"""The devices and classes of a cluster at a moment, and what requests can reach of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, final

from lockgate.engine.cel.library.semver_value import Semver
from lockgate.engine.cel.values import Value
from lockgate.engine.devices.device_class import DeviceClass, class_serving
from lockgate.engine.devices.errors import UndecidableError
from lockgate.engine.devices.resource_slice import Device
from lockgate.engine.devices.selecting import Selected, Selecting, Taken
from lockgate.engine.record import light_record, record

# Kinds of devices that one answer tells apart; a cluster has some dozens.
MAX_PRODUCTS: Final = 200

Attribute = str | int | bool


@record
class Product:
    """Devices of a driver that are alike in the attributes that were asked for.

    attributes: those that they have, by the names that were asked for. count: how many they are. uncertain: of how many it
    is not certain that they can be reached; trouble: why not, or "".
    """

    driver: str
    attributes: tuple[tuple[str, Attribute], ...]
    count: int
    uncertain: int = 0
    trouble: str = ""


@record
class Reached:
    """What can be reached. steps: what it took to find out."""

    products: tuple[Product, ...]
    steps: int = 0

    @property
    def count(self) -> int:
        """How many devices."""
        return sum([one.count for one in self.products])


@light_record
class _OfClass:
    selected: Selected | None
    trouble: str = ""


@final
class Catalogue:
    """Classes by name, and the devices that can be allocated. Never changes; used by several threads at once."""

    def __init__(
        self, classes: Mapping[str, DeviceClass], devices: Iterable[Device], selecting: Selecting
    ) -> None:
        self.classes: Final = classes
        self._all: Final = tuple(
            [Taken(one, one.trouble and f"device {one.name}: {one.trouble}") for one in devices]
        )
        self._selecting: Final = selecting
        self._of_class: Final[dict[str, _OfClass]] = {}

    @property
    def has_devices(self) -> bool:
        """Is any device known?"""
        return bool(self._all)

    def class_serving(self, resource: str) -> DeviceClass | None:
        """The class that serves an extended resource, if one does."""
        return class_serving(resource, self.classes.values())

    def reach_of_class(
        self, name: str, selectors: Sequence[str], attributes: Sequence[str], seconds: float | None
    ) -> Reached:
        """What a request for a class with these selectors of its own can reach. Raises UndecidableError."""
        given = self.classes.get(name)
        if given is None:
            raise UndecidableError(f"there is no DeviceClass {name[:253]!r}")
        if given.selectors is None:
            raise UndecidableError(f"DeviceClass {name!r} has a selector without an expression")
        if not self.has_devices:
            raise UndecidableError("no ResourceSlice of a complete pool tells of any device")
        known = self._of_class.get(name)
        if known is None:
            known = self._of_class[name] = self._select_class(given.selectors, seconds)
        if known.selected is None:
            raise UndecidableError(f"DeviceClass {name!r}: {known.trouble}")
        own = self._selecting.select(selectors, known.selected.taken, seconds)
        return Reached(_products(own.taken, attributes), known.selected.steps + own.steps)

    def reach(self, selectors: Sequence[str], attributes: Sequence[str], seconds: float | None) -> Reached:
        """What selectors can reach of all devices, as those of a class. Raises UndecidableError.

        Where there are none they reach nothing: classes are made before their driver publishes devices.
        """
        found = self._selecting.select(selectors, self._all, seconds)
        return Reached(_products(found.taken, attributes), found.steps)

    def _select_class(self, selectors: Sequence[str], seconds: float | None) -> _OfClass:
        try:
            return _OfClass(self._selecting.select(selectors, self._all, seconds))
        except UndecidableError as error:
            if seconds is not None:
                # With more time it might be told.
                raise
            return _OfClass(None, error.message)


def _products(taken: Iterable[Taken], attributes: Sequence[str]) -> tuple[Product, ...]:
    """The devices by what was asked of them, sorted. Raises UndecidableError for too many kinds."""
    kinds: dict[tuple[str, tuple[tuple[str, Attribute], ...]], list[Taken]] = {}
    for one in taken:
        device = one.device
        kinds.setdefault((device.driver, _attributes(device, attributes)), []).append(one)
        if len(kinds) > MAX_PRODUCTS:
            named = ", ".join(attributes) or "driver"
            raise UndecidableError(f"it reaches more than {MAX_PRODUCTS} kinds of devices, by {named}")
    made: list[Product] = []
    for driver, found in sorted(kinds, key=repr):
        alike = kinds[driver, found]
        troubles = [one.trouble for one in alike if one.trouble]
        made.append(Product(driver, found, len(alike), len(troubles), troubles[0] if troubles else ""))
    return tuple(made)


def _attributes(device: Device, names: Sequence[str]) -> tuple[tuple[str, Attribute], ...]:
    """The attributes that the device has. A name without a domain is one of its driver's."""
    by_domain: dict[str, dict[str, Value]] = device.value["attributes"]
    found: list[tuple[str, Attribute]] = []
    for name in names:
        domain, slash, identifier = name.partition("/")
        if not slash:
            domain, identifier = device.driver, name
        value = by_domain.get(domain, {}).get(identifier)
        if isinstance(value, Semver):
            value = str(value)
        if isinstance(value, (str, int)):
            found.append((name, value))
    return tuple(found)
