"""Amounts of quotas: what is counted under which key, how much of it an object is charged, and how much there may be."""

from collections.abc import Iterable
from typing import Final, Literal

from lockgate.engine.quota.errors import AmountError
from lockgate.engine.record import ordered_record, record

# One object's amount under one key. Ten thousand devices for a year are 3·10**11 device-seconds.
MAX_AMOUNT: Final = 2**48
# A ceiling; JSON's numbers are exact up to there.
MAX_LIMIT: Final = 2**53
# All amounts under one key together, so that no sum leaves a database's 64 bits.
MAX_TOTAL: Final = 2**62
# Keys that one object is charged under: 32 requests of 8 alternatives, in a few quotas and windows.
MAX_CHARGES: Final = 2048
# Names come from objects and policies; an index of PostgreSQL takes 2,704 bytes.
MAX_NAME: Final = 512
# Starts of windows, in seconds: to the year 9999.
MAX_WINDOW: Final = 253_402_300_800


@ordered_record
class QuotaKey:
    """What is counted together.

    cluster: the cluster's name. scope: names the quota and whose use it counts, such as `gpus/team-a`; opaque here.
    dimension: `devices/<class>`, `devices/<driver>`, `devices/<product>`, `objects/claims`, `gpu-seconds/<class>`, …
    window: for what is counted over time, the start of the window in seconds of Unix time; 0 for everything else.
    """

    cluster: str
    scope: str
    dimension: str
    window: int = 0

    def __str__(self) -> str:
        shown = f"{self.scope} {self.dimension}"
        return f"{shown} from {self.window}" if self.window else shown


@ordered_record
class Charge:
    """What an object is charged under a key: devices, objects or device-seconds."""

    key: QuotaKey
    amount: int


@record
class Limit:
    """The ceilings of a key. hard: what is never exceeded by an admission; soft: what is warned of. None: there is none.

    For what is counted over time the key's window is 0, and the ceilings are those of each window.
    """

    key: QuotaKey
    hard: int | None
    soft: int | None = None


@ordered_record
class Usage:
    """What a key has.

    used: charged to live objects that were seen. reserved: held for what was admitted and not seen yet.
    spent: used within the window by objects that are gone. hard, soft: the ceilings at the latest reservation.
    """

    key: QuotaKey
    used: int
    reserved: int
    spent: int
    hard: int | None
    soft: int | None

    @property
    def total(self) -> int:
        """All that counts against the ceilings."""
        return self.used + self.reserved + self.spent


HoldingState = Literal["reserved", "confirmed", "released"]
STATES: Final[tuple[HoldingState, ...]] = ("reserved", "confirmed", "released")


def check_name(name: str, what: str) -> None:
    """Raises AmountError for a name that is empty, too long or no text."""
    if not name or len(name.encode("utf-8", "surrogatepass")) > MAX_NAME or not name.isprintable():
        raise AmountError(
            f"the {what} {name[:40]!r} is empty, not printable or longer than {MAX_NAME} bytes",
            hint=f"use 1 to {MAX_NAME} printable bytes",
        )


def check_key(key: QuotaKey) -> None:
    """Raises AmountError for names and windows that no ledger keeps."""
    check_name(key.cluster, "cluster's name")
    check_name(key.scope, "scope")
    check_name(key.dimension, "dimension")
    if type(key.window) is not int or not 0 <= key.window < MAX_WINDOW:
        raise AmountError(f"a window of {key} starts at no second of the years 1970 to 9999")


def check_amount(amount: int, key: QuotaKey) -> None:
    """Raises AmountError for an amount that is negative, no whole number, or more than MAX_AMOUNT."""
    if type(amount) is not int or not 0 <= amount <= MAX_AMOUNT:
        raise AmountError(
            f"{key} cannot be charged {_shown(amount)}",
            hint=f"amounts are whole numbers from 0 to {MAX_AMOUNT}",
        )


def check_limit(limit: Limit) -> None:
    """Raises AmountError for a ceiling that is negative, no whole number, or more than MAX_LIMIT."""
    check_key(limit.key)
    for ceiling in (limit.hard, limit.soft):
        if ceiling is not None and (type(ceiling) is not int or not 0 <= ceiling <= MAX_LIMIT):
            raise AmountError(
                f"{limit.key} cannot be limited to {_shown(ceiling)}",
                hint=f"limits are whole numbers from 0 to {MAX_LIMIT}",
            )


def _shown(value: object) -> str:
    # The digits of a huge number take their time, and say nothing.
    if isinstance(value, int) and abs(value) > 2**64:
        return f"a number of {value.bit_length()} bits"
    return repr(value)[:40]


def sum_charges(charges: Iterable[Charge]) -> tuple[Charge, ...]:
    """The charges by key, sorted, those of one key together, without zeros. Raises AmountError."""
    totals: dict[QuotaKey, int] = {}
    for one in charges:
        check_amount(one.amount, one.key)
        if one.key not in totals:
            check_key(one.key)
            if len(totals) == MAX_CHARGES:
                raise AmountError(f"an object is charged under more than {MAX_CHARGES} keys")
        totals[one.key] = totals.get(one.key, 0) + one.amount
        check_amount(totals[one.key], one.key)
    return tuple([Charge(key, amount) for key, amount in sorted(totals.items()) if amount])


def saturated(charges: Iterable[Charge]) -> tuple[Charge, ...]:
    """The charges by key, sorted, those of one key together, without zeros; none of them more than MAX_AMOUNT.

    For what is there already: an object that asks for more than can be counted must not keep all others from being counted.
    """
    totals: dict[QuotaKey, int] = {}
    for one in charges:
        totals[one.key] = min(totals.get(one.key, 0) + one.amount, MAX_AMOUNT)
    return tuple([Charge(key, amount) for key, amount in sorted(totals.items()) if amount > 0])
