"""The devices that DeviceClasses and ResourceSlices tell of, for quotas that go by drivers or products."""

from collections.abc import Mapping, Sequence
from typing import final

from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.catalogue import Catalogue
from lockgate.engine.devices.device_class import class_serving, parse_class
from lockgate.engine.devices.errors import UndecidableError
from lockgate.engine.devices.resource_slice import allocatable, parse_slice
from lockgate.engine.devices.selecting import Selecting
from lockgate.engine.errors import InputError
from lockgate.webhook.quota.charging import Places


@final
class CatalogueReach:
    """Answers for the classes and devices of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[tuple[str, tuple[str, ...], str], Places | None] = {}

    def places(self, class_name: str, selectors: tuple[str, ...], attribute: str) -> Places | None:
        """What a request for a class with selectors of its own can reach, or may; None where that cannot be told."""
        key = (class_name, selectors, attribute)
        if key not in self._known:
            self._known[key] = self._places(class_name, selectors, attribute)
        return self._known[key]

    def _places(self, class_name: str, selectors: tuple[str, ...], attribute: str) -> Places | None:
        try:
            found = self._catalogue.reach_of_class(class_name, selectors, (attribute,), None)
        except UndecidableError:
            return None
        drivers = {one.driver for one in found.products}
        # A device that does not say what it is may be any product.
        products = {str(dict(one.attributes).get(attribute, "")) for one in found.products}
        return Places(found.count, tuple(sorted(drivers)), tuple(sorted(products)))

    def served(self) -> Mapping[str, str]:
        """The class that serves each extended resource."""
        classes = self._catalogue.classes.values()
        resources = {one.extended_resource for one in classes if one.extended_resource}
        found = {resource: class_serving(resource, classes) for resource in resources}
        return {resource: one.name for resource, one in found.items() if one is not None}


def make_reach(classes: Sequence[dict[str, Value]], slices: Sequence[dict[str, Value]]) -> CatalogueReach:
    """Of objects. Where one of the slices is none that a server would take, no device is known."""
    try:
        devices = allocatable(map(parse_slice, slices))
    except InputError:
        devices = ()
    parsed = {one.name: one for one in map(parse_class, classes)}
    return CatalogueReach(Catalogue(parsed, devices, Selecting()))
