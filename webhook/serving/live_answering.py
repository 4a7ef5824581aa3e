"""Who answers for external data in a server: files of answers first, then what is known of devices, then Providers."""

from typing import TYPE_CHECKING, Final, final

from lockgate.engine.record import record
from lockgate.gatekeeper.external_data.fixtures import FixtureProviders

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.engine.devices.shelf import Devices
    from lockgate.engine.external_data import Providers
    from lockgate.gatekeeper.external_data.answering import Offered
    from lockgate.gatekeeper.external_data.provider import Provider
    from lockgate.webhook.serving.live_state import Provide


@record
class Answering:
    """Who answers. asked: policies ask them; None where nobody answers. offered: others may ask them.

    others: another value whenever somebody answers otherwise for anything but devices.
    """

    asked: "Providers | None"
    offered: "Offered"
    others: object


@record
class _MadeOf:
    """What an Answering was made of. providers: None where no policy asks."""

    providers: "tuple[Provider, ...] | None"
    in_process: FixtureProviders
    devices: "Devices | None"


@final
class LiveAnswering:
    """Makes it, anew where something has changed. provide: who answers for a cluster's Providers."""

    def __init__(self, provide: "Provide | None") -> None:
        self._provide: Final = provide
        self._over_https: Providers | None = None
        self._made_of: _MadeOf | None = None
        self._answering: Answering | None = None

    def answering(
        self,
        providers: "tuple[Provider, ...] | None",
        in_process: FixtureProviders,
        devices: "Devices | None",
    ) -> Answering:
        """Who answers now. providers: None where no policy asks. devices: None where nobody may ask about them."""
        known, before = self._answering, self._made_of
        others: object = None
        same = before is not None and before.providers == providers and before.in_process is in_process
        if known is not None and before is not None and same:
            if before.devices is devices:
                return known
            others = known.others
        if others is None:
            provide = self._provide
            self._over_https = None if provide is None or providers is None else provide(providers)
            others = (in_process, self._over_https)
        self._made_of = _MadeOf(providers, in_process, devices)
        made = self._answering = _made(in_process, devices, self._over_https, others)
        return made


def _made(
    in_process: FixtureProviders, devices: "Devices | None", over_https: "Providers | None", others: object
) -> Answering:
    if devices is None:
        asked = in_process.before(over_https) if in_process.names else over_https
        return Answering(asked, in_process, others)
    # Which imports CEL.
    from lockgate.gatekeeper.external_data.devices import DeviceProviders, OfferedDevices

    answering = DeviceProviders(devices, over_https)
    # Nothing that is asked over HTTPS is offered: only names that answer here are.
    return Answering(in_process.before(answering), OfferedDevices(in_process, answering), others)
