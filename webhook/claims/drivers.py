"""Which drivers' devices a request can reach: its class's selectors and its own, evaluated on the devices of ResourceSlices."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.catalogue import Catalogue
from lockgate.engine.devices.device_class import DeviceClass as Class
from lockgate.engine.devices.errors import UndecidableError
from lockgate.engine.devices.resource_slice import allocatable, parse_slice
from lockgate.engine.devices.selecting import Selecting
from lockgate.engine.errors import InputError
from lockgate.engine.record import record

if TYPE_CHECKING:
    from lockgate.webhook.claims.asked import DeviceClass


@record
class Reach:
    """What a request can reach: devices by driver; None where that cannot be told."""

    devices: dict[str, int] | None

    @property
    def drivers(self) -> tuple[str, ...]:
        """The drivers, by name."""
        return tuple(sorted(self.devices or ()))


UNKNOWN = Reach(None)


@final
class Drivers:
    """Answers for the classes and slices of one run. A slice that no server would take makes nothing known."""

    def __init__(self, classes: "Sequence[DeviceClass]", slices: Iterable[dict[str, Value]]) -> None:
        self._served = {one.extended_resource: one.name for one in classes if one.extended_resource}
        self._known: dict[tuple[str, tuple[str, ...]], Reach] = {}
        try:
            devices = allocatable(map(parse_slice, slices))
        except InputError:
            devices = ()
        self._catalogue = Catalogue(
            {one.name: Class(one.name, one.selectors) for one in classes}, devices, Selecting()
        )

    def class_of(self, resource: str) -> str:
        """The class that serves an extended resource, or ""."""
        return self._served.get(resource, "")

    def reach(self, class_name: str, selectors: Sequence[str]) -> Reach:
        """What a request for a class can reach."""
        key = (class_name, tuple(selectors))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._reach(class_name, selectors)
        return known

    def _reach(self, class_name: str, selectors: Sequence[str]) -> Reach:
        if class_name not in self._catalogue.classes or not self._catalogue.has_devices:
            return UNKNOWN
        try:
            reached = self._catalogue.reach_of_class(class_name, selectors, (), None)
        except UndecidableError:
            return Reach({})  # What is no selector takes no device; a server refuses it.
        taken = {one.driver: one.count - one.uncertain for one in reached.products}
        return Reach({driver: count for driver, count in taken.items() if count})
