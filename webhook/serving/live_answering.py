"""Who answers for external data in a server: files of answers first, then what is known of environments and devices, then
Providers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.gatekeeper.external_data.fixtures import FixtureProviders
from lockgate.gatekeeper.external_data.kinds import DEVICES_PROVIDER, ENVIRONMENTS_PROVIDER
from lockgate.webhook.serving.live_promotions import PromotionsNow

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.engine.devices.shelf import Devices
    from lockgate.engine.external_data import Providers
    from lockgate.gatekeeper.external_data.answering import Offered
    from lockgate.gatekeeper.external_data.provider import Provider
    from lockgate.webhook.serving.live_state import Provide

Namespaces = Mapping[str, dict[str, Value]]


@record
class Answering:
    """Who answers. asked: policies ask them; None where nobody answers. offered: others may ask them.

    others: another value whenever somebody answers otherwise for anything but devices, and but by what a Namespace is now.
    """

    asked: "Providers | None"
    offered: "Offered"
    others: object


@record
class Asked:
    """What answers rest on. providers: None where no policy asks. devices: None where nobody may ask about them.

    promotions, namespaces: what environments are known by; promotions: None where nobody may ask.
    """

    providers: "tuple[Provider, ...] | None"
    in_process: FixtureProviders
    devices: "Devices | None"
    promotions: PromotionsNow | None
    namespaces: Namespaces


@final
class LiveAnswering:
    """Makes it, anew where something has changed. provide: who answers for a cluster's Providers."""

    def __init__(self, provide: "Provide | None") -> None:
        self._provide: Final = provide
        self._over_https: Providers | None = None
        self._made_of: Asked | None = None
        self._answering: Answering | None = None

    def answering(self, asked: Asked) -> Answering:
        """Who answers now."""
        known, before = self._answering, self._made_of
        if known is None or before is None or not _answer_alike(before, asked):
            provide = self._provide
            providers = asked.providers
            self._over_https = None if provide is None or providers is None else provide(providers)
            # Held, so that it equals no later one.
            others: object = (asked.in_process, self._over_https, object())
        elif before.devices is asked.devices and before.namespaces is asked.namespaces:
            return known
        else:
            others = known.others
        self._made_of = asked
        made = self._answering = _made(asked, self._over_https, others)
        return made


def _answer_alike(before: Asked, now: Asked) -> bool:
    """Is nothing another but devices and Namespaces?"""
    return (
        before.providers == now.providers
        and before.in_process is now.in_process
        and (before.promotions is now.promotions or before.promotions == now.promotions)
    )


def _made(asked: Asked, over_https: "Providers | None", others: object) -> Answering:
    in_process = asked.in_process
    names: list[str] = []
    # Nothing that is asked over HTTPS is offered: only names that answer here are.
    here = over_https
    if asked.devices is not None:
        # Which imports CEL.
        from lockgate.gatekeeper.external_data.devices import DeviceProviders

        here = DeviceProviders(asked.devices, here)
        names.append(DEVICES_PROVIDER)
    if asked.promotions is not None:
        # Of servers that are asked.
        from lockgate.gatekeeper.external_data.environments import EnvironmentProviders
        from lockgate.webhook.serving.live_environments import known_environments

        here = EnvironmentProviders(known_environments(asked.promotions, asked.namespaces), here)
        names.append(ENVIRONMENTS_PROVIDER)
    if not names:
        return Answering(in_process.before(here) if in_process.names else here, in_process, others)
    from lockgate.gatekeeper.external_data.offered import OfferedHere

    assert here is not None
    return Answering(in_process.before(here), OfferedHere(in_process, here, names), others)
