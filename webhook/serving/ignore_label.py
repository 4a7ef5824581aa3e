"""The label that lets a Namespace past Gatekeeper's webhooks: only Namespaces that are left out anyway may have it.

After Gatekeeper's webhook (pkg/webhook/namespacelabel.go), which answers at /v1/admitlabel. Lockgate's own webhooks do
not look at the label; a Gatekeeper beside it does.
"""

from typing import Final

from lockgate.webhook.render_admission import FORBIDDEN, OK, AdmissionResponse
from lockgate.webhook.serving.wire import AdmissionCall

IGNORE: Final = "admission.gatekeeper.sh/ignore"
_NAMESPACE: Final = ("", "Namespace")


def judge_ignore_label(call: AdmissionCall, excluded_namespaces: frozenset[str]) -> AdmissionResponse:
    """What is said to a Namespace's creation or change; everything else is let through."""
    group, _, kind = call.kind
    value = call.request.get("object")
    metadata = value.get("metadata") if isinstance(value, dict) else None
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    has_label = isinstance(labels, dict) and IGNORE in labels
    if (group, kind) != _NAMESPACE or not has_label or call.name in excluded_namespaces:
        return AdmissionResponse(True, OK)
    return AdmissionResponse(
        False, FORBIDDEN, "Forbidden", f"Only exempt namespace can have the {IGNORE} label"
    )
