"""A Namespace whose environment rises takes along what runs in it: that is judged then, as if it entered the environment anew.

By the policies that ask for external data, as the one on promoted models does: only these know of environments. What they would
refuse there, and not where it is, is told to who relabels the Namespace; an enforcement action of `warn` makes it a warning.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision
from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.policy import Policy, PolicySet
from lockgate.engine.record import record
from lockgate.gatekeeper.target import review_request
from lockgate.webhook.gate import Gate
from lockgate.webhook.render_admission import FORBIDDEN, OK, AdmissionResponse
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.wire import AdmissionCall
from lockgate.webhook.terminal import some_of

if TYPE_CHECKING:
    from lockgate.webhook.serving.live_promotions import PromotionsNow
    from lockgate.webhook.serving.live_state import LiveState

Object = dict[str, Value]

# What runs models, by group and kind; what a controller makes of it is judged by that.
WORKLOADS: Final = frozenset(
    {
        ("", "Pod"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("argoproj.io", "Rollout"),
        ("batch", "CronJob"),
        ("batch", "Job"),
        ("jobset.x-k8s.io", "JobSet"),
        ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"),
        ("machinelearning.seldon.io", "SeldonDeployment"),
        ("mlops.seldon.io", "Model"),
        ("ray.io", "RayCluster"),
        ("ray.io", "RayJob"),
        ("ray.io", "RayService"),
        ("serving.knative.dev", "Service"),
        ("serving.kserve.io", "InferenceService"),
        ("serving.kserve.io", "LLMInferenceService"),
    }
)
# The API server waits, and who relabels may move what runs there first.
MAX_OBJECTS: Final = 500
_MOST_SHOWN: Final = 5
_LONGEST: Final = 300


@record
class Rise:
    """From which environment into which; "" for one that is not known."""

    before: str
    after: str


def is_workload(kind: GroupVersionKind) -> bool:
    """May objects of the kind run a model?"""
    return (kind.group, kind.kind) in WORKLOADS


def rise_of(call: AdmissionCall, promotions: "PromotionsNow") -> Rise | None:
    """How the environment of a Namespace rises by its change; None where it does not."""
    if (call.kind[0], call.kind[2]) != ("", "Namespace") or call.operation != "UPDATE":
        return None
    old, new = call.request.get("oldObject"), call.request.get("object")
    if promotions.map is None or not isinstance(old, dict) or not isinstance(new, dict):
        return None
    before, after = [promotions.environment_of(call.name, one, one).environment for one in (old, new)]
    if before == after:
        return None
    ranks = promotions.map.mapping.environments
    was, becomes = ranks.rank(before), ranks.rank(after)
    # What is not known takes what the highest takes.
    if becomes is not None and was is not None and becomes < was:
        return None
    return Rise(before, after)


def judge_rise(
    call: AdmissionCall, state: "LiveState", objects: Mapping[ObjectKey, Object], now: Gate, until: float
) -> AdmissionResponse | None:
    """What is said to a Namespace's change by what runs in it; None where it does not raise its environment, or nothing is against it.

    objects: what runs in the Namespace. now: the Gate of the moment. until: when to have ended (`time.monotonic`).
    """
    promotions = state.promotions
    rise = None if promotions is None else rise_of(call, promotions)
    if rise is None or promotions is None:
        return None
    gate = _asking_gate(now)
    if not gate.policies.policies:
        return None
    own = [(key, one) for key, one in sorted(objects.items()) if not _is_controlled(one)]
    new = call.request.get("object")
    assert isinstance(new, dict)
    # Imported where environments are asked for.
    from lockgate.gatekeeper.external_data.environments import EnvironmentProviders
    from lockgate.webhook.serving.live_environments import known_environments

    there = {**state.namespaces, call.name: new}
    raised = EnvironmentProviders(known_environments(promotions, there), gate.facts.providers)
    above = replace(gate, facts=replace(gate.facts, providers=raised))
    denied: list[str] = []
    warned: list[str] = []
    for key, one in own[:MAX_OBJECTS]:
        if monotonic() > until:
            return _refused(call, rise, "there was no time to judge all that runs in it: try again")
        found = _judged(above, call, key, one, new)
        if not found:
            continue
        known = {text for _, text in _judged(gate, call, key, one, state.namespaces.get(call.name))}
        for action, text in found:
            if text not in known:
                (warned if action == "warn" else denied).append(
                    f"{key.kind.kind} {key.name}: {text[:_LONGEST]}"
                )
    if denied:
        return _refused(call, rise, f"what runs in it would be refused there: {some_of(denied, _MOST_SHOWN)}")
    if len(own) > MAX_OBJECTS:
        return _refused(
            call, rise, f"more than {MAX_OBJECTS} objects run in it, which are not judged at once"
        )
    if warned:
        said = f"Namespace {call.name} {_shown(rise)}, and what runs in it is not allowed there: {some_of(warned, _MOST_SHOWN)}"
        return AdmissionResponse(True, OK, warnings=(said,))
    return None


def _asking_gate(gate: Gate) -> Gate:
    asking: list[Policy] = [one for one in gate.policies.policies if one.key in gate.policies.asking]
    return replace(gate, policies=PolicySet(asking, asking=gate.policies.asking))


def _judged(
    gate: Gate, call: AdmissionCall, key: ObjectKey, value: Object, namespace: Object | None
) -> list[tuple[str, str]]:
    """What is said against an object as if it were created: `deny` or `warn`, and the message. Without an answer it is `deny`."""
    group = {"group": key.kind.group, "version": key.kind.version, "kind": key.kind.kind}
    request: Object = {
        "uid": call.uid,
        "kind": {**group},
        "requestKind": {**group},
        "operation": "CREATE",
        "name": key.name,
        "namespace": key.namespace,
        "userInfo": call.request.get("userInfo"),
        "object": value,
        "dryRun": True,
    }
    try:
        decision = gate.judge_review(review_request(request, namespace, "Namespaced")).decision
    except InputError as error:
        return [("deny", error.message)]
    return [*_told(decision)]


def _told(decision: Decision) -> Iterator[tuple[str, str]]:
    for one in decision.violations:
        if "deny" in one.actions or "warn" in one.actions:
            yield ("deny" if "deny" in one.actions else "warn"), one.message
    for failure in decision.failures:
        yield "deny", failure.message
    for missing in decision.not_evaluated:
        yield "deny", f"it cannot be judged without {missing.needs}"


def _is_controlled(value: Object) -> bool:
    """Did a controller make it of something else?"""
    metadata = value.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    return isinstance(owners, list) and any(
        isinstance(one, dict) and one.get("controller") is True for one in owners
    )


def _refused(call: AdmissionCall, rise: Rise, why: str) -> AdmissionResponse:
    return AdmissionResponse(
        False, FORBIDDEN, "Forbidden", f"Namespace {call.name} {_shown(rise)}, and {why}"
    )


def _shown(rise: Rise) -> str:
    before, after = (
        rise.before or "an environment that is not known",
        rise.after or "an environment that is not known",
    )
    return f"goes from {before} to {after}"
