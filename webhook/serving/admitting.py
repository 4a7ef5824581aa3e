"""From a request to its answer: what every worker does, without a socket, a clock or a thread of its own."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import InputError, LockgateError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.promotions.mapping import ENVIRONMENT_LABEL
from lockgate.engine.record import light_record, record
from lockgate.engine.review import Review
from lockgate.gatekeeper.break_glass.grants import stopped_by
from lockgate.gatekeeper.quotas.kinds import GROUP as QUOTAS
from lockgate.gatekeeper.target import Numbers, placed_request, review_request
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.gate import Judged
from lockgate.webhook.render_admission import (
    OK,
    AdmissionResponse,
    Enforcements,
    enforcements,
    excluded,
    failed,
    render_admission,
)
from lockgate.webhook.serving.glass_watch import grant_warning
from lockgate.webhook.serving.ignore_label import judge_ignore_label
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants, is_about_grants
from lockgate.webhook.serving.live_state import LiveState
from lockgate.webhook.serving.namespace_labels import (
    EDITORS,
    LabelChange,
    deciding_labels,
    label_changes,
    may_change,
    refuse_changes,
)
from lockgate.webhook.serving.own_kinds import object_error
from lockgate.webhook.serving.policy_kinds import is_deciding, is_quota_kind
from lockgate.webhook.serving.raised_namespaces import judge_rise, rise_of
from lockgate.webhook.serving.wire import AdmissionCall

if TYPE_CHECKING:
    from lockgate.audit.recorder import Caller
    from lockgate.webhook.gate import Reserve
    from lockgate.webhook.serving.quota_door import QuotaDoor

Mode = Literal["enforce", "observe"]
# Which Namespaces are known: those that were given, or all that there are.
Namespaces = Literal["given", "all"]

# Audit annotations: of what a grant let through its name, and that observe mode let something through.
BREAK_GLASS: Final = "break-glass"
OBSERVED: Final = "observed"
# Nobody is to believe that a quota holds which does not.
NO_LEDGER: Final = "this server holds objects to no DeviceQuota: it was started without --ledger"
# Where the decision is in the trail.
INDEX: Final = "record-index"
LEAF_HASH: Final = "record-leaf-hash"
# As Gatekeeper answers for objects of its kinds that are wrong.
UNPROCESSABLE: Final = 422
# Names of kinds come from whoever calls.
_MOST_KINDS: Final = 1_000
_WRITES: Final = frozenset({"CREATE", "UPDATE"})
LATE: Final = "policies did not end within the time that the API server gives the request"


@record
class Terms:
    """How a server answers. excluded_namespaces: those whose objects are let through unseen.

    engine: what templates are compiled for. namespace_editors: who may change labels of Namespaces that decide.
    enforced_namespaces: where it is enforced also in observe mode. guarded_labels: of Namespaces, which decide too.
    """

    mode: Mode = "enforce"
    excluded_namespaces: frozenset[str] = frozenset()
    namespaces: Namespaces = "given"
    engine: EngineChoice = "default"
    namespace_editors: frozenset[str] = frozenset(EDITORS)
    enforced_namespaces: frozenset[str] = frozenset()
    guarded_labels: frozenset[str] = frozenset()

    def mode_of(self, call: AdmissionCall | None) -> Mode:
        """How a call is answered; None: one that cannot be read, and may be of any namespace."""
        if self.enforced_namespaces and (call is None or call.namespace in self.enforced_namespaces):
            return "enforce"
        return self.mode


@light_record
class Admitted:
    """What is said to a request, and what was decided of it: None where nothing was asked.

    reason: why it failed; empty where it was judged to its end. annotations: for the API server's audit log. seconds:
    what policies took. is_late: policies were stopped, since there was no more time. grant: the break-glass grant that
    lets it through. mode: observe where nothing is denied. labels: of a Namespace, those that change and decide what is judged, to be recorded.
    """

    response: AdmissionResponse
    judged: Judged | None = None
    reason: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    is_late: bool = False
    grant: str = ""
    labels: tuple[LabelChange, ...] = ()
    mode: Mode = "enforce"

    def noting(self, annotations: Mapping[str, str]) -> "Admitted":
        """The same with more annotations. In a fifth of the time that `dataclasses.replace` takes: each record has some."""
        return Admitted(
            self.response,
            self.judged,
            self.reason,
            {**self.annotations, **annotations},
            self.seconds,
            self.is_late,
            self.grant,
            self.labels,
            self.mode,
        )


@final
class Admitting:
    """Judges calls by what is in force. now_ns: the clock that policies see (Unix time)."""

    __slots__ = ("_asking", "_door", "_enforced", "_grants", "_labels", "_live", "_now_ns", "_terms")

    def __init__(
        self,
        live: LiveGate,
        grants: LiveGrants,
        terms: Terms,
        now_ns: Callable[[], int],
        door: "QuotaDoor | None" = None,
    ) -> None:
        """door: to the quotas' ledger; None where objects are held to none."""
        self._door = door
        self._live = live
        self._grants = grants
        self._terms = terms
        self._now_ns = now_ns
        self._enforced: tuple[LiveState, Enforcements] | None = None
        self._labels: tuple[LiveState, frozenset[str]] | None = None
        # By kind: whether policies for it ask.
        self._asking: tuple[LiveState, dict[tuple[str, str], bool]] | None = None

    def may_wait(self, call: AdmissionCall) -> bool:
        """Whether a call may take long: policies ask others, or it is about what decides, which is compiled."""
        state = self._live.state
        if state is None:
            return False
        return (
            state.is_remote or self._may_ask(state, call) or _is_own(call) or self._may_reserve(state, call)
        )

    def _may_reserve(self, state: LiveState, call: AdmissionCall) -> bool:
        """May the ledger be asked for what the object is charged? Its database may take a while."""
        return (
            self._door is not None
            and state.quotas is not None
            and self._door.is_for(call.kind, call.operation)
        )

    def _may_ask(self, state: LiveState, call: AdmissionCall) -> bool:
        """May a policy for the object's kind ask a provider? What an object implies may be of any kind."""
        gate = state.gate
        if gate.facts.providers is None or not gate.policies.asking:
            return False
        if gate.expansion is not None:
            return True
        value, old = call.request.get("object"), call.request.get("oldObject")
        kind = _kind_of(value)
        if kind is None or (isinstance(old, dict) and _kind_of(old) != kind):
            return True
        known = self._asking
        if known is None or known[0] is not state:
            known = self._asking = (state, {})
        found = known[1].get(kind)
        if found is None:
            found = any(
                one.key in gate.policies.asking and one.match_of_kind(*kind) is not None
                for one in gate.policies.policies
            )
            if len(known[1]) < _MOST_KINDS:
                known[1][kind] = found
        return found

    def lacks_namespace(self, call: AdmissionCall) -> bool:
        """Whether the Namespace of a call has not been told (yet), though all are."""
        state = self._live.state
        if self._terms.namespaces == "given" or state is None:
            return False
        if call.namespace in self._terms.excluded_namespaces:
            return False
        inside = placed_request(call.request).get("namespace")
        return isinstance(inside, str) and inside != "" and inside not in state.namespaces

    def admit(self, call: AdmissionCall, until: float, caller: "Caller | None" = None) -> Admitted:
        """What is said to a call. Policies are stopped at a moment (`time.monotonic`). caller: how it is known who calls."""
        admitted = self._admit(call, until, caller)
        self.give_up(admitted)
        if (
            self._door is None
            and call.kind[0] == QUOTAS
            and admitted.response.allowed
            and call.operation in _WRITES
        ):
            warnings = (NO_LEDGER, *admitted.response.warnings)
            return replace(admitted, response=replace(admitted.response, warnings=warnings))
        return admitted

    def give_up(self, admitted: Admitted) -> None:
        """Gives up what is held for a request that is denied all the same."""
        held = None if admitted.judged is None else admitted.judged.held
        if held is None or self._door is None or admitted.response.allowed:
            return
        # Where that fails, a read ends it once it is old.
        with suppress(LockgateError):
            self._door.give_up(held, self._now_ns())

    def _reserve(self, state: LiveState, call: AdmissionCall, caller: "Caller | None") -> "Reserve | None":
        """The stage that reserves for a call; None where it asks for nothing."""
        if self._door is None or state.quotas is None or not self._may_reserve(state, call):
            return None
        info = call.request.get("userInfo")
        name = info.get("username") if isinstance(info, dict) else None
        return self._door.stage(state.quotas, name if isinstance(name, str) else "", caller)

    def _admit(self, call: AdmissionCall, until: float, caller: "Caller | None") -> Admitted:
        refused = self._refused(call) if _is_own(call) else None
        if refused is not None:
            return refused
        if call.namespace in self._terms.excluded_namespaces:
            return Admitted(
                AdmissionResponse(True, OK, message="Namespace is excluded from Lockgate's webhook")
            )
        state = self._live.state
        if state is None:
            return self.closed("Lockgate has not loaded its policies yet", call)
        if self.lacks_namespace(call):
            # As Gatekeeper says it when the API server does not know it either.
            return self.closed(f'Namespace "{call.namespace}" not found', call)
        began = monotonic()
        try:
            review = _review(call, state)
        except InputError as error:
            return self.closed(error.message, call)
        gate = state.gate.at(self._now_ns(), until, self._reserve(state, call, caller))
        judged = gate.judge_review(review)
        seconds = monotonic() - began
        if judged.unseen:
            return Admitted(excluded(), judged, seconds=seconds)
        response = render_admission(judged.decision, self._enforcements(state))
        is_late = bool(judged.decision.failures) and began + seconds > until
        if is_late and not response.allowed:
            # Not forbidden for good: who asks again may be answered.
            said = failed(f"not judged in time:\n{response.message}")
            return self._past_glass(self._by_terms(call, said, judged, LATE, seconds, is_late), call)
        return self._past_glass(self._by_terms(call, response, judged, "", seconds, is_late), call)

    def is_rise(self, call: AdmissionCall) -> bool:
        """Does a Namespace take what runs in it into a higher environment, so that it takes time to say whether it may?"""
        state = self._live.state
        if state is None or state.promotions is None or not state.needs.living:
            return False
        return rise_of(call, state.promotions) is not None

    def admit_label(self, call: AdmissionCall, until: float = inf) -> Admitted:
        """What is said to a Namespace's labels alone. until: when to have ended (`time.monotonic`)."""
        said = judge_ignore_label(call, self._terms.excluded_namespaces)
        state = self._live.state
        if state is None:
            return self.closed_for_all("Lockgate has not loaded its policies yet", call)
        changes = label_changes(call, self._deciding(state))
        if said.allowed and changes and not may_change(call, self._terms.namespace_editors):
            said = refuse_changes(call, changes)
        elif said.allowed and state.needs.living and call.namespace not in self._terms.excluded_namespaces:
            running = dict(state.living.get(call.name, {}))
            now = state.gate.at(self._now_ns(), until, None)
            said = judge_rise(call, state, running, now, until) or said
        admitted = self._by_terms(call, said, None, "", 0.0, False)
        return replace(admitted, labels=changes) if admitted.response.allowed else admitted

    @property
    def policies_digest(self) -> str:
        """SHA-256 (hex) over the policies in force; empty before there are any."""
        state = self._live.state
        return "" if state is None else state.gate.policies.digest

    def _deciding(self, state: LiveState) -> frozenset[str]:
        known = self._labels
        if known is None or known[0] is not state:
            others = frozenset[str]() if state.quotas is None else state.quotas.labels
            if state.promotions is not None:
                others |= {ENVIRONMENT_LABEL}
            known = (state, deciding_labels(state.gate, others) | self._terms.guarded_labels)
            self._labels = known
        return known[1]

    def _refused(self, call: AdmissionCall) -> Admitted | None:
        """What is said to an object that decides and that is wrong; None where it is not."""
        state, value, old = self._live.state, call.request.get("object"), call.request.get("oldObject")
        if state is None or call.operation not in _WRITES or not isinstance(value, dict):
            return None
        began = monotonic()
        error = object_error(
            value,
            old if isinstance(old, dict) else None,
            state.templates,
            self._terms.engine,
            state.gate.expansion,
        )
        if error is None:
            return None
        warnings = (f"not in force: {error}",) if self._terms.mode_of(call) == "observe" else ()
        said = AdmissionResponse(False, UNPROCESSABLE, message=error, warnings=warnings)
        return self._by_terms(call, said, None, "", monotonic() - began, False)

    def closed(self, reason: str, call: AdmissionCall, judged: Judged | None = None) -> Admitted:
        """The answer to what could not be judged, or not recorded."""
        return self._past_glass(self.closed_for_all(reason, call, judged), call)

    def closed_for_all(
        self, reason: str, call: AdmissionCall | None, judged: Judged | None = None
    ) -> Admitted:
        """The same where no grant may let it through: what cannot be read (None), and what nobody would know of."""
        return self._by_terms(call, failed(reason), judged, reason, 0.0, False)

    def _past_glass(self, admitted: Admitted, call: AdmissionCall) -> Admitted:
        """What is said where a break-glass grant lets through what would be denied."""
        grants, response = self._grants.grants, admitted.response
        if response.allowed or not grants.all:
            return admitted
        # What policies did not say for themselves could not be judged.
        judged = None if admitted.reason else admitted.judged
        keys = None if judged is None else stopped_by(judged.decision)
        grant = grants.find(call.namespace, keys, self._now_ns())
        if grant is None:
            return admitted
        warning = grant_warning(grant, None if judged is None else judged.decision)
        let = AdmissionResponse(True, OK, warnings=(warning, *response.warnings))
        annotations = {**admitted.annotations, BREAK_GLASS: grant.name}
        return replace(admitted, response=let, annotations=annotations, grant=grant.name)

    def _by_terms(
        self,
        call: AdmissionCall | None,
        response: AdmissionResponse,
        judged: Judged | None,
        reason: str,
        seconds: float,
        is_late: bool,
    ) -> Admitted:
        mode = self._terms.mode_of(call)
        if response.allowed or mode == "enforce":
            return Admitted(response, judged, reason, {}, seconds, is_late, mode=mode)
        said = "failed" if reason else "denied"
        let = AdmissionResponse(True, OK, warnings=response.warnings)
        return Admitted(let, judged, reason, {OBSERVED: said}, seconds, is_late, mode=mode)

    def _enforcements(self, state: LiveState) -> Enforcements:
        known = self._enforced
        if known is None or known[0] is not state:
            known = (state, enforcements(state.gate.policies))
            self._enforced = known
        return known[1]


def _is_own(call: AdmissionCall) -> bool:
    """Is it about an object that decides?"""
    kind = call.kind
    if "." not in kind[0]:
        # A group without a dot is Kubernetes' own.
        return False
    named = GroupVersionKind(*kind)
    return is_deciding(named) or is_about_grants(named) or is_quota_kind(named)


def _kind_of(value: Value) -> tuple[str, str] | None:
    """By what policies for other kinds are left out (`PolicySet.candidates`)."""
    if not isinstance(value, dict):
        return None
    api_version, kind = value.get("apiVersion"), value.get("kind")
    return (api_version, kind) if isinstance(api_version, str) and isinstance(kind, str) else None


def _review(call: AdmissionCall, state: LiveState) -> Review:
    """The review of a call. Raises InputError."""
    request = placed_request(call.request)
    inside = request.get("namespace")
    namespace = state.namespaces.get(inside) if isinstance(inside, str) else None
    numbers: Numbers = "small integers" if call.small_integers_only else "any"
    return review_request(request, namespace, "Namespaced" if inside else "Cluster", numbers)
