"""What is offered to other policy engines: fixtures, and what answers in this process."""

import pytest
from lockgate.engine.devices.shelf import Shelf
from lockgate.engine.external_data import Providers, UnansweredError
from lockgate.gatekeeper.external_data.devices import DeviceProviders
from lockgate.gatekeeper.external_data.fixtures import Fixture, FixtureProviders
from lockgate.gatekeeper.external_data.offered import OfferedHere

from tests.gatekeeper.external_data.test_devices import OBJECTS, devices_of, only, providers

NAME = "lockgate-devices"


def offered(answering: Providers, *fixtures: Fixture) -> OfferedHere:
    return OfferedHere(FixtureProviders(fixtures), answering, [NAME])


def test_what_is_offered() -> None:
    made = offered(providers(*OBJECTS), Fixture("p", {}, "down"))
    assert made.names == {"p", NAME}
    assert made.ask("p", ("a",), None).system_error == "down"
    item = only(made.ask(NAME, ('{"class": "gpu"}',), None))
    assert devices_of(item.value) == 2
    with pytest.raises(UnansweredError):
        made.ask("q", ("a",), None)


def test_what_is_asked_elsewhere_is_not_offered() -> None:
    elsewhere = FixtureProviders([Fixture("q", {}, "reached over the network")])
    made = offered(DeviceProviders(providers(*OBJECTS).devices, elsewhere))
    with pytest.raises(UnansweredError, match="'q'"):
        made.ask("q", ("a",), None)


def test_who_asks_from_outside_is_told_what_is_not_known_yet() -> None:
    made = offered(DeviceProviders(Shelf().devices()))
    reply = made.ask(NAME, ('{"class": "gpu"}',), None)
    assert "not decidable yet: needs the DeviceClasses and ResourceSlices" in reply.system_error
    spoken_for = offered(DeviceProviders(Shelf().devices()), Fixture(NAME, {}, ""))
    with pytest.raises(UnansweredError):
        spoken_for.ask(NAME, ("a",), None)
