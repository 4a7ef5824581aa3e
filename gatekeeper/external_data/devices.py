"""The provider `lockgate-devices`, which answers in this process: which devices a request can reach.

A key is JSON: `{"class": name, "selectors": [CEL, …], "attributes": [name, …]}` for a request for a DeviceClass with
selectors of its own, `{"resource": name, …}` for an extended resource, or selectors alone for what a DeviceClass with
those would select. The answer:

    {"class": name or null, "devices": n, "products": [{"driver", "attributes": {name: value}, "devices": n, "trouble"}]}

tells devices apart by driver and by the attributes that the key names. `class` is null where no DeviceClass serves the
resource. What cannot be decided is the key's error: an unknown class, what is no selector, one that costs too much, no
slices. `trouble` says why it is not certain that a device can be reached: it is reached as far as policies go.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final, final

from lockgate.engine.codegen.values import Value, parse_json
from lockgate.engine.decision import Item, Reply
from lockgate.engine.devices.catalogue import Catalogue, Reached
from lockgate.engine.devices.errors import UndecidableError
from lockgate.engine.devices.kinds import DEVICE_CLASS, RESOURCE_SLICE
from lockgate.engine.devices.shelf import Devices
from lockgate.engine.errors import InputError, LockgateError
from lockgate.engine.external_data import Providers, UnansweredError
from lockgate.gatekeeper.external_data.kinds import DEVICES_PROVIDER
from lockgate.gatekeeper.external_data.wire import float_numbers

_FIELDS: Final = frozenset({"class", "resource", "selectors", "attributes"})
# As Kubernetes bounds the selectors of a request, and of a class.
_MOST_SELECTORS: Final = 32
_MOST_ATTRIBUTES: Final = 16
# Of one request, whose keys are those of one object.
_MOST_STEPS: Final = 40_000_000
# Answers that are kept.
_MOST_KEPT: Final = 10_000
_OK: Final = 200
_UNKNOWN: Final = (
    "the {} of the cluster (resource.k8s.io), in full: in the inventory, or from a cluster that is watched"
)
_PLURALS: Final = {DEVICE_CLASS: "DeviceClasses", RESOURCE_SLICE: "ResourceSlices"}


class _KeyError(LockgateError):
    """A key that is no question about devices."""


@final
class DeviceProviders:
    """Answers for one state of the devices; `others` answer for all other providers. Used by several threads at once."""

    def __init__(self, devices: Devices, others: Providers | None = None) -> None:
        self.devices: Final = devices
        self._others: Final = others
        self._kept: Final[dict[str, tuple[Item, int]]] = {}

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer. Raises UnansweredError for another provider, and where classes or slices are not known in full."""
        if provider != DEVICES_PROVIDER:
            if self._others is None:
                raise UnansweredError(f"the answers of provider {provider[:200]!r} (external_data)")
            return self._others.ask(provider, keys, seconds)
        if self.devices.lacking:
            raise UnansweredError(
                _UNKNOWN.format(" and ".join([_PLURALS[kind] for kind in self.devices.lacking]))
            )
        end = None if seconds is None else monotonic() + seconds
        items: list[Item] = []
        steps = 0
        for key in keys:
            if steps > _MOST_STEPS:
                items.append(
                    Item(key, None, "not decidable: the selectors of the object cost too much together")
                )
                continue
            item, took = self._answer(key, None if end is None else end - monotonic())
            items.append(item)
            steps += took
        return Reply(tuple(items), _OK if keys else 0, keeps_s=None)

    def _answer(self, key: str, seconds: float | None) -> tuple[Item, int]:
        known = self._kept.get(key)
        if known is not None:
            return known
        try:
            question = _Question(key)
            class_name, reached = question.ask(self.devices.catalogue(), seconds)
        except _KeyError as error:
            return Item(key, None, f"no question about devices: {error.message}"), 0
        except UndecidableError as error:
            return Item(key, None, f"not decidable: {error.message}"), 0
        made = Item(key, float_numbers(_shown(class_name, reached))), reached.steps
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[key] = made
        return made


@final
class _Question:
    """A key, read. Raises _KeyError for what is none."""

    def __init__(self, key: str) -> None:
        try:
            given = parse_json(key)
        except InputError as error:
            raise _KeyError(error.message) from error
        if type(given) is not dict or not given.keys() <= _FIELDS:
            raise _KeyError(f"it is no object with the fields {', '.join(sorted(_FIELDS))}")
        self.class_name = _text(given, "class")
        self.resource = _text(given, "resource")
        self.selectors = _texts(given, "selectors", _MOST_SELECTORS)
        self.attributes = _texts(given, "attributes", _MOST_ATTRIBUTES)
        if self.class_name is not None and self.resource is not None:
            raise _KeyError("it names a class and a resource")

    def ask(self, catalogue: Catalogue, seconds: float | None) -> tuple[str | None, Reached]:
        """The class, if there is one, and what is reached. Raises UndecidableError."""
        name = self.class_name
        if self.resource is not None:
            serving = catalogue.class_serving(self.resource)
            if serving is None:
                return None, Reached(())
            name = serving.name
        if name is None:
            return None, catalogue.reach(self.selectors, self.attributes, seconds)
        return name, catalogue.reach_of_class(name, self.selectors, self.attributes, seconds)


def _text(given: dict[str, Value], field: str) -> str | None:
    value = given.get(field)
    if value is not None and type(value) is not str:
        raise _KeyError(f"{field} is no string")
    return value


def _texts(given: dict[str, Value], field: str, most: int) -> Sequence[str]:
    value = given.get(field)
    if value is None:
        return ()
    if type(value) is not list or len(value) > most:
        raise _KeyError(f"{field} is no list of {most} strings at most")
    found = [one for one in value if type(one) is str]
    if len(found) != len(value):
        raise _KeyError(f"one of {field} is no string")
    return tuple(found)


def _shown(class_name: str | None, reached: Reached) -> Value:
    products: list[Value] = [
        {
            "driver": one.driver,
            "attributes": dict(one.attributes),
            "devices": one.count,
            "trouble": one.trouble,
        }
        for one in reached.products
    ]
    return {"class": class_name, "devices": reached.count, "products": products}
