"""The DeviceQuotas in force, as objects come and go, and how objects are charged under them."""

from collections.abc import Mapping
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import PolicyError
from lockgate.engine.quota.errors import QuotaError
from lockgate.gatekeeper.quotas.device_quota import DeviceQuota, parse_device_quota
from lockgate.webhook.serving.live_problems import LiveProblem, problems_of
from lockgate.webhook.serving.object_text import object_document
from lockgate.webhook.serving.objects import ObjectKey

if TYPE_CHECKING:
    from lockgate.engine.codegen.cache import CodeCache
    from lockgate.engine.devices.shelf import Devices
    from lockgate.webhook.claims.library import ClaimsLibrary
    from lockgate.webhook.quota.accounts import Accounts


@final
class QuotasNow:
    """The quotas of a moment, one at least. digest: SHA-256 (hex) over them.

    How objects are charged is put together when somebody asks, since devices change more often than that.
    """

    def __init__(
        self, cluster: str, quotas: tuple[DeviceQuota, ...], devices: "Devices", library: "ClaimsLibrary"
    ) -> None:
        self.quotas: Final = quotas
        self.digest: Final = quotas_digest(quotas)
        self.devices: Final = devices
        self._cluster = cluster
        self._library = library
        self._lock = Lock()
        self._accounts: Accounts | None = None

    def accounts(self) -> "Accounts":
        """Charges objects. Raises QuotaError where the devices of the cluster are not known."""
        if self.devices.lacking:
            raise QuotaError(
                f"the cluster has not told all of its {' and '.join(self.devices.lacking)} objects yet",
                hint="wait a moment; if it stays so, look whether they can be listed",
            )
        with self._lock:
            if self._accounts is None:
                self._accounts = self._make()
            return self._accounts

    def _make(self) -> "Accounts":
        # Which import CEL; servers without quotas do without.
        from lockgate.engine.devices.errors import UndecidableError
        from lockgate.webhook.quota.accounts import Accounts
        from lockgate.webhook.quota.charging import Charger, Known
        from lockgate.webhook.quota.reaching import CatalogueReach

        try:
            reach = CatalogueReach(self.devices.catalogue())
        except UndecidableError as error:
            raise QuotaError(f"the devices of the cluster cannot be read: {error.message}") from error
        known = Known({}, reach.served(), reach)
        return Accounts(self._cluster, self.quotas, Charger(self._library, known))

    @property
    def labels(self) -> frozenset[str]:
        """The labels of Namespaces that say whose quota counts."""
        return frozenset[str]().union(*[one.scope.labels for one in self.quotas])


def quotas_digest(quotas: tuple[DeviceQuota, ...]) -> str:
    """SHA-256 (hex) over quotas."""
    return sha256("\n".join([one.digest for one in quotas]).encode()).hexdigest()


@final
class LiveQuotas:
    """Takes DeviceQuotas. One thread at a time."""

    def __init__(self, cluster: str, cache: "CodeCache | None") -> None:
        self._cluster: Final = cluster
        self._cache: Final = cache
        self._quotas: Final[dict[ObjectKey, DeviceQuota]] = {}
        self._problems: Final[dict[ObjectKey, tuple[LiveProblem, ...]]] = {}
        self._library: ClaimsLibrary | None = None
        self._now: QuotasNow | None = None

    @property
    def problems(self) -> Mapping[ObjectKey, tuple[LiveProblem, ...]]:
        """What is wrong with those that are not in force."""
        return dict(self._problems)

    @property
    def is_empty(self) -> bool:
        """Is there none?"""
        return not self._quotas

    def put(self, key: ObjectKey, value: dict[str, Value] | None) -> None:
        """The object is so; None: it is gone, or cannot be read."""
        self._problems.pop(key, None)
        before = self._quotas.pop(key, None)
        if value is not None:
            document = object_document(value, str(key))
            try:
                self._quotas[key] = parse_device_quota(document)
            except PolicyError as error:
                self._problems[key] = problems_of(error, document)
        if before is None or self._quotas.get(key) != before:
            self._now = None

    def now(self, devices: "Devices") -> QuotasNow:
        """What is in force: the same value until something changes."""
        if self._now is None or self._now.devices is not devices:
            quotas = tuple(sorted(self._quotas.values(), key=lambda one: one.name))
            self._now = QuotasNow(self._cluster, quotas, devices, self._open())
        return self._now

    def _open(self) -> "ClaimsLibrary":
        if self._library is None:
            from lockgate.webhook.claims.library import open_library
            from lockgate.webhook.policy_sources import SHIPPED

            self._library = open_library(SHIPPED, self._cache, "quota")
        return self._library
