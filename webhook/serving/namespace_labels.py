"""Labels of Namespaces that decide what is judged: only named accounts change them, and each change is recorded.

Constraints and exemptions select Namespaces by labels, so that who may label one could take its objects out of what is
judged, or make an exemption theirs. Labels that policies read in other ways (their code, data.inventory) are not known
here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import light_record
from lockgate.gatekeeper.labels import selector_keys
from lockgate.gatekeeper.policy import Gated
from lockgate.webhook.gate import Gate
from lockgate.webhook.install.settings import GROUP
from lockgate.webhook.render_admission import FORBIDDEN, AdmissionResponse
from lockgate.webhook.serving.ignore_label import IGNORE
from lockgate.webhook.serving.wire import AdmissionCall
from lockgate.webhook.terminal import some_of

# Who may without being named: whoever has these may change the webhooks too.
EDITORS: Final = ("group:kubeadm:cluster-admins", "group:system:masters")
# The API server sets it, and lets nobody change it.
_NAME: Final = "kubernetes.io/metadata.name"
_NAMESPACE: Final = ("", "Namespace")
# Of an answer; the record has all.
_MOST_SHOWN: Final = 5
_MAX_SHOWN: Final = 128


@light_record
class LabelChange:
    """A label that is another than before; None where there is none."""

    label: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """For who changes it."""
        return f"{self.label} ({_shown(self.before)} → {_shown(self.after)})"


def deciding_labels(gate: Gate, others: Iterable[str] = ()) -> frozenset[str]:
    """The labels of Namespaces by which policies and exemptions are for some and not for others.

    others: those that say whose quota counts, and in which environment one is.
    """
    found = {IGNORE, *others}
    for policy in gate.policies.policies:
        if isinstance(policy, Gated):
            found |= selector_keys((policy.gate.constraint.match or {}).get("namespaceSelector"))
    if gate.exemptions is not None:
        for one in gate.exemptions.all:
            found |= one.match.labels
    return frozenset(found - {_NAME})


def label_changes(call: AdmissionCall, labels: Iterable[str]) -> tuple[LabelChange, ...]:
    """Those of the labels that a Namespace's creation or change changes, sorted."""
    if (call.kind[0], call.kind[2]) != _NAMESPACE or call.operation not in ("CREATE", "UPDATE"):
        return ()
    before, after = (_labels(call.request.get(name)) for name in ("oldObject", "object"))
    return tuple(
        [
            LabelChange(name, before.get(name), after.get(name))
            for name in sorted(labels)
            if before.get(name) != after.get(name)
        ]
    )


def may_change(call: AdmissionCall, editors: Iterable[str]) -> bool:
    """Is whoever asks one of them, or in one of their groups (`group:NAME`)?"""
    user = call.request.get("userInfo")
    if not isinstance(user, dict):
        return False
    groups = user.get("groups")
    named = {f"{GROUP}{one}" for one in groups} if isinstance(groups, list) else set()
    name = user.get("username")
    if isinstance(name, str) and name and not name.startswith(GROUP):
        named.add(name)
    return not named.isdisjoint(editors)


def refuse_changes(call: AdmissionCall, changes: Sequence[LabelChange]) -> AdmissionResponse:
    """What is said to who may not."""
    shown = some_of([str(one) for one in changes], _MOST_SHOWN)
    named = f"Namespace {call.name}" if call.name else "the Namespace"
    return AdmissionResponse(
        False,
        FORBIDDEN,
        "Forbidden",
        f"labels of {named} decide what is judged in it: {shown}; only accounts that --namespace-editor names may change them",
    )


def _labels(value: Value) -> dict[str, str]:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    if not isinstance(labels, dict):
        return {}
    return {name: text for name, text in labels.items() if isinstance(text, str)}


def _shown(value: str | None) -> str:
    return "none" if value is None else repr(value[:_MAX_SHOWN])
