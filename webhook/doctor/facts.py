"""What was seen of a cluster."""

from collections.abc import Mapping
from typing import Any

from lockgate.engine.record import record
from lockgate.webhook.install.rights import Right

Json = Mapping[str, Any]


@record
class Seen:
    """An object, or that there is none (both empty), or why it could not be seen."""

    value: Json | None = None
    refused: str = ""

    @property
    def there(self) -> bool:
        """Was it seen?"""
        return self.value is not None

    @property
    def absent(self) -> bool:
        """Is it known that there is none?"""
        return self.value is None and not self.refused


@record
class Denied:
    """A right that the server's account lacks."""

    right: Right
    verb: str


@record
class ClusterFacts:
    """Everything that the checks look at.

    skew_ns: how far this machine's clock is ahead of the API server's; None: it did not tell. definitions: by name. gatekeeper_status: the group by
    which the server tells that Gatekeeper is there.
    promotion_policies, environment_maps: all of them, as they are listed.
    denied: rights that the account lacks; asked: as whom they were asked for, empty where they could not be.
    constraints: by the name of each of their kinds, all of it.
    ready: the answer of the server's own `/readyz`: status and the start of its text.
    """

    host: str
    version: Seen
    skew_ns: int | None
    definitions: Mapping[str, Seen]
    configuration: Seen
    deployment: Seen
    certificates: Seen
    trail: Seen
    database: Seen
    volume: Seen
    gatekeeper: Seen
    gatekeeper_status: Seen
    templates: Seen
    constraints: Mapping[str, Seen]
    promotion_policies: Seen
    environment_maps: Seen
    denied: tuple[Denied, ...]
    asked: str
    ready: tuple[int, str]
