"""The gate's stage *reserve*: what a request would be charged is held in the ledger, or the Decision becomes a denial.

A claim is charged when it is created, and a pod for its extended resources. An update asks for nothing where it leaves `spec`
as it was: it may take a finalizer off, whatever is left. What is being deleted asks for nothing more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision, Failure, Violation, decide_verdict
from lockgate.engine.errors import EvaluationError
from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.errors import QuotaError
from lockgate.engine.quota.outcome import Outcome, Refused, Shortage, TooManyOpen
from lockgate.engine.quota.reservation import (
    Asked,
    ObjectKey,
    Operation,
    Reference,
    ReservationKey,
    parse_version,
)
from lockgate.engine.quota.telling import MOST_HOLDERS, HeldBy, tell_dimension
from lockgate.engine.review import Review
from lockgate.gatekeeper.quotas.device_quota import DeviceQuota
from lockgate.webhook.quota.exceeding import DOCS, exceeded, quota_key
from lockgate.webhook.quota.reconciling import CLAIMS, PODS

if TYPE_CHECKING:
    from lockgate.engine.quota.store.ledger import Ledger
    from lockgate.webhook.quota.accounts import Account, Accounts

Object = dict[str, Value]

# What is charged, by group and kind: the resource as the ledger names it.
CHARGED: Final = {("", "Pod"): PODS, ("resource.k8s.io", "ResourceClaim"): CLAIMS}
# Whose errors these are, where no quota can be named.
LEDGER: Final = quota_key("ledger")
# Through other subresources nothing that is charged is changed.
_SUBRESOURCES: Final = ("", "resize")


@final
class Reserving:
    """Reserves for one request.

    accounts: what charges under the quotas; raises QuotaError where that cannot be told. requester: for the bound on
    reservations of which nothing was seen. lacking: why nothing may be reserved yet; empty when it may.
    """

    __slots__ = ("_accounts", "_lacking", "_ledger", "_quotas", "_requester")

    def __init__(
        self,
        ledger: "Ledger",
        quotas: Sequence[DeviceQuota],
        accounts: "Callable[[], Accounts]",
        requester: str,
        lacking: str = "",
    ) -> None:
        self._ledger = ledger
        self._quotas = quotas
        self._accounts = accounts
        self._requester = requester
        self._lacking = lacking

    def reserve(
        self, review: Review, decision: Decision, now_ns: int
    ) -> tuple[Decision, ReservationKey | None]:
        """The Decision on what may be admitted as far as policies go, and what is held for it."""
        operation = asking_operation(review)
        if operation is None or review.object is None or not self._is_in_scope(review):
            return decision, None
        try:
            account = self._account(review, review.object)
            if account.refused:
                return _joined(decision, now_ns, [_uncounted(account)]), None
            if not account.charges and not account.timed:
                return decision, None
            if self._lacking:
                raise QuotaError(self._lacking)
            asked = self._asked(review, review.object, operation, account)
            outcome = self._ledger.reserve(asked, now_ns)
            found = self._told(outcome)
        except (QuotaError, EvaluationError) as error:
            hint = f" ({error.hint})" if error.hint else ""
            failure = Failure(LEDGER, f"{error.message}{hint}")
            return replace(decision, verdict="error", failures=(*decision.failures, failure)), None
        is_held = not isinstance(outcome, (Refused, TooManyOpen)) and not asked.dry_run
        return _joined(decision, now_ns, [found]), asked.key if is_held else None

    def _is_in_scope(self, review: Review) -> bool:
        namespace = _text(review.request, "namespace")
        return any(one.scope.part(namespace, review.namespace) is not None for one in self._quotas)

    def _account(self, review: Review, value: Object) -> "Account":
        return self._accounts().of(value, _text(review.request, "namespace"), review.namespace, _user(review))

    def _asked(self, review: Review, value: Object, operation: Operation, account: "Account") -> Asked:
        metadata = _mapping(value.get("metadata"))
        before = _mapping((review.old_object or {}).get("metadata"))
        name = _text(metadata, "name") or _text(review.request, "name")
        resource = CHARGED[_group_kind(review)]
        return Asked(
            ReservationKey(
                ObjectKey(self._ledger.cluster, _text(metadata, "uid")), _text(review.request, "uid")
            ),
            operation,
            Reference(resource, _text(review.request, "namespace"), name),
            _counted_with(self._requester, _text(review.request, "namespace")),
            account.charges,
            account.limits,
            account.timed,
            0 if operation == "CREATE" else parse_version(before.get("resourceVersion")),
            review.request.get("dryRun") is True,
        )

    def _told(self, outcome: Outcome) -> list[Violation]:
        if isinstance(outcome, TooManyOpen):
            raise QuotaError(
                f"{outcome.requester} has {outcome.most} reservations of which nothing was seen in the cluster yet",
                hint="they end when their objects are seen, or a read shows that there are none",
            )
        if isinstance(outcome, Refused):
            return self._exceeded(outcome.shortages)
        warned = [exceeded(_quota_of(one.key), one, (), "warn") for one in outcome.over_soft]
        return [*warned, *map(_unbounded, outcome.unbounded)]

    def _exceeded(self, shortages: Iterable[Shortage]) -> list[Violation]:
        """The largest holders are read behind the refusal: what they hold may have changed by then."""
        from lockgate.engine.quota.store.reading import read_holders
        from lockgate.engine.quota.store.transactions import look

        def holders(key: QuotaKey) -> list[HeldBy]:
            found = look(self._ledger.engine, lambda connection: read_holders(connection, key, MOST_HOLDERS))
            return [HeldBy(f"{one.reference.resource} {_place(one.reference)}", one.amount) for one in found]

        return [exceeded(_quota_of(one.key), one, holders(one.key), "deny") for one in shortages]


def asking_operation(review: Review) -> Literal["CREATE", "UPDATE"] | None:
    """CREATE or UPDATE, where the request may ask for what is charged; else None."""
    value, request = review.object, review.request
    if value is None or _group_kind(review) not in CHARGED:
        return None
    if _text(request, "subResource") not in _SUBRESOURCES:
        return None
    operation = request.get("operation")
    if operation == "CREATE":
        return "CREATE"
    before = review.old_object or {}
    if operation != "UPDATE" or _mapping(before.get("metadata")).get("deletionTimestamp"):
        return None
    return None if before.get("spec") == value.get("spec") else "UPDATE"


def _joined(decision: Decision, now_ns: int, more: Iterable[Iterable[Violation]]) -> Decision:
    """The Decision with what quotas say. It is of this moment: the ledger says another thing at the next."""
    found = [violation for some in more for violation in some]
    violations = decision.violations
    if found:
        violations = tuple(
            sorted([*violations, *found], key=lambda one: (one.policy, one.message, str(one.path)))
        )
    verdict = "error" if decision.failures else decide_verdict(violations)
    return replace(
        decision, verdict=verdict, violations=violations, matched=decision.matched + 1, valid_until_ns=now_ns
    )


def _uncounted(account: "Account") -> list[Violation]:
    return [
        Violation(
            quota_key(one.quota),
            f"quota {one.quota} cannot count it: {one.message}",
            ("deny",),
            {},
            one.path,
            one.fix,
            DOCS,
        )
        for one in account.refused
    ]


def _unbounded(key: QuotaKey) -> Violation:
    message = f"quota {key.scope} holds {tell_dimension(key)} to the end of the window: nothing says how long it may run"
    fix = "set activeDeadlineSeconds, or maxRunTime in the quota"
    return Violation(quota_key(_quota_of(key)), message, ("warn",), {}, None, fix, DOCS)


def _counted_with(requester: str, namespace: str) -> str:
    """Whose open reservations count together. A controller asks for everybody: what it asks for in one namespace, where it may be
    refused by others for ever, must not keep it from asking in the next.
    """
    is_for_others = requester.startswith("system:") and not requester.startswith(
        f"system:serviceaccount:{namespace}:"
    )
    return f"{requester} in {namespace}" if is_for_others else requester


def _quota_of(key: QuotaKey) -> str:
    return key.scope.partition("/")[0]


def _place(reference: Reference) -> str:
    return f"{reference.namespace}/{reference.name}" if reference.namespace else reference.name


def _group_kind(review: Review) -> tuple[str, str]:
    kind = _mapping(review.request.get("kind"))
    return _text(kind, "group"), _text(kind, "kind")


def _user(review: Review) -> str:
    return _text(_mapping(review.request.get("userInfo")), "username")


def _mapping(value: Value) -> Object:
    return value if type(value) is dict else {}


def _text(value: Object, name: str) -> str:
    found = value.get(name)
    return found if type(found) is str else ""
