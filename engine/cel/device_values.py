"""A device of a ResourceSlice as the variable `device` of selectors.

After k8s.io/dynamic-resource-allocation 0.34 cel/compile.go (DeviceMatches): attributes and capacity by domain, where
names without one have the driver's.
"""

from collections.abc import Callable, Mapping
from typing import Final, final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library import quantity_value, semver_value
from lockgate.engine.cel.library.opaque import KubernetesValue
from lockgate.engine.cel.values import MAX_INT, MIN_INT, Value
from lockgate.engine.errors import InputError

# The kinds of attributes, of which a device has one each (resource.k8s.io DeviceAttribute), in Kubernetes' order.
_KINDS: Final[tuple[tuple[str, type], ...]] = (
    ("int", int),
    ("bool", bool),
    ("string", str),
    ("version", str),
)


@final
class Unreadable(KubernetesValue):
    """What cannot be read: to compare it with anything is an error."""

    __slots__ = ()
    type_name = "unreadable"


UNREADABLE: Final = Unreadable()


def device_value(driver: str, device: Mapping[str, Value]) -> Value:
    """The device of a driver, as it stands in `spec.devices` (v1, v1beta2) or in its `basic` (v1beta1).

    Raises InputError for an attribute or a capacity that has no value.
    """
    value, wrong = _read(driver, device)
    if wrong:
        raise wrong[0]
    return value


def readable_device(driver: str, device: Mapping[str, Value]) -> tuple[Value, str]:
    """As `device_value`, with the first thing that cannot be read, or "": it has a value then that nothing equals.

    An attribute of a kind that is newer than this code is there for `in` and `has`, and whatever else looks at it fails.
    """
    value, wrong = _read(driver, device)
    return value, wrong[0].message if wrong else ""


def _read(driver: str, device: Mapping[str, Value]) -> tuple[Value, list[InputError]]:
    """The device, and what of it cannot be read."""
    basic = device.get("basic")
    given: Mapping[str, Value] = basic if isinstance(basic, dict) else device
    wrong: list[InputError] = []

    def read(field: str, parse: Callable[[str, Value], Value]) -> dict[str, dict[str, Value]]:
        found: dict[str, Value] = {}
        for name, one in _items(given, field):
            try:
                found[name] = parse(name, one)
            except InputError as error:
                wrong.append(error)
                found[name] = UNREADABLE
        return _by_domain(driver, found)

    value: dict[str, Value] = {
        "driver": driver,
        "allowMultipleAllocations": given.get("allowMultipleAllocations") is True,
        "attributes": read("attributes", _attribute),
        "capacity": read("capacity", _capacity),
    }
    return value, wrong


def _items(device: Mapping[str, Value], field: str) -> list[tuple[str, Value]]:
    found = device.get(field)
    return [*found.items()] if isinstance(found, dict) else []


def _by_domain(driver: str, values: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    found: dict[str, dict[str, Value]] = {}
    for name, value in values.items():
        domain, slash, identifier = name.partition("/")
        if not slash:
            domain, identifier = driver, name
        found.setdefault(domain, {})[identifier] = value
    return found


def _attribute(name: str, given: Value) -> Value:
    if not isinstance(given, dict):
        given = {}
    for kind, wanted in _KINDS:
        value = given.get(kind)
        if value is None:
            continue
        if type(value) is not wanted or (type(value) is int and not MIN_INT <= value <= MAX_INT):
            raise InputError(f"attribute {name}: {kind} has a value of another type")
        if kind != "version":
            return value
        assert isinstance(value, str)
        try:
            return semver_value.parse(value)
        except CelError as error:
            raise InputError(f"attribute {name}: parse semantic version: {error}") from error
    raise InputError(
        f"attribute {name}: unsupported attribute value", hint="give int, bool, string or version"
    )


def _capacity(name: str, given: Value) -> Value:
    # In v1alpha3 a capacity is the quantity itself.
    value = given.get("value") if isinstance(given, dict) else given
    if type(value) is int:
        value = str(value)
    if type(value) is not str:
        raise InputError(f"capacity {name}: no quantity", hint="give its value, such as 80Gi")
    try:
        return quantity_value.parse(value)
    except CelError as error:
        raise InputError(f"capacity {name}: {value!r} is no quantity: {error}") from error
