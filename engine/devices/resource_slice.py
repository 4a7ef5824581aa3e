"""ResourceSlices: the devices that drivers publish, pool by pool.

A pool is spread over slices, which are replaced one by one: only those of its newest generation count, and only once all
of them are there (resource.k8s.io ResourcePool; k8s.io/dynamic-resource-allocation structured/internal pools.go).
"""

from collections.abc import Iterable

from lockgate.engine.cel.device_values import readable_device
from lockgate.engine.cel.values import Value
from lockgate.engine.errors import InputError
from lockgate.engine.record import record


@record
class Device:
    """A device. value: the variable `device` of selectors; trouble: what of it cannot be read, or ""."""

    driver: str
    pool: str
    name: str
    value: Value
    trouble: str = ""


@record
class ResourceSlice:
    """A slice. count: of how many slices the pool is made in this generation."""

    driver: str
    pool: str
    generation: int
    count: int
    devices: tuple[Device, ...]


def parse_slice(value: dict[str, Value]) -> ResourceSlice:
    """Reads a ResourceSlice of any version. Raises InputError where it does not say what it is part of."""
    spec = _object(value.get("spec"))
    pool = _object(spec.get("pool"))
    driver, name = spec.get("driver"), pool.get("name")
    generation, count = pool.get("generation", 0), pool.get("resourceSliceCount")
    devices = spec.get("devices")
    if type(driver) is not str or not driver or type(name) is not str or not name:
        raise InputError("the slice names no driver or no pool")
    if type(generation) is not int or type(count) is not int:
        raise InputError("the slice's pool has no resourceSliceCount, or a generation that is no number")
    if type(devices) is not list and devices is not None:
        raise InputError("the slice's devices are no list")
    return ResourceSlice(
        driver, name, generation, count, tuple([_device(driver, name, one) for one in devices or ()])
    )


def _device(driver: str, pool: str, given: Value) -> Device:
    if type(given) is not dict:
        raise InputError("a device of the slice is no object")
    name = given.get("name")
    value, trouble = readable_device(driver, given)
    return Device(driver, pool, name if type(name) is str else "", value, trouble)


def _object(value: Value) -> dict[str, Value]:
    return value if type(value) is dict else {}


def allocatable(slices: Iterable[ResourceSlice]) -> tuple[Device, ...]:
    """The devices of all pools that are complete in their newest generation."""
    pools: dict[tuple[str, str], list[ResourceSlice]] = {}
    for one in slices:
        named = (one.driver, one.pool)
        newest = pools.get(named)
        if newest is None or one.generation > newest[0].generation:
            pools[named] = [one]
        elif one.generation == newest[0].generation:
            newest.append(one)
    return tuple(
        [
            device
            for _, newest in sorted(pools.items())
            if all(len(newest) == one.count for one in newest)
            for one in newest
            for device in one.devices
        ]
    )
