"""The provider of devices: what it answers, what is not decidable, and what is not known."""

import json
from typing import Any

import pytest
from lockgate.engine.decision import Item, Reply
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.engine.devices.shelf import Shelf
from lockgate.engine.external_data import UnansweredError
from lockgate.engine.gvk import gvk_of
from lockgate.gatekeeper.external_data.devices import DeviceProviders
from lockgate.gatekeeper.external_data.fixtures import Fixture, FixtureProviders

from tests.engine.devices.objects import NVIDIA, Json, device, device_class, resource_slice

OBJECTS = (
    device_class("gpu", f"device.driver == '{NVIDIA}'", extendedResourceName="nvidia.com/gpu"),
    device_class("all"),
    device_class("broken", "device.driver =="),
    resource_slice("gpus", device("gpu-0", productName="A100"), device("gpu-1", productName="H200")),
    resource_slice("nics", device("nic-0", speed=400), driver="dra.net"),
)


def providers(*objects: Json) -> DeviceProviders:
    shelf = Shelf()
    for value in objects:
        kind = gvk_of(value)
        assert kind is not None
        shelf.put(kind, value["metadata"]["name"], value)
    shelf.cover(DEVICE_KINDS)
    return DeviceProviders(shelf.devices())


def ask(*keys: Any, seconds: float | None = None) -> Reply:
    texts = tuple([one if isinstance(one, str) else json.dumps(one) for one in keys])
    return providers(*OBJECTS).ask("lockgate-devices", texts, seconds)


def only(reply: Reply) -> Item:
    """The one item of an answer."""
    assert reply.items is not None
    [item] = reply.items
    return item


def devices_of(value: Any) -> int:
    """How many devices an answer tells of."""
    found: int = value["devices"]
    return found


def answer(key: Any) -> tuple[Any, str]:
    item = only(ask(key))
    return item.value, item.error


def product(driver: str, devices: int = 1, trouble: str = "", **attributes: Any) -> Json:
    return {"driver": driver, "attributes": attributes, "devices": devices, "trouble": trouble}


def test_a_request_for_a_class() -> None:
    selector = f"device.attributes['{NVIDIA}'].productName == 'H200'"
    assert answer({"class": "gpu", "selectors": [selector], "attributes": ["productName"]}) == (
        {"class": "gpu", "devices": 1, "products": [product(NVIDIA, productName="H200")]},
        "",
    )
    assert answer({"class": "gpu"}) == ({"class": "gpu", "devices": 2, "products": [product(NVIDIA, 2)]}, "")


def test_an_extended_resource() -> None:
    found, _ = answer({"resource": "nvidia.com/gpu"})
    assert (found["class"], found["devices"]) == ("gpu", 2)
    assert answer({"resource": "amd.com/gpu"}) == ({"class": None, "devices": 0, "products": []}, "")


def test_selectors_alone_are_those_of_a_class() -> None:
    found, _ = answer({"selectors": []})
    assert [one["driver"] for one in found["products"]] == ["dra.net", NVIDIA]
    found, _ = answer({"selectors": ["false"]})
    assert found == {"class": None, "devices": 0, "products": []}


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ({"class": "none"}, "not decidable: there is no DeviceClass 'none'"),
        (
            {"class": "broken"},
            "not decidable: DeviceClass 'broken': selector `device.driver ==` is no selector",
        ),
        ({"class": "gpu", "selectors": ["1 +"]}, "not decidable: selector `1 +` is no selector"),
        ({"class": "gpu", "selectors": [None]}, "one of selectors is no string"),
        ({"class": "gpu", "selectors": "true"}, "selectors is no list"),
        ({"class": "gpu", "selectors": ["true"] * 33}, "selectors is no list of 32 strings at most"),
        ({"class": 1}, "class is no string"),
        ({"class": "gpu", "resource": "nvidia.com/gpu"}, "names a class and a resource"),
        ({"klass": "gpu"}, "no object with the fields"),
        ("[" * 100_000, "no question about devices"),
        ("gpu", "no question about devices"),
    ],
)
def test_what_is_not_decidable_is_the_error_of_its_key(key: Any, why: str) -> None:
    value, error = answer(key)
    assert value is None
    assert why in error


def test_keys_are_answered_each_by_itself() -> None:
    reply = ask({"class": "gpu"}, {"class": "none"}, {"class": "all"})
    assert reply.items is not None
    assert [bool(one.error) for one in reply.items] == [False, True, False]
    assert (reply.status, reply.system_error, reply.keeps_s) == (200, "", None)


def test_no_time_is_no_answer_that_is_kept() -> None:
    made = providers(*OBJECTS)
    many = " && ".join(["device.driver != ''"] * 200)
    key = json.dumps({"class": "all", "selectors": [many] * 30})
    late = only(made.ask("lockgate-devices", (key,), -1.0))
    then = only(made.ask("lockgate-devices", (key,), None))
    assert "costs too much" in late.error
    assert devices_of(then.value) == 3


def test_selectors_of_one_object_cost_so_much_together() -> None:
    numbers = f"[{', '.join(map(str, range(90)))}]"
    costly = f"{numbers}.all(a, {numbers}.all(b, a + b >= 0))"
    keys = [{"class": "gpu", "selectors": [costly] * 32, "attributes": [f"a{i}"]} for i in range(90)]
    reply = ask(*keys)
    assert reply.items is not None
    errors = [one.error for one in reply.items]
    assert errors[0] == ""
    assert "cost too much together" in errors[-1]


def test_other_providers_are_asked_of_others() -> None:
    fixtures = FixtureProviders([Fixture("p", {}, "down")])
    made = DeviceProviders(providers(*OBJECTS).devices, fixtures)
    assert made.ask("p", ("a",), None).system_error == "down"
    with pytest.raises(UnansweredError, match="'q'"):
        providers(*OBJECTS).ask("q", ("a",), None)


def test_what_is_not_known_in_full_is_not_answered() -> None:
    shelf = Shelf()
    shelf.cover(frozenset([one for one in DEVICE_KINDS if one.kind == "DeviceClass"]))
    with pytest.raises(UnansweredError, match="the ResourceSlices of the cluster"):
        DeviceProviders(shelf.devices()).ask("lockgate-devices", ('{"class": "gpu"}',), None)
