"""From a request to its answer: what every worker does, without a socket, a clock or a thread of its own."""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from time import monotonic
from typing import Final, Literal, final

from lockgate.engine.decision import PolicyKey
from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import light_record, record
from lockgate.engine.review import Review
from lockgate.gatekeeper.break_glass.grants import stopped_by
from lockgate.gatekeeper.target import placed_request, review_request
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.gate import Judged
from lockgate.webhook.render_admission import (
    OK,
    AdmissionResponse,
    Enforcement,
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
from lockgate.webhook.serving.own_kinds import object_error
from lockgate.webhook.serving.policy_kinds import is_deciding
from lockgate.webhook.serving.wire import AdmissionCall

Mode = Literal["enforce", "observe"]
# Which Namespaces are known: those that were given, or all that there are.
Namespaces = Literal["given", "all"]

# Audit annotations: of what a grant let through its name, and that observe mode let something through.
BREAK_GLASS: Final = "break-glass"
OBSERVED: Final = "observed"
# Where the decision is in the trail.
INDEX: Final = "record-index"
LEAF_HASH: Final = "record-leaf-hash"
# As Gatekeeper answers for objects of its kinds that are wrong.
UNPROCESSABLE: Final = 422
_WRITES: Final = frozenset({"CREATE", "UPDATE"})
LATE: Final = "policies did not end within the time that the API server gives the request"


@record
class Terms:
    """How a server answers. excluded_namespaces: those whose objects are let through unseen.

    engine: what templates are compiled for.
    """

    mode: Mode = "enforce"
    excluded_namespaces: frozenset[str] = frozenset()
    namespaces: Namespaces = "given"
    engine: EngineChoice = "default"


@light_record
class Admitted:
    """What is said to a request, and what was decided of it: None where nothing was asked.

    reason: why it failed; empty where it was judged to its end. annotations: for the API server's audit log. seconds:
    what policies took. is_late: policies were stopped, since there was no more time. grant: the break-glass grant that
    lets it through.
    """

    response: AdmissionResponse
    judged: Judged | None = None
    reason: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    is_late: bool = False
    grant: str = ""

    def noting(self, annotations: Mapping[str, str]) -> "Admitted":
        """The same with more annotations."""
        return replace(self, annotations={**self.annotations, **annotations})


@final
class Admitting:
    """Judges calls by what is in force. now_ns: the clock that policies see (Unix time)."""

    __slots__ = ("_enforced", "_grants", "_live", "_now_ns", "_terms")

    def __init__(self, live: LiveGate, grants: LiveGrants, terms: Terms, now_ns: Callable[[], int]) -> None:
        self._live = live
        self._grants = grants
        self._terms = terms
        self._now_ns = now_ns
        self._enforced: tuple[LiveState, Mapping[PolicyKey, Enforcement]] | None = None

    def may_wait(self, call: AdmissionCall) -> bool:
        """Whether a call may take long: policies ask providers, or it is about what decides, which is compiled."""
        state = self._live.state
        return state is not None and (state.gate.facts.providers is not None or _is_own(call))

    def lacks_namespace(self, call: AdmissionCall) -> bool:
        """Whether the Namespace of a call has not been told (yet), though all are."""
        state = self._live.state
        if self._terms.namespaces == "given" or state is None:
            return False
        if call.namespace in self._terms.excluded_namespaces:
            return False
        inside = placed_request(call.request).get("namespace")
        return isinstance(inside, str) and inside != "" and inside not in state.namespaces

    def admit(self, call: AdmissionCall, until: float) -> Admitted:
        """What is said to a call. Policies are stopped at a moment (`time.monotonic`)."""
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
        gate = state.gate
        limits = replace(gate.limits, until=until)
        judged = replace(gate, now_ns=self._now_ns(), limits=limits).judge_review(review)
        seconds = monotonic() - began
        if judged.unseen:
            return Admitted(excluded(), judged, seconds=seconds)
        response = render_admission(judged.decision, self._enforcements(state))
        is_late = bool(judged.decision.failures) and began + seconds > until
        if is_late and not response.allowed:
            # Not forbidden for good: who asks again may be answered.
            said = failed(f"not judged in time:\n{response.message}")
            return self._past_glass(self._by_terms(said, judged, LATE, seconds, is_late), call)
        return self._past_glass(self._by_terms(response, judged, "", seconds, is_late), call)

    def admit_label(self, call: AdmissionCall) -> Admitted:
        """What is said to a Namespace's labels alone."""
        said = judge_ignore_label(call, self._terms.excluded_namespaces)
        return self._by_terms(said, None, "", 0.0, False)

    def _refused(self, call: AdmissionCall) -> Admitted | None:
        """What is said to an object that decides and that is wrong; None where it is not."""
        state, value, old = self._live.state, call.request.get("object"), call.request.get("oldObject")
        if state is None or call.operation not in _WRITES or not isinstance(value, dict):
            return None
        began = monotonic()
        error = object_error(
            value, old if isinstance(old, dict) else None, state.templates, self._terms.engine
        )
        if error is None:
            return None
        warnings = (f"not in force: {error}",) if self._terms.mode == "observe" else ()
        said = AdmissionResponse(False, UNPROCESSABLE, message=error, warnings=warnings)
        return self._by_terms(said, None, "", monotonic() - began, False)

    def closed(
        self, reason: str, call: AdmissionCall | None = None, judged: Judged | None = None
    ) -> Admitted:
        """The answer to what could not be judged, or not recorded.

        call: None where no grant may let it through: what cannot be read, and what nobody would know of afterwards.
        """
        admitted = self._by_terms(failed(reason), judged, reason, 0.0, False)
        return admitted if call is None else self._past_glass(admitted, call)

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
        self, response: AdmissionResponse, judged: Judged | None, reason: str, seconds: float, is_late: bool
    ) -> Admitted:
        if response.allowed or self._terms.mode == "enforce":
            return Admitted(response, judged, reason, {}, seconds, is_late)
        said = "failed" if reason else "denied"
        let = AdmissionResponse(True, OK, warnings=response.warnings)
        return Admitted(let, judged, reason, {OBSERVED: said}, seconds, is_late)

    def _enforcements(self, state: LiveState) -> Mapping[PolicyKey, Enforcement]:
        known = self._enforced
        if known is None or known[0] is not state:
            known = (state, enforcements(state.gate.policies))
            self._enforced = known
        return known[1]


def _is_own(call: AdmissionCall) -> bool:
    """Is it about an object that decides?"""
    kind = GroupVersionKind(*call.kind)
    return is_deciding(kind) or is_about_grants(kind)


def _review(call: AdmissionCall, state: LiveState) -> Review:
    """The review of a call. Raises InputError."""
    request = placed_request(call.request)
    inside = request.get("namespace")
    namespace = state.namespaces.get(inside) if isinstance(inside, str) else None
    return review_request(request, namespace, "Namespaced" if inside else "Cluster")
