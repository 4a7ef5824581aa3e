"""Which kinds the API server sends to the webhook of all policies whatever these match, and what a constraint is told of it. Pure.

A cluster has to come up while Lockgate is down: its nodes join, lose their taints and get volumes; leaders are elected
and callers authenticated. What is written for that is either never sent, or, for the kinds around nodes, sent only where
a policy names the kind, and then not what the cluster's own machinery writes (`install.webhooks`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.gatekeeper.webhook_scope import GROUP, NEVER_SENT

EVERY: Final = "*"


@record
class NodeKind:
    """A kind that nodes come up by. operations: those that are sent, where a policy names it and asks for them.

    Of volumes' attachments no updates are: nothing but their metadata can change, and drivers of any namespace write
    their finalizers there.
    """

    group: str
    kind: str
    resource: str
    operations: tuple[str, ...] = ("CREATE", "UPDATE", "DELETE")


NODE_KINDS: Final = (
    NodeKind("", "Node", "nodes"),
    NodeKind("certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests"),
    NodeKind("storage.k8s.io", "CSINode", "csinodes"),
    NodeKind("storage.k8s.io", "VolumeAttachment", "volumeattachments", ("CREATE", "DELETE")),
)
# By group; written by every node and controller all the time, or asked while a request is authorised. Break-glass has to
# get past what does not answer; it is signed. The last ones the API server itself sends to no webhook.
NEVER_SENT_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("Event",),
    "authentication.k8s.io": ("SelfSubjectReview", "TokenReview"),
    "authorization.k8s.io": (
        "LocalSubjectAccessReview",
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
    ),
    "breakglass.lockgate.dev": ("BreakGlass", "BreakGlassPolicy"),
    "coordination.k8s.io": ("Lease",),
    "events.k8s.io": ("Event",),
    GROUP: tuple(sorted(NEVER_SENT)),
}


@record
class Unsent:
    """What a constraint matches and is not asked about, each as names of kinds, sorted.

    never: named, and never sent. partly: kinds around nodes that it names, which are sent but for what the cluster's
    machinery writes. unnamed: kinds around nodes that it matches without naming them.
    """

    never: tuple[str, ...]
    partly: tuple[str, ...]
    unnamed: tuple[str, ...]

    def notices(self) -> tuple[str, ...]:
        """In words, for whoever reads the constraint's status."""
        made: list[str] = []
        if self.never:
            made.append(f"never sent to the webhook, so that nothing gates them: {', '.join(self.never)}")
        if self.partly:
            made.append(
                f"gated for users, but not what kubelets, kube-system's accounts and --node-agent write: {', '.join(self.partly)}"
            )
        if self.unnamed:
            made.append(
                f"not gated, since only a constraint that names the kind is asked: {', '.join(self.unnamed)}"
            )
        return tuple(made)


def unsent_of(match: Value) -> Unsent:
    """What is not sent of what a constraint's `match` takes."""
    about = match if isinstance(match, dict) else {}
    entries = [*_entries(about.get("kinds"))]
    named = {kind for kind in NODE_KINDS if any(_names(entry, kind.group, kind.kind) for entry in entries)}
    # Nodes and what is around them are in no namespace.
    reached = {
        kind
        for kind in NODE_KINDS
        if about.get("scope") != "Namespaced"
        and any(_takes(groups, kind.group) and _takes(kinds, EVERY) for groups, kinds in entries)
    }
    never = {
        kind
        for group, kinds in NEVER_SENT_KINDS.items()
        for kind in kinds
        if any(_names(entry, group, kind) for entry in entries)
    }
    return Unsent(tuple(sorted(never)), _sorted(named), _sorted(reached - named))


_Entry = tuple[frozenset[str], frozenset[str]]


def _entries(kinds: Value) -> Iterator[_Entry]:
    """Groups and kinds of each entry; nothing at all is everything."""
    if not isinstance(kinds, list) or not kinds:
        yield frozenset({EVERY}), frozenset({EVERY})
        return
    for entry in kinds:
        if isinstance(entry, dict):
            yield _texts(entry.get("apiGroups")), _texts(entry.get("kinds"))


def _texts(value: Value) -> frozenset[str]:
    found = frozenset([one for one in value if isinstance(one, str)]) if isinstance(value, list) else None
    return found or frozenset({EVERY})


def _takes(listed: frozenset[str], name: str) -> bool:
    return EVERY in listed or name in listed


def _names(entry: _Entry, group: str, kind: str) -> bool:
    groups, kinds = entry
    return kind in kinds and _takes(groups, group)


def _sorted(kinds: Iterable[NodeKind]) -> tuple[str, ...]:
    return tuple(sorted([one.kind for one in kinds]))
