"""A worker's way to the quotas' ledger: what it reserves with, once main has told that the ledger is what lives."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import Value
from lockgate.webhook.quota.reserving import CHARGED, Reserving

if TYPE_CHECKING:
    from lockgate.audit.recorder import Caller
    from lockgate.engine.quota.reservation import ReservationKey
    from lockgate.engine.quota.store.ledger import Ledger
    from lockgate.webhook.serving.live_quotas import QuotasNow

# Whose names nobody vouches for share one bound: else each name that is made up had a bound of its own.
CLAIMED: Final = "callers that show no certificate and no token"
_NOT_YET: Final = "the ledger has not been compared with the live objects under these DeviceQuotas yet: ask again in a moment"
_WRITES: Final = ("CREATE", "UPDATE")


@final
class QuotaDoor:
    """Used by several threads."""

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger: Final = ledger
        self._counted = ""

    def tell(self, header: Mapping[str, Value]) -> None:
        """Main has rebuilt the ledger: under which quotas, and how often it was rebuilt by then."""
        quotas, epoch = header["quotas"], header["epoch"]
        assert isinstance(quotas, str)
        assert isinstance(epoch, int)
        self._ledger.need_epoch(epoch)
        self._counted = quotas

    def is_for(self, kind: tuple[str, str, str], operation: str) -> bool:
        """May a request about the kind ask for what is charged?"""
        return operation in _WRITES and (kind[0], kind[2]) in CHARGED

    def stage(self, quotas: "QuotasNow", user: str, caller: "Caller | None") -> Reserving:
        """What reserves for one request of a user, by the word of a caller."""
        requester = CLAIMED if caller in (None, "unauthenticated") else user or "nobody"
        lacking = "" if self._counted == quotas.digest else _NOT_YET
        return Reserving(self._ledger, quotas.quotas, quotas.accounts, requester, lacking)

    def give_up(self, key: "ReservationKey", now_ns: int) -> None:
        """The request is denied after all. Raises QuotaError; a read ends the reservation then."""
        self._ledger.cancel(key, now_ns)


def quota_header(quotas: str, epoch: int) -> dict[str, Value]:
    """What main tells workers, as `tell` reads it."""
    return {"quotas": quotas, "epoch": epoch}
