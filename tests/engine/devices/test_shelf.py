"""Which devices selectors reach: of complete pools in their newest generation, in every version of the API."""

from typing import Any

import pytest
from lockgate.engine.devices.catalogue import MAX_PRODUCTS, Catalogue, Reached
from lockgate.engine.devices.errors import UndecidableError
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.engine.devices.shelf import Shelf
from lockgate.engine.gvk import gvk_of

from tests.engine.devices.objects import NVIDIA, device, device_class, resource_slice

Json = dict[str, Any]
A100 = device("gpu-0", productName="A100", type="gpu")
H200 = device("gpu-1", productName="H200", type="gpu")
IS_NVIDIA = f"device.driver == '{NVIDIA}'"
NIC = resource_slice("nics", device("nic-0", speed=400), driver="dra.net")


def shelf(*objects: Json) -> Shelf:
    made = Shelf()
    for value in objects:
        kind = gvk_of(value)
        assert kind is not None
        made.put(kind, value["metadata"]["name"], value)
    made.cover(DEVICE_KINDS)
    return made


def catalogue(*objects: Json) -> Catalogue:
    return shelf(*objects).devices().catalogue()


def told(reached: Reached) -> dict[str, int]:
    """Devices by driver and product."""
    return {
        " ".join([one.driver, *[str(value) for _, value in one.attributes]]): one.count
        for one in reached.products
    }


def reach(made: Catalogue, *selectors: str, name: str = "gpu") -> dict[str, int]:
    return told(made.reach_of_class(name, selectors, ["productName"], None))


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1beta1", "v1alpha3"])
def test_class_and_request_select_together(version: str) -> None:
    devices = [device(f"gpu-{name}", version, productName=name) for name in ("A100", "H200")]
    made = catalogue(
        device_class("gpu", IS_NVIDIA, version=version), resource_slice("s", *devices, version=version), NIC
    )
    assert reach(made) == {f"{NVIDIA} A100": 1, f"{NVIDIA} H200": 1}
    assert reach(made, f"device.attributes['{NVIDIA}'].productName == 'H200'") == {f"{NVIDIA} H200": 1}
    assert reach(made, "device.driver == 'dra.net'") == {}


def test_a_class_without_selectors_reaches_everything() -> None:
    made = catalogue(device_class("gpu"), resource_slice("s", A100), NIC)
    assert reach(made) == {f"{NVIDIA} A100": 1, "dra.net": 1}
    assert told(made.reach((), (), None)) == {NVIDIA: 1, "dra.net": 1}


def test_only_the_newest_generation_counts() -> None:
    made = catalogue(
        device_class("gpu"),
        resource_slice("old", A100, generation=1),
        resource_slice("new", H200, generation=2),
    )
    assert reach(made) == {f"{NVIDIA} H200": 1}


def test_a_pool_that_is_not_complete_does_not_count() -> None:
    parts = [
        resource_slice("old", A100, generation=1),
        resource_slice("new-1", A100, generation=2, count=2),
        resource_slice("new-2", H200, generation=2, count=2),
    ]
    whole = catalogue(device_class("gpu"), NIC, *parts)
    assert reach(whole) == {f"{NVIDIA} A100": 1, f"{NVIDIA} H200": 1, "dra.net": 1}
    assert reach(catalogue(device_class("gpu"), NIC, *parts[:2])) == {"dra.net": 1}


def test_pools_of_two_drivers_by_one_name_are_two() -> None:
    made = catalogue(
        device_class("gpu"),
        resource_slice("s", A100, generation=1),
        resource_slice("t", device("x"), driver="dra.net", generation=7),
    )
    assert reach(made) == {f"{NVIDIA} A100": 1, "dra.net": 1}


def test_an_object_that_is_told_in_two_versions_counts_once() -> None:
    old = resource_slice("s", device("gpu-0", "v1beta1", productName="A100"), version="v1beta1")
    made = catalogue(
        device_class("gpu", version="v1beta1"), device_class("gpu", IS_NVIDIA), old, resource_slice("s", A100)
    )
    assert reach(made) == {f"{NVIDIA} A100": 1}


@pytest.mark.parametrize(
    ("selectors", "why"),
    [
        (("device.driver ==",), "is no selector"),
        (("device.nothing == 1",), "is no selector"),
        (("'text'",), "is no selector"),
        (("[1, 2, 3].all(a, [1, 2, 3].all(b, device.driver.matches('(x+x+)+y'))) || true",) * 40, None),
        ((f"'{'x' * 20_000}' == ''",), "is no selector"),
    ],
)
def test_what_cannot_be_decided_is_said(selectors: tuple[str, ...], why: str | None) -> None:
    made = catalogue(device_class("gpu", IS_NVIDIA), resource_slice("s", A100))
    if why is None:
        assert reach(made, *selectors) == {f"{NVIDIA} A100": 1}
        return
    with pytest.raises(UndecidableError, match=why):
        reach(made, *selectors)


def test_a_selector_that_costs_too_much_is_not_decided() -> None:
    made = catalogue(device_class("gpu", IS_NVIDIA), resource_slice("s", A100))
    numbers = f"[{', '.join(map(str, range(200)))}]"
    costly = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, a + b + c >= 0)))"
    with pytest.raises(UndecidableError, match="costs too much"):
        reach(made, costly)


def test_an_unknown_class_and_no_slices_are_said() -> None:
    with pytest.raises(UndecidableError, match="no DeviceClass 'gpu'"):
        reach(catalogue(resource_slice("s", A100)))
    with pytest.raises(UndecidableError, match="no ResourceSlice"):
        reach(catalogue(device_class("gpu")))
    # A class may be there before its driver publishes anything.
    assert catalogue(device_class("gpu")).reach((IS_NVIDIA,), (), None).products == ()
    with pytest.raises(UndecidableError, match="is no selector"):
        catalogue().reach(("device.driver ==",), (), None)
    broken = device_class("gpu")
    broken["spec"] = {"selectors": [{"cel": None, "expression": "true"}]}
    with pytest.raises(UndecidableError, match="without an expression"):
        reach(catalogue(broken, resource_slice("s", A100)))


def test_a_device_on_which_a_selector_fails_may_be_reached() -> None:
    made = catalogue(device_class("gpu"), resource_slice("s", A100), NIC)
    reached = made.reach_of_class("gpu", [f"device.attributes['{NVIDIA}'].productName == 'A100'"], (), None)
    assert [(one.driver, one.count, one.uncertain) for one in reached.products] == [
        ("dra.net", 1, 1),
        (NVIDIA, 1, 0),
    ]
    assert "no such key: productName" in reached.products[0].trouble


def test_a_device_with_an_attribute_of_a_newer_kind_may_be_reached() -> None:
    newer = device("gpu-2", productName="B300", type="gpu")
    newer["attributes"]["nodes"] = {"strings": ["a", "b"]}
    made = catalogue(device_class("gpu", IS_NVIDIA), resource_slice("s", A100, newer))
    [_, found] = made.reach_of_class("gpu", (), ["productName"], None).products
    assert (found.attributes, found.uncertain) == ((("productName", "B300"),), 1)
    assert "nodes" in found.trouble
    # It is there, and nothing can be said of its value.
    attributes = f"device.attributes['{NVIDIA}']"
    assert reach(made, f"'nodes' in {attributes} && {attributes}.nodes == 'a'") == {f"{NVIDIA} B300": 1}
    assert reach(made, f"{attributes}.productName == 'A100'") == {f"{NVIDIA} A100": 1}


@pytest.mark.parametrize(
    "spec", [{}, {"driver": NVIDIA}, {"driver": NVIDIA, "pool": {"name": "p"}}, {"devices": "x"}]
)
def test_a_slice_that_cannot_be_read_leaves_nothing_decided(spec: Json) -> None:
    broken = resource_slice("broken")
    broken["spec"] = spec
    made = shelf(device_class("gpu"), resource_slice("s", A100), broken).devices()
    for _ in range(2):
        with pytest.raises(UndecidableError, match="ResourceSlice 'broken'"):
            made.catalogue()


def test_of_two_classes_for_a_resource_the_later_serves_it() -> None:
    made = catalogue(
        device_class("b", created="2026-01-01T00:00:00Z", extendedResourceName="nvidia.com/gpu"),
        device_class("z", created="2026-02-01T00:00:00Z", extendedResourceName="nvidia.com/gpu"),
        device_class("y", created="2026-02-01T00:00:00Z", extendedResourceName="nvidia.com/gpu"),
        device_class("x", created="2026-03-01T00:00:00Z", extendedResourceName="other.com/gpu"),
    )
    serving = made.class_serving("nvidia.com/gpu")
    assert serving is not None and serving.name == "y"
    assert made.class_serving("nobody.com/gpu") is None


def test_attributes_of_other_domains_and_kinds_are_told() -> None:
    given = device("gpu-0", productName="A100", index=3, ecc=True)
    given["attributes"] |= {
        "resource.kubernetes.io/pcieRoot": {"string": "pci0000:01"},
        "driverVersion": {"version": "580.1.2"},
    }
    made = catalogue(device_class("gpu"), resource_slice("s", given))
    names = [
        "resource.kubernetes.io/pcieRoot",
        "driverVersion",
        "index",
        "ecc",
        "none",
        f"{NVIDIA}/productName",
    ]
    [found] = made.reach_of_class("gpu", (), names, None).products
    assert dict(found.attributes) == {
        "resource.kubernetes.io/pcieRoot": "pci0000:01",
        "driverVersion": "580.1.2",
        "index": 3,
        "ecc": True,
        f"{NVIDIA}/productName": "A100",
    }


def test_too_many_kinds_of_devices_are_not_told() -> None:
    many = [device(f"gpu-{i}", uuid=f"u{i}") for i in range(MAX_PRODUCTS + 1)]
    made = catalogue(device_class("gpu"), resource_slice("s", *many))
    assert told(made.reach_of_class("gpu", (), (), None)) == {NVIDIA: MAX_PRODUCTS + 1}
    with pytest.raises(UndecidableError, match=f"more than {MAX_PRODUCTS} kinds"):
        made.reach_of_class("gpu", (), ["uuid"], None)


def test_what_changes_is_seen_and_what_was_stays() -> None:
    made = shelf(device_class("gpu"), resource_slice("s", A100))
    before = made.devices()
    assert made.devices() is before
    value = resource_slice("s", H200, generation=2)
    kind = gvk_of(value)
    assert kind is not None
    made.put(kind, "s", value)
    assert reach(made.devices().catalogue()) == {f"{NVIDIA} H200": 1}
    assert reach(before.catalogue()) == {f"{NVIDIA} A100": 1}
    made.remove(kind, "s")
    made.remove(kind, "never there")
    with pytest.raises(UndecidableError, match="no ResourceSlice"):
        reach(made.devices().catalogue())


def test_what_is_not_told_in_full_is_lacking() -> None:
    made = Shelf()
    assert made.devices().lacking == ("DeviceClass", "ResourceSlice")
    made.cover(
        frozenset([one for one in DEVICE_KINDS if one.kind == "DeviceClass" and one.version == "v1beta1"])
    )
    assert made.devices().lacking == ("ResourceSlice",)
    made.cover(DEVICE_KINDS)
    assert made.devices().lacking == ()
